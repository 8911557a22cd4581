"""A page of another site opens no socket here, and leaves no trace but its refusal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.faults.client import cookie_header, engage, socket_url
from tests.faults.shop import Shop


@pytest.mark.parametrize("under", ["daphne", "uvicorn"])
async def test_another_site_is_refused_quietly(open_shop: Callable[..., Shop], under: str) -> None:
    shop = open_shop("sqlite", under=under)
    here = shop.origin(0)
    cookies = cookie_header(engage(here))

    async def answered(origin: str | None) -> int:
        headers = {"Cookie": cookies} | ({"Origin": origin} if origin else {})
        try:
            async with connect(socket_url(here, "visitor"), additional_headers=headers, proxy=None) as line:
                return line.response.status_code if line.response else 0
        except InvalidStatus as refused:
            return refused.response.status_code

    assert await answered(here) == 101
    wrong = ["https://elsewhere.example", here.replace("http:", "https:"), "null", None]
    assert {origin: await answered(origin) for origin in wrong} == dict.fromkeys(wrong, 403)
    assert "Traceback" not in shop.said_by_servers()
    assert await answered(here) == 101
