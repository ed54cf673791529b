"""`python -m kzmonitor` is the `kzmonitor` command."""

from kzmonitor.cli.app import main

main()
