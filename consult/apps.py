from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_delete, post_migrate, post_save
from django.utils.translation import gettext_lazy as _


class ConsultConfig(AppConfig):
    name = "consult"
    verbose_name = _("Consultation")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from consult import checks  # noqa: F401  (registers them)
        from consult.away import callback, imap, inbound, ladder, late, missed, now, outbox, waits, words
        from consult.away import checks as of_mail  # noqa: F401
        from consult.chat import due, presence
        from consult.invitations import book

        presence.judged_by(now.presence, words.text)
        due.also(book.forget, every=600)
        due.also(waits.settle, every=1)
        due.also(missed.mail_missed, every=5)
        due.also(outbox.send_due, every=1, apart=True)
        due.also(late.send_late, every=10)
        due.also(ladder.climb, every=15)
        due.also(callback.ring, every=4)
        due.also(callback.follow, every=60)
        due.also(imap.fetch, every=60, apart=True)
        due.also(inbound.forget, every=3600)
        if apps.is_installed("anymail"):
            from anymail.signals import inbound as mail_came

            mail_came.connect(inbound.receive_event)
        post_migrate.connect(index_words, sender=self)
        user_logged_in.connect(follow_sign_in)
        for changed in (post_save, post_delete):
            for model in ("consult.Rule", "consult.Greeting"):
                changed.connect(forget_rules, sender=model)
            for model in ("Schedule", "Hours", "SpecialDay", "Override", "Seats"):
                changed.connect(judge_again, sender=f"consult.{model}")


def index_words(*, using: str, **_more: Any) -> None:
    """After any migration: those of the shop, too, may make a table of ours anew, and where a test makes the tables
    without migrations nobody else would.
    """
    from consult.chat import words

    words.install(using)


def follow_sign_in(**signed_in: Any) -> None:
    """What somebody was invited by before they signed in is the customer's from then on."""
    from consult.invitations import book

    book.follow_sign_in(**signed_in)


def forget_rules(**_more: Any) -> None:
    """Browsers hear of a rule that was changed, wherever that was done."""
    from consult.invitations import current

    current.forget()


def judge_again(**_more: Any) -> None:
    """Open panels hear at once that the shop opens or closes, wherever that was decided."""
    from consult.away import now

    now.changed()
