"""What is declared is what a collector's schema takes, and it leads to the outlet's articles."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from kzmonitor.errors import InputError
from kzmonitor.newsroom import Newsroom, Outlet, Record, declare
from kzmonitor.newsroom.layouts import LAYOUTS
from kzmonitor.sources import registry

Factory = Callable[..., Outlet]


@pytest.fixture
def newsroom(an_outlet: Factory) -> Newsroom:
    """One outlet of each layout, never started: declarations need the ports only."""
    found = Newsroom([an_outlet(layout, slug=layout) for layout in LAYOUTS])
    for port, outlet in enumerate(found.outlets.values(), 8101):
        outlet.port = port
    return found


@pytest.mark.parametrize("more", [False, True])
def test_the_schema_of_sources_takes_every_declaration(newsroom: Newsroom, tmp_path: Path, more: bool) -> None:
    paths = declare(newsroom, tmp_path / "new", listings=more, sitemaps=more, spiders={"vlast": "vlast"})
    found = registry.load(tmp_path / "new")
    assert found.errors == ()
    assert list(found.sources) == sorted(LAYOUTS) == sorted(path.stem for path in paths)
    vlast = found.sources["vlast"]
    assert (vlast.kind, vlast.spider, vlast.languages) == ("local", "vlast", ("en", "kk", "ru"))
    assert found.sources["plain"].spider == "declared"
    assert (vlast.every_minutes, vlast.delay_s) == (1, 0)


@pytest.mark.parametrize("layout", [name for name, layout in LAYOUTS.items() if layout.url_id])
def test_the_declared_pattern_makes_one_canonical_address_of_all_variants(
    newsroom: Newsroom, tmp_path: Path, layout: str
) -> None:
    declare(newsroom, tmp_path)
    facts = yaml.safe_load((tmp_path / f"{layout}.yml").read_text(encoding="utf-8"))
    outlet = newsroom.outlets[layout]
    for record_id in outlet.addresses().values():
        seen = set()
        for address in [outlet.address(record_id), *outlet.variants(record_id)]:
            match = re.search(facts["url_id"], address)
            assert match
            seen.add(facts["canonical"].format(**match.groupdict()))
        assert len(seen) == 1
        assert outlet.find(seen.pop().removeprefix(outlet.base_url))[1] == 200


def test_languages_that_declarations_do_not_know_are_left_out(tmp_path: Path) -> None:
    records = [Record(lang, lang, "T", "x") for lang in ("uk", "kk", "zz")]
    declare(Newsroom([Outlet("dala", records=records, now=datetime(2026, 3, 15, tzinfo=UTC))]), tmp_path)
    assert yaml.safe_load((tmp_path / "dala.yml").read_text(encoding="utf-8"))["languages"] == ["kk"]


def test_a_folder_that_cannot_be_written_is_named(newsroom: Newsroom, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="can't be written"):
        declare(newsroom, tmp_path / "file")
