from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from consult.chat import due


class Command(BaseCommand):
    help = "Do everything that is due. Harmless to repeat and to run in several processes at once."

    def handle(self, *args: Any, **options: Any) -> None:
        if not due.everything():
            raise CommandError("Some of what was due failed. The log says what; the rest is done.")
