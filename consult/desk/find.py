"""Finding conversations: by what was said, by who it was said with, by the order that came of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Exists, F, Max, OuterRef, Q, Value
from django.db.models.functions import Replace
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from consult.chat import board, frames
from consult.chat.models import Conversation, ConversationQuerySet, Message, Note, Take, Visitor, name_of
from consult.chat.tag import Tag
from consult.chat.text import clean
from consult.chat.words import MOST_READ, Words
from consult.conf import conf
from consult.orders import book

if TYPE_CHECKING:
    from consult.chat.frames import Frame

PAGE = 50  # rows
MOST_PAGES = 20  # who has looked through a thousand asks more precisely
EXCERPT = 160  # code points around what was found
READ_AT_FIRST = 20  # messages for each conversation that is wanted, before the index is asked
READ_AT_MOST = 10_000
READ_CHARACTERS = 1_000_000
PHONE = re.compile(r"[\d\s+()/.-]{3,40}")
BETWEEN_DIGITS = " +()/.-\u00a0"


@dataclass(frozen=True)
class Question:
    """What somebody looks for."""

    words: Words
    digits: str  # of a phone number, or ""
    text: str

    @classmethod
    def of(cls, text: str) -> Question:
        text = clean(text[:MOST_READ])
        digits = "".join(filter(str.isdecimal, text)).lstrip("0") if PHONE.fullmatch(text) else ""
        return cls(Words(text), digits if len(digits) >= 3 else "", text)


def found(conversations: ConversationQuerySet, question: Question, limit: int) -> dict[int, Message | Note | None]:
    """The newest of these ``conversations`` (by pk) that answer the question, and the line in which they do.

    A word that many have used is found among the newest by reading them; only when that isn't enough the index is
    asked, which for such a word would name half of all that was ever said.
    """
    if not question.words:
        return {}
    answers, complete = _read(conversations, question, limit)
    if len(answers) < limit and not complete:
        answers = _asked(conversations, question, limit) | answers
    answers |= {pk: answers.get(pk) for pk in _ordered(conversations, question, limit)}
    return {pk: answers[pk] for pk in sorted(answers, reverse=True)[:limit]}


def _read(
    conversations: ConversationQuerySet, question: Question, limit: int
) -> tuple[dict[int, Message | Note | None], bool]:
    """What the newest of them hold, and whether these are all there are."""
    budget = min(limit * READ_AT_FIRST, READ_AT_MOST)
    newest = list(conversations.order_by("-pk").values_list("pk", "last_seq", "visitor")[: budget // 2])
    complete = len(newest) < budget // 2
    visitors: dict[int, int] = {}
    for pk, lines, visitor in newest:
        budget -= lines
        if budget < 0:
            complete = False
            break
        visitors[pk] = visitor
    people = {
        pk
        for pk, phone, *claims in Visitor.objects.filter(pk__in=visitors.values()).values_list(
            "pk", "phone", "name", "email"
        )
        if question.words.held_by(phone, *claims) or (question.digits and question.digits in _digits(phone))
    }
    held: dict[int, Message | Note | None] = {pk: None for pk, visitor in visitors.items() if visitor in people}
    unread = 0  # the newest conversation (pk) that there was too much of
    for model, order in ((Note, "-number"), (Message, "-seq")):
        fit: dict[int, int] = {}
        left = READ_CHARACTERS
        bodies = model._default_manager.filter(conversation__in=list(visitors)).order_by("-conversation", order)
        for pk, conversation, body in bodies.values_list("pk", "conversation", "body").iterator():
            left -= len(body)
            if left < 0:
                unread = max(unread, conversation)
                break
            if conversation not in fit and question.words.held_by(body):
                fit[conversation] = pk
        of = model._default_manager.in_bulk(list(fit.values()))
        held |= {conversation: of.get(pk) for conversation, pk in fit.items()}
    return {pk: line for pk, line in held.items() if pk > unread}, complete and not unread


def _asked(conversations: ConversationQuerySet, question: Question, limit: int) -> dict[int, Message | Note | None]:
    """What the index names of them."""
    using = conversations.db
    people = question.words.among(Visitor, using)
    if question.digits:
        people |= Q(pk__in=_called(question.digits))
    known = conversations.filter(visitor__in=Visitor.objects.filter(people)).order_by("-pk")
    held: dict[int, Message | Note | None] = dict.fromkeys(known.values_list("pk", flat=True)[:limit])
    for model in (Note, Message):
        # Plus nothing: by an index on the conversation the planners would walk through all that was ever said.
        rows: Any = model._default_manager
        lines = dict(
            rows.annotate(of=F("conversation_id") + 0)
            .filter(question.words.among(model, using), of__in=conversations.order_by().values("pk"))
            .order_by("-of")
            .values_list("of")
            .annotate(Max("pk"))[:limit]
        )
        of = rows.in_bulk(list(lines.values()))
        held |= {conversation: of.get(pk) for conversation, pk in lines.items()}
    return held


def _ordered(conversations: ConversationQuerySet, question: Question, limit: int) -> list[int]:
    """Those of them that led to an order of this identifier."""
    if not conf.ORDER_MODEL:
        return []
    pks = list(book.numbered(question.text).values_list("consultation", flat=True)[:limit])
    return list(conversations.filter(pk__in=[pk for pk in pks if pk]).values_list("pk", flat=True))


def _called(digits: str) -> Any:
    phone: Any = F("phone")
    for sign in BETWEEN_DIGITS:
        phone = Replace(phone, Value(sign), Value(""))
    people = Visitor.objects.exclude(phone="").alias(digits=phone)
    return people.filter(digits__contains=digits).values("pk")


def _digits(phone: str) -> str:
    return "".join(filter(str.isdecimal, phone))


class Filters(forms.Form):
    """What else one may ask for: a tag, who had it, when it was opened (days of the shop's own time zone)."""

    tag = forms.ModelChoiceField(
        Tag.objects.all(), to_field_name="name", required=False, label=_("Tag"), empty_label=_("All")
    )
    operator: Any = forms.ModelChoiceField(None, required=False, label=_("Operator"), empty_label=_("All"))
    since = forms.DateField(required=False, label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}))
    page = forms.IntegerField(required=False, min_value=1, max_value=MOST_PAGES, widget=forms.HiddenInput)

    def __init__(self, asked: Any) -> None:
        super().__init__(asked, auto_id="consult-find-%s")
        had = Exists(Take.objects.filter(operator=OuterRef("pk")))
        operators: Any = self.fields["operator"]
        operators.queryset = get_user_model()._default_manager.filter(had).order_by("first_name", "last_name", "pk")
        operators.label_from_instance = name_of
        for name in ("since", "until"):  # a day beyond has no midnight in some time zones
            self.fields[name].validators += [MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(9998, 1, 1))]

    def add_prefix(self, field_name: str) -> str:
        return {"since": "from"}.get(field_name, field_name)

    def clean(self) -> dict[str, Any]:
        asked = self.cleaned_data
        if asked.get("since") and asked.get("until") and asked["since"] > asked["until"]:
            self.add_error("until", _("This day is before the first."))
        return asked

    @property
    def sentences(self) -> dict[str, list[str]]:
        """What is wrong, by the parameter that it is wrong with."""
        return {self.add_prefix(name): [str(error) for error in errors] for name, errors in self.errors.items()}

    def applied(self, conversations: ConversationQuerySet) -> ConversationQuerySet:
        asked = self.cleaned_data
        if asked["tag"]:
            conversations = conversations.filter(Exists(asked["tag"].conversations.filter(pk=OuterRef("pk"))))
        if asked["operator"]:
            had = Take.objects.filter(conversation=OuterRef("pk"), operator=asked["operator"])
            conversations = conversations.filter(Exists(had))
        if asked["since"]:
            conversations = conversations.filter(opened_at__gte=_midnight(asked["since"]))
        if asked["until"]:
            conversations = conversations.filter(opened_at__lt=_midnight(asked["until"] + timedelta(days=1)))
        return conversations


def page(conversations: ConversationQuerySet, asked: str, number: int, user: int) -> Frame:
    """Page ``number`` (from 1) of what was found, newest first: rows as ``user`` (pk) has them at the desk, each with
    the line found.
    """
    question = Question.of(asked)
    wanted = number * PAGE + 1
    if asked.strip():
        answers = found(conversations, question, wanted)
    else:
        answers = dict.fromkeys(conversations.order_by("-pk").values_list("pk", flat=True)[:wanted])
    shown = Conversation.objects.filter(pk__in=list(answers)[(number - 1) * PAGE : number * PAGE])
    lines = {str(public_id): answers[pk] for pk, public_id in shown.values_list("pk", "public_id")}
    return {
        "rows": [
            board.as_seen_by(row, user) | {"found": line and _excerpt(line, question.words)}
            for row in board.rows(shown.order_by("-pk"))
            for line in [lines.get(row["conversation"])]
        ],
        "more": len(answers) > number * PAGE and number < MOST_PAGES,
    }


def _excerpt(line: Message | Note, words: Words) -> Frame:
    """The part of a line in which the words stand, and where in it (in code points)."""
    places = words.places(line.body)
    begin = max(0, min(places[0][0] - EXCERPT // 4 if places else 0, len(line.body) - EXCERPT))
    end = begin + EXCERPT
    if isinstance(line, Message):
        kind, seq, said_at, author = "message", line.seq, line.sent_at, line.author_kind
    else:
        kind, seq, said_at, author = "note", line.after_seq, line.written_at, "operator"
    before = 1 if begin else 0
    return {
        "kind": kind,
        "seq": seq,
        "body": "…" * before + line.body[begin:end] + ("…" if end < len(line.body) else ""),
        "marks": [
            [first - begin + before, last - begin + before] for first, last in places if begin <= first < last <= end
        ],
        "author": {"kind": author, "name": line.author_name},
        "sent_at": frames.moment(said_at),
    }


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
