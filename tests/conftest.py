"""The cast, whose roles are the authorization matrix, and the machines they meet on."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterator

import hypothesis
import pytest
from asgiref.sync import SyncToAsync
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.db import connections
from playwright.sync_api import Browser

from consult.chat import beat, pool, rate, writer
from consult.chat.desks import desks
from consult.models import Visitor
from tests.demo import Demo
from tests.faults.machines import Redis, chromium

# By hand every run draws anew; where a change is judged, the luck of the draw must not be.
hypothesis.settings.register_profile("judge", derandomize=True, deadline=None)
if os.environ.get("CI") == "true":
    hypothesis.settings.load_profile("judge")

ANSWERS = ("consult.answer_conversation", "example_shop.view_order", "example_shop.add_order")
MANAGES = (
    *ANSWERS,
    "consult.view_all_conversations",
    "consult.manage_invitations",
    "consult.view_reports",
    "consult.review_conversations",
    "consult.change_schedule",
    "example_shop.change_order",
)


@pytest.fixture
def visitor(db: None) -> Visitor:
    return Visitor.objects.create(name="Vera")


@pytest.fixture
def other_visitor(db: None) -> Visitor:
    return Visitor.objects.create(name="Walter")


@pytest.fixture
def customer(db: None) -> User:
    """Somebody with an account in the shop, and no part in its work."""
    return User.objects.create_user("anna", "anna@shop.example", "consult")


@pytest.fixture
def operator(db: None) -> User:
    return employ("olga", *ANSWERS)


@pytest.fixture
def colleague(db: None) -> User:
    return employ("carl", *ANSWERS)


@pytest.fixture
def former_operator(db: None) -> User:
    """No longer staff, though nobody thought of taking the permission away."""
    user = employ("fred", *ANSWERS)
    user.is_staff = False
    user.save()
    return user


@pytest.fixture
def manager(db: None) -> User:
    return employ("mary", *MANAGES)


@pytest.fixture
def reader(db: None) -> User:
    """A manager who reads along, and answers nobody."""
    return employ("rita", "consult.view_all_conversations", "consult.view_reports")


@pytest.fixture
def staff(db: None) -> User:
    """Works in the shop's admin, and has no permission of consult's."""
    return employ("stan")


def employ(name: str, *permissions: str) -> User:
    user = User.objects.create_user(name, f"{name}@shop.example", "consult", first_name=name.title(), is_staff=True)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


@pytest.fixture(autouse=True)
def threads_end_with_their_test() -> Iterator[None]:
    """Or their connections would keep the database from being emptied, and at last from being dropped."""
    yield
    writer.stop()
    beat.rest()
    pool.close_all()
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture(autouse=True)
def nobody_sat_at_a_desk() -> None:
    """What a process's desks know of its conversations outlives the last of them, until the next beat."""
    desks.forget()


@pytest.fixture(autouse=True)
def nobody_has_spoken_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast somebody speaks is remembered by their key, which the next test's people have again."""
    monkeypatch.setattr(rate, "_buckets", OrderedDict())


@pytest.fixture(autouse=True)
def nothing_was_cached() -> None:
    """Rules that are no more would be, for a minute."""
    cache.clear()


@pytest.fixture
def redis_server() -> Iterator[Redis]:
    """A Redis that belongs to one test, to be stopped and killed."""
    with Redis() as redis:
        yield redis


@pytest.fixture
def serve_demo() -> Iterator[Callable[..., Demo]]:
    """Starts a demo that belongs to one test: ``serve_demo(REDIS_URL=…)``."""
    started: list[Demo] = []

    def serve(**settings: str) -> Demo:
        demo = Demo(**settings)
        started.append(demo)
        demo.start()
        return demo

    yield serve
    for demo in started:
        demo.__exit__(None, None, None)


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """The demo that all tests with browsers visit."""
    with Demo() as demo:
        yield demo


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium. Who the people in it are is a matter of its contexts: ``browser.new_context()``."""
    with chromium() as browser:
        yield browser
