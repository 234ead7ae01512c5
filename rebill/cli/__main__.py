"""`python -m rebill.cli` is the command `rebill`."""

from rebill.cli.main import main

main()
