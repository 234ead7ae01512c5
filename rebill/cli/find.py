"""The command that finds whatever is on record by any of its names."""

from __future__ import annotations

from typing import Annotated

import typer

from rebill.cli.base import app, example
from rebill.cli.failures import NEEDS_A_PERSON
from rebill.cli.options import GivenDay


@app.command(epilog=example("rebill find '614 555 0131'", "rebill find 'blue heron' --json"))
def find(
    text: Annotated[list[str], typer.Argument(metavar="TEXT...", show_default=False)],
    *,
    given: GivenDay,
) -> None:
    """Tell all about a number, an account, a customer, a paper.

    TEXT is a telephone number, circuit, BAN, customer, order, claim, invoice, document, line or
    finding. Spelling, case and punctuation do not matter, nor do zeros in front of numbers; a
    customer is found by a part of its name too. Several hits are listed. Exit 1: nothing is found.
    """
    from rebill.inquiry.find import find as found
    from rebill.inquiry.found.find_words import as_words
    from rebill.paper.text import note, say

    with given.reading() as record:
        told = found(record, " ".join(text), given.as_of)
    if given.json:
        from json import dumps

        print(dumps(told, default=str, indent=1))
    elif told["hits"]:
        say(as_words(told))
    else:
        note(as_words(told))
    if not told["hits"]:
        raise typer.Exit(NEEDS_A_PERSON)
