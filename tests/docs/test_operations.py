"""docs/operations.md against the programs."""

import re
from pathlib import Path

from measured import AROUND, TOTALS, seen, values_of, written

from monitor.facts import Action
from monitor.web.operations.health import report

TEXT = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
METRICS = written(seen(), {"totals": TOTALS})


def test_the_table_of_metrics_is_what_the_monitor_tells() -> None:
    rows = re.findall(r"^\| `([a-z_]+)(?:\{([a-z]+)\})?` \| (counter|gauge|histogram) \| (.+) \|$", TEXT, re.MULTILINE)
    helps = dict(re.findall(r"^# HELP (\S+) (.*)$", METRICS, re.MULTILINE))
    types = dict(re.findall(r"^# TYPE (\S+) (.*)$", METRICS, re.MULTILINE))
    labels = dict(re.findall(r"^([a-z_]+)\{(?!le=)([a-z]+)=", "\n".join(values_of(METRICS)), re.MULTILINE))

    assert {(name, label, kind, meaning) for name, label, kind, meaning in rows} == {
        (name, labels.get(name, ""), kind, helps[name])
        for name, kind in types.items()
        if not name.startswith("process_")
    }


def test_what_health_tells_is_named() -> None:
    told = report(seen(), AROUND, "1.2.3")

    assert not [key for key in told if f"`{key}`" not in TEXT]
    assert not [check["name"] for check in told["checks"] if f"`{check['name']}`" not in TEXT]


def test_every_action_of_the_log_is_named() -> None:
    assert not [action for action in Action if f"`{action}`" not in TEXT]


def test_links_to_other_documents_lead_somewhere() -> None:
    docs = Path(__file__).parents[2] / "docs"
    for target, anchor in re.findall(r"\]\(([^)#]+)(?:#([a-z-]+))?\)", TEXT):
        assert (docs / target).exists(), target
        headings = re.findall(r"^#+ (.+)$", (docs / target).read_text(encoding="utf-8"), re.MULTILINE)
        assert not anchor or anchor in {heading.lower().replace(" ", "-") for heading in headings}, anchor
