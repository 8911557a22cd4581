"""The log: the only place that writes messages.

``append`` is one synchronous function inside the caller's own transaction. It numbers under the conversation's row
lock, so a number missing always means "not received". What it wrote is announced after commit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.dispatch import Signal
from django.utils import timezone

from consult import signals
from consult.chat import frames, insert, live, models, pool, takes
from consult.chat.entry import Entry, Refused
from consult.chat.patience import patience
from consult.chat.prepared import Prepared

if TYPE_CHECKING:
    from consult.chat.models import Conversation, Message, Note


def _locked(named: list[UUID], visitors: list[int], *, skip: bool) -> QuerySet[Conversation]:
    """In the order of their keys, so that two who lock several can't wait for each other."""
    rows = models.Conversation.objects.select_for_update(no_key=True, skip_locked=skip).order_by("pk")
    return rows.filter(Q(public_id__in=named) | Q(visitor__in=visitors, closed_at=None))


LOCK = Prepared(partial(_locked, skip=False))
LOCK_OR_SKIP = Prepared(partial(_locked, skip=True))
SAID = Prepared(lambda ids: models.Message.objects.filter(client_id__in=ids).values_list("pk"))

Told = tuple[Signal, str, object]  # a signal of the host's, the name of its argument, and that


class Locked(Refused):
    """Somebody else holds the row: the writer tries again in its next round."""

    def __init__(self) -> None:
        super().__init__("try_again", 1)


def say(entry: Entry) -> Message:
    """Append one entry in a transaction of its own. Raises Refused."""
    with transaction.atomic():
        (said,) = append([entry])
    if isinstance(said, Refused):
        raise said
    return said


def append(entries: Sequence[Entry], *, writer: bool = False) -> list[Message | Refused]:
    """Write ``entries`` in their order, inside the caller's transaction, and give for each its message or why not.

    An entry whose author and ``client_id`` are known gets its first answer again. ``writer``: rows locked by others
    are skipped (their entries are answered Locked) where everybody else has patience, and the host's signals are sent
    from the pool.
    """
    if not entries:
        return []
    with nullcontext() if writer else patience():
        return _append(entries, writer=writer)


def _append(entries: Sequence[Entry], *, writer: bool) -> list[Message | Refused]:
    batch = _Batch(entries, writer=writer)
    outcomes = [batch.add(entry) for entry in entries]
    batch.write()
    return outcomes


class _Batch:
    """One transaction's worth of entries: the rows they need, what they become, and the statements that write it."""

    def __init__(self, entries: Sequence[Entry], *, writer: bool) -> None:
        self.writer = writer
        self.now = timezone.now()
        self.by_id: dict[UUID, Conversation] = {}
        self.open_of: dict[int, Conversation] = {}
        self.opened: list[Conversation] = []
        self.taken: list[Conversation] = []
        self.fresh: list[Message] = []
        self.waiting_before: dict[int, datetime | None] = {}
        self._lock(
            {entry.conversation for entry in entries if entry.visitor is None and entry.conversation},
            {entry.visitor for entry in entries if entry.visitor is not None},
        )
        self.said: dict[tuple[str, UUID], Message] = {}
        self._look_up(entry.client_id for entry in entries)

    def add(self, entry: Entry) -> Message | Refused:
        """What becomes of one entry."""
        try:
            said = self._said(entry)
            if said is None:
                conversation = self._conversation_for(entry)
                said = self._said(entry) or self._new(entry, conversation)
        except Refused as refusal:
            return refusal
        return said

    def write(self) -> None:
        if not self.fresh:
            return
        insert.insert(self.fresh)
        grown = Counter(message.conversation_id for message in self.fresh)
        touched = [conversation for conversation in self.by_id.values() if conversation.pk in grown]
        begun = [c.pk for c in touched if c.waiting_since and not self.waiting_before[c.pk]]
        ended = [c.pk for c in touched if not c.waiting_since and self.waiting_before[c.pk]]
        with connection.cursor() as cursor:
            now = connection.ops.adapt_datetimefield_value(self.now)
            cursor.execute(_growth(grown, begun, ended), [now] if begun else [])
        for conversation in self.taken:
            conversation.save(update_fields=["operator"])
        nobody_there = {c.pk for c in touched if c.operator_id is None}
        self._announce(touched, soon=not nobody_there.isdisjoint(begun))

    def _lock(self, named: set[UUID], visitors: set[int]) -> None:
        """Lock the conversations that are named, and the open ones of these visitors."""
        if not named and not visitors:
            return
        query = LOCK_OR_SKIP if self.writer else LOCK
        for conversation in models.Conversation.objects.raw(*query.sql(list(named), list(visitors))):
            self._hold(conversation)

    def _hold(self, conversation: Conversation) -> Conversation:
        self.by_id[conversation.public_id] = conversation
        self.waiting_before[conversation.pk] = conversation.waiting_since
        if conversation.closed_at is None:
            self.open_of[conversation.visitor_id] = conversation
        return conversation

    def _look_up(self, ids: Iterable[UUID]) -> None:
        known = [pk for (pk,) in SAID.rows(list(ids))]
        for message in models.Message.objects.select_related("conversation").filter(pk__in=known) if known else ():
            message.repeated = True
            self.said[message.author_key, message.client_id] = message

    def _said(self, entry: Entry) -> Message | None:
        """The message this entry became before, if it did. Raises Refused if it was another text."""
        message = self.said.get((entry.author.key, entry.client_id))
        if message and entry.kind == "text" and message.kind != "erased" and message.body != entry.body:
            raise Refused("conflict")
        return message

    def _conversation_for(self, entry: Entry) -> Conversation:
        """The locked, open conversation that this entry belongs to."""
        if entry.visitor is not None:
            return self.open_of.get(entry.visitor) or self._next(entry, entry.visitor)
        if entry.conversation is None:
            raise Refused("not_found")
        named = self.by_id.get(entry.conversation)
        if named is None:
            exists = models.Conversation.objects.filter(public_id=entry.conversation).exists()
            raise Locked if exists else Refused("not_found")
        self._authorize(entry, named)
        if named.closed_at is None:
            return named
        return self.open_of.get(named.visitor_id) or self._next(entry, named.visitor_id)

    def _authorize(self, entry: Entry, conversation: Conversation) -> None:
        """An operator speaks where nobody is, where they are, and into what was theirs: the rule of visible_to, once
        more under the lock.
        """
        if entry.author.key[0] != "u" or entry.sees_all or conversation.operator_id == entry.author.pk:
            return
        if conversation.closed_at is None and conversation.operator_id is None:
            return
        if conversation.closed_at and conversation.takes.filter(operator=entry.author.pk).exists():
            return
        raise Refused("not_found")

    def _next(self, entry: Entry, visitor: int) -> Conversation:
        """The visitor's open conversation, made if there is none. Their row is the lock, and under it we look again:
        meanwhile another process may have opened one, and may have said this very entry in it.
        """
        people = models.Visitor.objects.select_for_update(no_key=True, skip_locked=self.writer)
        if not people.filter(pk=visitor).exists():
            raise Locked  # or gone: they signed in just now, and it is asked again whose words these are
        self._look_up([entry.client_id])
        if said := self._said(entry):
            return said.conversation
        self._lock(set(), {visitor})
        if visitor in self.open_of:
            return self.open_of[visitor]
        earlier = models.Conversation.objects.filter(visitor=visitor).order_by("-pk").first()
        if earlier and earlier.closed_at is None:
            raise Locked
        conversation = models.Conversation.objects.create(visitor_id=visitor, previous=earlier, opened_at=self.now)
        self.opened.append(conversation)
        return self._hold(conversation)

    def _new(self, entry: Entry, conversation: Conversation) -> Message:
        """Number the entry, and let the conversation know what it changes."""
        if entry.author.key[0] == "u" and entry.kind == "text":
            if conversation.operator_id is None:
                self._new(takes.begin(conversation, entry.author.pk, entry.author.name), conversation)
                self.taken.append(conversation)
            conversation.waiting_since = None
        elif entry.kind in ("closed", "called"):
            conversation.waiting_since = None
        elif _waits(entry) and conversation.waiting_since is None:
            conversation.waiting_since = self.now
        conversation.last_seq += 1
        message = models.Message(
            conversation=conversation,
            seq=conversation.last_seq,
            kind=entry.kind,
            medium=entry.medium,
            author_key=entry.author.key,
            author_name=entry.author.name,
            client_id=entry.client_id,
            body=entry.body,
            facts=entry.facts,
            sent_at=self.now,
        )
        self.fresh.append(message)
        self.said[entry.author.key, entry.client_id] = message
        return message

    def _announce(self, touched: list[Conversation], *, soon: bool) -> None:
        events = [live.SOON] if soon else []  # who begins to wait may have to be told how long
        events += [opened_event(conversation) for conversation in self.opened]
        events += [message_event(message) for message in self.fresh]
        events.append(desks_event([conversation.pk for conversation in touched]))
        _after_commit(events)
        told: list[Told] = [(signals.conversation_opened, "conversation", opened) for opened in self.opened]
        told += [(signals.message_said, "message", message) for message in self.fresh]
        _tell_host(told, writer=self.writer)


def _waits(entry: Entry) -> bool:
    """Whether its author waits for words from then on: what a call is to be about is answered by the call."""
    return entry.author.key[0] == "v" and entry.kind == "text" and entry.medium != "phone"


def _growth(grown: Counter[int], begun: list[int], ended: list[int]) -> str:
    """The statement that lets conversations (by pk) grow; ``begun`` and ``ended`` are those whose visitor waits from
    now on (the one parameter), or no longer. By hand: the ORM takes longer to write it than all else takes together.
    """
    by_count: dict[int, list[int]] = {}
    for pk, count in grown.items():
        by_count.setdefault(count, []).append(pk)
    cases = " ".join(f"WHEN id IN ({_listed(pks)}) THEN {count}" for count, pks in by_count.items())
    changes = [f"last_seq = last_seq + CASE {cases} END", "revision = revision + 1"]
    waiting = [f"WHEN id IN ({_listed(begun)}) THEN %s"] if begun else []
    waiting += [f"WHEN id IN ({_listed(ended)}) THEN NULL"] if ended else []
    if waiting:
        changes.append(f"waiting_since = CASE {' '.join(waiting)} ELSE waiting_since END")
    table = models.Conversation._meta.db_table
    return f"UPDATE {table} SET {', '.join(changes)} WHERE id IN ({_listed(grown)})"  # noqa: S608  all integers


def _listed(pks: Iterable[int]) -> str:
    return ",".join(map(str, pks))


def message_event(message: Message) -> live.Event:
    conversation = message.conversation
    public_id = conversation.public_id
    text = frames.encode(frames.message(message, public_id))
    return live.Event(_parties(conversation), "message", str(public_id), message.seq, text)


def opened_event(conversation: Conversation) -> live.Event:
    """Tells the visitor's sockets where the conversation that just opened begins."""
    blank = models.Conversation(public_id=conversation.public_id, epoch=conversation.epoch)
    text = frames.encode(frames.welcome(blank, [], None, more=False))
    return live.Event((f"v{conversation.visitor_id}",), "welcome", str(conversation.public_id), 0, text)


def desks_event(pks: list[int]) -> live.Event:
    """Tells the desks which conversations (by pk) changed in something they show."""
    return live.Event(("desks",), "changed", "", 0, ",".join(map(str, pks)))


def tell_desks(pks: list[int]) -> None:
    _after_commit([desks_event(pks)])


def tell_closed(conversation: Conversation) -> None:
    tell_desks([conversation.pk])
    _tell_host([(signals.conversation_closed, "conversation", conversation)], writer=False)


def tell_read(conversation: Conversation, reader: str, seq: int) -> None:
    public_id = str(conversation.public_id)
    text = frames.encode({"type": "read", "conversation": public_id, "by": reader, "seq": seq})
    _after_commit([
        live.Event(_parties(conversation), "read", public_id, 0, text),
        desks_event([conversation.pk]),
    ])  # fmt: skip


def tell_note(note: Note) -> None:
    """To the desks that have the conversation open. A visitor's socket stands under no such key."""
    public_id = note.conversation.public_id
    text = frames.encode(frames.note(note, public_id))
    _after_commit([live.Event((f"c{public_id}",), "note", str(public_id), 0, text)])


def _parties(conversation: Conversation) -> tuple[str, ...]:
    """Who hears a conversation: its visitor's sockets and the desks that have it open."""
    return (f"v{conversation.visitor_id}", f"c{conversation.public_id}")


def _after_commit(events: list[live.Event]) -> None:
    transaction.on_commit(lambda: live.tell(events), robust=True)


def _tell_host(told: list[Told], *, writer: bool) -> None:
    """Send the host's signals after commit; from the writer on the pool, so that nobody's chat waits for them."""
    told = [(signal, name, it) for signal, name, it in told if signal.receivers]
    if told:
        # Lambdas: where a robust hook fails, Django 5.2 asks for a name that a partial has not.
        send = (lambda: pool.submit(_send_signals, told)) if writer else (lambda: _send_signals(told))
        transaction.on_commit(send, robust=True)


def _send_signals(told: list[Told]) -> None:
    for signal, name, it in told:
        signal.send_robust(sender=type(it), **{name: it})
