"""One batch on its way through the monitor: read once, decided as often as it takes to commit it."""

from collections import Counter
from dataclasses import dataclass

from grid.status import OfflineReason, Presence
from monitor.facts import Changes, Decisions, KnowledgeChanges, News, SequenceChanges, StatusReport
from monitor.intake.decode import Decoded
from monitor.requests import Asked


@dataclass(slots=True)
class Step:
    """What arrived, in order, and what people asked."""

    news: list[News]
    decoded: Decoded
    asked: Asked
    messages: int = 0

    @property
    def has_wills(self) -> bool:
        """Whether a broker says, just now, that it has lost a turbine."""
        return any(_is_will(news) for news in self.news)

    def forget_wills(self) -> None:
        """Leave out what a broker said of its clients while it was going down itself: they are as alive as before."""
        kept = [news for news in self.news if not _is_will(news)]
        self.decoded.counted["wills_of_a_stopping_broker"] += len(self.news) - len(kept)
        self.news = kept


def _is_will(news: News) -> bool:
    if type(news) is not StatusReport:
        return False
    return news.presence is Presence.OFFLINE and news.reason is not OfflineReason.STOPPED and not news.retained


def worth_a_commit(changes: Changes) -> bool:
    """Whether there is anything to write."""
    return any(
        (
            changes.readings,
            changes.turbines,
            changes.newer,
            changes.dead_letters,
            changes.counted,
            changes.published,
            changes.audit,
            changes.decisions != Decisions(),
            changes.sequences != SequenceChanges(),
            changes.knowledge != KnowledgeChanges(),
        )
    )


def emptied(counter: Counter[str]) -> Counter[str]:
    """What was counted, which starts from nothing again."""
    content = Counter(counter)
    counter.clear()
    return content
