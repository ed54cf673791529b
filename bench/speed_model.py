"""How fast the classifier is on one core, beside a transformer of XLM-R-base size, in one run on the same texts.

    python bench/speed_model.py [--texts 400] [--by-transformer 6]

Seed texts are strung together to documents of 3,000 characters in all three languages. Times are CPU seconds with
every library held to one thread. The transformer is written in NumPy with random weights (bench/transformer.py); it
reads the first 512 words or marks of the same texts. Loading is timed in a new process, training is the whole seed.
Rewrites the table "speed" of the model card."""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from bench import card, splits
from bench.transformer import PIECES, TOKENS, Encoder
from kzmonitor.classify import persist, registry
from kzmonitor.classify.labelled import Text, read_taxonomy
from kzmonitor.classify.model import Classifier
from kzmonitor.classify.train import train
from kzmonitor.config import models_folder
from kzmonitor.language.tokens import tokenize

CHARACTERS = 3000
MIB = 2**20
LOADS = """
import time, pathlib
from kzmonitor.classify import persist
body = pathlib.Path(__import__("sys").argv[1]).read_bytes()
began = time.perf_counter()
persist.load(body)
print(time.perf_counter() - began)
"""

Pair = tuple[str, str]


def main() -> None:
    """Measure, print and rewrite the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--texts", type=int, default=400)
    arguments.add_argument("--by-transformer", type=int, default=6, help="as many texts for the slow one")
    given = arguments.parse_args()
    seed = splits.texts("seed")
    classifier: Classifier | None = None

    def learn() -> None:
        nonlocal classifier
        classifier = train(registry.seed_texts(), read_taxonomy(models_folder() / "taxonomy.yaml"))

    training = seconds(learn)
    assert classifier is not None
    trained_mib = _peak_mib()
    body = persist.save(classifier)
    pairs, others = halves(documents(seed, 2 * given.texts))
    # A worker that has read other news knows most words: their forms are looked up once.
    classifier.predict(others)
    off, on = rates(classifier, pairs)
    calm_off, calm_on = rates(classifier, documents([text for text in seed if not text.labels], given.texts))
    slow = by_transformer(pairs[: given.by_transformer])
    rows = [
        ["documents a CPU second, reasons off", f"{off:.0f}", "250"],
        ["documents a CPU second, reasons on", f"{on:.0f}", "100"],
        ["the same of irrelevant texts alone, off / on", f"{calm_off:.0f} / {calm_on:.0f}", ""],
        ["transformer of XLM-R-base size, documents a CPU second", f"{slow:.2f}", ""],
        ["times as fast, reasons off / on", f"{off / slow:.0f} / {on / slow:.0f}", ""],
        ["load time, seconds", f"{load_time(body):.2f}", "under 1"],
        ["training on the whole seed, CPU seconds", f"{training:.0f}", "under 90"],
        ["peak memory of training, MiB", f"{trained_mib:.0f}", "under 1,536"],
        ["model file, MB", f"{len(body) / 1e6:.1f}", "under 60"],
    ]
    note = (
        f"{len(pairs)} documents of {CHARACTERS:,} characters in three languages, seed texts strung together, after as "
        f"many others; one thread; NumPy {np.__version__}. "
        "torch is not installed here: the transformer is the same matrix products in NumPy, with random weights, on "
        f"{given.by_transformer} of these documents cut to {TOKENS} tokens, without the cost of its own tokenizer."
    )
    told = f"{card.table(['what', 'measured', 'aim'], rows)}\n\n{note}"
    card.rewrite({"speed": told})
    print(told)


def documents(seed: Sequence[Text], number: int) -> list[Pair]:
    """`number` documents of 3,000 characters, each in one language, the languages by turns."""
    streams = []
    for language in ("ru", "kk", "en"):
        body = "\n\n".join(text.text for text in seed if text.lang == language)
        parts = [body[at : at + CHARACTERS] for at in range(0, len(body) - CHARACTERS, CHARACTERS)]
        titles = [text.title for text in seed if text.lang == language]
        streams.append(list(zip(titles, parts, strict=False)))
    turns = (cycle(stream) for stream in streams)
    return list(islice((pair for three in zip(*turns, strict=True) for pair in three), number))


def halves(pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Two halves in the same languages by turns, of different texts."""
    return pairs[: len(pairs) // 2], pairs[len(pairs) // 2 :]


def rates(classifier: Classifier, pairs: Sequence[Pair]) -> tuple[float, float]:
    """Documents a CPU second, with reasons off and on."""
    off = seconds(lambda: classifier.predict(pairs, reasons=False))
    on = seconds(lambda: classifier.predict(pairs))
    return len(pairs) / off, len(pairs) / on


def seconds(do: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    began = time.process_time()
    do()
    return time.process_time() - began


def by_transformer(pairs: Sequence[Pair]) -> float:
    """Documents a CPU second."""
    encoder = Encoder()
    numbers = [
        np.array([zlib.crc32(word.encode("utf-8", "replace")) % PIECES for word in _marks(pair)]) for pair in pairs
    ]
    encoder.score(numbers[0])
    return len(pairs) / seconds(lambda: [encoder.score(one) for one in numbers])


def _marks(pair: Pair) -> list[str]:
    """512 pieces: words in parts of four letters, about as long as the pieces of a multilingual vocabulary."""
    words = tokenize(*pair).fold
    pieces = [word[at : at + 4] for word in words for at in range(0, len(word), 4)]
    return pieces[:TOKENS]


def load_time(body: bytes) -> float:
    """Seconds by the clock to load the model in a process that has imported what it needs."""
    with tempfile.NamedTemporaryFile(suffix=".skops") as file:
        Path(file.name).write_bytes(body)
        done = subprocess.run([sys.executable, "-c", LOADS, file.name], capture_output=True, text=True, check=True)
    return float(done.stdout)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
