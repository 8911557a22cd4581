"""What a visitor's browser tells of this visit, for the desk to show.

Nothing is recorded of somebody who never engaged. Of those who did, the pages of the current visit are kept and no
others: the next visit begins with an empty list.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.db import transaction
from django.utils import timezone
from django.utils.encoding import iri_to_uri

from consult.chat import frames, text
from consult.chat.models import Conversation, Message, Visitor

IDLE = timedelta(minutes=30)  # without a sign of the visitor: then their visit is over
HEARD_EVERY = timedelta(seconds=20)  # noted that their page is open
NOTED_EVERY = timedelta(minutes=1)  # that somebody is still where they were
PAGES = 30  # of one visit, the latest
BEFORE = 20  # of those a tab was at before its visitor engaged
FACTS = (
    "page_url",
    "page_title",
    "language",
    "time_zone",
    "user_agent",
    "referrer",
    "visits",
    "visit_began_at",
    "pages",
)

_LANGUAGE = re.compile("[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")  # the shape of BCP 47
_HOST = re.compile(r"[\w.-]+|[0-9a-f:.]+")  # a name in any script, or an address of IPv6
# In an address these let in whoever has it: a link to set a new password, a session. No operator needs them.
_SECRET = re.compile(
    "token|secret|passw|session|apikey|(^|[_-])(auth|code|hash|jwt|key|otp|pwd|sid|sig|signature|ticket)($|[_-])",
    re.IGNORECASE,
)


def saw(visitor: int, url: object, title: object = "", facts: object = None, user_agent: str = "") -> None:
    """Remember the page that ``visitor`` (pk) is on, and what their browser says of itself. The desks see it.

    All is the browser's claim, of any type; what isn't as it should be counts as not said. Without an address of the
    web nothing is remembered.
    """
    here = {"url": address(url), "title": _cut(title, "page_title"), "at": frames.moment(timezone.now())}
    if not here["url"]:
        return
    claims = facts if isinstance(facts, dict) else {}
    with transaction.atomic():
        known = Visitor.objects.select_for_update(no_key=True).filter(pk=visitor).first()
        changed = known is not None and _remember(known, here, claims, user_agent)
    if changed:  # apart, for the log locks conversations before visitors: we and it could wait for each other
        Conversation.objects.open().filter(visitor=visitor).changed()


def heard(visitors: Iterable[int]) -> None:
    """The pages of these (pks) were heard just now. Who was not for a while is gone, and learns by mail."""
    now = timezone.now()
    due = Visitor.objects.filter(pk__in=list(visitors), heard_at__lt=now - HEARD_EVERY)
    if due.exists():
        with transaction.atomic():
            free = due.select_for_update(no_key=True, skip_locked=True)  # the beat waits for nobody's checkout
            Visitor.objects.filter(pk__in=list(free.values_list("pk", flat=True))).update(heard_at=now)


def begins(now: datetime, began_at: datetime | None, active_at: datetime) -> bool:
    """Whether who was last ``active_at`` begins a new visit ``now``."""
    return began_at is None or now - active_at > IDLE


def trail(pages: Sequence[Any], came_by: Iterable[str], here: dict[str, Any]) -> list[Any]:
    """The pages of a visit, the newest last: ``pages``, then ``came_by`` at unknown times, then ``here``.

    A page is named again only if another was between.
    """
    walked = list(pages)
    for page in [*({"url": url, "title": "", "at": None} for url in came_by), here]:
        if walked and walked[-1]["url"] == page["url"]:
            walked[-1] = page | {"title": page["title"] or walked[-1]["title"], "at": walked[-1]["at"] or page["at"]}
        else:
            walked.append(page)
    return walked[-PAGES:]


def unknown(before: Sequence[str], pages: Sequence[Any]) -> Sequence[str]:
    """Of the addresses a tab was at ``before``, those after the last that is among ``pages``."""
    known = {page["url"] for page in pages}
    return before[max((place + 1 for place, url in enumerate(before) if url in known), default=0) :]


def address(url: object) -> str:
    """``url`` as it may be kept and followed; "" for what is no address of the web.

    Without the name and password before a host, the fragment, those parts of the query that open doors, and without
    the query where all of it is too long.
    """
    try:
        parts = urlsplit(text.clean(url) if isinstance(url, str) else "")
        good = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.hostname or "") and parts.port != 0
    except ValueError:  # brackets with no address in them, a port that is none
        return ""
    host = parts.netloc.rpartition("@")[2]
    query = "&".join(part for part in parts.query.split("&") if not _SECRET.search(part.partition("=")[0]))
    kept = (iri_to_uri(urlunsplit((parts.scheme, host, parts.path, asked, ""))) for asked in (query, ""))
    limit = Visitor._meta.get_field("page_url").max_length or 0
    return next((address for address in kept if good and len(address) <= limit), "")


def join(theirs: Visitor, visitor: Visitor) -> None:
    """Make what is known of ``visitor``'s visits known of ``theirs``, unsaved: they turned out to be one person.

    What was seen later is how they are now; two visits at one time were one.
    """
    earlier, later = sorted((theirs, visitor), key=lambda person: (bool(person.pages), person.seen_at))
    began, before = later.visit_began_at, earlier.visit_began_at
    visits = earlier.visits + later.visits
    facts = {name: getattr(later, name) for name in FACTS}
    facts |= {name: facts[name] or getattr(earlier, name) for name in ("language", "time_zone", "user_agent")}
    if began and before and not begins(began, before, earlier.seen_at):
        visits -= 1
        facts["visit_began_at"] = min(began, before)
        facts["referrer"] = earlier.referrer if before < began else later.referrer
        facts["pages"] = sorted(earlier.pages + later.pages, key=lambda page: page["at"] or "")[-PAGES:]
    for name, value in (facts | {"visits": visits, "seen_at": max(earlier.seen_at, later.seen_at)}).items():
        setattr(theirs, name, value)


def _remember(known: Visitor, here: dict[str, Any], claims: dict[str, Any], user_agent: str) -> bool:
    """Save what is new of the visitor, whose row is locked. Whether a desk shows any of it."""
    now = timezone.now()
    fresh = unknown(_before(claims), known.pages)
    seen: dict[str, Any] = {"page_url": here["url"], "page_title": here["title"], **_device(claims, user_agent)}
    if begins(now, known.visit_began_at, known.seen_at) and begins(now, known.visit_began_at, _said_at(known)):
        seen |= {
            "visits": known.visits + 1,
            "visit_began_at": now,
            "referrer": _referrer(claims.get("referrer"), here["url"]),
            "pages": trail([], fresh, here),
        }
    else:
        seen["pages"] = trail(known.pages, fresh, here)
    changed = [name for name, value in seen.items() if value != getattr(known, name)]
    if changed or now - known.seen_at > NOTED_EVERY:
        for name in changed:
            setattr(known, name, seen[name])
        known.seen_at = now
        known.save(update_fields=[*changed, "seen_at"])
    return bool(changed)


def _said_at(visitor: Visitor) -> datetime:
    """When the visitor last said something: who talks from one page for an hour has not gone."""
    said = Message.objects.filter(conversation__visitor=visitor, author_key=visitor.author.key)
    return said.order_by("-conversation_id", "-seq").values_list("sent_at", flat=True).first() or visitor.seen_at


def _device(claims: dict[str, Any], user_agent: str) -> dict[str, str]:
    """What is known of the browser, of which later pages say nothing more."""
    language, time_zone = claims.get("language"), claims.get("time_zone")
    said = {
        "language": _cut(language, "language") if isinstance(language, str) and _LANGUAGE.fullmatch(language) else "",
        "time_zone": time_zone if isinstance(time_zone, str) and time_zone in _time_zones() else "",
        "user_agent": _cut(user_agent, "user_agent"),
    }
    return {name: value for name, value in said.items() if value}


def _before(claims: dict[str, Any]) -> list[str]:
    said = claims.get("before")
    return [url for url in map(address, said[-BEFORE:]) if url] if isinstance(said, list) else []


def _referrer(said: object, here: str) -> str:
    """The page of another site that led to the one at ``here``."""
    referrer = address(said)
    return "" if urlsplit(referrer).hostname == urlsplit(here).hostname else referrer


def _cut(said: object, column: str) -> str:
    limit: int | None = getattr(Visitor._meta.get_field(column), "max_length", None)
    return text.clean(said, limit=limit) if isinstance(said, str) else ""


@cache
def _time_zones() -> set[str]:
    return zoneinfo.available_timezones()  # read from disk each time
