"""What nobody answers in time goes on as a letter: the same words, at the desk as before, and by e-mail too."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from consult.away import letters, waits
from consult.away.models import Letter, Schedule
from consult.chat import log, presence, queue
from consult.chat.entry import SHOP, Entry, Refused, id_of
from consult.chat.models import Conversation, Message
from consult.chat.patience import patience
from consult.chat.uncompiled import uncompiled

RESTED = timedelta(minutes=1)  # since the visitor's last words: who still writes sends one letter, not ten
AT_ONCE = 100  # in one round; the next is soon


def send_late() -> None:
    """Send what waits longer than the manager allows, or while the shop is away. Sent again it is the same letter."""
    now = timezone.now()
    with uncompiled():
        found = list(due(now)[:AT_ONCE])
    room = max(letters.MOST_OF_ALL - letters.lately(Letter.objects.all()), 0) if found else 0
    for conversation in found[:room]:
        try:
            _send(conversation)
        except Refused:  # somebody holds it: the next round finds it again, or finds it answered
            continue


def due(now: datetime) -> QuerySet[Conversation]:
    """Those that nobody has, with words of the visitor's that rest, and that no letter has brought."""
    late = queue.waiting().filter(waiting_since__lte=now - RESTED)
    if presence.now().state != presence.AWAY:
        late = late.filter(waiting_since__lte=now - timedelta(minutes=Schedule.current().letter_after))
    said = Message.objects.questions().filter(conversation=OuterRef("pk"), sent_at__gte=OuterRef("waiting_since"))
    sent = Letter.objects.filter(
        conversation=OuterRef("conversation"), kind=Letter.Kind.QUESTION, last_seq__gte=OuterRef("seq")
    )
    return late.filter(Exists(said.filter(~Exists(sent))), ~Exists(said.filter(sent_at__gt=now - RESTED)))


def _send(conversation: Conversation) -> None:
    with patience():
        waiting = Conversation.objects.waiting().exclude(waiting_since=None)
        held = waiting.locked().filter(pk=conversation.pk).first()
        said = list(letters.unsent(held)) if held else []
        if held and said:
            letters.to_operators(held, said[0].seq, said[-1].seq)
            if said[-1].medium == Message.Medium.CHAT:  # who wrote by e-mail expects no other way
                cause = f"letter {held.pk} {held.waiting_since}"
                log.say(Entry(SHOP, id_of(cause), kind=Message.Kind.LETTER, conversation=held.public_id))
            waits.became_letter(held)
