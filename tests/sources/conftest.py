"""Articles of declared sources on past days."""

import hashlib
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from kzmonitor.store.tables import Article, Capture, Revision, Source, new_id


@pytest.fixture
def published(session: Session) -> Callable[..., Article]:
    """Writes an article of a source as the pipeline leaves it: `published("dala", at, "ru")`."""

    def write(
        source: str,
        at: datetime,
        language: str = "ru",
        *,
        title: str = "A title",
        text: str = "Some words",
        tell: bool = True,
        cut_by: str = "layout:0",
        route: str = "direct",
    ) -> Article:
        session.merge(
            Source(slug=source, name=source, tier=1, kind="outlet", languages=["ru"], country="KZ", enabled=True)
        )
        session.flush()
        url = f"https://{source}.example/{new_id()}"
        capture = Capture(
            id=new_id(), source=source, url=url, canonical_url=url, route=route, fetched_at=at, status=200,
            headers={}, hops=[], body=None, sha256=b"\1" * 32,
        )  # fmt: skip
        article = Article(id=new_id(), key=url, canonical_url=url, source=source, first_seen=at, tell=tell)
        session.add_all([capture, article])
        session.flush()
        revision = Revision(
            id=new_id(), article_id=article.id, capture_id=capture.id, title=title, text=text, language=language,
            text_sha256=hashlib.sha256(url.encode()).digest(), script="cyrl", published_at=at, cut_by=cut_by,
        )  # fmt: skip
        session.add(revision)
        session.flush()
        article.current_revision = revision.id
        session.flush()
        return article

    return write
