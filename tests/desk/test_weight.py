"""How much the desk weighs when it opens."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client

BUDGET = 300 * 1024  # bytes, uncompressed: the page and all that it names, the admin's own included


def test_the_desk_opens_with_little(client: Client, manager: User) -> None:
    client.force_login(manager)
    page = client.get("/admin/consult/desk/").content
    names = re.findall(r'(?:src|href)="/static/([^"]+\.(?:js|css))"', page.decode())
    files = [Path(found).read_bytes() for name in names if (found := finders.find(name))]
    assert len(files) == len(names) > 20
    weights = [len(file) for file in (page, *files)]
    assert sum(weights) <= BUDGET, (sum(weights), sum(len(gzip.compress(file)) for file in (page, *files)))
