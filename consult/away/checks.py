"""What ``manage.py check`` tells a shop of the e-mails it sends, and wants answered by e-mail."""

from __future__ import annotations

from typing import Any

import django
from django.apps import apps
from django.core import mail
from django.core.checks import CheckMessage, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from consult.conf import conf


@register(Tags.compatibility, deploy=True)
def letters_lead_back(**_: Any) -> list[CheckMessage]:
    if conf.SITE_URL:
        return []
    return [
        Warning(
            "E-mails carry no links: nobody knows where they would lead.",
            hint="Set CONSULT['SITE_URL'] to the shop's address, such as 'https://shop.example'.",
            id="consult.W009",
        )
    ]


@register(Tags.compatibility, deploy=True)
def mail_servers_are_not_waited_for(**_: Any) -> list[CheckMessage]:
    try:
        backend = mail.mailers[conf.MAILER or "default"] if django.VERSION >= (6, 1) else mail.get_connection()
    except ImproperlyConfigured:
        return []  # whoever sends a mail will say so
    if getattr(backend, "timeout", 0) is not None:
        return []
    return [
        Warning(
            "A mail server that doesn't answer is waited for without a timeout: each try leaves a thread behind.",
            hint="Give your mail backend one: OPTIONS['timeout'] in MAILERS, or EMAIL_TIMEOUT before Django 6.1.",
            id="consult.W010",
        )
    ]


@register(Tags.compatibility)
def replies_are_believed(**_: Any) -> list[CheckMessage]:
    if not conf.REPLY_ADDRESS or conf.REPLY_AUTHSERV:
        return []
    return [
        Warning(
            "CONSULT['REPLY_ADDRESS'] is set, and nothing proves who replies: no reply is said in a conversation.",
            hint="Set CONSULT['REPLY_AUTHSERV'] to the name in the Authentication-Results of the mail server that "
            "receives them.",
            id="consult.W011",
        )
    ]


@register(Tags.compatibility)
def replies_are_read(**_: Any) -> list[CheckMessage]:
    if not conf.REPLY_ADDRESS or conf.IMAP or apps.is_installed("anymail"):
        return []
    return [
        Warning(
            "CONSULT['REPLY_ADDRESS'] is set, and nobody reads what comes there.",
            hint='Add "anymail" to INSTALLED_APPS and let your provider call its inbound webhook, or set '
            "CONSULT['IMAP'].",
            id="consult.W012",
        )
    ]
