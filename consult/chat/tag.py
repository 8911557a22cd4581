"""Words to find conversations and to count them by."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from consult.chat import text

LENGTH = 40  # code points


class Tag(models.Model):
    """A word that operators put on conversations. However it is spelled it is one tag."""

    name = models.CharField(_("name"), max_length=LENGTH)
    key = models.CharField(max_length=3 * LENGTH, unique=True, editable=False)  # a letter folds to three at most

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name, self.key = self.spelled(self.name)
        super().save(*args, **kwargs)

    @classmethod
    def spelled(cls, typed: str) -> tuple[str, str]:
        """The name that ``typed`` makes, and the key of all its spellings; both "" if it makes none."""
        name = text.line(typed)[:LENGTH].rstrip()
        return name, name.casefold()
