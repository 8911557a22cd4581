from consult.chat.models import Conversation, Duty, Handover, Message, Note, Take, Token, Visitor
from consult.chat.tag import Tag
from consult.desk.models import Desk

__all__ = ["Conversation", "Desk", "Duty", "Handover", "Message", "Note", "Tag", "Take", "Token", "Visitor"]
