"""The command line: nouns as in the library, results on stdout, progress and findings on stderr.

Exit codes: 0 done; 1 done, and something needs a person; 2 wrong usage or configuration;
3 failed, nothing half done. Whatever is slow to import is imported inside the command.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from rebill import __version__
from rebill.cli import (
    bank,
    books,
    cash,
    commissions,
    decisions,
    disputes,
    forecast,
    invoices,
    lookup,
    margin,
    night,
    packets,
    profiles,
    service_records,
    upkeep,
)
from rebill.cli.base import FAILED, WRONG_USAGE, Commands, app

NOUNS = (
    *(bank, books, cash, commissions, decisions, disputes, forecast, invoices, lookup, margin),
    *(night, packets, profiles, service_records, upkeep),
)
"""Each adds its commands to `app` when it is imported."""


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def command_line() -> Commands:
    """Return the whole command line: every noun has added its commands to it."""
    return app


def _nobody_reads() -> NoReturn:
    """Leave without a word: whoever read our output had enough of it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(FAILED)


def main() -> None:
    """Run the command line and leave with the promised exit code."""
    from rebill.workspace.privacy import keep_private

    keep_private()
    try:
        app()
    except BrokenPipeError:
        _nobody_reads()
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:  # a panic of polars is no Exception
        from rebill.workspace.settings import ConfigError, Failure, WorkspaceBusy

        if isinstance(error, OSError) and "Broken pipe" in str(error):  # as polars tells it
            _nobody_reads()
        if isinstance(error, Failure):
            print(f"error: {error}", file=sys.stderr)
            sys.exit(FAILED)
        if isinstance(error, ConfigError):
            print(f"error: {error}", file=sys.stderr)
            sys.exit(FAILED if isinstance(error, WorkspaceBusy) else WRONG_USAGE)
        import traceback

        traceback.print_exc()
        told = "the record is whole; run the command again"
        print(f"error: {type(error).__name__}: {error}; {told}", file=sys.stderr)
        sys.exit(FAILED)
