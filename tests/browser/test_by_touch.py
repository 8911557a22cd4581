"""A working day on a telephone: the same deeds by tapping, at 390 by 844, where nothing hovers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, ViewportSize, expect

from tests.browser.conftest import listening
from tests.browser.people import answer_field, choose, row, said, sit_down
from tests.demo import Demo

FINGER = 24  # px that a target measures at least


@pytest.fixture
def phone(browser: Browser, demo: Demo, signed_in: Callable[[str], StorageState]) -> Iterator[Page]:
    """The operator's desk on a telephone."""
    with browser.new_context(
        base_url=demo.url,
        locale="en-GB",
        storage_state=signed_in("operator"),
        viewport=ViewportSize(width=390, height=844),
        has_touch=True,
        is_mobile=True,
    ) as context:
        page = context.new_page()
        complaints = listening(page)
        sit_down(page)
        yield page
    assert complaints == []


def test_the_desk_is_used_by_touch(phone: Page, question: str) -> None:
    state = phone.locator("[data-thread=state]")
    conversations = phone.get_by_role("list", name="Conversations")
    assert small(phone) == []
    row(phone, question).get_by_role("link").tap()
    expect(said(phone, question)).to_be_visible()
    expect(conversations).to_be_hidden()
    tap(phone, "Take")
    expect(state).to_have_text("You have this conversation.")
    answer_field(phone).tap()
    phone.keyboard.type("Yes, with any dimmer.")
    tap(phone, "Send")
    expect(said(phone, "Yes, with any dimmer.")).to_have_attribute("data-state", "sent")
    phone.get_by_role("group", name="For whom").get_by_role("button", name="Note").tap()
    phone.keyboard.type("She asked last year, too.")
    tap(phone, "Add note")
    expect(said(phone, "She asked last year, too.")).to_have_attribute("data-kind", "note")
    assert small(phone) == []

    tap(phone, "Visitor")
    expect(phone.get_by_role("link", name="New order")).to_be_visible()
    assert small(phone) == []
    tap(phone, "Visitor")

    tap(phone, "Hand over")
    offer = phone.get_by_role("dialog", name="Hand over")
    choose(offer.get_by_label("Colleague"), "Colin")
    offer.get_by_role("button", name="Hand over").tap()
    expect(state).to_have_text("You have this conversation, and offer it to Colin Frey.")
    tap(phone, "Take back")
    expect(state).to_have_text("You have this conversation.")

    tap(phone, "Release")
    expect(phone.get_by_role("button", name="Take", exact=True)).to_be_visible()
    tap(phone, "Undo")
    expect(state).to_have_text("You have this conversation.")
    tap(phone, "Close conversation")
    expect(state).to_contain_text("This conversation is closed.")
    phone.get_by_role("link", name="Back to the list").tap()
    expect(conversations).to_be_visible()
    expect(answer_field(phone)).to_be_hidden()

    phone.get_by_role("searchbox", name="Search").tap()
    phone.keyboard.type(question.rpartition(" ")[2])
    phone.get_by_role("list", name="Found").get_by_role("link").first.tap()
    expect(said(phone, question)).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


def tap(phone: Page, name: str) -> None:
    phone.get_by_role("button", name=name, exact=True).tap()


def small(phone: Page) -> list[str]:
    """What is to be tapped and is too small for it; links within a sentence may be."""
    found: list[str] = phone.evaluate(
        """(least) => [...document.querySelectorAll("consult-desk :is(button, a, input, select, textarea, summary)")]
            .filter((one) => one.checkVisibility({visibilityProperty: true}))
            .filter((one) => !one.closest(".for-readers, p, li, dd"))
            .filter((one) => {
                const {width, height} = one.getBoundingClientRect();
                return width < least || height < least;
            })
            .map((one) => one.outerHTML.slice(0, 100))""",
        FINGER,
    )
    return found
