"""A plain line to a broker, before TLS and MQTT."""

import asyncio
import os
import socket

from grid.broker import Broker


async def dial(loop: asyncio.AbstractEventLoop, broker: Broker) -> socket.socket:
    """Connect to the first of the host's addresses that answers. Raises the OSError of the last one."""
    failure = OSError(f"{broker.host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(broker.host, broker.port, type=socket.SOCK_STREAM):
        line = socket.socket(family, kind, protocol)
        try:
            line.setblocking(False)
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
