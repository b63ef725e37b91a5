"""What a benchmark sends is what the contract says, each reading once."""

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.readings import BROKEN_EVERY, BROKEN_FOR, PACKET_IDS, Farm, packet_length, whole_packets
from grid.metrics import OperationalStatus, TurbineMetrics
from grid.topics import Kind


def published(packet: bytes) -> mqtt5.PublishPacket:
    """The packet as a broker reads it: nothing is left behind it."""
    read, length = mqtt5.read(memoryview(packet))
    assert length == len(packet)
    assert isinstance(read, mqtt5.PublishPacket)
    return read


def identity(packet: bytes) -> tuple[int, int | None]:
    reading = TurbineMetrics.model_validate_json(published(packet).payload)
    return reading.turbine_number, reading.emitted_at


def test_every_packet_is_a_reading_of_the_contract_on_its_turbines_topic() -> None:
    for index, packet in enumerate(Farm(7, 100).packets_in_order()):
        publish = published(packet)
        reading = TurbineMetrics.model_validate_json(publish.payload)

        assert publish.topic == Kind.METRICS.of(reading.turbine_number)
        assert publish.qos == mqtt5.QoS.AT_LEAST_ONCE
        assert not publish.retain
        assert (reading.turbine_number, reading.sequence) == (index % 7 + 1, index // 7)


def test_all_readings_differ_and_the_newest_of_each_turbine_is_of_now() -> None:
    farm = Farm(3, 10, until=1_795_262_400_000_000)

    emitted = [identity(packet) for packet in farm.packets_in_order()]

    assert len(set(emitted)) == 10
    assert all(at is not None and at <= farm.until for _, at in emitted)
    assert [at for number, at in emitted if number == 1][-1] == farm.until


def test_the_turbines_together_send_what_the_farm_has() -> None:
    farm = Farm(3, 10)

    dealt = [identity(packet) for place in range(3) for packet in farm.packets_of(place)]

    assert sorted(dealt) == sorted(identity(packet) for packet in farm.packets_in_order())


def test_packet_ids_count_up_on_each_connection_and_start_anew_before_they_end() -> None:
    farm = Farm(1, PACKET_IDS + 2)
    ids = [published(packet).packet_id for packet in farm.packets_of(0)[-3:]]

    assert ids == [PACKET_IDS, 1, 2]
    assert [published(packet).packet_id for packet in Farm(2, 4).packets_of(1)] == [1, 2]


def test_a_turbine_breaks_now_and_then_and_recovers() -> None:
    farm = Farm(1, BROKEN_EVERY * 2)

    broken = [index for index in range(farm.readings) if farm.reading(index).operational_status != "ok"]

    assert len(broken) == 2 * BROKEN_FOR
    assert farm.reading(farm.readings - 1).operational_status is OperationalStatus.BROKEN
    assert farm.reading(BROKEN_EVERY).operational_status is OperationalStatus.OK


@given(st.lists(st.integers(0, 300), max_size=20), st.data())
def test_packets_are_found_however_the_stream_is_cut(sizes: list[int], data: st.DataObject) -> None:
    packets = [mqtt5.PublishPacket("t", b"x" * size).write() for size in sizes]
    stream = b"".join(packets)
    cut = data.draw(st.integers(0, len(stream)))
    received = bytearray(stream[:cut])

    found = list(whole_packets(received))
    received += stream[cut:]
    found += whole_packets(received)

    assert found == packets
    assert received == b""


def test_what_is_not_mqtt_has_no_length() -> None:
    with pytest.raises(ValueError, match="remaining length"):
        packet_length(b"\x30\xff\xff\xff\xff\x01")
