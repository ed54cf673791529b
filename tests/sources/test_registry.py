"""Sources are found by being in a folder; one broken file hides no other."""

from pathlib import Path

import pytest

from kzmonitor.errors import SetupError
from kzmonitor.sources import Registry, load
from kzmonitor.sources.registry import DECLARATIONS

PROMISED = {
    "vlast",
    "azattyq",
    "azattyq-asia",
    "orda",
    "kursiv",
    "tengrinews",
    "informburo",
    "kazinform",
    "astana-times",
    "times-ca",
    "kibhr",
    "adil-soz",
    "hrw",
    "civicus",
    "eurasianet",
    "diplomat",
    "cabar",
    "iphr",
    "cpj",
    "rsf",
    "freedom-house",
    "odihr",
}


@pytest.fixture(scope="module")
def shipped() -> Registry:
    return load()


def declare(folder: Path, slug: str, more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{slug}.yml"
    facts = f"name: {slug}\nlanguages: [ru]\nhosts: [{slug}.example]\nfeeds: [https://{slug}.example/rss]\n"
    path.write_text(facts + more, encoding="utf-8")
    return path


def test_every_shipped_declaration_loads(shipped: Registry) -> None:
    assert shipped.errors == ()
    assert set(shipped.sources) >= PROMISED
    assert list(shipped.sources) == sorted(shipped.sources)


def test_outlets_with_pages_of_their_own_name_their_spider(shipped: Registry) -> None:
    assert shipped.sources["vlast"].spider == "vlast"
    assert shipped.sources["azattyq"].spider == shipped.sources["azattyq-asia"].spider == "azattyq"


def test_a_source_that_is_switched_off_says_why_in_its_file(shipped: Registry) -> None:
    for slug, source in shipped.sources.items():
        if not source.enabled:
            text = (DECLARATIONS / f"{slug}.yml").read_text(encoding="utf-8")
            line = next(line for line in text.splitlines() if line.startswith("enabled:"))
            assert "#" in line, slug


def test_every_address_has_its_evidence_in_a_comment_before_or_beside_it() -> None:
    for path in DECLARATIONS.glob("*.yml"):
        explained = False
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith(("feeds:", "listings:", "sitemaps:")):
                explained = "#" in line
            elif line.startswith("  - http"):
                explained = explained or "#" in line
                assert explained or "enabled: false" in path.read_text(encoding="utf-8"), f"{path.name}: {line}"


def test_sources_that_share_a_number_space_are_those_of_one_publisher(shipped: Registry) -> None:
    shared = {source.slug for source in shipped.sources.values() if source.id_space != source.slug}
    assert shared == {"azattyq", "azattyq-asia", "current-time", "rferl-en"}
    assert not {source.id_space for source in shipped.sources.values()} & shared


def test_a_host_belongs_to_one_source_unless_addresses_tell_them_apart(shipped: Registry) -> None:
    owners: dict[str, list[str]] = {}
    for source in shipped.sources.values():
        for host in source.known_hosts:
            owners.setdefault(host, []).append(source.slug)
    for slugs in owners.values():
        assert len(slugs) == 1 or all(shipped.sources[slug].url_id for slug in slugs)


def test_one_broken_file_is_one_error_and_the_others_go_on(tmp_path: Path) -> None:
    for slug in ("b", "a", "c"):
        declare(tmp_path, slug)
    declare(tmp_path, "b", "feed: []\n")
    declare(tmp_path, "Bad Name")
    registry = load(tmp_path)
    assert list(registry.sources) == ["a", "c"]
    assert sorted(str(error).split(":")[0].split("/")[1] for error in registry.errors) == ["Bad Name.yml", "b.yml"]
    assert all(isinstance(error, SetupError) for error in registry.errors)


def test_only_yml_files_are_read_and_a_likely_slip_is_named(tmp_path: Path) -> None:
    declare(tmp_path, "a")
    (tmp_path / "README.md").write_text("notes", encoding="utf-8")
    (tmp_path / ".a.yml").write_text("left by an editor", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("name: b", encoding="utf-8")
    registry = load(tmp_path)
    assert list(registry.sources) == ["a"]
    assert [str(error).endswith("name it b.yml to have it read") for error in registry.errors] == [True]


def test_a_later_folder_replaces_a_file_of_the_same_name(tmp_path: Path) -> None:
    declare(tmp_path / "one", "a")
    declare(tmp_path / "two", "a", "tier: 4\n")
    assert load(tmp_path / "one", tmp_path / "two").sources["a"].tier == 4


def test_a_broken_replacement_does_not_bring_back_what_it_replaces(tmp_path: Path) -> None:
    declare(tmp_path / "one", "a")
    declare(tmp_path / "two", "a", "proxi: http://127.0.0.1:3128\n")
    registry = load(tmp_path / "one", tmp_path / "two")
    assert registry.sources == {}
    assert len(registry.errors) == 1


def test_a_missing_folder_is_one_error(tmp_path: Path) -> None:
    declare(tmp_path / "here", "a")
    registry = load(tmp_path / "here", tmp_path / "nowhere")
    assert list(registry.sources) == ["a"]
    assert "nowhere" in str(registry.errors[0])


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("https://vlast.kz./amp/obsshestvo/50280-slovo.html", "vlast"),
        ("http://d1iw67jkb6uwc5.cloudfront.net/a/kazahstan/33490916.html", "azattyq-asia"),
        ("https://www.gov.kz/memleket/entities/mfa/press/news/details/12?lang=ru", "mfa"),
        ("https://www.gov.kz/memleket/entities/kgd/press/news/details/12?lang=ru", "kgd"),
        ("https://vlast.kz.evil.example/novosti/50280-slovo.html", None),
        ("https://azattyq-ruhy.kz/news/1", None),
        ("not an address", None),
    ],
)
def test_an_address_leads_to_its_source(shipped: Registry, url: str, slug: str | None) -> None:
    owner = shipped.owner(url)
    assert (owner.slug if owner else None) == slug
