"""The mail server is away for half an hour. No letter is lost, and who leaves one doesn't notice."""

from __future__ import annotations

import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from tests.faults.client import ask
from tests.faults.conftest import OpenShop
from tests.faults.machines import MailServer
from tests.faults.shop import Shop

SCALE = 60  # a minute takes a second
OUTAGE = 30 * 60 / SCALE  # seconds
RECOVERED = 120.0  # seconds until all are out: this is not scaled, for neither is sending
BEAT = 5.0  # seconds
PAUSE = 0.3  # seconds between two letters
SLOWEST = 0.3  # seconds for a form, at the 95th percentile
TROUBLES = ("refuse", "hang", "421", "451", "vanish")


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_half_an_hour_without_a_mail_server_loses_no_letter(
    engine: str, open_shop: OpenShop, mail_server: MailServer
) -> None:
    shop = open_shop(engine, **quick(mail_server))
    leave = writer(shop)
    leave()
    until(lambda: len(mail_server.taken) == 2, 2 * BEAT)  # it works before it doesn't
    took, again = [], set()
    for trouble in TROUBLES:
        mail_server.trouble = trouble
        if trouble == "refuse":
            mail_server.stop()
        ends, before = time.monotonic() + OUTAGE / len(TROUBLES), len(mail_server.taken)
        while time.monotonic() < ends:
            took.append(leave())
            time.sleep(PAUSE)
        again |= {mail["Message-ID"] for mail in mail_server.taken[before:]}
        if trouble == "refuse":
            mail_server.start()
    mail_server.trouble, recovered = "", time.monotonic()
    letters = 2 * (len(took) + 1)
    until(lambda: len(arrived(mail_server)) == letters, RECOVERED)
    slowest = statistics.quantiles(took, n=20)[-1]
    out = time.monotonic() - recovered
    print(  # noqa: T201
        f"{engine}: {OUTAGE:.0f} s without a mail server, {letters} letters meanwhile, all out {out:.1f} s after, "
        f"{len(again)} of them taken before without an answer; a form took {slowest * 1000:.0f} ms (p95)"
    )
    assert again  # it did vanish with some
    assert {mail_id for mail_id, times in arrived(mail_server).items() if times > 1} <= again
    assert slowest <= SLOWEST


def test_a_shop_killed_while_it_sends_sends_the_letter_again(open_shop: OpenShop, mail_server: MailServer) -> None:
    shop = open_shop("sqlite", **quick(mail_server))
    mail_server.trouble = "dawdle"
    writer(shop)()
    until(lambda: len(mail_server.taken) >= 1, 2 * BEAT)
    shop.servers[0].kill()
    mail_server.trouble = ""
    shop.servers[0].start()
    ask(shop.origin(0), "GET", "/consult/boot/en/", {})  # the beat begins with the first who comes
    until(lambda: len(arrived(mail_server)) == 2, 4 * BEAT)
    assert max(arrived(mail_server).values()) > 1


def quick(server: MailServer) -> dict[str, str]:
    """What leads a shop to this server, and lets it hurry."""
    application = "tests.faults.quick:application"
    return {"application": application, "SCALE": str(SCALE), "EMAIL_URL": f"smtp://127.0.0.1:{server.port}"}


def writer(shop: Shop) -> Callable[[], float]:
    """Leaves a letter as somebody new each time; gives the seconds it took."""
    page = ask(shop.origin(0), "GET", "/consult/letter/", {})
    fields = dict(re.findall(r'name="(csrfmiddlewaretoken|drawn)"[^>]*value="([^"]+)"', page.text))

    def leave() -> float:
        typed = {"client_id": str(uuid4()), "question": "Is the brass lamp warmer?", "email": "vera@home.example"}
        began = time.monotonic()
        answer = ask(shop.origin(0), "POST", "/consult/letter/", page.cookies, fields | typed)
        assert (answer.status, "Thank you." in answer.text) == (200, True)
        return time.monotonic() - began

    return leave


def arrived(server: MailServer) -> Counter[str]:
    """How often each mail came."""
    return Counter(mail["Message-ID"] for mail in server.taken)


def until(condition: Callable[[], bool], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)
