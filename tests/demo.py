"""The example shop as ``manage.py demo`` serves it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.faults.machines import Machine


class Demo(Machine):
    """Remembers what it wrote, also when it is started again, and nothing of others. ``settings``: its environment."""

    def __init__(self, **settings: str) -> None:
        super().__init__("demo")
        self.settings = settings

    def command(self) -> Sequence[str]:
        return [sys.executable, "manage.py", "demo", "--port", str(self.port)]

    def environment(self) -> Mapping[str, str]:
        ours = {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL"}  # of the tests, not of the demo
        inherited = {name: value for name, value in os.environ.items() if name not in ours}
        return inherited | {"SHOP_VAR": str(self.home / "var")} | self.settings

    @property
    def database(self) -> Path:
        """The file in which all of it stands."""
        return self.home / "var" / "shop.sqlite3"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"
