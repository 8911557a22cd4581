"""The one place that reads ``settings.CONSULT``.

Every key has a default, is read at use (so ``override_settings`` works) and is checked by name in ``consult.checks``.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    # "app_label.Model" of the shop's order, which inherits consult.orders.SourcedOrder. None: the shop tags no orders.
    "ORDER_MODEL": None,
    # Where the label stands, along the line of text: "end" is the right in English, the left in Arabic.
    "LABEL_SIDE": "end",
    # What one author may say at once, and per second after that.
    "SAY_BURST": 10,
    "SAY_PER_SECOND": 1.0,
    # Days after a conversation within which an order counts as assisted by it.
    "ASSISTED_DAYS": 3,
    # Days after which a browser that has not come back is forgotten.
    "TOKEN_DAYS": 180,
    # How often one visitor is invited at most, by whatever rules; each rule has limits of its own besides.
    "INVITATIONS_PER_VISIT": 1,
    "INVITATIONS_PER_30_DAYS": 3,
    "INVITATIONS_HOURS_APART": 24,
    # Days without any invitation for a visitor who closed one.
    "INVITATIONS_SILENT_DAYS": 30,
    # The shop's own segments for display rules: {"wholesale": "shop.segments.is_wholesale"}, functions of the request
    # that answer True or False.
    "SEGMENTS": {},
    # "shop.basket.for_consult": a function of the request that answers consult.invitations.Basket, or None.
    "BASKET": None,
    # "shop.places.of": a function of the request that answers consult.invitations.Place, or None. Without it the
    # country is what COUNTRY_HEADER says, or else what GeoIP2 does where settings.GEOIP_PATH is set.
    "PLACE": None,
    # The header in which a CDN sends the visitor's country, such as "CF-IPCountry".
    "COUNTRY_HEADER": None,
    # "app_label.Model" of the shop's product: greetings are previewed with a real one.
    "PRODUCT_MODEL": None,
    # "https://shop.example": where links in e-mails lead. None: e-mails carry no links.
    "SITE_URL": None,
    # Who gets the visitors' letters by e-mail: addresses. Empty: everybody who may answer.
    "LETTERS_TO": [],
    # The alias in settings.MAILERS that e-mails go through, from Django 6.1 on. None: the default one.
    "MAILER": None,
    # "reply@in.shop.example": mail to reply+anything@in.shop.example reaches us, by anymail's inbound webhook or by
    # IMAP. None: e-mails are answered by their link alone.
    "REPLY_ADDRESS": None,
    # The name by which the receiving mail server signs its Authentication-Results header, such as "mx.shop.example".
    # What it says of DMARC is believed; what is not proven by it is not said in a conversation.
    "REPLY_AUTHSERV": None,
    # {"host": …, "user": …, "password": …, "port": 993, "folder": "INBOX", "tls": True}: the mailbox behind
    # REPLY_ADDRESS, for shops without a provider that calls a webhook.
    "IMAP": None,
    # "DE": the country whose phone numbers are written without its prefix.
    "PHONE_REGION": None,
}


class Conf:
    """``conf.LABEL_SIDE`` is what the shop set, or the default.

    Raises AttributeError for a name that is not a setting of consult.
    """

    ORDER_MODEL: str | None
    LABEL_SIDE: str
    SAY_BURST: int
    SAY_PER_SECOND: float
    ASSISTED_DAYS: int
    TOKEN_DAYS: int
    INVITATIONS_PER_VISIT: int
    INVITATIONS_PER_30_DAYS: int
    INVITATIONS_HOURS_APART: int
    INVITATIONS_SILENT_DAYS: int
    SEGMENTS: dict[str, str]
    BASKET: str | None
    PLACE: str | None
    COUNTRY_HEADER: str | None
    PRODUCT_MODEL: str | None
    SITE_URL: str | None
    LETTERS_TO: list[str]
    MAILER: str | None
    REPLY_ADDRESS: str | None
    REPLY_AUTHSERV: str | None
    IMAP: dict[str, Any] | None
    PHONE_REGION: str | None

    def __getattr__(self, name: str) -> Any:
        if name not in DEFAULTS:
            raise AttributeError(name)
        return chosen().get(name, DEFAULTS[name])


def chosen() -> dict[str, Any]:
    """What the shop wrote into ``settings.CONSULT``, unchecked."""
    return getattr(settings, "CONSULT", {})


conf = Conf()
