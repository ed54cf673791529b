"""The command line: `kzmonitor COMMAND`. Each group of commands is a module of this folder."""

from kzmonitor.cli.app import main

__all__ = ["main"]
