"""pymosquitto, the C client's library under Python: the same in batches. It takes part where it is installed."""

import sys
from pathlib import Path
from typing import Any

from pymosquitto import Mosquitto

from benchmarks.peers.table import INSERT, Row, create, validated

BATCH = 500


def main(port: int, path: Path) -> None:
    """Store what comes, until the process is ended."""
    database = create(path)
    rows: list[Row] = []

    def on_message(client: Any, userdata: Any, message: Any) -> None:
        rows.append(validated(message.payload))
        if len(rows) == BATCH:
            database.executemany(INSERT, rows)
            database.commit()
            rows.clear()

    client = Mosquitto("peer")
    client.on_connect = lambda *_: client.subscribe("grid/turbines/+/metrics", 1)
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.loop_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
