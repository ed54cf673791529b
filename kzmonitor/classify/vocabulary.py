"""Vocabularies saved as one string: skops writes a dictionary entry by entry, which is slow and large."""

from collections.abc import Iterable
from typing import Any


class CompactVocabulary:
    """Mixin for transformers with a `vocabulary_` (term -> column) and perhaps sets of terms, named in `TERM_SETS`."""

    TERM_SETS: Iterable[str] = ()

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())  # type: ignore[call-overload]
        if "vocabulary_" in state:
            vocabulary = state["vocabulary_"]
            state["vocabulary_"] = "\n".join(sorted(vocabulary, key=vocabulary.__getitem__))
            state |= {name: "\n".join(sorted(state[name])) for name in self.TERM_SETS}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "vocabulary_" in state:
            terms = state["vocabulary_"].split("\n")
            state = state | {"vocabulary_": {term: column for column, term in enumerate(terms)}}
            state |= {name: frozenset(state[name].split("\n")) for name in self.TERM_SETS}
        parent = super()
        if hasattr(parent, "__setstate__"):
            parent.__setstate__(state)
        else:
            self.__dict__.update(state)
