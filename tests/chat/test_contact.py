"""How to reach a visitor: what is accepted of it, and who hears."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from consult.chat import contact
from consult.models import Conversation, Visitor
from tests.chat.conftest import browser_of
from tests.chat.test_exchange import HELLO, Browser

Visit = Callable[..., Any]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({"name": "  Vera \n Vogel "}, {"name": "Vera Vogel"}),
        ({"name": "Vera\u202elegoV\u061c"}, {"name": "VeralegoV"}),
        ({"name": "\u200b\u2060 \u00ad\u3164\U000e0041"}, {"name": ""}),
        ({"name": "\u0301\u0301"}, {"name": ""}),
        ({"name": "می\u200cخواهم"}, {"name": "می\u200cخواهم"}),
        ({"email": "vera@shop.example"}, {"email": "vera@shop.example"}),
        ({"phone": "+49 (30) 123-45"}, {"phone": "+49 (30) 123-45"}),
        ({"name": "", "email": " "}, {"name": "", "email": ""}),
        ({}, {}),
    ],
)
def test_what_is_typed_is_kept_tidy(typed: dict[str, str], kept: dict[str, str]) -> None:
    assert contact.clean(**typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        {"name": "V" * 65},
        {"email": "vera"},
        {"email": "vera@shop.example, walter@shop.example"},
        {"email": "Vera <vera@shop.example>"},
        {"email": "vera@shop.example\nBcc: walter@shop.example"},
        {"email": f"{'v' * 250}@shop.example"},
        {"email": '"walter@shop.example,"@home.example'},
        {"email": '"vera"@home.example'},
        {"email": "root@localhost"},
        {"email": "root@[10.0.0.1]"},
        {"phone": "1234"},
        {"phone": "1" * 21},
        {"phone": "call me"},
        {"phone": "0301234;rm"},
    ],
)
def test_what_reaches_nobody_is_refused_with_a_sentence_at_its_field(typed: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refusal:
        contact.clean(**{"name": "Vera"} | typed)
    assert list(refusal.value.message_dict) == list(typed)
    assert all(sentence.endswith(".") for sentences in refusal.value.message_dict.values() for sentence in sentences)


@pytest.mark.django_db(transaction=True)
async def test_all_tabs_and_the_desks_hear_of_it(
    visit: Visit, sit_down: Visit, conversation: Conversation, visitor: Visitor, operator: User
) -> None:
    one, other, desk = await visit(visitor), await visit(visitor), await sit_down(operator)
    assert one.welcome["contact"] == {"name": "Vera", "email": "", "phone": ""}
    await one.tell("contact", email="vera@shop.example", phone="030 12345")
    known = {"type": "contact", "name": "Vera", "email": "vera@shop.example", "phone": "030 12345"}
    assert await one.hear("contact") == await other.hear("contact") == known
    assert (await desk.hear("row"))["row"]["visitor"]["email"] == "vera@shop.example"
    assert (await visit(visitor)).welcome["contact"]["phone"] == "030 12345"


@pytest.mark.django_db(transaction=True)
async def test_who_says_their_name_speaks_under_it(visit: Visit, other_visitor: Visitor) -> None:
    page = await visit(other_visitor)
    await page.tell("contact", name="Walter Wolf")
    await page.hear("contact")
    await page.say("Which size?")
    assert (await page.hear("message"))["author"]["name"] == "Walter Wolf"


@pytest.mark.django_db(transaction=True)
async def test_what_is_wrong_is_named_and_nothing_of_it_kept(visit: Visit, visitor: Visitor) -> None:
    page = await visit(visitor)
    await page.tell("contact", name="Wanda", email="vera@", phone="1")
    refused = await page.hear("refused")
    assert (refused["of"], refused["reason"], refused["fields"]) == ("contact", "invalid", ["email", "phone"])
    assert (await Visitor.objects.aget(pk=visitor.pk)).name == "Vera"
    await page.tell("contact", email=["vera@shop.example"])
    assert (await page.hear("refused"))["reason"] == "malformed"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("tasks_end_with_their_test")
async def test_where_sockets_are_blocked_it_is_said_over_http(visitor: Visitor) -> None:
    blocked = Browser("visitor", await sync_to_async(browser_of)(visitor))
    response = await blocked.post(json.dumps(HELLO), json.dumps({"type": "contact", "phone": "030 12345"}))
    frames = [json.loads(line) for line in response.content.decode().split("\n")]
    assert [frame["phone"] for frame in frames if frame["type"] == "contact"] == ["030 12345"]
