from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_delete, post_migrate, post_save
from django.utils.translation import gettext_lazy as _


class ConsultConfig(AppConfig):
    name = "consult"
    verbose_name = _("Consultation")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from consult import checks  # noqa: F401  (registers them)
        from consult.chat import due

        due.also(forget_facts, every=600)
        post_migrate.connect(index_words, sender=self)
        user_logged_in.connect(follow_sign_in)
        for changed in (post_save, post_delete):
            for model in ("consult.Rule", "consult.Greeting"):
                changed.connect(forget_rules, sender=model)


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


def forget_facts() -> None:
    """What somebody was invited for is of use to nobody after a while."""
    from consult.invitations import book

    book.forget()


def forget_rules(**_more: Any) -> None:
    """Browsers hear of a rule that was changed, wherever that was done."""
    from consult.invitations import current

    current.forget()
