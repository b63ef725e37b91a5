"""The API does what its description says, whatever it is asked: Schemathesis asks a running monitor's pages.

`GRID_HYPOTHESIS_PROFILE=thorough` has it ask more.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.checks import positive_data_acceptance
from served import ServedFarm, farm_with_a_past

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
EXAMPLES = 500 if os.environ.get("GRID_HYPOTHESIS_PROFILE") == "thorough" else 15
ANSWER_WITHIN_SECONDS = 10
BEYOND_A_SCHEMA = {
    "since",
    "averaging_seconds",
    "/post_metrics",
    "/api/v1/alarms/orders",
    "/api/v1/outages",
    "/api/v1/turbines/{turbine_number}/orders",
}
"""No schema can say that a time begins before it ends, how long it may be, what is in the future, which fields of an
order go together, and that the key of an order is not used for another."""

api = schemathesis.openapi.from_dict(json.loads(DOCUMENT.read_text(encoding="utf-8"))).exclude(
    path_regex="/live",  # has no end
)


@schemathesis.serializer("application/x-ndjson")
def as_lines(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """Lines are text already."""
    return str(value).encode(errors="replace")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFarm]:
    """A monitor that found a farm with a past, and its pages."""
    with farm_with_a_past(tmp_path_factory.mktemp("described"), "--engineers", "1") as farm:
        yield farm


@api.parametrize()
@settings(max_examples=EXAMPLES, deadline=None)
def test_the_api_does_what_its_description_says(case: schemathesis.Case[Any], site: ServedFarm) -> None:
    """No server error, only the statuses, media types and documents that are told of, and nothing else is accepted."""
    unsaid = [positive_data_acceptance] if BEYOND_A_SCHEMA & {case.path, *case.query} else []
    case.call_and_validate(base_url=site.url, excluded_checks=unsaid, timeout=ANSWER_WITHIN_SECONDS)
