"""The desks of this process: what changed gathers for a moment, is read once, and goes to whom it concerns."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from consult.chat import board, live, pool
from consult.chat.models import Conversation, Take

if TYPE_CHECKING:
    from consult.chat.frames import Frame

GATHER = 0.15  # seconds; at any load a desk hears at most so often of one row
# Where many change at once reading takes its time: not more than this share of all time, and yet once a second.
SHARE, LONGEST = 0.05, 1.0


class Desks:
    """Stands in the registry for all desks of the process."""

    def __init__(self) -> None:
        self._changed: set[int] = set()
        self._refreshing: asyncio.Task[None] | None = None
        self.revisions: dict[int, int] | None = None  # of each open conversation, as the desks know it

    def start(self) -> None:
        live.join(self, "desks")

    def hear(self, event: live.Event) -> None:
        if self.all():
            self.refresh(map(int, event.text.split(",")))

    def refresh(self, pks: Any) -> None:
        """Read these conversations (by pk) again, soon."""
        self._changed.update(pks)
        if self._changed and (self._refreshing is None or self._refreshing.done()):
            self._refreshing = asyncio.get_running_loop().create_task(self._refresh())

    async def know(self) -> None:
        """Learn where everything stands before the first desk reads its list: what differs later, changed since."""
        if self.revisions is None:
            self.revisions = await pool.run(_revisions)

    def forget(self) -> None:
        """Nobody sits at a desk: what changes from now on, the next one reads anyway."""
        self.revisions = None

    def all(self) -> list[Any]:
        return live.listening("desk")

    async def _refresh(self) -> None:
        pause = GATHER
        while self._changed:
            await asyncio.sleep(pause)
            began = time.monotonic()
            pks, self._changed = self._changed, set()
            rows, had, tallies, revisions = await pool.run(_read, pks)
            if self.revisions is not None:
                for pk in pks:
                    self.revisions.pop(pk, None)
                self.revisions.update(revisions)
            for desk in self.all():
                _show(desk, rows, had, tallies)
            pause = min(max(GATHER, (time.monotonic() - began) / SHARE), LONGEST)


desks = Desks()


def _read(pks: set[int]) -> tuple[list[Frame], dict[str, set[int]], list[board.Tally], dict[int, int]]:
    """The rows of these conversations, who had those that are closed, the counts, and where they stand."""
    revisions = _revisions(pk__in=pks)
    rows = board.changed(pks)
    had: dict[str, set[int]] = {}
    # Asked of the rows as they were read: what closes between two questions would else be nobody's.
    closed = [row["conversation"] for row in rows if row["closed"]]
    takes = Take.objects.filter(conversation__public_id__in=closed, operator__isnull=False)
    for conversation, operator in takes.values_list("conversation__public_id", "operator"):
        had.setdefault(str(conversation), set()).add(operator)
    return rows, had, board.tallies(), revisions


def _revisions(**which: Any) -> dict[int, int]:
    return dict(Conversation.objects.open().filter(**which).values_list("pk", "revision"))


def _show(desk: Any, rows: list[Frame], had: dict[str, set[int]], tallies: list[board.Tally]) -> None:
    """Tell one desk of the rows that concern it, and of the counts if they are others than it knows."""
    counts = board.counted(tallies, desk.user, sees_all=desk.sees_all)
    frames = [frame for row in rows if (frame := _concern(desk, row, had.get(row["conversation"], set())))]
    if not frames and counts != desk.told:
        frames = [{}]
    desk.told = counts
    for frame in frames:
        desk.tell({"type": "row", "counts": counts} | frame)


def _concern(desk: Any, row: Frame, had: set[int]) -> Frame | None:
    """The part of a ``row`` frame that tells ``desk`` of ``row``, or None if it is none of its concern.

    What a desk may see is the rule of visible_to once more, for all desks at once: ``had`` are the users (pk) who had
    the conversation that is closed now.
    """
    conversation, operator = row["conversation"], row["operator"]
    known = conversation in desk.known or conversation == desk.conversation
    lists = board.lists_for(row, desk.user)
    listed = {"waiting", "mine", "calls"}.intersection(lists)  # which an operator is to hear of whatever is shown
    if not (desk.sees_all or listed or desk.user in had):
        if not known:
            return None
        desk.known.discard(conversation)
        if conversation == desk.conversation:
            desk.unfollow()
        return {"row": {"conversation": conversation, "gone": True, "operator": operator}}
    if listed or desk.list in lists:
        desk.known.add(conversation)
    elif known:
        desk.known.discard(conversation)  # but for this last time
    # Made only now: of most rows most desks hear nothing.
    return {"row": desk.mine(row)} if known or conversation in desk.known else None
