"""How a figure is shown beside its budget."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Budget(NamedTuple):
    what: str
    figure: float
    way: Literal["≥", "≤"]
    limit: float

    @property
    def holds(self) -> bool:
        return self.figure >= self.limit if self.way == "≥" else self.figure <= self.limit

    def __str__(self) -> str:
        return f"{self.what:60}{self.figure:>10.2f}  {self.way} {self.limit:<8g}{'OK' if self.holds else 'short'}"
