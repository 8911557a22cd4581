from consult.chat.models import Conversation, Duty, Message, Note, Take, Token, Visitor
from consult.desk.models import Desk

__all__ = ["Conversation", "Desk", "Duty", "Message", "Note", "Take", "Token", "Visitor"]
