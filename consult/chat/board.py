"""The rows a desk shows: one shape of a row, one reading of a page, one way to count."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce

from consult.chat import frames
from consult.chat.models import Conversation, ConversationQuerySet, Message, name_of

if TYPE_CHECKING:
    from consult.chat.frames import Frame

PAGE = 100  # rows
EXCERPT = 140  # code points of the last line

LISTS = ("waiting", "mine", "all")


def page(user: int, which: str, number: int, *, sees_all: bool) -> Frame:
    """The frame ``rows``: page ``number`` (from 1) of one of LISTS for operator ``user`` (pk)."""
    conversations = _listed(user, which, sees_all=sees_all)
    counts = counted(tally(), user, sees_all=sees_all)
    pages = max(1, -(-(counts[which] or 0) // PAGE))
    number = min(max(number, 1), pages)
    ordered = conversations.order_by(F("waiting_since").asc(nulls_last=True), "pk")
    shown = rows(ordered[(number - 1) * PAGE : number * PAGE])
    return {"type": "rows", "list": which, "page": number, "pages": pages, "counts": counts, "rows": shown}


def changed(pks: Iterable[int]) -> list[Frame]:
    """The rows of these conversations as they are now."""
    return rows(Conversation.objects.filter(pk__in=list(pks)))


def rows(conversations: ConversationQuerySet) -> list[Frame]:
    """Rows in the order of ``conversations``, with two queries. ``mine`` is for the desk to say."""
    texts = Message.objects.filter(conversation=OuterRef("pk"), kind=Message.Kind.TEXT)
    unread = (
        texts.filter(seq__gt=OuterRef("operators_read"), author_key__startswith="v")
        .order_by()
        .values("conversation")
        .annotate(count=Count("pk"))
        .values("count")
    )
    found: list[Any] = list(
        conversations.select_related("visitor__customer", "operator").annotate(
            unread=Coalesce(Subquery(unread, output_field=IntegerField()), 0),
            last_text=Subquery(texts.order_by("-seq").values("pk")[:1]),
        )
    )
    last = Message.objects.in_bulk([conversation.last_text for conversation in found])
    return [_row(conversation, last.get(conversation.last_text)) for conversation in found]


def tally() -> dict[int | None, int]:
    """How many open conversations each operator (pk) has, and nobody (None)."""
    return dict(Conversation.objects.open().order_by().values_list("operator").annotate(Count("pk")))


def counted(of: dict[int | None, int], user: int, *, sees_all: bool) -> dict[str, int | None]:
    """How many conversations each of LISTS holds for operator ``user``, from a tally."""
    return {"waiting": of.get(None, 0), "mine": of.get(user, 0), "all": sum(of.values()) if sees_all else None}


def _listed(user: int, which: str, *, sees_all: bool) -> ConversationQuerySet:
    if which == "mine":
        return Conversation.objects.open().filter(operator=user)
    if which == "all" and sees_all:
        return Conversation.objects.open()
    return Conversation.objects.waiting()


def _row(conversation: Any, last: Message | None) -> Frame:
    visitor, operator = conversation.visitor, conversation.operator
    return {
        "conversation": str(conversation.public_id),
        "revision": conversation.revision,
        "visitor": {
            "name": visitor.name,
            "email": visitor.email,
            "phone": visitor.phone,
            "customer": {"name": visitor.customer.get_full_name() or str(visitor.customer)}
            if visitor.customer
            else None,
            "page": {"url": visitor.page_url, "title": visitor.page_title, "at": frames.moment(visitor.seen_at)}
            if visitor.page_url
            else None,
        },
        "operator": {"id": operator.pk, "name": name_of(operator)} if operator else None,
        "waiting_since": frames.moment(conversation.waiting_since),
        "unread": conversation.unread,
        "opened_at": frames.moment(conversation.opened_at),
        "closed": conversation.closed_at is not None,
        "last": last
        and {
            "kind": last.kind,
            "author": {"kind": last.author_kind, "name": last.author_name},
            "body": last.body[:EXCERPT],
            "facts": last.facts,
            "sent_at": frames.moment(last.sent_at),
        },
    }
