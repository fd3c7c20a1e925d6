from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.projects.sync.clones import BoardClone, Log
from tests.projects.sync.scripts import run

SEEDS = range(int(os.environ.get("SYNC_SCRIPTS", "6")))


@pytest.mark.parametrize("seed", SEEDS)
def test_clones_agree_after_a_random_script(seed: int, make_board_clone: Callable[[str], BoardClone], log: Log) -> None:
    run(seed, [make_board_clone(person) for person in ("ada", "bob", "carol")], log, steps=60)
