"""Whom to offer help, when, and with what words: display rules and what became of their invitations.

Names are fetched when first asked for: a shop's functions may be imported before consult's models can be.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from consult.invitations.audience import Basket, Place

__all__ = ["Basket", "Place"]

ROOMS = {"Basket": "audience", "Place": "audience"}


def __getattr__(name: str) -> Any:
    if name not in ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{ROOMS[name]}"), name)
