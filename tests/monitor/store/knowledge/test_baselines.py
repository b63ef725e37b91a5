"""Findings and baselines in the ledger."""

from dataclasses import replace
from pathlib import Path

from monitor.facts import BaselineChanges, BaselineRecord, Changes, Finding, FindingKind, KnowledgeChanges
from monitor.store.ledger import Ledger
from monitor.store.queries.pages import Turn, findings_page
from monitor.store.reader import LedgerReader

FINDING = Finding(
    finding_id=1,
    turbine_number=7,
    quantity="voltage",
    kind=FindingKind.SPIKE,
    since=1_000_000,
    until=None,
    readings=1,
    expected=690.0,
    observed=1400.0,
    score=120.5,
    sentence="voltage was expected to be 690 V",
    lasting=False,
)


def _commit(ledger: Ledger, *findings: Finding, records: tuple[BaselineRecord, ...] = ()) -> None:
    ledger.commit(Changes(knowledge=KnowledgeChanges(baselines=BaselineChanges(list(records), list(findings)))))


def test_what_was_learnt_and_found_is_remembered(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "grid.db") as ledger:
        _commit(ledger, FINDING, replace(FINDING, finding_id=2), records=(BaselineRecord(7, 5, "{}"),))
        _commit(ledger, replace(FINDING, finding_id=2, until=9), records=(BaselineRecord(7, 6, "{ }"),))
    with Ledger.open(tmp_path / "grid.db") as ledger:
        remembered = ledger.load().knowledge
    assert remembered.baselines == [BaselineRecord(7, 6, "{ }")]
    assert remembered.open_findings == [FINDING]
    assert remembered.next_finding_id == 3


def test_the_last_word_of_a_batch_stands(tmp_path: Path) -> None:
    ended = replace(FINDING, until=2_000_000, lasting=True)
    with Ledger.open(tmp_path / "grid.db") as ledger:
        _commit(ledger, FINDING, ended)
        with LedgerReader.open(tmp_path / "grid.db") as reader:
            assert reader.findings() == [ended]
            assert reader.findings(open_only=True) == []


def test_findings_come_a_page_at_a_time_by_their_filters(tmp_path: Path) -> None:
    many = [
        replace(
            FINDING,
            finding_id=number,
            turbine_number=7 + number % 2,
            kind=FindingKind.DROP if number % 3 else FindingKind.SPIKE,
            until=None if number % 4 else 5,
            lasting=number % 5 == 0,
        )
        for number in range(1, 13)
    ]
    with Ledger.open(tmp_path / "grid.db") as ledger:
        _commit(ledger, *many)
        with LedgerReader.open(tmp_path / "grid.db") as reader:
            first = findings_page(reader, Turn(2), turbine_number=7)
            following = findings_page(reader, Turn(2, after=first.next_key), turbine_number=7)
            assert [key for key, _ in (*first.records, *following.records)] == [12, 10, 8, 6]
            assert [key for key, _ in findings_page(reader, Turn(9), is_open=False).records] == [12, 8, 4]
            assert [key for key, _ in findings_page(reader, Turn(9), kind=FindingKind.SPIKE).records] == [12, 9, 6, 3]
            assert [key for key, _ in findings_page(reader, Turn(9), lasting=True).records] == [10, 5]
            assert reader.findings(turbine_number=8, newest=1)[0].finding_id == 11
            assert reader.baseline(7) is None


def test_a_turbines_findings_come_by_an_index_in_their_order(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "grid.db"), LedgerReader.open(tmp_path / "grid.db") as reader:
        asked = "SELECT * FROM findings WHERE turbine_number = 7 AND finding_id < 9 ORDER BY finding_id DESC LIMIT 3"
        plan = " ".join(str(row[3]) for row in reader.rows(f"EXPLAIN QUERY PLAN {asked}"))
    assert "findings_turbine" in plan
    assert "TEMP B-TREE" not in plan
