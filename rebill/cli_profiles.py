"""The commands about dialects of carrier paper: which there are, whether one is right."""

from __future__ import annotations

from typing import Annotated

import typer

from rebill.cli_base import HERE, WRONG_USAGE, Json, Where, example, profiles


@profiles.command("list", epilog=example("rebill profiles list", "rebill profiles list --json"))
def profiles_list(json: Json = False, workspace: Where = HERE) -> None:
    """List the profiles that files are read by: the workspace's own, and those that are shipped."""
    from rebill.profiles import listing, profiles_at
    from rebill.views import show

    show(listing(profiles_at(workspace)), json)


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
    from rebill.profiles import check
    from rebill.views import note

    faults = check(workspace, names or [])
    for fault in faults:
        note(f"error: {fault}")
    if faults:
        raise typer.Exit(WRONG_USAGE)
