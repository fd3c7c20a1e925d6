"""The settings of one machine's server, on the PostgreSQL that `python -m tests.postgres` has started.

The tests name nothing that belongs to an engine, so they find the same application on both.
"""

from __future__ import annotations

import os

from pmsite.settings import *  # noqa: F403 -- all of them
from pmsite.team_environment import database

DATABASES = {"default": database({"PM_DATABASE_URL": os.environ["PM_TEST_DATABASE"]})}
