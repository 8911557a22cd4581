"""What is written for people outside: true, and written once."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", document.read_text()):
        path, _, place = target.partition("#")
        page = document.parent / path if path else document
        assert page.exists(), target
        if place:
            titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
            assert place in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}, target


def test_no_sentence_stands_twice() -> None:
    prose = [re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL) for path in DOCUMENTS]
    sentences = Counter(
        " ".join(sentence.split()) for text in prose for sentence in re.split(r"(?<=[.:!?])\s+|\n\n|\|", text)
    )
    assert [sentence for sentence, times in sentences.items() if times > 1 and len(sentence) > 30] == []


def test_the_keys_are_those_of_the_desk() -> None:
    """``?`` shows them by the template that they follow; this page must not promise others."""
    template = (ROOT / "consult" / "templates" / "consult" / "desk" / "keys.html").read_text()
    told = (ROOT / "docs" / "desk.md").read_text().partition("## Keys")[2]
    assert set(re.findall(r"`(\S+?)`", told)) == set(re.findall(r"<kbd>(.*?)</kbd>", template))
