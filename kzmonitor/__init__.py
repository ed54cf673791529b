"""Find reports of pressure on civil society in Kazakhstan, explain them, and keep the proof."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("kzmonitor")
except PackageNotFoundError:  # a checkout on the path that was never installed
    VERSION = "0"
