from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from example_shop import seed

ADDRESS = "127.0.0.1"


class Command(BaseCommand):
    help = "Serve the example shop as in production, with products, people, conversations and orders in it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="the port on this machine, 8000 unless told")

    def handle(self, *, port: int, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        seed.sow()
        call_command("collectstatic", interactive=False, verbosity=0)
        url = f"http://{ADDRESS}:{port}"
        if "SITE_URL" not in os.environ:
            settings.CONSULT["SITE_URL"] = url
        self.stdout.write(welcome(url))
        self.stdout.flush()
        serve(port)


def welcome(url: str) -> str:
    mail = f"in {settings.MAIL_FOLDER}, a file each" if settings.MAIL_FOLDER else "by the mail server of EMAIL_URL"
    people = "\n".join(f"  {name:<10} {seed.PASSWORD}  {role}" for name, role in seed.ACCOUNTS.items())
    return f"""
Lampwick, the example shop, is open. Ctrl-C closes it.

  the shop   {url}/
  the desk   {url}/admin/consult/desk/   as operator; until you switch on Available, visitors leave letters
  e-mails    {mail}
  the rules  {url}/admin/consult/rule/   and what came of them: {url}/admin/consult/rule/results/
  the hours  {url}/admin/consult/schedule/   and what was promised: {url}/admin/consult/report/   as manager

Invitations, each in a new private window, for nobody gets two in a visit, or in a day:
  stay on {url}/lamps/heron/ for 25 seconds
  stay on {url}/delivery/ for ten, then move the pointer out of the page at its top
  sign in as anna, put a lamp for 100 euros or more into the basket, and stay there for eight

Accounts (name, password):
{people}

Everything is kept in {settings.VAR}.
"""


def serve(port: int) -> None:
    # Imported late: importing daphne's server installs its event loop, which only this command has use for.
    from channels.routing import get_default_application
    from daphne.endpoints import build_endpoint_description_strings
    from daphne.server import Server

    Server(
        application=get_default_application(),
        endpoints=build_endpoint_description_strings(host=ADDRESS, port=port),
        websocket_max_message_size=settings.DAPHNE_WEBSOCKET_MAX_MESSAGE_SIZE,
        websocket_max_frame_size=settings.DAPHNE_WEBSOCKET_MAX_FRAME_SIZE,
    ).run()
