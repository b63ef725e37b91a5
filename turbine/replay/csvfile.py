"""A CSV file as people have them: plain or gzip, any usual encoding and delimiter, CRLF, comment lines."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TextIO

from turbine.replay.errors import ReplayError

COMMENT = "#"
_DELIMITERS = (";", "\t", ",")  # the comma last: with a decimal comma it may be as frequent as the delimiter
_GZIP_MAGIC = b"\x1f\x8b"
_START_BYTES = 65_536


class CsvRow(NamedTuple):
    """One row: the number of its last line in the file (from 1), its cells, and over how many lines it runs.

    `readable` is false for what is no CSV; then there are no cells.
    """

    line: int
    cells: list[str]
    lines: int = 1
    readable: bool = True


class CsvFile:
    """An open CSV file: its comments and header at once, its rows one by one, in constant memory.

    The delimiter is the most frequent of `;`, tab and `,` in the first line. Lines that begin with `#` are
    comments; where the header is missing and the last comment fits the first row, that comment is the header, as
    Greenbyte writes it. Raises ReplayError for a file that can't be opened or read, or has no header.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.comments: list[str] = []
        self._line = 0
        self._pending: list[CsvRow] = []
        with self._readable(), ExitStack() as opened:
            self._text = _open(path, opened)
            self._begin()
            self._open = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def __iter__(self) -> Iterator[CsvRow]:
        """The rows below the header; lines without any text are passed over."""
        yield from self._pending
        self._pending.clear()
        while (row := self._next()) is not None:
            if row.lines == 0:
                return
            if not row.readable or any(row.cells):
                yield row

    def _begin(self) -> None:
        lines = self._uncommented()
        first = next((line for line in lines if line.strip()), None)
        if first is None:
            raise ReplayError(f"{self.path} has no rows")
        self.delimiter = max(_DELIMITERS, key=first.count)
        self._reader = csv.reader(chain([first], lines), delimiter=self.delimiter, skipinitialspace=True)
        row = self._next()
        commented = self._header_in_comment(row.cells)
        if commented:
            self._pending.append(row)
        self.header = [name.strip() for name in commented or row.cells]

    def _header_in_comment(self, cells: list[str]) -> list[str]:
        if not self.comments or not any(_is_number(cell) for cell in cells):
            return []
        names = next(csv.reader(self.comments[-1:], delimiter=self.delimiter, skipinitialspace=True), [])
        return names if len(names) == len(cells) > 1 else []

    def _uncommented(self) -> Iterator[str]:
        for line in self._text:
            self._line += 1
            if not line.startswith(COMMENT):
                yield line
            elif self._line == len(self.comments) + 1:  # only those above the first row are kept
                self.comments.append(line.lstrip(COMMENT).strip())

    def _next(self) -> CsvRow:
        """The next row; one of 0 lines at the end of the file."""
        before = self._reader.line_num
        with self._readable():
            try:
                cells = next(self._reader, None)
            except csv.Error:
                return CsvRow(self._line, [], max(1, self._reader.line_num - before), readable=False)
        if cells is None:
            return CsvRow(self._line, [], 0)
        return CsvRow(self._line, cells, self._reader.line_num - before)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise ReplayError(f"there is no file {self.path}") from None
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise ReplayError(f"the file {self.path} is damaged: its gzip data end too early or are wrong") from None
        except (OSError, UnicodeError) as error:
            raise ReplayError(f"the file {self.path} can't be read: {error}") from None


def _open(path: Path, opened: ExitStack) -> TextIO:
    binary = opened.enter_context(io.BufferedReader(path.open("rb", buffering=0), _START_BYTES))
    # Looked at without seeking, so that a pipe is as good as a file.
    if binary.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC):
        unzipped = gzip.GzipFile(fileobj=binary)  # which leaves `binary` open when it is closed
        binary = opened.enter_context(io.BufferedReader(unzipped, _START_BYTES))  # type: ignore[arg-type]
    encoding = _encoding(binary.peek(_START_BYTES))
    return opened.enter_context(io.TextIOWrapper(binary, encoding=encoding, errors="replace", newline=""))


def _encoding(start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)  # not final: the last character may be cut
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True
