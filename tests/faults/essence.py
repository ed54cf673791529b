"""What a database says, without the numbers that are new in each run: two that say the same lost nothing, and did
nothing twice."""

from typing import Any

from tests.faults.machine import Machine

TOLD = """
    select incident, array_agg(article.key || ' ' || why order by article.key) as articles
    from incident_article join article on article.id = article group by incident
"""
QUESTIONS = {
    "entries": "select canonical_url, state, tries, error, capture_id = cut_id from entry",
    "captures": """select canonical_url, encode(sha256, 'hex'), length(body) from capture
                   where canonical_url in (select canonical_url from entry)""",
    "articles": """select key, count(*), bool_or(revision.id = current_revision) from article
                   join revision on article = article.id group by key""",
    "revisions": "select key, encode(text_sha256, 'hex') from revision join article on article.id = article",
    "predictions": """select encode(text_sha256, 'hex'), encode(model.sha256, 'hex'), relevance::numeric(9, 6), labels,
                      tier from prediction join revision on revision.id = prediction.revision
                      join model on model.id = model""",
    "signatures": "select key from article_signature join article on article.id = article",
    "clues": """select key, paired, grouped, (select count(*) from clue_token where article = article_clue.article)
                from article_clue join article on article.id = article""",
    "pairs": """select least(one.key, other.key), greatest(one.key, other.key), chance::numeric(9, 6) from article_pair
                join article one on one.id = first join article other on other.id = second""",
    "incidents": f"""select articles, title, labels, severity, place, region from incident join ({TOLD}) told
                     on told.incident = incident.id where redirect_to is null""",
    "alerts": f"""select articles, tier, score::numeric(9, 6), (select array_agg(kind order by kind) from alert_event
                  where alert = alert.id) from alert join ({TOLD}) told on told.incident = alert.incident""",
    "cases": f"""select articles, status, since from proceeding join ({TOLD}) told
                 on told.incident = proceeding.incident""",
    "searchable": "select count(*) from revision where search is not null",
}


def essence(machine: Machine) -> dict[str, list[Any]]:
    """The answers to all questions, each in order."""
    with machine.server.admin(machine.database) as connection:
        return {
            name: sorted(tuple(map(str, row)) for row in connection.execute(query).fetchall())  # type: ignore[arg-type]
            for name, query in QUESTIONS.items()
        }
