"""The number in the icon of the desk's tab."""

from __future__ import annotations

import re

import pytest
from django.test import Client


@pytest.mark.parametrize(("count", "shown"), [(0, []), (1, ["1"]), (9, ["9"]), (10, ["9+"])])
def test_the_icon_says_how_many_wait(client: Client, count: int, shown: list[str]) -> None:
    answer = client.get(f"/admin/consult/desk/icon/{count}.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    assert re.findall(r"<text[^>]*>([^<]*)</text>", answer.text) == shown


def test_there_is_no_end_of_icons(client: Client) -> None:
    assert client.get("/admin/consult/desk/icon/11.svg").status_code == 404


def test_the_icon_is_asked_for_once_a_day_and_tells_nothing_of_anybody(client: Client) -> None:
    answer = client.get("/admin/consult/desk/icon/1.svg")
    assert answer["Cache-Control"] == "public, max-age=86400"
    assert "Cookie" not in answer.get("Vary", "")
