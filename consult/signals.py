"""What consult promises to tell the host shop. Each is sent after commit, with ``send_robust``: a receiver that fails
is logged and disturbs nobody. None of consult's own code listens to them.
"""

from __future__ import annotations

from django.dispatch import Signal

# The sender is the class of what is sent.
conversation_opened = Signal()  # conversation: Conversation
message_said = Signal()  # message: Message
conversation_closed = Signal()  # conversation: Conversation
letter_received = Signal()  # message: Message, left while nobody could answer, or sent by e-mail
callback_requested = Signal()  # callback: Callback
order_tagged = Signal()  # order: the shop's order, source: str
