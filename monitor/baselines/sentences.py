"""Findings in words."""

from datetime import UTC, datetime

from grid.times import SECOND
from monitor.facts import Finding, FindingKind

UNITS = {"wind_speed": "m/s", "power": "kW", "voltage": "V", "current": "A", "temperature": "°C"}
NAMES = {"wind_speed": "wind speed"}


def amount(quantity: str, value: float) -> str:
    """A value with its unit, and the digits that matter: 4.2 m/s, 1,250 kW."""
    digits = 0 if abs(value) >= 100 else 1
    return f"{value:,.{digits}f} {UNITS[quantity]}"


def finding_in_words(finding: Finding) -> str:
    """What was expected, what came, since when, and how sure it is."""
    return f"{_what(finding)}, {_when(finding)}{_how_sure(finding)}"


def _what(finding: Finding) -> str:
    quantity, kind = finding.quantity, finding.kind
    expected, observed = finding.expected or 0.0, finding.observed or 0.0
    if kind is FindingKind.SILENCE:
        return f"a reading was expected every {_seconds(expected)}, and none came for {_seconds(observed)}"
    name = NAMES.get(quantity, quantity)
    if kind is FindingKind.FROZEN:
        return f"{name} should move, and stood at {amount(quantity, observed)} for {finding.readings} readings"
    if kind is FindingKind.RESIDUAL:
        more = "more" if observed > 0 else "less"
        return f"the turbine made {amount('power', abs(observed))} {more} than its curve says for the wind"
    where = "above" if kind is FindingKind.SPIKE else "below"
    return (
        f"{name} was expected to be {amount(quantity, expected)}, "
        f"and was {amount(quantity, observed)}, far {where} that"
    )


def _when(finding: Finding) -> str:
    if finding.kind is not FindingKind.SILENCE and finding.until == finding.since:
        return f"at {_clock(finding.since)}"
    if finding.until is None:
        return f"since {_clock(finding.since)}"
    return f"from {_clock(finding.since)} until {_clock(finding.until)}"


def _how_sure(finding: Finding) -> str:
    if finding.kind is FindingKind.SILENCE:
        return f" ({finding.score:.0f} intervals)"
    return f" ({min(finding.score, 999):.0f} standard deviations)"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def _clock(at: int) -> str:
    return f"{datetime.fromtimestamp(at / SECOND, UTC):%Y-%m-%d %H:%M:%S} UTC"
