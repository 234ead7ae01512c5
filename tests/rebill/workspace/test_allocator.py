"""Processes take memory as their work wants it; what a person has set himself stands."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from rebill.workspace.allocator import LEAN, POOLED, SETTING, lean, pool_memory


@pytest.mark.parametrize(
    ("set_already", "of_a_command", "of_a_reader"),
    [(None, POOLED, LEAN), (POOLED, POOLED, LEAN), ("narenas:3", "narenas:3", "narenas:3")],
)
def test_what_a_person_set_stands(monkeypatch, set_already, of_a_command, of_a_reader):
    monkeypatch.delenv(SETTING, raising=False)
    if set_already:
        monkeypatch.setenv(SETTING, set_already)
    pool_memory()
    assert os.environ[SETTING] == of_a_command
    assert lean(os.environ)[SETTING] == of_a_reader
    assert lean({"HOME": "/"})[SETTING] == LEAN


@pytest.mark.parametrize("options", [POOLED, LEAN])
def test_the_allocator_knows_every_option(options):
    """It says on standard error what it does not know."""
    environment = {**os.environ, SETTING: options}
    done = subprocess.run(
        [sys.executable, "-c", "import polars; polars.select(1)"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
