"""Colleagues in one conversation: notes, hand-overs, tags, and what was closed too soon."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission, User

from consult.chat import board, duty, live
from consult.chat.entry import Author, Refused
from consult.chat.models import name_of
from consult.models import Conversation, Handover, Message, Note, Tag, Take, Visitor
from tests.chat.test_conversation import sees
from tests.chat.test_duty import silence
from tests.chat.test_log import at_once

pytestmark = pytest.mark.django_db(transaction=True)

Visit = Callable[..., Any]


def voice(user: User) -> Author:
    return Author(f"u{user.pk}", name_of(user))


def kinds(conversation: Conversation) -> list[str]:
    return list(conversation.messages.order_by("seq").values_list("kind", flat=True))


def row(conversation: Conversation, user: User) -> Any:
    (row,) = board.changed([conversation.pk])
    return board.as_seen_by(row, user.pk)


def counts(user: User) -> tuple[int | None, ...]:
    counted = board.counted(board.tallies(), user.pk, sees_all=False)
    return counted["waiting"], counted["mine"], counted["unanswered"]


# Notes


def test_notes_have_their_own_numbers(conversation: Conversation, operator: User, colleague: User) -> None:
    conversation.note(operator, uuid4(), "A builder, he knows his lamps.")
    conversation.say(conversation.visitor.author, "Hello?")
    note = conversation.note(colleague, uuid4(), "  I sold him one.\x00 ")
    assert (note.number, note.after_seq, note.author_name, note.body) == (2, 2, "Carl", "I sold him one.")
    assert row(conversation, operator)["notes"] == 2
    conversation.refresh_from_db()
    assert (conversation.last_seq, conversation.waiting_since is None) == (2, False), "no word to the visitor"


def test_a_note_sent_again_is_one_note(conversation: Conversation, operator: User, colleague: User) -> None:
    client_id = uuid4()
    first = conversation.note(operator, client_id, "A builder.")
    assert conversation.note(operator, client_id, "A builder.") == first
    with pytest.raises(Refused, match="conflict"):
        conversation.note(operator, client_id, "A baker.")
    assert conversation.note(colleague, client_id, "A builder.") != first


def test_one_id_leaves_no_notes_in_two_conversations(
    conversation: Conversation, operator: User, other_visitor: Visitor
) -> None:
    client_id, other = uuid4(), Conversation.objects.create(visitor=other_visitor)
    conversation.note(operator, client_id, "A builder.")
    with pytest.raises(Refused, match="conflict"):
        other.note(operator, client_id, "A builder.")


def test_notes_written_at_once_have_no_holes(conversation: Conversation, operator: User) -> None:
    twice = uuid4()
    notes = at_once(6, lambda number: conversation.note(operator, uuid4() if number > 1 else twice, "A builder."))
    assert sorted(note.number for note in set(notes)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("body", "reason"), [(" \x07", "empty"), ("x" * 4001, "too_long")])
def test_what_cannot_be_said_cannot_be_noted(
    conversation: Conversation, operator: User, body: str, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        conversation.note(operator, uuid4(), body)


def test_nobody_leaves_notes_in_what_they_may_not_see(
    conversation: Conversation, operator: User, colleague: User, manager: User, former_operator: User
) -> None:
    conversation.note(colleague, uuid4(), "It still waits.")
    conversation.take(operator)
    for stranger in (colleague, former_operator):
        with pytest.raises(Refused, match="not_found"):
            conversation.note(stranger, uuid4(), "Hello")
    conversation.note(manager, uuid4(), "Well done.")
    conversation.close(operator)
    assert conversation.note(operator, uuid4(), "He comes back on Monday.").number == 3


def test_a_note_outlives_the_account(conversation: Conversation, operator: User) -> None:
    conversation.note(operator, uuid4(), "A builder.")
    operator.delete()
    note = Note.objects.get()
    assert (note.author, note.author_name) == (None, "Olga")


async def test_a_note_is_heard_where_the_conversation_is_open(
    visit: Visit,
    sit_down: Visit,
    conversation: Conversation,
    visitor: Visitor,
    operator: User,
    colleague: User,
    manager: User,
) -> None:
    page, desk, elsewhere = await visit(visitor), await sit_down(operator), await sit_down(manager)
    await desk.hello(conversation=str(conversation.public_id))
    client_id = uuid4()
    await sync_to_async(conversation.note)(colleague, client_id, "A builder.")
    note = await desk.hear("note")
    assert (note["number"], note["after_seq"], note["client_id"], note["body"]) == (1, 1, str(client_id), "A builder.")
    assert note["author"] == {"id": colleague.pk, "name": "Carl"}
    assert (await elsewhere.hear("row"))["row"]["notes"] == 1, "from which it knows what it lacks"
    assert (await elsewhere.hello(conversation=str(conversation.public_id)))["notes"] == [note]
    await sync_to_async(conversation.say)(voice(colleague), "The large one.")
    heard = [await page.hear(kind) for kind in ("message", "message")]
    assert "A builder." not in str([page.welcome, *heard])
    assert await page.socket.receive_nothing()


# Hand-overs


def test_what_is_offered_stays_until_it_is_accepted(
    conversation: Conversation, operator: User, colleague: User, manager: User
) -> None:
    conversation.take(operator)
    assert not sees(colleague, conversation)
    conversation.offer(operator, colleague, body="He wants a large one.")
    assert [sees(user, conversation) for user in (operator, colleague)] == [True, True]
    conversation.refresh_from_db()
    assert conversation.operator == operator
    with pytest.raises(Refused, match="not_found"):
        conversation.say(voice(colleague), "The large one.")

    conversation.accept(colleague)
    conversation.accept(colleague)
    conversation.say(voice(colleague), "The large one.")
    assert [sees(user, conversation) for user in (operator, colleague)] == [False, True]
    assert kinds(conversation) == ["text", "joined", "left", "joined", "text"]
    assert [(take.operator, take.why) for take in Take.objects.order_by("pk")] == [
        (operator, "handed_over"), (colleague, ""),
    ]  # fmt: skip
    offer = Handover.objects.get()
    assert (offer.outcome, offer.giver_name, offer.receiver_name) == ("accepted", "Olga", "Carl")
    assert offer.answered_at is not None
    assert Note.objects.get().body == "He wants a large one."


def test_the_row_says_to_whom_it_is_offered(
    conversation: Conversation, operator: User, colleague: User, manager: User
) -> None:
    conversation.take(operator)
    assert row(conversation, operator)["handover"] is None
    conversation.offer(operator, colleague)
    roles = {"giver": {"id": operator.pk, "name": "Olga"}, "receiver": {"id": colleague.pk, "name": "Carl"}}
    for user, mine, lists in (
        (operator, "giver", ["mine", "all"]),
        (colleague, "receiver", ["mine", "all"]),
        (manager, None, ["all"]),
    ):
        shown = row(conversation, user)
        assert (shown["handover"], shown["lists"]) == (roles | {"mine": mine}, lists)
        assert shown["mine"] == (user == operator)


def test_an_offer_counts_as_mine_and_unanswered(conversation: Conversation, operator: User, colleague: User) -> None:
    assert [counts(operator), counts(colleague)] == [(1, 0, 0), (1, 0, 0)]
    conversation.take(operator)
    assert [counts(operator), counts(colleague)] == [(0, 1, 1), (0, 0, 0)]
    conversation.say(voice(operator), "The large one.")
    assert counts(operator) == (0, 1, 0)
    conversation.offer(operator, colleague)
    assert [counts(operator), counts(colleague)] == [(0, 1, 0), (0, 1, 1)]
    listed = board.page(colleague.pk, "mine", 1, sees_all=False)
    assert [shown["conversation"] for shown in listed["rows"]] == [str(conversation.public_id)]
    conversation.accept(colleague)
    assert [counts(operator), counts(colleague)] == [(0, 0, 0), (0, 1, 0)]


def test_what_is_returned_stays_with_its_giver(conversation: Conversation, operator: User, colleague: User) -> None:
    conversation.take(operator)
    conversation.offer(operator, colleague)
    conversation.hand_back(colleague, uuid4(), "I am about to leave.")
    assert Handover.objects.get().outcome == "returned"
    assert (row(conversation, operator)["handover"], sees(colleague, conversation)) == (None, False)
    assert Note.objects.get().author == colleague
    with pytest.raises(Refused, match="withdrawn"):
        conversation.accept(colleague)
    conversation.hand_back(colleague, uuid4(), "Said again.")
    assert Note.objects.count() == 1
    assert kinds(conversation) == ["text", "joined"], "the visitor need not know"


def test_who_offered_it_is_told_of_the_return_until_something_is_said(
    conversation: Conversation, operator: User, colleague: User
) -> None:
    conversation.take(operator)
    conversation.offer(operator, colleague)
    assert row(conversation, operator)["returned"] is None
    conversation.hand_back(colleague)
    assert row(conversation, operator)["returned"]["name"] == "Carl"
    conversation.say(voice(operator), "I am looking it up.")
    assert row(conversation, operator)["returned"] is None


def test_a_note_with_a_return_that_comes_too_late_is_not_kept(
    conversation: Conversation, operator: User, manager: User
) -> None:
    conversation.take(operator)
    with pytest.raises(Refused, match="withdrawn"):
        conversation.hand_back(manager, uuid4(), "No.")
    assert not Note.objects.exists()


@pytest.mark.parametrize("ending", ["withdraw", "release", "close", "vanish", "take over"])
def test_an_offer_ends_with_what_its_giver_had(
    conversation: Conversation, operator: User, colleague: User, manager: User, ending: str
) -> None:
    conversation.take(operator)
    conversation.offer(operator, colleague)
    if ending == "vanish":
        silence(61)
        duty.end_silent()
    elif ending == "take over":
        conversation.take(manager)
    else:
        getattr(conversation, ending)(operator)
    offer = Handover.objects.get()
    assert (offer.outcome, offer.answered_at is not None) == ("withdrawn", True)
    with pytest.raises(Refused, match="withdrawn"):
        conversation.accept(colleague)
    conversation.refresh_from_db()
    assert conversation.operator == {"withdraw": operator, "take over": manager}.get(ending)


def test_an_offer_of_a_deleted_account_is_none(conversation: Conversation, operator: User, colleague: User) -> None:
    conversation.take(operator)
    conversation.offer(operator, colleague)
    operator.delete()
    assert row(conversation, colleague)["lists"] == ["waiting", "all"]
    assert (row(conversation, colleague)["handover"], counts(colleague)) == (None, (1, 0, 0))
    with pytest.raises(Refused, match="withdrawn"):
        conversation.accept(colleague)
    conversation.take(colleague)
    assert Handover.objects.get().outcome == "withdrawn"


def test_an_offer_to_a_deleted_account_can_be_made_to_another(
    conversation: Conversation, operator: User, colleague: User, manager: User
) -> None:
    conversation.take(operator)
    conversation.offer(operator, colleague)
    colleague.delete()
    assert row(conversation, operator)["handover"]["receiver"] == {"id": None, "name": "Carl"}
    conversation.offer(operator, manager)
    assert row(conversation, operator)["handover"]["receiver"]["name"] == "Mary"


def test_who_takes_what_is_offered_accepts_it(conversation: Conversation, operator: User, manager: User) -> None:
    conversation.take(operator)
    conversation.offer(operator, manager)
    conversation.take(manager)
    assert (Handover.objects.get().outcome, Take.objects.earliest("pk").why) == ("accepted", "handed_over")


def test_offering_again_is_offering_once_and_to_another_instead(
    conversation: Conversation, operator: User, colleague: User, manager: User
) -> None:
    conversation.take(operator)
    client_id = uuid4()
    for _ in range(2):
        conversation.offer(operator, colleague, client_id, "He wants a large one.")
    assert (Handover.objects.count(), Note.objects.count()) == (1, 1)
    conversation.offer(operator, manager)
    assert list(Handover.objects.order_by("pk").values_list("outcome", flat=True)) == ["withdrawn", ""]
    assert not sees(colleague, conversation)


@pytest.mark.parametrize("who", ["operator", "former_operator", "staff", "reader", "customer"])
def test_who_cannot_answer_is_offered_nothing(
    conversation: Conversation, operator: User, who: str, request: pytest.FixtureRequest
) -> None:
    conversation.take(operator)
    with pytest.raises(Refused, match="no_colleague"):
        conversation.offer(operator, request.getfixturevalue(who), body="Please.")
    assert not Note.objects.exists()


def test_nobody_offers_what_they_do_not_have(
    conversation: Conversation, operator: User, colleague: User, manager: User
) -> None:
    for giver in (operator, manager):
        with pytest.raises(Refused, match="not_yours"):
            conversation.offer(giver, colleague)
    conversation.take(colleague)
    conversation.offer(colleague, operator)
    conversation.withdraw(operator)
    assert row(conversation, operator)["handover"], "only its giver takes it back"


async def test_the_desks_hear_of_an_offer(
    sit_down: Visit, conversation: Conversation, operator: User, colleague: User
) -> None:
    await sync_to_async(conversation.take)(operator)
    desk, theirs = await sit_down(operator), await sit_down(colleague)
    assert theirs.rows["counts"]["unanswered"] == 0
    await sync_to_async(conversation.offer)(operator, colleague)
    heard = await theirs.hear("row")
    assert heard["row"]["handover"]["mine"] == "receiver", "though another list is shown"
    assert (heard["row"]["lists"], heard["counts"]["unanswered"]) == (["mine", "all"], 1)
    assert (await desk.hear("row"))["row"]["handover"]["mine"] == "giver"

    welcome = await theirs.hello(conversation=str(conversation.public_id))
    assert (welcome["row"]["mine"], len(welcome["messages"])) == (False, 2)
    await theirs.say("The large one.", conversation=str(conversation.public_id))
    assert (await theirs.hear("refused"))["reason"] == "not_found"

    await sync_to_async(conversation.withdraw)(operator)
    heard = await theirs.hear("row")
    assert (heard["row"]["gone"], heard["row"]["operator"]["name"], heard["counts"]["mine"]) == (True, "Olga", 0)


# Reopening


def test_what_was_closed_too_soon_goes_on_as_before(
    conversation: Conversation, operator: User, colleague: User
) -> None:
    conversation.take(operator)
    conversation.say(voice(operator), "Which lamp?")
    conversation.say(conversation.visitor.author, "The brass one.")
    conversation.say(conversation.visitor.author, "Hello?")
    conversation.refresh_from_db()
    waiting_since = conversation.waiting_since
    conversation.close(operator)
    conversation.reopen(operator)
    conversation.reopen(operator)
    conversation.refresh_from_db()
    assert (conversation.closed_at, conversation.operator) == (None, operator)
    assert (conversation.waiting_since, waiting_since is not None) == (waiting_since, True)
    assert kinds(conversation)[-3:] == ["closed", "reopened", "joined"]
    assert [take.why for take in Take.objects.order_by("pk")] == ["closed", ""]
    said = conversation.say(conversation.visitor.author, "Are you there?")
    assert said.conversation == conversation


def test_what_nobody_had_waits_again(conversation: Conversation, operator: User, colleague: User) -> None:
    conversation.close(operator)
    conversation.reopen(operator)
    conversation.refresh_from_db()
    assert (conversation.operator, conversation.waiting_since is None) == (None, False)
    assert kinds(conversation) == ["text", "closed", "reopened"]
    assert sees(colleague, conversation)


def test_what_was_answered_waits_for_nothing(conversation: Conversation, operator: User) -> None:
    conversation.say(voice(operator), "The large one.")
    conversation.close(operator)
    conversation.reopen(operator)
    conversation.refresh_from_db()
    assert conversation.waiting_since is None


def test_a_manager_who_reopens_gives_it_to_nobody(conversation: Conversation, operator: User, manager: User) -> None:
    conversation.take(operator)
    conversation.close(operator)
    conversation.reopen(manager)
    assert conversation in Conversation.objects.waiting()


def test_closing_and_reopening_can_be_repeated(conversation: Conversation, operator: User) -> None:
    conversation.take(operator)
    for _ in range(3):
        conversation.close(operator)
        conversation.reopen(operator)
    conversation.refresh_from_db()
    assert conversation.operator == operator
    assert kinds(conversation).count("reopened") == 3


def test_a_visitor_who_has_moved_on_is_not_called_back(conversation: Conversation, operator: User) -> None:
    conversation.close(operator)
    after = conversation.say(conversation.visitor.author, "One more thing.").conversation
    assert after != conversation
    assert row(after, operator)["previous"] == str(conversation.public_id)
    with pytest.raises(Refused, match="moved_on"):
        conversation.reopen(operator)
    after.close(operator)
    with pytest.raises(Refused, match="moved_on"):
        conversation.reopen(operator)
    after.reopen(operator)


def test_nor_one_who_moved_on_by_a_clock_that_stood_before_the_closing(
    conversation: Conversation, operator: User
) -> None:
    conversation.close(operator)
    conversation.refresh_from_db()
    assert conversation.closed_at is not None
    moment, second = conversation.closed_at, timedelta(seconds=1)
    Conversation.objects.create(visitor=conversation.visitor, opened_at=moment - second, closed_at=moment + second)
    with pytest.raises(Refused, match="moved_on"):
        conversation.reopen(operator)


def test_nobody_reopens_what_they_did_not_have(conversation: Conversation, operator: User, colleague: User) -> None:
    conversation.close(operator)
    with pytest.raises(Refused, match="not_found"):
        conversation.reopen(colleague)


def test_reopening_while_the_visitor_asks_leaves_one_conversation(conversation: Conversation, operator: User) -> None:
    for _ in range(3):
        conversation.close(operator)
        outcomes = at_once(
            2,
            lambda number: (
                conversation.say(conversation.visitor.author, "One more thing.").conversation
                if number
                else conversation.reopen(operator)
            ),
        )
        opened = Conversation.objects.open().get()
        assert outcomes[1] == opened
        assert isinstance(outcomes[0], Refused) == (opened != conversation)
        if opened != conversation:
            return


async def test_the_visitor_and_the_desks_hear_that_it_goes_on(
    visit: Visit, sit_down: Visit, conversation: Conversation, visitor: Visitor, operator: User
) -> None:
    await sync_to_async(conversation.take)(operator)
    page, desk = await visit(visitor), await sit_down(operator, "mine")
    await sync_to_async(conversation.close)(operator)
    assert (await page.hear("message"))["kind"] == "closed"
    while not (await desk.hear("row"))["row"]["closed"]:
        pass
    await sync_to_async(conversation.reopen)(operator)
    assert [(await page.hear("message"))["kind"] for _ in range(2)] == ["reopened", "joined"]
    shown = (await desk.hear("row"))["row"]
    assert (shown["closed"], shown["mine"], shown["lists"]) == (False, True, ["mine", "all"])
    welcome = await page.hello()
    assert (welcome["closed"], welcome["operator"]) == (False, {"name": "Olga"})
    await page.say("Good.")
    assert (await page.hear("message"))["conversation"] == str(conversation.public_id)


# Tags


def allow(user: User, codename: str) -> User:
    user.user_permissions.add(Permission.objects.get(codename=codename))
    return User.objects.get(pk=user.pk)


def test_tags_are_put_on_and_taken_off_by_name(conversation: Conversation, operator: User) -> None:
    Tag.objects.create(name="Диммер")
    Tag.objects.create(name="returns")
    conversation.tag(operator, add=["  диммер ", "RETURNS", "returns", " ", "\x00", "\u200b"])
    assert row(conversation, operator)["tags"] == ["returns", "Диммер"]
    conversation.tag(operator, remove=["ДИММЕР", "unheard of", ""])
    assert row(conversation, operator)["tags"] == ["returns"]


def test_only_who_may_add_tags_makes_new_ones(conversation: Conversation, operator: User) -> None:
    Tag.objects.create(name="returns")
    with pytest.raises(Refused, match="unknown_tag"):
        conversation.tag(operator, add=["returns", "new"])
    assert not conversation.tags.exists()
    conversation.tag(allow(operator, "add_tag"), add=["a\nnew  one", "A new one", "ΐ" * 10_000])
    assert row(conversation, operator)["tags"] == ["a new one", "ΐ" * 40]


def test_a_tag_that_two_desks_add_at_once_is_one(conversation: Conversation, operator: User) -> None:
    allowed, other = allow(operator, "add_tag"), Conversation.objects.create(visitor=Visitor.objects.create())
    assert allowed.has_perm("consult.add_tag")
    for _ in range(5):
        Tag.objects.all().delete()
        outcomes = at_once(
            2, lambda number: (other, conversation)[number].tag(allowed, add=[("Größe", "GRÖSSE")[number]])
        )
        assert outcomes == [None, None]
        assert Tag.objects.get().conversations.count() == 2


def test_a_conversation_has_twenty_tags_at_most(conversation: Conversation, operator: User) -> None:
    names = [Tag.objects.create(name=f"Tag {number:02}").name for number in range(21)]
    conversation.tag(operator, add=names[:20])
    with pytest.raises(Refused, match="too_many_tags"):
        conversation.tag(operator, add=names[20:])
    conversation.tag(operator, add=names[20:], remove=names[:1])
    assert row(conversation, operator)["tags"] == names[1:]


def test_a_tag_deleted_while_it_is_put_on_harms_nobody(conversation: Conversation, operator: User) -> None:
    for _ in range(5):
        Tag.objects.create(name="returns")
        outcomes = at_once(
            2, lambda number: conversation.tag(operator, add=["returns"]) if number else Tag.objects.all().delete()
        )
        assert outcomes[1] is None or isinstance(outcomes[1], Refused)
        Tag.objects.all().delete()


def test_nobody_tags_what_they_may_not_see(conversation: Conversation, operator: User, colleague: User) -> None:
    Tag.objects.create(name="returns")
    conversation.take(operator)
    with pytest.raises(Refused, match="not_found"):
        conversation.tag(colleague, add=["returns"])


# Who had it


def test_a_conversation_whose_operator_vanished_says_so(
    conversation: Conversation, operator: User, colleague: User
) -> None:
    conversation.take(operator)
    assert row(conversation, colleague)["vanished"] is None
    silence(61)
    duty.end_silent()
    assert row(conversation, colleague)["vanished"] == "Olga"
    conversation.take(colleague)
    assert row(conversation, operator)["vanished"] is None
    conversation.release(colleague)
    assert row(conversation, operator)["vanished"] is None
    assert [take.why for take in Take.objects.order_by("pk")] == ["vanished", "released"]


@pytest.mark.parametrize("noticed_by", ["the beat", "a colleague"])
def test_a_deleted_account_has_vanished(
    conversation: Conversation, operator: User, colleague: User, noticed_by: str
) -> None:
    conversation.take(operator)
    conversation.offer(operator, colleague)
    operator.delete()
    conversation.refresh_from_db()
    before = conversation.revision
    if noticed_by == "the beat":
        silence(61)
        duty.end_silent()
        conversation.refresh_from_db()
        assert (row(conversation, colleague)["vanished"], conversation.revision) == ("Olga", before + 1)
    else:
        conversation.take(colleague)
    assert (Take.objects.earliest("pk").why, Handover.objects.get().outcome) == ("vanished", "withdrawn")


# Two at once


async def test_two_operators_in_one_conversation_hear_each_other(
    visit: Visit, sit_down: Visit, conversation: Conversation, visitor: Visitor, operator: User, colleague: User
) -> None:
    named = {"conversation": str(conversation.public_id)}
    page, desk, other = await visit(visitor), await sit_down(operator), await sit_down(colleague)
    for each in (desk, other):
        await each.hello(**named)
    await desk.tell("typing", **named)
    author = {"kind": "operator", "name": "Olga"}
    assert (await other.hear("typing"))["author"] == author | {"id": operator.pk}, "there may be two of one name"
    assert (await page.hear("typing"))["author"] == author
    await other.tell("typing", **named)
    assert (await desk.hear("typing"))["author"]["name"] == "Carl"

    await desk.say("The large one.", **named)
    assert (await desk.hear("message"))["kind"] == "joined"
    client_id = await other.say("The small one.", **named)
    refused = await other.hear("refused")
    assert (refused["reason"], refused["client_id"]) == ("not_found", client_id), "by which its words are found again"
    assert await Message.objects.filter(kind="text", author_key=f"u{colleague.pk}").acount() == 0


async def test_a_desk_hears_of_what_waits_whatever_list_it_shows(
    sit_down: Visit, visit: Visit, visitor: Visitor, operator: User, colleague: User
) -> None:
    desk, page = await sit_down(operator, "mine"), await visit(visitor)
    await page.say("Which size?")
    heard = await desk.hear("row")
    assert (heard["row"]["lists"], heard["row"]["last"]["body"]) == (["waiting", "all"], "Which size?")
    conversation = await Conversation.objects.aget()
    await sync_to_async(conversation.take)(colleague)
    assert (await desk.hear("row"))["row"]["gone"], "and that somebody took it"
    (socket,) = live.listening("desk")
    assert not socket.known
