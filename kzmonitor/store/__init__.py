"""The database: the embedded server, the engine, the tables and their migrations."""

from kzmonitor.store.engine import Database, opened

__all__ = ["Database", "opened"]
