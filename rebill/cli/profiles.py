"""The commands about dialects of carrier paper: which there are, whether one is right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebill.cli.base import WRONG_USAGE, example, profiles, put
from rebill.cli.options import HERE, CsvOut, Given, Where


@profiles.command("list", epilog=example("rebill profiles list", "rebill profiles list --json"))
def profiles_list(given: Given) -> None:
    """List the profiles that files are read by: the workspace's own, and those that are shipped."""
    from rebill.workspace.profiles import listing, profiles_at

    given.show(listing(profiles_at(given.workspace)))


@profiles.command(
    "new-from",
    epilog=example("rebill profiles new-from bills/north.csv --name north -o profiles/north.toml"),
)
def profiles_new_from(
    file: Path,
    name: Annotated[
        str | None, typer.Option("--name", help="What the profile is called; default: the file.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: printed.")
    ] = None,
    workspace: Where = HERE,
) -> None:
    """Draft a profile from an example of a delimited export or workbook, for a person to correct.

    Delimiter, header, dates, numbers and the usual names of columns are looked for; each guess
    stands in the draft with values of its column.
    """
    from rebill.intake.profiles import drafted

    text = drafted(workspace, file, name)
    if output is None:
        print(text, end="")
        return
    from rebill.workspace import write
    from rebill.workspace.settings import ConfigError

    if output.exists():
        raise ConfigError(f"{output} is there already; name another file with -o")
    write.write_atomic(output, text)


@profiles.command(
    "check", epilog=example("rebill profiles check profiles/north.toml", "rebill profiles check")
)
def profiles_check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE|NAME]...", help="Default: all there are.")
    ] = None,
    workspace: Where = HERE,
) -> None:
    """Say whether profiles can be used: every fault with the setting it stands in, then exit 2."""
    from rebill.intake.profiles import check
    from rebill.paper.text import note

    faults = check(workspace, names or [])
    for fault in faults:
        note(f"error: {fault}")
    if faults:
        raise typer.Exit(WRONG_USAGE)


@profiles.command("cells", epilog=example("rebill profiles cells SOACTVTY.DET -o activity.csv"))
def profiles_cells(
    path: Annotated[Path, typer.Argument(metavar="FILE")],
    *,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="The layout to read it by.")
    ] = None,
    out: CsvOut = None,
    given: Given,
) -> None:
    """Show what a layout makes of a fixed-width file: each record with its cells."""
    from rebill.intake.profiles import cells
    from rebill.paper.text import safe_csv

    rows = cells(given.workspace, path, profile)
    if out is None:
        given.show(rows)
    else:
        put(safe_csv(rows), out)
