"""The judge: what was said, acknowledged and heard goes in, broken promises come out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    author: str
    client_id: str
    body: str


@dataclass(frozen=True)
class Acked:
    """The author's own message came back to them."""

    author: str
    client_id: str
    conversation: str
    seq: int


@dataclass(frozen=True)
class Joined:
    """A reader's connection follows a conversation, with everything up to `after` already on the screen."""

    reader: str
    connection: int
    conversation: str
    after: int


@dataclass(frozen=True)
class Heard:
    reader: str
    connection: int
    conversation: str
    seq: int
    client_id: str
    body: str
    kind: str = "text"


Event = Said | Acked | Joined | Heard


@dataclass(frozen=True)
class Violation:
    rule: str
    about: Event


def violations(history: Sequence[Event]) -> list[Violation]:
    """Everything that is wrong with a history, once all have had time to catch up."""
    return [
        *unanswered(history),
        *lost(history),
        *invented(history),
        *doubled(history),
        *contradicted(history),
        *out_of_step(history),
        *overtaken(history),
        *behind(history),
    ]


def unanswered(history: Sequence[Event]) -> Iterator[Violation]:
    """Who says something hears in the end that it was kept."""
    acked = {event.client_id for event in history if isinstance(event, Acked)}
    for event in history:
        if isinstance(event, Said) and event.client_id not in acked:
            yield Violation("unanswered", event)


def lost(history: Sequence[Event]) -> Iterator[Violation]:
    """What was acknowledged reaches everybody who follows the conversation."""
    heard = {(event.reader, event.client_id) for event in history if isinstance(event, Heard)}
    readers = readers_of(history)
    for event in history:
        if isinstance(event, Acked):
            for reader in readers[event.conversation]:
                if (reader, event.client_id) not in heard:
                    yield Violation("lost", event)


def invented(history: Sequence[Event]) -> Iterator[Violation]:
    """Nobody hears what nobody said, nor in other words."""
    said = {event.client_id: event.body for event in history if isinstance(event, Said)}
    for event in history:
        if isinstance(event, Heard) and event.kind == "text":
            if event.client_id not in said:
                yield Violation("phantom", event)
            elif event.body != said[event.client_id]:
                yield Violation("altered", event)


def doubled(history: Sequence[Event]) -> Iterator[Violation]:
    """A message has one place, for ever: one conversation and one number in it."""
    places: dict[str, tuple[str, int]] = {}
    for event in history:
        if isinstance(event, Acked | Heard):
            place = (event.conversation, event.seq)
            if places.setdefault(event.client_id, place) != place:
                yield Violation("duplicate", event)


def contradicted(history: Sequence[Event]) -> Iterator[Violation]:
    """A place holds one message: both sides have the same one under the same number."""
    holds: dict[tuple[str, int], str] = {}
    for event in history:
        if isinstance(event, Acked | Heard):
            if holds.setdefault((event.conversation, event.seq), event.client_id) != event.client_id:
                yield Violation("contradiction", event)


def out_of_step(history: Sequence[Event]) -> Iterator[Violation]:
    """On a connection each number follows the one before. Only the answer to one's own retry may repeat an old one."""
    authors = {event.client_id: event.author for event in history if isinstance(event, Said)}
    last: dict[tuple[str, int, str], int] = {}
    for event in history:
        if isinstance(event, Joined):
            last[event.reader, event.connection, event.conversation] = event.after
        elif isinstance(event, Heard):
            key = (event.reader, event.connection, event.conversation)
            before = last.get(key, 0)
            if event.seq > before + 1:
                yield Violation("gap", event)
            elif event.seq <= before and authors.get(event.client_id) != event.reader:
                yield Violation("repeated or late", event)
            last[key] = max(before, event.seq)


def overtaken(history: Sequence[Event]) -> Iterator[Violation]:
    """What one person says stays in the order in which they said it."""
    order = {event.client_id: number for number, event in enumerate(history) if isinstance(event, Said)}
    acks = {(event.conversation, event.seq): event for event in history if isinstance(event, Acked)}
    latest: dict[tuple[str, str], int] = {}
    for _, event in sorted(acks.items()):
        key = (event.author, event.conversation)
        said = order.get(event.client_id, -1)
        if said < latest.get(key, -1):
            yield Violation("overtaken", event)
        latest[key] = max(said, latest.get(key, -1))


def behind(history: Sequence[Event]) -> Iterator[Violation]:
    """In the end everybody who follows a conversation has come equally far, its automatic lines included."""
    reached: dict[tuple[str, str], int] = defaultdict(int)
    furthest: dict[str, Heard] = {}
    for event in history:
        if isinstance(event, Joined):
            key = (event.reader, event.conversation)
            reached[key] = max(reached[key], event.after)
        if isinstance(event, Heard):
            key = (event.reader, event.conversation)
            reached[key] = max(reached[key], event.seq)
            if event.conversation not in furthest or furthest[event.conversation].seq < event.seq:
                furthest[event.conversation] = event
    for conversation, readers in readers_of(history).items():
        for reader in readers:
            if conversation in furthest and reached[reader, conversation] < furthest[conversation].seq:
                yield Violation("behind", furthest[conversation])


def readers_of(history: Sequence[Event]) -> dict[str, set[str]]:
    readers: dict[str, set[str]] = defaultdict(set)
    for event in history:
        if isinstance(event, Joined):
            readers[event.conversation].add(event.reader)
    return readers
