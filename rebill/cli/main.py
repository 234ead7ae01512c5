"""The command line: nouns as in the library, results on stdout, progress and findings on stderr.

Exit codes: 0 done; 1 done, and something needs a person; 2 wrong usage or configuration;
3 failed, nothing half done. Whatever is slow to import is imported inside the command, and of the
nouns those alone that are typed.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import Context
from importlib import import_module
from typing import Annotated

import typer

from rebill import __version__
from rebill.cli.base import NEEDS_A_PERSON, Commands, app, in_order
from rebill.cli.failures import ENDED, Ended, ended_by_signals, is_closed_pipe, told, told_of_papers

NOUNS = {
    "night": ("init", "load", "ingest", "reconcile", "nightly", "demo", "db"),
    "cash.bank": ("cash",),
    "books": ("books",),
    "cash.pulls": ("cash",),
    "commissions": ("commissions",),
    "decisions": ("disputes", "documents", "findings"),
    "disputes.claims": ("disputes",),
    "cash.forecast": ("cash",),
    "invoices": ("invoices",),
    "lookup": ("export", "explain", "describe", "bills", "csr"),
    "margin": ("margin",),
    "disputes.packets": ("disputes",),
    "profiles": ("profiles",),
    "upkeep": ("verify", "db", "runs"),
}
"""Each module adds its commands to `app` when it is imported: the first words of these, in the
order of the help."""
VERSION = "--version"
OBJECTS = 10_000
"""After so many new objects, circles of them that nobody needs are looked for. Imports make many
objects and few circles: to look after every few hundred cost a tenth of a start."""
VERBOSE = ("-v", "--verbose")
"""It may stand anywhere, as people type it."""


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option(VERSION, help="Print the version.")] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Show where in the program a failure happened.")
    ] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def command_line(typed: Sequence[str] = ()) -> Commands:
    """Return the command line: every noun has added its commands to it.

    Where the words that are `typed` begin with one of a noun, it may be that noun's commands alone.
    """
    first = next((word for word in typed if word not in VERBOSE), "")
    wanted = [name for name, words in NOUNS.items() if first in words] or NOUNS
    for name in wanted:
        import_module(f"rebill.cli.{name}")
    in_order(f"rebill.cli.{name}" for name in NOUNS)
    return app


def main() -> None:
    """Run the command line and leave with the promised exit code."""
    from rebill.workspace.privacy import keep_private

    keep_private()
    gc.set_threshold(OBJECTS)
    words = sys.argv[1:]
    own = words[: words.index("--")] if "--" in words else words
    verbose = any(word in VERBOSE for word in own)
    kept = [word for word in own if word not in VERBOSE] + words[len(own) :]
    # A context of its own: what this process did before says nothing of this command.
    sys.exit(Context().run(_run, [VERBOSE[0], *kept] if verbose else kept, verbose))


def _run(words: list[str], verbose: bool) -> int:
    """Run a command and return its exit code; what went wrong is said in one sentence."""
    try:
        run = _tell_version if words == [VERSION] else command_line(words)
        with ended_by_signals():
            code = _carried_out(run, words)
            sys.stdout.flush()
        return _with_papers(code, verbose)
    except BaseException as error:  # a panic of polars is no Exception
        if is_closed_pipe(error):
            _nobody_reads()
            return 0
        return _say(*told(error), error, verbose)


def _tell_version(_words: list[str]) -> None:
    """Print the version without what takes options apart, which is slow to import."""
    print(__version__)


def _carried_out(run: Callable[[list[str]], object], words: list[str]) -> int:
    """Run a command as typer does, and return its exit code."""
    closed = sys.stdout
    try:
        run(words)
    except SystemExit as left:
        if sys.stdout is not closed:  # typer met a closed pipe, and hides what is left to print
            raise BrokenPipeError from left
        if left.code == 128 + signal.SIGINT:  # polars and typer have their own way to end
            raise Ended(ENDED.format(signal.SIGINT.name)) from left
        return left.code if isinstance(left.code, int) else 0
    return 0


def _with_papers(code: int, verbose: bool) -> int:
    """Return the exit code of a command that was done, whose papers may lack."""
    module = sys.modules.get("rebill.outbox.undelivered")
    error = module.why() if module else None
    if error is None:
        return code
    return _say(code or NEEDS_A_PERSON, told_of_papers(error), error, verbose)


def _say(code: int, sentence: str, error: BaseException, verbose: bool) -> int:
    """Say a sentence on standard error, with where it happened if that is asked for."""
    with suppress(OSError):
        if verbose:
            traceback.print_exception(error)
        print(sentence, file=sys.stderr)
    return code


def _nobody_reads() -> None:
    """Let what is left to print go nowhere: whoever read our output had enough of it."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.dup2(nowhere, sys.stderr.fileno())
