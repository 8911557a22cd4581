"""Two operators at one conversation, each at a desk of their own, and the visitor who must not notice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from statistics import median

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests.browser import people
from tests.browser.people import DESK, answer, answer_field, row, said, sit_down, tab, turn_to
from tests.demo import Demo
from tests.faults.machines import ROOT

LONG = 5_000  # messages

PAST = f"""
from uuid import uuid4
from django.contrib.auth.models import Permission, User
from consult.models import Conversation, Message, Tag, Visitor
for name in ("shades", "delivery"):
    Tag.objects.create(name=name)
lea, vanja = Visitor.objects.create(name="Lea Long"), Visitor.objects.create(name="Vanja")
long = Conversation.objects.create(visitor=lea, last_seq={LONG}, operators_read={LONG})
Message.objects.bulk_create(
    Message(conversation=long, seq=seq, author_key=lea.author.key, client_id=uuid4(), body=f"line {{seq}} of many")
    for seq in range(1, {LONG} + 1)
)
left = Conversation.objects.create(visitor=vanja)
left.say(vanja.author, "Hello? Is somebody there?")
left.take(User.objects.get(username="colleague"))
left.release(User.objects.get(username="colleague"), why="vanished")
namesake = User.objects.create_user("namesake", password="consult", is_staff=True, first_name="Olga", last_name="Berg")
namesake.user_permissions.add(Permission.objects.get(codename="answer_conversation"))
"""


@pytest.fixture(scope="module")
def past(demo: Demo) -> None:
    """A conversation of LONG messages, one whose operator vanished, two tags, and a namesake of the operator's."""
    subprocess.run([sys.executable, "manage.py", "shell", "-c", PAST], cwd=ROOT, env=demo.environment(), check=True)


def note_field(desk: Page) -> Locator:
    return desk.get_by_role("textbox", name="Your note")


def press(desk: Page, name: str) -> None:
    desk.get_by_role("button", name=name, exact=True).click()


def note(desk: Page, words: str) -> Locator:
    return said(desk, words).and_(desk.locator("[data-kind=note]"))


def test_a_note_is_for_colleagues_alone(desk: Page, colleagues_desk: Page, visitor_page: Page, question: str) -> None:
    turn_to(desk, question)
    turn_to(colleagues_desk, question)
    press(desk, "Note")
    expect(note_field(desk)).to_be_focused()
    expect(desk.get_by_role("button", name="Send")).to_be_hidden()
    desk.keyboard.type("She was here in May.")
    desk.keyboard.press("Enter")
    expect(note(colleagues_desk, "She was here in May.")).to_contain_text("Note · Olga Berg")
    expect(note_field(desk)).to_have_value("")
    desk.keyboard.press("Escape")
    expect(answer_field(desk)).to_be_focused()
    desk.keyboard.type("One moment, please.")
    desk.keyboard.press("Enter")
    expect(people.rows(visitor_page).filter(has_text="One moment, please.")).to_be_visible()
    expect(visitor_page.get_by_text("She was here in May.")).to_have_count(0)
    expect(note(desk, "She was here in May.")).to_be_visible()


def test_what_stands_in_the_field_can_become_a_note(desk: Page, visitor_page: Page, question: str) -> None:
    turn_to(desk, question)
    answer_field(desk).fill("Rather not for her eyes.")
    press(desk, "Add note")
    expect(note(desk, "Rather not for her eyes.")).to_be_visible()
    expect(answer_field(desk)).to_have_value("")
    answer_field(desk).fill("Nor this.")
    press(desk, "Note")
    expect(note_field(desk)).to_have_value("Nor this.")
    press(desk, "Add note")
    expect(note(desk, "Nor this.")).to_be_visible()
    press(desk, "Answer")
    expect(answer_field(desk)).to_have_value("")
    expect(visitor_page.get_by_text("Nor this.")).to_have_count(0)
    expect(visitor_page.get_by_text("Rather not for her eyes.")).to_have_count(0)


def test_a_note_stands_after_what_it_is_on_and_waits_for_it(desk: Page) -> None:
    log = desk.locator("consult-log")
    log.evaluate(
        """(log) => {
            const author = {kind: "operator", name: "Olga"};
            const one = (kind, body, place) => ({conversation: "c", kind, client_id: body, body, author, ...place});
            log.text = (seq) => one("text", `line ${seq}`, {seq});
            log.put(log.text(11));
            log.put(log.text(12));
            log.more = true;
            for (const [number, after_seq] of [[3, 11], [2, 11], [1, 9]]) {
                log.put(one("note", `note ${number}`, {number, after_seq}));
            }
        }"""
    )
    bodies = log.locator("[data-part=body]")
    expect(bodies).to_have_text(["line 11", "note 2", "note 3", "line 12"])
    log.evaluate("(log) => log.prepend([log.text(9), log.text(10)], false)")
    expect(bodies).to_have_text(["line 9", "note 1", "line 10", "line 11", "note 2", "note 3", "line 12"])


def test_a_note_survives_cuts_and_is_written_once(desk: Page, question: str) -> None:
    turn_to(desk, question)
    press(desk, "Note")
    note_field(desk).fill("Ask the workshop")
    desk.route("**/note/", lambda route: route.abort())
    press(desk, "Add note")
    expect(desk.get_by_role("alert").filter(has_text="That did not work just now.")).to_be_visible()
    desk.reload()
    expect(note_field(desk)).to_have_value("Ask the workshop")
    desk.unroute("**/note/")
    expect(note_field(desk)).to_be_editable()
    with desk.expect_request("**/note/") as posted:
        note_field(desk).press("Enter")
    expect(note(desk, "Ask the workshop")).to_be_visible()
    again = desk.context.request.post(
        posted.value.url, headers=posted.value.headers, data=posted.value.post_data or ""
    )
    assert again.status == 204
    desk.reload()
    expect(note(desk, "Ask the workshop")).to_have_count(1)
    expect(answer_field(desk)).to_have_value("")


def test_a_conversation_is_handed_over(desk: Page, colleagues_desk: Page, question: str) -> None:
    turn_to(desk, question)
    answer(desk, f"Yes: {question}")
    hand_over(desk, "Colin Frey", "You know dimmers.")
    expect(desk.get_by_text("You have this conversation, and offer it to Colin Frey.")).to_be_visible()
    tab(colleagues_desk, "Mine").click()
    turn_to(colleagues_desk, f"Yes: {question}")
    expect(colleagues_desk.get_by_text("Olga Berg offers you this conversation.")).to_be_visible()
    expect(answer_field(colleagues_desk)).not_to_be_editable()
    expect(note(colleagues_desk, "You know dimmers.")).to_be_visible()
    press(colleagues_desk, "Accept")
    expect(colleagues_desk.get_by_text("You have this conversation.", exact=True)).to_be_visible()
    expect(answer_field(colleagues_desk)).to_be_editable()
    expect(desk.get_by_text("Colin Frey has this conversation.")).to_be_visible()


def test_an_offer_is_returned_or_taken_back(desk: Page, colleagues_desk: Page, question: str) -> None:
    turn_to(desk, question)
    answer(desk, f"Yes: {question}")
    hand_over(desk, "Colin Frey")
    tab(colleagues_desk, "Mine").click()
    turn_to(colleagues_desk, f"Yes: {question}")
    press(colleagues_desk, "Return")
    dialog = colleagues_desk.get_by_role("dialog", name="Return the conversation")
    dialog.get_by_label("Note").fill("Not today.")
    dialog.get_by_role("button", name="Return").click()
    expect(note(desk, "Not today.")).to_be_visible()
    expect(desk.get_by_text("You have this conversation.", exact=True)).to_be_visible()
    expect(row(desk, question)).to_contain_text("returned by Colin Frey")
    hand_over(desk, "Colin Frey")
    expect(row(colleagues_desk, question)).to_be_visible()
    press(desk, "Take back")
    expect(desk.get_by_text("You have this conversation.", exact=True)).to_be_visible()
    expect(row(colleagues_desk, question)).to_have_count(0)


def test_a_note_of_an_offer_is_written_once_whatever_the_line_does(desk: Page, question: str) -> None:
    turn_to(desk, question)
    answer(desk, f"Yes: {question}")
    press(desk, "Hand over")
    dialog = desk.get_by_role("dialog", name="Hand over")
    people.choose(dialog.get_by_label("Colleague"), "Colin Frey")
    dialog.get_by_label("Note").fill("You know dimmers.")
    desk.route("**/offer/", lambda route: route.abort())
    dialog.get_by_role("button", name="Hand over").click()
    expect(dialog.get_by_text("That did not work just now.")).to_be_visible()
    expect(desk.get_by_text("That did not work just now.")).to_have_count(1)
    desk.unroute("**/offer/")
    desk.route("**/offer/", lose_the_answer)
    dialog.get_by_role("button", name="Hand over").click()
    expect(dialog).to_be_hidden()
    expect(note(desk, "You know dimmers.")).to_be_visible()
    press(desk, "Take back")
    desk.unroute("**/offer/")
    press(desk, "Hand over")
    expect(dialog.get_by_label("Note")).to_have_value("You know dimmers.")
    people.choose(dialog.get_by_label("Colleague"), "Colin Frey")
    dialog.get_by_role("button", name="Hand over").click()
    expect(desk.get_by_text("You have this conversation, and offer it to Colin Frey.")).to_be_visible()
    expect(note(desk, "You know dimmers.")).to_have_count(1)


def lose_the_answer(route: Route) -> None:
    if route.request.method == "POST":
        route.fetch()
        route.abort()
    else:
        route.continue_()


def hand_over(desk: Page, colleague: str, words: str = "") -> None:
    press(desk, "Hand over")
    dialog = desk.get_by_role("dialog", name="Hand over")
    people.choose(dialog.get_by_label("Colleague"), colleague)
    dialog.get_by_label("Note").fill(words)
    dialog.get_by_role("button", name="Hand over").click()
    expect(dialog).to_be_hidden()


def test_two_who_answer_see_each_other_and_lose_no_words(
    desk: Page, colleagues_desk: Page, visitor_page: Page, question: str
) -> None:
    turn_to(desk, question)
    turn_to(colleagues_desk, question)
    answer_field(colleagues_desk).press_sequentially("I was")
    expect(desk.get_by_text("Colin Frey is writing…")).to_be_visible()
    answer_field(desk).press_sequentially("I am")
    expect(colleagues_desk.get_by_text("Olga Berg is writing…")).to_be_visible()
    press(desk, "Send")
    expect(colleagues_desk.get_by_text("Olga Berg has answered. Your text is kept.")).to_be_visible()
    expect(colleagues_desk.get_by_text("Olga Berg has this conversation.")).to_be_visible()
    colleagues_desk.keyboard.type(" about")
    expect(answer_field(colleagues_desk)).to_have_value("I was about")
    press(desk, "Release")
    expect(answer_field(colleagues_desk)).to_be_editable()
    people.say(visitor_page, "And does it flicker?")
    expect(said(colleagues_desk, "And does it flicker?")).to_be_visible()


@pytest.mark.usefixtures("past")
def test_two_of_one_name_are_two(desk: Page, desk_of: Callable[[str], Page], question: str) -> None:
    namesakes_desk = desk_of("namesake")
    for page in (desk, namesakes_desk):
        turn_to(page, question)
    answer_field(desk).press_sequentially("Let me see")
    expect(namesakes_desk.get_by_text("Olga Berg is writing…")).to_be_visible()
    answer(namesakes_desk, "It does.")
    expect(desk.get_by_text("Olga Berg has answered. Your text is kept.")).to_be_visible()
    expect(namesakes_desk.get_by_text("has answered.")).to_be_hidden()


def test_an_answer_that_came_too_late_goes_back_into_the_field(
    desk: Page, colleagues_desk: Page, question: str
) -> None:
    turn_to(desk, question)
    turn_to(colleagues_desk, question)
    colleagues_desk.context.set_offline(True)
    answer_field(colleagues_desk).fill("Too late")
    answer_field(colleagues_desk).press("Enter")
    answer(desk, f"Yes: {question}")
    colleagues_desk.context.set_offline(False)
    failed = said(colleagues_desk, "Too late")
    expect(failed).to_have_attribute("data-state", "failed")
    expect(failed.get_by_role("button", name="Try again")).to_be_visible()
    failed.get_by_role("button", name="Edit").click()
    expect(failed).to_have_count(0)
    expect(answer_field(colleagues_desk)).to_have_value("Too late")


@pytest.mark.usefixtures("past")
def test_tags_are_put_on_and_taken_off(operator_page: Page, colleagues_desk: Page, question: str) -> None:
    desk = operator_page  # which complains of the refusal in its console, too
    sit_down(desk)
    turn_to(desk, question)
    turn_to(colleagues_desk, question)
    field = desk.get_by_label("Add tag")
    for name in ("Shades", "delivery"):
        field.fill(name)
        field.press("Enter")
    tags = [page.get_by_role("list", name="Tags").get_by_role("listitem") for page in (desk, colleagues_desk)]
    for each in tags:
        expect(each).to_have_text(["delivery", "shades"])
    desk.get_by_role("button", name="Remove tag delivery").press("Enter")
    expect(field).to_be_focused()
    for each in tags:
        expect(each).to_have_text(["shades"])
    field.fill("unheard of")
    field.press("Enter")
    expect(desk.get_by_role("alert").filter(has_text="no such tag")).to_be_visible()
    expect(field).to_have_value("unheard of")


@pytest.mark.usefixtures("past")
def test_whose_operator_vanished_is_marked(desk: Page) -> None:
    turn_to(desk, "Hello? Is somebody there?")
    expect(desk.get_by_text("Colin Frey was gone without a word. Take it.")).to_be_visible()
    expect(desk.get_by_role("button", name="Take")).to_be_visible()


def test_what_was_begun_is_there_after_signing_out_and_in(desk: Page, question: str) -> None:
    turn_to(desk, question)
    address = desk.url
    answer_field(desk).fill("Let me see")
    sign_out_and_in(desk, "operator")
    sit_down(desk, address)
    expect(answer_field(desk)).to_have_value("Let me see")
    sign_out_and_in(desk, "colleague")
    sit_down(desk, address)
    expect(said(desk, question)).to_be_visible()
    expect(answer_field(desk)).to_have_value("")


def sign_out_and_in(desk: Page, account: str) -> None:
    desk.goto("about:blank")  # an answer on its way to the desk would bring a cookie that the form does not know
    desk.context.clear_cookies()  # and the session is left to the other tests
    desk.goto(f"/admin/login/?next={DESK}")
    desk.fill("[name=username]", account)
    desk.fill("[name=password]", "consult")
    desk.click("[type=submit]")


SLOW = """
const DELAY = 60; // ms
const listen = WebSocket.prototype.addEventListener;
WebSocket.prototype.addEventListener = function (name, heard) {
  listen.call(this, name, name === "message" ? (event) => setTimeout(heard, DELAY, event) : heard);
};
"""

SWITCH = """
(words) => new Promise((drawn) => {
  const link = [...document.querySelectorAll("consult-rows li a")].find((one) => one.textContent.includes(words));
  const log = document.querySelector("consult-log [role=log]");
  const began = performance.now();
  const seen = () => log.textContent.includes(words) ? drawn(performance.now() - began) : requestAnimationFrame(seen);
  link.click();
  requestAnimationFrame(seen);
})
"""


@pytest.mark.usefixtures("past")
def test_turning_from_one_conversation_to_another_takes_no_time(
    operator_context: BrowserContext, question: str
) -> None:
    operator_context.add_init_script(SLOW)
    desk = operator_context.new_page()
    heard: list[str | bytes] = []
    desk.on("websocket", lambda line: line.on("framereceived", lambda frame: heard.append(frame)))
    sit_down(desk)
    both = [question, f"line {LONG} of many"]
    expect(row(desk, question)).to_be_visible()
    for words in both:
        desk.evaluate(SWITCH, words)
    again = [desk.evaluate(SWITCH, words) for words in both * 3]
    assert not [frame for frame in heard if '"refused"' in str(frame)]
    assert median(again) <= 100


@pytest.mark.usefixtures("past")
def test_a_long_conversation_opens_at_its_end(desk: Page) -> None:
    turn_to(desk, f"line {LONG} of many")
    expect(said(desk, f"line {LONG} of many")).to_be_in_viewport()
    log = desk.get_by_role("log", name="Conversation")
    for earlier in (LONG - 60, LONG - 120, LONG - 180):
        log.evaluate("(log) => (log.scrollTop = 0)")
        expect(said(desk, f"line {earlier} of many")).to_be_attached()
    assert desk.locator("consult-log li").count() < 400
