"""What stands in code on a page: its fenced and its indented blocks, as Markdown has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from checkout import ROOT
from markdown_it import MarkdownIt

PAGES = {
    str(path.relative_to(ROOT)): path.read_text("utf-8")
    for pattern in ("*.md", "docs/**/*.md", "*/README.md", "rebill/cli/manual/topics/*.md")
    for path in sorted(ROOT.glob(pattern))
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
}
"""All pages that people read, by where they lie."""


class Block(NamedTuple):
    """A block of code: its row on the page, the language it names, and what stands in it."""

    row: int
    language: str
    text: str

    @property
    def first(self) -> str:
        return self.text.strip().partition("\n")[0]


def blocks(page: str) -> list[Block]:
    """Return the blocks of code of a page, in their order, those in lists and tables too."""
    tokens = MarkdownIt("commonmark").parse(page)
    return [
        Block(token.map[0] + 1, token.info, token.content)
        for token in tokens
        if token.type in ("fence", "code_block") and token.map
    ]


def typed(block: Block) -> list[str]:
    """Return the commands of `rebill` in a block, each on one line, without its remark."""
    text = re.sub(r"\\\n\s*", " ", block.text)
    lines = (re.sub(r"\s#\s.*$", "", line).strip() for line in text.splitlines())
    known = re.compile(r"(\$ )?(.*\| )?rebill [a-z-]")
    return [line.removeprefix("$ ") for line in lines if known.match(line)]


def inline(page: str) -> Iterator[str]:
    """Return the commands of `rebill` that stand in code within the sentences of a page."""
    for token in MarkdownIt("commonmark").enable("table").parse(page):
        for child in token.children or ():
            if child.type == "code_inline" and re.match(r"rebill [a-z-]", child.content):
                yield child.content
