"""From a letter to its answer by e-mail, and back to the desk with what the visitor replied."""

from __future__ import annotations

import email
import email.policy
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from playwright.sync_api import Page, expect

from tests.browser import people
from tests.browser.people import answer, row, said, turn_to
from tests.demo import Demo
from tests.faults.machines import ROOT

MAIL_COMES_WITHIN = 30  # seconds

# As the receiving mail server hands it on, to a shop that takes replies.
REPLIED = """
import sys
from anymail.inbound import AnymailInboundMessage
from django.conf import settings
from consult.away import addresses, inbound
from consult.models import Letter
settings.CONSULT |= {"REPLY_ADDRESS": "reply@in.lampwick.example", "REPLY_AUTHSERV": "mx.lampwick.example"}
sender, words = sys.argv[-2:]
letter = Letter.objects.get(recipient=sender, kind="answer")
mail = f'''Authentication-Results: mx.lampwick.example; dmarc=pass header.from={sender.partition("@")[2]}
From: Vera <{sender}>
To: {addresses.reply_to(letter)}
In-Reply-To: {addresses.message_id(letter)}
Message-ID: <{letter.public_id}@home.example>
Subject: Re: Lampwick

{words}

On 11/22/26 10:00, Lampwick wrote:
> It does.
'''
print(inbound.receive(AnymailInboundMessage.parse_raw_mime(mail)).verdict)
"""


def test_a_letter_is_answered_by_mail_and_the_reply_comes_to_the_desk(
    nobody_on_duty: None, visitor_page: Page, desk: Page, demo: Demo
) -> None:
    name = uuid4().hex[:8]
    address, question, words = f"{name}@home.example", f"Does it hum? {name}", f"It does not. {name}"
    people.open_panel(visitor_page)
    people.leave_letter(visitor_page, question, address)
    visitor_page.goto("about:blank")

    turn_to(desk, question)
    answer(desk, words)
    two_minutes_pass(demo, address)
    mail = mail_to(demo, address)
    assert words in mail
    assert f"{demo.url}/consult/resume/" in mail

    reply = f"Then I take two. {name}"
    command = [sys.executable, "-c", f"import django; django.setup()\n{REPLIED}", address, reply]
    shop = {**demo.environment(), "DJANGO_SETTINGS_MODULE": "example_shop.settings"}
    told = subprocess.run(command, cwd=ROOT, env=shop, check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "accepted"
    theirs = said(desk, reply)
    expect(theirs).to_be_visible()
    expect(theirs).to_contain_text("by e-mail")
    expect(theirs).not_to_contain_text("It does.")
    expect(row(desk, reply)).to_be_visible()


def two_minutes_pass(demo: Demo, address: str) -> None:
    """For who left the letter: they are gone, and nothing was said since."""
    then = f"{datetime.now(UTC) - timedelta(minutes=3):%Y-%m-%d %H:%M:%S}"
    theirs = "SELECT c.id FROM consult_conversation c JOIN consult_visitor v ON v.id = visitor_id WHERE v.email = ?"
    quiet = f"UPDATE consult_message SET sent_at = ? WHERE conversation_id IN ({theirs})"  # noqa: S608
    with closing(sqlite3.connect(demo.database, timeout=20)) as database, database:
        database.execute("UPDATE consult_visitor SET heard_at = ? WHERE email = ?", (then, address))
        database.execute(quiet, (then, address))


def mail_to(demo: Demo, address: str) -> str:
    """The words of the one e-mail that the demo wrote to ``address``."""
    until = time.monotonic() + MAIL_COMES_WITHIN
    while time.monotonic() < until:
        for mail in mails(demo):
            if address in str(mail["To"]):
                return str(mail.get_content())
        time.sleep(0.2)
    raise AssertionError(f"No e-mail came to {address}")


def mails(demo: Demo) -> Iterator[email.message.EmailMessage]:
    for path in sorted((Path(demo.database).parent / "mail").glob("*")):
        for part in path.read_bytes().split(b"-" * 79):
            if part.strip():
                yield email.message_from_bytes(part.strip(), policy=email.policy.default)
