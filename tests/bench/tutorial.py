"""(a) What one builds by following the tutorial of Channels, with a row per message: what we want to leave behind.

A group per room on the core Redis layer, the stock consumer, and the ORM called through database_sync_to_async.
"""

from __future__ import annotations

import json
import os
from typing import Any, cast

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["channels"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": "127.0.0.1",
            "PORT": os.environ["BENCH_POSTGRES_PORT"],
            "NAME": os.environ["BENCH_DATABASE"],
            "USER": "consult",
        }
    },
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            # redis-py 8 gives up reading after 5 s, which is as long as this layer's own reading lasts: the two race,
            # and a quiet room would lose its consumer.
            "CONFIG": {"hosts": [{"address": os.environ["BENCH_REDIS"], "socket_timeout": 30}], "capacity": 1000},
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

from channels.db import database_sync_to_async  # noqa: E402
from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.urls import re_path  # noqa: E402


class Line(models.Model):
    room = models.CharField(max_length=64, db_index=True)
    author = models.CharField(max_length=16)
    client_id = models.CharField(max_length=64)
    body = models.TextField()
    sent_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "bench"
        db_table = "line"

    def __str__(self) -> str:
        return self.body


class Room(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.room = self.scope["url_route"]["kwargs"]["room"]
        await self.channel_layer.group_add(f"room_{self.room}", self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(f"room_{self.room}", self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        said = json.loads(text_data or "{}")
        await self.keep(said)
        await self.channel_layer.group_send(f"room_{self.room}", {"type": "room.line", "line": said})

    async def room_line(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(event["line"]))

    @database_sync_to_async
    def keep(self, said: dict[str, str]) -> None:
        Line._default_manager.create(
            room=self.room, author=said["author"], client_id=said["client_id"], body=said["body"]
        )


application = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": URLRouter([re_path(r"^ws/(?P<room>\w+)/$", cast(Any, Room.as_asgi()))]),
    }
)
