"""A batch is read as its messages would be read one by one, whatever some of them do to reach into the others."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from grid.metrics import MAX_METRICS_BYTES, TurbineMetrics
from grid.times import format_time
from monitor.facts import DeadLetterReason
from monitor.intake.readings import read_metrics
from monitor.intake.refused import RefusedError

PLAIN: dict[str, Any] = {
    "turbine_number": 7,
    "wind_speed": 9.5,
    "power_output_in_kwh": 0.5,
    "operational_status": "ok",
}
FULL = PLAIN | {
    "emitted_at": "2026-11-21T12:00:00.000123Z",
    "session": "1795262400000-abcd",
    "sequence": 3,
    "voltage": 690.0,
    "current": 1000,
    "temperature": -3.5,
}

Said = dict[str, Any] | tuple[DeadLetterReason, str]


def payload(fields: dict[str, Any], *, compact: bool = True) -> bytes:
    return json.dumps(fields, separators=(",", ":") if compact else None).encode()


def said(payloads: list[bytes]) -> list[Said]:
    """What is said of each payload, in order."""
    found = read_metrics(payloads)
    assert len(found) == len(payloads)
    return [(one.reason, str(one)) if isinstance(one, RefusedError) else one for one in found]


def said_one_by_one(payloads: list[bytes]) -> list[Said]:
    return [outcome for one in payloads for outcome in said([one])]


STRADDLING = [
    # Good together, and no JSON alone: as many objects as payloads.
    [payload(PLAIN)[:-1] + b',"session":"}', b'{"},' + payload(FULL)],
    [payload(PLAIN)[:-1] + b',"session":"', b'"},' + payload(FULL)],
    [payload(PLAIN)[:-1], b'"session":"s"},' + payload(FULL)],
    [payload(PLAIN)[:-1] + b',"session":"{', b'"},' + payload(FULL)],
    [payload(PLAIN) + b",", payload(FULL)],
    [payload(PLAIN), b"," + payload(FULL)],
    [payload(PLAIN) + b"," + payload(FULL), b""],
    [payload(PLAIN) + b"," + payload(FULL) + b",", payload(FULL), b" "],
    [payload(PLAIN) + b"]", b"[" + payload(FULL)],
    # Good alone, with white space around.
    [b" " + payload(PLAIN), payload(FULL) + b"\r\n\t "],
    [payload(PLAIN)[:-1], b'"session":"s"}'],
    [b'{"k":["', b'"]}'],
    [b'{"a":"}', b'{","b":"c"}'],
    [b'{"a":"}', b'{"}'],
    [b'{"a":[1}', b"{2]}"],
    [b"{}],[{}", b"{}"],
    [b"{", b"}"],
    [b"{}{}", b""],
    [b'{"session":"', b'"}'],
    [payload(FULL)[:-1] + b',"x":"}', b'{"}'],
    [payload(FULL)[:-1] + b',"x":["}', b'{"]}'],
    [payload(FULL)[:-2], b"0}"],
    [payload(PLAIN)[:-1], b'"sequence":1}', payload(FULL)],
    [b"{" + payload(PLAIN)[1:-1] + b"},{" + payload(PLAIN)[1:-1] + b"}", payload(FULL)],
    [payload(PLAIN) + b"," + payload(PLAIN)],
    [b"\\", b"{}"],
    [b'{"a":"\\}', b'{"}'],
]
NEIGHBOURS = [payload(FULL), payload(PLAIN)]


@pytest.mark.parametrize("parts", STRADDLING)
def test_no_payload_reaches_into_its_neighbour(parts: list[bytes]) -> None:
    for batch in (parts, NEIGHBOURS + parts, parts + NEIGHBOURS, [NEIGHBOURS[0], *parts, NEIGHBOURS[1]]):
        assert said(batch) == said_one_by_one(batch)


def test_what_two_payloads_would_only_be_together_is_refused() -> None:
    for first, second in ((b'{"k":["', b'"]}'), (b'{"a":"}', b'{","b":"c"}')):
        assert [reason for reason, _ in said([first, second])] == [DeadLetterReason.NOT_JSON] * 2


def test_a_batch_of_good_readings_with_one_bad_one_loses_only_that() -> None:
    batch = [payload(FULL)] * 50 + [payload(FULL)[:-1]] + [payload(PLAIN)] * 50
    outcomes = said(batch)
    assert isinstance(outcomes.pop(50), tuple)
    assert all(isinstance(outcome, dict) for outcome in outcomes)


def test_a_repeated_key_is_found_among_good_readings() -> None:
    repeated = b'{"wind_speed":1,' + payload(FULL)[1:]
    for bad in (repeated, repeated.replace(b'"wind_speed":1', b'"emitted_at":"2026-11-21T12:00:00Z"')):
        reason, _ = said([payload(FULL), bad, payload(PLAIN)])[1]
        assert reason is DeadLetterReason.DUPLICATE_KEY


def test_a_colon_in_a_text_hides_no_repeated_key() -> None:
    """The quotes around a text such as `:` must not be taken for a field with a text."""
    for session in (":", ",", "session:", '"', "\\"):
        bad = payload(FULL | {"session": session})[:-1] + b',"wind_speed":1}'
        reason, _ = said([payload(FULL), bad])[1]
        assert reason is DeadLetterReason.DUPLICATE_KEY


def test_too_large_a_payload_is_never_parsed() -> None:
    large = payload(PLAIN | {"x": "y" * MAX_METRICS_BYTES})
    assert [reason for reason, _ in said([large, large])] == [DeadLetterReason.TOO_LARGE] * 2


# --- what a batch says, and what the model says

NUMBERS = st.one_of(
    st.integers(-(2**64), 2**64), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([0, 1, 7, 200.5])
)
ANYTHING = st.one_of(NUMBERS, st.none(), st.booleans(), st.text(max_size=4), st.just([]), st.just({}), st.just(["}"]))
GOOD: dict[str, st.SearchStrategy[Any]] = {
    "turbine_number": st.sampled_from([1, 7, 2_147_483_647]),
    "wind_speed": st.sampled_from([0, 9.5, 200.0]),
    "power_output_in_kwh": st.sampled_from([-1, 0.25, 1e12]),
    "operational_status": st.sampled_from(["ok", "broken"]),
    "emitted_at": st.one_of(
        st.none(),
        st.integers(1_700_000_000, 1_800_000_000),
        st.integers(1_700_000_000_000_000, 1_800_000_000_000_000).map(format_time),
    ),
    "session": st.one_of(st.none(), st.text("ab:,{}[]'é", min_size=1, max_size=8)),
    "sequence": st.one_of(st.none(), st.integers(0, 100)),
    "oldest_held": st.one_of(st.none(), st.integers(0, 100)),
    "voltage": st.one_of(st.none(), st.floats(-1e12, 1e12)),
}
REQUIRED = {name: GOOD[name] for name in PLAIN}
GOOD_FIELDS = st.fixed_dictionaries(REQUIRED, optional={name: GOOD[name] for name in GOOD if name not in REQUIRED})
ANY_FIELDS = st.builds(
    lambda good, other: good | other,
    GOOD_FIELDS,
    st.dictionaries(st.sampled_from([*GOOD, "x", "{", '"']), ANYTHING, max_size=2),
)
TEXTS = st.one_of(
    st.builds(payload, st.one_of(GOOD_FIELDS, ANY_FIELDS), compact=st.booleans()),
    st.sampled_from([part for parts in STRADDLING for part in parts]),
)


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """A payload with a piece cut out, doubled, or put in the place of another."""
    text = draw(TEXTS)
    first, last = sorted(draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    return (
        text[:first]
        + draw(st.sampled_from([b"", text[first:last] * 2, b'"', b"}", b"{", b",", b"\\", b"\xff"]))
        + (text[last:])
    )


@given(st.lists(st.one_of(TEXTS, mangled()), max_size=6))
def test_a_batch_says_what_its_messages_say_one_by_one(batch: list[bytes]) -> None:
    assert said(batch) == said_one_by_one(batch)


@given(TEXTS)
def test_a_reading_is_valid_when_the_contract_says_so_and_has_the_same_fields(text: bytes) -> None:
    [outcome] = said([text])
    try:
        metrics = TurbineMetrics.model_validate_json(text)
    except ValidationError:
        assert isinstance(outcome, tuple)
    else:
        assert outcome == {name: getattr(metrics, name) for name in metrics.model_fields_set}
