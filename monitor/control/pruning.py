"""Pruning through the running monitor, which alone may write: each part is a request at its control socket."""

from pathlib import Path

from monitor.control.client import NoMonitorError, ask
from monitor.control.documents import Answer, Request
from monitor.store.errors import StoreUnavailableError
from monitor.store.prunings import CutFile, Deleted, Slice


class MonitorDoor:
    """Asks the monitor that runs on a data folder. All methods raise StoreUnavailableError if it can't or won't."""

    is_shared = True

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def delete(self, part: Slice) -> Deleted:
        """As StoreDoor."""
        answer = self._ask({"delete": part.model_dump()})
        return Deleted(int(answer["pruning_id"]), int(answer["rows"]), float(answer["seconds"]))

    def replace(self, cut: CutFile) -> None:
        """As StoreDoor."""
        self._ask({"replace_text_file": cut.model_dump()})

    def _ask(self, request: Request) -> Answer:
        try:
            answer = ask(self._data_dir, request)
        except NoMonitorError as error:
            raise StoreUnavailableError(f"pruning stopped, and goes on when it is run again: {error}") from None
        if not answer.get("accepted"):
            sentence = answer.get("sentence", "the monitor is of another version")
            raise StoreUnavailableError(f"pruning stopped, and goes on when it is run again: {sentence}")
        return answer
