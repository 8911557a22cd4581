"""Writes messages with one statement and one parameter, a JSON list. bulk_create prepares and binds each value by
itself, which takes longer than all else that the writer does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from consult.chat.models import Message

COLUMNS = "conversation_id, seq, kind, medium, author_key, author_name, client_id, body, facts, sent_at"
FROM_JSON = {
    "postgresql": """
        SELECT (r->>0)::bigint, (r->>1)::integer, r->>2, r->>3, r->>4, r->>5, (r->>6)::uuid, r->>7, (r->8)::jsonb,
               (r->>9)::timestamptz
        FROM json_array_elements(%s::json) AS r
    """,
    "sqlite": f"""
        SELECT {", ".join(f"json_extract(value, '$[{number}]')" for number in range(10))} FROM json_each(%s)
    """,  # noqa: S608  nothing but numbers
}


def insert(messages: Sequence[Message]) -> None:
    """Store ``messages``, and let each know its primary key."""
    model = type(messages[0])
    if connection.vendor not in FROM_JSON or not connection.features.can_return_rows_from_bulk_insert:
        model.objects.bulk_create(messages)
        return
    table = model._meta.db_table
    sql = f"INSERT INTO {table} ({COLUMNS}) {FROM_JSON[connection.vendor]} RETURNING conversation_id, seq, id"
    with connection.cursor() as cursor:
        cursor.execute(sql, [json.dumps([_row(message) for message in messages])])
        keys = {(conversation, seq): pk for conversation, seq, pk in cursor.fetchall()}
    for message in messages:
        message.pk = keys[message.conversation_id, message.seq]
        message._state.adding = False


def _row(message: Message) -> list[Any]:
    return [
        message.conversation_id,
        message.seq,
        message.kind,
        message.medium,
        message.author_key,
        message.author_name,
        str(message.client_id) if connection.features.has_native_uuid_field else message.client_id.hex,
        message.body,
        message.facts,
        str(connection.ops.adapt_datetimefield_value(message.sent_at)),
    ]
