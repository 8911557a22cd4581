"""What stands beside a conversation: where its visitor is, and how they are reached."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.people import label, panel, turn_to


def test_the_operator_sees_the_visitor_walk(desk: Page, visitor_page: Page, question: str) -> None:
    turn_to(desk, question)
    now = pages(desk).first
    expect(now.get_by_role("link")).to_have_attribute("href", visitor_page.url)
    expect(desk.get_by_text("Chrome on Linux")).to_be_visible()
    asked = listening_for_asides(desk)
    visitor_page.goto("/lamps/low-tide/")
    expect(panel(visitor_page).or_(label(visitor_page)).first).to_be_visible()
    expect(now.get_by_role("link")).to_have_attribute("href", visitor_page.url)
    expect(now.get_by_role("link")).to_have_attribute("aria-current", "page")
    expect(now).to_contain_text("/lamps/low-tide/")
    expect(pages(desk)).to_have_count(2)
    assert asked == [], "the row had brought it"
    claim(visitor_page, "http://999.1.1.1.1/")
    expect(now).to_contain_text("http://999.1.1.1.1/")  # no address to a browser, and yet no harm
    claim(visitor_page, "https://elsewhere.example/a")
    expect(now).to_contain_text("elsewhere.example/a")


def test_what_is_half_typed_survives_the_news(managers_desk: Page, question: str) -> None:
    desk = managers_desk
    turn_to(desk, question)
    aside(desk).get_by_text("Edit contact").click()
    name, email = (desk.get_by_role("textbox", name=label, exact=True) for label in ("Name", "E-mail"))
    name.fill("Vera Ahr")
    desk.get_by_role("button", name="Take", exact=True).click()
    expect(aside(desk).get_by_text("has it now")).to_be_visible()
    expect(name).to_have_value("Vera Ahr")
    email.fill("vera@")
    name.press("Enter")
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(email).to_have_accessible_description("Enter a valid email address.")
    email.fill("vera@home.example")
    name.fill("Vera Ahrens")
    name.press("Enter")
    expect(desk.get_by_role("heading", name="Vera Ahrens")).to_be_visible()
    expect(aside(desk).get_by_role("link", name="vera@home.example")).to_be_visible()
    expect(name).to_be_hidden()


def claim(visitor_page: Page, url: str) -> None:
    """Say to be at an address, as a script could."""
    visitor_page.evaluate(
        """(url) => document.querySelector("consult-widget").shadowRoot.querySelector("consult-socket")
            .send({type: "page", url, title: ""})""",
        url,
    )


def aside(desk: Page) -> Locator:
    return desk.locator("consult-aside")


def pages(desk: Page) -> Locator:
    return aside(desk).get_by_role("list", name="Pages of this visit").get_by_role("listitem")


def listening_for_asides(desk: Page) -> list[str]:
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url) if "/aside/" in request.url else None)
    return asked
