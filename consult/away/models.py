"""The rows of what happens while nobody can answer."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from consult.away import phone
from consult.chat.models import Conversation, Message, Visitor

AT_LEAST_ONE = [MinValueValidator(1)]
UP_TO_A_DAY = [MinValueValidator(1), MaxValueValidator(24 * 60)]  # minutes


class Schedule(models.Model):
    """When the shop answers, and what it promises meanwhile. One row; until it is saved, its defaults hold."""

    seats = models.PositiveSmallIntegerField(
        _("conversations at once, per operator"), default=4, validators=AT_LEAST_ONE
    )
    usual_wait = models.PositiveSmallIntegerField(
        _("usual wait"),
        default=5,
        validators=UP_TO_A_DAY,
        help_text=_("Minutes that are promised until there is enough history to know better."),
    )
    longest_wait = models.PositiveSmallIntegerField(
        _("longest wait"),
        default=15,
        validators=UP_TO_A_DAY,
        help_text=_("Minutes. Where it would take longer, a letter or a call is offered first."),
    )
    letter_after = models.PositiveSmallIntegerField(
        _("becomes a letter after"),
        default=30,
        validators=UP_TO_A_DAY,
        help_text=_("Minutes that a conversation waits to be taken; then it goes on by e-mail."),
    )
    call_again_after = models.PositiveSmallIntegerField(
        _("call again after"), default=10, validators=UP_TO_A_DAY, help_text=_("Minutes after nobody answered.")
    )
    calls_at_once = models.PositiveSmallIntegerField(
        _("calls per half hour"), default=2, help_text=_("How many visitors may choose the same time. 0: no calls.")
    )
    stamp = models.UUIDField(default=uuid4, editable=False)  # another whenever its hours, days or exceptions change

    class Meta:
        verbose_name = _("availability")
        verbose_name_plural = _("availability")

    def __str__(self) -> str:
        return str(_("Availability"))

    @classmethod
    def current(cls) -> Schedule:
        return cls.objects.order_by("pk").first() or cls()


class Hours(models.Model):
    """An interval of some days of the week in which the shop answers, in its own time zone. Without any it always
    does.
    """

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="hours")
    weekdays = models.JSONField(_("days"), default=list)  # 0 is Monday; any of them
    opens = models.TimeField(_("from"))
    closes = models.TimeField(_("to"), help_text=_("0:00 is midnight; earlier than it opens is the next day."))

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering = ["pk"]

    def __str__(self) -> str:
        days = ", ".join(str(WEEKDAYS_ABBR[day]) for day in self.weekdays)
        return f"{days} {self.opens:%H:%M}–{self.closes:%H:%M}"


class SpecialDay(models.Model):
    """Days with hours of their own, or none. Several rows may name the same days, an interval each."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="special_days")
    name = models.CharField(pgettext_lazy("special day", "name"), max_length=64, blank=True)
    first = models.DateField(_("first day"))
    last = models.DateField(_("last day"), null=True, blank=True, help_text=_("Empty: one day."))
    yearly = models.BooleanField(_("every year"), default=False)
    opens = models.TimeField(_("from"), null=True, blank=True)
    closes = models.TimeField(_("to"), null=True, blank=True, help_text=_("Both empty: closed all day."))

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days and holidays")
        ordering = ["first", "opens"]

    def __str__(self) -> str:
        return self.name or f"{self.first}"


class Override(models.Model):
    """What a manager decided for now, whatever the schedule says; it ends by itself."""

    class State(models.TextChoices):
        OPEN = "open", _("open: whoever is available answers")
        CLOSED = "closed", _("closed: letters only")

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="overrides")
    state = models.CharField(_("state"), max_length=8, choices=State)
    begins_at = models.DateTimeField(_("from"), default=timezone.now)
    ends_at = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("exception for now")
        verbose_name_plural = _("exceptions for now")
        ordering = ["begins_at"]
        constraints = [models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="consult_override_ends")]

    def __str__(self) -> str:
        return f"{self.get_state_display()}"


class Seats(models.Model):
    """How many conversations one operator has at once, where that isn't as for all."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="operators")
    operator = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("operator")
    )
    seats = models.PositiveSmallIntegerField(_("conversations at once"), validators=AT_LEAST_ONE)

    class Meta:
        verbose_name = _("operator's conversations at once")
        verbose_name_plural = _("operators' conversations at once")

    def __str__(self) -> str:
        return f"{self.operator}: {self.seats}"


class Step(models.Model):
    """An automatic message: what is said when the visitor, or the shop, has been silent for so long."""

    class Kind(models.TextChoices):
        WAITING = "waiting", _("the visitor waits for an answer")
        SILENT = "silent", _("the visitor is silent")
        CLOSING = "closing", _("the visitor is silent: say this, and close")

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(_("when"), max_length=8, choices=Kind)
    after = models.PositiveSmallIntegerField(_("after"), validators=UP_TO_A_DAY, help_text=_("Minutes."))
    text = models.TextField(
        _("text"), max_length=1000, blank=True, help_text=_("Empty: a sentence in the visitor's own language.")
    )
    is_on = models.BooleanField(_("on"), default=True)

    class Meta:
        verbose_name = _("automatic message")
        verbose_name_plural = _("automatic messages")
        ordering = ["kind", "after"]

    def __str__(self) -> str:
        return self.get_kind_display()


class Wait(models.Model):
    """A visitor's wait, from their first unanswered words to the answer of a human, and how things stood when it
    began. What is promised is estimated from these.
    """

    class End(models.TextChoices):
        ANSWERED = "answered", _("answered")
        GONE = "gone", _("the visitor left")
        LETTER = "letter", _("became a letter")
        CLOSED = "closed", _("closed without an answer")

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="waits")
    began_at = models.DateTimeField()
    place = models.PositiveSmallIntegerField()  # in the queue, from 1, when it began
    free_seats = models.PositiveSmallIntegerField()  # of all operators on duty, then
    operators = models.PositiveSmallIntegerField()  # on duty, then
    ended_at = models.DateTimeField(null=True, blank=True, db_index=True)
    end = models.CharField(max_length=8, choices=End, blank=True)
    operator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    operator_name = models.CharField(max_length=310, blank=True)  # outlives the account

    class Meta:
        verbose_name = _("wait")
        verbose_name_plural = _("waits")
        constraints = [models.UniqueConstraint(fields=["conversation", "began_at"], name="consult_wait_once")]
        indexes = [models.Index("conversation", condition=Q(ended_at=None), name="consult_open_waits")]

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.began_at:%Y-%m-%d %H:%M}"


class Promise(models.Model):
    """A waiting time that was told. It is kept if the answer came by ``due_at``."""

    wait = models.ForeignKey(Wait, on_delete=models.CASCADE, related_name="promises")
    number = models.PositiveSmallIntegerField()  # 1 the first, 2 when it was told anew …
    made_at = models.DateTimeField(default=timezone.now)
    minutes = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField()
    # How many waits it was estimated from; 0: the manager's own.
    history = models.PositiveIntegerField(default=0)
    kept = models.BooleanField(null=True)  # null: nobody knows yet, or the visitor left before

    class Meta:
        verbose_name = _("promise")
        verbose_name_plural = _("promises")
        constraints = [models.UniqueConstraint(fields=["wait", "number"], name="consult_promise_once")]

    def __str__(self) -> str:
        return f"{self.minutes} min, {self.made_at:%Y-%m-%d %H:%M}"


class LetterQuerySet(models.QuerySet["Letter"]):
    def pending(self) -> LetterQuerySet:
        return self.filter(state=Letter.State.PENDING)


class Letter(models.Model):
    """One e-mail to one address, written in the transaction of what it is about, and sent by whoever leases it.

    It holds no words: they are read from the conversation when it is sent.
    """

    class Kind(models.TextChoices):
        QUESTION = "question", _("to an operator")
        ANSWER = "answer", _("to the visitor")

    class State(models.TextChoices):
        PENDING = "pending", _("waits to be sent")
        SENT = "sent", _("sent")
        DEAD = "dead", _("could not be sent")
        VOID = "void", _("no longer needed")

    # Names it: in its Message-ID, its link, its reply address.
    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="letters", verbose_name=_("conversation")
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    recipient = models.EmailField(_("recipient"))
    language = models.CharField(max_length=35, blank=True)
    first_seq = models.PositiveIntegerField()  # of what it brings
    last_seq = models.PositiveIntegerField()
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.PENDING)
    made_at = models.DateTimeField(_("written"), default=timezone.now)
    due_at = models.DateTimeField(_("next try"), default=timezone.now)
    leased_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    error = models.TextField(_("what went wrong"), blank=True)
    # From then on its link and its reply address open nothing.
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "kind", "recipient", "last_seq"], name="consult_letter_once"
            )
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="consult_letters_due")]

    def __str__(self) -> str:
        return f"{self.recipient} {self.made_at:%Y-%m-%d %H:%M}"


class Inbound(models.Model):
    """An e-mail that came in, and what became of it. What isn't let into a conversation is kept for people to read."""

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted", _("said in its conversation")
        UNKNOWN = "unknown", _("answers no letter of ours")
        FORGED = "forged", _("its reply address is none we made")
        EXPIRED = "expired", _("its letter can no longer be answered")
        STRANGER = "stranger", _("sent by somebody else than the letter went to")
        UNPROVEN = "unproven", _("its sender is not proven")
        AUTOMATIC = "automatic", _("sent by a machine")
        EMPTY = "empty", _("there was nothing in it")
        TOO_LONG = "too_long", _("it was too long")

    digest = models.CharField(max_length=64, unique=True)  # of its Message-ID: each is read once
    mail_id = models.TextField(blank=True)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    sender = models.CharField(_("sender"), max_length=320, blank=True)
    recipient = models.CharField(_("recipient"), max_length=320, blank=True)
    subject = models.CharField(_("subject"), max_length=256, blank=True)
    text = models.TextField(_("text"), blank=True)
    verdict = models.CharField(_("what became of it"), max_length=16, choices=Verdict)
    letter = models.ForeignKey(
        Letter, on_delete=models.CASCADE, null=True, blank=True, related_name="replies", verbose_name=_("letter")
    )
    message = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("received e-mail")
        verbose_name_plural = _("received e-mail")

    def __str__(self) -> str:
        return f"{self.sender} {self.received_at:%Y-%m-%d %H:%M}"


class Callback(models.Model):
    """A call that a visitor wishes, or an operator arranged: whom, when, about what, and what came of it."""

    class State(models.TextChoices):
        OPEN = "open", _("to be called")
        REACHED = "reached", _("reached")
        WRONG_NUMBER = "wrong", _("wrong number")
        GIVEN_UP = "given_up", _("not reached")
        CANCELLED = "cancelled", _("cancelled")

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="callbacks", verbose_name=_("visitor"))
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="callbacks", verbose_name=_("conversation")
    )
    phone = models.CharField(_("phone"), max_length=20)  # E.164
    about = models.TextField(_("what about"), blank=True)
    wanted_at = models.DateTimeField(_("wished for"), null=True, blank=True)  # the slot's beginning; null: now
    due_at = models.DateTimeField(_("due"))  # the next try
    rung_for = models.DateTimeField(null=True)  # the due_at that desks were told has come
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.OPEN)
    made_at = models.DateTimeField(_("requested"), default=timezone.now)
    arranged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("arranged by"),
    )  # fmt: skip
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        constraints = [
            models.UniqueConstraint(fields=["conversation"], condition=Q(state="open"), name="consult_one_open_call")
        ]
        indexes = [models.Index("due_at", condition=Q(state="open"), name="consult_calls_due")]

    def __str__(self) -> str:
        return f"{self.phone} {self.due_at:%Y-%m-%d %H:%M}"

    @property
    def number(self) -> str:
        """The phone as people read it."""
        return phone.shown(self.phone)


class Attempt(models.Model):
    """One try to call."""

    class Outcome(models.TextChoices):
        REACHED = "reached", _("reached")
        NO_ANSWER = "no_answer", _("no answer")
        WRONG_NUMBER = "wrong", _("wrong number")

    callback = models.ForeignKey(Callback, on_delete=models.CASCADE, related_name="attempts")
    client_id = models.UUIDField(unique=True)
    operator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    operator_name = models.CharField(max_length=310)  # outlives the account
    made_at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=12, choices=Outcome)

    class Meta:
        verbose_name = _("try to call")
        verbose_name_plural = _("tries to call")

    def __str__(self) -> str:
        return f"{self.operator_name} {self.made_at:%Y-%m-%d %H:%M}: {self.get_outcome_display()}"
