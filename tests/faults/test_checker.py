"""The judge is judged first: it accepts a clean history and catches each way of breaking one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults.checker import Acked, Event, Heard, Joined, Said, violations

READERS = ("visitor", "operator")


def clean() -> list[Event]:
    """Six messages said in turn; both hear all, each over two connections with a resumption between, and one retry."""
    history: list[Event] = [Joined(reader, 1, "c", 0) for reader in READERS]
    for seq in range(1, 7):
        author, client_id, body = READERS[seq % 2], f"id{seq}", f"words {seq}"
        history.append(Said(author, client_id, body))
        if seq == 4:
            history += [Joined(reader, 2, "c", 3) for reader in READERS]
        connection = 1 if seq < 4 else 2
        history += [Heard(reader, connection, "c", seq, client_id, body) for reader in READERS]
        history.append(Acked(author, client_id, "c", seq))
    history.append(Heard("operator", 2, "c", 5, "id5", "words 5"))
    return history


def find(history: list[Event], kind: type[Event], **wanted: object) -> int:
    return next(
        number
        for number, event in enumerate(history)
        if isinstance(event, kind) and all(getattr(event, name) == value for name, value in wanted.items())
    )


def without(kind: type[Event], **wanted: object) -> Callable[[list[Event]], None]:
    def mutate(history: list[Event]) -> None:
        del history[find(history, kind, **wanted)]

    return mutate


def with_other(kind: type[Event], changes: dict[str, object], **wanted: object) -> Callable[[list[Event]], None]:
    def mutate(history: list[Event]) -> None:
        number = find(history, kind, **wanted)
        history[number] = replace(history[number], **changes)  # type: ignore[arg-type]

    return mutate


def with_one_more(event: Event) -> Callable[[list[Event]], None]:
    return lambda history: history.append(event)


def swapped(first: dict[str, object], second: dict[str, object]) -> Callable[[list[Event]], None]:
    def mutate(history: list[Event]) -> None:
        one, other = find(history, Heard, **first), find(history, Heard, **second)
        history[one], history[other] = history[other], history[one]

    return mutate


def moved_back(history: list[Event]) -> None:
    """The operator says 5 before 3, and yet 3 gets the smaller number."""
    third, fifth = find(history, Said, client_id="id3"), find(history, Said, client_id="id5")
    history.insert(third, history.pop(fifth))


MUTATIONS = {
    "acknowledged and never heard": ("lost", without(Heard, reader="visitor", client_id="id6")),
    "never acknowledged": ("unanswered", without(Acked, client_id="id3")),
    "a hole in the middle": ("gap", without(Heard, reader="visitor", client_id="id2")),
    "a hole at the beginning": ("gap", without(Heard, reader="operator", client_id="id1")),
    "a hole after resuming": ("gap", without(Heard, reader="visitor", client_id="id4")),
    "two swapped": ("repeated or late", swapped({"reader": "visitor", "seq": 5}, {"reader": "visitor", "seq": 6})),
    "another's words twice": ("repeated or late", with_one_more(Heard("visitor", 2, "c", 5, "id5", "words 5"))),
    "a second row": ("duplicate", with_one_more(Heard("operator", 2, "c", 7, "id5", "words 5"))),
    "a second conversation": ("duplicate", with_one_more(Acked("operator", "id5", "d", 1))),
    "an ack with another number": ("duplicate", with_other(Acked, {"seq": 9}, client_id="id2")),
    "words nobody said": ("phantom", with_one_more(Heard("visitor", 2, "c", 7, "id7", "words 7"))),
    "other words": ("altered", with_other(Heard, {"body": "?"}, reader="visitor", client_id="id6")),
    "two messages in one place": (
        "contradiction",
        with_other(Heard, {"client_id": "id1"}, reader="visitor", client_id="id2"),
    ),
    "one person's order not kept": ("overtaken", moved_back),
    "an automatic line only one side has": (
        "behind",
        with_one_more(Heard("visitor", 2, "c", 7, "line", "", kind="closed")),
    ),
    "one who joined and heard nothing": ("behind", with_one_more(Joined("colleague", 1, "c", 0))),
}


def test_a_clean_history_is_accepted() -> None:
    assert violations(clean()) == []


@pytest.mark.parametrize(("rule", "mutate"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_a_broken_promise_is_caught(rule: str, mutate: Callable[[list[Event]], None]) -> None:
    history = clean()
    mutate(history)
    assert history != clean()
    assert rule in {violation.rule for violation in violations(history)}
