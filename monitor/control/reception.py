"""What the running monitor answers to other processes of this machine that knock at its door."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict
from importlib.metadata import version
from typing import Protocol

from grid.times import SECOND, format_time
from monitor import DISTRIBUTION
from monitor.control.documents import (
    Answer,
    Request,
    order_answer,
    post_answer,
    read_alarm_order,
    read_order,
    read_posts,
    read_reports,
    read_test,
)
from monitor.dispatch.outbox import Outbox
from monitor.live.feed import FarmFeed
from monitor.monitor import GridMonitor
from monitor.store.errors import StoreError
from monitor.store.prunings import CutFile, Deleted, Slice, read_pruning


class Store(Protocol):
    """Of the store, what is asked from outside: `StoreThread` fulfils it."""

    @property
    def text_files_behind(self) -> bool:
        """Whether the text files lack readings that are in the database."""

    async def prune(self, part: Slice | CutFile) -> Deleted | None:
        """Do a part of a pruning; returns what became of a slice. Raises StoreError."""


class Reception:
    """Answers orders, posted readings, parts of a pruning, and questions for health and metrics; lets others follow."""

    def __init__(self, monitor: GridMonitor, store: Store, outbox: Outbox, feed: FarmFeed) -> None:
        self._monitor = monitor
        self._store = store
        self._outbox = outbox
        self._feed = feed
        self._followers = 0

    async def answer(self, request: Request) -> Answer:
        """Answer a request. Raises ValueError, KeyError, TypeError for one that can't be understood."""
        part = read_pruning(request)
        if part is not None:
            return await self._prune(part)
        posts = read_posts(request)
        if posts is not None:
            return {"posts": [post_answer(answer) for answer in await self._monitor.post(posts)]}
        order = read_order(request)
        if order is not None:
            return order_answer(await self._monitor.order(order))
        asked = await self._answer_knowledge(request)
        if asked is not None:
            return asked
        if request.get("ask") == "receivers":
            return {"receivers": self._receivers()}
        return {"metrics": self._metrics()} if request.get("ask") == "metrics" else {"health": self._health()}

    async def _answer_knowledge(self, request: Request) -> Answer | None:
        """Answer what is asked about outages, alarms and notifications; None for something else."""
        alarm_order = read_alarm_order(request)
        if alarm_order is not None:
            return asdict(await self._monitor.order_alarms(alarm_order))
        reports = read_reports(request)
        if reports is not None:
            return asdict(await self._monitor.report_outages(reports))
        test = read_test(request)
        return None if test is None else asdict(await self._monitor.test_notifications(test))

    async def follow(self) -> AsyncGenerator[bytes, None]:
        """What changes in the farm, line by line, until one of both ends."""
        self._followers += 1
        try:
            async with aclosing(self._feed.follow()) as lines:
                async for told in lines:
                    yield told
        finally:
            self._followers -= 1

    async def _prune(self, part: Slice | CutFile) -> Answer:
        try:
            deleted = await self._store.prune(part)
        except StoreError as error:
            return {"accepted": False, "sentence": str(error)}
        return {"accepted": True} | ({} if deleted is None else deleted._asdict())

    def _receivers(self) -> list[Answer]:
        """Who is notified, and how it goes with each."""
        if not self._monitor.is_ready:
            return []
        return [asdict(receiver) for receiver in self._monitor.knowledge.notifications.receivers()]

    def _health(self) -> Answer:
        health = self._monitor.health
        return {
            "started_at": format_time(health.started_at),
            "version": version(DISTRIBUTION),
            "connected": health.connected,
            "connection_since": _format(health.connection_since),
            "connection_error": health.connection_error,
            "store_error": health.store_error,
            "store_error_since": _format(health.store_error_since),
            "text_files_behind": self._store.text_files_behind,
            "turned_away": health.turned_away,
            "last_commit_at": _format(health.last_commit_at),
            "last_reading_at": _format(health.last_reading_at),
            "queued_messages": health.waiting,
            "followers": self._followers,
            "books": dict(health.books),
            "balance": asdict(health.balance),
            "unbalanced_since": _format(health.unbalanced_since),
            "notifications_failing": self._monitor.knowledge.notifications.failing if self._monitor.is_ready else None,
            "missing": {str(number): readings for number, readings in self._missing().items()},
        }

    def _metrics(self) -> Answer:
        health = self._monitor.health
        gauges = {
            "grid_start_time_seconds": health.started_at / SECOND,
            "grid_mqtt_connected": int(health.connected),
            "grid_database_connected": int(health.store_error is None),
            "grid_text_files_behind": int(self._store.text_files_behind),
            "grid_last_commit_timestamp_seconds": (health.last_commit_at or 0) / SECOND,
            "grid_last_reading_timestamp_seconds": (health.last_reading_at or 0) / SECOND,
            "grid_queued_messages": health.waiting,
            "grid_pending_readings": health.under_way,
            "grid_outbox_messages": len(self._outbox),
            "grid_unbalanced_readings": health.balance.missing,
            "grid_missing_readings": sum(self._missing().values()),
            "grid_feed_followers": self._followers,
            "grid_engineers": self._monitor.engineers,
        }
        return self._monitor.measurements.document(gauges | self._alarms() | self._farm() | self._knowledge())

    def _alarms(self) -> dict[str, float]:
        counts = self._monitor.alarm_counts
        return {
            "grid_alarms_active": counts.active,
            "grid_alarms_unacknowledged": counts.unacknowledged,
            "grid_alarms_suppressed": counts.suppressed,
            "grid_alarms_silenced": counts.silenced,
        }

    def _farm(self) -> dict[str, float]:
        if not self._monitor.is_ready:
            return {}
        dispatcher = self._monitor.dispatcher
        return {
            "grid_turbines": len(self._monitor.fleet.turbines),
            "grid_engineers_free": dispatcher.engineers_free,
            "grid_incidents_open": len(dispatcher.open_incidents),
            "grid_incidents_waiting": len(dispatcher.waiting),
        }

    def _knowledge(self) -> dict[str, float]:
        if not self._monitor.is_ready:
            return {}
        knowledge = self._monitor.knowledge
        return {
            "grid_windows_waiting": len(knowledge.windows),
            "grid_outages_ongoing": knowledge.outages.ongoing,
            "grid_notifications_waiting": knowledge.notifications.waiting,
        }

    def _missing(self) -> dict[int, int]:
        """How many readings are missing, by turbine."""
        return self._monitor.sequences.missing if self._monitor.is_ready else {}


def _format(moment: int | None) -> str | None:
    return None if moment is None else format_time(moment)
