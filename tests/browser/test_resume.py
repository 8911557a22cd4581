"""The link in an answer's e-mail, followed in the browser that mail is read in."""

from __future__ import annotations

import subprocess
import sys
from uuid import uuid4

from playwright.sync_api import Browser, expect

from tests.demo import Demo
from tests.faults.machines import ROOT

MAILED = """
from consult.away import links
from consult.models import Conversation, Letter
talk = Conversation.objects.filter(closed_at__isnull=False).first()
seqs = {"first_seq": 1, "last_seq": talk.last_seq}
letter = Letter.objects.create(conversation=talk, kind="answer", recipient="vera@home.example", state="sent", **seqs)
print(links.token(letter), talk.messages.filter(kind="text").first().body, sep="|")
"""


def test_who_was_mailed_reads_on_and_answers(browser: Browser, demo: Demo) -> None:
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", MAILED]
    told = subprocess.run(command, cwd=ROOT, env=demo.environment(), check=True, capture_output=True, text=True)
    token, _, first = told.stdout.strip().partition("|")
    words = f"Yes, please, in brass. {uuid4().hex[:8]}"
    with browser.new_context(base_url=demo.url, locale="en-GB") as context:
        page = context.new_page()
        page.goto(f"/consult/resume/{token}/")
        expect(page.get_by_role("region", name="Conversation")).to_contain_text(first)
        page.get_by_role("textbox", name="Your message").fill(words)
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("status")).to_have_text("Your message was sent. The answer comes by e-mail.")
        assert context.cookies() == []
