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
from rebill.cli.base import QUIET, Commands, app, in_order
from rebill.cli.failures import (
    ENDED,
    NEEDS_A_PERSON,
    Ended,
    ended_by_signals,
    is_closed_pipe,
    told,
    told_of_papers,
)
from rebill.cli.manual.choices import COMPLETES
from rebill.cli.manual.help_layout import first_of
from rebill.cli.options import HERE, Where
from rebill.paper.terminal import obeyed_by_none

NOUNS = {
    "night": ("init", "load", "ingest", "reconcile", "nightly", "demo", "db"),
    "cash.bank": ("cash",),
    "books": ("books",),
    "cash.pulls": ("cash",),
    "commissions": ("commissions",),
    "lists.registers": ("documents", "findings", "runs"),
    "decisions": ("disputes", "documents", "findings", "bills"),
    "disputes.claims": ("disputes",),
    "cash.forecast": ("cash",),
    "invoices": ("invoices",),
    "repricing": ("invoices",),
    "find": ("find",),
    "lookup": ("export", "explain", "describe", "bills", "csr"),
    "margin": ("margin",),
    "quotes.asked": ("quotes",),
    "disputes.packets": ("disputes",),
    "receivables": ("receivables",),
    "orders.order_lists": ("orders",),
    "orders.told_events": ("orders",),
    "profiles": ("profiles",),
    "upkeep": ("verify", "db"),
    "manual.topics": ("help",),
    "standing": ("status", "doctor"),
    "manual.shells": ("completion",),
}
"""Each module adds its commands to `app` when it is imported: the first words of these, in the
order of the help."""
VERSION = "--version"
OBJECTS = 10_000
"""After so many new objects, circles of them that nobody needs are looked for. Imports make many
objects and few circles: to look after every few hundred cost a tenth of a start."""
VERBOSE = ("-v", "--verbose")


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option(VERSION, help="Print the version.")] = False,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="No progress: only warnings and results.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option(*VERBOSE, help="Show where in the program a failure happened.")
    ] = False,
    workspace: Where = HERE,
) -> None:
    context.meta[QUIET] = quiet
    if version:
        print(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        context.fail("Missing command.")


def command_line(typed: Sequence[str] = ()) -> Commands:
    """Return the command line: every noun has added its commands to it.

    Where the words that are `typed` begin with one of a noun, it may be that noun's commands alone.
    """
    first = first_of(typed)
    wanted = [name for name, words in NOUNS.items() if first in words] or NOUNS
    for name in wanted:
        import_module(f"rebill.cli.{name}")
    in_order(f"rebill.cli.{name}" for name in NOUNS)
    return app


def main() -> None:
    """Run the command line and leave with the promised exit code."""
    from rebill.paper import streams
    from rebill.workspace.privacy import keep_private

    streams.set_up()
    keep_private()
    gc.set_threshold(OBJECTS)
    words = sys.argv[1:]
    own = words[: words.index("--")] if "--" in words else words
    verbose = any(word in VERBOSE for word in own)
    # A context of its own: what this process did before says nothing of this command.
    sys.exit(Context().run(_run, words, verbose))


def _run(words: list[str], verbose: bool) -> int:
    """Run a command and return its exit code; what went wrong is said in one sentence."""
    if COMPLETES in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()
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


def _tell_version(_words: list[str], **_settings: str) -> None:
    """Print the version without what takes options apart, which is slow to import."""
    print(__version__)


def _carried_out(run: Callable[..., object], words: list[str]) -> int:
    """Run a command as typer does, and return its exit code."""
    closed = sys.stdout
    try:
        run(words, prog_name="rebill")
    except SystemExit as left:
        # Where typer or rich met a closed pipe, they end the command in a way of their own.
        if sys.stdout is not closed or isinstance(left.__context__, BrokenPipeError):
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
        print(obeyed_by_none(sentence), file=sys.stderr)
    return code


def _nobody_reads() -> None:
    """Let what is left to print go nowhere: whoever read our output had enough of it."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.dup2(nowhere, sys.stderr.fileno())
