"""The model that gives the reports their place in the admin."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Report(models.Model):
    """The managers' page. Without a table, as the desk is."""

    class Meta:
        app_label = "consult"
        managed = False
        default_permissions = ()
        verbose_name = _("report")
        verbose_name_plural = _("report")

    def __str__(self) -> str:
        return str(_("report"))
