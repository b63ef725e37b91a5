"""What commands ask of the running monitor: its answer, or a sentence for the user."""

from pathlib import Path
from typing import TYPE_CHECKING

from grid.errors import CommandError
from monitor.console.words import plain

if TYPE_CHECKING:
    from monitor.control import Answer, Request


def ask_monitor(data_dir: Path, request: "Request") -> "Answer":
    """The answer of the monitor that runs on a data folder, its sentence safe to print.

    Raises CommandError with the sentence if it refuses, or if none runs.
    """
    from monitor.control import NoMonitorError, ask

    try:
        answer = ask(data_dir, request)
    except NoMonitorError as error:
        raise CommandError(str(error)) from None
    sentence = plain(str(answer.get("sentence", "")))
    if not answer.get("accepted"):
        raise CommandError(sentence)
    return answer | {"sentence": sentence}
