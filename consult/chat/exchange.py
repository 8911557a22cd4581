"""Where sockets are blocked: one HTTP exchange is a short socket. Frames in, a line each; frames out, a line each.

The same sockets, verbs and ids. An exchange begins with ``hello``; one that brings no news waits for some, for up to
``?wait=`` seconds: a long poll, under ASGI.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from consult.chat import frames, origin
from consult.chat.closing import BINARY, POLICY, RESTART, SIGNED_OUT, TOO_LARGE
from consult.chat.desk_socket import DeskSocket
from consult.chat.socket import Socket
from consult.chat.visitor_socket import VisitorSocket

MAX_BODY = 4 * frames.MAX_SIZE
MAX_LINES = 100
MAX_WAIT = 25.0  # seconds; below what proxies cut
ANSWER_WITHIN = 10.0  # seconds for what was said to be stored

STATUS = {SIGNED_OUT: 401, TOO_LARGE: 413, BINARY: 415, POLICY: 400, RESTART: 503}  # how a socket closes, said in HTTP

QUIET = {"welcome", "rows", "availability", "place", "heartbeat"}  # what follows any hello

View = Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]]


def over_http(kind: type[Socket]) -> View:
    """The view that serves sockets of ``kind``. Judged by its Origin, as they are, instead of the CSRF token."""

    @csrf_exempt
    @require_POST
    @never_cache
    @transaction.non_atomic_requests
    async def view(request: HttpRequest) -> HttpResponse:
        if not origin.allowed(request):
            return HttpResponse(status=403)
        exchange = Exchange()
        socket = kind(exchange.nothing, exchange.keep)
        if refused := await socket.admit(request):
            return HttpResponse(status=STATUS[refused])
        body = request.body
        if len(body) > MAX_BODY or body.count(b"\n") >= MAX_LINES:
            return HttpResponse(status=413)
        await exchange.run(socket, body.decode(errors="replace").split("\n"), _wait(request))
        return HttpResponse("\n".join(exchange.lines), status=exchange.status, content_type="application/x-ndjson")

    return view


class Exchange:
    """Stands where the server stands for a socket, and keeps what it sends."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.status = 200
        self._news = asyncio.Event()

    async def nothing(self) -> dict[str, Any]:
        return {"type": "websocket.disconnect"}

    async def keep(self, event: dict[str, Any]) -> None:
        if event["type"] == "websocket.close":
            self.status = STATUS.get(event["code"], 200)
        else:
            self.lines.append(event["text"])
        self._news.set()

    async def run(self, socket: Socket, lines: list[str], wait: float) -> None:
        socket.answers = []
        socket.enter()
        try:
            for line in lines:
                if socket.open and line:
                    await socket.receive({"text": line})
            if socket.answers:
                await asyncio.wait(socket.answers, timeout=ANSWER_WITHIN)
            await socket.sent()
            if not self._brought_news():
                self._news.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), wait)
            await socket.sent()
        finally:
            socket.leave()

    def _brought_news(self) -> bool:
        sent = [json.loads(line) for line in self.lines]
        return self.status != 200 or any(frame["type"] not in QUIET or frame.get("messages") for frame in sent)


def _wait(request: HttpRequest) -> float:
    """The seconds asked for, within reason; none where waiting would hold a thread."""
    try:
        asked = float(request.GET.get("wait", 0))
    except ValueError:
        asked = 0
    return min(asked, MAX_WAIT) if isinstance(request, ASGIRequest) and asked > 0 else 0


over_http_visitor, over_http_desk = over_http(VisitorSocket), over_http(DeskSocket)
