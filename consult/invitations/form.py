"""A rule and its greetings as a manager fills them in: what is refused, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.admin.utils import label_for_field
from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from consult.chat import text
from consult.conf import conf
from consult.invitations import contradictions, facts, greeting, pattern
from consult.invitations.fields import Chosen, Listed, Spoken, Whether
from consult.invitations.models import Availability, Device, Greeting, Rule

if TYPE_CHECKING:
    RuleModelForm = forms.ModelForm[Rule]
    GreetingModelForm = forms.ModelForm[Greeting]
    GreetingFormSet = forms.BaseInlineFormSet[Greeting, Rule, forms.ModelForm[Greeting]]
else:
    RuleModelForm = GreetingModelForm = forms.ModelForm
    GreetingFormSet = forms.BaseInlineFormSet

# What a new rule begins with: those who have looked around, and look at goods, while somebody can answer.
AT_FIRST = {
    "page_kinds": ["product"],
    "except_kinds": ["checkout", "payment"],
    "page_seconds": 25,
    "pages": 3,
    "availability": [Availability.ONLINE.value],
}
FIRST_GREETING = _("{greeting|Hello}! Is there anything about {product|this page} that the photos don't answer?")


class RuleForm(RuleModelForm):
    segments = Chosen(choices=lambda: [(name, name) for name in conf.SEGMENTS])
    countries = Listed(help_text=_("Two letters each, as in “DE, AT”."))
    regions = Listed(help_text=_("As the shop names them, with a comma between two."))
    languages = Chosen(choices=lambda: settings.LANGUAGES)
    weekdays = Chosen(choices=list(WEEKDAYS.items()))
    availability = Chosen(choices=Availability.choices, help_text=_("Online is the shop while somebody can answer."))
    page_kinds = Listed(help_text=_("As the shop's templates name them, such as “product, delivery”."))
    paths = Listed(
        lines=True,
        help_text=_("One a line, such as /lamps/*, where * stands for anything. A regular expression begins with ^."),
    )
    except_kinds = Listed()
    except_paths = Listed(lines=True)
    devices = Chosen(choices=Device.choices)

    class Meta:
        model = Rule
        fields = "__all__"
        widgets = {"signed_in": Whether, "has_ordered": Whether}
        labels = {
            "match": _("It waits for"),
            "result": _("It shows"),
            "basket_total_min": _("Basket comes to at least"),
            "basket_total_max": _("And at most"),
            "basket_count_min": _("Things in the basket, at least"),
            "basket_count_max": _("And at most"),
            "utm_source": _("UTM source"),
            "utm_medium": _("UTM medium"),
            "utm_campaign": _("UTM campaign"),
        }
        help_texts = {
            "position": _("The rule with the lower number goes first where two would fire at once."),
            "hour_from": _("In the shop's time zone. Empty is midnight."),
            "hour_until": _("Up to this time, and not at it. Empty is midnight."),
            "page_seconds": _("Only while the page is looked at. The next page begins anew."),
            "site_seconds": _("Of this visit, on all pages together."),
            "pages": _("In this visit, with the present one."),
            "visits": _("With the present one; thirty idle minutes end a visit."),
            "leaving": _("The pointer leaves the page at its top."),
            "leaving_touch": _("A quick scroll back up, or a return from another tab."),
            "referrer": _("A part of the address of the site they come from, such as “google.”."),
            "held_percent": _("So many of those it would invite are left alone, to compare what both buy."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in (name for name, field in self.fields.items() if field.label is None):
            self.fields[name].label = capfirst(str(label_for_field(name, Rule)))

    def clean_countries(self) -> list[str]:
        countries = [country.upper() for country in self.cleaned_data["countries"]]
        for country in countries:
            if not re.fullmatch("[A-Z]{2}", country):
                sentence = _("“%(country)s” is no country. Write two letters, such as DE for Germany.")
                raise ValidationError(sentence, code="country", params={"country": country})
        return countries

    def clean_weekdays(self) -> list[int]:
        return [int(day) for day in self.cleaned_data["weekdays"]]

    def clean_availability(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["availability"]
        if not chosen:
            raise ValidationError(_("Choose at least one: otherwise the rule would never fire."), code="required")
        return chosen

    def clean_paths(self) -> list[str]:
        return self._checked("paths")

    def clean_except_paths(self) -> list[str]:
        return self._checked("except_paths")

    def _checked(self, name: str) -> list[str]:
        paths: list[str] = self.cleaned_data[name]
        for path in paths:
            pattern.check(path)
        return paths

    def full_clean(self) -> None:
        super().full_clean()
        refuse_contradictions(self)


class RowForm(RuleModelForm):
    """A rule in the list, to be moved or switched. What time has made senseless since may stay as it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{field.label}: {self.instance}"

    def full_clean(self) -> None:
        super().full_clean()
        if "is_on" in self.changed_data and self.instance.is_on:
            refuse_contradictions(self)


class GreetingForm(GreetingModelForm):
    class Meta:
        model = Greeting
        fields = ("variant", "moment", "text")
        widgets = {"text": Spoken(attrs={"rows": 3})}
        help_texts = {
            "text": _(
                "{name|…}, {region|…}, {product|…}, {page title} and {greeting} are filled in; after | stands what to "
                "say where one isn't known."
            )
        }

    def clean_text(self) -> str:
        said = text.clean(" ".join(self.cleaned_data["text"].split()))
        greeting.check(said)
        return said


class Greetings(GreetingFormSet):
    """Those of one rule. Each of an invitation's variants has words for whoever sees it, and whenever."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        texts = self.typed()
        if self.instance.result == Rule.Result.INVITE and not texts:
            raise ValidationError(_("An invitation needs words: write a greeting for any time."), code="none")
        always = {each.variant for each in texts if each.moment == Greeting.Moment.ANY}
        for variant in sorted({each.variant for each in texts} - always):
            sentence = _("Variant %(variant)s says nothing at other times: write its greeting for any time too.")
            raise ValidationError(sentence, code="any", params={"variant": variant})
        if not self.instance.leaving and any(each.moment == Greeting.Moment.LEAVING for each in texts):
            sentence = _("The rule doesn't wait for “about to leave”, so nobody would see what is said then.")
            raise ValidationError(sentence, code="leaving")

    def typed(self) -> list[Greeting]:
        """As they are to be once they are saved."""
        return [
            form.instance
            for form in self.forms
            if (form.instance.pk or form.has_changed()) and not form.cleaned_data.get("DELETE")
        ]

    def get_unique_error_message(self, unique_check: Any) -> str:
        return str(_("A variant has one greeting for each moment: here are two."))


class Typed:
    """The form as it was sent: ``rule`` has all that was typed, its greetings too, and nothing of it is saved."""

    def __init__(self, data: Any, rule: Rule) -> None:
        self.rule = rule
        self._form = RuleForm(data, instance=rule)
        formset: Any = forms.inlineformset_factory(Rule, Greeting, form=GreetingForm, formset=Greetings)
        self._greetings = formset(data, instance=rule)

    def is_valid(self) -> bool:
        """Each part is judged, that ``sentences`` has what is wrong with any."""
        valid = [self._form.is_valid(), self._greetings.is_valid()]
        greetings = self.rule.greetings.all()
        greetings._result_cache = self._greetings.typed()
        self.rule._prefetched_objects_cache = {"greetings": greetings}  # type: ignore[attr-defined]
        return all(valid)

    def sentences(self) -> list[str]:
        """What is wrong, each with the name of its field."""
        return [*chain(*map(_sentences, (self._form, *self._greetings))), *self._greetings.non_form_errors()]


def refuse_contradictions(form: RuleModelForm) -> None:
    """Judged only when each field is right by itself: the rule still has its old value where one isn't."""
    if form.is_bound and not form.errors:
        for name, sentence in contradictions.of(form.instance, facts.now().date()):
            form.add_error(name if name in form.fields else None, sentence)


def _sentences(form: forms.ModelForm[Any]) -> Iterator[str]:
    for name, wrong in form.errors.items():
        for sentence in wrong:
            yield f"{form[name].label}: {sentence}" if name in form.fields else str(sentence)
