from consult.chat.models import Conversation, Duty, Handover, Message, Note, Take, Token, Visitor
from consult.chat.tag import Tag
from consult.desk.models import Desk
from consult.invitations.models import Exposure, Greeting, Rule
from consult.orders.purchase import Purchase

__all__ = [
    "Conversation",
    "Desk",
    "Duty",
    "Exposure",
    "Greeting",
    "Handover",
    "Message",
    "Note",
    "Purchase",
    "Rule",
    "Tag",
    "Take",
    "Token",
    "Visitor",
]
