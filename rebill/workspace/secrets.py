"""Settings that may hold a password: where they stand if not in `rebill.toml`; how it is hidden.

A secret is in an environment variable, `env:NAME`, or is the one line of a file, `file:PATH`. A
relative path is taken from the workspace and leads nowhere else.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from urllib.parse import unquote

from rebill.workspace.inside import opened

LARGEST = 4096
"""Bytes of a secret."""
HIDDEN = "***"


class Unusable(ValueError):
    """A secret that cannot be had from where it is said to stand."""


def looked_up(value: str, root: Path) -> str:
    """Return a setting, from where it stands; raises `Unusable` if it cannot.

    What is neither `env:NAME` nor `file:PATH` is itself.
    """
    kind, _, name = value.partition(":")
    if kind == "env":
        found = os.environ.get(name, "").strip()
        if not found:
            raise Unusable(f"the environment has no {name or 'such variable'}; set it")
        return found
    return _of_file(name, root) if kind == "file" else value


def _of_file(name: str, root: Path) -> str:
    """Return the one line of a file that nobody else can read."""
    path = Path(name)
    folder, inside = (path.parent, path.name) if path.is_absolute() else (root, name)
    try:
        with opened(folder, inside) as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(LARGEST + 1).decode("utf-8-sig").strip()
    except (OSError, ValueError) as fault:
        why = getattr(fault, "strerror", None) or str(fault)
        raise Unusable(f"the file {name} cannot be read: {why}") from None
    if mode & 0o077:
        raise Unusable(f"the file {name} can be read by others (mode {mode:o}); `chmod 600` it")
    if not text or len(text) > LARGEST or "\n" in text:
        raise Unusable(f"the file {name} holds no URL; it is to be its one line")
    return text


def hidden(words: object, url: str) -> str:
    """Return words without any password of a URL, whole or in the pieces it may be taken for."""
    told = str(words)
    rest = url.partition("://")[2]
    login, _, behind = rest.rpartition("@")
    secrets = {login.partition(":")[2]} if login else set()
    secrets |= set(re.findall(r"password=([^&\s]*)", behind or rest, re.IGNORECASE))
    for secret in sorted(secrets, key=len, reverse=True):
        for form in (secret, unquote(secret), *re.split(r"[@:/?#]", secret)):
            if len(form) > 1 or form == secret:
                told = told.replace(form, HIDDEN) if form else told
    return told
