"""What a channel is handed and how it ends: the words that sending and the channels share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from kzmonitor.digest.rendering import Rendered
from kzmonitor.digest.selection import Digest


@dataclass(frozen=True)
class Parcel:
    """One delivery on its way. `digest` and `rendered` are None where there is no digest in it: a question whether an
    address wants to be subscribed. progress: parts of it that have arrived."""

    subscriber_id: UUID
    address: str
    language: str
    openpgp: str | None
    message_id: str
    mode: str
    when: datetime
    digest: Digest | None
    rendered: Rendered
    progress: int = 0


@dataclass(frozen=True)
class Sent:
    """How a delivery ended: sent; refused (permanently); waiting (not now); unknown (accepted or not).

    again_in_s: how long the other side asks to wait; closed: the channel itself does not work now, so that the other
    deliveries can wait, too."""

    state: str
    error: str | None = None
    again_in_s: float | None = None
    closed: bool = False


# Called with how much has arrived, right before that can become doubtful: writes it down and says whether the
# delivery is still wanted.
Begin = Callable[[int], bool]


class Channel(Protocol):
    """A way to readers. Opened by `with`; what it needs between two deliveries (a connection) it keeps by itself."""

    def __enter__(self) -> "Channel": ...

    def __exit__(self, *_error: object) -> None: ...

    def deliver(self, parcel: Parcel, begin: Begin) -> Sent:
        """Hand one over. `begin` is called before each part whose arrival may stay unknown."""
        ...


WITHDRAWN = Sent("withdrawn")
