"""The way back by e-mail: what comes in is read once, and said in the conversation it answers if it is proven whose
words it is. Nothing is answered automatically, nobody speaks as an operator, and what isn't said is kept for people.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from consult.away import addresses, letters, proof, quote
from consult.away.models import Inbound, Letter
from consult.away.received import Received, read
from consult.chat import log, text
from consult.chat.entry import SHOP, Entry, id_of
from consult.chat.models import Message
from consult.conf import conf

if TYPE_CHECKING:
    from anymail.inbound import AnymailInboundMessage

logger = logging.getLogger("consult")

Verdict = Inbound.Verdict

KEPT = timedelta(days=180)
MOST_PIECES = 10  # messages that one mail may become


def receive(message: AnymailInboundMessage, *, whole: bool = True) -> Inbound:
    """What became of ``message``, received now or before. Not ``whole``: its words were too many to be fetched.

    Raises Refused("try_again") where somebody else holds the conversation; then nothing was received.
    """
    mail = read(message, sender=message.envelope_sender, recipient=message.envelope_recipient)
    found, recipient = _letter_of(mail)
    letter = found if isinstance(found, Letter) else None
    verdict = _verdict(mail, found, timezone.now())
    said: list[str] = []
    if verdict == Verdict.ACCEPTED:
        said = _pieces(quote.new_words(mail.words))
        too_long = not whole or len(said) > MOST_PIECES
        verdict = Verdict.TOO_LONG if too_long else Verdict.ACCEPTED if said else Verdict.EMPTY
    with transaction.atomic():
        inbound, fresh = Inbound.objects.get_or_create(
            digest=mail.digest,
            defaults={
                "mail_id": mail.mail_id,
                "sender": (mail.sender or mail.claimed)[: Inbound._meta.get_field("sender").max_length],
                "recipient": recipient[: Inbound._meta.get_field("recipient").max_length],
                "subject": mail.subject[: Inbound._meta.get_field("subject").max_length],
                # What was said is read, and erased, where it was said.
                "text": "" if verdict == Verdict.ACCEPTED else mail.words,
                "verdict": verdict,
                "letter": letter,
            },
        )
        if fresh and letter and verdict in (Verdict.ACCEPTED, Verdict.EMPTY):
            inbound.message = _say(letter, mail, said)
            inbound.save(update_fields=["message"])
    if fresh and letter and verdict not in (Verdict.ACCEPTED, Verdict.AUTOMATIC):
        logger.warning("A reply to letter %s was not said in its conversation: %s", letter.pk, verdict.value)
    return inbound


def receive_event(event: Any, **_more: Any) -> None:
    """Anymail's signal. What it raises is answered to the provider as an error, and it calls again."""
    if event.message is not None:
        receive(event.message)


def forget() -> None:
    """Letters can't be answered any more by then: nothing is said twice because of it."""
    Inbound.objects.filter(received_at__lt=timezone.now() - KEPT).delete()


def _letter_of(mail: Received) -> tuple[Letter | Inbound.Verdict, str]:
    """The letter it answers, or why there is none, and the address that says so."""
    found = [(addresses.letter_of(address), address) for address in mail.recipients]
    likeliest = min(found, key=lambda one: (not isinstance(one[0], Letter), one[0] == Verdict.UNKNOWN), default=None)
    return likeliest or (Verdict.UNKNOWN, "")


def _verdict(mail: Received, letter: Letter | Inbound.Verdict, now: datetime) -> Inbound.Verdict:
    """Whether these are the words of whom ``letter`` went to."""
    if mail.automatic or addresses.is_ours(mail.mail_id):
        return Verdict.AUTOMATIC
    if not isinstance(letter, Letter):
        return letter
    if not addresses.is_answerable(letter, now):
        return Verdict.EXPIRED
    if mail.sender.lower() != letter.recipient.lower():
        return Verdict.STRANGER
    if not proof.proves(mail.notes, conf.REPLY_AUTHSERV or "", mail.sender.rpartition("@")[2]):
        return Verdict.UNPROVEN
    return Verdict.ACCEPTED


def _pieces(words: str) -> list[str]:
    """``words`` as messages: what is too long for one is divided between lines, or else between words."""
    pieces = []
    while words:
        end = len(words)
        if end > text.MAX_LENGTH:
            breaks = (words.rfind(sign, text.MAX_LENGTH // 2, text.MAX_LENGTH) for sign in "\n ")
            end = next((place for place in breaks if place > 0), text.MAX_LENGTH)
        pieces.append(text.body(words[:end]))
        words = words[end:].strip()
    return pieces


def _say(letter: Letter, mail: Received, said: list[str]) -> Message | None:
    """Say it where its visitor is now, who may have signed in since, and has read what they answer. Files are refused
    aloud.
    """
    conversation, visitor, message = letter.conversation, letter.conversation.visitor, None
    if said:
        conversation.read_by("visitor", letter.last_seq)  # first this one, which is older, as the log locks them
    for number, piece in enumerate(said):
        cause = id_of(f"mail {mail.digest} {number}")
        message = log.say(Entry(visitor.author, cause, piece, medium=Message.Medium.MAIL, visitor=visitor.pk))
    if message:
        letters.arrived(message)
        conversation = message.conversation
    if mail.files:
        facts = {"count": mail.files}
        cause = id_of(f"files {mail.digest}")
        log.say(Entry(SHOP, cause, kind=Message.Kind.FILES, facts=facts, conversation=conversation.public_id))
    return message
