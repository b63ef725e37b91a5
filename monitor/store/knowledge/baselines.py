"""Baselines and findings in the ledger."""

from sqlite_utils import Database

from monitor.facts import BaselineChanges, BaselineRecord, Finding, RememberedKnowledge
from monitor.store.rows import columns, listed, to_record, to_row, upsertion

_UPSERT_BASELINE = upsertion(BaselineRecord, "baselines", "turbine_number")
_UPSERT_FINDING = upsertion(Finding, "findings", "finding_id")
_BASELINES = f"SELECT {listed(columns(BaselineRecord))} FROM baselines ORDER BY turbine_number"  # noqa: S608 - our names
_OPEN = f"SELECT {listed(columns(Finding))} FROM findings WHERE until IS NULL ORDER BY +finding_id"  # noqa: S608 - our names
_NEXT = "SELECT coalesce(max(finding_id), 0) + 1 FROM findings"


def write_baselines(db: Database, changes: BaselineChanges) -> None:
    """Write them within the open transaction; of a finding that changed twice in a batch, the last word."""
    if changes.records:
        db.conn.executemany(_UPSERT_BASELINE, map(to_row(BaselineRecord), changes.records))
    if changes.findings:
        db.conn.executemany(_UPSERT_FINDING, map(to_row(Finding), changes.findings))


def read_baselines(db: Database, remembered: RememberedKnowledge) -> None:
    """Fill in what was learnt, and the findings that have not ended."""
    remembered.baselines = [BaselineRecord(*row) for row in db.execute(_BASELINES)]
    names = columns(Finding)
    remembered.open_findings = [to_record(Finding, dict(zip(names, row, strict=True))) for row in db.execute(_OPEN)]
    (remembered.next_finding_id,) = db.execute(_NEXT).fetchone()
