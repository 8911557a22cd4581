"""How to reach a visitor is asked by a document that is the same for everybody of one language."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db


def test_any_cache_may_keep_it(client: Client, customer: User) -> None:
    stranger = client.get("/consult/reach/en/")
    client.force_login(customer)
    answer = client.get("/consult/reach/en/")
    assert answer.content == stranger.content
    assert "public" in answer.headers["Cache-Control"]
    assert "cookie" not in answer.headers.get("Vary", "").lower()


def test_it_speaks_the_page_s_language(client: Client) -> None:
    assert '<html lang="ru"' in client.get("/consult/reach/ru/").content.decode()
    assert client.get("/consult/reach/xx/").status_code == 404


def test_nothing_in_it_is_inline(client: Client) -> None:
    html = client.get("/consult/reach/en/").content.decode()
    assert "<script" not in html
    assert "<style" not in html
    assert " style=" not in html
