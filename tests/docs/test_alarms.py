"""docs/alarms.md against the rules."""

import json
import re
from pathlib import Path

from monitor.alarms.orders import LONGEST_SHELVING_SECONDS
from monitor.alarms.rules import RULES
from monitor.facts import AlarmState
from monitor.web.api.alarms import AlarmOrderBody

TEXT = (Path(__file__).parents[2] / "docs" / "alarms.md").read_text(encoding="utf-8")


def in_words(seconds: float) -> str:
    if seconds == 0:
        return "at once"
    return f"{seconds / 60:g} min" if seconds >= 120 else f"{seconds:g} s"


def test_the_table_is_that_of_the_rules() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| (\w+) \| ([^|]+) \| ([^|]+) \| ([^|]*) \|$", TEXT, re.MULTILINE)
    assert [tuple(cell.strip() for cell in row) for row in rows] == [
        (
            rule.name,
            rule.title,
            rule.severity,
            in_words(rule.on_delay_seconds),
            in_words(rule.off_delay_seconds),
            ", ".join(f"`{name}`" for name in rule.inhibited_by),
        )
        for rule in RULES.values()
    ]


def test_every_rule_says_what_to_do() -> None:
    for rule in RULES.values():
        assert f"- `{rule.name}`: {rule.guidance}" in " ".join(TEXT.split())


def test_every_state_is_explained() -> None:
    assert not [state for state in AlarmState if f"| `{state}` |" not in TEXT]
    assert f"{LONGEST_SHELVING_SECONDS // 3600} hours at most" in TEXT


def test_the_order_is_one() -> None:
    (order,) = re.findall(r"```json\n(.+?)```", TEXT, re.DOTALL)
    assert AlarmOrderBody.model_validate(json.loads(order)).comment == "on my way"
