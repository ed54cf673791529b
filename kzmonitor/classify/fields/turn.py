"""Whether pressure ends: words of a turn for the better, where they stand, and words that only ask for one."""

from collections import Counter
from functools import cache

import yaml

from kzmonitor.classify.fields.features import Scene
from kzmonitor.config import models_folder
from kzmonitor.language.concepts import Automaton

EASED, DEMAND = "eased", "demand"
SAID_BY_CONCEPTS = {"hedge.eased": EASED, "hedge.denied": "hedge.denied", "hedge.none": "hedge.none"}
SHARED = frozenset({"word.free", "word.cancel", "word.return", "word.restore", "word.win"})
MOST = 4


@cache
def _automaton() -> Automaton:
    words = yaml.safe_load((models_folder() / "fields" / "turns.yaml").read_text("utf-8"))
    return Automaton(
        (kind, str(pattern)) for kind, lists in words.items() for patterns in lists.values() for pattern in patterns
    )


def turn_features(scene: Scene) -> list[str]:
    """Names of what speaks for or against a turn for the better, by part of the text."""
    tokens = scene.reading.tokens
    said = [(match.first, match.concept) for match in _automaton().find(tokens)]
    said += [(m.first, SAID_BY_CONCEPTS[m.concept]) for m in scene.reading.matches if m.concept in SAID_BY_CONCEPTS]
    times = Counter(kind for _, kind in said)
    found = {f"{kind} {n}" for kind, count in times.items() for n in range(1, min(count, MOST) + 1)}
    for place, kind in said:
        sentence = tokens.sentence[place] - scene.first_sentence
        part = "first" if place >= tokens.title and sentence == 0 else scene.part(place)
        found.add(f"{part} {kind}")
        if place < tokens.title or sentence < 2:
            found.add(f"top {kind}")
    found |= {f"{scene.part(match.first)} {match.concept}" for match in scene.reading.words if match.concept in SHARED}
    for match in scene.reading.matches:
        if match.first < tokens.title and match.concept.startswith("act."):
            found |= {"title act", f"title {match.concept}"}
    found |= {"eased and demand"} if {f"top {EASED}", f"top {DEMAND}"} <= found else set()
    found |= {"title and first eased"} if {f"title {EASED}", f"first {EASED}"} <= found else set()
    return sorted(found)
