from consult.away.models import (
    Attempt,
    Callback,
    Hours,
    Inbound,
    Letter,
    Override,
    Promise,
    Schedule,
    Seats,
    SpecialDay,
    Step,
    Wait,
)
from consult.chat.models import Conversation, Duty, Handover, Message, Note, Take, Token, Visitor
from consult.chat.tag import Tag
from consult.desk.models import Desk
from consult.invitations.models import Exposure, Greeting, Rule
from consult.orders.purchase import Purchase
from consult.reports.models import Report

__all__ = [
    "Attempt",
    "Callback",
    "Conversation",
    "Desk",
    "Duty",
    "Exposure",
    "Greeting",
    "Handover",
    "Hours",
    "Inbound",
    "Letter",
    "Message",
    "Note",
    "Override",
    "Promise",
    "Purchase",
    "Report",
    "Rule",
    "Schedule",
    "Seats",
    "SpecialDay",
    "Step",
    "Tag",
    "Take",
    "Token",
    "Visitor",
    "Wait",
]
