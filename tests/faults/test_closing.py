"""Why a socket was closed, as it arrives under each server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.faults.client import cookie_header, engage, socket_url
from tests.faults.shop import Shop


@pytest.mark.parametrize("under", ["daphne", "uvicorn"])
async def test_each_server_says_why(open_shop: Callable[..., Shop], under: str) -> None:
    shop = open_shop("sqlite", under=under)
    reasons: dict[int, Sequence[str | bytes]] = {1003: [b"binary"], 1009: ["x" * 40_000], 1008: ["nonsense"] * 3}
    assert {code: await closing(shop, sent) for code, sent in reasons.items()} == {code: code for code in reasons}


async def closing(shop: Shop, sent: Sequence[str | bytes]) -> int | None:
    """The code that a visitor's socket is closed with after ``sent``."""
    origin = shop.origin(0)
    headers = {"Cookie": cookie_header(engage(origin)), "Origin": origin}
    async with connect(socket_url(origin, "visitor"), additional_headers=headers, proxy=None) as line:
        for frame in sent:
            await line.send(frame)
        try:
            async with asyncio.timeout(5):
                while True:
                    await line.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None
