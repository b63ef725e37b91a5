"""A plain line to a broker, before TLS and MQTT."""

import asyncio
import os
import socket

from grid.broker import Broker


async def dial(loop: asyncio.AbstractEventLoop, broker: Broker, *, within_seconds: float) -> socket.socket:
    """Connect to the first of the host's addresses that answers; each has an equal share of the time.

    Raises the OSError of the last one.
    """
    addresses = await loop.getaddrinfo(broker.host, broker.port, type=socket.SOCK_STREAM)
    failure = OSError(f"{broker.host} has no address")
    for family, kind, protocol, _, address in addresses:
        line = socket.socket(family, kind, protocol)
        try:
            line.setblocking(False)
            async with asyncio.timeout(within_seconds / len(addresses)):
                await loop.sock_connect(line, address)
        except OSError as error:
            line.close()
            failure = OSError(error.errno, os.strerror(error.errno)) if error.errno else error  # without the address
        except BaseException:
            line.close()
            raise
        else:
            return line
    raise failure
