"""The operators' desk, as the demo serves it: an operator and a visitor, each with a browser of their own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser import people
from tests.browser.conftest import listening
from tests.demo import Demo
from tests.faults.machines import ROOT

DESK = "/admin/consult/desk/"


@pytest.fixture
def desk(operator_page: Page) -> Iterator[Page]:
    """The operator's desk. Whatever it complains of, a refused script included, fails the test."""
    complaints = listening(operator_page)
    sit_down(operator_page)
    yield operator_page
    assert complaints == []


@pytest.fixture
def colleagues_desk(browser: Browser, demo: Demo) -> Iterator[Page]:
    yield from desk_of("colleague", browser, demo)


@pytest.fixture
def managers_desk(browser: Browser, demo: Demo) -> Iterator[Page]:
    yield from desk_of("manager", browser, demo)


def desk_of(account: str, browser: Browser, demo: Demo) -> Iterator[Page]:
    with browser.new_context(base_url=demo.url, locale="en-GB") as context:
        page = context.new_page()
        page.goto(f"/admin/login/?next={DESK}")
        page.fill("[name=username]", account)
        page.fill("[name=password]", "consult")
        page.click("[type=submit]")
        sit_down(page)
        yield page


@pytest.fixture
def question(visitor_page: Page) -> str:
    """What a visitor has just asked, in words nobody used before."""
    words = f"Does it dim? {uuid4().hex[:8]}"
    people.open_panel(visitor_page)
    people.say(visitor_page, words)
    return words


def sit_down(page: Page, address: str = DESK) -> None:
    page.goto(address)
    expect(page.locator("consult-desk")).to_have_attribute("data-connection", "online")


def row(desk: Page, words: str) -> Locator:
    """The conversation in the list whose last line has these words."""
    return desk.get_by_role("list", name="Conversations").get_by_role("listitem").filter(has_text=words)


def turn_to(desk: Page, words: str) -> None:
    row(desk, words).get_by_role("link").click()
    expect(said(desk, words)).to_be_visible()


def said(desk: Page, words: str) -> Locator:
    return desk.get_by_role("log", name="Conversation").get_by_role("listitem").filter(has_text=words)


def answer_field(desk: Page) -> Locator:
    return desk.get_by_role("textbox", name="Your answer")


def answer(desk: Page, words: str) -> None:
    answer_field(desk).fill(words)
    desk.get_by_role("button", name="Send").click()
    expect(said(desk, words)).to_have_attribute("data-state", "sent")


def tab(desk: Page, name: str) -> Locator:
    return desk.get_by_role("button", name=name, exact=True)


def test_a_question_is_answered_and_becomes_an_order(desk: Page, visitor_page: Page, question: str) -> None:
    turn_to(desk, question)
    desk.get_by_role("button", name="Take").click()
    expect(desk.get_by_text("You have this conversation.")).to_be_visible()
    expect(desk.get_by_role("button", name="Take")).to_be_hidden()
    answer(desk, "Yes, with any dimmer.")
    theirs = people.rows(visitor_page).filter(has_text="Yes, with any dimmer.")
    expect(theirs).to_contain_text("Olga")
    expect(said(desk, "Yes, with any dimmer.")).to_contain_text("Seen")

    with desk.context.expect_page() as opened:
        desk.get_by_role("link", name="New order").click()
    form = opened.value
    form.fill("[name=name]", "Vera")
    form.fill("[name=email]", "vera@home.example")
    fill_the_rest(form)
    form.get_by_role("button", name="Save", exact=True).click()
    expect(form.get_by_text("was added successfully")).to_be_visible()

    identifier = desk.get_by_role("link", name=re.compile(r"^C-\d+$"))
    expect(identifier).to_be_visible()
    identifier.click()
    desk.get_by_role("link", name=re.compile(r"Visitor")).first.click()
    expect(said(desk, question)).to_be_visible()


def fill_the_rest(form: Page) -> None:
    """What the shop's own order form asks for besides."""
    for field in form.locator("form [required]").all():
        if not field.input_value():
            field.fill("1")


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
    answer(desk, "Yes.")
    expect(desk.get_by_text("You have this conversation.")).to_be_visible()
    tab(desk, "Mine").click()
    expect(row(desk, "Yes.")).to_be_visible()


def test_a_colleague_sees_it_go_to_somebody_else(desk: Page, colleagues_desk: Page, question: str) -> None:
    turn_to(colleagues_desk, question)
    answer_field(colleagues_desk).fill("I was about to say")
    turn_to(desk, question)
    answer(desk, "I am faster.")
    expect(colleagues_desk.get_by_text("Olga Berg has this conversation.")).to_be_visible()
    expect(row(colleagues_desk, question)).to_have_count(0)
    expect(answer_field(colleagues_desk)).not_to_be_editable()
    expect(answer_field(colleagues_desk)).to_have_value("I was about to say")


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


def test_a_closed_conversation_goes_on_in_the_next(desk: Page, visitor_page: Page, question: str) -> None:
    turn_to(desk, question)
    first = desk.url
    desk.get_by_role("button", name="Take").click()
    desk.get_by_role("button", name="Close conversation").click()
    expect(desk.get_by_text("This conversation is closed.")).to_be_visible()
    expect(desk.get_by_role("button", name="Take")).to_be_hidden()
    answer_field(desk).fill("One more thing.")
    answer_field(desk).press("Enter")
    expect(said(desk, "One more thing.")).to_have_attribute("data-state", "sent")
    expect(desk.get_by_text("You have this conversation.")).to_be_visible()
    assert desk.url != first
    expect(people.rows(visitor_page).filter(has_text="One more thing.")).to_be_visible()


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


def test_each_side_sees_the_other_write(desk: Page, visitor_page: Page, question: str) -> None:
    turn_to(desk, question)
    people.field(visitor_page).press_sequentially("Wait")
    expect(desk.get_by_text("Visitor is writing…")).to_be_visible()
    answer_field(desk).press_sequentially("Sure")
    expect(visitor_page.get_by_text("Olga Berg is writing…").first).to_be_visible()


def test_a_break_loses_nothing(
    desk: Page, operator_context: BrowserContext, visitor_page: Page, question: str
) -> None:
    turn_to(desk, question)
    operator_context.set_offline(True)
    expect(desk.get_by_text("No connection.")).to_be_visible()
    answer_field(desk).fill("Said without a line")
    answer_field(desk).press("Enter")
    expect(said(desk, "Said without a line")).to_have_attribute("data-state", "sending")
    people.say(visitor_page, "Are you there?")
    operator_context.set_offline(False)
    expect(said(desk, "Said without a line")).to_have_attribute("data-state", "sent")
    expect(said(desk, "Are you there?")).to_be_visible()
    expect(desk.get_by_text("No connection.")).to_have_count(0)
    expect(people.rows(visitor_page).filter(has_text="Said without a line")).to_have_count(1)


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
    tab(managers_desk, "All").click()
    turn_to(managers_desk, f"Yes: {question}")
    expect(managers_desk.get_by_text("Olga Berg has this conversation.")).to_be_visible()
    expect(answer_field(managers_desk)).not_to_be_editable()
    managers_desk.get_by_role("button", name="Take").click()
    expect(managers_desk.get_by_text("You have this conversation.")).to_be_visible()
    expect(answer_field(desk)).not_to_be_editable()


def test_who_may_only_read_leaves_no_trace(demo: Demo, browser: Browser, desk: Page, question: str) -> None:
    hire(demo, "rita", "view_all_conversations")
    for theirs in desk_of("rita", browser, demo):
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
    expect(desk.get_by_role("link", name="New order")).to_be_hidden()
    desk.get_by_role("button", name="Visitor").click()
    expect(desk.get_by_role("link", name="New order")).to_be_visible()
    desk.get_by_role("button", name="Visitor").click()
    desk.get_by_role("link", name="Back to the list").click()
    expect(desk.get_by_role("list", name="Conversations")).to_be_visible()
    expect(answer_field(desk)).to_be_hidden()
    assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth")


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
            .filter((one) => one.checkVisibility() && !one.closest(".for-readers"))
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
