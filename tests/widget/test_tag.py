"""The tag on a page of the shop."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.template import Context, Template
from django.test import override_settings
from django.utils import translation

Draw = Callable[..., str]


@pytest.fixture
def draw() -> Draw:
    def drawn(**context: Any) -> str:
        return Template("{% load consult %}{% consult_widget page='product' subject=subject %}").render(
            Context(context)
        )

    return drawn


def test_without_scripts_there_is_a_link_to_a_page_that_works(draw: Draw) -> None:
    assert re.search(r'<a class="consult-label" href="/consult/contact/">.*Ask a consultant.*</a>', draw(), re.DOTALL)


def test_nothing_in_it_is_inline(draw: Draw) -> None:
    html = draw()
    assert re.findall(r"<script(?![^>]* src=)", html) == []
    assert re.findall(r"<style| style=| on[a-z]+=", html) == []


def test_what_the_page_is_about_is_told_and_escaped(draw: Draw) -> None:
    html = draw(subject='Lamp "Heron" <b>')
    assert 'data-subject="Lamp &quot;Heron&quot; &lt;b&gt;"' in html
    assert 'data-page="product"' in html


def test_no_subject_is_no_word(draw: Draw) -> None:
    assert 'data-subject=""' in draw(subject=None)


def test_the_texts_are_asked_for_in_the_page_s_language(draw: Draw) -> None:
    with translation.override("ru"):
        assert 'data-boot="/consult/boot/ru/"' in draw()


@pytest.mark.parametrize("side", ["start", "end"])
def test_the_shop_chooses_the_side(draw: Draw, side: str) -> None:
    with override_settings(CONSULT={"LABEL_SIDE": side}):
        assert f'data-side="{side}"' in draw()
