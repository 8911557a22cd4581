"""Everything that is due is done, whatever becomes of its neighbours."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from consult.chat import due

Done = list[str]


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Done:
    """What was done of nothing but what the test says is due."""
    monkeypatch.setattr(due, "_deeds", [])
    return []


def fail() -> None:
    raise ValueError("a mail server's mood")


@pytest.mark.django_db
def test_what_fails_keeps_the_others_from_nothing(done: Done, caplog: pytest.LogCaptureFixture) -> None:
    due.also(lambda: done.append("first"), every=10)
    due.also(fail, every=10)
    due.also(lambda: done.append("last"), every=10, apart=True)
    assert not due.everything()
    assert done == ["first", "last"]
    assert "What was due failed: <function fail" in caplog.text


@pytest.mark.django_db
@pytest.mark.usefixtures("done")
def test_cron_hears_of_it() -> None:
    call_command("consult_tick")
    due.also(fail, every=10)
    with pytest.raises(CommandError):
        call_command("consult_tick")


def test_each_in_its_own_time(done: Done) -> None:
    due.also(lambda: done.append("often"), every=5)
    due.also(lambda: done.append("seldom"), every=600)
    for now, expected in [(0, ["often", "seldom"]), (4.9, []), (5, ["often"]), (5.1, []), (600, ["often", "seldom"])]:
        done.clear()
        assert due.do(due.ripe(now))
        assert done == expected


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("done")
def test_a_broken_connection_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads that do what is due have no requests, at whose end Django would look."""

    def break_it() -> None:
        connection.errors_occurred = True
        monkeypatch.setattr(connection, "is_usable", lambda: False)
        fail()

    connection.ensure_connection()
    due.also(break_it, every=10)
    assert not due.everything()
    assert connection.connection is None
