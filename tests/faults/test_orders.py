"""F24: orders survive kills: each is decided once, and stands in the audit once."""

import signal
import threading
from collections import Counter
from itertools import count

from fault_farm import Extent, FaultFarm
from figures import Figures
from programs import wait_for

from monitor.control import NoMonitorError, ask, order_request
from monitor.facts import Actor, Door, Order, OrderKind, OrderRefusal

TURBINE = 1
ANNA = Actor("anna", Door.API, "orders", "t-1", "192.0.2.7")
ASK_AGAIN = (OrderRefusal.IN_PROGRESS, OrderRefusal.UNAVAILABLE)
DECIDED = "SELECT action FROM events WHERE action IN ('turbine_held', 'turbine_released') ORDER BY event_id"
AUDIT = "SELECT why, action, accepted, who, token_id FROM audit ORDER BY audit_id"


class Anna:
    """Holds and releases a turbine, each order with a key, and asks again until she has an answer."""

    def __init__(self, farm: FaultFarm) -> None:
        self.answered: dict[str, OrderKind] = {}
        self.asked_again = 0
        self._farm = farm
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="anna")

    def __enter__(self) -> "Anna":
        self._thread.start()
        return self

    def __exit__(self, *of_the_test: object) -> None:
        self._over.set()
        self._thread.join()

    def wait_for_answer(self) -> None:
        """Wait for the next one."""
        before = len(self.answered)
        wait_for(lambda: len(self.answered) > before, "an order is answered")

    def _work(self) -> None:
        for number in count():
            if self._over.is_set():
                return
            kind = OrderKind.RELEASE if number % 2 else OrderKind.HOLD
            self._order(Order(kind, TURBINE, ANNA.who, f"order-{number}", f"key-{number}", ANNA))

    def _order(self, order: Order) -> None:
        while True:
            try:
                answer = ask(self._farm.data_dir, order_request(order), within_seconds=5)
            except NoMonitorError:
                answer = {"refusal": OrderRefusal.UNAVAILABLE}
            if answer.get("refusal") not in ASK_AGAIN:
                assert answer["accepted"], answer
                self.answered[order.why] = order.kind
                return
            self.asked_again += 1
            self._over.wait(0.01)


def test_f24_kills_lose_and_double_no_order_and_no_row_of_the_audit(
    farm: FaultFarm, extent: Extent, figures: Figures
) -> None:
    kills = extent(3, 60)
    monitor = farm.monitor()
    farm.report(TURBINE, "ok")
    wait_for(lambda: farm.link_of(TURBINE), "the turbine is known")
    with Anna(farm) as anna:
        for _ in range(kills):
            anna.wait_for_answer()
            farm.pause(0.0, 0.5)
            monitor.end(signal.SIGKILL)
            monitor = farm.monitor()
    kept = farm.ask(AUDIT)
    assert [(why, action) for why, action, *_ in kept] == list(anna.answered.items())
    assert Counter(row[2:] for row in kept) == {(1, "anna", "t-1"): len(kept)}
    assert Counter(action for (action,) in farm.ask(DECIDED)).total() == len(kept)
    assert anna.asked_again > 0
    seen = f"orders {len(anna.answered)}, decided {len(kept)}, in the audit {len(kept)}, doubled 0"
    figures.note("F24", f"monitor killed {kills} times while orders are given", seen)
