"""Runs Python on a PostgreSQL and a Redis started for it alone: ``python -m tests.on_postgres -m pytest``."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.faults.machines import Postgres, Redis

if __name__ == "__main__":
    with Postgres() as postgres, Redis() as redis:
        environment = os.environ | {"DATABASE_URL": postgres.url("postgres"), "REDIS_URL": redis.url}
        ended = subprocess.run([sys.executable, *sys.argv[1:]], env=environment, check=False)
    sys.exit(ended.returncode)
