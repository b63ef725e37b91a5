"""What one turbine's rows, in order of time, tell about their file: its interval, its gaps, what it says twice."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from grid.times import SECOND
from turbine.replay.rows import LeftOut, Reason
from turbine.replay.spool import LEFT_OUT, Record, Stretch, unpack

_MILLISECOND = SECOND // 1000


class TurbineSurvey:
    """Looks at a turbine's records while they pass, and drops those that can't be sent.

    `first` and `last` are the times of its usable rows (microseconds since 1970), None when it has none; `stretch`
    is where they lie in the spool.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.stretch = Stretch(0, 0)
        self.first: int | None = None
        self.last: int | None = None
        self._steps: Counter[int] = Counter()

    def usable(self, packed: Iterable[bytes], leave_out: Callable[[LeftOut], None]) -> Iterator[bytes]:
        """Pass on the records to send, from records in order of time; of several for one time the file's first."""
        slot: int | None = None
        for each in packed:
            record = unpack(each)
            if slot is not None and record.time != slot:
                # To the millisecond, so that the count of different steps stays small.
                self._steps[round((record.time - slot) / _MILLISECOND) * _MILLISECOND] += 1
            slot = record.time
            if record.kind == LEFT_OUT:
                continue
            if record.time == self.last:
                words = "an earlier line has the same turbine and time"
                leave_out(LeftOut(record.line, Reason.REPEATED, words, self.name, record.time))
                continue
            self._note(record)
            yield each

    def _note(self, record: Record) -> None:
        self.first = record.time if self.first is None else self.first
        self.last = record.time

    def interval(self) -> float | None:
        """The commonest step between two rows, in seconds, the shortest of equally common ones; None without two."""
        if not self._steps:
            return None
        return min(self._steps.items(), key=lambda item: (-item[1], item[0]))[0] / SECOND

    def missing(self, interval: float) -> int:
        """Slots between the first and the last row, left out or not, for which the file has no row at all."""
        return sum(count * max(0, round(step / SECOND / interval) - 1) for step, count in self._steps.items())
