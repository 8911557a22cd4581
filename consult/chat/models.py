"""The rows of talking. What must always be true of them is a constraint of the database."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from consult.chat import log, takes, text
from consult.chat.entry import Author, Entry, Refused, id_of
from consult.chat.patience import patience
from consult.chat.tag import Tag

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser, AnonymousUser

ANSWER = "consult.answer_conversation"
VIEW_ALL = "consult.view_all_conversations"
ADD_TAG = "consult.add_tag"
MOST_TAGS = 20  # on one conversation
EPOCH_LIMIT = 2**53  # JavaScript reads the epoch as a number


def new_epoch() -> int:
    return secrets.randbelow(EPOCH_LIMIT)


class Visitor(models.Model):
    """A person in the shop. Name, e-mail and phone are what they claim; only ``customer`` is known."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    customer = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    name = models.CharField(_("name"), max_length=64, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    page_url = models.CharField(max_length=2048, blank=True)
    page_title = models.CharField(max_length=256, blank=True)
    # What the browser says of itself and of this visit, for the desk to show. A visit ends after 30 idle minutes.
    language = models.CharField(max_length=35, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    user_agent = models.CharField(max_length=512, blank=True)
    referrer = models.CharField(max_length=2048, blank=True)
    visits = models.PositiveIntegerField(default=0)
    visit_began_at = models.DateTimeField(null=True, blank=True)
    pages = models.JSONField(default=list, blank=True)
    seen_at = models.DateTimeField(default=timezone.now)
    heard_at = models.DateTimeField(default=timezone.now)  # the last beat of any page of theirs with a socket

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")

    def __str__(self) -> str:
        return self.name or self.email or self.phone or str(_("Visitor"))

    @property
    def author(self) -> Author:
        return Author(f"v{self.pk}", self.name)


class Token(models.Model):
    """One browser of a visitor. The cookie holds the secret, the row its SHA-256: a stolen dump opens nothing."""

    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="tokens")
    # Who must be signed in for it to count. It goes with the account: what is left in a browser then opens nothing.
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.visitor_id} until {self.expires_at:%Y-%m-%d}"


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def open(self) -> ConversationQuerySet:
        return self.filter(closed_at=None)

    def waiting(self) -> ConversationQuerySet:
        """Open, and nobody has it."""
        return self.open().filter(operator=None)

    def visible_to(self, user: AbstractUser | AnonymousUser) -> ConversationQuerySet:
        """What ``user`` may read: with view_all_conversations everything; an operator what waits, what is or was
        theirs, and what a colleague offers them; anybody else nothing.
        """
        if not (user.is_active and user.is_staff):
            return self.none()
        sees_all = user.has_perm(VIEW_ALL)
        return self.at_desk(user.pk, sees_all=sees_all) if sees_all or user.has_perm(ANSWER) else self.none()

    def at_desk(self, user: int, *, sees_all: bool) -> ConversationQuerySet:
        """As visible_to, for an account (pk) that is known to answer, or else to see all."""
        if sees_all:
            return self.all()
        was_theirs = Take.objects.filter(conversation=models.OuterRef("pk"), operator=user)
        is_offered = Handover.objects.open().filter(conversation=models.OuterRef("pk"), receiver=user)
        return self.filter(
            Q(closed_at=None, operator=None)
            | Q(closed_at=None, operator=user)
            | Q(Q(closed_at=None), models.Exists(is_offered))
            | Q(Q(closed_at__isnull=False), models.Exists(was_theirs))
        )

    def locked(self) -> ConversationQuerySet:
        """Under the row lock that guards numbering. NO KEY: an order that points here must not make us wait."""
        return self.select_for_update(no_key=True)

    def changed(self) -> int:
        """Say that something a desk shows of these has changed; the desks hear of it after commit."""
        pks = list(self.values_list("pk", flat=True))
        if pks:
            Conversation.objects.filter(pk__in=pks).update(revision=F("revision") + 1)
            log.tell_desks(pks)
        return len(pks)


class Conversation(models.Model):
    """Everything said with one visitor about one matter, numbered 1, 2, 3 … without holes."""

    class Due(models.TextChoices):
        ANSWER = "answer", _("answer")
        CALL = "call", _("call")

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    visitor = models.ForeignKey(
        Visitor, on_delete=models.CASCADE, related_name="conversations", verbose_name=_("visitor")
    )
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("operator"),
    )  # fmt: skip
    previous = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    epoch = models.BigIntegerField(default=new_epoch, editable=False)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    last_seq = models.PositiveIntegerField(default=0)
    visitor_read = models.PositiveIntegerField(default=0)
    operators_read = models.PositiveIntegerField(default=0)
    waiting_since = models.DateTimeField(null=True, blank=True)
    # By when the visitor was told that they hear from us, and how: the earliest of what is still open.
    due_at = models.DateTimeField(null=True, blank=True)
    due_for = models.CharField(max_length=8, choices=Due, blank=True)
    revision = models.PositiveBigIntegerField(default=0)
    tags = models.ManyToManyField(Tag, blank=True, related_name="conversations", verbose_name=_("tags"))

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        permissions = [
            ("answer_conversation", _("Can answer conversations")),
            ("view_all_conversations", _("Can view all conversations")),
            ("manage_invitations", _("Can manage invitations")),
            ("view_reports", _("Can view reports")),
            ("review_conversations", _("Can review conversations")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["visitor"], condition=Q(closed_at=None), name="consult_one_open_conversation"
            ),
        ]
        indexes = [
            models.Index(
                "operator",
                Coalesce("due_at", "waiting_since"),
                "id",
                condition=Q(closed_at=None),
                name="consult_open_by_urgency",
            ),
            models.Index("closed_at", condition=Q(closed_at__isnull=False), name="consult_closed_at"),
        ]

    def __str__(self) -> str:
        return f"{self.visitor} · {timezone.localtime(self.opened_at):%Y-%m-%d %H:%M}"

    def say(self, author: Author, text: str, **more: Any) -> Message:
        """Add a message of ``author`` (see Entry for ``more``). Raises Refused."""
        return log.say(
            Entry(author, more.pop("client_id", None) or uuid4(), text, conversation=self.public_id, **more)
        )

    def take(self, user: AbstractUser, *, only_if_free: bool = False) -> None:
        """Make this conversation ``user``'s; what is offered to them is accepted so. Taking what one has is no deed.
        Raises Refused: a colleague has it (with ``only_if_free`` whatever ``user`` may do), or it is closed.
        """
        with self._held() as held:
            if held.closed_at is not None:
                raise Refused("closed")
            if held.operator_id == user.pk:
                return
            if held.operator_id is not None:
                accepted = held.handovers.filter(receiver=user.pk).answer(Handover.Outcome.ACCEPTED)
                if only_if_free or not (accepted or user.has_perm(VIEW_ALL)):
                    raise Refused("taken")
                log.say(takes.end(held, Take.End.HANDED_OVER if accepted else Take.End.TAKEN_OVER))
            log.say(takes.begin(held, user.pk, name_of(user)))
            held.save(update_fields=["operator"])

    def release(self, user: AbstractUser, why: str = "") -> None:
        """Give this conversation back to those who wait; ``why``, a Take.End, says how it ended."""
        with self._held() as held:
            if held.operator_id == user.pk and held.closed_at is None:
                log.say(takes.end(held, why or Take.End.RELEASED))
                held.save(update_fields=["operator"])

    def close(self, user: AbstractUser) -> None:
        """End this conversation: what is said into it from now on opens the next one. Raises Refused: a colleague
        has it.
        """
        with self._held() as held:
            if held.closed_at is not None:
                return
            if held.operator_id not in (None, user.pk) and not user.has_perm(VIEW_ALL):
                raise Refused("taken")
            if held.operator_id is None:  # unannounced: who closes it has had it, and may read it later
                takes.begin(held, user.pk, name_of(user))
            held.end(Author(f"u{user.pk}", name_of(user)))

    def reopen(self, user: AbstractUser) -> None:
        """Undo closing: it waits as before, and is ``user``'s again if it was. Raises Refused: the visitor went on
        elsewhere.
        """
        with self._held(user) as held:
            if held.closed_at is None:
                return
            list(Visitor.objects.select_for_update(no_key=True).filter(pk=held.visitor_id))  # they may be opening one
            later = Q(closed_at=None) | Q(closed_at__gt=held.closed_at)  # its opened_at may be from before our lock
            if Conversation.objects.filter(later, visitor=held.visitor_id).exists():
                raise Refused("moved_on")
            had = takes.closed(held)
            held.closed_at, held.waiting_since = None, held._unanswered_since()
            held.save(update_fields=["closed_at", "waiting_since"])
            author, cause = Author(f"u{user.pk}", name_of(user)), f"reopened {held.pk} {held.last_seq}"
            log.say(Entry(author, id_of(cause), kind="reopened", conversation=held.public_id, sees_all=True))
            if had and had.operator_id == user.pk:
                log.say(takes.begin(held, user.pk, author.name))
                held.save(update_fields=["operator"])

    def note(self, user: AbstractUser, client_id: UUID, body: str) -> Note:
        """Leave ``body`` for colleagues to read. Left again it is the same note. Raises Refused."""
        body = text.body(body)
        with self._held(user) as held:
            latest = held.notes.aggregate(number=models.Max("number"))["number"] or 0
            note, fresh = Note.objects.get_or_create(
                client_id=client_id,
                author_id=user.pk,
                defaults={
                    "conversation": held,
                    "number": latest + 1,
                    "after_seq": held.last_seq,
                    "author_name": name_of(user),
                    "body": body,
                },
            )
            if (note.conversation_id, note.body) != (held.pk, body):
                raise Refused("conflict")
            if fresh:
                held.changed()
                log.tell_note(note)
        return note

    def offer(
        self, giver: AbstractUser, receiver: AbstractUser, client_id: UUID | None = None, body: str = ""
    ) -> None:
        """Offer this conversation to a colleague, and no longer to another, with a note if ``body`` says something. It
        stays ``giver``'s until ``receiver`` accepts. Raises Refused: it isn't theirs, or nobody could accept it.
        """
        with self._held() as held:
            if held.operator_id != giver.pk:
                raise Refused("not_yours")
            if receiver.pk == giver.pk or not (receiver.is_active and receiver.is_staff and receiver.has_perm(ANSWER)):
                raise Refused("no_colleague")
            if body:
                held.note(giver, client_id or uuid4(), body)
            if held.handovers.open().filter(receiver=receiver.pk).exists():
                return
            held.handovers.answer(Handover.Outcome.WITHDRAWN)
            held.handovers.create(
                giver_id=giver.pk,
                giver_name=name_of(giver),
                receiver_id=receiver.pk,
                receiver_name=name_of(receiver),
            )
            held.changed()

    def accept(self, user: AbstractUser) -> None:
        """Take what a colleague offers ``user``. Raises Refused: they no longer do."""
        with self._held() as held:
            offered = held.operator_id and held.handovers.open().filter(receiver=user.pk).exists()
            if held.operator_id != user.pk and not offered:
                raise Refused("withdrawn")
            held.take(user)

    def hand_back(self, user: AbstractUser, client_id: UUID | None = None, body: str = "") -> None:
        """Leave to the giver what they offer ``user``, with a note if ``body`` says something. What is returned
        already is left as it is. Raises Refused: they no longer offer it.
        """
        with self._held() as held:
            offers = held.handovers.filter(receiver=user.pk)
            latest = offers.order_by("pk").last()
            if latest and latest.outcome == Handover.Outcome.RETURNED:
                return
            if body:
                held.note(user, client_id or uuid4(), body)
            if not offers.answer(Handover.Outcome.RETURNED):
                raise Refused("withdrawn")
            held.changed()

    def withdraw(self, giver: AbstractUser) -> None:
        """Offer it no more, if it is still ``giver``'s to offer."""
        with self._held() as held:
            if held.operator_id == giver.pk and held.handovers.answer(Handover.Outcome.WITHDRAWN):
                held.changed()

    def tag(self, user: AbstractUser, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Put tags of these names on, and take others off. Raises Refused: one is new, and ``user`` may add none, or
        there are too many.
        """
        with self._held(user) as held:
            held.tags.remove(*Tag.objects.filter(key__in=[Tag.spelled(name)[1] for name in remove]))
            for name, key in filter(all, map(Tag.spelled, add)):
                known = Tag.objects.select_for_update(no_key=True).filter(key=key).first()  # not deleted meanwhile
                if known is None and not user.has_perm(ADD_TAG):
                    raise Refused("unknown_tag")
                held.tags.add(known or Tag.objects.get_or_create(key=key, defaults={"name": name})[0])
            if held.tags.count() > MOST_TAGS:
                raise Refused("too_many_tags")
            held.changed()

    def end(self, author: Author) -> None:
        """Close this conversation, whose row the caller has locked, with a last line by ``author``."""
        cause = f"closed {self.pk} {self.last_seq}"
        log.say(Entry(author, id_of(cause), kind="closed", conversation=self.public_id, sees_all=True))
        if self.operator_id is not None:
            takes.end(self, Take.End.CLOSED)
        self.closed_at = timezone.now()
        self.save(update_fields=["closed_at", "operator"])
        log.tell_closed(self)

    def read_by(self, reader: str, seq: int) -> bool:
        """Raise the watermark of ``reader`` ("visitor" or "operators") to ``seq``; it never falls. True if it rose."""
        column = f"{reader}_read"
        with transaction.atomic():
            rose = Conversation.objects.filter(pk=self.pk, last_seq__gte=seq, **{f"{column}__lt": seq}).update(
                **{column: seq}, revision=F("revision") + 1
            )
            if rose:
                log.tell_read(self, reader, seq)
        return bool(rose)

    def changed(self) -> None:
        Conversation.objects.filter(pk=self.pk).changed()

    @contextmanager
    def _held(self, by: AbstractUser | None = None) -> Iterator[Conversation]:
        """This conversation under its lock. Raises Refused where it is gone, or ``by`` may not see it."""
        with patience():
            seen = Conversation.objects.visible_to(by) if by else Conversation.objects.all()
            held = seen.locked().filter(pk=self.pk).first()
            if held is None:
                raise Refused("not_found")
            yield held

    def _unanswered_since(self) -> datetime | None:
        """When the visitor said the first of what no human has answered."""
        answers = self.messages.answers() | self.messages.filter(kind=Message.Kind.CALLED)
        answered = answers.aggregate(seq=models.Max("seq"))["seq"] or 0
        first = self.messages.questions().filter(seq__gt=answered).order_by("seq").first()
        return first.sent_at if first else None


class MessageQuerySet(models.QuerySet["Message"]):
    def answers(self) -> MessageQuerySet:
        """The words of operators."""
        return self.filter(kind=Message.Kind.TEXT, author_key__startswith="u")

    def asked(self) -> MessageQuerySet:
        """The words of visitors."""
        return self.filter(kind=Message.Kind.TEXT, author_key__startswith="v")

    def questions(self) -> MessageQuerySet:
        """Those of them that wait for words. What a call is to be about is answered by the call."""
        return self.asked().exclude(medium=Message.Medium.PHONE)


class Message(models.Model):
    """One line of a conversation. What isn't text is worded in the reader's language from ``facts``."""

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        JOINED = "joined", _("joined")
        LEFT = "left", _("left")
        CLOSED = "closed", _("closed")
        REOPENED = "reopened", _("reopened")
        ORDER = "order", _("order")
        PROMISED = "promised", _("waiting time told")
        RENEWED = "renewed", _("waiting time told anew")
        LETTER = "letter", _("became a letter")
        FILES = "files", _("attachments refused")
        CALL_NOW = "call_now", _("call requested")
        CALL_AT = "call_at", _("call requested for a time")
        CALLED = "called", _("called")
        NO_ANSWER = "no_answer", _("called, no answer")
        UNREACHED = "unreached", _("called in vain")
        ERASED = "erased", _("erased")

    class Medium(models.TextChoices):
        CHAT = "chat", _("chat")
        MAIL = "mail", _("e-mail")
        PHONE = "phone", _("phone")

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.TEXT)
    medium = models.CharField(max_length=8, choices=Medium, default=Medium.CHAT)
    author_key = models.CharField(max_length=24)
    author_name = models.CharField(max_length=150, blank=True)
    client_id = models.UUIDField()
    body = models.TextField(blank=True)
    facts = models.JSONField(default=dict, blank=True)
    sent_at = models.DateTimeField(default=timezone.now)

    objects = MessageQuerySet.as_manager()

    repeated = False  # True where log.append answers with a message that had been said before

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="consult_message_seq"),
            # The id first: looking up a batch is then one index scan by id.
            models.UniqueConstraint(fields=["client_id", "author_key"], name="consult_message_once"),
        ]

    def __str__(self) -> str:
        return self.body or self.get_kind_display()

    @property
    def author_kind(self) -> str:
        return Author(self.author_key).kind


class Note(models.Model):
    """What operators tell each other. Numbered under the conversation's lock, but never in the visitor's numbering."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="notes")
    number = models.PositiveIntegerField()
    after_seq = models.PositiveIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    author_name = models.CharField(max_length=310, default="")  # outlives the account
    client_id = models.UUIDField()
    body = models.TextField()
    written_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        constraints = [
            models.UniqueConstraint(fields=["conversation", "number"], name="consult_note_number"),
            models.UniqueConstraint(fields=["client_id", "author"], name="consult_note_once"),
        ]

    def __str__(self) -> str:
        return self.body


class Duty(models.Model):
    """An operator's time at the desk with the switch on. ``seen_at`` is the last beat of their desk."""

    operator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    operator_name = models.CharField(max_length=310)  # outlives the account
    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("duty")
        verbose_name_plural = _("duties")
        constraints = [
            models.UniqueConstraint(fields=["operator"], condition=Q(ended_at=None), name="consult_one_open_duty")
        ]

    def __str__(self) -> str:
        return f"{self.operator_name} {self.began_at:%Y-%m-%d %H:%M}"


class Take(models.Model):
    """Who had a conversation, from when to when, and why no longer. ``seen_at`` is the last beat of their desk."""

    class End(models.TextChoices):
        RELEASED = "released", _("gave it back")
        VANISHED = "vanished", _("was gone without a word")
        TAKEN_OVER = "taken_over", _("a colleague took it over")
        HANDED_OVER = "handed_over", _("handed it over")
        CLOSED = "closed", _("closed it")

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="takes")
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("operator")
    )
    operator_name = models.CharField(max_length=310)  # outlives the account
    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(default=timezone.now)
    why = models.CharField(max_length=16, choices=End, blank=True)

    class Meta:
        verbose_name = _("take")
        verbose_name_plural = _("takes")
        constraints = [
            models.UniqueConstraint(fields=["conversation"], condition=Q(ended_at=None), name="consult_one_open_take")
        ]

    def __str__(self) -> str:
        return f"{self.operator_name} {self.began_at:%Y-%m-%d %H:%M}"


class HandoverQuerySet(models.QuerySet["Handover"]):
    def open(self) -> HandoverQuerySet:
        """Those that nobody has answered yet: of a conversation at most one."""
        return self.filter(answered_at=None)

    def answer(self, outcome: Handover.Outcome) -> bool:
        """End the open ones. False if there are none."""
        return bool(self.open().update(answered_at=timezone.now(), outcome=outcome))


class Handover(models.Model):
    """A conversation offered by who has it to a colleague. It stays the giver's until the receiver accepts."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        RETURNED = "returned", _("returned")
        WITHDRAWN = "withdrawn", _("withdrawn")

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="handovers")
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    giver_name = models.CharField(max_length=310)  # both names outlive the accounts
    receiver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    receiver_name = models.CharField(max_length=310)
    offered_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)

    objects = HandoverQuerySet.as_manager()

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(answered_at=None), name="consult_one_open_handover"
            )
        ]

    def __str__(self) -> str:
        return f"{self.giver_name} → {self.receiver_name} {self.offered_at:%Y-%m-%d %H:%M}"


def name_of(user: AbstractUser) -> str:
    """What visitors read as an operator's name: never the username, which may be an address or a login."""
    name = user.get_full_name() or user.get_short_name() or str(_("Consultant"))
    return name[: Message._meta.get_field("author_name").max_length]


def public_id(text: object) -> UUID | None:
    """``text`` as a public id, or None if it can't be one."""
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
