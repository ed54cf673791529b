"""`kzmonitor retrain` on a small part of the seed, in seconds: python -m tests.faults.retraining DATABASE."""

import sys
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import make_url

from kzmonitor.classify import registry
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import models_folder
from kzmonitor.learn.retrain import World, retrain
from kzmonitor.store import engine


def small_world() -> World:
    """Some of the seed to learn from, some to judge by."""
    texts = registry.seed_texts()
    events = sorted({f"{text.event}" for text in texts}, key=lambda event: sha256(event.encode()).digest())
    learned, judged = set(events[20:220]), set(events[220:300])
    return World(
        [text for text in texts if f"{text.event}" in learned],
        [text for text in texts if f"{text.event}" in judged],
        read_taxonomy(models_folder() / "taxonomy.yaml"),
    )


if __name__ == "__main__":
    address = make_url(sys.argv[1]).set(drivername="postgresql+psycopg")
    with engine.connected(address) as database:
        print(retrain(database, datetime.now(UTC), world=small_world(), reason="by hand").outcome)
