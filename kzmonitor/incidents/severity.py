"""How grave an incident is, 1 to 4: a rule that can be read, not a model.

Four is for what cannot wait: force or custody reported by several outlets."""

from collections.abc import Collection

# What was done, from 1 (hindered) to 3 (freedom or safety of a person).
WEIGHT = {
    "detention": 3,
    "violence_threat": 3,
    "raid": 3,
    "prosecution": 3,
    "tax_inspection": 2,
    "smear_campaign": 2,
    "legal_restriction": 2,
    "censorship": 2,
    "obstruction": 1,
}
SOURCES_THAT_CONFIRM = 2


def severity(labels: Collection[str], sources: int) -> int:
    """The gravest label's weight, one more when at least two outlets report it; labels not listed weigh 1."""
    gravest = max((WEIGHT.get(label, 1) for label in labels), default=1)
    return min(4, gravest + (1 if sources >= SOURCES_THAT_CONFIRM else 0))
