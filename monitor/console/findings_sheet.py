"""What `grid-monitor findings` prints."""

from collections.abc import Iterable

from monitor.console.sheets import Sheet, words_of
from monitor.console.words import moment
from monitor.facts import Finding


def findings_sheet(findings: Iterable[Finding]) -> Sheet:
    """Findings, as given."""
    sheet = Sheet([">finding", ">turbine", "quantity", "kind", "since", "stands", "what"])
    for finding in findings:
        stands = "noted" if not finding.lasting else "lasted" if finding.until is not None else "lasts"
        numbers = [str(finding.finding_id), str(finding.turbine_number)]
        kinds = [words_of(finding.quantity), finding.kind]
        sheet.rows.append([*numbers, *kinds, moment(finding.since), stands, finding.sentence])
    return sheet
