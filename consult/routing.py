"""The shop's door for sockets: ``ProtocolTypeRouter({"http": …, "websocket": consult.routing.websocket})``."""

from __future__ import annotations

from typing import Any


async def websocket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The ASGI application behind ``/ws/consult/``. Anything else is refused.

    Nothing of the app's models is imported before the first call: the order of lines in an ``asgi.py`` can't break it.
    """
    from consult.chat.desk_socket import DeskSocket
    from consult.chat.visitor_socket import VisitorSocket

    served = {"/ws/consult/visitor/": VisitorSocket, "/ws/consult/desk/": DeskSocket}
    socket = served.get(scope["path"])
    if socket is None:
        await receive()
        await send({"type": "websocket.close"})
    else:
        await socket.serve(scope, receive, send)
