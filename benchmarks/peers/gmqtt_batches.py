"""gmqtt, a client in plain asyncio: its callback validates, and every five hundred readings are a transaction."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from gmqtt import Client

from benchmarks.peers.table import INSERT, Row, create, validated

BATCH = 500


async def main(port: int, path: Path) -> None:
    """Store what comes, until the process is ended."""
    database = create(path)
    rows: list[Row] = []

    def on_message(client: Client, topic: str, payload: bytes, qos: int, properties: dict[str, Any]) -> int:
        rows.append(validated(payload))
        if len(rows) == BATCH:
            database.executemany(INSERT, rows)
            database.commit()
            rows.clear()
        return 0

    client = Client("peer")
    client.on_message = on_message
    await client.connect("127.0.0.1", port)
    client.subscribe("grid/turbines/+/metrics", qos=1)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
