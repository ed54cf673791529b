"""Sources: what they declare about themselves, and how they do."""

from kzmonitor.sources.declaration import Declaration, read
from kzmonitor.sources.registry import Registry, load

__all__ = ["Declaration", "Registry", "load", "read"]
