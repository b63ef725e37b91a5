"""Sheets of aligned columns, on terminals and on paper."""

from io import StringIO

import pytest

from monitor.console.sheets import Sheet, by_reason_in_words, cause_in_words, dead_letters_sheet, visit_in_words
from monitor.facts import (
    DeadLetter,
    DeadLetterReason,
    Incident,
    IncidentCause,
    IncidentState,
    Release,
    Visit,
    VisitState,
)

LONG = "a sentence of some length that does not fit on one line of a terminal with eighty columns"


class SmallTerminal(StringIO):
    """A terminal of 80 columns."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def sheet() -> Sheet:
    return Sheet([">visit", "sent at", "how it went"], [["1", "2026-11-21 03:45:00Z", LONG]])


def test_a_last_column_of_numbers_is_one_too() -> None:
    paper = StringIO()
    Sheet(["turbine", ">MTTR h"], [["7", "12.50"]]).write(paper)
    assert paper.getvalue().splitlines() == ["turbine  MTTR h", "7         12.50"]


def test_on_paper_every_row_is_one_line(sheet: Sheet) -> None:
    paper = StringIO()
    sheet.write(paper)
    assert paper.getvalue().splitlines() == [
        "visit  sent at               how it went",
        f"    1  2026-11-21 03:45:00Z  {LONG}",
    ]


def test_on_a_terminal_only_the_last_column_wraps(sheet: Sheet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = SmallTerminal()
    sheet.write(terminal)
    lines = terminal.getvalue().splitlines()[1:]
    assert len(lines) == 2
    assert max(map(len, lines)) <= 80
    assert " ".join(line[27:].strip() for line in lines) == LONG


def test_on_a_very_narrow_terminal_nothing_is_cut(sheet: Sheet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("TERM", "xterm")
    terminal = SmallTerminal()
    sheet.write(terminal)
    assert "2026-11-21 03:45:00Z" in terminal.getvalue()
    assert "columns" in terminal.getvalue()


def test_cells_cannot_command_a_terminal_or_break_a_row() -> None:
    paper = StringIO()
    Sheet(["topic", "detail"], [["[red]x[/red]", "\x1b[2J\n"]]).write(paper)
    assert paper.getvalue().splitlines()[1:] == [r"[red]x[/red]  \x1b[2J\n"]


def test_a_long_topic_is_cut() -> None:
    letter = DeadLetter(0, "grid/turbines/" + "9" * 60_000, b"", 2, DeadLetterReason.TOPIC, "no number")
    paper = StringIO()
    dead_letters_sheet([letter]).write(paper)
    assert len(paper.getvalue()) < 400


@pytest.mark.parametrize(
    ("state", "release", "detail", "words"),
    [
        (VisitState.SENT, None, None, "open: no answer yet; order sent 2 times"),
        (VisitState.ACCEPTED, None, None, "open: accepted; order sent 2 times"),
        (VisitState.DONE, None, None, "open: says done; order sent 2 times"),
        (VisitState.VERIFIED, None, None, "verified by an ok reading; order sent 2 times"),
        (VisitState.RELEASED, Release.NO_EFFECT, None, "released: no effect; order sent 2 times"),
        (VisitState.RELEASED, Release.REJECTED, "busy", "released: rejected, busy; order sent 2 times"),
    ],
)
def test_a_visit_tells_how_it_went(state: VisitState, release: Release | None, detail: str | None, words: str) -> None:
    visit = Visit(1, "f3a-1", 1, 7, 2, None, state, 0, commands=2, release=release, detail=detail)
    assert visit_in_words(visit) == words


def test_an_order_is_a_cause_with_a_name_and_a_reason() -> None:
    incident = Incident(1, 7, IncidentCause.ORDERED, IncidentState.WAITING, 0, opened_by="Anna", why="blade inspection")
    assert cause_in_words(incident) == "ordered by Anna: blade inspection"


def test_dead_letters_are_counted_by_reason() -> None:
    assert by_reason_in_words({"not_json": 1200, "topic": 1}) == "1,201 dead letters: 1,200 not json, 1 topic"
    assert by_reason_in_words({}) == "no dead letters"
