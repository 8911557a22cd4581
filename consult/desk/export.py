"""What was said, as a table to take away: CSV in the reader's language, streamed."""

from __future__ import annotations

import csv
import re
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from itertools import accumulate, groupby, islice
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from consult.chat.lines import words
from consult.chat.models import Conversation, Message, Note
from consult.desk import past

AT_ONCE = 1000  # lines
# What a spreadsheet would reckon instead of show, also where it takes a semicolon or a line's end for the cell's.
FORMULA = re.compile(r"(^|[;\n])([\s\u200b\u2060]*)(?=[=+\-@\t\r＝＋－＠])")

Row = list[Any]


def answer(request: HttpRequest, rows: Iterator[Row]) -> StreamingHttpResponse:
    """``rows`` as a file for the browser to keep."""
    text = _written(rows)
    streamed = _awaited(text) if isinstance(request, ASGIRequest) else text
    return StreamingHttpResponse(
        streamed,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="conversations-{timezone.localdate():%Y-%m-%d}.csv"',
            "Cache-Control": "private, no-store",
        },
    )


def conversations(found: QuerySet[Conversation]) -> Iterator[Row]:
    """A row for each."""
    yield [
        *(_("Conversation"), _("Visitor"), _("E-mail"), _("Phone"), _("Opened"), _("Closed"), _("Operators")),
        *(_("Tags"), _("Orders"), _("Lines")),
    ]
    for part in _parts(found, "takes", "tags"):
        orders = past.orders(*part)
        for conversation in part:
            visitor = conversation.visitor
            yield [
                *(conversation.public_id, visitor.name, visitor.email, visitor.phone),
                *(_moment(conversation.opened_at), _moment(conversation.closed_at)),
                *(past.operators(conversation), past.tags(conversation), orders.get(conversation.pk, "")),
                conversation.last_seq,
            ]


def lines(found: QuerySet[Conversation]) -> Iterator[Row]:
    """A row for each line and each note of each."""
    yield [_("Conversation"), _("Visitor"), _("Number"), _("Time"), _("Kind"), _("Author"), pgettext("line", "Text")]
    for part in _parts(found, "messages", "notes"):
        for conversation in part:
            said: list[Message | Note] = [*conversation.messages.all(), *conversation.notes.all()]
            for line in sorted(said, key=place):
                yield [conversation.public_id, str(conversation.visitor), *_line(line)]


def place(line: Message | Note) -> tuple[int, int]:
    """Where a line stands in its conversation: a note after the message it was written after."""
    return (line.after_seq, line.number) if isinstance(line, Note) else (line.seq, 0)


def _line(line: Message | Note) -> Row:
    if isinstance(line, Note):
        return ["", _moment(line.written_at), _("Note"), line.author_name, line.body]
    return [line.seq, _moment(line.sent_at), line.get_kind_display(), line.author_name, words(line)]


def _parts(found: QuerySet[Conversation], *related: str) -> Iterator[list[Conversation]]:
    """The newest first, in parts of about so many lines that neither we nor the database hold all of them."""
    held = list(found.order_by("-pk").values_list("pk", "last_seq"))
    lines = accumulate(last_seq + 1 for _pk, last_seq in held)
    for _at, part in groupby(zip(held, lines, strict=True), lambda one: one[1] // AT_ONCE):
        conversations = Conversation.objects.select_related("visitor").prefetch_related(*related).order_by("-pk")
        yield list(conversations.filter(pk__in=[pk for (pk, _last_seq), _lines in part]))


def _written(rows: Iterator[Row]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff"  # or Excel takes it for Latin-1
    for row in rows:
        yield writer.writerow([_harmless(cell) for cell in row])


def _harmless(cell: object) -> str:
    return FORMULA.sub(r"\1'\2", str(cell))


def _moment(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}" if at else ""


async def _awaited(text: Iterator[str]) -> AsyncIterator[str]:
    """Under ASGI Django would read a plain iterator to its end before it sends anything."""
    while part := await sync_to_async(lambda: "".join(islice(text, AT_ONCE)))():
        yield part


class _Echo:
    """A file that gives back what is written."""

    def write(self, text: str) -> str:
        return text
