"""How a rule's columns are typed: lists as words or as boxes, and what may not matter."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from consult.chat import text

# The classes are the admin's own.
WORDS = forms.TextInput(attrs={"class": "vTextField"})
PATHS = forms.Textarea(attrs={"class": "vLargeTextField", "cols": 30, "rows": 3})


class Whether(forms.NullBooleanSelect):
    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.choices = [("unknown", _("doesn't matter")), ("true", _("yes")), ("false", _("no"))]


class Listed(forms.Field):
    """Several words in one field, parted by commas or, where they are ``lines``, by the ends of lines only."""

    def __init__(self, *, lines: bool = False, **options: Any) -> None:
        self.between, self.parting = ("\n", "\n") if lines else (", ", "[,\n]")
        super().__init__(required=False, widget=PATHS if lines else WORDS, **options)

    def prepare_value(self, value: Any) -> Any:
        return self.between.join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        words = (text.line(word) for word in re.split(self.parting, value or ""))
        return list(dict.fromkeys(filter(None, words)))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != self.to_python(data)


class Chosen(forms.MultipleChoiceField):
    """Any of ``choices``. What was stored and is no choice any more is shown too, for somebody to take it out."""

    def __init__(self, **options: Any) -> None:
        boxes = forms.CheckboxSelectMultiple(attrs={"class": "consult-choices"})
        super().__init__(required=False, widget=boxes, **options)
        self.error_messages["invalid_choice"] = _("“%(value)s” can't be chosen any more: take it out.")

    def prepare_value(self, value: Any) -> Any:
        choices: Any = self.choices
        known = {str(one): label for one, label in choices}
        self.widget.choices = [*known.items(), *((one, one) for one in map(str, value or ()) if one not in known)]
        return value


class Spoken(forms.Textarea):
    """What is typed, and below it what a visitor would read."""

    template_name = "consult/rules/greeting.html"
