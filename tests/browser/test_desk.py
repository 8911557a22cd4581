"""The operators' desk, as the demo serves it: an operator and a visitor, each with a browser of their own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import people
from tests.browser.conftest import listening
from tests.browser.people import DESK, answer, answer_field, row, said, sit_down, tab, turn_to
from tests.demo import Demo
from tests.faults.machines import ROOT


def test_a_question_is_answered_and_becomes_an_order(desk: Page, visitor_page: Page, question: str) -> None:
    turn_to(desk, question)
    desk.get_by_role("button", name="Take").click()
    expect(desk.get_by_text("You have this conversation.")).to_be_visible()
    expect(desk.get_by_role("button", name="Take")).to_be_hidden()
    answer(desk, "Yes, with any dimmer.")
    theirs = people.rows(visitor_page).filter(has_text="Yes, with any dimmer.")
    expect(theirs).to_contain_text("Olga")
    expect(said(desk, "Yes, with any dimmer.")).to_contain_text("Seen")

    people.order(desk)
    identifier = desk.get_by_role("link", name=re.compile(r"^C-\d+$"))
    expect(identifier).to_be_visible()
    identifier.click()
    desk.get_by_role("link", name=re.compile(r"Visitor")).first.click()
    expect(said(desk, question)).to_be_visible()


def test_a_question_appears_without_a_reload(desk: Page, visitor_page: Page) -> None:
    expect(row(desk, "A late question")).to_have_count(0)
    people.open_panel(visitor_page)
    people.say(visitor_page, "A late question")
    expect(row(desk, "A late question")).to_be_visible()
    expect(row(desk, "A late question")).to_contain_text("1 unread")
    turn_to(desk, "A late question")
    expect(row(desk, "A late question")).not_to_contain_text("1 unread")
    people.say(visitor_page, "and another")
    expect(said(desk, "and another")).to_be_visible()
    expect(row(desk, "and another")).to_be_visible()


def test_answering_takes(desk: Page, question: str) -> None:
    turn_to(desk, question)
    # Words of their own: what a colleague left without a word waits again after a minute, in the list shown before.
    words = f"Yes. {question[-8:]}"
    answer(desk, words)
    expect(desk.get_by_text("You have this conversation.")).to_be_visible()
    tab(desk, "Mine").click()
    expect(row(desk, words)).to_be_visible()


def test_a_colleague_sees_it_go_to_somebody_else(desk: Page, colleagues_desk: Page, question: str) -> None:
    turn_to(colleagues_desk, question)
    answer_field(colleagues_desk).fill("I was about to say")
    turn_to(desk, question)
    answer(desk, "I am faster.")
    expect(colleagues_desk.get_by_text("Olga Berg has this conversation.")).to_be_visible()
    expect(row(colleagues_desk, question)).to_have_count(0)
    expect(answer_field(colleagues_desk)).to_have_value("I was about to say")
    answer_field(colleagues_desk).blur()  # until then nobody is cut off
    expect(answer_field(colleagues_desk)).not_to_be_editable()


def test_what_is_given_back_waits_for_all(desk: Page, colleagues_desk: Page, question: str) -> None:
    turn_to(desk, question)
    desk.get_by_role("button", name="Take").click()
    expect(row(colleagues_desk, question)).to_have_count(0)
    desk.get_by_role("button", name="Release").click()
    expect(desk.get_by_role("button", name="Take")).to_be_visible()
    expect(row(colleagues_desk, question)).to_be_visible()


def test_a_refusal_is_a_sentence(operator_page: Page, question: str) -> None:
    desk = operator_page  # which complains of the refusal in its console, too
    sit_down(desk)
    turn_to(desk, question)
    desk.route("**/take/", lambda route: route.fulfill(status=409, json={"reason": "taken", "message": "Too late."}))
    desk.get_by_role("button", name="Take").click()
    expect(desk.get_by_role("alert").filter(has_text="Too late.")).to_be_visible()


def test_the_pages_end_with_the_last(desk: Page, question: str) -> None:
    expect(row(desk, question)).to_be_visible()  # the desk's own list has come: it would be in the way later
    for page, previous, following in ((1, False, True), (2, True, True), (3, True, False)):
        desk.evaluate(
            """(page) => document.querySelector("consult-socket").dispatchEvent(new CustomEvent("consult:frame", {
                bubbles: true, detail: {type: "rows", list: "waiting", page, pages: 3, rows: [], counts: {}},
            }))""",
            page,
        )
        expect(desk.get_by_text(f"{page} / 3")).to_be_visible()
        expect(desk.get_by_role("button", name="Previous")).to_be_enabled(enabled=previous)
        expect(desk.get_by_role("button", name="Next", exact=True)).to_be_enabled(enabled=following)


def test_a_closed_conversation_goes_on_in_the_next(desk: Page, visitor_page: Page, question: str) -> None:
    turn_to(desk, question)
    first = desk.url
    desk.get_by_role("button", name="Take").click()
    desk.get_by_role("button", name="Close conversation").click()
    expect(desk.get_by_text("This conversation is closed.")).to_be_visible()
    desk.get_by_role("button", name="Reopen").click()
    expect(desk.get_by_text("You have this conversation.")).to_be_visible()
    desk.get_by_role("button", name="Close conversation").click()
    expect(desk.get_by_text("This conversation is closed.")).to_be_visible()
    expect(desk.get_by_role("button", name="Take")).to_be_hidden()
    answer_field(desk).fill("One more thing.")
    answer_field(desk).press("Enter")
    expect(said(desk, "One more thing.")).to_have_attribute("data-state", "sent")
    expect(desk.get_by_text("You have this conversation.")).to_be_visible()
    assert desk.url != first
    expect(people.rows(visitor_page).filter(has_text="One more thing.")).to_be_visible()


def test_what_was_closed_or_given_back_by_mistake_comes_back(desk: Page, question: str) -> None:
    turn_to(desk, question)
    desk.get_by_role("button", name="Take").click()
    for verb, then in (("Release", "Given back"), ("Close conversation", "Conversation closed.")):
        desk.get_by_role("button", name=verb).click()
        expect(desk.get_by_role("status").filter(has_text=then)).to_be_visible()
        desk.get_by_role("button", name="Undo").click()
        expect(desk.get_by_text("You have this conversation.")).to_be_visible()
        expect(desk.get_by_role("button", name="Undo")).to_be_hidden()


def test_what_a_colleague_took_meanwhile_stays_with_them(desk: Page, colleagues_desk: Page, question: str) -> None:
    turn_to(desk, question)
    desk.get_by_role("button", name="Take").click()
    desk.get_by_role("button", name="Release").click()
    expect(desk.get_by_role("button", name="Undo")).to_be_visible()
    turn_to(colleagues_desk, question)
    colleagues_desk.get_by_role("button", name="Take").click()
    expect(desk.get_by_text("Colin Frey has this conversation.")).to_be_visible()
    expect(desk.get_by_role("button", name="Undo")).to_be_hidden()


def test_where_the_visitor_has_gone_on_there_is_no_way_back(desk: Page, visitor_page: Page, question: str) -> None:
    turn_to(desk, question)
    desk.get_by_role("button", name="Close conversation").click()
    expect(desk.get_by_role("button", name="Undo")).to_be_visible()
    people.say(visitor_page, "Something else")
    expect(desk.get_by_role("button", name="Undo")).to_be_hidden()
    expect(desk.get_by_text("This conversation is closed.")).to_be_visible()


def test_the_address_says_what_is_open(desk: Page, question: str) -> None:
    turn_to(desk, question)
    address = desk.url
    assert "?conversation=" in address
    desk.go_back()
    expect(said(desk, question)).to_have_count(0)
    desk.go_forward()
    expect(said(desk, question)).to_be_visible()
    sit_down(desk, address)
    expect(said(desk, question)).to_be_visible()


def test_an_address_of_nothing_says_so(operator_page: Page) -> None:
    desk = operator_page
    sit_down(desk, f"{DESK}?conversation={uuid4()}")
    expect(desk.get_by_text("This conversation is not open to you.").first).to_be_visible()
    expect(answer_field(desk)).not_to_be_editable()


def test_what_was_begun_is_there_after_a_reload(desk: Page, question: str) -> None:
    turn_to(desk, question)
    answer_field(desk).fill("Let me see")
    desk.reload()
    expect(answer_field(desk)).to_have_value("Let me see")
    desk.go_back()
    desk.go_forward()
    expect(answer_field(desk)).to_have_value("Let me see")


def test_what_somebody_else_began_here_is_forgotten(desk: Page) -> None:
    theirs, ours = "consult-desk-0-draft-x", desk.locator("consult-desk").get_attribute("data-store")
    desk.evaluate("(keys) => keys.forEach((key) => sessionStorage.setItem(key, 'words'))", [theirs, f"{ours}-draft-x"])
    sit_down(desk)
    assert desk.evaluate("Object.keys(sessionStorage)") == [f"{ours}-draft-x"]


def test_enter_sends_and_shift_enter_begins_a_line(desk: Page, question: str) -> None:
    turn_to(desk, question)
    expect(answer_field(desk)).to_be_focused()
    desk.keyboard.type("First")
    desk.keyboard.press("Shift+Enter")
    desk.keyboard.type("second")
    expect(answer_field(desk)).to_have_value("First\nsecond")
    desk.keyboard.press("Enter")
    expect(said(desk, "First").locator("[data-part=body]")).to_have_text("First\nsecond", use_inner_text=True)
    expect(answer_field(desk)).to_have_value("")


def test_what_fails_says_why_and_is_not_lost(desk: Page, question: str) -> None:
    turn_to(desk, question)
    answer_field(desk).fill("long " * 1000)
    answer_field(desk).press("Enter")
    failed = said(desk, "long long")
    expect(failed).to_have_attribute("data-state", "failed")
    expect(failed).to_contain_text("It is longer than 4000 characters.")
    failed.get_by_role("button", name="Try again").click()
    expect(failed).to_have_attribute("data-state", "failed")
    failed.get_by_role("button", name="Delete").click()
    expect(failed).to_have_count(0)


def test_far_too_much_is_not_let_in_and_why(desk: Page, question: str) -> None:
    turn_to(desk, question)
    for length, kept_out in ((4_001, False), (1_000_000, True)):
        prevented = answer_field(desk).evaluate(
            """(field, length) => {
                const clipboardData = new DataTransfer();
                clipboardData.setData("text/plain", "x".repeat(length));
                const paste = new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true});
                return !field.dispatchEvent(paste);
            }""",
            length,
        )
        assert prevented == kept_out
    expect(desk.get_by_role("status").filter(has_text="It is longer than 4000 characters.")).to_be_visible()


def test_each_side_sees_the_other_write(desk: Page, visitor_page: Page, question: str) -> None:
    turn_to(desk, question)
    people.field(visitor_page).press_sequentially("Wait")
    expect(desk.get_by_text("Visitor is writing…")).to_be_visible()
    answer_field(desk).press_sequentially("Sure")
    expect(visitor_page.get_by_text("Olga Berg is writing…").first).to_be_visible()


def test_a_break_loses_nothing(
    desk: Page, operator_context: BrowserContext, visitor_page: Page, question: str
) -> None:
    desk.route("**/aside/", lambda route: route.abort())
    turn_to(desk, question)
    operator_context.set_offline(True)
    desk.unroute("**/aside/")
    expect(desk.get_by_text("No connection.")).to_be_visible()
    answer_field(desk).fill("Said without a line")
    answer_field(desk).press("Enter")
    expect(said(desk, "Said without a line")).to_have_attribute("data-state", "sending")
    people.say(visitor_page, "Are you there?")
    operator_context.set_offline(False)
    expect(said(desk, "Said without a line")).to_have_attribute("data-state", "sent")
    expect(said(desk, "Are you there?")).to_be_visible()
    expect(desk.get_by_text("No connection.")).to_have_count(0)
    expect(desk.get_by_role("link", name="New order")).to_be_visible()
    expect(people.rows(visitor_page).filter(has_text="Said without a line")).to_have_count(1)


@pytest.mark.usefixtures("nobody_on_duty")
def test_the_switch_tells_visitors_and_comes_back_with_the_desk(desk: Page, visitor_page: Page) -> None:
    switch = desk.get_by_role("switch", name="Available")
    expect(switch).not_to_be_checked()
    people.open_panel(visitor_page)
    expect(visitor_page.get_by_text("Nobody is here right now.")).to_be_visible()
    with desk.expect_response("**/duty/"):
        switch.click()
    try:
        expect(switch).to_be_checked()
        expect(visitor_page.get_by_text("Nobody is here right now.")).to_be_hidden()
        desk.reload()
        expect(switch).to_be_checked()
    finally:  # the other tests meet an empty shop
        with desk.expect_response("**/duty/"):
            switch.click()
    expect(visitor_page.get_by_text("Nobody is here right now.")).to_be_visible()


def test_only_a_manager_sees_all_and_takes_over(desk: Page, managers_desk: Page, question: str) -> None:
    expect(tab(desk, "All")).to_have_count(0)
    turn_to(desk, question)
    answer(desk, f"Yes: {question}")
    answer_field(desk).fill("And it")
    desk.get_by_role("button", name="Hand over").click()
    expect(desk.get_by_role("dialog", name="Hand over")).to_be_visible()
    tab(managers_desk, "All").click()
    turn_to(managers_desk, f"Yes: {question}")
    expect(managers_desk.get_by_text("Olga Berg has this conversation.")).to_be_visible()
    expect(answer_field(managers_desk)).not_to_be_editable()
    managers_desk.get_by_role("button", name="Take").click()
    expect(managers_desk.get_by_text("You have this conversation.")).to_be_visible()
    expect(desk.get_by_role("dialog", name="Hand over")).to_be_hidden()
    expect(desk.get_by_text("Mara Lindt has taken it. Your text is kept.")).to_be_visible()
    expect(answer_field(desk)).to_have_value("And it")
    answer_field(desk).blur()
    expect(answer_field(desk)).not_to_be_editable()


def test_who_may_only_read_leaves_no_trace(
    demo: Demo, desk_of: Callable[[str], Page], desk: Page, question: str
) -> None:
    hire(demo, "rita", "view_all_conversations")
    theirs = desk_of("rita")
    complaints = listening(theirs)
    theirs.reload()
    turn_to(theirs, question)
    expect(theirs.get_by_text("You may read; answering needs the permission.")).to_be_visible()
    expect(answer_field(theirs)).to_have_count(0)
    for verb in ("Take", "Release", "Close conversation"):
        expect(theirs.get_by_role("button", name=verb)).to_have_count(0)
    expect(theirs.get_by_role("switch")).to_have_count(0)
    expect(row(theirs, question)).to_contain_text("1 unread")
    assert complaints == []
    expect(row(desk, question)).to_contain_text("1 unread")


def hire(demo: Demo, name: str, permission: str) -> None:
    """Give the demo one more member of the staff, with one permission."""
    code = f"""
from django.contrib.auth.models import Permission, User
user = User.objects.create_user({name!r}, password="consult", is_staff=True)
user.user_permissions.add(Permission.objects.get(codename={permission!r}))
"""
    subprocess.run([sys.executable, "manage.py", "shell", "-c", code], cwd=ROOT, env=demo.environment(), check=True)


def test_the_switch_is_for_this_tab_and_its_neighbours(desk: Page, operator_context: BrowserContext) -> None:
    """Tomorrow's tab finds no wish of yesterday's."""
    neighbour = operator_context.new_page()
    sit_down(neighbour)
    switches = [page.get_by_role("switch", name="Available") for page in (desk, neighbour)]
    for on in (True, False):
        with desk.expect_response("**/duty/"):
            switches[0].click()
        for switch in switches:
            expect(switch).to_be_checked(checked=on)
    assert not [key for key in desk.evaluate("Object.keys(localStorage)") if key.startswith("consult")]


def test_a_phone_shows_one_thing_at_a_time(desk: Page, question: str) -> None:
    desk.set_viewport_size({"width": 390, "height": 844})
    turn_to(desk, question)
    expect(desk.get_by_role("list", name="Conversations")).to_be_hidden()
    order, visitor = desk.get_by_role("link", name="New order"), desk.get_by_role("button", name="Visitor")
    expect(order).to_be_hidden()
    visitor.click()
    expect(order).to_be_visible()
    desk.keyboard.press("Escape")
    expect(order).to_be_hidden()
    visitor.click()
    expect(order).to_be_visible()
    answer_field(desk).click(position={"x": 5, "y": 5})  # beside it
    expect(order).to_be_hidden()
    desk.get_by_role("link", name="Back to the list").click()
    expect(desk.get_by_role("list", name="Conversations")).to_be_visible()
    expect(answer_field(desk)).to_be_hidden()
    assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_switch_that_does_not_turn_says_why(operator_page: Page) -> None:
    desk = operator_page  # which complains of the refusal in its console, too
    desk.set_viewport_size({"width": 390, "height": 844})
    sit_down(desk)
    desk.route("**/duty/", lambda route: route.fulfill(status=403))
    desk.get_by_role("switch", name="Available").click()
    expect(desk.get_by_role("alert").filter(has_text="You may not do this")).to_be_in_viewport()
    expect(desk.get_by_role("switch", name="Available")).not_to_be_checked()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_everybody_can_use_it(desk: Page, question: str, scheme: str, width: int) -> None:
    desk.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    desk.set_viewport_size({"width": width, "height": 844})
    assert problems(desk) == []
    turn_to(desk, question)
    answer(desk, "Yes: https://shop.example/finch")
    answer_field(desk).fill("long " * 1000)
    answer_field(desk).press("Enter")
    expect(said(desk, "long long")).to_have_attribute("data-state", "failed")
    assert problems(desk) == []


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_nothing_overflows_in_any_direction_or_colours(desk: Page, question: str, direction: str, width: int) -> None:
    desk.emulate_media(forced_colors="active")
    desk.set_viewport_size({"width": width, "height": 844})
    desk.evaluate("(direction) => (document.documentElement.dir = direction)", direction)
    turn_to(desk, question)
    answer(desk, "https://shop.example/" + "long" * 40)
    if width > 900:  # where the list stands beside the conversation
        expect(desk.locator("consult-rows [data-part=last]", has_text="longlong").first).to_be_attached()
    assert overflowing(desk) == []
    starts = desk.evaluate(
        """() => ["consult-desk > .list", "consult-thread h2"].map((box) => {
            const {left, right} = document.querySelector(box).getBoundingClientRect();
            return document.dir === "rtl" ? innerWidth - right : left;
        })"""
    )
    if width > 900:  # the list stands where lines begin
        assert starts[0] < starts[1]


def overflowing(desk: Page) -> list[str]:
    """What reaches over the window's edge unclipped, or asks to be scrolled sideways."""
    found: list[str] = desk.evaluate(
        """() => [...document.querySelectorAll("consult-desk, consult-desk *")]
            .filter((one) => one.checkVisibility({contentVisibilityAuto: true}) && !one.closest(".for-readers"))
            .filter((one) => getComputedStyle(one.parentElement).overflowX !== "hidden")
            .filter((one) => {
                const {left, right} = one.getBoundingClientRect();
                const scrolls = getComputedStyle(one).overflowX === "auto" && one.scrollWidth > one.clientWidth;
                return left < -1 || right > innerWidth + 1 || scrolls;
            })
            .map((one) => one.outerHTML.slice(0, 100))"""
    )
    return found


def problems(page: Page) -> list[str]:
    """What axe finds, as "rule: element"."""
    found = Axe().run(page).response["violations"]
    return [f"{violation['id']}: {node['html']}" for violation in found for node in violation["nodes"]]
