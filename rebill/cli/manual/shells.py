"""`rebill completion`: what a shell has to know to complete commands, options and words."""

from __future__ import annotations

from typing import Annotated

import typer

from rebill.cli.base import app, example
from rebill.cli.manual.choices import COMPLETES, SHELLS


@app.command(
    "completion",
    epilog=example(
        "rebill completion bash > ~/.local/share/bash-completion/completions/rebill",
        "rebill completion zsh > ~/.zfunc/_rebill",
        "rebill completion fish > ~/.config/fish/completions/rebill.fish",
    ),
)
def completion(
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print what lets a shell complete commands with the Tab key.

    Put it where your shell looks, as below, and begin a new shell. For bash, the package
    `bash-completion` has to be there; for zsh, `~/.zfunc` in `fpath`, before `compinit`.
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    if shell not in SHELLS:
        raise typer.BadParameter(f"{shell!r} is no shell; there are: {', '.join(SHELLS)}")
    print(get_completion_script(prog_name="rebill", complete_var=COMPLETES, shell=shell))
