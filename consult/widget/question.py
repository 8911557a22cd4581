"""A question, where scripts don't run or nobody can answer."""

from __future__ import annotations

from uuid import UUID, uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from consult.chat import text
from consult.chat.entry import Refused
from consult.chat.models import public_id
from consult.widget import words


class Question(forms.Form):
    """What is asked. The log's own rules judge it; the form words their verdict."""

    # Names the question before it is sent: a second click, or a reload of the answer, is the same question again.
    client_id = forms.CharField(initial=uuid4, required=False, widget=forms.HiddenInput)
    question = forms.CharField(
        label=_("Your question"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"})
    )

    def clean_client_id(self) -> UUID:
        return public_id(self.cleaned_data["client_id"]) or uuid4()

    def clean_question(self) -> str:
        try:
            return text.body(self.cleaned_data["question"])
        except Refused as refusal:
            raise forms.ValidationError(words.refusals()[refusal.reason], code=refusal.reason) from refusal
