"""The commands about dialects of carrier paper: which there are, whether one is right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rebill.cli.base import example, profiles, put
from rebill.cli.failures import NEEDS_A_PERSON, WRONG_USAGE
from rebill.cli.options import HERE, Listed, Where
from rebill.cli.standard_input import DASH

MOST_ASKED = 10
"""So many questions of a draft have room on a screen."""


@profiles.command("list", epilog=example("rebill profiles list", "rebill profiles list --json"))
def profiles_list(given: Listed) -> None:
    """List the profiles that carrier files are read by.

    Those of the workspace and those that are shipped. Unfinished drafts are listed too; no file
    is read by them.
    """
    from rebill.workspace.profiles import listing, profiles_at, unfinished_at

    root = given.workspace
    given.show(listing(profiles_at(root), unfinished_at(root)), "profiles")


@profiles.command(
    "new-from",
    epilog=example("rebill profiles new-from bills/north.csv --name north -o profiles/north.toml"),
)
def profiles_new_from(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    name: Annotated[
        str | None, typer.Option("--name", help="What the profile is called; default: the file.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: printed.")
    ] = None,
    workspace: Where = HERE,
) -> None:
    """Draft a profile from an example file, for a person to correct.

    The example is a delimited export or a workbook. The draft is tried on it: what it reads, sets
    aside and does not read is reported. What it is not sure of it asks in lines marked `# ?`;
    until they are answered no file is read by it.
    """
    from rebill.inquiry.describe import known_at
    from rebill.intake.profiles import drafted
    from rebill.paper.text import note, say, told_in_columns
    from rebill.workspace import write
    from rebill.workspace.settings import SETTINGS_FILE, ConfigError, open_workspace

    if output is not None and str(output) != DASH and output.exists():
        raise ConfigError(f"{output} is there already; name another file with -o")
    place = open_workspace(workspace) if (workspace / SETTINGS_FILE).exists() else None
    made = drafted(workspace, file, name, known_at(place))
    asked = [(f"line {one.line}", one.words) for one in made.questions]
    if not asked:
        whole = not {"refused", "held", "set aside", "not tried"} & {
            said for said, _ in made.report
        }
        then = "look it over, then try it with `rebill describe`"
        then = then if whole else "but it does not read the whole file yet, as said above"
        asked = [("asks", f"nothing: {then}")]
    if len(asked) > MOST_ASKED:
        more = f"{len(asked) - MOST_ASKED} more: `rebill profiles check` shows all"
        asked = [*asked[:MOST_ASKED], ("asks", more)]
    said = told_in_columns([*made.report, *asked])
    if output is None or str(output) == DASH:
        put(made.text, None)
        note(said)
        return
    write.write_atomic(output, made.text)
    say(said)


@profiles.command(
    "check", epilog=example("rebill profiles check profiles/north.toml", "rebill profiles check")
)
def profiles_check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE|NAME]...", help="Default: all there are.")
    ] = None,
    workspace: Where = HERE,
) -> None:
    """Say whether profiles can be used.

    Every fault is told with the setting it stands in: exit 2.
    """
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
    given: Listed,
) -> None:
    """Show what a layout makes of a file of typed records.

    Each record, fixed or delimited, with its cells.
    """
    from rebill.intake.profiles import cells

    given.show(cells(given.workspace, path, profile), "records")


@profiles.command("events", epilog=example("rebill profiles events SOACTVTY.DET -o events.csv"))
def profiles_events(
    path: Annotated[Path, typer.Argument(metavar="FILE")],
    *,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="The profile to read it by.")
    ] = None,
    given: Listed,
) -> None:
    """Show the events of orders in a carrier's order activity.

    Nothing is kept. Rows that cannot be read are named with their reason on standard error: exit 1.
    """
    from rebill.cli.lists.shown import tell_aside
    from rebill.intake.profiles import events

    found = events(given.workspace, path, profile)
    given.show(found.events, "events of orders")
    if tell_aside(found.set_aside):
        raise typer.Exit(NEEDS_A_PERSON)
