"""The documentation as a site, of the same pages: `make site` leaves it in `build/site/`.

    python -m docs.site

The pages are those that stand in this repository; nothing is written twice. Whose page it is
stands in the table of `docs/README.md`, and the site is ordered by it. What a page leads to is a
page of the site too, or is named: files of code are not part of it. A link that leads nowhere, to
a page or a heading, stops the build. It needs no network, neither to be built nor to be read:
`build/site/index.html` opens as a file, its search included.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INDEX = Path("docs/README.md")
FIRST, LAST = Path("README.md"), Path("CHANGELOG.md")
READERS = {
    "Begin": ("who looks first", "who is new"),
    "To run it": ("who runs it", "who plans the machine"),
    "To feed it": ("who feeds it",),
    "To dispute": ("who disputes", "who decides"),
    "To sell": ("who sells", "who prices", "who bills", "who pays partners"),
    "To watch the money": ("who watches the cash", "who collects", "who keeps the books"),
    "To build on it": ("who writes Python", "who changes it", "who asks why"),
    "To look up": ("who types", "who feeds it and scripts it"),
}
"""The parts of the site, and for whom the pages of each are, as the index says it."""
ROW = re.compile(r"^\| (\[.*?) \| (who [^|]*?) \|", re.MULTILINE)
LINK = re.compile(r"\[([^\]]*)\]\((?!\w+:|#)([^)#\s]+)(#[^)]*)?\)")
CODE = re.compile(r"^```(?s:.*?)^```$|^ {4}.*$", re.MULTILINE)
CONF = """\
project = "rebill"
version = release = {version!r}
extensions = ["myst_parser"]
# Words of the glossary stand two levels below its title; a crontab has no colours.
suppress_warnings = ["myst.header", "misc.highlighting_failure"]
myst_heading_anchors = 4
root_doc = "index"
html_theme = "furo"
html_title = f"rebill {{version}}"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_use_index = False
html_static_path = ["static"]
html_css_files = ["wide.css"]
highlight_language = "text"
nitpicky = True
smartquotes = False
"""
WIDE = """\
.content { width: min(60em, 100%); min-width: 0; }
td, th { vertical-align: top; text-align: left; }
"""
"""Our tables are wide, and are read from the top."""


class Astray(Exception):
    """A page leads nowhere, or is for nobody the site knows."""


def parts() -> dict[str, list[Path]]:
    """Return the pages of the site below the part of each reader, in the order of the index."""
    found: dict[str, list[Path]] = {part: [] for part in READERS}
    part_of = {words: part for part, those in READERS.items() for words in those}
    for pages, reader in ROW.findall((ROOT / INDEX).read_text("utf-8")):
        if reader not in part_of:
            raise Astray(f"{INDEX}: `{reader}` is in no part of the site; add it to READERS")
        found[part_of[reader]] += [inside(INDEX, to) for _, to, _ in LINK.findall(pages)]
    found["Begin"].insert(0, INDEX)
    found["To build on it"].append(LAST)
    return found


def inside(page: Path, target: str) -> Path:
    """Return where a link of a page leads, from the top of the repository."""
    path = (ROOT / page.parent / target).resolve()
    if not path.exists() or not path.is_relative_to(ROOT):
        raise Astray(f"{page}: there is no {target}")
    return path.relative_to(ROOT)


def written(page: Path, pages: set[Path]) -> str:
    """Return a page as the site has it: what is no page of it is named, and no link."""

    def led(link: re.Match[str]) -> str:
        words, target, heading = link.groups()
        path = inside(page, target)
        if path in pages:
            place = "index.md" if path == FIRST else path.as_posix()
            return f"[{words}]({os.path.relpath(place, page.parent)}{heading or ''})"
        name = f"`{path.as_posix()}`"
        return name if words.strip("`/") in (path.as_posix(), path.name) else f"{words} ({name})"

    text, done, at = (ROOT / page).read_text("utf-8"), "", 0
    for code in CODE.finditer(text):
        done += LINK.sub(led, text[at : code.start()]) + code[0]
        at = code.end()
    return done + LINK.sub(led, text[at:])


def staged(folder: Path) -> None:
    """Leave in a folder what the site is made of: pages, their order, and how it looks."""
    from rebill import __version__

    ordered = parts()
    pages = {FIRST, *(page for those in ordered.values() for page in those)}
    shutil.rmtree(folder, ignore_errors=True)
    for page in sorted(pages):
        place = folder / ("index.md" if page == FIRST else page)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(written(page, pages), "utf-8")
    with (folder / "index.md").open("a", encoding="utf-8") as index:
        for part, those in ordered.items():
            rows = "\n".join(page.as_posix() for page in those)
            index.write(f"\n```{{toctree}}\n:hidden:\n:caption: {part}\n\n{rows}\n```\n")
    (folder / "static").mkdir()
    (folder / "static" / "wide.css").write_text(WIDE, "utf-8")
    (folder / "conf.py").write_text(CONF.format(version=__version__), "utf-8")


def main() -> int:
    """Build the site; whatever is wrong with a page is told and is a failure."""
    source, site = ROOT / "build" / "pages", ROOT / "build" / "site"
    try:
        staged(source)
    except Astray as fault:
        print(fault, file=sys.stderr)
        return 1
    words = [sys.executable, "-m", "sphinx", "-q", "-E", "-W", "--keep-going", "-b", "html"]
    shutil.rmtree(site, ignore_errors=True)
    return subprocess.run([*words, "-d", str(source / ".trees"), str(source), str(site)]).returncode


if __name__ == "__main__":
    raise SystemExit(main())
