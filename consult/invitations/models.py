"""Display rules, their greetings, and what became of each invitation.

What a rule's columns mean is judged in two places that never repeat each other: ``audience`` (server) and
``static/consult/trigger.js`` (browser).
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from consult.chat.models import Visitor

MANAGE = "consult.manage_invitations"
VARIANTS = "ABCDEF"


class Availability(models.TextChoices):
    """Whether somebody can answer, as ``boot`` says it."""

    ONLINE = "online", _("Online")
    BUSY = "busy", _("Busy")
    AWAY = "away", _("Away")


class Device(models.TextChoices):
    """What the browser runs on, judged by its screen and pointer."""

    PHONE = "phone", _("Phone")
    TABLET = "tablet", _("Tablet")
    COMPUTER = "computer", _("Computer")


class Rule(models.Model):
    """Whom to offer help, where, when, and with what words. Everything left empty is no condition."""

    class Match(models.TextChoices):
        ALL = "all", _("all of these")
        ANY = "any", _("any of these")

    class Result(models.TextChoices):
        INVITE = "invite", _("an invitation with a greeting")
        LABEL = "label", _("the label only")
        HIDE = "hide", _("no widget at all")

    name = models.CharField(pgettext_lazy("display rule", "name"), max_length=80)
    is_on = models.BooleanField(pgettext_lazy("display rule", "on"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    # Days of the shop's time zone, both included.
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    # The audience: all of it must fit.
    signed_in = models.BooleanField(_("signed in"), null=True, blank=True)
    has_ordered = models.BooleanField(_("has ordered before"), null=True, blank=True)
    segments = models.JSONField(_("segments"), default=list, blank=True)  # names in CONSULT["SEGMENTS"]; any of them
    countries = models.JSONField(_("countries"), default=list, blank=True)  # ISO 3166-1 alpha-2; any of them
    regions = models.JSONField(_("regions"), default=list, blank=True)  # as the shop's place names them; any of them
    languages = models.JSONField(_("languages"), default=list, blank=True)  # codes of settings.LANGUAGES; any of them
    basket_total_min = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    basket_total_max = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    basket_count_min = models.PositiveIntegerField(null=True, blank=True)
    basket_count_max = models.PositiveIntegerField(null=True, blank=True)
    weekdays = models.JSONField(_("days"), default=list, blank=True)  # 0 is Monday; any of them
    hour_from = models.TimeField(_("from"), null=True, blank=True)  # in the shop's time zone
    hour_until = models.TimeField(_("until"), null=True, blank=True)  # not included
    availability = models.JSONField(_("availability"), default=list, blank=True)  # of Availability; any of them

    # Where: one of these pages and none of those, on one of these devices.
    page_kinds = models.JSONField(_("kinds of page"), default=list, blank=True)  # as the tag's ``page`` says
    paths = models.JSONField(_("paths"), default=list, blank=True)  # see ``pattern``
    except_kinds = models.JSONField(_("not on kinds of page"), default=list, blank=True)
    except_paths = models.JSONField(_("not on paths"), default=list, blank=True)
    devices = models.JSONField(_("devices"), default=list, blank=True)  # of Device

    # When: all or any of these.
    match = models.CharField(_("when"), max_length=3, choices=Match, default=Match.ALL)
    page_seconds = models.PositiveIntegerField(_("seconds on the page"), null=True, blank=True)  # visible ones
    site_seconds = models.PositiveIntegerField(_("seconds on the site"), null=True, blank=True)  # of this visit
    pages = models.PositiveIntegerField(
        _("pages viewed"), null=True, blank=True
    )  # of this visit, with the present one
    visits = models.PositiveIntegerField(_("visits"), null=True, blank=True)  # with the present one
    leaving = models.BooleanField(_("about to leave"), default=False)
    leaving_touch = models.BooleanField(_("about to leave, on phones too"), default=False)
    idle_seconds = models.PositiveIntegerField(_("seconds without a move"), null=True, blank=True)
    referrer = models.CharField(_("referrer contains"), max_length=200, blank=True)  # of this visit
    utm_source = models.CharField(max_length=100, blank=True)  # of this visit
    utm_medium = models.CharField(max_length=100, blank=True)
    utm_campaign = models.CharField(max_length=100, blank=True)

    result = models.CharField(_("then show"), max_length=6, choices=Result, default=Result.INVITE)

    # How often at most, for one visitor.
    per_visit = models.PositiveSmallIntegerField(_("times in one visit"), default=1, validators=[MinValueValidator(1)])
    per_30_days = models.PositiveSmallIntegerField(_("times in 30 days"), default=3, validators=[MinValueValidator(1)])
    hours_apart = models.PositiveSmallIntegerField(_("hours apart"), default=24)
    held_percent = models.PositiveSmallIntegerField(
        _("held out (%)"), default=0, validators=[MaxValueValidator(50)]
    )  # of those it would invite, who are not invited, to compare with

    class Meta:
        verbose_name = _("display rule")
        verbose_name_plural = _("display rules")
        ordering = ["position", "pk"]
        default_permissions = ()  # manage_invitations allows all of it

    def __str__(self) -> str:
        return self.name


class Greeting(models.Model):
    """Words of one variant of a rule, for a moment or for any; see ``greeting`` for the variables in them."""

    class Moment(models.TextChoices):
        """By the visitor's own clock, but for the last."""

        ANY = "", _("any time")
        MORNING = "morning", _("morning (5 to 11)")
        DAY = "day", _("daytime (11 to 17)")
        EVENING = "evening", _("evening (17 to 23)")
        NIGHT = "night", _("night (23 to 5)")
        LEAVING = "leaving", _("about to leave")

    rule = models.ForeignKey(Rule, models.CASCADE, related_name="greetings", verbose_name=_("display rule"))
    variant = models.CharField(
        _("variant"), max_length=1, choices=[(letter, letter) for letter in VARIANTS], default=VARIANTS[0]
    )
    moment = models.CharField(_("moment"), max_length=7, choices=Moment, blank=True, default=Moment.ANY)
    text = models.CharField(_("text"), max_length=300)

    class Meta:
        verbose_name = _("greeting")
        verbose_name_plural = _("greetings")
        ordering = ["variant", "moment"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["rule", "variant", "moment"], name="consult_greeting_once"),
        ]

    def __str__(self) -> str:
        return f"{self.variant} · {self.get_moment_display()}"


class Exposure(models.Model):
    """One invitation: shown to somebody, or deliberately held back, and what came of it.

    ``browser`` is a random name that the browser gave itself in its own storage when it was first invited. ``number``
    counts its exposures, so that two tabs that ask at once are not both allowed.
    """

    public_id = models.UUIDField(unique=True, default=uuid4, editable=False)
    rule = models.ForeignKey(Rule, models.CASCADE, related_name="exposures", verbose_name=_("display rule"))
    variant = models.CharField(max_length=1)
    moment = models.CharField(max_length=7, blank=True)
    held = models.BooleanField(default=False)
    browser = models.UUIDField()
    number = models.PositiveIntegerField()
    visit = models.PositiveIntegerField()  # which of this browser's
    visitor = models.ForeignKey(Visitor, models.SET_NULL, null=True, related_name="+")
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    session = models.CharField(max_length=64, blank=True, db_index=True)  # digest of the shop's own
    shown_at = models.DateTimeField(default=timezone.now, db_index=True)
    accepted_at = models.DateTimeField(null=True)
    dismissed_at = models.DateTimeField(null=True)
    facts: models.JSONField[Any, Any] = models.JSONField(default=dict)  # what the rule was judged by, for a dry run

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["browser", "number"], name="consult_exposure_numbered"),
        ]
        indexes = [models.Index(fields=["rule", "shown_at"], name="consult_exposures")]

    def __str__(self) -> str:
        return f"{self.rule} · {timezone.localtime(self.shown_at):%Y-%m-%d %H:%M}"
