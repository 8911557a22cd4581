from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import migrations

from consult.chat import words

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import StateApps


def install(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    words.install(schema_editor.connection.alias)


def remove(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    words.remove(schema_editor.connection.alias)


class Migration(migrations.Migration):
    """The index of what was said; each kind of database has its own."""

    dependencies = [("consult", "0002_handovers_tags_visits")]

    operations = [migrations.RunPython(install, remove)]
