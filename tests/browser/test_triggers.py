"""When an invitation is offered, by the page's own clock. The server of these tests always agrees."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.people import label, open_panel, panel, say

PRODUCT = "/lamps/heron/"
SECOND = 1_000  # ms
MINUTE = 60 * SECOND

Asked = list[dict[str, Any]]
GREETINGS = {"A": {"": "Shall we light it for you?", "leaving": "Before you go"}}
COUNTED = (
    """(({visits, pages}) => `${visits ?? ""}.${pages ?? ""}`)(JSON.parse(localStorage["consult-visits"] ?? "{}"))"""
)
WORDS = {"invitation": "Invitation", "accept": "Start chat", "decline": "No, thanks"}


def offer(page: Page, *rules: dict[str, Any]) -> Asked:
    """Let these be the shop's rules. What the server is asked to show is in the list."""
    asked: Asked = []
    live = [{"id": number, "result": "invite", "greetings": GREETINGS, **rule} for number, rule in enumerate(rules, 1)]

    def boot(route: Route) -> None:
        said = route.fetch().json()
        route.fulfill(json={**said, "texts": said["texts"] | WORDS, "rules": live, "silence": MINUTE})

    def invite(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or ""))
        route.fulfill(json={"show": True, "quiet": {}, "linked": False})

    page.route("**/consult/boot/**", boot)
    page.route("**/consult/invite/", invite)
    page.clock.install()
    return asked


def visit(page: Page, address: str, **how: Any) -> None:
    """Go there, and wait until the page is watched."""
    seen = [tab for tab in page.context.pages if tab.url != "about:blank"]
    before = seen[0].evaluate(COUNTED) if seen else "."
    page.goto(address, **how)
    page.evaluate(
        f"""(before) => new Promise((counted, missed) => {{
            setTimeout(() => missed(new Error("nobody watches")), 15000);
            const look = () => ({COUNTED} === before ? requestAnimationFrame(look) : counted());
            look();
        }})""",
        before,
    )


def scroll(page: Page, top: int, ms: int) -> None:
    """Scroll there, and find that so many milliseconds have passed."""
    page.clock.set_fixed_time(page.evaluate("(ms) => (Date.now() + ms) / 1000", ms))
    page.evaluate(
        """(top) => new Promise((scrolled) => {
            document.addEventListener("scroll", scrolled, {once: true});
            window.scrollTo({top, behavior: "instant"});
        })""",
        top,
    )


def turn(page: Page, *, hidden: bool) -> None:
    """Another tab is turned to, or this one again."""
    page.evaluate(
        """(hidden) => {
            Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def leave(page: Page) -> None:
    """Move the pointer out of the page at its top."""
    page.mouse.move(400, 300)
    page.mouse.move(400, -20)


def invitation(page: Page) -> Locator:
    return page.get_by_role("region", name="Invitation")


def facts(page: Page, asked: Asked) -> dict[str, Any]:
    """What the browser found when it asked to invite, for the one time that it did."""
    expect(invitation(page)).to_be_visible()
    assert len(asked) == 1
    found: dict[str, Any] = asked[0]["facts"]
    return found


def test_seconds_on_the_page_count_while_it_is_seen(visitor_page: Page) -> None:
    asked = offer(visitor_page, {"kinds": ["product"], "page_s": 25})
    visit(visitor_page, PRODUCT)
    visitor_page.clock.run_for(15 * SECOND)
    turn(visitor_page, hidden=True)
    visitor_page.clock.run_for(10 * MINUTE)
    turn(visitor_page, hidden=False)
    visitor_page.clock.run_for(10 * SECOND)
    assert 25 <= facts(visitor_page, asked)["page_s"] < 40


def test_seconds_on_the_site_go_on_from_page_to_page(visitor_page: Page) -> None:
    asked = offer(visitor_page, {"site_s": 60})
    visit(visitor_page, "/")
    visitor_page.clock.run_for(40 * SECOND)
    visit(visitor_page, PRODUCT)
    visitor_page.clock.run_for(20 * SECOND)
    found = facts(visitor_page, asked)
    assert 60 <= found["site_s"] < 90
    assert found["page_s"] < 40


def test_the_third_page_of_a_visit(visitor_page: Page) -> None:
    asked = offer(visitor_page, {"pages": 3})
    for address in ("/", "/delivery/", PRODUCT):
        expect(invitation(visitor_page)).to_have_count(0)
        visit(visitor_page, address)
    found = facts(visitor_page, asked)
    assert (found["pages"], found["kind"], found["path"], found["visits"]) == (3, "product", PRODUCT, 1)


def test_the_second_visit_begins_after_half_an_hour(visitor_page: Page) -> None:
    asked = offer(visitor_page, {"visits": 2})
    visit(visitor_page, "/")
    visit(visitor_page, "/delivery/")
    visitor_page.clock.fast_forward(29 * MINUTE)
    visit(visitor_page, "/")
    visitor_page.clock.fast_forward(31 * MINUTE)
    visit(visitor_page, PRODUCT)
    found = facts(visitor_page, asked)
    assert (found["visits"], found["pages"], found["path"]) == (2, 1, PRODUCT)


def test_leaving_is_going_out_at_the_top_after_a_while(visitor_page: Page) -> None:
    asked = offer(visitor_page, {"leaving": True})
    visit(visitor_page, PRODUCT)
    leave(visitor_page)
    visitor_page.clock.run_for(8 * SECOND)
    visitor_page.mouse.move(400, 300)
    visitor_page.mouse.down()
    visitor_page.mouse.move(400, -20)
    visitor_page.mouse.up()
    visitor_page.mouse.move(400, 300)
    visitor_page.mouse.move(-20, 300)
    expect(invitation(visitor_page)).to_have_count(0)
    leave(visitor_page)
    assert facts(visitor_page, asked)["leaving"] is True
    expect(invitation(visitor_page)).to_contain_text("Before you go")


def test_on_a_phone_coming_back_is_leaving_where_the_rule_says_so(phone: Page) -> None:
    asked = offer(phone, {"leaving": True}, {"leaving": True, "leaving_touch": True})
    visit(phone, PRODUCT)
    phone.clock.run_for(8 * SECOND)
    turn(phone, hidden=True)
    phone.clock.run_for(6 * SECOND)
    turn(phone, hidden=False)
    assert facts(phone, asked)["device"] == "phone"
    assert asked[0]["rule"] == 2


def test_on_a_phone_going_quickly_up_again_is_leaving(phone: Page) -> None:
    asked = offer(phone, {"leaving": True, "leaving_touch": True})
    visit(phone, PRODUCT)
    phone.evaluate("document.body.style.minBlockSize = '4000px'")
    phone.clock.run_for(8 * SECOND)
    for top, ms in ((2000, 200), (1700, 200), (1400, 200)):
        scroll(phone, top, ms)
    assert facts(phone, asked)["leaving"] is True


def test_idle_is_without_a_move(visitor_page: Page) -> None:
    asked = offer(visitor_page, {"idle_s": 30})
    visit(visitor_page, PRODUCT)
    visitor_page.clock.run_for(20 * SECOND)
    visitor_page.mouse.move(300, 300)
    visitor_page.clock.run_for(20 * SECOND)
    visitor_page.keyboard.press("Shift")
    visitor_page.clock.run_for(30 * SECOND)
    found = facts(visitor_page, asked)
    assert 30 <= found["idle_s"] < 45
    assert found["page_s"] >= 70


def test_where_they_came_from_holds_for_the_visit(visitor_page: Page) -> None:
    asked = offer(
        visitor_page, {"kinds": ["product"], "referrer": "google.", "utm": {"source": "letter", "campaign": "Spring"}}
    )
    visit(
        visitor_page, "/?utm_source=Letter&utm_campaign=spring&x=1", referer="https://www.google.com/search?q=secret"
    )
    expect(invitation(visitor_page)).to_have_count(0)
    visit(visitor_page, PRODUCT)
    found = facts(visitor_page, asked)
    assert found["referrer"] == "https://www.google.com/search"
    assert found["utm"] == {"source": "Letter", "medium": "", "campaign": "spring"}


def test_a_rule_for_computers_is_not_for_phones(visitor_page: Page, phone: Page) -> None:
    for page, rule in ((visitor_page, 2), (phone, 1)):
        asked = offer(page, {"devices": ["phone"]}, {"devices": ["computer"]})
        visit(page, PRODUCT)
        facts(page, asked)
        assert asked[0]["rule"] == rule


def test_another_path_in_the_same_document_is_another_page(visitor_page: Page) -> None:
    asked = offer(visitor_page, {"page_s": 25})
    visit(visitor_page, PRODUCT)
    visitor_page.clock.run_for(15 * SECOND)
    visitor_page.evaluate("history.replaceState(null, '', '#size')")
    visitor_page.evaluate("history.pushState(null, '', '/lamps/moth/')")
    visitor_page.clock.run_for(25 * SECOND)
    found = facts(visitor_page, asked)
    assert 25 <= found["page_s"] < 40
    assert found["site_s"] >= 40
    assert (found["path"], found["pages"]) == ("/lamps/moth/", 2)


def test_an_invitation_stays_on_the_page_it_is_for(visitor_page: Page) -> None:
    asked = offer(visitor_page, {"kinds": ["product"], "page_s": 5})
    visit(visitor_page, PRODUCT)
    visitor_page.clock.run_for(5 * SECOND)
    facts(visitor_page, asked)
    visitor_page.evaluate("history.pushState(null, '', '/checkout/')")
    expect(invitation(visitor_page)).to_have_count(0)


def test_whoever_writes_or_chooses_is_not_disturbed(visitor_page: Page) -> None:
    asked = offer(visitor_page, {"page_s": 5})
    visit(visitor_page, PRODUCT)
    visitor_page.get_by_label("Quantity").focus()
    # What looks at what they do is fetched before: a file takes real time, for which the clock doesn't wait.
    visitor_page.evaluate("async () => void (await import(document.querySelector('consult-widget').dataset.offer))")
    visitor_page.clock.run_for(20 * SECOND)
    visitor_page.evaluate(
        "() => {const dialog = document.body.appendChild(document.createElement('dialog')); dialog.showModal();}"
    )
    visitor_page.clock.run_for(20 * SECOND)
    expect(invitation(visitor_page)).to_have_count(0)
    visitor_page.evaluate("document.querySelector('body > dialog').remove()")
    visitor_page.clock.run_for(2 * SECOND)
    assert facts(visitor_page, asked)["page_s"] >= 40


def test_a_page_on_which_the_panel_was_opened_invites_no_more(visitor_page: Page) -> None:
    asked = offer(visitor_page, {"page_s": 25}, {"page_s": 5, "kinds": ["delivery"]})
    open_panel(visitor_page, PRODUCT)
    panel(visitor_page).get_by_role("button", name="Close", exact=True).click()
    visitor_page.clock.run_for(MINUTE)
    visit(visitor_page, "/delivery/")
    visitor_page.clock.run_for(5 * SECOND)
    assert facts(visitor_page, asked)["kind"] == "delivery"


def test_label_only_and_no_widget_at_all(visitor_page: Page) -> None:
    asked = offer(
        visitor_page,
        {"result": "hide", "kinds": ["delivery"]},
        {"result": "label", "kinds": ["product"]},
        {"pages": 3},
    )
    visit(visitor_page, "/")
    expect(label(visitor_page)).to_be_visible()
    visit(visitor_page, "/delivery/")
    expect(label(visitor_page)).to_be_hidden()
    visit(visitor_page, PRODUCT)
    expect(label(visitor_page)).to_be_visible()
    visit(visitor_page, "/")
    assert facts(visitor_page, asked)["pages"] == 4


def test_whoever_is_in_conversation_keeps_the_widget_and_is_not_invited(visitor_page: Page) -> None:
    asked = offer(visitor_page, {"result": "hide", "kinds": ["delivery"]}, {"page_s": 5})
    open_panel(visitor_page)
    say(visitor_page, "Which lamp for a dark corner?")
    panel(visitor_page).get_by_role("button", name="Close", exact=True).click()
    visit(visitor_page, "/delivery/")
    visitor_page.clock.run_for(MINUTE)
    expect(label(visitor_page)).to_be_visible()
    assert asked == []


def test_a_conversation_is_not_hidden_by_another_path(visitor_page: Page) -> None:
    offer(visitor_page, {"result": "hide", "paths": ["/delivery/", "/"]})
    visit(visitor_page, "/delivery/")
    expect(label(visitor_page)).to_be_hidden()
    visitor_page.evaluate("history.pushState(null, '', '/lamps/')")
    expect(label(visitor_page)).to_be_visible()
    label(visitor_page).click()
    expect(panel(visitor_page)).to_be_visible()
    visitor_page.evaluate("history.pushState(null, '', '/')")
    visitor_page.wait_for_function("JSON.parse(localStorage['consult-visits']).pages === 3")
    expect(panel(visitor_page)).to_be_visible()


def test_without_storage_nobody_is_invited(visitor_page: Page) -> None:
    visitor_page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }})"
    )
    asked = offer(visitor_page, {"page_s": 5}, {"result": "hide", "kinds": ["delivery"]})
    visitor_page.goto(PRODUCT)
    visitor_page.clock.run_for(MINUTE)
    visitor_page.goto("/delivery/")
    expect(label(visitor_page)).to_be_hidden()
    assert asked == []
