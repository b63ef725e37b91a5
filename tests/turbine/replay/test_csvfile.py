"""CSV files as people have them."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from turbine.replay.csvfile import CsvFile

Write = Callable[..., Path]


def read(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    with CsvFile(path) as file:
        return file.header, [(row.line, row.cells) for row in file]


@pytest.mark.parametrize(
    "content",
    [
        b"time,power\n1,2\n",
        b"\xef\xbb\xbftime,power\r\n1,2\r\n",
        b"time;power\n1;2\n",
        b"time\tpower\n1\t2",
        "time,power\n1,2\n".encode("utf-16"),
        gzip.compress(b"\xef\xbb\xbftime,power\r\n1,2\r\n"),
        b'"time", "power"\n"1", "2"\n',
    ],
    ids=["plain", "bom and crlf", "semicolon", "tab", "utf-16", "gzip", "quoted"],
)
def test_a_file_is_read_however_it_is_written(write: Write, content: bytes) -> None:
    assert read(write(content)) == (["time", "power"], [(2, ["1", "2"])])


def test_names_in_an_old_encoding_are_read(write: Write) -> None:
    header, _ = read(write("Temperatur (°C),Höhe\n1,2\n".encode("cp1252")))
    assert header == ["Temperatur (°C)", "Höhe"]


def test_lines_are_counted_as_an_editor_counts_them(write: Write) -> None:
    _, rows = read(write("# by somebody\n\na,b\n1,2\n\n# between\n3,4\n,\n5,6\n"))
    assert rows == [(4, ["1", "2"]), (7, ["3", "4"]), (9, ["5", "6"])]


def test_a_header_that_is_a_comment_is_the_header(write: Write) -> None:
    header, rows = read(write("# exported\n# Date and time,Wind speed (m/s)\n2021-01-01,7.5\n"))
    assert header == ["Date and time", "Wind speed (m/s)"]
    assert rows == [(3, ["2021-01-01", "7.5"])]


def test_a_semicolon_is_the_delimiter_where_decimal_commas_are_as_frequent(write: Write) -> None:
    with CsvFile(write("# t;v;p\n2021;7,5;1,5\n")) as file:
        assert file.delimiter == ";"
        assert file.header == ["t", "v", "p"]


def test_a_row_over_several_lines_says_so(write: Write) -> None:
    with CsvFile(write('a,b\n1,"2\n3"\n4,5\n')) as file:
        assert [(row.line, row.lines) for row in file] == [(3, 2), (4, 1)]


def test_a_row_that_is_no_csv_has_no_cells_and_the_next_is_read(write: Write) -> None:
    with CsvFile(write("a,b\n" + "x" * 200_000 + ",1\n4,5\n")) as file:
        assert [row.cells for row in file] == [[], ["4", "5"]]
