"""A declaration is read as written, and any mistake in it is one line that names the place."""

from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kzmonitor.errors import SetupError
from kzmonitor.sources import Declaration, read
from kzmonitor.sources.declaration import Expect, Layout, Mirror

DALA = """\
name: Дала
languages: [ru, kk]
hosts: [dala.example]
"""
FEED = "feeds: [https://dala.example/rss]\n"
GUIDE = Path(__file__).parents[2] / "docs" / "sources.md"


@pytest.fixture
def dala(tmp_path: Path) -> Path:
    folder = tmp_path / "declarations"
    folder.mkdir()
    return folder / "dala.yml"


def mistake(path: Path, content: str | bytes) -> str:
    """The one line with which reading `content` ends, after the file's name."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(SetupError) as caught:
        read(path)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith("declarations/dala.yml:")
    return line.removeprefix("declarations/dala.yml:")


def test_four_keys_make_a_source(dala: Path) -> None:
    dala.write_text(DALA + FEED, encoding="utf-8")
    source = read(dala)
    assert (source.slug, source.id_space, source.name) == ("dala", "dala", "Дала")
    assert (source.tier, source.kind, source.country) == (1, "outlet", "KZ")
    assert (source.every_minutes, source.delay_s, source.spider) == (3, 1, "declared")
    assert source.routes == ("direct",)
    assert source.enabled
    assert source.checked is None


def test_rights_groups_are_asked_less_often(dala: Path) -> None:
    dala.write_text(DALA + FEED + "kind: rights_group\n", encoding="utf-8")
    assert read(dala).every_minutes == 30
    dala.write_text(DALA + FEED + "kind: rights_group\nevery_minutes: 5\n", encoding="utf-8")
    assert read(dala).every_minutes == 5


def test_an_unknown_key_names_the_file_the_line_and_the_nearest_key(dala: Path) -> None:
    line = mistake(dala, DALA + "feed: [https://dala.example/rss]\n")
    assert line == '4: unknown key "feed"; did you mean "feeds"?'


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        pytest.param(DALA + FEED + "layouts:\n- body: p\n- until: 2024-01-01\n  bdy: p\n", 8, '"body"', id="layout"),
        pytest.param(DALA + FEED + "expect: {item_per_day: [1, 2]}\n", 5, '"items_per_day"', id="expect"),
        pytest.param(
            DALA.replace("[dala.example]", "[dala.example, {host: m.example, util: 2026-01-01}]") + FEED,
            3,
            '"until"',
            id="mirror",
        ),
        pytest.param(DALA.replace("name:", "nam:") + FEED, 1, '"name"', id="a needed key misspelt"),
        pytest.param(DALA + FEED + "slug: steppe\n", 5, "file name", id="slug is the file's name"),
    ],
)
def test_unknown_keys_are_found_at_every_depth(dala: Path, content: str, line: int, what: str) -> None:
    message = mistake(dala, content)
    assert message.startswith(f"{line}: unknown key ")
    assert what in message


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("", 1, "holds no keys"),
        ("- just\n- a list\n", 1, "holds no keys"),
        (FEED, 1, '"name" is missing'),
        (DALA, 1, "one of feeds, listings, sitemaps is needed"),
        (DALA + "feeds: []\n", 1, "one of feeds, listings, sitemaps is needed"),
        (DALA + "feeds: https://dala.example/rss\n", 4, '"feeds": must be a list'),
        (DALA + "feeds:\n", 4, '"feeds": must be a list'),
        (DALA + "feeds:\n- https://dala.example/a\n- ftp://dala.example/b\n", 6, "https:// or http://"),
        (DALA + "feeds: [https://dale.example/rss]\n", 4, 'not among the hosts; did you mean "dala.example"?'),
        (DALA + "feeds: ['https://dala.example@evil.example/']\n", 4, "no name or password"),
        (DALA + "feeds: ['https://me:secret@dala.example/rss']\n", 4, "no name or password"),
        (DALA + "feeds: ['https://dala.example/a b']\n", 4, "no spaces"),
        (DALA + "feeds: ['https://dala.example:81/rss']\n", 4, '"dala.example:81" is not among the hosts'),
        (DALA + "feeds: ['https://dala.example/{page}']\n", 4, "a feed has one fixed address"),
        (DALA + "feeds: [https://dala.example/a, https://dala.example/a]\n", 4, "twice"),
        (DALA + "listings: ['https://dala.example/{pag}']\n", 4, '"pag"; did you mean "page"?'),
        (DALA + "listings: ['https://dala.example/{page']\n", 4, "do not pair"),
        (DALA + "listings: ['https://dala.example/{page:>9999}']\n", 4, "a name only"),
        (DALA + "listings: ['https://dala.example/{page.real}']\n", 4, "unknown placeholder"),
        (DALA + "listings: ['https://{page}.dala.example/']\n", 4, "only after the host"),
        (DALA + "sitemaps: ['https://dala.example/{yyyy}/{dd}']\n", 4, "{dd} needs {mm}"),
        (DALA + FEED + "layouts: [{title: h1}]\n", 5, '"body" is missing'),
        (DALA + FEED + "layouts: [{body: 'div['}]\n", 5, '"body": not a CSS selector'),
        (DALA + FEED + "layouts: [{body: 'p::text'}]\n", 5, "Pseudo-elements"),
        (DALA + FEED + "layouts: [{body: 'svg|p'}]\n", 5, "not a CSS selector"),
        (DALA + FEED + "layouts: [{until: soon, body: p}]\n", 5, '"until": must be a day'),
        (DALA + FEED + "checked: 2026-02-30\n", 5, "not a day of the calendar"),
        (DALA + FEED + "checked: 20260203\n", 5, "must be a day"),
        (DALA + FEED + "url_id: '(?P<id>'\n", 5, "not a regular expression"),
        (DALA + FEED + "url_id: 'a(\\d+)'\n", 5, "(?P<id>...)"),
        (DALA + FEED + "url_id: [a]\n", 5, "must be text; put it in quotes"),
        (DALA + FEED + "canonical: https://dala.example/{id}\n", 5, "needs url_id"),
        (
            DALA + FEED + "url_id: '(?P<id>a)'\ncanonical: https://dala.example/{ids}\n",
            6,
            '"ids"; did you mean "id"?',
        ),
        (DALA + FEED + "url_id: '(?P<id>a)'\ncanonical: https://other.example/{id}\n", 6, "not among the hosts"),
        (DALA + FEED + "url_id: '(?P<id>a)'\ncanonical: https://{id}/\n", 6, "only after the host"),
        (DALA + FEED + "tier: 6\n", 5, "out of bounds; the limit is 5"),
        (DALA + FEED + "tier: true\n", 5, '"tier": must be a number'),
        (DALA + FEED + "kind: ngo\n", 5, "must be one of: 'outlet'"),
        (DALA + FEED + "country: kz\n", 5, '"kz" is not of the right form'),
        (DALA + FEED + "enabled: no\n", 5, "must be true or false"),
        (DALA + FEED + "every_minutes: 0\n", 5, "out of bounds"),
        (DALA + FEED + "delay_s: 0\n", 1, "delay_s is at least 1"),
        (DALA + FEED + "expect: {items_per_day: [9, 3]}\n", 5, "[fewest, most]"),
        (DALA + FEED + "expect: {items_per_day: [9]}\n", 5, "a range of two numbers"),
        (DALA + FEED + "expect: {items_per_day: [1, 2, 3]}\n", 5, "a range of two numbers"),
        (DALA + FEED + "expect: {with_text: 90}\n", 5, "out of bounds"),
        (DALA + FEED + "routes: [direct, mirror]\n", 1, "the route mirror needs a host"),
        (DALA + FEED + "routes: []\n", 5, "must not be empty"),
        (DALA + FEED + "spider: ../evil\n", 5, "not of the right form"),
        (DALA + FEED + "id_space: 'a:b'\n", 5, "not of the right form"),
        (DALA + FEED + "name: again\n", 5, 'the key "name" stands here twice'),
        (DALA.replace("[ru, kk]", "[rus]") + FEED, 2, "must be one of: 'ru'"),
        (DALA.replace("[ru, kk]", "[]") + FEED, 2, "must not be empty"),
        (DALA.replace("[dala.example]", "[https://dala.example/]") + FEED, 3, "a bare host"),
        (DALA.replace("[dala.example]", "['*.example']") + FEED, 3, "a bare host"),
        (DALA.replace("[dala.example]", "[dala.example, {host: m.example}]") + FEED, 3, '"until" is missing'),
        (DALA.replace("Дала", '"a\\nb"') + FEED, 1, "a line of visible text"),
        (DALA.replace("Дала", "7") + FEED, 1, "must be text"),
    ],
)
def test_every_mistake_is_one_line_that_names_its_place(dala: Path, content: str, line: int, what: str) -> None:
    message = mistake(dala, content)
    assert message.startswith(f"{line}: ")
    assert what in message


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (b"name: x\nhosts: [\xd0\n", 2, "not UTF-8"),
        (b"name: x\nhosts: [a\n", 3, "not valid YAML"),
        (b"name: x\n---\nname: y\n", 2, "not valid YAML"),
        (b"name: x\n\x00", 2, "a character"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", 2, "aliases"),
        (b"name: !!python/object/apply:os.system [id]\n", 1, "tags"),
        (b"name: !!int x\n", 1, "tags"),
        (b"[" * 60_000, 1, "nested too deeply"),
        (b"name: " + b"a" * 70_000, 1, "larger than 64 KB"),
        (b"? [a, b]\n: c\n", 1, "a key must be one word"),
    ],
    ids=["not utf-8", "broken", "two", "nul", "bomb", "object", "tag", "deep", "large", "odd key"],
)
def test_a_file_that_is_not_plain_yaml_is_one_line(dala: Path, content: bytes, line: int, what: str) -> None:
    message = mistake(dala, content)
    assert message.startswith(f"{line}: ")
    assert what in message


def test_a_missing_file_and_a_folder_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "folder.yml").mkdir()
    for name in ("missing.yml", "folder.yml"):
        with pytest.raises(SetupError, match="no such file"):
            read(tmp_path / name)


def test_a_mistake_in_a_proxy_does_not_repeat_its_password(dala: Path) -> None:
    assert "secret" not in mistake(dala, DALA + FEED + "proxy: 'socks://me:secret@proxy.example:1'\n")
    dala.write_text(DALA + FEED + "proxy: 'http://me:secret@proxy.example:1'\n", encoding="utf-8")
    assert "secret" not in repr(read(dala))


def test_norway_is_a_country(dala: Path) -> None:
    dala.write_text(DALA + FEED + "country: NO\n", encoding="utf-8")
    assert read(dala).country == "NO"


def test_hosts_have_one_spelling() -> None:
    hosts = ["Dala.Example.", "Қазақ.қаз", "127.0.0.1:8080", "dala.example:8443", "[::1]:8000"]
    source = Declaration.model_validate(
        {
            "slug": "dala",
            "name": "Dala",
            "languages": ["kk"],
            "hosts": hosts,
            "feeds": ["https://DALA.example:443/rss", "http://127.0.0.1:8080/rss", "https://қазақ.қаз/rss"],
        }
    )
    assert source.known_hosts == {
        "dala.example",
        "xn--80aau21bd.xn--80ao21a",
        "127.0.0.1:8080",
        "dala.example:8443",
        "[::1]:8000",
    }


def test_a_mirror_is_requested_until_its_day_and_recognised_for_ever(dala: Path) -> None:
    dala.write_text(
        DALA.replace("[dala.example]", "[dala.example, {host: m.example, until: 2026-01-02}]") + FEED,
        encoding="utf-8",
    )
    source = read(dala)
    assert source.hosts_on(date(2026, 1, 1)) == {"dala.example", "m.example"}
    assert source.hosts_on(date(2026, 1, 2)) == {"dala.example"}
    assert source.known_hosts == {"dala.example", "m.example"}


def test_the_shortest_delays_are_for_this_machine_only() -> None:
    facts = {"slug": "dala", "name": "Dala", "languages": ["kk"], "delay_s": 0}
    for host in ("127.0.0.1:8080", "localhost:8080", "[::1]:8080"):
        Declaration.model_validate({**facts, "hosts": [host], "feeds": [f"http://{host}/"]})
    with pytest.raises(ValueError, match="at least 1"):
        Declaration.model_validate({**facts, "hosts": ["127.0.0.1.example"], "feeds": ["http://127.0.0.1.example/"]})


def test_a_declaration_cannot_be_changed(dala: Path) -> None:
    dala.write_text(DALA + FEED, encoding="utf-8")
    source = read(dala)
    with pytest.raises(ValueError, match="frozen"):
        source.name = "other"  # type: ignore[misc]
    assert hash(source) == hash(read(dala))


def outcome(path: Path, content: bytes) -> str:
    """The message that reading `content` ends with; nothing if it is read."""
    path.write_bytes(content)
    try:
        read(path)
    except SetupError as error:
        return str(error)
    return ""


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: (DALA + FEED + text).encode("utf-8", "replace"))
)
def test_whatever_a_file_holds_it_is_read_or_ends_in_one_line(dala: Path, content: bytes) -> None:
    assert outcome(dala, content).isprintable()


WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from([key for key in Declaration.model_fields if key != "slug"])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(KEYS, WILD)
def test_any_value_of_any_key_is_read_or_ends_in_one_line(dala: Path, key: str, value: object) -> None:
    facts = {"name": "Дала", "languages": ["ru"], "hosts": ["dala.example"], "feeds": ["https://dala.example/rss"]}
    content = yaml.safe_dump({**facts, key: value}, allow_unicode=True).encode("utf-8", "replace")
    assert outcome(dala, content).isprintable()


@pytest.mark.parametrize("model", [Declaration, Layout, Expect, Mirror])
def test_the_guide_names_every_key(model: type[Declaration | Layout | Expect | Mirror]) -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    rows = {line.split("`")[1] for line in guide.splitlines() if line.startswith("| `")}
    assert set(model.model_fields) - {"slug"} <= rows


def test_the_guides_examples_are_declarations(dala: Path) -> None:
    blocks = GUIDE.read_text(encoding="utf-8").split("```yaml\n")[1:]
    assert len(blocks) == 2
    for block in blocks:
        dala.write_text(block.split("```")[0], encoding="utf-8")
        assert read(dala).slug == "dala"


def test_the_guide_names_every_placeholder_and_quotes_a_true_message(dala: Path) -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    assert all(f"`{{{name}}}`" in guide for name in ("page", "yyyy", "mm", "dd"))
    assert "declarations/dala.yml:" + mistake(dala, DALA + "feed: [https://dala.example/rss]\n") in guide
