"""The form profiles of a workspace: its own TOML files below `forms/`, and those shipped."""

from __future__ import annotations

from pathlib import Path

from rebill.workspace.settings import ConfigError, Workspace
from reconcile.claims.forms import FormError, FormProfile, parse_form, shipped
from reconcile.contracts import Contract

FOLDER = "forms"
LARGEST = 2**20
"""A profile is a page of text; a larger file is none."""


def read_form(path: Path) -> FormProfile:
    """Return the profile in a file; raises ConfigError naming file and faults."""
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigError(f"{path}: larger than {LARGEST:,} bytes; a profile is a page of text")
        return parse_form(path.read_text(encoding="utf-8-sig"))
    except FormError as fault:
        raise ConfigError(fault.at(str(path))) from fault
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{path}: {fault}") from fault


def workspace_forms(workspace: Workspace) -> dict[str, FormProfile]:
    """Return the form profiles of a workspace by name; its own stand before those shipped.

    Raises ConfigError where one of its own is faulty or two have one name.
    """
    own: dict[str, FormProfile] = {}
    for path in sorted((workspace.root / FOLDER).glob("*.toml")):
        profile = read_form(path)
        if profile.form in own:
            raise ConfigError(f"{path}: another file is called `{profile.form}` too; rename one")
        own[profile.form] = profile
    return shipped() | own


def forms_for(workspace: Workspace, contracts: list[Contract]) -> dict[str, FormProfile]:
    """Return the form profiles; raises ConfigError where a contract names one that is not there."""
    forms = workspace_forms(workspace)
    absent = {c.id: c.dispute.form for c in contracts if c.dispute.form not in (None, *forms)}
    if absent:
        named = "; ".join(
            f"{contract} names the form `{form}`" for contract, form in absent.items()
        )
        raise ConfigError(
            f"{named}: there is no such profile; there are: {', '.join(sorted(forms))}"
        )
    return forms
