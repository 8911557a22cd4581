"""Frames: what travels over a socket, or over HTTP where sockets are blocked. JSON text, at most 32 KiB."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID

from consult.chat.entry import Refused

if TYPE_CHECKING:
    from consult.chat.models import Conversation, Message, Note

MAX_SIZE = 32 * 1024  # bytes of UTF-8
MAX_DEPTH = 8
MAX_KEYS = 32
MAX_INTEGER = 2**53  # JavaScript's own limit

Frame = dict[str, Any]


def parse(text: str) -> Frame:
    """``text`` as a frame with a ``type``. Raises Refused("malformed") for what is no small JSON object."""
    frame = small(text)
    text_of(frame, "type")
    return frame


def small(text: str) -> dict[str, Any]:
    """``text`` as a JSON object. Raises Refused("malformed") for what is none, or no small one."""
    try:
        said = json.loads(text, parse_constant=_not_json, object_pairs_hook=_no_twice)
    except (ValueError, RecursionError) as error:
        raise Refused("malformed") from error
    if not isinstance(said, dict) or not _shallow(said, MAX_DEPTH):
        raise Refused("malformed")
    return said


def text_of(frame: Frame, key: str) -> str:
    """The string at ``key``. Raises Refused("malformed")."""
    value = frame.get(key)
    if not isinstance(value, str):
        raise Refused("malformed")
    return value


def uuid_of(frame: Frame, key: str) -> UUID:
    try:
        return UUID(text_of(frame, key))
    except ValueError as error:
        raise Refused("malformed") from error


def integer_of(frame: Frame, key: str) -> int:
    value = frame.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_INTEGER:
        raise Refused("malformed")
    return value


def encode(frame: Frame) -> str:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


def moment(at: datetime | None) -> str | None:
    """A time as the wire writes it: ISO 8601 in UTC with milliseconds."""
    if at is None:
        return None
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def message(message: Message, conversation: UUID) -> Frame:
    """The one shape of a message, for everybody who may read it."""
    return {
        "type": "message",
        "conversation": str(conversation),
        "seq": message.seq,
        "kind": message.kind,
        "medium": message.medium,
        "client_id": str(message.client_id),
        "author": {"kind": message.author_kind, "name": message.author_name},
        "body": message.body,
        "facts": message.facts,
        "sent_at": moment(message.sent_at),
    }


def note(note: Note, conversation: UUID) -> Frame:
    """The one shape of a note, for desks only."""
    return {
        "type": "note",
        "conversation": str(conversation),
        "number": note.number,
        "after_seq": note.after_seq,
        "client_id": str(note.client_id),
        "author": {"id": note.author_id, "name": note.author_name},
        "body": note.body,
        "written_at": moment(note.written_at),
    }


def welcome(conversation: Conversation | None, messages: list[Frame], operator: str | None, *, more: bool) -> Frame:
    """Where a conversation stands. ``operator`` is the name of who has it."""
    return {
        "type": "welcome",
        "conversation": str(conversation.public_id) if conversation else None,
        "epoch": conversation.epoch if conversation else None,
        "last_seq": conversation.last_seq if conversation else 0,
        "visitor_read": conversation.visitor_read if conversation else 0,
        "operators_read": conversation.operators_read if conversation else 0,
        "operator": {"name": operator} if operator else None,
        "closed": bool(conversation and conversation.closed_at),
        "messages": messages,
        "more": more,
    }


def refused(refusal: Refused, of: str, **where: Any) -> Frame:
    frame: Frame = {"type": "refused", "of": of, "reason": refusal.reason}
    if refusal.retry_after is not None:
        frame["retry_after"] = refusal.retry_after
    return frame | {key: str(value) for key, value in where.items() if value is not None}


def _not_json(constant: str) -> NoReturn:
    raise ValueError(constant)


def _no_twice(pairs: list[tuple[str, Any]]) -> Frame:
    frame = dict(pairs)
    if len(frame) != len(pairs) or len(frame) > MAX_KEYS:
        raise ValueError("a key twice, or too many keys")
    return frame


def _shallow(value: object, depth: int) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(_shallow(part, depth - 1) for part in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_shallow(part, depth - 1) for part in value)
    return True
