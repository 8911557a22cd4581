"""Nothing is missed: the desk rings, counts and notifies, from one tab, until somebody takes it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import people
from tests.browser.people import answer, answer_field, row, sit_down, tab, turn_to

# What a loudspeaker, a desktop and a window manager would notice, kept where the tests find it.
SENSES = """
const tell = (name, value) => document.documentElement.setAttribute(`data-${name}`, String(value));
window.OscillatorNode = class extends OscillatorNode {
    start(at) {
        tell("rang", true);
        super.start(at);
    }
};
window.AudioContext = class extends AudioContext {
    get state() { return document.deaf ? "suspended" : super.state; }
    resume() { return document.deaf ? new Promise(() => null) : super.resume(); }
};
window.Notification = class extends EventTarget {
    static permission = "granted";
    constructor(title, {body}) {
        super();
        if (document.phone) throw new TypeError("Illegal constructor.");
        tell("notice", JSON.stringify([title, body]));
    }
    close() { tell("notice", ""); }
};
Object.defineProperty(document, "hidden", {get: () => Boolean(document.away)});
"""


@pytest.fixture
def on_duty(operator_context: BrowserContext) -> Iterator[Page]:
    """A desk in a shop where nobody waits, of an operator who has just become available."""
    operator_context.add_init_script(SENSES)
    page = operator_context.new_page()
    page.clock.install()
    sit_down(page)
    make_peace(page)
    switch = page.get_by_role("switch", name="Available")
    with page.expect_response("**/duty/"):
        switch.click()
    yield page
    with page.expect_response("**/duty/"):
        switch.click()


def make_peace(desk: Page) -> None:
    """Close what other tests have left open."""
    tab(desk, "Calls").click()
    expect(tab(desk, "Calls")).to_have_attribute("aria-pressed", "true")
    expect(desk.locator("consult-rows[data-list=calls]")).to_be_visible()
    desk.evaluate(
        r"""async () => {
            const body = new URLSearchParams({
                csrfmiddlewaretoken: document.querySelector("[name=csrfmiddlewaretoken]").value});
            for (const {dataset} of document.querySelectorAll("consult-rows li")) {
                const aside = await (await fetch(`${location.pathname}${dataset.conversation}/aside/`)).text();
                await fetch(aside.match(/formaction="([^"]+\/cancel\/)"/)[1], {method: "POST", body});
            }
        }"""
    )
    expect(desk.locator("consult-rows li")).to_have_count(0)
    for name in ("Mine", "Waiting"):
        tab(desk, name).click()
        expect(tab(desk, name)).to_have_attribute("aria-pressed", "true")
        expect(desk.locator(f"consult-rows[data-list={name.lower()}]")).to_be_visible()
        desk.evaluate(
            """async () => {
                const body = new URLSearchParams({
                    csrfmiddlewaretoken: document.querySelector("[name=csrfmiddlewaretoken]").value});
                for (const {dataset} of document.querySelectorAll("consult-rows li"))
                    await fetch(`${location.pathname}${dataset.conversation}/close/`, {method: "POST", body});
            }"""
        )
        expect(desk.locator("consult-rows li")).to_have_count(0)
    expect(desk).to_have_title(re.compile("^Desk"))


def rang(desk: Page) -> bool:
    """Whether it rang since it was last asked."""
    heard: str | None = desk.evaluate(
        """() => {
            const heard = document.documentElement.getAttribute("data-rang");
            document.documentElement.removeAttribute("data-rang");
            return heard;
        }"""
    )
    return heard is not None


def hear(desk: Page, returned_by: str | None = None, **counts: int) -> None:
    """Have the desk hear of these counts, and of its open conversation that a colleague returned it."""
    desk.evaluate(
        """([name, counts]) => {
            const rows = document.querySelector("consult-rows:not([data-list=found])");
            const row = name && {...rows.get(rows.open), returned: {name, at: new Date().toISOString()}};
            document.querySelector("consult-socket").dispatchEvent(
                new CustomEvent("consult:frame", {bubbles: true, detail: {type: "row", counts, row}}));
        }""",
        [returned_by, counts],
    )


def rings(desk: Page) -> None:
    expect(desk.locator("html")).to_have_attribute("data-rang", "true")
    rang(desk)


def test_a_question_rings_until_somebody_takes_it(on_duty: Page, question: str) -> None:
    rings(on_duty)
    expect(on_duty).to_have_title(re.compile(r"^\(1\) Desk"))
    expect(on_duty.locator("link[rel=icon]")).to_have_attribute("href", re.compile(r"/1\.svg$"))
    for _ in range(2):
        on_duty.clock.fast_forward(20_000)
        rings(on_duty)
    turn_to(on_duty, question)
    answer(on_duty, "Yes.")
    expect(on_duty).to_have_title(re.compile("^Desk"))
    expect(on_duty.locator("link[rel=icon]")).to_have_attribute("href", re.compile(r"/0\.svg$"))
    rang(on_duty)
    on_duty.clock.fast_forward(20_000)
    assert not rang(on_duty)


def test_who_writes_again_rings_unless_the_operator_is_looking(
    on_duty: Page, visitor_page: Page, question: str
) -> None:
    turn_to(on_duty, question)
    answer(on_duty, "Yes.")
    expect(on_duty).to_have_title(re.compile("^Desk"))
    rang(on_duty)
    people.say(visitor_page, "And the other one?")
    expect(row(on_duty, "And the other one?")).to_be_visible()
    expect(on_duty).to_have_title(re.compile(r"^\(1\) Desk"))
    assert not rang(on_duty)
    on_duty.clock.fast_forward(90_000)  # nobody has touched anything for that long
    rings(on_duty)


def test_who_writes_the_first_answer_is_not_rung_for(on_duty: Page, question: str) -> None:
    rings(on_duty)
    turn_to(on_duty, question)
    answer_field(on_duty).press_sequentially("Yes, if")
    on_duty.clock.fast_forward(19_500)
    expect(on_duty).to_have_title(re.compile(r"^\(1\) Desk"))
    assert not rang(on_duty)
    on_duty.clock.fast_forward(2_000)  # and no further key
    rings(on_duty)


def test_what_a_colleague_returns_is_told_once(on_duty: Page, question: str) -> None:
    turn_to(on_duty, question)
    answer(on_duty, f"Yes: {question}")
    expect(on_duty).to_have_title(re.compile("^Desk"))
    on_duty.clock.fast_forward(90_000)
    rang(on_duty)
    hear(on_duty, returned_by="Colin", waiting=0, mine=1, unanswered=0)
    rings(on_duty)
    expect(row(on_duty, question)).to_contain_text("returned by Colin")
    on_duty.clock.fast_forward(20_000)
    assert not rang(on_duty)
    tab(on_duty, "Mine").click()
    on_duty.evaluate("history.go(-2)")
    expect(on_duty.get_by_text("Choose a conversation")).to_be_visible()
    tab(on_duty, "Mine").click()
    expect(row(on_duty, question)).not_to_contain_text("returned")


def test_a_call_whose_time_has_come_rings_until_somebody_has_called(
    on_duty: Page, question: str, number: str, come_due: Callable[[str], None]
) -> None:
    turn_to(on_duty, question)
    answer(on_duty, "I'll call you.")
    on_duty.get_by_role("button", name="Arrange a call").click()
    dialog = on_duty.get_by_role("dialog", name="Arrange a call")
    dialog.get_by_label("Phone").fill(number)
    dialog.get_by_label("When").select_option(index=5)
    dialog.get_by_role("button", name="Arrange", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(on_duty).to_have_title(re.compile("^Desk"))
    rang(on_duty)
    on_duty.clock.fast_forward(90_000)
    assert not rang(on_duty), "its time is still to come"
    come_due(number)
    rings(on_duty)
    expect(on_duty).to_have_title(re.compile(r"^\(1\) Desk"))
    expect(on_duty.locator("consult-rows li[data-long]")).to_have_count(1)
    on_duty.clock.fast_forward(90_000)
    rings(on_duty)
    on_duty.get_by_role("button", name="No answer").click()
    expect(on_duty).to_have_title(re.compile("^Desk"))
    rang(on_duty)
    on_duty.clock.fast_forward(90_000)
    assert not rang(on_duty)


def test_nobody_new_waiting_is_not_that_nobody_is(on_duty: Page) -> None:
    nobody = on_duty.get_by_text("Nobody is waiting.")
    mine = on_duty.get_by_text("Somebody needs you: see Mine.")
    expect(nobody).to_be_visible()
    expect(mine).to_be_hidden()
    hear(on_duty, waiting=0, mine=2, unanswered=1)
    expect(mine).to_be_visible()
    expect(nobody).to_be_hidden()
    expect(tab(on_duty, "Mine").locator(".due")).to_have_text("1")


def test_who_is_not_available_is_not_rung_for_and_counts(on_duty: Page, visitor_page: Page) -> None:
    switch = on_duty.get_by_role("switch", name="Available")
    with on_duty.expect_response("**/duty/"):
        switch.click()
    people.open_panel(visitor_page)
    people.say(visitor_page, "Is somebody there?")
    expect(on_duty).to_have_title(re.compile(r"^\(1\) Desk"))
    on_duty.clock.fast_forward(20_000)
    assert not rang(on_duty)
    unseen = on_duty.get_by_text("Visitors do not see that you are here.")
    expect(unseen).to_be_visible()
    with on_duty.expect_response("**/duty/"):
        switch.click()
    rings(on_duty)
    expect(unseen).to_be_hidden()


def test_a_browser_that_blocks_the_sound_says_so_and_moves_nothing(on_duty: Page) -> None:
    place = tab(on_duty, "Mine").bounding_box()
    on_duty.evaluate("document.deaf = true")
    on_duty.get_by_label("Alerts").click()
    on_duty.get_by_role("button", name="Test the sound").click()
    notice = on_duty.get_by_role("button", name="Turn the sound on")
    on_duty.clock.run_for(1_000)
    expect(notice).to_be_visible()
    assert tab(on_duty, "Mine").bounding_box() == place
    on_duty.evaluate("document.deaf = false")
    notice.click()
    expect(notice).to_be_hidden()
    on_duty.get_by_role("button", name="Test the sound").click()
    rings(on_duty)


def test_one_tab_of_two_rings_and_each_counts(on_duty: Page, visitor_page: Page) -> None:
    neighbour = on_duty.context.new_page()
    sit_down(neighbour)
    tab(neighbour, "Waiting").click()  # a browser lets no page be heard that nobody has touched
    people.open_panel(visitor_page)
    people.say(visitor_page, f"Does it dim? {uuid4().hex[:8]}")
    for desk in (on_duty, neighbour):
        expect(desk).to_have_title(re.compile(r"^\(1\) Desk"))
    rings(neighbour)  # the last that was in front
    assert not rang(on_duty)
    neighbour.close()
    rings(on_duty)


def test_the_desktop_is_told_and_forgets_what_was_taken(
    on_duty: Page, visitor_page: Page, desk_of: Callable[[str], Page]
) -> None:
    on_duty.evaluate("document.away = true")
    words = f"Does it \N{RIGHT-TO-LEFT OVERRIDE}dim? {uuid4().hex[:8]}"
    people.open_panel(visitor_page)
    people.say(visitor_page, words)
    notice = json.dumps(["Visitor", words.replace("\N{RIGHT-TO-LEFT OVERRIDE}", "")], separators=(",", ":"))
    expect(on_duty.locator("html")).to_have_attribute("data-notice", notice)
    colleague = desk_of("colleague")
    turn_to(colleague, words[-8:])
    answer(colleague, "Yes.")
    expect(on_duty.locator("html")).to_have_attribute("data-notice", "")


def test_where_notices_cannot_be_made_the_desk_goes_on(on_duty: Page, question: str) -> None:
    on_duty.evaluate("[document.away, document.phone] = [true, true]")
    expect(row(on_duty, question)).to_be_visible()
