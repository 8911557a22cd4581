"""The shop with the clock of its outbox SCALE times as fast, and with nobody told that they left letters enough."""

from __future__ import annotations

import os

from django.conf import settings

from example_shop.asgi import application  # before consult's own: it sets Django up

from consult.away import outbox  # isort: skip
from consult.widget import drawn, letter  # isort: skip

__all__ = ["application"]

SCALE = int(os.environ["SCALE"])

outbox.DEADLINE /= 20  # or it would say little of the mail server, and more of a busy machine
outbox.LEASE /= 20
outbox.AGAIN /= SCALE
outbox.LATER = tuple(pause / SCALE for pause in outbox.LATER)
drawn.LEAST = 0.0
letter.PER_VISITOR = letter.PER_NETWORK = 1_000_000
settings.CONSULT["LETTERS_TO"] = ["olga@shop.example", "carl@shop.example"]
