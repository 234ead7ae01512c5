"""Months lived twice, calmly and with kills on two machines, leave the same record.

A story that fails is lived again by its seed: `REBILL_STORY=17 pytest -m soak -k simulated`.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from pathlib import Path

import nights
import postgres
import pytest
from simulated import House, house, story

from rebill.inquiry.verify import verify
from rebill.store.record import reading

MINUTES = float(os.environ.get("REBILL_SOAK_MINUTES", "10"))
"""How long new stories are lived in the long form."""


def lived(root: Path, seed: int, steps: int, url: str | None = None) -> House:
    """Return the house after disturbed months; asserts that they left what calm ones leave."""
    calm, disturbed = house(root / "calm", None, False), house(root / "disturbed", url, True)
    for each in (calm, disturbed):
        each.live(story(seed, steps))
    assert disturbed.said == calm.said, f"story {seed} of {steps} steps"
    expected = nights.exported(calm.machines[0])
    for machine in disturbed.machines:
        found = nights.exported(machine)
        wrong = [name for name in expected if found[name] != expected[name]]
        assert wrong == [], f"story {seed} of {steps} steps"
        with reading(machine) as record:
            assert verify(record).faults.rows() == [], f"story {seed} of {steps} steps"
    assert nights.outbox(disturbed.machines[0]) == nights.outbox(calm.machines[0])
    return disturbed


def test_months_with_kills_on_two_machines_leave_what_calm_months_leave(tmp_path: Path) -> None:
    assert lived(tmp_path, 194, 11).kills > 0
    (tmp_path / "replayed").mkdir()
    assert story(194, 11) == story(194, 11) != story(195, 11)


@pytest.mark.soak
def test_it_is_so_for_as_long_as_one_looks(tmp_path: Path, postgres_server: str) -> None:
    ends = time.monotonic() + 60 * MINUTES
    seed = int(os.environ.get("REBILL_STORY", "0"))
    only = bool(seed)
    seed = seed or time.time_ns() % 10**9
    while time.monotonic() < ends:
        print(f"story {seed}")
        lived(tmp_path / "sqlite", seed, 60)
        with postgres.fresh_database(postgres_server, f"story_{uuid.uuid4().hex}") as url:
            lived(tmp_path / "postgresql", seed, 25, url)
        for name in ("sqlite", "postgresql"):
            shutil.rmtree(tmp_path / name)
        if only:
            break
        seed += 1
