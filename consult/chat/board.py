"""The rows a desk shows: one shape of a row, one reading of a page, one way to count."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Case, Count, Exists, F, FilteredRelation, IntegerField, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from consult.chat import frames
from consult.chat.entry import SHOP, Author
from consult.chat.models import Conversation, ConversationQuerySet, Handover, Message, Note, Take, name_of

if TYPE_CHECKING:
    from consult.chat.frames import Frame

PAGE = 100  # rows
EXCERPT = 140  # code points of the last line

LAST = ("author_key", "author_name", "body", "facts", "sent_at")  # of the last text of a person
LISTS = ("waiting", "mine", "calls", "all")


class Tally(NamedTuple):
    """Open conversations of one operator (pk; None: of nobody), one receiver of its offer, and what they are due for
    (a Conversation.Due, or ""), whose visitor waits or not: how many there are, and for how many the time has come.
    """

    operator: int | None
    receiver: int | None
    due_for: str
    waits: bool
    open: int
    overdue: int


def page(user: int, which: str, number: int, *, sees_all: bool) -> Frame:
    """The frame ``rows``: page ``number`` (from 1) of one of LISTS for operator ``user`` (pk)."""
    conversations = _listed(user, which, sees_all=sees_all)
    counts = counted(tallies(), user, sees_all=sees_all)
    pages = max(1, -(-(counts[which] or 0) // PAGE))
    number = min(max(number, 1), pages)
    ordered = conversations.order_by(Coalesce("due_at", "waiting_since").asc(nulls_last=True), "pk")
    shown = rows(ordered[(number - 1) * PAGE : number * PAGE])
    return {"type": "rows", "list": which, "page": number, "pages": pages, "counts": counts, "rows": shown}


def changed(pks: Iterable[int]) -> list[Frame]:
    """The rows of these conversations as they are now."""
    return rows(Conversation.objects.filter(pk__in=list(pks)))


def rows(conversations: ConversationQuerySet) -> list[Frame]:
    """Rows in the order of ``conversations``, with two queries; as_seen_by adds what differs between operators."""
    texts = Message.objects.filter(conversation=OuterRef("pk"), kind=Message.Kind.TEXT)
    unread = (
        Message.objects.asked()
        .filter(conversation=OuterRef("pk"), seq__gt=OuterRef("operators_read"))
        .order_by()
        .values("conversation")
        .annotate(count=Count("pk"))
        .values("count")
    )
    notes = Note.objects.filter(conversation=OuterRef("pk")).order_by("-number")
    takes = Take.objects.filter(conversation=OuterRef("pk")).order_by("-pk")
    handovers = Handover.objects.filter(conversation=OuterRef("pk")).order_by("-pk")
    # Since a colleague returned it to who has it, nothing was said.
    back = Q(outcome=Handover.Outcome.RETURNED, giver=OuterRef("operator"), answered_at__gt=OuterRef("last_sent_at"))
    said = texts.exclude(author_key=SHOP.key).order_by("-seq")  # what is said by itself hides no question
    last = {f"last_{field}": Subquery(said.values(field)[:1]) for field in LAST}
    told: Any = conversations.annotate(
        **last,
        offered=_offered(),
        unread=Coalesce(Subquery(unread, output_field=IntegerField()), 0),
        last_note=Coalesce(Subquery(notes.values("number")[:1]), 0),
        vanished=Subquery(
            takes.annotate(who=Case(When(why=Take.End.VANISHED, then="operator_name"))).values("who")[:1]
        ),
        returned=Subquery(handovers.annotate(who=Case(When(back, then="receiver_name"))).values("who")[:1]),
        returned_at=Subquery(handovers.values("answered_at")[:1]),
        follows=F("previous__public_id"),
    )
    found = told.select_related("visitor__customer", "operator", "offered").prefetch_related("tags")
    found = found.defer("visitor__pages", "visitor__user_agent", "visitor__referrer")  # which may be long
    return [_row(conversation) for conversation in found]


def as_seen_by(row: Frame, user: int) -> Frame:
    """``row`` as operator ``user`` (pk) sees it: whether it is theirs, and which of LISTS it belongs to."""
    operator, offer = row["operator"] and row["operator"]["id"], row["handover"]
    parts = [part for part in ("giver", "receiver") if offer and offer[part]["id"] == user]
    return row | {
        "mine": operator == user,
        "lists": list(lists_for(row, user)),
        "handover": offer and offer | {"mine": parts[0] if parts else None},
    }


def lists_for(row: Frame, user: int) -> tuple[str, ...]:
    """Which of LISTS hold the conversation of ``row`` for ``user``."""
    if row["closed"]:
        return ()
    operator, offer, due = row["operator"], row["handover"], row["due"]
    parties = (operator and operator["id"], offer and offer["receiver"]["id"])
    return lists_of(user, *parties, due["for"] if due else "", waits=row["waiting_since"] is not None)


def lists_of(user: int, operator: int | None, receiver: int | None, due_for: str, *, waits: bool) -> tuple[str, ...]:
    """Which of LISTS hold, for ``user``, an open conversation that ``operator`` has and offers ``receiver``.

    Where a call is all that its visitor waits for, nobody needs to take it before.
    """
    theirs = operator is not None and user in (operator, receiver)
    call = due_for == Conversation.Due.CALL
    held = {
        "waiting": operator is None and (waits or not call),
        "mine": theirs,
        "calls": call and (operator is None or theirs),
        "all": True,
    }
    return tuple(which for which in LISTS if held[which])


def tallies() -> list[Tally]:
    """How many open conversations there are, and whose."""
    overdue = Count("pk", filter=Q(due_at__lte=timezone.now()))
    groups = (
        Conversation.objects.open()
        .annotate(offered=_offered(), asked=_asked())
        .order_by()
        .values_list("operator", "offered__receiver", "due_for", "asked")
    )
    return [Tally(*group) for group in groups.annotate(number=Count("pk"), overdue=overdue)]


def counted(of: list[Tally], user: int, *, sees_all: bool) -> dict[str, int | None]:
    """How many conversations each of LISTS holds for operator ``user``; in how many of theirs it is their turn; and in
    how many the time has come for a call, and there is nothing else.
    """
    counts = dict.fromkeys((*LISTS, "unanswered", "due"), 0)
    for tally in of:
        lists = lists_of(user, *tally[:3], waits=tally.waits)
        for which in lists:
            counts[which] += tally.open
        if "mine" in lists and (tally.waits or tally.operator != user):
            counts["unanswered"] += tally.open
        elif "calls" in lists and not tally.waits:
            counts["due"] += tally.overdue
    return {**counts, "all": counts["all"] if sees_all else None}


def _listed(user: int, which: str, *, sees_all: bool) -> ConversationQuerySet:
    """The query of what lists_of says of one conversation."""
    conversations = Conversation.objects.open()
    offered = Handover.objects.open().filter(conversation=OuterRef("pk"), receiver=user)
    theirs = Q(operator=user) | Q(Exists(offered), operator__isnull=False)
    call = Q(due_for=Conversation.Due.CALL)
    if which == "mine":
        return conversations.filter(theirs)
    if which == "calls":
        return conversations.filter(call, theirs | Q(operator=None))
    if which == "all" and sees_all:
        return conversations
    return conversations.filter(operator=None).exclude(call, waiting_since=None)


def _asked() -> Case:
    """Whether its visitor waits for an answer."""
    return Case(When(waiting_since=None, then=False), default=True)


def _offered() -> FilteredRelation:
    """The offer to a colleague that nobody has answered yet: at most one. Made anew, for a query changes it."""
    return FilteredRelation("handovers", condition=Q(handovers__answered_at=None))


def _row(conversation: Any) -> Frame:
    visitor, operator = conversation.visitor, conversation.operator
    # Of an account that was deleted it may still be open. Where there is none, the join leaves no attribute.
    offer = getattr(conversation, "offered", None) if operator else None
    return {
        "conversation": str(conversation.public_id),
        "revision": conversation.revision,
        "visitor": {
            "name": visitor.name,
            "email": visitor.email,
            "phone": visitor.phone,
            "visits": visitor.visits,
            "customer": {"name": visitor.customer.get_full_name() or str(visitor.customer)}
            if visitor.customer
            else None,
            "page": {"url": visitor.page_url, "title": visitor.page_title, "at": frames.moment(visitor.seen_at)}
            if visitor.page_url
            else None,
        },
        "operator": {"id": operator.pk, "name": name_of(operator)} if operator else None,
        "handover": offer
        and {
            "giver": {"id": offer.giver_id, "name": offer.giver_name},
            "receiver": {"id": offer.receiver_id, "name": offer.receiver_name},
        },
        "returned": {"name": conversation.returned, "at": frames.moment(conversation.returned_at)}
        if conversation.returned
        else None,
        "previous": conversation.follows and str(conversation.follows),
        "vanished": None if operator or conversation.closed_at else conversation.vanished,
        "tags": [tag.name for tag in conversation.tags.all()],
        "notes": conversation.last_note,
        "waiting_since": frames.moment(conversation.waiting_since),
        "due": conversation.due_at
        and {
            "at": frames.moment(conversation.due_at),
            "for": conversation.due_for,
            "overdue": conversation.due_at <= timezone.now(),
        },
        "unread": conversation.unread,
        "opened_at": frames.moment(conversation.opened_at),
        "closed": conversation.closed_at is not None,
        "last": conversation.last_author_key
        and {
            "kind": Message.Kind.TEXT.value,
            "author": {"kind": Author(conversation.last_author_key).kind, "name": conversation.last_author_name},
            "body": conversation.last_body[:EXCERPT],
            "facts": conversation.last_facts,
            "sent_at": frames.moment(conversation.last_sent_at),
        },
    }
