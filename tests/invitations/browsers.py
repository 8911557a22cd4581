"""Browsers as they ask whether an invitation is to be shown."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpResponse
from django.test import Client

from consult.models import Rule

INVITE, ENGAGE = "/consult/invite/", "/consult/engage/"
OURS = {"Origin": "http://testserver"}
FACTS = {"kind": "product", "path": "/lamps/heron/", "page_s": 25, "pages": 3, "device": "computer"}


class Browser:
    """One browser, with what its own storage holds."""

    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True)  # the cached page it asks from holds no token
        self.id = uuid4()
        self.visit = 1

    def post(self, said: Any, **headers: str) -> HttpResponse:
        body = said if isinstance(said, bytes) else json.dumps(said)
        answer = self.client.post(INVITE, body, content_type="text/plain", headers=OURS | headers)
        return answer  # type: ignore[return-value]

    def wish(self, rule: Rule | int, public_id: UUID | None = None, **said: Any) -> dict[str, Any]:
        named = {"id": str(public_id or uuid4()), "browser": str(self.id), "visit": self.visit}
        asked = {"rule": rule.pk if isinstance(rule, Rule) else rule, "variant": "A", "moment": "", "language": "en"}
        return {"event": "show", "facts": FACTS} | named | asked | said

    def ask(self, rule: Rule, public_id: UUID | None = None, **said: Any) -> Any:
        """What is answered when the browser would show the invitation of ``rule``."""
        answer = self.post(self.wish(rule, public_id, **said))
        assert answer.status_code == 200, answer.content
        return json.loads(answer.content)

    def report(self, event: str, public_id: UUID) -> Any:
        answer = self.post({"event": event, "id": str(public_id), "browser": str(self.id)})
        assert answer.status_code == 200, answer.content
        return json.loads(answer.content)

    def engage(self) -> None:
        assert self.client.post(ENGAGE, {"language": "en"}, headers=OURS).status_code == 200
