"""(b) The bare probe: the least that still keeps and delivers a message. Nothing that does more can be cheaper.

A raw ASGI socket, a registry by conversation in this process, one thread that writes all that waits and commits once.
No framework, no authorization, no numbering, no duplicates found, no second process.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

Send = Callable[[dict[str, Any]], Awaitable[None]]
Said = tuple[str, dict[str, str]]

INSERT = "INSERT INTO line (room, author, client_id, body, sent_at) VALUES (%s, %s, %s, %s, now())"
MOST_AT_ONCE = 200

rooms: dict[str, set[Send]] = defaultdict(set)
under_way: set[asyncio.Future[None]] = set()
waiting: queue.SimpleQueue[Said] = queue.SimpleQueue()


async def application(scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
    if scope["type"] == "lifespan":
        return
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    start_writer()
    room = scope["path"]
    await receive()
    await send({"type": "websocket.accept"})
    rooms[room].add(send)
    try:
        while (event := await receive())["type"] == "websocket.receive":
            waiting.put((room, json.loads(event["text"])))
    finally:
        rooms[room].discard(send)


def start_writer() -> None:
    if not any(thread.name == "writer" for thread in threading.enumerate()):
        threading.Thread(target=write, args=[asyncio.get_running_loop()], name="writer", daemon=True).start()


def write(loop: asyncio.AbstractEventLoop) -> None:
    with psycopg.connect(os.environ["BENCH_DATABASE_URL"], autocommit=True) as connection:
        while True:
            batch = [waiting.get()]
            while len(batch) < MOST_AT_ONCE and not waiting.empty():
                batch.append(waiting.get())
            with connection.transaction(), connection.cursor() as cursor:
                rows = [(room, line["author"], line["client_id"], line["body"]) for room, line in batch]
                cursor.executemany(INSERT, rows)
            loop.call_soon_threadsafe(deliver, batch)


def deliver(batch: list[Said]) -> None:
    under_way.add(task := asyncio.ensure_future(pass_on(batch)))
    task.add_done_callback(under_way.discard)


async def pass_on(batch: list[Said]) -> None:
    for room, line in batch:
        text = json.dumps(line)
        for send in list(rooms[room]):
            await send({"type": "websocket.send", "text": text})
