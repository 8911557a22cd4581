from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from example_shop.models import Order

if TYPE_CHECKING:
    CheckoutBase = forms.ModelForm[Order]
    SignupBase = UserCreationForm[User]
else:
    CheckoutBase = forms.ModelForm
    SignupBase = UserCreationForm


class QuantityForm(forms.Form):
    quantity = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=99, initial=1)


class CheckoutForm(CheckoutBase):
    class Meta:
        model = Order
        fields = ["name", "email", "phone", "address", "remark"]
        widgets = {
            "name": forms.TextInput({"autocomplete": "name"}),
            "email": forms.EmailInput({"autocomplete": "email"}),
            "phone": forms.TextInput({"type": "tel", "autocomplete": "tel"}),
            "address": forms.Textarea({"rows": 3, "autocomplete": "street-address"}),
            "remark": forms.Textarea({"rows": 2}),
        }


class SignupForm(SignupBase):
    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username", "first_name", "last_name", "email")
