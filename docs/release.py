"""A version is cut: what is unreleased in CHANGELOG.md is from then on what the version brought.

    python -m docs.release 0.2.0 2026-12-01

The first number tells when a promise was broken (`docs/python.md`, tables, commands, settings), the
second when one was added, the third that only faults went. The number itself stands in
`rebill/__init__.py` and nowhere else.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHANGELOG, PACKAGE = "CHANGELOG.md", "rebill/__init__.py"
UNRELEASED = "## Unreleased\n"
SECTION = re.compile(r"^## (?:(Unreleased)|(\d+\.\d+\.\d+) - (\d{4}-\d{2}-\d{2}))$", re.MULTILINE)
NUMBER = re.compile(r'^__version__ = "(\d+\.\d+\.\d+)"$', re.MULTILINE)


class Refused(Exception):
    """The version cannot be cut."""


def order(version: str) -> tuple[int, ...]:
    """Return a version as what versions are ordered by."""
    return tuple(map(int, version.split(".")))


def cut(changelog: str, package: str, version: str, day: dt.date) -> tuple[str, str]:
    """Return the changelog and the package as they are once a version is cut."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise Refused(f"{version!r} is no version; write it as 0.2.0")
    found = NUMBER.search(package)
    if found is None:
        raise Refused(f"{PACKAGE} says no version")
    if order(version) <= order(found[1]):
        raise Refused(f"{version} is not after {found[1]}, the last one")
    _, unreleased, rest = changelog.partition(UNRELEASED)
    news = re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    if not unreleased or "\n- " not in news:
        raise Refused(f"nothing is unreleased: {CHANGELOG} has no line below {UNRELEASED.strip()}")
    heading = f"{UNRELEASED}\n## {version} - {day}\n"
    return (
        changelog.replace(UNRELEASED, heading, 1),
        NUMBER.sub(f'__version__ = "{version}"', package),
    )


def main(words: list[str]) -> int:
    """Cut the version that is named, as of the day that is named."""
    try:
        version, day = words
        files = ROOT / CHANGELOG, ROOT / PACKAGE
        changelog, package = (file.read_text("utf-8") for file in files)
        texts = cut(changelog, package, version, dt.date.fromisoformat(day))
    except (ValueError, Refused) as fault:
        print(f"{fault}; nothing was changed", file=sys.stderr)
        return 2
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, "utf-8")
    print(f"{version}: run make check, commit, then git tag v{version}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
