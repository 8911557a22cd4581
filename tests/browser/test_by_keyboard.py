"""A working day without a mouse: from signing in to the last conversation, by keys alone."""

from __future__ import annotations

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import listening
from tests.browser.people import DESK, answer_field, row, said
from tests.demo import Demo

FAR = 80  # presses of a key that should have led somewhere by then


def test_the_whole_desk_is_used_by_keyboard(browser: Browser, demo: Demo, question: str, known_tag: str) -> None:
    with browser.new_context(base_url=demo.url, locale="en-GB") as context:
        desk = context.new_page()
        complaints = listening(desk)
        sign_in(desk)
        available = desk.get_by_role("switch", name="Available")
        press(desk, "a")
        expect(available).to_be_checked()
        try:
            serve(desk, question, known_tag)
        finally:  # the other tests meet an empty shop
            available.focus()
            with desk.expect_response("**/duty/"):
                press(desk, "a")
        expect(available).not_to_be_checked()
    assert complaints == []


def sign_in(desk: Page) -> None:
    desk.goto(f"/admin/login/?next={DESK}")
    expect(desk.get_by_label("Username")).to_be_focused()
    desk.keyboard.type("operator")
    press(desk, "Tab")
    desk.keyboard.type("consult")
    press(desk, "Enter")
    expect(desk.locator("consult-desk")).to_have_attribute("data-connection", "online")


def serve(desk: Page, question: str, tag: str) -> None:
    state = desk.locator("[data-thread=state]")
    expect(row(desk, question)).to_be_visible()
    reach(desk, row(desk, question).get_by_role("link"), by="j")
    press(desk, "Enter")
    expect(said(desk, question)).to_be_visible()
    press(desk, "Escape")
    press(desk, "t")
    expect(state).to_have_text("You have this conversation.")

    expect(answer_field(desk)).to_be_focused()
    press(desk, "Escape", "r")
    expect(answer_field(desk)).to_be_focused()
    write(desk, "Yes, with any dimmer.")
    expect(said(desk, "Yes, with any dimmer.")).to_have_attribute("data-state", "sent")

    press(desk, "Escape", "n")
    expect(desk.get_by_role("textbox", name="Your note")).to_be_focused()
    write(desk, "She asked last year, too.")
    expect(said(desk, "She asked last year, too.")).to_have_attribute("data-kind", "note")

    reach(desk, desk.get_by_label("Add tag", exact=True), by="Shift+Tab")
    write(desk, tag)
    expect(desk.get_by_role("list", name="Tags")).to_contain_text(tag)

    press(desk, "Escape", "h")
    offer = desk.get_by_role("dialog", name="Hand over")
    reach(desk, offer.get_by_label("Colleague"))
    desk.keyboard.type("Colin")
    reach(desk, offer.get_by_label("Note"))
    desk.keyboard.type("You know dimmers.")
    reach(desk, offer.get_by_role("button", name="Hand over"))
    press(desk, "Enter")
    expect(state).to_have_text("You have this conversation, and offer it to Colin Frey.")
    reach(desk, desk.get_by_role("button", name="Take back"))
    press(desk, "Enter")
    expect(state).to_have_text("You have this conversation.")

    press(desk, "Escape", "Escape", "/")  # from the note to the answer, from there to the list
    search = desk.get_by_role("searchbox", name="Search")
    expect(search).to_be_focused()
    desk.keyboard.type(question.rpartition(" ")[2])
    found = desk.get_by_role("list", name="Found").get_by_role("listitem").filter(has_text=question.rpartition(" ")[2])
    expect(found).to_have_count(1)
    press(desk, "Escape")
    expect(desk.get_by_role("list", name="Found")).to_be_hidden()

    reach(desk, desk.get_by_role("button", name="Mine"))
    press(desk, "Enter", "f")
    expect(desk.get_by_role("button", name="Filter")).to_have_attribute("aria-expanded", "true")
    reach(desk, desk.get_by_label("Operator"))
    desk.keyboard.type("Olga")
    expect(desk.get_by_role("list", name="Found").get_by_role("listitem").first).to_be_visible()
    press(desk, "Escape")
    reach(desk, search, by="Shift+Tab")
    press(desk, "Escape")
    expect(desk.get_by_role("list", name="Found")).to_be_hidden()

    reach(desk, desk.locator("consult-rows:not([data-list=found]) a[aria-current]"))
    press(desk, "e")
    expect(state).to_contain_text("This conversation is closed.")
    press(desk, "z")
    expect(state).to_have_text("You have this conversation.")

    press(desk, "?")
    expect(desk.get_by_role("dialog", name="Keyboard")).to_be_visible()
    press(desk, "Escape")
    expect(desk.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    press(desk, "e")
    expect(state).to_contain_text("This conversation is closed.")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def write(page: Page, words: str) -> None:
    """Type into what has the focus, and send it."""
    page.keyboard.type(words)
    press(page, "Enter")


def reach(page: Page, target: Locator, *, by: str = "Tab") -> None:
    """Press a key until the focus is there; that it comes there at all is the promise."""
    expect(target).to_be_attached()
    for _ in range(FAR):
        if target.evaluate("(one) => one === document.activeElement"):
            return
        press(page, by)
    raise AssertionError(f"{FAR} times {by} do not lead to {target}")
