"""The hand stays on the keyboard."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser import people
from tests.browser.people import answer_field, row, said


def press(desk: Page, *keys: str) -> None:
    for key in keys:
        desk.keyboard.press(key)


def go_to(desk: Page, link: Locator) -> None:
    """Up the list, from its end: behind who waits there may be some who don't."""
    expect(link).to_be_visible()
    for _ in range(desk.get_by_role("list", name="Conversations").get_by_role("link").count()):
        press(desk, "k")
        if link.evaluate("(one) => one === document.activeElement"):
            break
    expect(link).to_be_focused()


def test_a_question_is_found_taken_answered_and_closed_by_keys(desk: Page, question: str) -> None:
    go_to(desk, row(desk, question).get_by_role("link"))
    press(desk, "t")
    expect(desk.get_by_text("You have this conversation.")).to_be_visible()
    expect(answer_field(desk)).to_be_focused()
    desk.keyboard.type("just tell me")  # whose letters are keys, too
    press(desk, "Control+Enter")
    expect(said(desk, "just tell me")).to_have_attribute("data-state", "sent")
    press(desk, "Escape")
    expect(row(desk, "just tell me").get_by_role("link")).to_be_focused()
    press(desk, "e")
    expect(desk.get_by_text("This conversation is closed.")).to_be_visible()
    press(desk, "z")
    expect(desk.get_by_text("You have this conversation.")).to_be_visible()
    press(desk, "g", "m")
    expect(people.tab(desk, "Mine")).to_have_attribute("aria-pressed", "true")


def test_the_keys_are_shown_and_can_be_switched_off(desk: Page, question: str) -> None:
    expect(row(desk, question)).to_be_visible()
    press(desk, "?")
    keys = desk.get_by_role("dialog", name="Keyboard")
    expect(keys.get_by_text("Next conversation")).to_be_visible()
    keys.get_by_role("switch", name="Single keys").uncheck()
    press(desk, "Escape")
    expect(keys).to_be_hidden()
    press(desk, "o", "k", "?")
    expect(keys).to_be_hidden()
    expect(desk).not_to_have_url(re.compile("conversation="))
    desk.get_by_role("button", name="Keyboard").click()
    keys.get_by_role("switch", name="Single keys").check()
    keys.get_by_role("button", name="Close").click()
    press(desk, "k")
    expect(desk.get_by_role("listitem").get_by_role("link").last).to_be_focused()


def test_a_key_of_another_script_and_a_chord_do_what_they_should(desk: Page, question: str) -> None:
    expect(row(desk, question)).to_be_visible()
    desk.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'л', code: 'KeyK', bubbles: true}))")
    expect(desk.get_by_role("list", name="Conversations").get_by_role("link").last).to_be_focused()
    press(desk, "Control+o", "Alt+t")
    expect(desk).not_to_have_url(re.compile("conversation="))
