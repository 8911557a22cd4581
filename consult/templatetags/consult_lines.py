"""Lines of a conversation in templates."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.utils.functional import Promise

from consult.chat.lines import LINES, words

register = template.Library()
register.filter(words)


@register.filter
def quoted(text: str) -> str:
    """``text`` as an e-mail quotes it: in no line of it can a stranger speak as the shop."""
    return "\n".join(f"> {line}" for line in text.splitlines())


@register.inclusion_tag("consult/lines.html")
def line_templates() -> dict[str, Mapping[str, Promise]]:
    """A ``<template>`` for each kind of line, which ``<consult-log>`` fills in with the facts."""
    return {"lines": LINES}
