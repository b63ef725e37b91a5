"""Which turbines run in which of several processes, and where each process keeps its outboxes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grid.errors import CommandError


@dataclass(frozen=True, slots=True)
class Share:
    """The turbines of one process, of so many: those whose numbers leave the same remainder.

    So a turbine's process depends on its number and on how many processes there are, and on nothing else: it finds
    its outbox again.
    """

    place: int
    processes: int
    numbers: Sequence[int]

    def __str__(self) -> str:
        return f"process {self.place} of {self.processes}"


def shares(numbers: Iterable[int], processes: int) -> list[Share]:
    """Spread turbines over processes 1 to `processes`; one that has no turbine is left out."""
    spread: dict[int, list[int]] = {}
    for number in numbers:
        spread.setdefault(number % processes + 1, []).append(number)
    return [Share(place, processes, spread[place]) for place in sorted(spread)]


def outbox_file_of(path: Path | None, share: Share | None) -> Path | None:
    """The file of a process's outboxes: `FILE.2-of-4`, and FILE itself for the only process."""
    if path is None or share is None:
        return path
    return path.with_name(f"{path.name}.{share.place}-of-{share.processes}")


def outboxes_in_words(path: Path | None, processes: int) -> str:
    """Where a run keeps its outboxes, for a person to find them."""
    return str(path) if path is None or processes == 1 else f"{path}.1-of-{processes} and its like"


def outboxes_left(path: Path | None, spread: Sequence[Share], processes: int) -> list[Path]:
    """The files with readings of processes that have no turbine in this run."""
    if path is None:
        return []
    idle = set(range(1, processes + 1)) - {share.place for share in spread}
    files = [path.with_name(f"{path.name}.{place}-of-{processes}") for place in sorted(idle)]
    return [file for file in files if file.is_file() and file.stat().st_size > 0]


def refuse_other_outboxes(path: Path | None, processes: int) -> None:
    """Raise CommandError if a run with another number of processes left readings that this one would not find."""
    if path is None:
        return
    for other in sorted(path.parent.glob("*")):
        spread = _processes_of(other, path)
        if spread not in (None, processes) and other.is_file() and other.stat().st_size > 0:
            raise CommandError(
                f"the outbox {other} is of a run with --processes {spread}: run that again to send what it holds, "
                "or move it away"
            )


def _processes_of(file: Path, path: Path) -> int | None:
    """How many processes the run had whose outbox this is; None if it is none of `path`."""
    if file.name == path.name:
        return 1
    found = re.fullmatch(re.escape(path.name) + r"\.\d+-of-(\d+)", file.name)
    return None if found is None else int(found[1])
