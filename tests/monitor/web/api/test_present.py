"""The farm as the ledger holds it, where no monitor was heard."""

from pathlib import Path

from stores import fill

from monitor.facts import Alarm, AlarmChanges, AlarmState, Changes, KnowledgeChanges, Severity
from monitor.store.reader import LedgerReader
from monitor.web.api.present import stored_farm


def alarm(number: int, severity: Severity, state: AlarmState, shelved_until: int | None = None) -> Alarm:
    """One of the rule `turbine_offline`."""
    return Alarm(
        number, "turbine_offline", f"turbine-{number}", number, None, severity, state, "It is offline.", number, number,
        shelved_until=shelved_until, announced_at=number,
    )  # fmt: skip


def test_alarms_are_counted_and_a_shelved_one_waits_for_nobody(tmp_path: Path) -> None:
    alarms = [
        alarm(1, Severity.LOW, AlarmState.CLEARED),
        alarm(2, Severity.MEDIUM, AlarmState.UNACKNOWLEDGED),
        alarm(3, Severity.HIGH, AlarmState.ACKNOWLEDGED),
        alarm(4, Severity.CRITICAL, AlarmState.UNACKNOWLEDGED, shelved_until=2**50),
    ]
    fill(tmp_path, also=Changes(knowledge=KnowledgeChanges(alarms=AlarmChanges(alarms))))
    with LedgerReader.open(tmp_path / "grid.db") as reader:
        told = stored_farm(reader)["farm"]["alarms"]

    assert told == {
        "unacknowledged": 2, "active": 2, "highest": "medium", "suppressed": 0, "silenced": 1, "changes": 0,
    }  # fmt: skip
