"""Errors, named by what happens next. Each message is one line: what is wrong, where, what to do."""


class KzmonitorError(Exception):
    """Anything that kzmonitor explains to its user; `str(error)` is the line that is shown."""


class SetupError(KzmonitorError):
    """Nothing can work (settings, database, files): stop, exit 2, no retry."""


class InputError(KzmonitorError):
    """What the caller handed over can't be used: stop, exit 2, nothing was written."""


class SourceError(KzmonitorError):
    """This source failed for now: go on with the others, retry later. `state` names the failure."""

    def __init__(self, message: str, state: str) -> None:
        super().__init__(message)
        self.state = state


class PageError(KzmonitorError):
    """This capture defeats us: set it aside, go on. `state` names the failure."""

    def __init__(self, message: str, state: str) -> None:
        super().__init__(message)
        self.state = state
