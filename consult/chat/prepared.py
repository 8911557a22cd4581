"""Queries on the path of a message. The ORM writes their SQL once for each length of their lists, not once a message:
building it takes longer than the database does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

Build = Callable[..., QuerySet[Any, Any]]


class Prepared:
    """``Prepared(lambda pks: Token.objects.filter(pk__in=pks))`` for any lists of integers, UUIDs or strings.

    ``build`` gets as many lists as the call, and may use each in one place, as it is.
    """

    def __init__(self, build: Build) -> None:
        self._build = build
        self._known: dict[tuple[str, ...], tuple[str, list[Any]]] = {}

    def sql(self, *lists: Sequence[Any]) -> tuple[str, list[Any]]:
        """The SQL of the query and its parameters, for ``QuerySet.raw`` or a cursor."""
        padded = [_padded(values) for values in lists]
        key = (connection.vendor, *(f"{type(values[0]).__name__}{len(values)}" if values else "" for values in padded))
        if key not in self._known:
            self._known[key] = self._compile(padded)
        sql, template = self._known[key]
        given = [[_written(value) for value in values] for values in padded]
        return sql, [given[part.number][part.place] if isinstance(part, _Place) else part for part in template]

    def rows(self, *lists: Sequence[Any]) -> list[Any]:
        """The rows of the query, as the database driver gives them."""
        with connection.cursor() as cursor:
            cursor.execute(*self.sql(*lists))
            rows: list[Any] = cursor.fetchall()
        return rows

    def _compile(self, lists: list[list[Any]]) -> tuple[str, list[Any]]:
        """The SQL, and its parameters with a _Place wherever a value of the lists goes."""
        places: dict[Any, _Place] = {}
        stand_ins: list[list[Any]] = []
        for number, values in enumerate(lists):
            marks = [_mark(type(value), number, index) for index, value in enumerate(values)]
            places |= {_written(mark): _Place(number, index) for index, mark in enumerate(marks)}
            stand_ins.append(marks)
        sql, params = self._build(*stand_ins).query.get_compiler(connection=connection).as_sql()
        return sql, [places.get(param, param) if isinstance(param, int | str | UUID) else param for param in params]


class _Place(NamedTuple):
    """Where a value goes: which list it is of, and its place in it."""

    number: int
    place: int


def _mark(kind: type, number: int, place: int) -> int | UUID | str:
    """A value that no row has and no other place of a query holds."""
    mark = -(number * 1_000_000 + place + 1)
    if kind is str:
        return f"\N{REPLACEMENT CHARACTER}{mark}"
    return UUID(int=2**128 + mark) if kind is UUID else mark


def _written(value: int | UUID | str) -> Any:
    """``value`` as a parameter of this database."""
    if isinstance(value, UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return value


def _padded(values: Sequence[Any]) -> list[Any]:
    """``values`` in a list whose length is a power of two, its last one repeated: few lengths, few statements."""
    size = 1 << (len(values) - 1).bit_length() if values else 0
    return [*values, *[values[-1]] * (size - len(values))] if values else []
