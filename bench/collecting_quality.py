"""How much of a served text was found, and how much else: token F1."""

import re
from collections import Counter

TOKEN = re.compile(r"\w+")


def f1(served: str, found: str) -> float:
    """The harmonic mean of precision and recall of words, each as often as it stands; 0 to 1."""
    wanted, got = (Counter(TOKEN.findall(text.lower())) for text in (served, found))
    if not wanted or not got:
        return float(wanted == got)
    return 2 * (wanted & got).total() / (wanted.total() + got.total())
