"""What the address names must be there: else the answer is 404."""

from monitor.facts import Incident, TurbineRecord
from monitor.store.reader import LedgerReader
from monitor.web.problems import Problem


def known_turbine(reader: LedgerReader, turbine_number: int) -> TurbineRecord:
    """What the ledger knows of a turbine. Raises Problem where it was never heard of."""
    found = reader.turbine(turbine_number)
    if found is None:
        raise Problem(404, "Unknown turbine", f"turbine {turbine_number} was never heard of")
    return found


def known_incident(reader: LedgerReader, incident_id: int) -> Incident:
    """An incident of the ledger. Raises Problem where there is none of this number."""
    found = reader.incident(incident_id)
    if found is None:
        raise Problem(404, "Unknown incident", f"there is no incident {incident_id}")
    return found
