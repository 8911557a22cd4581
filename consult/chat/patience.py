"""How long a caller waits for a row that somebody else has locked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

from consult.chat.entry import Refused

PATIENCE = "3s"
LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's SQLSTATE


@contextmanager
def patience() -> Iterator[None]:
    """A transaction, or a savepoint in the caller's, that waits no longer than PATIENCE for any row.

    Raises Refused("try_again") where that was not enough; the caller's own transaction is as it was, and so is its
    ``lock_timeout``. SQLite's patience is the ``timeout`` of its settings.
    """
    try:
        with transaction.atomic():
            former = _lock_timeout(PATIENCE)
            yield
            _lock_timeout(former)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise Refused("try_again", retry_after=1) from error
        raise


@contextmanager
def storing() -> Iterator[None]:
    """Raises Refused("try_again") for what can't be stored just now: somebody holds a row for too long."""
    try:
        yield
    except OperationalError as error:
        raise Refused("try_again") from error


def _lock_timeout(wanted: str) -> str:
    """Set the transaction's ``lock_timeout``. Gives what it was."""
    if connection.vendor != "postgresql":
        return ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout'), set_config('lock_timeout', %s, true)", [wanted])
        former: str = cursor.fetchone()[0]
    return former
