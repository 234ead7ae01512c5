"""The form profiles of a workspace: its own TOML files below `forms/`, and those that are shipped.

One of the workspace with the name of a shipped one is used instead of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from invoices.forms import Form, FormError, parse_form, shipped_forms
from rebill.settings import ConfigError, Workspace

FOLDER = "forms"
LARGEST = 2**20
"""A profile is a page of text; a larger file is none."""
USUAL = "plain"
"""The profile of claims whose contract names none."""


def workspace_forms(workspace: Workspace) -> Mapping[str, Form]:
    """Return the profiles of a workspace by name; raises ConfigError where one is faulty."""
    return {**shipped_forms(), **_own(workspace.root / FOLDER)}


def form_of(forms: Mapping[str, Form], name: str | None) -> Form:
    """Return the profile of a name, the usual one without; raises ConfigError where none is."""
    found = forms.get(name or USUAL)
    if found is None:
        raise ConfigError(f"no dispute form is called `{name}`; there are: {', '.join(forms)}")
    return found


def _own(folder: Path) -> dict[str, Form]:
    found: dict[str, Form] = {}
    for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
        try:
            if path.stat().st_size > LARGEST:
                raise ConfigError(f"{path}: larger than {LARGEST:,} bytes; a form is a page")
            form = parse_form(path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError, FormError) as fault:
            raise ConfigError(f"{path}: {fault}") from fault
        if form.form in found:
            raise ConfigError(f"{path}: another file has the form `{form.form}` too; rename one")
        found[form.form] = form
    return found
