"""The rows of outages: found, written and told of."""

from sqlite_utils import Database

from monitor.facts import LostEnergyUnknown, Outage, OutageNews, OutageTurn, turbine_of
from monitor.outages.categories import category_of
from monitor.outages.merging import Extent
from monitor.store.knowledge.outage_spans import OfKind
from monitor.store.rows import columns, listed, to_record, to_row

_COLUMNS = columns(Outage)
_SELECT = f"SELECT {listed(_COLUMNS)} FROM outages"  # noqa: S608 - our own names
_OF_KIND = f"{_SELECT} WHERE controller_id = ? AND outage_type = ? AND started_at <= ? ORDER BY started_at DESC"
_ONGOING_OF_KIND = f"{_SELECT} WHERE controller_id = ? AND outage_type = ? AND ongoing = 1"
_ONGOING = f"{_SELECT} WHERE ongoing = 1"
_ONE = f"{_SELECT} WHERE outage_id = ?"
_INSERT = (
    f"INSERT INTO outages ({listed(_COLUMNS[1:])}) "  # noqa: S608 - our own names
    f"VALUES ({', '.join('?' * len(_COLUMNS[1:]))})"
)
_UPDATE = (
    "UPDATE outages SET started_at = ?, ended_at = ?, ongoing = ?, ongoing_since = ?, down_seconds = ?, "
    "changed_at = ? WHERE outage_id = ?"
)
_TO_FIGURE = "INSERT OR IGNORE INTO outages_to_figure (outage_id) VALUES (?)"


def to_outage(row: tuple[object, ...]) -> Outage:
    """An outage from a row of its columns."""
    values = dict(zip(_COLUMNS, row, strict=True))
    values["ongoing"] = bool(values["ongoing"])
    return to_record(Outage, values)


def ongoing_outages(db: Database) -> list[Outage]:
    """Those that go on."""
    return [to_outage(row) for row in db.conn.execute(_ONGOING)]


def ongoing_of(db: Database, kind: OfKind) -> Outage | None:
    """The one of a kind that goes on; there is one at most."""
    row = db.conn.execute(_ONGOING_OF_KIND, kind).fetchone()
    return None if row is None else to_outage(row)


def outages_between(db: Database, kind: OfKind, since: int, until: int) -> list[Outage]:
    """The outages of a kind that overlap or touch a time, in order."""
    found = []
    for row in db.conn.execute(_OF_KIND, (*kind, until)):
        outage = to_outage(row)
        if outage.ended_at < since and not outage.ongoing:
            break
        found.append(outage)
    return found[::-1]


class OutageRows:
    """Writes outages within the open transaction, and remembers what became of each for those who tell it."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._began: set[int] = set()
        self._ended: set[int] = set()
        self._changed: dict[int, None] = {}
        self._joined: dict[int, set[int]] = {}

    def insert(self, kind: OfKind, extent: Extent, since: int | None, at: int) -> None:
        """Begin an outage; it goes on where `since` says from when."""
        number = turbine_of(kind.controller_id)
        category = category_of(*kind)
        unknown = LostEnergyUnknown.NO_TURBINE if number is None else LostEnergyUnknown.NOT_FIGURED
        outage = Outage(
            outage_id=0,
            controller_id=kind.controller_id,
            turbine_number=number,
            outage_type=kind.outage_type,
            started_at=extent.started_at,
            ended_at=extent.ended_at,
            ongoing=since is not None,
            down_seconds=extent.down_seconds,
            category=category,
            lost_energy_in_kwh=None,
            lost_energy_by=None,
            changed_at=at,
            lost_energy_unknown=unknown,
            ongoing_since=since,
        )
        outage_id = self._db.conn.execute(_INSERT, to_row(Outage)(outage)[1:]).lastrowid or 0
        if number is not None:
            self._db.conn.execute(_TO_FIGURE, (outage_id,))
        self._began.add(outage_id)
        self._changed[outage_id] = None

    def update(self, old: Outage, extent: Extent, since: int | None, at: int) -> None:
        """Bring an outage up to date."""
        ongoing = since is not None
        if (extent.started_at, extent.ended_at, extent.down_seconds, since) == (
            old.started_at,
            old.ended_at,
            old.down_seconds,
            old.ongoing_since,
        ):
            return
        row = (extent.started_at, extent.ended_at, ongoing, since, extent.down_seconds, at, old.outage_id)
        self._db.conn.execute(_UPDATE, row)
        if old.turbine_number is not None and not ongoing:  # while one goes on, it is figured as the windows come
            self._db.conn.execute(_TO_FIGURE, (old.outage_id,))
        self._note(old, extent, since)

    def _note(self, old: Outage, extent: Extent, since: int | None) -> None:
        if old.ongoing and since is None:
            self._ended.add(old.outage_id)
        if since is not None and old.ongoing_since == since and extent.started_at == old.started_at:
            return  # that one which goes on has gone on is no news
        self._changed[old.outage_id] = None

    def join(self, kept: Outage, others: list[Outage]) -> None:
        """Take away outages that another one takes in."""
        self._db.conn.executemany("DELETE FROM outages WHERE outage_id = ?", [(other.outage_id,) for other in others])
        for other in others:
            told = self._joined.pop(other.outage_id, set())
            if other.outage_id not in self._began:
                told.add(other.outage_id)
            self._changed.pop(other.outage_id, None)
            if told:
                self._joined.setdefault(kept.outage_id, set()).update(told)
                self._changed[kept.outage_id] = None

    def news(self) -> list[OutageNews]:
        """What became of each outage in this transaction, one news for each."""
        return [
            OutageNews(self._turn(outage_id), self._one(outage_id), tuple(sorted(self._joined.get(outage_id, ()))))
            for outage_id in self._changed
        ]

    def _turn(self, outage_id: int) -> OutageTurn:
        if outage_id in self._began:
            return OutageTurn.BEGAN
        return OutageTurn.ENDED if outage_id in self._ended else OutageTurn.CHANGED

    def _one(self, outage_id: int) -> Outage:
        return to_outage(self._db.conn.execute(_ONE, (outage_id,)).fetchone())
