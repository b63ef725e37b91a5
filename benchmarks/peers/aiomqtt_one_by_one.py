"""aiomqtt 2.5 as its documentation shows it: validate, insert and commit each reading."""

import asyncio
import sys
from pathlib import Path

from aiomqtt import Client, ProtocolVersion

from benchmarks.peers.table import INSERT, create, validated


async def main(port: int, path: Path, protocol: ProtocolVersion) -> None:
    """Store what comes, until the process is ended."""
    database = create(path)
    async with Client("127.0.0.1", port, identifier="peer", protocol=protocol) as client:
        await client.subscribe("grid/turbines/+/metrics", qos=1)
        async for message in client.messages:
            if isinstance(message.payload, bytes):
                database.execute(INSERT, validated(message.payload))
                database.commit()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), ProtocolVersion[sys.argv[3]]))
