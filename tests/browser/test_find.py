"""Finding at the desk, as an operator does it: by typing, and back again."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.people import row, said, tab


def test_what_was_said_is_found_while_one_types_and_escape_gives_the_list_back(desk: Page, question: str) -> None:
    expect(row(desk, question)).to_be_visible()
    search = desk.get_by_role("search").get_by_role("searchbox", name="Search")
    search.fill(question.split()[-1])
    found = desk.get_by_role("list", name="Found").get_by_role("listitem")
    expect(found).to_have_count(1)
    expect(found.locator("mark")).to_have_text(question.split()[-1])
    expect(desk.get_by_role("list", name="Conversations")).to_be_hidden()
    for key in ("ArrowDown", "Enter"):
        search.press(key)
        expect(found.get_by_role("link")).to_be_focused()
    found.get_by_role("link").click()
    expect(said(desk, question)).to_be_visible()
    expect(desk.get_by_role("heading", name="Visitor", level=2)).to_contain_text("Lampwick")  # the page they are on
    expect(found.get_by_role("link")).to_have_attribute("aria-current", "true")
    desk.reload()  # the address bar keeps both
    expect(found).to_have_count(1)
    expect(said(desk, question)).to_be_visible()
    search.fill("nobody ever said this")
    expect(desk.get_by_text("Nothing was found.").last).to_be_visible()
    search.press("Escape")
    expect(search).to_have_value("")
    expect(row(desk, question)).to_be_visible()
    assert "q=" not in desk.url
    expect(search).to_be_focused()
    search.press("Escape")
    expect(row(desk, question).get_by_role("link")).to_be_focused()


def test_what_was_found_opens_from_everywhere_with_its_state_at_once(desk: Page, question: str) -> None:
    tab(desk, "Mine").click()  # a list in which it does not stand
    desk.get_by_role("searchbox", name="Search").fill(question.split()[-1])
    found = desk.get_by_role("list", name="Found").get_by_role("listitem")
    expect(found).to_have_count(1)
    state = desk.evaluate(
        """(conversation) => {
            const open = new CustomEvent("consult:open", {bubbles: true, detail: {conversation}});
            document.querySelector("consult-alert").dispatchEvent(open);
            return document.querySelector("[data-thread=state]").textContent;
        }""",
        found.get_attribute("data-conversation"),
    )
    assert state == "Nobody has this conversation yet. Answering takes it."
    expect(found.get_by_role("link")).to_have_attribute("aria-current", "true")


def test_a_filter_narrows_what_is_found(desk: Page, question: str, known_tag: str) -> None:
    form = desk.get_by_role("search")
    form.get_by_role("searchbox", name="Search").fill(question.split()[-1])
    found = desk.get_by_role("list", name="Found").get_by_role("listitem")
    expect(found).to_have_count(1)
    form.get_by_role("button", name="Filter").click()
    expect(form.get_by_label("Tag")).to_be_focused()
    form.get_by_label("Tag").select_option(known_tag)
    expect(found).to_have_count(0)
    form.get_by_label("Tag").select_option("")
    expect(found).to_have_count(1)
