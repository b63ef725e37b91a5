"""The picture of the farm, drawn for terminals of several sizes."""

from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console as Terminal

from monitor.books import Balance
from monitor.console.picture import Recent, export_picture, farm_picture
from monitor.console.view import FarmView, Trouble, TroubleKind

SENT = "engineer 1 is sent to turbine 5, because it reports broken and was ok before; the order goes out now"


def drawn(view: FarmView | None, recent: Recent, now: int, width: int, height: int, *, color: bool = False) -> str:
    terminal = Terminal(
        file=StringIO(), width=width, height=height, force_terminal=color, color_system="standard" if color else None
    )
    with terminal.capture() as capture:
        terminal.print(farm_picture(view, recent, now=now, width=width, height=height))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def test_the_picture_of_a_small_farm(farm: Callable[..., FarmView], now: int) -> None:
    assert (
        drawn(farm(6), ((now, SENT),), now, 80, 24)
        == """\
6 turbines: 1 waiting, 1 visited, 1 offline, 3 ok                      03:45:00Z
0 of 1 engineer free, 1 in line, longest for 40 s                 5.9 readings/s
turbine  state                m/s       kW   heard  why
      2  broken, waiting      7.1    900.0     1 s  1st in line for 40 s
      5  broken, engineer 1   7.1    900.0     1 s  repair accepted 1 min ago
      4  offline              7.1    900.0     1 s  connection lost 5 min ago
      1  ok                   7.1    900.0     1 s
      3  ok                   7.1    900.0     1 s
      6  ok                   7.1    900.0     1 s
what happened last
03:45:00Z  engineer 1 is sent to turbine 5, because it reports broken and was ok
           before; the order goes out now"""
    )


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (60, 15), (200, 60), (80, 8)])
@pytest.mark.parametrize("turbines", [0, 1, 6, 25, 1000])
def test_the_picture_fits_the_terminal(
    farm: Callable[..., FarmView], now: int, width: int, height: int, turbines: int
) -> None:
    troubles = (Trouble(TroubleKind.BROKER_AWAY, now, "connection refused"),)
    recent = tuple((now, SENT) for _ in range(30))
    lines = drawn(farm(turbines, troubles=troubles), recent, now, width, height).splitlines()
    assert len(lines) <= height
    assert max(len(line) for line in lines) <= width


@pytest.mark.parametrize("width", [8, 10, 15, 20, 40, 60])
def test_on_a_narrow_terminal_the_turbines_number_is_the_last_to_go(
    farm: Callable[..., FarmView], now: int, width: int
) -> None:
    lines = drawn(farm(6), (), now, width, 5).splitlines()
    assert lines[2].startswith("turbine")
    assert lines[3].split()[0] == "2"
    assert max(len(line) for line in lines) <= width


def test_a_terminal_of_twenty_columns_shows_number_and_state(farm: Callable[..., FarmView], now: int) -> None:
    assert drawn(farm(6), (), now, 20, 9).splitlines()[2:5] == [
        "turbine  state",
        "      2  broken, wa…",
        "      5  broken, en…",
    ]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_quantity_beyond_reason_does_not_push_other_columns_out(
    farm: Callable[..., FarmView], now: int, width: int
) -> None:
    view = farm(6)
    first = replace(view.rows[0], wind_speed=1e12, power_output_in_kwh=1e12, mean_power_in_kw=-6e17)
    lines = drawn(replace(view, rows=(first, *view.rows[1:])), (), now, width, 24).splitlines()
    assert " 2  broken, waiting" in lines[3]
    assert lines[2].rstrip().endswith("why")
    assert "1st in" in lines[3]


def test_turbines_that_do_not_fit_are_counted(farm: Callable[..., FarmView], now: int) -> None:
    lines = drawn(farm(1000), (), now, 80, 24).splitlines()
    assert len(lines) == 24
    assert lines[-1] == "... and 980 more turbines: 980 ok"


def test_dead_letters_are_counted_where_there_is_room(farm: Callable[..., FarmView], now: int) -> None:
    view = replace(farm(6), books={"rejected": 12})
    assert drawn(view, (), now, 120, 24).splitlines()[1].endswith("5.9 readings/s, 12 dead letters")
    assert drawn(view, (), now, 80, 24).splitlines()[1].endswith("5.9 readings/s")


def test_missing_readings_are_told_while_there_are_any(farm: Callable[..., FarmView], now: int) -> None:
    view = farm(6)
    assert "missing" not in drawn(view, (), now, 80, 24)
    rows = (*view.rows[:4], replace(view.rows[4], missing=2), replace(view.rows[5], missing=1200))
    lines = drawn(replace(view, rows=rows), (), now, 80, 24).splitlines()
    assert lines[2] == "1,202 readings are missing: 1,200 of turbine 6, 2 of turbine 3"


def test_the_books_are_shown_where_there_is_room(farm: Callable[..., FarmView], now: int) -> None:
    view = replace(farm(6), balance=Balance(received=1206, stored=1200, duplicate=5, rejected=1))
    assert "received" not in drawn(view, (), now, 80, 24)
    lines = drawn(view, (), now, 80, 40).splitlines()
    assert lines[2] == "1,206 received = 1,200 stored + 5 duplicate + 1 rejected + 0 pending"


def test_the_newest_event_is_always_seen(farm: Callable[..., FarmView], now: int) -> None:
    recent = (*((now, SENT) for _ in range(30)), (now, "the newest of all"))
    assert drawn(farm(1000), recent, now, 80, 24).splitlines()[-1] == "03:45:00Z  the newest of all"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (TroubleKind.BROKER_AWAY, "BROKER AWAY"),
        (TroubleKind.DATABASE_REFUSES, "DATABASE REFUSES WRITES"),
        (TroubleKind.BOOKS_UNBALANCED, "BOOKS DO NOT BALANCE"),
    ],
)
def test_the_monitors_own_trouble_is_a_banner(
    farm: Callable[..., FarmView], now: int, kind: TroubleKind, words: str
) -> None:
    trouble = Trouble(kind, now - 12_000_000, "as it says")
    assert f" {words} for 12 s, since 03:44:48Z: as it says" in drawn(farm(6, troubles=(trouble,)), (), now, 80, 24)


def test_an_old_picture_says_so(farm: Callable[..., FarmView], now: int) -> None:
    assert "OLD PICTURE" not in drawn(farm(6), (), now + 1_000_000, 80, 24)
    assert "OLD PICTURE: the monitor is busy since 03:45:00Z" in drawn(farm(6), (), now + 6_000_000, 80, 24)


def test_the_state_is_told_without_colour(farm: Callable[..., FarmView], now: int) -> None:
    assert "\x1b[1;31mbroken, waiting" in drawn(farm(6), (), now, 80, 24, color=True)
    assert "broken, waiting" in drawn(farm(6), (), now, 80, 24)


def test_text_from_outside_reaches_no_terminal_as_it_is(farm: Callable[..., FarmView], now: int) -> None:
    picture = drawn(farm(6), ((now, "held by \x1b]0;x\x07 [bold]Anna[/bold]\n"),), now, 80, 24)
    assert r"held by \x1b]0;x\x07 [bold]Anna[/bold]\n" in picture


def test_before_the_first_turbine_the_picture_tells_how_to_get_some(farm: Callable[..., FarmView], now: int) -> None:
    assert "grid-turbines --count 6" in drawn(farm(0), (), now, 80, 24)
    assert "the monitor starts" in drawn(None, (), now, 80, 24)


def test_the_picture_is_exported_for_documents(farm: Callable[..., FarmView]) -> None:
    svg = export_picture(farm(6), ())
    assert svg.startswith("<svg")
    assert "broken" in svg
    assert "url(http" not in svg, "it fetches something"
