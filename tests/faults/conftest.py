"""Machines for a test of faults. What one test kills another doesn't share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.machines import Postgres
from tests.faults.shop import Shop, Stage

OpenShop = Callable[..., Shop]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as postgres:
        yield postgres


@pytest.fixture(scope="session")
def stages(postgres: Postgres) -> Iterator[dict[str, Stage]]:
    stages = {"sqlite": Stage(None), "postgres": Stage(postgres)}
    yield stages
    for stage in stages.values():
        stage.close()


@pytest.fixture
def open_shop(stages: dict[str, Stage]) -> Iterator[OpenShop]:
    """Opens a shop for one test: ``open_shop("postgres", processes=2, redis=redis_server)``."""
    opened: list[Shop] = []

    def open_one(engine: str, **more: Any) -> Shop:
        shop = Shop(stages[engine], **more)
        opened.append(shop)
        shop.open()
        return shop

    yield open_one
    for shop in opened:
        shop.close()
