"""The schedule as a manager fills it in: what is refused, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time, timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from consult.away import ladder
from consult.away.models import Hours, Override, Schedule, SpecialDay, Step

if TYPE_CHECKING:
    HoursModelForm = forms.ModelForm[Hours]
    SpecialDayModelForm = forms.ModelForm[SpecialDay]
    OverrideModelForm = forms.ModelForm[Override]
    StepModelForm = forms.ModelForm[Step]
    InlineFormSet = forms.BaseInlineFormSet[Any, Schedule, forms.ModelForm[Any]]
else:
    HoursModelForm = SpecialDayModelForm = OverrideModelForm = StepModelForm = forms.ModelForm
    InlineFormSet = forms.BaseInlineFormSet

DAY, WEEK = 24 * 60 * 60, 7 * 24 * 60 * 60  # seconds
YEAR = timedelta(days=364)
WORKDAYS = [0, 1, 2, 3, 4]


class HoursForm(HoursModelForm):
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Days"),
        choices=list(WEEKDAYS.items()),
        coerce=int,
        initial=WORKDAYS,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "consult-days"}),
        error_messages={"required": _("Choose at least one day.")},
    )

    class Meta:
        model = Hours
        fields = ("weekdays", "opens", "closes")

    def clean_closes(self) -> Any:
        return _another(self.cleaned_data.get("opens"), self.cleaned_data["closes"])


class HoursFormSet(InlineFormSet):
    """All intervals of the week. No two are at the same time."""

    def clean(self) -> None:
        super().clean()
        for one, other in combinations(_filled(self), 2):
            if any(_meet(these, those) for these in _of_week(one) for those in _of_week(other)):
                sentence = _("This overlaps with %(other)s.") % {"other": one.instance}
                other.add_error("opens", ValidationError(sentence, code="overlap"))


class SpecialDayForm(SpecialDayModelForm):
    class Meta:
        model = SpecialDay
        fields = ("name", "yearly", "first", "last", "opens", "closes")

    def clean_last(self) -> Any:
        first, last = self.cleaned_data.get("first"), self.cleaned_data["last"]
        if first and last and last < first:
            raise ValidationError(_("This day is before the first."), code="order")
        if first and last and self.cleaned_data.get("yearly") and last - first > YEAR:
            raise ValidationError(_("Every year has fewer days than that."), code="order")
        return last

    def clean_closes(self) -> Any:
        opens, closes = self.cleaned_data.get("opens"), self.cleaned_data["closes"]
        if (opens is None) != (closes is None) and "opens" not in self.errors:
            raise ValidationError(_("Write both times, or none where it is closed all day."), code="half")
        return _another(opens, closes)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        first, last = said.get("first"), said.get("last")
        if first and "last" in said and not said.get("yearly") and (last or first) < timezone.localdate():
            self.add_error("last" if last else "first", ValidationError(_("This day is over."), code="over"))
        return said


class SpecialDayFormSet(InlineFormSet):
    """Rows that name the same days are intervals of them."""

    def clean(self) -> None:
        super().clean()
        for one, other in combinations(_filled(self), 2):
            same = all(one.cleaned_data[name] == other.cleaned_data[name] for name in ("first", "last", "yearly"))
            if same and (None in (*_times(one), *_times(other)) or _meet(_of_day(one), _of_day(other))):
                sentence = _("These days have other hours above: the two contradict each other.")
                other.add_error("first", ValidationError(sentence, code="overlap"))


class OverrideForm(OverrideModelForm):
    class Meta:
        model = Override
        fields = ("state", "begins_at", "ends_at")

    def clean_ends_at(self) -> Any:
        begins, ends = self.cleaned_data.get("begins_at"), self.cleaned_data["ends_at"]
        if ends <= timezone.now() and "ends_at" in self.changed_data:
            raise ValidationError(_("This time is over. Write a later one."), code="over")
        if begins and ends <= begins:
            raise ValidationError(_("It must end later than it begins."), code="order")
        return ends


class StepForm(StepModelForm):
    """Where the text is empty stands what is said then."""

    class Meta:
        model = Step
        fields = ("kind", "after", "is_on", "text")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].widget.attrs["placeholder"] = ladder.SENTENCES.get(self.instance.kind, "")


def _another(opens: time | None, closes: time | None) -> time | None:
    """``closes``. Raises ValidationError if nobody can say whether a moment or a day is meant."""
    if closes is not None and opens == closes != time.min:
        raise ValidationError(_("It closes when it opens. All day long is from 0:00 to 0:00."), code="same")
    return closes


def _filled(formset: InlineFormSet) -> list[forms.ModelForm[Any]]:
    """The forms that are right by themselves and are to be kept."""
    return [
        form
        for form in formset.forms
        if form.is_valid() and (form.instance.pk or form.has_changed()) and not form.cleaned_data.get("DELETE")
    ]


def _times(form: forms.ModelForm[Any]) -> tuple[time | None, time | None]:
    return form.cleaned_data["opens"], form.cleaned_data["closes"]


def _of_day(form: forms.ModelForm[Any]) -> tuple[int, int]:
    """From when to when, in seconds of the day on which it opens."""
    opens, closes = (moment.hour * 3600 + moment.minute * 60 + moment.second for moment in _times(form) if moment)
    return opens, closes if opens < closes else closes + DAY


def _of_week(form: forms.ModelForm[Any]) -> Iterator[tuple[int, int]]:
    """The same in seconds of a week; the night after Sunday is before Monday too."""
    opens, closes = _of_day(form)
    for day in form.cleaned_data["weekdays"]:
        for week in (-WEEK, 0):
            yield week + day * DAY + opens, week + day * DAY + closes


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]
