"""Whether pressure crosses a border: a body of Kazakhstan acts abroad, or a person is pursued from here."""

from functools import cache

import yaml

from kzmonitor.classify.fields.features import Scene
from kzmonitor.classify.meetings import AWAY, HOME
from kzmonitor.config import models_folder
from kzmonitor.language.concepts import Automaton

# Pursuit told in the headline or this many first sentences is the matter of the text.
LEAD = 4


@cache
def _automaton() -> Automaton:
    words = yaml.safe_load((models_folder() / "fields" / "pursuit.yaml").read_text("utf-8"))
    return Automaton((kind, str(pattern)) for kind, lists in words.items() for ps in lists.values() for pattern in ps)


def transnational(scene: Scene) -> bool:
    """Whether the text tells of pursuit across a border as a matter of its own: words of pursuit (extradition, a
    passport refused, asylum, embassy), early on, and another country named."""
    tokens, matches = scene.reading.tokens, scene.reading.matches
    if not any(match.concept == AWAY for match in matches):
        return False
    pursued = [match for match in _automaton().find(tokens) if match.concept == "pursuit"]
    away = {tokens.sentence[match.first] for match in matches if match.concept == AWAY}
    home = {tokens.sentence[match.first] for match in matches if match.concept in HOME}
    for match in pursued:
        sentence = tokens.sentence[match.first]
        early = match.first < tokens.title or sentence - scene.first_sentence < LEAD
        if early and (away & {sentence - 1, sentence, sentence + 1}) and home:
            return True
    return False
