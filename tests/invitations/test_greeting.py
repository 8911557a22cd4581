"""Greetings are checked when they are saved: what is wrong with their variables, and how to right it."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from consult.invitations import greeting

WRONG = {
    "Hello {name}!": ["{name} isn't always known. Write what to say then, as in {name|…}."],
    "From {region}?": ["{region} isn't always known. Write what to say then, as in {region|…}."],
    "About {product}": ["{product} isn't always known. Write what to say then, as in {product|…}."],
    "Hello {nmae|you}": ["There is no variable {nmae}. Did you mean {name}?"],
    "Hello {Name|you}": ["There is no variable {Name}. Did you mean {name}?"],
    "On {page_title}": ["There is no variable {page_title}. Did you mean {page title}?"],
    "Hello {weather}": ["There is no variable {weather}, only {name}, {region}, {product}, {page title}, {greeting}."],
    "Hello {}": ["There is no variable {}, only {name}, {region}, {product}, {page title}, {greeting}."],
    "Hello {{ name }}": [
        "A brace begins or ends a variable, as in {name|there}; it can't stand for itself.",
        "{name} isn't always known. Write what to say then, as in {name|…}.",
    ],
    "Hello {name": ["A brace begins or ends a variable, as in {name|there}; it can't stand for itself."],
    "{name|}": ["Where nothing is known nothing would be said. Give a variable a fallback."],
    "{page title}": ["Where nothing is known nothing would be said. Give a variable a fallback."],
}


@pytest.mark.parametrize(
    "text",
    [
        "Which lamp is it for?",
        "{greeting}!",
        "{greeting|Hello}, {name|you}! Is {product|this lamp} for {region|your home}?",
        "{ name | there }",
        "Hello{name|}!",
        "You read {page title}.",
    ],
)
def test_what_can_be_said_to_everybody_passes(text: str) -> None:
    greeting.check(text)


@pytest.mark.parametrize(("text", "sentences"), WRONG.items())
def test_what_can_not_is_refused_with_the_remedy(text: str, sentences: list[str]) -> None:
    with pytest.raises(ValidationError) as refused:
        greeting.check(text)
    assert refused.value.messages == sentences


def test_which_variables_a_text_has() -> None:
    assert greeting.variables("{greeting}, { name |you}! {name|You} again?") == {"greeting", "name"}
