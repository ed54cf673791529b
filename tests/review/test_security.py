"""What is public, and where nobody is sent."""

import pytest

from kzmonitor.review.door import inside
from kzmonitor.review.security import is_public


@pytest.mark.parametrize(
    ("target", "way"),
    [("/alerts/1?a=b", "/alerts/1?a=b"), ("//evil", "/"), ("/\\evil", "/"), ("https://evil", "/"), ("", "/")],
)
def test_nobody_is_sent_to_other_peoples_pages(target: str, way: str) -> None:
    assert inside(target) == way


@pytest.mark.parametrize(
    "path", ["/", "/loginx", "/login/", "/static", "/people", "/me", "/api/v1/alerts", "/x/static/"]
)
def test_nothing_is_public_by_resemblance(path: str) -> None:
    assert not is_public(path)
