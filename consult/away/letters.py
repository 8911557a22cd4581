"""Letters: what visitors leave while nobody can answer, and whom it goes to by e-mail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone, translation

from consult import signals
from consult.away import outbox, waits
from consult.away.models import Letter
from consult.chat import contact, log, rights
from consult.chat.entry import Author, Entry
from consult.chat.models import Conversation, Message, Visitor
from consult.conf import conf

if TYPE_CHECKING:
    from collections.abc import Collection

# An hour. What is more waits at the desk, and goes with the next: no robot makes the shop a sender of thousands.
MOST_OF_ONE, MOST_OF_ALL = 10, 100


def leave(visitor: Visitor, *, client_id: UUID, question: str, email: str, name: str = "", phone: str = "") -> Message:
    """Keep a letter of ``visitor``, and send it to the operators. Left again it is the same letter.

    The words have passed ``text.body``, and how to reach them ``contact.clean``. Raises Refused.
    """
    claims = {"email": email, "name": name, "phone": phone}
    author = Author(visitor.author.key, name or visitor.name)
    with transaction.atomic():
        letter = log.say(Entry(author, client_id, question, medium=Message.Medium.MAIL, visitor=visitor.pk))
        if not letter.repeated:
            contact.keep(visitor.pk, {field: claim for field, claim in claims.items() if claim})
            Visitor.objects.filter(pk=visitor.pk, language="").update(language=translation.get_language() or "")
            arrived(letter)
    return letter


def arrived(letter: Message) -> None:
    """Send it to the operators, with what they haven't read, and tell the host. In the caller's transaction."""
    if lately(letter.conversation.letters.all()) < MOST_OF_ONE:
        to_operators(letter.conversation, unsent(letter.conversation)[0].seq, letter.seq)
    waits.became_letter(letter.conversation)
    transaction.on_commit(lambda: _tell_host(letter), robust=True)


def to_operators(conversation: Conversation, first_seq: int, last_seq: int) -> None:
    """Send what the visitor said from ``first_seq`` to ``last_seq`` to those who read letters."""
    outbox.write(conversation, Letter.Kind.QUESTION, recipients(), first_seq, last_seq)


def recipients() -> Collection[str]:
    """The addresses that letters go to: those of the settings, else of everybody who may answer."""
    if conf.LETTERS_TO:
        return conf.LETTERS_TO
    field = get_user_model().get_email_field_name()
    return sorted({address for user in rights.operators() if (address := getattr(user, field, ""))})


def unsent(conversation: Conversation) -> QuerySet[Message]:
    """What its visitor waits with for an answer, and no letter has brought yet; oldest first."""
    sent = conversation.letters.filter(kind=Letter.Kind.QUESTION).aggregate(seq=Max("last_seq"))["seq"] or 0
    said = conversation.messages.questions().filter(seq__gt=sent, sent_at__gte=conversation.waiting_since)
    return said.order_by("seq")


def lately(sent: QuerySet[Letter]) -> int:
    """How many of ``sent`` went to operators in the last hour, each to however many of them."""
    theirs = sent.filter(kind=Letter.Kind.QUESTION, made_at__gt=timezone.now() - timedelta(hours=1))
    return theirs.values("conversation", "last_seq").distinct().count()


def _tell_host(letter: Message) -> None:
    signals.letter_received.send_robust(sender=Message, message=letter)
