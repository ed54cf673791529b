"""The command line: `kzmonitor COMMAND`. Each group of commands is a module of this folder."""
