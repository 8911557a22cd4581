"""Words: what a search asks for, and the index that a database keeps of what was said and by whom.

A text holds what is asked if each word of the question begins a word of the text, in whatever order. PostgreSQL
answers from a GIN index, SQLite from FTS5 tables that triggers keep; any other database reads all its texts.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import connections, router
from django.db.models import Q
from django.db.models.expressions import RawSQL

from consult.chat.text import clean

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model

MOST_READ = 200  # code points of a question
MOST_WORDS = 8
INDEXED = {"message": ("body",), "note": ("body",), "visitor": ("name", "email", "phone")}

# PostgreSQL's parser takes addresses, paths and tags for one word or for none. With these gone it sees their parts.
# They are few, for each costs every message some time.
JOINTS = "/@.<-_"
# Marks belong to the word: without them the scripts of India fall apart into letters.
TOKENS = "unicode61 remove_diacritics 2 categories ''L* N* Co M*''"
_WORD = re.compile(r"[^\W_]")


class Words:
    """The words of a question."""

    def __init__(self, question: str) -> None:
        read = clean(question[:MOST_READ]).lower()
        words = "".join(sign if unicodedata.category(sign)[0] in "LNM" else " " for sign in read).split()
        self.all = list(dict.fromkeys(word for word in words if _WORD.search(word)))[:MOST_WORDS]

    def __bool__(self) -> bool:
        return bool(self.all)

    def held_by(self, *texts: str) -> bool:
        """Whether these texts together hold every word. Accents don't count."""
        folded = _fold("\n".join(texts))
        return all(pattern.search(folded) for pattern in self._patterns)

    def places(self, text: str) -> list[tuple[int, int]]:
        """From where to where the words stand in ``text``, in code points, none over another."""
        folded = _fold(text)
        places: list[tuple[int, int]] = []
        for begin, end in sorted(match.span() for pattern in self._patterns for match in pattern.finditer(folded)):
            if not places or begin >= places[-1][1]:
                places.append((begin, end))
        return places

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        """A single letter is a word by itself: half of all words begin with it."""
        return [
            re.compile(rf"(?<![^\W_]){re.escape(_fold(word))}" + (r"(?![^\W_])" if len(word) == 1 else ""))
            for word in self.all
        ]

    def among(self, model: type[Model], using: str) -> Q:
        """Those rows of ``model``, one of INDEXED, that hold every word."""
        name = model._meta.model_name or ""
        vendor = connections[using].vendor
        if vendor == "postgresql":
            question = " & ".join(f"'{word}'" + (":*" if len(word) > 1 else "") for word in self.all)
            # Materialized: the planner, in a hurry for a first page, would rather read all texts than ask the index.
            held = f"SELECT id FROM {_table(name)} WHERE {_vector(name)} @@ to_tsquery('simple', %s)"  # noqa: S608
            sql = f"WITH held AS MATERIALIZED ({held}) SELECT id FROM held"  # noqa: S608
            return Q(pk__in=RawSQL(sql, [question]))  # noqa: S611  nothing but our own names
        if vendor == "sqlite" and _has_index(connections[using], name):
            question = " ".join(f'"{word}"' + ("*" if len(word) > 1 else "") for word in self.all)
            return Q(pk__in=RawSQL(f"SELECT rowid FROM {_fts(name)} WHERE {_fts(name)} MATCH %s", [question]))  # noqa: S608, S611
        return Q(*(
            Q(*(Q(**{f"{column}__icontains": word}) for column in INDEXED[name]), _connector=Q.OR) for word in self.all
        ))  # fmt: skip


def install(using: str) -> None:
    """Make the index where it is missing. What of it is there is left alone, so it may be called at any time."""
    connection = connections[using]
    if connection.vendor not in ("postgresql", "sqlite") or not router.allow_migrate(using, "consult"):
        return
    there = connection.introspection.table_names()
    for name in INDEXED:
        if _table(name) in there:
            (_install_gin if connection.vendor == "postgresql" else _install_fts)(connection, name)


def remove(using: str) -> None:
    connection = connections[using]
    with connection.cursor() as cursor:
        for name in INDEXED:
            if connection.vendor == "postgresql":
                cursor.execute(f"DROP INDEX IF EXISTS {_fts(name)}")
            elif connection.vendor == "sqlite":
                for trigger in _triggers(name):
                    cursor.execute(f"DROP TRIGGER IF EXISTS {trigger}")
                cursor.execute(f"DROP TABLE IF EXISTS {_fts(name)}")


def _install_gin(connection: BaseDatabaseWrapper, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [_fts(name)])
        if cursor.fetchone()[0] is None:
            cursor.execute(f"CREATE INDEX {_fts(name)} ON {_table(name)} USING gin (({_vector(name)}))")


def _install_fts(connection: BaseDatabaseWrapper, name: str) -> None:
    """A table that Django makes anew, as it does to change one, comes without its triggers: what was written
    meanwhile is then read again.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')")
        if not cursor.fetchone()[0] or _has_index(connection, name):
            return
        columns = ", ".join(INDEXED[name])
        cursor.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {_fts(name)} USING fts5"
            f"({columns}, content='{_table(name)}', content_rowid='id', tokenize='{TOKENS}', detail=none)"
        )
        for trigger, sql in _triggers(name).items():
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger}")
            cursor.execute(f"CREATE TRIGGER {trigger} {sql}")
        cursor.execute(f"INSERT INTO {_fts(name)}({_fts(name)}) VALUES ('rebuild')")  # noqa: S608


def _fold(text: str) -> str:
    """``text`` in small letters without accents, each sign still in its place."""
    return "".join(map(_bare, text))


@lru_cache(maxsize=4096)  # more than any script of letters has; what strangers write has no end
def _bare(sign: str) -> str:
    parts = unicodedata.normalize("NFD", sign)
    accented = len(parts) > 1 and all("\u0300" <= mark <= "\u036f" for mark in parts[1:])
    small = (parts[0] if accented else sign).lower()
    return small if len(small) == 1 else sign


def _has_index(connection: BaseDatabaseWrapper, name: str) -> bool:
    """Whether the FTS5 table is there and kept."""
    with connection.cursor() as cursor:
        named = [_fts(name), *_triggers(name)]
        held = ", ".join(["%s"] * len(named))
        cursor.execute(f"SELECT count(*) FROM sqlite_master WHERE name IN ({held})", named)  # noqa: S608
        there: int = cursor.fetchone()[0]
        return there == len(named)


def _triggers(name: str) -> dict[str, str]:
    fts, table, columns = _fts(name), _table(name), INDEXED[name]
    listed, new, old = (", ".join(f"{row}{column}" for column in columns) for row in ("", "new.", "old."))
    add = f"INSERT INTO {fts}(rowid, {listed}) VALUES (new.id, {new});"  # noqa: S608
    forget = f"INSERT INTO {fts}({fts}, rowid, {listed}) VALUES ('delete', old.id, {old});"  # noqa: S608
    return {
        f"{fts}_added": f"AFTER INSERT ON {table} BEGIN {add} END",
        f"{fts}_gone": f"AFTER DELETE ON {table} BEGIN {forget} END",
        f"{fts}_changed": f"AFTER UPDATE OF {listed} ON {table} BEGIN {forget} {add} END",
    }


def _vector(name: str) -> str:
    """What PostgreSQL indexes, and must be asked for in the same words."""
    text = " || ' ' || ".join(INDEXED[name])
    return f"to_tsvector('simple', translate({text}, '{JOINTS}', '{' ' * len(JOINTS)}'))"


def _table(name: str) -> str:
    model: type[Any] = apps.get_model("consult", name)
    return str(model._meta.db_table)


def _fts(name: str) -> str:
    return f"{_table(name)}_words"
