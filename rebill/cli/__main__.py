"""`python -m rebill.cli` is the command `rebill`."""

from rebill.cli.watch import main

main()
