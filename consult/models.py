from consult.chat.models import Conversation, Duty, Handover, Message, Note, Tag, Take, Token, Visitor
from consult.desk.models import Desk

__all__ = ["Conversation", "Desk", "Duty", "Handover", "Message", "Note", "Tag", "Take", "Token", "Visitor"]
