"""Of a reply by e-mail the new words are kept, whatever program wrote it."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consult.away import plain
from consult.away.quote import MARK, new_words

ADDRESS = "reply+0123456789abcdef0123456789abcdef0123456789abcdef0123@in.lampwick.example"
LETTER = [
    f"{MARK} Please write your answer above this line",
    "",
    "Hello Vera,",
    "",
    "The lamp takes bulbs of 60 W. Which room is it for?",
    "",
    "Olga, Lampwick",
]


def quoted(*introduction: str, letter: list[str] = LETTER) -> str:
    return "\n".join([*introduction, *(f"> {line}".rstrip() for line in letter)])


# How each program introduces what it quotes.
PROGRAMS = {
    "Gmail": quoted(f"On Sun, Nov 22, 2026 at 10:00 AM Lampwick <{ADDRESS}> wrote:", ""),
    "Gmail, broken": quoted("On Sun, Nov 22, 2026 at 10:00 AM Lampwick <", f"{ADDRESS}> wrote:", ""),
    "Gmail in Russian": quoted("вс, 22 нояб. 2026 г. в 10:00, Lampwick <", f"{ADDRESS}>:", ""),
    "Gmail in German": quoted("Am So., 22. Nov. 2026 um 10:00 Uhr schrieb Lampwick <", f"{ADDRESS}>:", ""),
    "Apple Mail": quoted("", f"> On 22. Nov 2026, at 10:00, Lampwick <{ADDRESS}> wrote:", "> "),
    "Apple Mail in Russian": quoted(f"22 ноября 2026 г., в 10:00, Lampwick <{ADDRESS}> написал(а):", ""),
    "Apple Mail in German": quoted(f"Am 22.11.2026 um 10:00 schrieb Lampwick <{ADDRESS}>:", ""),
    "Thunderbird": quoted("On 11/22/26 10:00, Lampwick wrote:"),
    "Thunderbird in Russian": quoted("22.11.2026 10:00, Lampwick пишет:"),
    "Thunderbird in German": quoted("Am 22.11.26 um 10:00 schrieb Lampwick:"),
    "Yandex": quoted(f'22.11.2026, 10:00, "Lampwick" <{ADDRESS}>:'),
    "Yandex, by name": quoted(f"22 ноября 2026 г., 10:00, Lampwick <{ADDRESS}> написал(а):"),
    "Mail.ru": quoted(f"Воскресенье, 22 ноября 2026, 10:00 +03:00 от Lampwick <{ADDRESS}>:", "> "),
    "Proton": quoted(f"On Sunday, November 22nd, 2026 at 10:00 AM, Lampwick <{ADDRESS}> wrote:", ""),
    "in French": quoted(f"Le dim. 22 nov. 2026 à 10:00, Lampwick <{ADDRESS}> a écrit :", ""),
    "in Chinese": quoted(f"Lampwick <{ADDRESS}> 于2026年11月22日周日 10:00写道：", ""),
    "without a day": quoted(f"Lampwick <{ADDRESS}> wrote:"),
    "Outlook": "\n".join([
        "________________________________",
        f"From: Lampwick <{ADDRESS}>",
        "Sent: Sunday, November 22, 2026 10:00 AM",
        "To: Vera <vera@mail.example>",
        "Subject: Re: Your question",
        "",
        *LETTER,
    ]),
    "Outlook in German": "\n".join([
        f"Von: Lampwick <{ADDRESS}> ",
        "Gesendet: Sonntag, 22. November 2026 10:00",
        "An: Vera <vera@mail.example>",
        "Betreff: Re: Ihre Frage",
        "",
        *LETTER,
    ]),
    "Outlook in Russian": "\n".join([
        f"От: Lampwick <{ADDRESS}>",
        "Отправлено: 22 ноября 2026 г. 10:00",
        "Кому: Vera <vera@mail.example>",
        "Тема: Re: Ваш вопрос",
        "",
        *LETTER,
    ]),
    "Outlook in bold": "\n".join([
        f"*From:* Lampwick <{ADDRESS}>",
        "*Sent:* Sunday, November 22, 2026 10:00 AM",
        "*To:* Vera <vera@mail.example>",
        "*Subject:* Re: Your question",
        "",
        *LETTER,
    ]),
    "Outlook of old": "\n".join([
        "-----Original Message-----",
        f"From: Lampwick [mailto:{ADDRESS}] ",
        "Sent: Sunday, November 22, 2026 10:00 AM",
        "To: Vera",
        "Subject: Re: Your question",
        "",
        *LETTER,
    ]),
    "a Russian program of old": "\n".join([
        "-------- Исходное сообщение --------",
        f"От: Lampwick <{ADDRESS}>",
        "Дата: 22.11.2026 10:00 (GMT+03:00)",
        "Кому: vera@mail.example",
        "Тема: Re: Ваш вопрос",
        "",
        *LETTER,
    ]),
}  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_new_words_are_kept_and_the_quote_is_not(program: str) -> None:
    reply = f"For the kitchen.\n\nVera\n\n{PROGRAMS[program]}\n"
    assert new_words(reply) == "For the kitchen.\n\nVera"


@pytest.mark.parametrize("program", PROGRAMS)
def test_our_own_line_is_not_needed_for_it(program: str) -> None:
    """Somebody deleted it from the quote."""
    reply = f"For the kitchen.\n\n{PROGRAMS[program].replace(LETTER[0], 'Hi,')}\n"
    assert new_words(reply) == "For the kitchen."


def test_an_answer_below_the_quote_is_kept() -> None:
    assert new_words(f"{PROGRAMS['Thunderbird']}\n\nFor the kitchen.\n") == "For the kitchen."


def test_answers_between_the_lines_are_kept() -> None:
    reply = "Hello\n\nOn 11/22/26 10:00, Lampwick wrote:\n> Which room?\nThe kitchen.\n> Which colour?\nRed.\n> Olga"
    assert new_words(reply) == "Hello\n\nThe kitchen.\nRed."


def test_a_quote_that_nothing_introduces_is_kept_as_the_visitor_meant_it() -> None:
    assert new_words("> Which room?\nThe kitchen.") == "> Which room?\nThe kitchen."


@pytest.mark.parametrize(
    "words",
    [
        "I wrote on 22.11.2026 at 10:00:\nthe lamp is broken",
        "From: Berlin\nTo: Paris\n\nHow long does it take?",
        "My address:\nVera <vera@mail.example>",
        "Delivery 22.11.2026 10:00\n\n-----\n\nThank you",
        "5 > 3\n\n>>> see the manual",
    ],
)
def test_words_that_only_look_like_a_quote_are_kept(words: str) -> None:
    assert new_words(words) == words
    assert new_words(f"{words}\n\n{PROGRAMS['Gmail']}") == words


def test_a_reply_that_adds_nothing_is_empty() -> None:
    assert new_words(PROGRAMS["Gmail"]) == new_words(PROGRAMS["Outlook"]) == new_words("") == ""


# A line of nothing but the signs that quoting puts before one is as good as blank.
@given(st.text(st.characters(exclude_characters=">|*")), st.sampled_from(sorted(PROGRAMS)))
@example("one\n\n\ntwo\n> three", "Gmail")
@example("one | two\n* three", "Apple Mail")
def test_no_words_above_our_line_are_ever_lost(words: str, program: str) -> None:
    """Save white space at the ends of lines."""
    lines = [line.rstrip() for line in words.splitlines()]
    assert new_words(f"{words}\n\n{PROGRAMS[program]}") == "\n".join(lines).strip()


@pytest.mark.parametrize(
    "text",
    [
        "> \n" * 50_000,
        ">\n\n" * 30_000,
        "From: a\n" * 12_000,
        "From: a\n\n" * 12_000,
        "x:\n> \n" * 16_000,
        f"{'2026 10:00 <' * 9_000}:\n> ",
        "<" * 100_000 + ":\n>",
        "a b " * 25_000 + ":\n>",
        "-" * 100_000,
        "-" * 50_000 + "x",
        f"{MARK}\n" * 20_000,
        " " * 100_000,
    ],
)
def test_hostile_mail_costs_no_time(text: str) -> None:
    began = time.process_time()
    new_words(text)
    assert time.process_time() - began < 0.15  # measured: 0.05 at most


def test_html_reads_as_text() -> None:
    html = (
        "<html><head><title>no</title><style>p {}</style></head><body><p>For the <b>kitchen</b>.</p>"
        "<!-- <p>no --><script>alert(1)</script><div>5 &lt; 6</div>one<br>two"
        f"<div>On 11/22/26 10:00, Lampwick wrote:</div><blockquote><p>{LETTER[0]}</p><p>Hello</p></blockquote></body>"
    )
    assert new_words(plain.words(html)) == "For the kitchen.\n5 < 6\none\ntwo"


@pytest.mark.parametrize(
    "piece", ["<blockquote>", "<", "<!--", "<!-->", "<a ", "&#", "<p>", "</blockquote>", "<script>"]
)
def test_hostile_html_costs_no_time(piece: str) -> None:
    """html.parser takes minutes for some of these."""
    began = time.process_time()
    plain.words(piece * (200_000 // len(piece)))
    assert time.process_time() - began < 0.5
