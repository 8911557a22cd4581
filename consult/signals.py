"""What consult promises to tell the host shop. Each is sent after commit, with ``send_robust``: a receiver that fails
is logged and disturbs nobody. None of consult's own code listens to them.
"""

from __future__ import annotations

from django.dispatch import Signal

conversation_opened = Signal()  # conversation
message_said = Signal()  # message
conversation_closed = Signal()  # conversation
letter_received = Signal()  # conversation, message
callback_requested = Signal()  # conversation
order_tagged = Signal()  # order, source
