"""Ratios, verdicts and the printed table."""

import math

import pytest

from benchmarks.table import Bar, Table, figure, median, median_ratio, spread


def test_a_ratio_is_taken_round_by_round() -> None:
    fast_hour, slow_hour = 100.0, 10.0

    assert median_ratio([2 * fast_hour, 2 * slow_hour], [fast_hour, slow_hour]) == 2.0
    assert median_ratio([1.0, 4.0, 9.0], [1.0, 2.0, 3.0]) == 2.0


def test_ratios_of_different_numbers_of_rounds_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        median_ratio([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("bar", "held", "missed"),
    [(Bar(1.0, at_least=True), 1.0, 0.99), (Bar(5.0, "ms"), 5.0, 5.01)],
)
def test_a_bar_holds_up_to_its_limit_and_not_beyond(bar: Bar, held: float, missed: float) -> None:
    assert bar.held_by(held)
    assert not bar.held_by(missed)


@pytest.mark.parametrize("bar", [Bar(1.0, at_least=True), Bar(1.0)])
def test_what_was_not_measured_holds_no_bar(bar: Bar) -> None:
    assert not bar.held_by(math.nan)
    assert "missed" in bar.verdict(math.nan)


def test_a_table_counts_what_its_bars_miss() -> None:
    table = Table("T", ("a",))

    assert table.judge(Bar(5.0, "ms"), 4.0) == "held (at most 5.0 ms)"
    assert table.judge(Bar(5.0, "ms"), 6.0) == "**missed** (at most 5.0 ms)"
    assert table.missed == 1


def test_a_table_is_markdown_with_even_columns() -> None:
    table = Table("Speed", ("who", "readings/s"))
    table.add("grid-monitor", "80,000")
    table.notes.append("A note.")

    assert str(table) == (
        "### Speed\n\n"
        "| who          | readings/s |\n"
        "|--------------|------------|\n"
        "| grid-monitor | 80,000     |\n\n"
        "A note.\n"
    )


def test_a_row_has_a_cell_for_each_column() -> None:
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        Table("T", ("a", "b")).add("only one")


@pytest.mark.parametrize(
    ("number", "text"),
    [(61_234, "61,200"), (1_234, "1,230"), (123.4, "123"), (12.34, "12.3"), (1.0, "1.0"), (0.314, "0.31")],
)
def test_figures_have_three_digits_at_most(number: float, text: str) -> None:
    assert figure(number) == text


def test_what_was_not_measured_is_a_dash_and_changes_no_median() -> None:
    assert figure(math.nan) == "-"
    assert median([1.0, math.nan, 3.0]) == 2.0
    assert math.isnan(median([]))
    assert spread([1.0, 2.0, 3.0]) == "2.0 (1.0 to 3.0)"
    assert spread([2.0]) == "2.0"
