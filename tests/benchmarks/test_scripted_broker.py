"""The scripted broker, with a real monitor on it: what it says of the readings is what the monitor's database says."""

from pathlib import Path

import mqtt5
import pytest

from benchmarks.consumers import distinct_readings
from benchmarks.direct import data_folder, feeder
from benchmarks.scripted_broker import leading_pubacks


def puback(packet_id: int) -> bytes:
    return mqtt5.PubAckPacket(packet_id).write()


@pytest.mark.parametrize(
    ("received", "count"),
    [
        (b"", 0),
        (puback(1) + puback(2), 2),
        (puback(1) + puback(2)[:3], 1),
        (puback(0x4002) + puback(0x0240), 2),
        (puback(1) + mqtt5.PingReqPacket().write() + puback(2), 1),
        (mqtt5.PublishPacket("t", b"\x40\x02\x00\x01").write() + puback(1), 0),
        (b"\x40\x03\x00\x01\x10", 0),
    ],
)
def test_pubacks_are_counted_up_to_the_first_other_packet(received: bytes, count: int) -> None:
    assert leading_pubacks(received) == count


def test_a_monitor_that_is_fed_directly_stores_all_that_it_acknowledges() -> None:
    with feeder(pinned=False) as broker, data_folder() as folder, broker.monitor(folder) as program:
        flood = broker.feed(program, 3_000)
        paced = broker.feed(program, 200, rate=1_000)
        stored = distinct_readings(folder / "grid.db")

    assert (flood.delivery.acknowledged, paced.delivery.acknowledged) == (3_000, 200)
    assert stored == 3_200
    assert flood.receive_maximum is not None
    assert paced.seconds >= 199 / 1_000
    assert 0 < paced.delivery.p50 <= paced.delivery.p99 <= paced.delivery.p999


def test_a_killed_monitor_has_stored_what_it_acknowledged_and_starts_again(tmp_path: Path) -> None:
    with feeder(pinned=False) as broker:
        seconds = broker.recovery(tmp_path / "data", 50_000)

    assert 0 < seconds < 30
    assert distinct_readings(tmp_path / "data" / "grid.db") > 1
