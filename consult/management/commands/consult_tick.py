from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from consult.chat import due


class Command(BaseCommand):
    help = "Do everything that is due. Harmless to repeat and to run in several processes at once."

    def handle(self, *args: Any, **options: Any) -> None:
        due.everything()
