"""How a socket is closed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

NORMAL, GOING_AWAY, BINARY, POLICY, TOO_LARGE, RESTART, SIGNED_OUT = 1000, 1001, 1003, 1008, 1009, 1012, 4401

Send = Callable[[dict[str, Any]], Awaitable[None]]


async def close(send: Send, code: int) -> None:
    """Close the socket behind ``send`` with ``code``.

    Daphne's library lets an application say only 1000 and 3000 to 4999: any other code of RFC 6455 raises, and the
    socket stays open. Under Daphne it is therefore the protocol behind ``send`` that is asked.
    """
    line: Any = next(iter(getattr(send, "args", ())), None)
    if hasattr(line, "sendCloseFrame") and NORMAL < code < 3000:
        line.sendCloseFrame(code=code)
    else:
        await send({"type": "websocket.close", "code": code})
