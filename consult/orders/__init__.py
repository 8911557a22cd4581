"""Where an order came from, and with whom its buyer had talked.

Names are fetched when first asked for: a shop writes ``consult.orders.SourcedOrder`` in its ``models.py``, before
consult's own models may be imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from consult.orders.admin import SourcedOrderAdmin
    from consult.orders.book import of
    from consult.orders.sourced import Source, SourcedOrder
    from consult.orders.tagging import tag

__all__ = ["Source", "SourcedOrder", "SourcedOrderAdmin", "of", "tag"]

ROOMS = {
    "Source": "sourced",
    "SourcedOrder": "sourced",
    "SourcedOrderAdmin": "admin",
    "of": "book",
    "tag": "tagging",
}


def __getattr__(name: str) -> Any:
    if name not in ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{ROOMS[name]}"), name)
