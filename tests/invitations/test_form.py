"""A manager's rules: what the form proposes, what it refuses and why, and what it makes of the rest."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client, override_settings

from consult.invitations import current, sentence
from consult.invitations.form import Typed
from consult.models import Exposure, Greeting, Rule
from tests.desk.conftest import at

RULES = "/admin/consult/rule/"
ADD = f"{RULES}add/"

# What a browser sends of a new rule that got a name and nothing else.
PROPOSED = {
    "name": "Around the lamps",
    "is_on": "on",
    "position": "0",
    "availability": ["online"],
    "signed_in": "unknown",
    "has_ordered": "unknown",
    "page_kinds": "product",
    "except_kinds": "checkout, payment",
    "match": "all",
    "page_seconds": "25",
    "pages": "3",
    "result": "invite",
    "per_visit": "1",
    "per_30_days": "3",
    "hours_apart": "24",
    "held_percent": "0",
    "greetings-TOTAL_FORMS": "3",
    "greetings-INITIAL_FORMS": "0",
    "greetings-0-variant": "A",
    "greetings-0-moment": "",
    "greetings-0-text": "Hello! Which room is it for?",
    "greetings-1-variant": "A",
    "greetings-2-variant": "A",
}

ONLY_LABEL = {"result": "label", "page_seconds": "", "pages": ""}


@pytest.fixture
def rule(db: None) -> Rule:
    return Rule.objects.create(name="Lamps", availability=["online"], page_seconds=25)


@pytest.fixture
def admin(manager: User) -> Client:
    return at(manager)


def told(rule: Rule, **typed: Any) -> list[str]:
    """What a manager is told of the proposed rule with these changes."""
    form = Typed({**PROPOSED, **typed}, rule)
    return [] if form.is_valid() else form.sentences()


# Who


@pytest.mark.parametrize("address", [RULES, ADD])
def test_only_managers_see_rules(
    address: str, manager: User, operator: User, reader: User, staff: User, customer: User
) -> None:
    assert at(manager).get(address).status_code == 200
    for other in (operator, reader, staff):
        assert at(other).get(address).status_code == 403
    assert at(customer).get(address).status_code == 302


def test_the_index_names_them_to_managers_only(manager: User, operator: User) -> None:
    assert RULES in at(manager).get("/admin/").text
    assert RULES not in at(operator).get("/admin/").text


# What is made of it


def test_what_is_proposed_is_a_rule(admin: Client) -> None:
    proposed = admin.get(ADD).context["adminform"].form
    for name in ("availability", "page_seconds", "pages", "result", "match"):
        assert str(proposed[name].value()) == str(PROPOSED.get(name, ["online"])), name
    assert (proposed["page_kinds"].value(), proposed["except_kinds"].value()) == ("product", "checkout, payment")

    assert admin.post(ADD, PROPOSED).status_code == 302
    rule = Rule.objects.get()
    assert (rule.page_kinds, rule.except_kinds, rule.availability) == (
        ["product"],
        ["checkout", "payment"],
        ["online"],
    )
    assert (rule.page_seconds, rule.pages, rule.result, rule.is_on) == (25, 3, "invite", True)
    assert [(each.variant, each.moment, each.text) for each in rule.greetings.all()] == [
        ("A", "", "Hello! Which room is it for?")
    ]
    assert "Shop online, on product pages, after 25 seconds and 3 pages: invites" in admin.get(RULES).text


def test_a_second_rule_stands_behind_the_first(admin: Client, rule: Rule) -> None:
    Rule.objects.update(position=7)
    assert admin.get(ADD).context["adminform"].form["position"].value() == 8


def test_lists_are_typed_as_words_and_lines(rule: Rule) -> None:
    typed = {
        "segments": ["regulars"],
        "countries": "de,AT , de",
        "regions": "Bavaria, Tyrol",
        "weekdays": ["0", "5"],
        "paths": " /lamps/* \r\n\r\n^/a,b$\r\n",
        "devices": ["phone"],
        "languages": ["ru"],
        "page_kinds": "product,\ndelivery",
    }
    with override_settings(CONSULT={"SEGMENTS": {"regulars": "shop.is_regular"}, "PLACE": "shop.place"}):
        assert told(rule, **typed) == []
    assert rule.segments == ["regulars"]
    assert (rule.countries, rule.regions, rule.weekdays) == (["DE", "AT"], ["Bavaria", "Tyrol"], [0, 5])
    assert (rule.paths, rule.page_kinds) == (["/lamps/*", "^/a,b$"], ["product", "delivery"])
    assert (rule.devices, rule.languages) == (["phone"], ["ru"])


# What is refused


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": ""}, "Name: This field is required."),
        ({"paths": "lamps/*"}, "Paths: “lamps/*” is no path. Write “/lamps/*”."),
        ({"except_paths": "^(a+)+"}, "Not on paths: “^(a+)+” repeats what can be long or short itself"),
        ({"countries": "Germany"}, "Countries: “GERMANY” is no country. Write two letters, such as DE for Germany."),
        ({"languages": ["tlh"]}, "Languages: “tlh” can't be chosen any more: take it out."),
        ({"segments": ["wholesale"]}, "Segments: “wholesale” can't be chosen any more: take it out."),
        ({"availability": []}, "Availability: Choose at least one: otherwise the rule would never fire."),
        (
            {"valid_from": "2030-05-02", "valid_until": "2030-05-01"},
            "Valid until: This day is before the first.",
        ),
        (
            {"valid_until": "2020-05-01"},
            "Valid until: This day is over: the rule would never be applied. Switch it off, or name a later day.",
        ),
        (
            {"hour_from": "22:00", "hour_until": "06:00"},
            "Until: The rule begins at 10 p.m. and must end later. Midnight is an empty field; a night takes two",
        ),
        ({"hour_from": "09:00", "hour_until": "09:00"}, "Until: The rule begins at 9 a.m. and must end later."),
        (
            {"basket_total_min": "50", "basket_total_max": "49.99"},
            "And at most: This is less than where it begins, which is 50.",
        ),
        ({"basket_count_min": "3", "basket_count_max": "2"}, "And at most: This is less than where it begins"),
        (
            {"page_kinds": "product, checkout"},
            "Not on kinds of page: Wanted and excluded: checkout. Take it out of one of the two.",
        ),
        (
            {"paths": "/lamps/reading/*", "except_paths": "/lamps/*"},
            "Not on paths: “/lamps/*” excludes all that fits “/lamps/reading/*”. Take one of the two out.",
        ),
        (
            {"leaving": "on", "leaving_touch": "on", "devices": ["computer"]},
            "About to leave, on phones too: The rule is for computers only: there it would never fire.",
        ),
        ({"leaving_touch": "on"}, "About to leave, on phones too: This adds phones to “about to leave”"),
        (
            {"leaving": "on", "devices": ["phone", "tablet"]},
            "About to leave: On phones and tablets it would never fire: choose “on phones too”.",
        ),
        ({"leaving": "on", "idle_seconds": "30"}, "Seconds without a move: No pointer leaves without a move."),
        (
            {"page_seconds": "", "pages": ""},
            "Seconds on the page: Everybody would be greeted at once. Wait for something, such as 25 seconds.",
        ),
        ({"page_seconds": "", "pages": "", "match": "any"}, "Everybody would be greeted at once."),
        ({"page_seconds": "0"}, "Seconds on the page: That is always so. Leave it empty, or write 1 or more."),
        ({"page_seconds": "", "pages": "1"}, "Pages viewed: That is always so. Leave it empty, or write 2 or more."),
        ({"visits": "1"}, "Visits: That is always so. Leave it empty, or write 2 or more."),
        ({"page_seconds": "86401"}, "Seconds on the page: Nobody stays for so long: write 86400 seconds or less."),
        (
            {"result": "hide"},
            "It shows: “no widget at all” holds from the moment a page opens. Empty under “When”: "
            "seconds on the page and pages viewed.",
        ),
        ({"per_visit": "0"}, "Times in one visit: Ensure this value is greater than or equal to 1."),
        ({"held_percent": "51"}, "Held out (%): Ensure this value is less than or equal to 50."),
        ({"greetings-0-text": "Hello {nmae|you}"}, "Text: There is no variable {nmae}. Did you mean {name}?"),
        ({"greetings-0-text": ""}, "An invitation needs words: write a greeting for any time."),
        ({"greetings-0-moment": "morning"}, "Variant A says nothing at other times"),
        ({"greetings-1-variant": "B", "greetings-1-moment": "night", "greetings-1-text": "Awake?"}, "Variant B says"),
        (
            {"greetings-1-moment": "leaving", "greetings-1-text": "Before you go …"},
            "The rule doesn't wait for “about to leave”, so nobody would see what is said then.",
        ),
    ],
)
def test_it_is_refused_with_the_sentence_that_says_why(rule: Rule, typed: dict[str, Any], sentence: str) -> None:
    assert told(rule) == []
    said = told(rule, **typed)
    assert len(said) == 1
    assert sentence in said[0]


@pytest.mark.parametrize(
    ("typed", "setting"),
    [
        ({"has_ordered": "true"}, "ORDER_MODEL"),
        ({"countries": "DE"}, "COUNTRY_HEADER"),
        ({"regions": "Bavaria"}, "PLACE"),
        ({"basket_count_min": "1"}, "BASKET"),
    ],
)
def test_what_the_shop_can_not_tell_is_no_condition(rule: Rule, typed: dict[str, Any], setting: str) -> None:
    with override_settings(CONSULT={setting: "shop.anything"}):
        assert told(rule, **typed) == []
    with override_settings(CONSULT={}):
        [said] = told(rule, **typed)
        assert f"the rule would never fire: a developer sets CONSULT['{setting}']." in said


def test_two_greetings_for_one_moment_are_one_too_many(rule: Rule) -> None:
    assert "A variant has one greeting for each moment: here are two." in told(rule, **{"greetings-1-text": "Hi!"})


@pytest.mark.parametrize(
    "typed",
    [
        {"hour_from": "22:00"},
        {"valid_until": "2020-05-01", "is_on": ""},
        {"basket_total_min": "50", "basket_total_max": "50"},
        {"paths": "/lamps/*", "except_paths": "/lamps/sale/*"},
        {"leaving": "on", "leaving_touch": "on", "devices": ["phone"]},
        {"leaving": "on", "idle_seconds": "30", "match": "any"},
        {"leaving": "on", "greetings-1-moment": "leaving", "greetings-1-text": "Before you go …"},
        {"page_seconds": "", "pages": "", "referrer": "google."},
        ONLY_LABEL,
        {**ONLY_LABEL, "greetings-0-text": ""},
        {**ONLY_LABEL, "result": "hide"},
    ],
)
def test_what_makes_sense_is_not_refused(rule: Rule, typed: dict[str, Any]) -> None:
    assert told(rule, **typed) == []


def test_nothing_typed_is_lost(admin: Client) -> None:
    answer = admin.post(
        ADD, {**PROPOSED, "paths": "lamps/*\n/lights/*", "regions": "Bavaria,Tyrol", "greetings-0-text": "Hi {nam|x}"}
    )
    assert answer.status_code == 200
    page = unescape(answer.text)
    for typed in ("lamps/*\n/lights/*", "Bavaria,Tyrol", "Hi {nam|x}", 'value="Around the lamps"'):
        assert typed in page
    assert not Rule.objects.exists()


def test_a_segment_that_is_gone_is_shown_until_it_is_taken_out(admin: Client, rule: Rule) -> None:
    Rule.objects.update(segments=["wholesale"])
    address = f"{RULES}{rule.pk}/change/"
    assert 'value="wholesale"' in admin.get(address).text
    assert "can&#x27;t be chosen any more" in admin.post(address, {**PROPOSED, "segments": ["wholesale"]}).text
    assert admin.post(address, PROPOSED).status_code == 302
    rule.refresh_from_db()
    assert rule.segments == []


def test_the_shops_day_ends_at_its_own_midnight(rule: Rule) -> None:
    with time_machine.travel(datetime(2030, 5, 1, 21, 59, tzinfo=UTC), tick=False):
        assert told(rule, valid_until="2030-05-01") == []
    with time_machine.travel(datetime(2030, 5, 1, 22, 1, tzinfo=UTC), tick=False):
        assert "This day is over" in told(rule, valid_until="2030-05-01")[0]


# The list


def test_a_rule_that_is_over_is_moved_and_switched_off_but_not_on(admin: Client, rule: Rule) -> None:
    Rule.objects.update(valid_until=date(2020, 5, 1), is_on=False)
    row = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": str(rule.pk), "_save": "Save"}
    assert admin.post(RULES, {**row, "form-0-position": "5"}).status_code == 302
    refused = admin.post(RULES, {**row, "form-0-position": "6", "form-0-is_on": "on"})
    assert "This day is over" in refused.text
    rule.refresh_from_db()
    assert (rule.position, rule.is_on) == (5, False)
    Rule.objects.update(is_on=True)
    assert admin.post(RULES, {**row, "form-0-position": "6"}).status_code == 302
    assert not Rule.objects.get().is_on


def test_a_rule_that_another_keeps_silent_is_saved_with_a_warning(admin: Client) -> None:
    silent = Rule.objects.create(name="Quiet week", result=Rule.Result.LABEL, except_kinds=["delivery"])
    assert "never fires" not in admin.post(ADD, PROPOSED, follow=True).text
    Rule.objects.filter(pk=silent.pk).update(except_kinds=[])
    page = admin.post(ADD, PROPOSED, follow=True).text
    assert "“Quiet week” is for everybody on every page: while it is on, this rule never fires." in page
    assert Rule.objects.count() == 3


def test_deleting_a_rule_tells_how_many_invitations_go_with_it(admin: Client, rule: Rule) -> None:
    for number in range(3):
        Exposure.objects.create(rule=rule, variant="A", browser=uuid4(), number=number, visit=1)
    address = f"{RULES}{rule.pk}/delete/"
    assert "Invitations: 3" in admin.get(address).text
    admin.post(address, {"post": "yes"})
    assert not Exposure.objects.exists()


# What others ask of it


def test_what_is_typed_can_be_tried_unsaved(rule: Rule) -> None:
    old = Greeting.objects.create(rule=rule, text="Old words")
    known = {"greetings-INITIAL_FORMS": "1", "greetings-0-id": str(old.pk), "greetings-0-text": "New words"}
    form = Typed({**PROPOSED, **known, "page_seconds": "40"}, rule)
    assert form.is_valid()
    sent = current.as_sent(form.rule)
    assert (sent["page_s"], sent["greetings"]) == (40, {"A": {"": "New words"}})
    stored = Rule.objects.get()
    assert (stored.page_seconds, stored.greetings.get().text) == (25, "Old words")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "On all pages: invites"),
        ({"availability": ["online", "away"]}, "Shop online or away, on all pages: invites"),
        ({"except_kinds": ["checkout"], "result": "label"}, "On all pages but checkout: only the label"),
        (
            {"page_kinds": ["product", "delivery"], "paths": ["/sale/*"], "result": "hide"},
            "On product pages, delivery pages or /sale/*: no widget",
        ),
        (
            {"signed_in": True, "has_ordered": False, "basket_total_min": 50, "countries": ["DE", "AT"]},
            "Signed in, new customers, DE or AT, a basket of 50 or more, on all pages: invites",
        ),
        (
            {"weekdays": [0, 4], "hour_from": time(9), "hour_until": time(17), "devices": ["phone"]},
            "Monday or Friday, 9 a.m. to 5 p.m., on all pages, phone: invites",
        ),
        (
            {"page_seconds": 1, "leaving": True, "visits": 2, "match": "any"},
            "On all pages, after 1 second, in visit 2 or later or when about to leave: invites",
        ),
    ],
)
def test_a_rule_is_told_in_a_line(columns: dict[str, Any], said: str) -> None:
    assert sentence.of(Rule(name="Lamps", **columns)) == said
