"""What the process of the pages logs: bugs, one line each or one JSON object each, on standard error."""

import json
import logging
import sys
import time

from grid.times import SECOND, format_time


class JsonFormatter(logging.Formatter):
    """One JSON object for each record, with the keys that the monitor's own log has."""

    def format(self, record: logging.LogRecord) -> str:
        """Write it."""
        sentence, action = record.getMessage().strip(), getattr(record, "action", "logged")
        document = _document(record.created, action, sentence)
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return json.dumps(document)


def announce(sentence: str, *, as_json: bool) -> None:
    """Say on standard output that something goes as it should."""
    line = json.dumps(_document(time.time(), "pages", sentence)) if as_json else sentence
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _document(at: float, action: str, sentence: str) -> dict[str, str]:
    return {"time": format_time(round(at * SECOND)), "action": action, "sentence": sentence}


def log_to_stderr(*, as_json: bool) -> None:
    """Set up the log of this process."""
    stderr = logging.StreamHandler()
    stderr.setFormatter(JsonFormatter() if as_json else logging.Formatter("%(asctime)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[stderr])
