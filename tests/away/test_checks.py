"""What ``manage.py check --deploy`` says of the e-mails that a shop sends."""

from __future__ import annotations

from typing import Any

import django
import pytest
from django.core.checks import Tags, run_checks

from tests.away.post import mail_through, set_up


def found(*, deploy: bool = True) -> set[str]:
    said = run_checks(tags=[Tags.compatibility], include_deployment_checks=deploy)
    return {str(one.id) for one in said} & {"consult.W009", "consult.W010"}


def test_without_an_address_of_the_shop_there_are_no_links(settings: Any) -> None:
    assert found() == set()
    set_up(settings, SITE_URL=None)
    assert found() == {"consult.W009"}
    assert found(deploy=False) == set()


@pytest.mark.parametrize(("timeout", "expected"), [(None, {"consult.W010"}), (30, set())])
def test_nobody_waits_for_a_mail_server_without_end(timeout: int | None, expected: set[str], settings: Any) -> None:
    mail_through(settings, 25)
    if django.VERSION >= (6, 1):
        settings.MAILERS["default"]["OPTIONS"]["timeout"] = timeout
    else:
        settings.EMAIL_TIMEOUT = timeout
    assert found() == expected


def test_a_backend_that_is_none_is_for_others_to_tell(settings: Any) -> None:
    set_up(settings, MAILER="nowhere")
    assert found() == set()
