"""What is exported is what is stored, in forms that other programs read."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from stores import fill

from grid.times import SECOND
from monitor.facts import Reading
from monitor.store import ExportFormat
from monitor.store.lines import to_line
from monitor.store.tools import export as exporting
from monitor.store.tools.export import MissingLibraryError, Wanted, export
from monitor.store.tools.inspection import Inspection

MakeReading = Callable[..., Reading]


@pytest.fixture
def stored(tmp_path: Path, reading: MakeReading) -> list[Reading]:
    """Readings of three turbines, late ones among them, in the order in which they are exported."""
    found = [
        reading(n, second, session=None if n == 9 else 's "1", ü', voltage=None)
        for second in (2, 0, 1)
        for n in (9, 8, 7)
    ]
    fill(tmp_path, found)
    return sorted(found)


@pytest.fixture
def ledger(tmp_path: Path, stored: list[Reading]) -> Iterator[Inspection]:
    with Inspection.open(tmp_path / "grid.db") as opened:
        yield opened


def exported(ledger: Inspection, format_: ExportFormat, wanted: Wanted | None = None) -> bytes:
    output = io.BytesIO()
    export(ledger, wanted or Wanted(), format_, output)
    return output.getvalue()


def test_csv_has_a_header_and_a_row_for_each_reading(ledger: Inspection, stored: list[Reading]) -> None:
    rows = list(csv.DictReader(io.StringIO(exported(ledger, ExportFormat.CSV).decode())))
    assert list(rows[0]) == list(Reading._fields)
    assert [(int(row["turbine_number"]), row["emitted_at"]) for row in rows] == [
        (one.turbine_number, f"2026-11-21T12:00:0{second}.000000Z")
        for one, second in zip(stored, [0, 1, 2] * 3, strict=True)
    ]
    first, last = rows[0], rows[-1]
    assert (first["session"], last["session"], first["voltage"]) == ('s "1", ü', "", "")
    assert (float(first["wind_speed"]), first["operational_status"], first["sequence"]) == (8.5, "ok", "1")


def test_json_lines_are_those_of_the_text_files(ledger: Inspection, stored: list[Reading]) -> None:
    text = exported(ledger, ExportFormat.JSONL).decode()
    assert text == "".join(map(to_line, stored))
    assert json.loads(text.splitlines()[0])["emitted_at"] == "2026-11-21T12:00:00.000000Z"


def test_parquet_has_types_and_units(
    ledger: Inspection, stored: list[Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(exporting, "_ROW_GROUP", 4)
    file = parquet.ParquetFile(io.BytesIO(exported(ledger, ExportFormat.PARQUET)))
    table = file.read()
    assert file.num_row_groups == 2
    assert str(table.schema.field("emitted_at").type) == "timestamp[us, tz=UTC]"
    assert table.schema.field("wind_speed").metadata == {b"unit": b"m/s"}
    rows = table.to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        (
            one.turbine_number,
            _moment(one.emitted_at),
            one.wind_speed,
            one.power_output_in_kwh,
            "ok",
            one.voltage,
            one.current,
            one.temperature,
            one.session,
            one.sequence,
            _moment(one.received_at),
        )
        for one in stored
    ]


def _moment(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds // SECOND, UTC).replace(microsecond=microseconds % SECOND)


def test_parquet_without_its_library_is_a_sentence(ledger: Inspection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingLibraryError, match="pip install"):
        exported(ledger, ExportFormat.PARQUET)


def test_only_what_is_wanted_is_written(ledger: Inspection, stored: list[Reading], noon: int) -> None:
    wanted = Wanted((7, 9), since=noon + SECOND, until=noon + 2 * SECOND)
    text = exported(ledger, ExportFormat.JSONL, wanted).decode()
    assert text == "".join(
        to_line(one) for one in stored if one.turbine_number != 8 and one.emitted_at == noon + SECOND
    )


@pytest.mark.parametrize("format_", ExportFormat)
def test_nothing_is_a_file_too(ledger: Inspection, format_: ExportFormat) -> None:
    content = exported(ledger, format_, Wanted((1,)))
    assert content.startswith({"csv": b"turbine_number,", "jsonl": b"", "parquet": b"PAR1"}[format_.value])


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_pages_leave_nothing_out(
    ledger: Inspection, stored: list[Reading], monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr("monitor.store.tools.inspection._PAGE", page)
    assert exported(ledger, ExportFormat.JSONL).decode() == "".join(map(to_line, stored))
