"""The model that gives the desk its place in the admin."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Desk(models.Model):
    """The operators' live page. Without a table: it is there for the admin's own index, URL and rights to lead to."""

    class Meta:
        app_label = "consult"
        managed = False
        default_permissions = ()
        verbose_name = _("desk")
        verbose_name_plural = _("desk")

    def __str__(self) -> str:
        return str(_("desk"))
