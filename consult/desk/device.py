"""A browser's name for itself, in words."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from ua_parser import parse

# What the parser adds to a browser's name to tell its phone edition, or the part of the system that draws it.
_EDITION = re.compile(r"\b(Mobile|iOS|WebView)\b|UI/WKWebView")
_KINDS = (  # a tablet's Android does not say "Mobile", an iPad does
    ("tablet", re.compile("iPad|Tablet|Android(?!.*Mobile)")),
    ("phone", re.compile("iPhone|iPod|Mobile")),
)


def words(user_agent: str) -> str:
    """``Chrome on Android, phone``; of what isn't known nothing."""
    found = parse(user_agent)
    browser = " ".join(_EDITION.sub("", found.user_agent.family).split()) if found.user_agent else ""
    system = found.os.family if found.os else ""
    if browser and system:
        device = _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    else:
        device = browser or system
    kind = next((kind for kind, sign in _KINDS if sign.search(user_agent)), "") if device else ""
    sentences = {"tablet": _("%(device)s, tablet"), "phone": _("%(device)s, phone")}
    return sentences[kind] % {"device": device} if kind else device
