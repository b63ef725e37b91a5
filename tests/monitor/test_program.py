"""Which signals end the running monitor in order."""

import signal

import pytest

from monitor.program import SIGNALS, signals_heard


@pytest.mark.parametrize(
    ("disposition", "is_heard"), [(signal.SIG_DFL, True), (signal.SIG_IGN, False)], ids=["as usual", "under nohup"]
)
def test_the_end_of_a_terminal_is_heard_unless_nohup_asks_for_more(
    disposition: signal.Handlers, is_heard: bool
) -> None:
    before = signal.signal(signal.SIGHUP, disposition)
    try:
        assert (signal.SIGHUP in signals_heard()) is is_heard
        assert signals_heard().keys() >= SIGNALS.keys() - {signal.SIGHUP}
    finally:
        signal.signal(signal.SIGHUP, before)
