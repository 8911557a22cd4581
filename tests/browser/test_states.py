"""Every state of the desk and of the panel, in the light on a wide screen and in the dark on a telephone that is read
from right to left: axe finds nothing. ``SCREENSHOTS=folder`` keeps a picture of each.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser import people
from tests.browser.people import answer_field, said, sit_down, tab, turn_to
from tests.demo import Demo

LOOKS = {"light": (1440, "ltr"), "dark": (390, "rtl")}

# The admin's links fade from one scheme to the other; half way they have the contrast of neither.
SETTLE = """new Promise(requestAnimationFrame).then(() => {
    for (const one of document.getAnimations()) if (one instanceof CSSTransition) one.finish();
})"""


class Walk:
    """Looks at a page in each state it is brought into."""

    def __init__(self, page: Page, context: str) -> None:
        self.page = page
        self.context = context
        self.found: list[str] = []

    def look(self, state: str) -> None:
        for scheme, (width, direction) in LOOKS.items():
            self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
            self.page.set_viewport_size({"width": width, "height": 844})
            self.page.evaluate("(direction) => (document.documentElement.dir = direction)", direction)
            self.page.evaluate(SETTLE)
            if folder := os.environ.get("SCREENSHOTS"):
                self.page.screenshot(path=Path(folder) / f"{state} {scheme}.png")
            violations = Axe().run(self.page, context=self.context).response["violations"]
            for violation in violations:
                self.found += [f"{state}, {scheme}: {violation['id']}: {node['html']}" for node in violation["nodes"]]
            if self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                self.found.append(f"{state}, {scheme}: has to be scrolled sideways")
        self.page.set_viewport_size({"width": 1440, "height": 844})
        self.page.evaluate("document.documentElement.dir = 'ltr'")


@pytest.fixture
def walk(desk_of: Callable[[str], Page]) -> Walk:
    return Walk(desk_of("operator"), "body")


@pytest.fixture
def visitor(browser: Browser, demo: Demo) -> Iterator[Page]:
    """Somebody who was never here; axe writes styles that the page's policy refuses aloud."""
    with browser.new_context(base_url=demo.url, locale="en-GB") as context:
        yield context.new_page()


def test_nobody_is_shut_out_from_the_desk(walk: Walk, visitor: Page, known_tag: str, number: str) -> None:
    desk = walk.page
    question = f"Does it dim? {uuid4().hex[:8]}"
    people.open_panel(visitor)
    people.say(visitor, question)
    state = desk.locator("[data-thread=state]")
    walk.look("nothing open")
    desk.get_by_label("Alerts").click()
    walk.look("alerts")
    desk.get_by_label("Alerts").click()
    desk.get_by_role("button", name="Keyboard").click()
    walk.look("keys")
    desk.keyboard.press("Escape")

    turn_to(desk, question)
    walk.look("waiting")
    desk.get_by_role("button", name="Take", exact=True).click()
    expect(state).to_have_text("You have this conversation.")
    desk.get_by_label("Add tag", exact=True).fill(known_tag)
    desk.keyboard.press("Enter")
    people.answer(desk, "Yes: https://shop.example/finch")
    people.say(visitor, "\n".join(f"Line {number}" for number in range(200)))
    people.say(visitor, "🙂")
    walk.look("mine")
    answer_field(desk).fill("long " * 1000)
    answer_field(desk).press("Enter")
    failed = said(desk, "long long")
    expect(failed).to_have_attribute("data-state", "failed")
    walk.look("failed")
    failed.get_by_role("button", name="Delete").click()

    desk.get_by_role("group", name="For whom").get_by_role("button", name="Note").click()
    desk.keyboard.type("She asked last year, too.")
    walk.look("note")
    desk.keyboard.press("Enter")
    expect(said(desk, "She asked last year, too.")).to_have_attribute("data-kind", "note")
    desk.get_by_role("group", name="For whom").get_by_role("button", name="Answer").click()
    walk.look("noted")

    desk.get_by_role("button", name="Arrange a call").click()
    arranging = desk.get_by_role("dialog", name="Arrange a call")
    arranging.get_by_role("button", name="Arrange", exact=True).click()
    expect(arranging.get_by_text("Enter the number to call.")).to_be_visible()
    walk.look("arranging")
    arranging.get_by_label("Phone").fill(number)
    arranging.get_by_role("button", name="Arrange", exact=True).click()
    expect(desk.get_by_role("region", name="Call")).to_be_visible()
    tab(desk, "Calls").click()
    walk.look("call")
    desk.get_by_role("button", name="No answer").click()
    expect(desk.get_by_role("list", name="Tries so far")).to_be_visible()
    walk.look("tried")
    desk.get_by_role("button", name="Cancel the call").click()
    expect(desk.get_by_role("region", name="Call").get_by_text("cancelled")).to_be_visible()
    tab(desk, "Mine").click()

    desk.get_by_role("searchbox", name="Search").fill(question.rpartition(" ")[2])
    expect(desk.get_by_role("list", name="Found").get_by_role("listitem")).to_have_count(1)
    desk.get_by_role("button", name="Filter").click()
    expect(desk.get_by_label("Operator")).to_be_visible()
    walk.look("found")
    desk.get_by_role("searchbox", name="Search").fill("nobody said this")
    expect(desk.get_by_text("Nothing was found.")).to_be_attached()
    walk.look("nothing found")
    desk.get_by_role("searchbox", name="Search").press("Escape")

    desk.context.set_offline(True)
    expect(desk.locator("[data-desk=offline]")).not_to_be_empty()
    answer_field(desk).fill("Said without a line")
    answer_field(desk).press("Enter")
    walk.look("offline")
    desk.context.set_offline(False)
    expect(said(desk, "Said without a line")).to_have_attribute("data-state", "sent")

    desk.get_by_role("button", name="Close conversation").click()
    expect(desk.get_by_role("button", name="Undo")).to_be_visible()
    walk.look("closed")
    assert walk.found == []


def test_nobody_is_shut_out_from_working_together(
    walk: Walk, desk_of: Callable[[str], Page], demo: Demo, question: str
) -> None:
    desk = walk.page
    turn_to(desk, question)
    yes = f"Yes, it does. {uuid4().hex[:8]}"
    people.answer(desk, yes)
    desk.get_by_role("button", name="Hand over").click()
    offer = desk.get_by_role("dialog", name="Hand over")
    expect(offer.get_by_label("Colleague")).to_be_visible()
    walk.look("offering")
    people.choose(offer.get_by_label("Colleague"), "Colin")
    offer.get_by_role("button", name="Hand over").click()
    expect(desk.locator("[data-thread=state]")).to_contain_text("offer it to Colin Frey")
    walk.look("offered")

    theirs = Walk(desk_of("colleague"), "body")
    tab(theirs.page, "Mine").click()
    turn_to(theirs.page, yes)
    theirs.look("proposed")
    theirs.page.get_by_role("button", name="Return").click()
    expect(theirs.page.get_by_role("dialog", name="Return the conversation")).to_be_visible()
    theirs.look("returning")
    theirs.page.keyboard.press("Escape")

    managers = Walk(desk_of("manager"), "body")
    tab(managers.page, "All").click()
    turn_to(managers.page, yes)
    managers.look("theirs")

    vanish(demo, desk.url.rpartition("conversation=")[2])
    sit_down(managers.page, managers.page.url)
    expect(managers.page.locator("[data-thread=state]")).to_contain_text("was gone without a word")
    managers.look("vanished")
    assert walk.found + theirs.found + managers.found == []


def vanish(demo: Demo, conversation: str) -> None:
    """Its operator's desk was not heard for a minute, as the database has it then."""
    key = conversation.replace("-", "")
    with closing(sqlite3.connect(demo.database, timeout=20)) as database, database:
        ((pk,),) = database.execute("SELECT id FROM consult_conversation WHERE public_id = ?", [key])
        for statement in (
            "UPDATE consult_take SET ended_at = seen_at, why = 'vanished' WHERE conversation_id = ?",
            "UPDATE consult_handover SET answered_at = offered_at, outcome = 'withdrawn' WHERE conversation_id = ?",
            "UPDATE consult_conversation SET operator_id = NULL, revision = revision + 1 WHERE id = ?",
        ):
            database.execute(statement, [pk])


def test_nobody_is_shut_out_from_the_panel(visitor: Page, operator: people.Operator) -> None:
    walk = Walk(visitor, "consult-widget")
    page = visitor
    page.goto("/")
    walk.look("label")
    people.open_panel(page)
    walk.look("panel")
    conversation = people.say(page, "Which lamp for https://shop.test/a?")
    walk.look("asked")
    operator.open(conversation)
    operator.say(conversation, "The Heron.")
    expect(people.rows(page)).to_have_count(2)
    people.say(page, "\n".join(f"Line {number}" for number in range(200)))
    people.say(page, "🙂")
    operator.send(type="typing", conversation=conversation)
    expect(page.get_by_text("is writing…").first).to_be_visible()
    walk.look("answered")
    people.field(page).fill("a" * 4001)
    people.field(page).press("Enter")
    walk.look("too long")
    people.field(page).fill("")
    page.context.set_offline(True)
    people.field(page).fill("Said without a line")
    people.field(page).press("Enter")
    expect(people.panel(page).locator("[data-part=notice]")).not_to_be_empty()
    walk.look("panel offline")
    page.context.set_offline(False)
    expect(people.rows(page, "sending")).to_have_count(0)
    operator.close(conversation)
    expect(people.panel(page).get_by_text("closed").first).to_be_visible()
    walk.look("panel closed")
    assert walk.found == []
