"""What TLS costs is judged by the ratio of rounds."""

from benchmarks.throughput import Throughput
from benchmarks.tls import OVER_TLS, PLAIN, table_of


def run(per_second: float) -> Throughput:
    return Throughput(per_second, 0, 50.0, 10.0, 12.0, 0.9)


def test_tls_that_takes_more_than_a_fifth_misses_its_bar() -> None:
    missed = table_of({PLAIN: [run(1000), run(2000)], OVER_TLS: [run(700), run(1400)]})
    held = table_of({PLAIN: [run(1000), run(2000)], OVER_TLS: [run(850), run(1700)]})
    assert (missed.missed, held.missed) == (1, 0)
