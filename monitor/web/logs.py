"""What the process of the pages logs: bugs, one line each or one JSON object each, on standard error."""

import json
import logging

from grid.times import SECOND, format_time


class JsonFormatter(logging.Formatter):
    """One JSON object for each record, with the keys that the monitor's own log has."""

    def format(self, record: logging.LogRecord) -> str:
        """Write it."""
        document = {
            "time": format_time(round(record.created * SECOND)),
            "action": getattr(record, "action", "logged"),
            "sentence": record.getMessage().strip(),
        }
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return json.dumps(document)


def log_to_stderr(*, as_json: bool) -> None:
    """Set up the log of this process."""
    stderr = logging.StreamHandler()
    stderr.setFormatter(JsonFormatter() if as_json else logging.Formatter("%(asctime)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[stderr])
