"""`python -m tests.cluster.forward LISTEN TARGET PORT COUNT`: ports of the address LISTEN lead to TARGET.

The newsroom answers on loopback only, and the collector hurries only there (everywhere else it leaves a second between
two requests): so each worker's loopback leads over the wire to that of the outlets' host."""

import asyncio
import contextlib
import sys
from functools import partial

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All that comes in goes out, until one side leaves."""
    with contextlib.suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    writer.close()


async def meet(target: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, carried to the target."""
    try:
        far_reader, far_writer = await asyncio.open_connection(target, port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))


async def main() -> None:
    """Until it is killed."""
    listen, target, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    for port in range(first, first + count):
        await asyncio.start_server(partial(meet, target, port), listen, port, backlog=256)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
