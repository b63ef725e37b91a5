"""A progress bar on standard error for long work, only where that is a terminal."""

from types import TracebackType
from typing import Self, TextIO


class ProgressBar:
    """How far some work is. Enter it to show it; on leaving it is gone from the terminal."""

    def __init__(self, what: str, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        shown = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        self._progress = Progress(
            *shown, console=Console(file=stream), transient=True, disable=not stream.isatty(), refresh_per_second=4
        )
        self._task = self._progress.add_task(what, total=None)

    def show(self, done: int, total: int) -> None:
        """So much is done, of so much."""
        self._progress.update(self._task, completed=done, total=total)

    def tell(self, what: str, done: int, total: int) -> None:
        """So much of this is done, of so much."""
        self._progress.update(self._task, description=what, completed=done, total=total)

    def add(self, more: int) -> None:
        """So much more is done; nobody knows of how much."""
        self._progress.advance(self._task, more)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
