"""One article has one address and one key, whichever way it was found; two articles never share a key."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kzmonitor.collect.canonical import article_key, canonical_url
from kzmonitor.errors import InputError
from kzmonitor.sources import Declaration, Registry, load

SHIPPED = load()
SOURCES = SHIPPED.sources


def source(slug: str, host: str, **more: object) -> Declaration:
    facts = {"slug": slug, "name": slug, "languages": ["ru"], "hosts": [host], "feeds": [f"https://{host}/rss"]}
    return Declaration.model_validate({**facts, **more})


VARIANTS = [
    pytest.param(
        "vlast",
        "vlast:50280",
        "https://vlast.kz/obsshestvo/50280-kak-zivet-gorod.html",
        [
            "https://vlast.kz/obsshestvo/50280-kak-zivet-gorod.html",
            "http://vlast.kz/obsshestvo/50280-kak-zivet-gorod.html",
            "https://www.vlast.kz/obsshestvo/50280-kak-zivet-gorod.html",
            "https://vlast.kz./obsshestvo/50280-kak-zivet-gorod.html",
            "https://VLAST.KZ:443/obsshestvo/50280-kak-zivet-gorod.html#top",
            "https://vlast.kz/amp/obsshestvo/50280-kak-zivet-gorod.html",
            "https://vlast.kz/kz/obsshestvo/50280-kak-zivet-gorod.html",
            "https://vlast.kz/obsshestvo/50280-kak-zivet-gorod.html?utm_source=popular_pages",
            "https://vlast.kz/obsshestvo/50280-kak-zivet-gorod.html?from=telegram&yclid=1",
            "\n  https://vlast.kz/obsshestvo/50280-kak-zivet-gorod.html\n",
            "https://vlast.kz/x/../obsshestvo/50280-kak-zivet-gorod.html",
        ],
        id="vlast",
    ),
    pytest.param(
        "azattyq",
        "rferl:32868740",
        "https://www.azattyq.org/a/32868740.html",
        [
            "https://www.azattyq.org/a/32868740.html",
            "https://azattyq.org/a/32868740.html",
            "https://www.azattyq.org/a/kazakhstan-sot/32868740.html",
            "https://www.azattyq.org/a/қазақстан-сот/32868740.html",
            "https://www.azattyq.org/amp/32868740.html",
            "https://www.azattyq.org/amp/kazakhstan-sot/32868740.html",
            "https://www.azattyq.org/a/32868740.html?ltflags=mailer",
            "https://www.azattyq.org/a/32868740.html?withmediaplayer=1",
            "https://d34z4yea63w1dp.cloudfront.net/a/32868740.html",
        ],
        id="azattyq",
    ),
    pytest.param(
        "azattyq-asia",
        "rferl:33490916",
        "https://www.azattyqasia.org/a/33490916.html",
        [
            "https://www.azattyqasia.org/a/33490916.html",
            "https://rus.azattyq.org/a/33490916.html",
            "https://rus.azattyq.org/amp/33490916.html",
            "https://d1iw67jkb6uwc5.cloudfront.net/a/kazahstan-toregozhina/33490916.html",
            "https://www.centralasian.org/a/33490916.html",
        ],
        id="azattyq-asia",
    ),
    pytest.param(
        "kursiv",
        "kursiv:kk/2025-07-23/sajt",
        "https://kz.kursiv.media/kk/2025-07-23/sajt/",
        ["https://kz.kursiv.media/kk/2025-07-23/sajt", "https://kz.kursiv.media/kk/2025-07-23/sajt/amp/?amp=1"],
        id="kursiv",
    ),
    pytest.param(
        "hrw",
        "hrw:ru/news/2026/02/03/kazakhstan/a-law",
        "https://www.hrw.org/ru/news/2026/02/03/kazakhstan/a-law",
        [
            "https://hrw.org/ru/news/2026/02/03/kazakhstan/a-law/",
            "https://www.hrw.org/ru/news/2026/02/03/kazakhstan/a-law",
        ],
        id="hrw",
    ),
    pytest.param(
        "kaztag",
        "kaztag:news/sud-almaty",
        "https://kaztag.kz/ru/news/sud-almaty",
        ["https://kaztag.kz/ru/news/sud-almaty", "https://kaztag.info/amp/news/sud-almaty"],
        id="kaztag",
    ),
    pytest.param(
        "kgd",
        "kgd:77?lang=ru",
        "https://www.gov.kz/memleket/entities/kgd/press/news/details/77?lang=ru",
        ["https://www.gov.kz/memleket/entities/kgd/press/news/details/77?lang=ru&utm_medium=x"],
        id="gov.kz",
    ),
]


@pytest.mark.parametrize(("slug", "key", "address", "variants"), VARIANTS)
def test_variants_of_one_article_share_address_and_key(slug: str, key: str, address: str, variants: list[str]) -> None:
    assert {canonical_url(url, SOURCES[slug]) for url in variants} == {address}
    assert {article_key(url, SOURCES[slug]) for url in variants} == {key}


@pytest.mark.parametrize(("slug", "key", "address", "variants"), VARIANTS)
def test_any_variant_leads_to_its_source_and_key_by_itself(
    slug: str, key: str, address: str, variants: list[str]
) -> None:
    for url in variants:
        owner = SHIPPED.owner(url)
        assert owner is not None
        assert article_key(url, owner) == key


FORMS = [
    ("orda", "https://en.orda.kz/journalist-fined-405112/?utm_source=tg", "orda:journalist-fined-405112"),
    ("tengrinews", "https://tengrinews.kz/kazakhstan_news/sud-vyines-prigovor-540011/", "tengrinews:540011"),
    ("kazinform", "https://kaz.inform.kz/news/sot-ukim-1a2b3c4/", "kazinform:sot-ukim-1a2b3c4"),
    ("kazinform", "https://www.inform.kz/ru/zakon-o-smi-9f8e7d", "kazinform:zakon-o-smi-9f8e7d"),
    ("informburo", "https://informburo.kz/novosti/sud-nad-aktivistom?from=vk", "informburo:novosti/sud-nad-aktivistom"),
    ("zakon", "https://www.zakon.kz/pravo/6459911-novyy-zakon.html", "zakon:6459911"),
    ("nur", "https://www.nur.kz/incident/crime/2040506-zaderzhan/", "nur:2040506"),
    ("egemen", "https://egemen.kz/article/365011-zhana-zang", "egemen:365011"),
    ("sputnik", "https://ru.sputnik.kz/20260204/zakon-51234567.html", "sputnik:51234567"),
    ("astana-times", "https://astanatimes.com/2026/02/a-new-law/", "astana-times:2026/02/a-new-law"),
    ("adil-soz", "https://www.adilsoz.kz/kk/news/news-2689.html", "adil-soz:kk/news/news-2689"),
    ("civicus", "https://monitor.civicus.org/explore/kazakhstan-law/", "civicus:explore/kazakhstan-law"),
    ("cpj", "https://cpj.org/2026/02/journalist-detained/", "cpj:2026/02/journalist-detained"),
    ("iphr", "https://iphronline.org/articles/kazakhstan-protest/", "iphr:articles/kazakhstan-protest"),
    ("odihr", "https://odihr.osce.org/odihr/elections/kazakhstan/539351", "odihr:539351"),
    ("odihr", "https://odihr.osce.org/node/539351", "odihr:539351"),
    ("freedom-house", "http://www.freedomhouse.org/article/on-law?page=70", "freedom-house:article/on-law"),
    ("rferl-en", "https://www.rferl.org/a/kazakhstan-law/33137392.html", "rferl:33137392"),
    ("fergana", "https://fergana.news/news/140511/?country=kz", "fergana:140511"),
    ("khabar", "https://khabar.kz/ru/news/obshchestvo/item/181234-sud", "khabar:ru/news/obshchestvo/item/181234-sud"),
    ("kt", "http://www.kt.kz/rus/society/sud_1377961234.html", "kt:rus/society/sud_1377961234"),
    ("times-ca", "http://timesca.com/a-journalist-is-fined/?fbclid=x", "https://timesca.com/a-journalist-is-fined/"),
    ("kibhr", "https://bureau.kz/?p=61177&utm_source=x", "https://bureau.kz/?p=61177"),
    (
        "vlast",
        "https://vlast.kz/politika/staraja_statja-1234.html",
        "https://vlast.kz/politika/staraja_statja-1234.html",
    ),
]


@pytest.mark.parametrize(("slug", "url", "key"), FORMS)
def test_the_known_forms_of_address_give_the_outlets_own_key(slug: str, url: str, key: str) -> None:
    assert article_key(url, SOURCES[slug]) == key


def test_every_shipped_expression_and_template_agree() -> None:
    for slug, url, _key in FORMS:
        assert canonical_url(canonical_url(url, SOURCES[slug]), SOURCES[slug]) == canonical_url(url, SOURCES[slug])


@pytest.mark.parametrize(
    ("slug", "url"),
    [
        ("vlast", "https://vlast.kz.evil.example/novosti/66096-slovo.html"),
        ("vlast", "https://evil.example/vlast.kz/novosti/66096-slovo.html"),
        ("vlast", "https://vlast.kz@evil.example/novosti/66096-slovo.html"),
        ("vlast", "https://notvlast.kz/novosti/66096-slovo.html"),
        ("vlast", "https://vlast.kz:8443/novosti/66096-slovo.html"),
        ("azattyq", "https://azattyq-ruhy.kz/a/32868740.html"),
        ("azattyq", "https://unknown.cloudfront.net/a/32868740.html"),
        ("azattyq", "https://www.azatliq.org/a/32868740.html"),
    ],
)
def test_an_address_of_another_site_that_looks_similar_is_not_the_article(slug: str, url: str) -> None:
    assert article_key(url, SOURCES[slug]) == canonical_url(url)


def test_equal_numbers_of_two_outlets_do_not_collide() -> None:
    one = source("one", "one.example", url_id=r"https://one\.example/(?P<id>\d+)")
    two = source("two", "two.example", url_id=r"https://two\.example/(?P<id>\d+)")
    assert article_key("https://one.example/7", one) != article_key("https://two.example/7", two)


def test_no_two_shipped_sources_claim_one_key() -> None:
    keys = [(article_key(url, SOURCES[slug]), slug) for slug, url, _key in FORMS]
    owners: dict[str, set[str]] = {}
    for key, slug in keys:
        owners.setdefault(key, set()).add(slug)
    assert all(len(slugs) == 1 for slugs in owners.values())


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("HTTP://Dala.Example", "https://dala.example/"),
        ("http://dala.example:80/a", "https://dala.example/a"),
        ("https://dala.example/a?b=2&a=1&&c=", "https://dala.example/a?a=1&b=2&c="),
        (
            "https://dala.example/a?utm_source=x&UTM_Medium=y&fbclid=1&gclid=2&ysclid=3&_ga=4&id=7",
            "https://dala.example/a?id=7",
        ),
        ("https://dala.example/a?ref=facebook.com&from=almaty", "https://dala.example/a?from=almaty"),
        ("https://dala.example/%7euser/%d1%81%D1%83%d0%b4", "https://dala.example/~user/%D1%81%D1%83%D0%B4"),
        ("https://dala.example/суд", "https://dala.example/%D1%81%D1%83%D0%B4"),
        ("https://dala.example/a/./b/../c#part", "https://dala.example/a/c"),
        ("https://me:word@dala.example/a", "https://dala.example/a"),
        ("https://қазақ.қаз/жаңалық", "https://xn--80aau21bd.xn--80ao21a/%D0%B6%D0%B0%D2%A3%D0%B0%D0%BB%D1%8B%D2%9B"),
        ("http://127.0.0.1:8000/a?utm_source=x", "http://127.0.0.1:8000/a"),
        ("http://localhost/a", "http://localhost/a"),
        ("http://[0::1]:8000/a", "http://[::1]:8000/a"),
        ("http://dala.example:8080/a", "http://dala.example:8080/a"),
    ],
)
def test_an_address_has_one_spelling(url: str, address: str) -> None:
    assert canonical_url(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        " ",
        "dala.example/a",
        "/a",
        "ftp://dala.example/",
        "javascript:alert(1)",
        "mailto:a@dala.example",
        "https://",
        "https://a..b/",
        "https://dala.example:99999/",
        "https://[::1/",
        "https://dala.example/" + "ж" * 600,
    ],
)
def test_what_is_no_http_address_is_an_input_error_of_one_line(url: str) -> None:
    with pytest.raises(InputError) as caught:
        canonical_url(url)
    assert "\n" not in str(caught.value)


def test_amp_is_left_alone_where_no_source_says_what_it_means() -> None:
    assert canonical_url("https://dala.example/amp/a?amp=1") == "https://dala.example/amp/a?amp=1"


def test_a_template_that_does_not_lead_back_to_the_same_article_is_not_used() -> None:
    dala = source(
        "dala", "dala.example", url_id=r"https://dala\.example/a/(?P<id>\d+)", canonical="https://dala.example/{id}"
    )
    assert canonical_url("https://dala.example/a/7", dala) == "https://dala.example/a/7"


NASTY = st.text(
    alphabet=st.sampled_from("ab/?&=%#;:@.[]\\ \t\n{}|'\"+,~^`<>ж%2F%41%c3\u2024。\ud800\x00-_1"), max_size=30
)
PARTS = NASTY | st.text(max_size=20)
HOSTS = st.sampled_from(
    ["vlast.kz", "VLAST.kz.", "www.azattyq.org", "қазақ.қаз", "127.0.0.1:80", "[::1]:8", "u:p@x.kz:443"]
)
WILD = st.builds(
    "{}{}{}".format, st.sampled_from(["http://", "HTTPS://", "//", "", "ftp:", "http:/"]), HOSTS | PARTS, PARTS
)
ARTICLES = st.builds(
    "https://{}/{}{}/{}-{}.html{}".format,
    st.sampled_from(["vlast.kz", "www.azattyq.org", "kz.kursiv.media", "orda.kz"]),
    st.sampled_from(["", "amp/", "kz/", "a/"]),
    st.sampled_from(["novosti", "a", "kk/2025-01-02", "amp"]) | PARTS,
    st.integers(1, 99_999_999),
    PARTS,
    PARTS,
)
DECLARED = st.sampled_from([None, *(SOURCES[slug] for slug in ("vlast", "azattyq", "kursiv", "orda", "hrw", "kgd"))])


@settings(max_examples=400, deadline=None)
@given(WILD | ARTICLES | st.text(), DECLARED)
def test_the_canonical_address_of_a_canonical_address_is_itself(url: str, declaration: Declaration | None) -> None:
    try:
        address = canonical_url(url, declaration)
    except InputError:
        return
    assert canonical_url(address, declaration) == address
    assert address.isascii()
    assert address.isprintable()
    assert len(address) <= 2000
    if declaration is not None:
        assert article_key(address, declaration) == article_key(url, declaration)


@settings(max_examples=200, deadline=None)
@given(WILD | ARTICLES, DECLARED, st.sampled_from(["utm_source", "utm_x", "fbclid", "yclid", "_ga"]), st.integers())
def test_tracking_parameters_change_nothing(url: str, declaration: Declaration | None, name: str, value: int) -> None:
    assume("#" not in url and "?" not in url and url.isprintable())
    try:
        address = canonical_url(url, declaration)
    except InputError:
        return
    assert canonical_url(f"{url.strip()}?{name}={value}", declaration) == address


def test_the_registry_that_ships_is_the_one_under_test() -> None:
    assert isinstance(SHIPPED, Registry)
    assert SHIPPED.errors == ()
