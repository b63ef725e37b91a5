"""The farm at this moment: as the running monitor tells it, or as the ledger holds it where none was heard."""

from monitor.alarms.summary import summary_of
from monitor.clock import utc_now
from monitor.console.known import farm_view
from monitor.facts import AlarmCounts
from monitor.live.documents import Document, view_document
from monitor.store.queries.alarms import listed_alarms
from monitor.store.reader import LedgerReader
from monitor.web.site import Site


async def present_farm(site: Site) -> Document:
    """A snapshot: rows worst first, and the farm. Raises StoreError where there is neither monitor nor ledger."""
    mirror = site.monitor.mirror
    return await site.readers.ask(stored_farm) if mirror.at is None else mirror.snapshot()


def stored_farm(reader: LedgerReader) -> Document:
    """The farm as it was committed last. The size of the pool is in no table: only those who are out are known."""
    records = reader.turbines()
    incidents = reader.incidents(open_only=True, newest=len(records) + 1)
    visits = reader.visits(open_only=True, newest=len(records) + 1)
    view = farm_view(
        utc_now(),
        records,
        incidents,
        visits,
        reader.holds(),
        engineers=0,
        missing=reader.missing(),
        alarms=_stored_alarms(reader),
    )
    return view_document(view)


def _stored_alarms(reader: LedgerReader) -> AlarmCounts:
    summary = summary_of(listed_alarms(reader), [], utc_now())
    return AlarmCounts(
        unacknowledged=summary.unacknowledged,
        active=summary.active,
        highest=summary.highest,
        suppressed=summary.suppressed,
        silenced=summary.shelved + summary.out_of_service,
    )
