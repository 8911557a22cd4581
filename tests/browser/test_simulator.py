"""What managers are told of their rules is what the shop does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.test_triggers import SECOND, invitation, leave, visit
from tests.browser.test_widget_faults import sign_in
from tests.demo import Demo

RULES = "/admin/consult/rule/"
RETURNING = "Returning customer with a full basket"
DELIVERY = "Delivery page, about to leave"
PRODUCT = "Product page, after 25 seconds"
# What holds for whoever comes to the demo while nobody is at its desk.
USUAL = {"language": "en", "availability": "away", "device": "computer", "pages": "1", "visits": "1"}


@pytest.fixture
def shopper(browser: Browser, demo: Demo) -> Iterator[Page]:
    """A page of somebody whose clock is the shop's."""
    with browser.new_context(base_url=demo.url, locale="en-GB", timezone_id="Europe/Berlin") as context:
        yield context.new_page()


@pytest.fixture
def asked(shopper: Page) -> list[dict[str, Any]]:
    """What the shop's page asks to show the shopper. The server agrees, and writes nothing down."""
    wishes: list[dict[str, Any]] = []

    def agree(route: Route) -> None:
        wishes.append(json.loads(route.request.post_data or ""))
        route.fulfill(json={"show": True, "quiet": {}, "linked": False})

    shopper.route("**/consult/invite/", agree)
    shopper.clock.install()
    return wishes


def test_a_product_page_after_25_seconds(manager: Page, shopper: Page, asked: list[dict[str, Any]]) -> None:
    visit(shopper, "/lamps/heron/")
    shopper.clock.run_for(20 * SECOND)
    situation = {"kind": "product", "path": "/lamps/heron/"}
    try_out(manager, page_s="20", **situation)
    expect(reason(manager, PRODUCT)).to_have_text("Seconds on the page: 20; the rule wants 25 or more.")
    expect(reason(manager, DELIVERY)).to_have_text("The kind of page is “product”; the rule wants: delivery.")
    expect(reason(manager, RETURNING)).to_contain_text("has not ordered before")
    expect(verdict(manager)).to_have_text("No invitation is shown; the label is there.")
    assert asked == []

    shopper.clock.run_for(5 * SECOND)
    expect(invitation(shopper)).to_be_visible()
    manager.get_by_role("spinbutton", name="Seconds on the page").fill("30")
    manager.get_by_role("combobox", name="Product").select_option("Heron")
    manager.get_by_role("button", name="Try it").click()
    expect(verdict(manager)).to_have_text(f"An invitation is shown: {PRODUCT}")
    expect(reason(manager, PRODUCT)).to_have_text("It fires. Seconds on the page by then: 25.")
    assert [wish["rule"] for wish in asked] == [fired(manager)]
    expect(invitation(shopper)).to_contain_text(greeting(manager, asked[0]["variant"]))


def test_a_delivery_page_about_to_be_left(manager: Page, shopper: Page, asked: list[dict[str, Any]]) -> None:
    visit(shopper, "/delivery/")
    leave(shopper)
    try_out(manager, kind="delivery", page_s="1", leaving="on")
    expect(reason(manager, DELIVERY)).to_have_text("Nobody is taken to be leaving in the first 8 seconds on a page.")
    shopper.clock.run_for(30 * SECOND)
    try_out(manager, kind="delivery", page_s="30")
    expect(reason(manager, DELIVERY)).to_have_text("The visitor is not about to leave.")
    assert asked == []

    leave(shopper)
    expect(invitation(shopper)).to_be_visible()
    try_out(manager, kind="delivery", page_s="30", leaving="on")
    expect(verdict(manager)).to_have_text(f"An invitation is shown: {DELIVERY}")
    assert [wish["rule"] for wish in asked] == [fired(manager)]
    expect(invitation(shopper)).to_contain_text(greeting(manager, "A"))


def test_a_returning_customer_with_a_full_basket(manager: Page, shopper: Page, asked: list[dict[str, Any]]) -> None:
    sign_in(shopper)
    shopper.goto("/lamps/heron/")
    shopper.get_by_role("spinbutton").fill("9")
    shopper.get_by_role("button", name="Add to basket").click()
    shopper.wait_for_url("**/basket/")
    known = {"kind": "basket", "has_ordered": "on", "signed_in": "on", "name": "Anna"}
    try_out(manager, page_s="8", basket_total="99", basket_count="1", **known)
    expect(reason(manager, RETURNING)).to_have_text("The basket comes to 99.00; the rule wants 100.00 or more.")
    try_out(manager, page_s="8", basket_total="999", basket_count="9", **known)
    expect(verdict(manager)).to_have_text(f"An invitation is shown: {RETURNING}")
    assert asked == []

    shopper.clock.run_for(8 * SECOND)
    expect(invitation(shopper)).to_contain_text(greeting(manager, "A"))
    assert [wish["rule"] for wish in asked] == [fired(manager)]


def test_who_fires_first_comes_before_who_stands_above(manager: Page) -> None:
    situation = {"kind": "product", "has_ordered": "on", "basket_total": "150", "basket_count": "2"}
    try_out(manager, page_s="60", **situation)
    expect(reason(manager, RETURNING)).to_have_text("It fires. Seconds on the page by then: 8.")
    expect(reason(manager, PRODUCT)).to_have_text(f"It fits too, but “{RETURNING}” came first.")
    try_out(manager, page_s="60", closed_days="3", **situation)
    expect(reason(manager, RETURNING)).to_have_text("The visitor has closed an invitation, and is left in peace.")
    assert flaws(manager) == []


def test_last_week_is_played_again_with_the_rule_as_it_is_typed(manager: Page) -> None:
    manager.goto(RULES)
    manager.get_by_role("link", name=DELIVERY).click()
    manager.get_by_role("spinbutton", name="Seconds on the page").fill("13")
    with manager.expect_popup() as opened:
        manager.get_by_role("button", name="Dry run").first.click()
    page = opened.value
    expect(page.locator("[data-shown]")).to_have_text(re.compile(r"^Would still be shown: 0 of \d+$"))
    why_not = page.get_by_role("list", name="Why not the others").get_by_role("listitem")
    expect(why_not).to_have_text([re.compile(r"^\d+ × seconds on the page$")])
    expect(page.get_by_text("Seconds on the page: 12; the rule wants 13 or more.").first).to_be_visible()
    assert flaws(page) == []
    manager.get_by_role("spinbutton", name="Seconds on the page").fill("12")
    with manager.expect_popup() as opened:
        manager.get_by_role("button", name="Dry run").first.click()
    expect(opened.value.locator("[data-shown]")).to_have_text(re.compile(r"^Would still be shown: (\d+) of \1$"))


def try_out(manager: Page, **situation: str) -> None:
    manager.goto(f"{RULES}simulator/?{urlencode(USUAL | situation)}")
    expect(manager.locator("consult-trial")).to_have_attribute("data-judged", "")


def verdict(manager: Page) -> Locator:
    return manager.locator("[data-verdict]")


def reason(manager: Page, rule: str) -> Locator:
    rules = manager.get_by_role("list", name="All rules, in their order").get_by_role("listitem")
    return rules.filter(has=manager.get_by_role("link", name=rule)).locator("[data-reason]")


def fired(manager: Page) -> int:
    return int(manager.locator("[data-state=fires]").get_attribute("data-rule") or 0)


def greeting(manager: Page, variant: str) -> str:
    line = manager.locator("[data-greetings] li").filter(has=manager.locator("b", has_text=variant))
    return line.locator("q").inner_text()


def flaws(manager: Page) -> list[str]:
    return [one["id"] for one in Axe().run(manager, context="consult-trial").response["violations"]]
