"""aiomqtt 2.5 with the step that people take next: a transaction for every hundred readings."""

import asyncio
import sys
from pathlib import Path

from aiomqtt import Client, ProtocolVersion

from benchmarks.peers.table import INSERT, Row, create, validated

BATCH = 100


async def main(port: int, path: Path, protocol: ProtocolVersion) -> None:
    """Store what comes, until the process is ended."""
    database = create(path)
    rows: list[Row] = []
    async with Client("127.0.0.1", port, identifier="peer", protocol=protocol) as client:
        await client.subscribe("grid/turbines/+/metrics", qos=1)
        async for message in client.messages:
            if isinstance(message.payload, bytes):
                rows.append(validated(message.payload))
            if len(rows) == BATCH:
                database.executemany(INSERT, rows)
                database.commit()
                rows.clear()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), ProtocolVersion[sys.argv[3]]))
