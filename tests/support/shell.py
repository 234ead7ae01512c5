"""The command line as a shell sees it, for tests of any command."""

from __future__ import annotations

from collections.abc import Callable

Call = Callable[..., tuple[int, str, str]]
"""Words of a command in; exit code, standard output and standard error out."""
