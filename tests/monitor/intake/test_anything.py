"""Whatever bytes come on whatever topic: nothing is raised, all is counted, and what is said of it can be shown."""

from hypothesis import given
from hypothesis import strategies as st
from noise import Noise

from grid import topics
from grid.connection import Message, PlainMessage
from grid.times import SECOND
from monitor.facts import Held, Refused
from monitor.intake.admission import Admission
from monitor.intake.decode import ArrivalTimes, decode
from monitor.intake.salvage import salvage

NOON = 1_790_000_000 * SECOND
MOST = 3

names = st.one_of(st.integers(-1, 12).map(str), st.text(max_size=8))
some_topics = st.one_of(
    st.builds(lambda kind, name: f"grid/turbines/{name}/{kind.value}", st.sampled_from(topics.Kind), names),
    st.builds(topics.outages_of_controller, names),
    st.text(max_size=20),
)
noises = st.integers(0, 2**32).map(lambda seed: Noise(seed).payload())
messages = st.builds(
    lambda topic, payload, retain: PlainMessage(topic, payload, 1, retain=retain, packet_id=1),
    some_topics,
    st.one_of(noises, st.binary(max_size=40)),
    st.booleans(),
)


@given(st.lists(messages, max_size=12))
def test_whatever_comes_becomes_something_and_is_counted(batch: list[Message]) -> None:
    admission = Admission(most_turbines=MOST)
    found = decode(batch, NOON, ArrivalTimes(), admission)
    assert found.counted["received"] == len(found.readings) + len(found.dead_letters)
    assert found.counted.total() == len(batch)
    assert all(len(letter.detail) < 10_000 for letter in found.dead_letters)
    refused, held = salvage(found.dead_letters, admission)
    spoken_of: list[Refused | Held] = [*refused, *held]
    assert {of.turbine_number for of in spoken_of} <= admission.turbines
    assert len(admission.turbines) <= MOST
