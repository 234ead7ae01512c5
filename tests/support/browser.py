"""A real browser without a window: what a page becomes in it, and what it complains about."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
NAMED_BY = "REBILL_BROWSER"
COMPLAINT = re.compile(r":CONSOLE[:(].*|Uncaught .*|Refused to .*|net::ERR.*")


def find_browser() -> str | None:
    """Return the browser an environment variable names, or the first one on the machine."""
    named = os.environ.get(NAMED_BY)
    return shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)


def opened(browser: str, page: Path, profile: Path) -> tuple[str, list[str]]:
    """Return a page as the browser has it once everything ran, and what went wrong in it."""
    done = subprocess.run(
        [
            browser,
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *("--enable-logging=stderr", "--log-level=0", f"--user-data-dir={profile}"),
            *("--virtual-time-budget=2000", "--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if COMPLAINT.search(line)]


class Tables(HTMLParser):
    """The tables of a page that have an id: rows of text by the column's name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, list[dict[str, str]]] = {}
        self._columns: list[str] = []
        self._name: str | None = None
        self._cells: list[str] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self._name, self._columns = given.get("id"), []
            if self._name:
                self.found[self._name] = []
        elif tag == "th" and given.get("data-column"):
            self._columns.append(given["data-column"] or "")
        elif tag == "tr":
            self._cells = []
        elif tag == "td" and self._cells is not None:
            self._cells.append("")

    def handle_data(self, data: str) -> None:
        if self._cells:
            self._cells[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "tr" and self._cells and self._name:
            row = [cell.strip() for cell in self._cells]
            self.found[self._name].append(dict(zip(self._columns, row, strict=True)))
        if tag in ("tr", "td") and tag == "tr":
            self._cells = None
