"""`python -m kzmonitor` is the `kzmonitor` command."""

from kzmonitor.cli import main

main()
