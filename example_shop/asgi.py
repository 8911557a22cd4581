from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

import consult.routing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_shop.settings")

application = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": consult.routing.websocket,
    }
)
