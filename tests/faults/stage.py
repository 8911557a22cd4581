"""Sets the stage in the database the environment names: tables, and ``operator0``, ``operator1`` … who may answer.

``python -m tests.faults.stage 5``
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

import django
from django.core.management import call_command

from tests.faults.client import PASSWORD
from tests.faults.machines import ROOT


def set_the_stage(environment: Mapping[str, str], operators: int) -> None:
    """In a process of its own, for the environment is that of another."""
    command = [sys.executable, "-m", "tests.faults.stage", str(operators)]
    subprocess.run(command, check=True, cwd=ROOT, env=os.environ | dict(environment))


def migrate_and_employ(operators: int) -> None:
    from django.contrib.auth.models import Permission, User

    call_command("migrate", verbosity=0)
    permission = Permission.objects.get(content_type__app_label="consult", codename="answer_conversation")
    for number in range(operators):
        user = User.objects.create_user(f"operator{number}", password=PASSWORD, is_staff=True)
        user.user_permissions.add(permission)


if __name__ == "__main__":
    django.setup()
    migrate_and_employ(int(sys.argv[1]))
