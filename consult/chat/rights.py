"""What a socket may do rests on a warrant, taken when it connected and asked again at every verb: has the browser's
token been withdrawn, has the operator signed out, lost the permission, been deactivated?
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.contrib.sessions.backends.signed_cookies import SessionStore as CookieSessions
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from consult.chat.entry import Refused
from consult.chat.models import ANSWER, VIEW_ALL, Token
from consult.chat.prepared import Prepared

LIVING_TOKENS = Prepared(
    lambda pks: Token.objects.filter(pk__in=pks, expires_at__gt=Now()).values_list("pk", "visitor", "customer")
)
LIVING_SESSIONS = Prepared(
    lambda keys: (
        import_module(settings.SESSION_ENGINE)
        .SessionStore.get_model_class()
        .objects.filter(session_key__in=keys, expire_date__gt=Now())
        .values_list("session_key")
    )
)
Holder = tuple[int, int | None]  # a token's visitor (pk), and its customer (pk)
MODEL_BACKEND = ["django.contrib.auth.backends.ModelBackend"]


class Warrant(NamedTuple):
    """Either a visitor's ``token`` (pk), with the ``user`` who must be signed in if it is a customer's; or an
    operator's ``session`` with the ``user`` it is of. ``proof`` changes with the user's password.
    """

    token: int | None = None
    visitor: int | None = None
    session: str = ""
    user: int | None = None
    proof: str = ""


class Rights(NamedTuple):
    """What a warrant is still good for."""

    answers: bool = False
    sees_all: bool = False
    moved: bool = False  # none, until it is asked anew who this is: the browser has signed in since


NONE = Rights()
VISITOR = Rights(answers=True)
MOVED = Rights(moved=True)


def standing(warrants: Iterable[Warrant]) -> dict[Warrant, Rights]:
    """The rights that each of ``warrants`` gives now: a handful of queries however many there are."""
    warrants = set(warrants)
    tokens = _living_tokens({warrant.token for warrant in warrants if warrant.token is not None})
    sessions = _living_sessions({warrant.session for warrant in warrants if warrant.user is not None})
    users = _users({warrant.user for warrant in warrants if warrant.user is not None})
    return {warrant: _rights(warrant, tokens, sessions, users) for warrant in warrants}


def of(warrant: Warrant) -> Rights:
    """The rights that one warrant gives now."""
    return standing([warrant])[warrant]


def turned_away(now: Rights) -> Refused:
    """The refusal of whoever has no rights left, or has to ask for them anew."""
    return Refused("moved" if now.moved else "signed_out")


def of_user(session: str, user: Any) -> Warrant:
    """The warrant of somebody signed in."""
    return Warrant(session=session, user=user.pk, proof=user.get_session_auth_hash())


def at_desk(user: Any) -> Rights:
    """What somebody, signed in or not, may do at a desk now: one query."""
    _, rights = _users({user.pk} - {None}).get(user.pk, ("", NONE))
    return rights


def operators() -> list[Any]:
    """Everybody who may answer now."""
    staff = get_user_model()._default_manager.filter(is_active=True, is_staff=True)
    if settings.AUTHENTICATION_BACKENDS == MODEL_BACKEND:
        return list(staff.filter(Q(is_superuser=True) | _granted(ANSWER)))
    return [user for user in staff if user.has_perm(ANSWER)]


def _rights(
    warrant: Warrant, tokens: dict[int, Holder], sessions: set[str], users: dict[int, tuple[str, Rights]]
) -> Rights:
    if warrant.user is not None:
        proof, rights = users.get(warrant.user, ("", NONE))
        if warrant.session not in sessions or proof != warrant.proof:
            return NONE
        if warrant.token is None:
            return rights
    if warrant.token not in tokens:
        return NONE
    return VISITOR if tokens[warrant.token] == (warrant.visitor, warrant.user) else MOVED


def _living_tokens(pks: set[int]) -> dict[int, Holder]:
    """For each token that lives whose it is now."""
    return {pk: (visitor, customer) for pk, visitor, customer in LIVING_TOKENS.rows(list(pks))} if pks else {}


def _living_sessions(keys: set[str]) -> set[str]:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    if not keys or issubclass(store, CookieSessions):  # a session kept in the cookie can't be ended from here
        return keys
    if issubclass(store, DatabaseSessions):
        return {key for (key,) in LIVING_SESSIONS.rows(list(keys))}
    return {key for key in keys if store().exists(key)}


def _users(pks: set[int]) -> dict[int, tuple[str, Rights]]:
    """For each active user their proof, and what they may do at a desk."""
    if not pks:
        return {}
    users = get_user_model()._default_manager
    if settings.AUTHENTICATION_BACKENDS == MODEL_BACKEND:  # one query for all; other backends may know better
        found: Iterable[Any] = users.raw(*ACTIVE_USERS.sql(list(pks)))
        return {user.pk: (user.get_session_auth_hash(), _desk(user, user.answers, user.sees_all)) for user in found}
    return {
        user.pk: (user.get_session_auth_hash(), _desk(user, user.has_perm(ANSWER), user.has_perm(VIEW_ALL)))
        for user in users.filter(pk__in=pks, is_active=True)
    }


def _active_users(pks: list[int]) -> QuerySet[Any]:
    users = get_user_model()._default_manager.filter(pk__in=pks, is_active=True)
    return users.annotate(answers=_granted(ANSWER), sees_all=_granted(VIEW_ALL))


def _desk(user: Any, answers: bool, sees_all: bool) -> Rights:  # noqa: FBT001
    if not user.is_staff:
        return NONE
    return Rights(answers or user.is_superuser, sees_all or user.is_superuser)


def _granted(permission: str) -> Exists:
    app, codename = permission.split(".")
    owners = Q(user=OuterRef("pk")) | Q(group__user=OuterRef("pk"))
    return Exists(Permission.objects.filter(owners, content_type__app_label=app, codename=codename))


ACTIVE_USERS = Prepared(_active_users)
