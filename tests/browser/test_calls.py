"""Calls: requested in the panel, made from the desk, and what comes of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

from playwright.sync_api import Page, expect

from tests.browser import people
from tests.browser.people import row, tab, turn_to


def test_a_call_is_requested_made_and_becomes_an_order(
    visitor_page: Page, desk: Page, number: str, come_due: Callable[[str], None]
) -> None:
    words = f"Which lamp for a hallway? {uuid4().hex[:8]}"
    people.open_panel(visitor_page, "/lamps/heron/")
    people.panel(visitor_page).get_by_role("button", name="Request a call").first.click()
    form = visitor_page.get_by_role("form", name="Request a call")
    form.get_by_label("Your phone").fill("call me")
    form.get_by_label("What about").fill(words)
    form.get_by_role("button", name="Call me back").click()
    expect(form.get_by_text("This is no phone number.")).to_be_visible()
    form.get_by_label("Your phone").fill(number)
    form.get_by_role("button", name="Call me back").click()
    expect(people.panel(visitor_page).get_by_text("We will call you as soon as we can.")).to_be_visible()

    tab(desk, "Calls").click()
    expect(row(desk, words).locator("li, time").first).to_have_text("now")
    turn_to(desk, words)
    call = desk.get_by_role("region", name="Call")
    expect(call.locator("a[href^='tel:']")).to_have_attribute("href", f"tel:{number.replace(' ', '')}")
    call.get_by_label("Minutes until the next try").fill("30")
    call.get_by_role("button", name="No answer").click()
    expect(row(desk, words)).to_contain_text("30 min")
    expect(call.locator("a[href^='tel:']")).to_be_focused()
    expect(call.get_by_text("no answer", exact=False).first).to_be_visible()
    expect(tab(desk, "Calls").locator(".due")).to_be_empty()
    expect(people.panel(visitor_page).get_by_text("called, and nobody answered")).to_be_attached()

    come_due(number)
    expect(tab(desk, "Calls").locator(".due")).to_have_text("1")
    call.get_by_role("button", name="Reached").click()
    expect(call.get_by_text("Outcome")).to_be_visible()
    expect(call.get_by_role("button", name="Reached")).to_have_count(0)

    people.order(desk)
    expect(desk.get_by_role("link", name=re.compile(r"^P-\d+$"))).to_be_visible()


def test_an_operator_arranges_a_call(visitor_page: Page, desk: Page, number: str, question: str) -> None:
    turn_to(desk, question)
    desk.get_by_role("button", name="Arrange a call").click()
    dialog = desk.get_by_role("dialog", name="Arrange a call")
    dialog.get_by_label("Phone").fill("030")
    dialog.get_by_label("What about").fill("Wants advice")
    dialog.get_by_role("button", name="Arrange", exact=True).click()
    expect(dialog.get_by_label("Phone")).to_be_focused()
    expect(dialog.get_by_label("Phone")).to_have_attribute("aria-invalid", "true")
    desk.keyboard.press("Escape")
    desk.get_by_role("button", name="Arrange a call").click()
    expect(dialog.get_by_label("What about")).to_have_value("Wants advice")
    dialog.get_by_label("Phone").fill(number)
    dialog.get_by_label("Phone").press("Enter")
    expect(dialog).to_be_hidden()
    expect(desk.get_by_role("region", name="Call").get_by_text("Wants advice")).to_be_visible()
    expect(people.panel(visitor_page).get_by_text(f"A call to {number}")).to_be_attached()
    desk.get_by_role("button", name="Close conversation").click()
    expect(desk.get_by_text("There is a call to make.")).to_be_visible()
    desk.get_by_role("button", name="Cancel the call").click()
    expect(desk.get_by_role("region", name="Call").get_by_text("cancelled")).to_be_visible()
