"""``{% load consult %} {% consult_widget page="product" subject=product %}``: the widget on a page of the shop."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.utils.translation import get_language

from consult.conf import conf

register = template.Library()


@register.inclusion_tag("consult/widget/tag.html")
def consult_widget(page: str = "", subject: object = None) -> dict[str, Any]:
    """The label, as a link that scripts make a button. The same for every visitor: the page stays cacheable.

    ``subject`` is what the page is about: operators read its ``str`` in place of the page's title. ``page`` names the
    kind of page in the shop's own words. It stays in the markup, for display rules to go by.
    """
    return {
        "page": page,
        "subject": "" if subject is None else str(subject),
        "side": conf.LABEL_SIDE,
        "language": get_language() or settings.LANGUAGE_CODE,
    }
