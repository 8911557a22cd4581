from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from consult.chat import duty, identity


class Command(BaseCommand):
    help = "Do everything that is due. Harmless to repeat and to run in several processes at once."

    def handle(self, *args: Any, **options: Any) -> None:
        duty.end_silent()
        identity.forget_expired()
