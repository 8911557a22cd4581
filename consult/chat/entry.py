"""What goes into the log, before it has a number: who says it, where, and the id that makes repeating harmless."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5


@dataclass(frozen=True, slots=True)
class Author:
    """Who says something. ``key`` is unique among all authors: ``v<visitor pk>``, ``u<user pk>`` or ``shop``."""

    key: str
    name: str = ""

    @property
    def pk(self) -> int:
        return int(self.key[1:])

    @property
    def kind(self) -> str:
        return {"v": "visitor", "u": "operator"}.get(self.key[0], "shop")


SHOP = Author("shop")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to be said.

    A visitor's entry names the ``visitor`` (pk) and goes to their open conversation, or opens the next one.
    Anybody else's names the ``conversation`` (public id). ``client_id`` is unique per author, for ever.
    ``sees_all`` lets an operator speak where a colleague has the conversation.
    """

    author: Author
    client_id: UUID
    body: str = ""
    kind: str = "text"
    medium: str = "chat"
    facts: dict[str, Any] = field(default_factory=dict)
    conversation: UUID | None = None
    visitor: int | None = None
    sees_all: bool = False


class Refused(Exception):
    """Why something can't be done, in one of the words of the wire: ``empty``, ``too_long``, ``conflict`` …"""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


def id_of(cause: str) -> UUID:
    """The client id of an automatic line: the same cause gives the same id, so it is written once."""
    return uuid5(NAMESPACE_URL, f"consult:{cause}")
