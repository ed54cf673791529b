"""Round-ups: monthly lists and reviews of a year that tell of many events. They open no incident where they list known
ones."""

from kzmonitor.incidents.telling import Telling

# A report that is taken for a round-up by mistake would be lost: so many parties must be named, too. Of the seed's
# texts that pass both (roles and targets predicted by models that did not see them), 13 of 25 are round-ups.
LEAST_TARGETS = 3


def is_round_up(telling: Telling) -> bool:
    """Whether a telling lists events of several parties."""
    targets = telling.fields.get("targets") or ()
    return telling.fields.get("role") == "round_up" and len(targets) >= LEAST_TARGETS
