"""From a name that somebody typed to the parties that bear it, in any spelling or script."""

import re
from uuid import UUID

from sqlalchemy import Text, cast, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from kzmonitor.language.entities import find
from kzmonitor.language.names import skeleton
from kzmonitor.language.tokens import tokenize
from kzmonitor.store.tables import Party

WORD = re.compile(r"[^\W\d_]+")
LONGEST = 120
# As in the index ix_party_words: the words of a key such as `person:berik sagindikov`.
KEY_WORDS = literal_column("string_to_array(split_part(party.key, ':', 2), ' ')", ARRAY(Text))


def named(session: Session, said: str, limit: int = 50) -> list[UUID]:
    """The parties that all words of a name fit, or whom the gazetteer knows by it; none for a name without words."""
    words = sorted({letters for word in WORD.findall(said[:LONGEST]) if (letters := skeleton(word))})
    if not words:
        return []
    listed = {mention.entity.id for mention in find(tokenize(said[:LONGEST], "")) if mention.entity.id}
    bearing = KEY_WORDS.op("@>")(cast(words, ARRAY(Text)))
    query = select(Party.id).where(or_(bearing, Party.key.in_(listed)) if listed else bearing)
    return list(session.scalars(query.order_by(Party.id).limit(limit)))
