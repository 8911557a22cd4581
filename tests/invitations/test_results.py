"""What managers read of it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone, translation

from consult.invitations import results
from consult.invitations.outcome import Figures, Outcome
from consult.invitations.results import Cell, Table
from consult.models import Exposure, Purchase, Rule

RESULTS = "/admin/consult/rule/results/"


def outcome(invited: tuple[int, int], held: tuple[int, int] = (0, 0)) -> Outcome:
    """Of so many, so many ordered."""
    figures = [Figures(shown=shown, ordered=ordered, orders=ordered) for shown, ordered in (invited, held)]
    return Outcome(Rule(name="Product pages"), {"A": figures[0]}, figures[1])


def plain(text: str) -> str:
    return text.replace("\xa0", " ")


@pytest.fixture
def rule(db: None) -> Rule:
    rule = Rule.objects.create(name="Product pages")
    for variant, text in (("A", "Which one?"), ("B", "<b>How</b> bright?")):
        rule.greetings.create(variant=variant, text=text)
    return rule


def show(rule: Rule, **facts: Any) -> Exposure:
    return Exposure.objects.create(
        **{"rule": rule, "variant": "A", "browser": uuid4(), "number": 1, "visit": 1} | facts
    )


def read(user: User, client: Client, **days: str) -> str:
    client.force_login(user)
    answer = client.get(RESULTS, days)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(("name", "status"), [("manager", 200), ("reader", 200), ("operator", 403), ("staff", 403)])
def test_who_may_read(name: str, status: int, request: pytest.FixtureRequest, client: Client, rule: Rule) -> None:
    client.force_login(request.getfixturevalue(name))
    assert client.get(RESULTS).status_code == status


@pytest.mark.django_db
def test_a_stranger_is_asked_to_sign_in(client: Client) -> None:
    assert client.get(RESULTS)["Location"].startswith("/admin/login/")


@pytest.mark.parametrize(
    ("invited", "held", "said"),
    [
        (
            (480, 34),
            (100, 4),
            "7.1 % of the invited ordered, 4.0 % of the held out: +3.1 points (−3.1 to +6.7): not certain yet.",
        ),
        ((1000, 120), (1000, 40), "+8.0 points (+5.7 to +10.4): the invitation helps."),
        ((1000, 40), (1000, 120), "−8.0 points (−10.4 to −5.7): the invitation does harm."),
        ((1000, 40), (1000, 40), "+0.0 points (−1.8 to +1.8): not certain yet."),
        ((480, 34), (0, 0), "Nobody was held out"),
        ((0, 0), (100, 4), "Everybody was held out"),
    ],
)
def test_the_sentence_promises_no_more_than_the_figures(
    invited: tuple[int, int], held: tuple[int, int], said: str
) -> None:
    assert said in plain(results.effect(outcome(invited, held)))


def test_numbers_are_written_as_the_reader_writes_them() -> None:
    with translation.override("ru"):
        assert plain(results.money(Decimal("1234.5"))) == "1 234,50"
        assert results.points(-0.0312) == "−3,1"


def test_a_table_has_a_column_for_each_variant_and_the_held_out(rule: Rule) -> None:
    a, b, held = Figures(shown=100, accepted=10), Figures(shown=50), Figures(shown=20, ordered=1)
    table = Table.of(Outcome(rule, {"A": a, "B": b}, held))
    assert [column.name for column in table.columns] == ["A", "B", "Together", "Held out"]
    rows = dict(table.rows)
    assert [cell.text for cell in rows["How many"]] == ["100", "50", "150", "20"]
    assert [plain(cell.text) for cell in rows["Accepted"]] == ["10.0 %", "0.0 %", "6.7 %", "–"]
    assert plain(rows["Accepted"][0].between) == "5.5 to 17.4 %"
    assert rows["Accepted"][0].bar == (32, 100, 57)
    assert rows["Revenue for each visitor"][0] == Cell("–")


def test_a_rule_with_one_variant_has_one_column(rule: Rule) -> None:
    (column,) = Table.of(Outcome(rule, {"A": Figures(shown=1)}, Figures())).columns
    assert (column.name, column.greeting) == ("Invited", "Which one?")


def test_the_page_tells_what_followed(manager: User, client: Client, rule: Rule) -> None:
    Rule.objects.create(name="Delivery", position=1)
    for number in range(3):
        show(rule, variant="AAB"[number], session=f"s{number}")
        Purchase.objects.create(order=f"order {number}", session=f"s{number}", amount=Decimal("1200.50"))
    Purchase.objects.create(order="unpriced", session="s0")
    page = read(manager, client)
    assert "Product pages" in page
    assert "&lt;b&gt;How&lt;/b&gt; bright?" in page
    assert "3,601.50" in page
    assert "Of 1 order no amount is known" in page
    assert "Invited nobody in these days: <bdi>Delivery</bdi>" in " ".join(page.split())


def test_the_last_thirty_days_unless_somebody_says_otherwise(manager: User, client: Client, rule: Rule) -> None:
    today = timezone.localdate()
    show(rule, shown_at=timezone.now() - timedelta(days=40))
    assert "Nobody was invited in these days." in read(manager, client)
    days = {"first": f"{today - timedelta(days=60)}", "last": f"{today}"}
    assert "Nobody was invited in these days." not in read(manager, client, **days)


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"first": "2026-11-10", "last": "2026-11-01"}, "The first day comes after the last one: swap them."),
        ({"first": "yesterday", "last": "2026-11-01"}, "Enter a valid date."),
        ({"first": "2026-11-01"}, "This field is required."),
        ({"first": "2026-11-01", "last": "9999-12-31"}, "Ensure this value is less than or equal to"),
        ({"first": "0001-01-01", "last": "2026-11-01"}, "Ensure this value is greater than or equal to"),
    ],
)
def test_days_that_are_none_are_answered_with_a_sentence(
    manager: User, client: Client, rule: Rule, days: dict[str, str], said: str
) -> None:
    show(rule)
    assert said in read(manager, client, **days)
