"""The shop as tests want it, and nobody is told to slow down: what is measured is not the rate limit."""

from __future__ import annotations

from typing import Any

from tests.settings import *  # noqa: F403
from tests.settings import CONSULT as OF_THE_SHOP

UNLIMITED: dict[str, Any] = {"SAY_BURST": 1_000_000, "SAY_PER_SECOND": 1_000_000.0}
CONSULT = {**OF_THE_SHOP, **UNLIMITED}
