from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ConsultConfig(AppConfig):
    name = "consult"
    verbose_name = _("Consultation")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from consult import checks  # noqa: F401  (registers them)

        post_migrate.connect(index_words, sender=self)


def index_words(*, using: str, **_more: Any) -> None:
    """After any migration: those of the shop, too, may make a table of ours anew, and where a test makes the tables
    without migrations nobody else would.
    """
    from consult.chat import words

    words.install(using)
