"""What is installed is the rooms and nothing else, with all that they need at work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from checkout import ROOT

ROOMS = ("rebill", "reconcile", "invoices", "usoc_catalog")
MOVED = ("migrations/", "docs/")
"""What stands beside the rooms in a checkout and lies in `rebill` once installed."""
NOT_SOURCE = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info")
PIP = ("-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-index", "--no-deps")


def python(folder: Path, *words: str, path: str = "") -> str:
    """Run Python in a folder; return what it said."""
    env = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def built(source: Path | str, folder: Path) -> Path:
    """Build a wheel of a folder or an archive, without the network; return the wheel."""
    python(folder, *PIP, "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources: building leaves files behind."""
    folder = tmp_path_factory.mktemp("copy") / "checkout"
    shutil.copytree(ROOT, folder, ignore=NOT_SOURCE)
    return folder


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(checkout, tmp_path_factory.mktemp("wheel"))


def names(wheel: Path) -> set[str]:
    """Return the files of a wheel, but for what it says about itself and its page of the manual."""
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    (page,) = (name for name in inside if name.endswith(".data/data/share/man/man1/rebill.1"))
    return inside - {page}


def sources(checkout: Path) -> set[str]:
    """Return every file of the rooms, the migrations where they lie once installed."""
    here = {
        path.relative_to(checkout).as_posix()
        for room in (*ROOMS, *MOVED)
        for path in (checkout / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return {f"rebill/{name}" if name.startswith(MOVED) else name for name in here}


def test_the_rooms_are_all_that_is_installed(wheel: Path):
    assert {name.split("/")[0] for name in names(wheel)} == set(ROOMS)


def test_every_file_of_the_rooms_is_installed(wheel: Path, checkout: Path):
    assert names(wheel) == sources(checkout)
    for name in (
        *(f"{room}/py.typed" for room in ROOMS),
        *("rebill/migrations/env.py", "rebill/migrations/versions/0001_first_shape.py"),
        *("rebill/paper/templates/page.html.jinja", "invoices/templates/customer_invoice.typ"),
        *("reconcile/form_profiles/default.toml", "invoices/carrier/profiles/usoc-lines.toml"),
        *("usoc_catalog/data/usoc_codes.csv", "rebill/cli/manual/topics/start.md"),
        *("rebill/docs/glossary.md", "rebill/docs/formats/flat.md"),
    ):
        assert name in names(wheel)


def test_the_archive_of_the_sources_makes_the_same_wheel(
    wheel: Path, checkout: Path, tmp_path: Path
):
    make = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    python(checkout, "-c", make, str(tmp_path))
    (archive,) = tmp_path.glob("*.tar.gz")
    assert names(built(archive, tmp_path)) == names(wheel)


def test_what_is_installed_makes_a_workspace_where_there_is_no_checkout(
    wheel: Path, tmp_path: Path
):
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    where = "import rebill.store.engine as engine; print(engine.__file__)"
    assert str(site) in python(tmp_path, "-c", where, path=str(site))
    python(tmp_path, "-m", "rebill.cli", "init", "acme", path=str(site))
    upgrade = ("-m", "rebill.cli", "db", "upgrade", "--workspace", "acme")
    python(tmp_path, *upgrade, path=str(site))
    assert (tmp_path / "acme" / "rebill.db").is_file()
