"""The desk's doors in Django admin: the live page, its verbs, and what was said, to read."""

from __future__ import annotations

from consult.desk.history import ConversationAdmin, TagAdmin
from consult.desk.inbound import InboundAdmin
from consult.desk.letters import LetterAdmin
from consult.desk.page import DeskAdmin

__all__ = ["ConversationAdmin", "DeskAdmin", "InboundAdmin", "LetterAdmin", "TagAdmin"]
