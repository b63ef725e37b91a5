"""Windows, outages, baselines, alarms and notifications in the ledger, within the transaction of their batch."""

from sqlite_utils import Database

from monitor.facts import KnowledgeChanges, KnowledgeCommitted, RememberedKnowledge
from monitor.outages.messages import messages_for as messages_for_outages
from monitor.store.knowledge.alarms import read_alarms, write_alarms
from monitor.store.knowledge.baselines import read_baselines, write_baselines
from monitor.store.knowledge.lost_energy import losses_wait
from monitor.store.knowledge.notifications import read_notifications, write_notifications
from monitor.store.knowledge.outages import read_outages, write_outages
from monitor.store.knowledge.windows import read_windows, write_windows


def write_knowledge(db: Database, changes: KnowledgeChanges) -> KnowledgeCommitted:
    """Write them within the open transaction, after the batch's readings."""
    windows = write_windows(db, changes.windows)
    outages = write_outages(db, changes.outages, windows.figured)
    write_baselines(db, changes.baselines)
    write_alarms(db, changes.alarms)
    write_notifications(db, changes.notifications)
    return KnowledgeCommitted(windows, outages, messages_for_outages(outages), losses_wait=losses_wait(db))


def read_knowledge(db: Database) -> RememberedKnowledge:
    """What is known of them at the start, and after a failed commit."""
    remembered = RememberedKnowledge()
    read_windows(db, remembered)
    read_outages(db, remembered)
    read_baselines(db, remembered)
    read_alarms(db, remembered)
    read_notifications(db, remembered)
    return remembered
