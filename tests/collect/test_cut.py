"""A page gives back the text that was put in, in every language and layout; otherwise a named state."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.collect.cut import Article, Hint, cut
from kzmonitor.errors import PageError
from kzmonitor.sources.declaration import Declaration

FETCHED = datetime(2025, 8, 20, 7, 0, tzinfo=UTC)
PUBLISHED = datetime(2025, 8, 18, 11, 39, tzinfo=UTC)
URL = "https://dala.example/news/1.html"
NO_HINT = Hint(None, None)

TEXTS = {
    "ru": [
        "В Астане задержали участников мирного собрания. По словам очевидцев, их посадили в автобус и увезли.",
        "«Нам не объяснили причин», — сказала одна из задержанных. Среди них есть несовершеннолетние.",
        "Суд",
        "Полиция от комментариев отказалась, а адвокатов в отдел не пустили до позднего вечера.",
    ],
    "kk": [
        "Алматы қаласының тұрғыны Айгүл Сәрсенова өткен аптада полиция бөлімшесіне шақырылғанын айтты.",
        "«Қағазға қол қоюдан бас тарттым», — деді ол. Ұйым өкілдері мұны қысым деп есептейді.",
        "Сот",
        "Полиция өкілдері іс бойынша түсініктеме бермеді, ал адвокаттарды кешке дейін кіргізбеген.",
    ],
    "kk-latin": [
        "Almaty qalasynyñ tūrğyny Aigül Särsenova ötken aptada polisia bölımşesıne şaqyrylğanyn aitty.",
        "«Qağazğa qol qoiudan bas tarttym», — dedı ol. Ūiym ökılderı mūny qysym dep esepteidı.",
        "Sot",
        "Polisia ökılderı ıs boiynşa tüsınıkteme bermedı, al advokattardy keşke deiın kırgızbegen.",
    ],
    "en": [
        "Participants of a peaceful gathering were taken away by police in Astana and driven to a station.",
        "“Nobody told us why,” said one of those detained. Some of them are minors, witnesses say.",
        "Trial",
        "Police gave no comment, and lawyers were kept out of the station until late in the evening.",
    ],
}
LINKS = '<a href="/2">Сотталған журналист бостандыққа шықты, бірақ ісі жабылған жоқ</a>'
CLUTTER = (
    '<header><nav><ul><li><a href="/">Басты бет</a></li><li><a href="/n">Новости</a></li></ul></nav></header>',
    f'<aside><h3>Popular</h3><ul><li>{LINKS}</li><li>{LINKS}</li></ul></aside>'
    "<footer><p>© Дала. Все права защищены, при перепечатке ссылка обязательна.</p></footer>",
)  # fmt: skip


def declared(*layouts: dict[str, object], name: str = "Дала") -> Declaration:
    return Declaration.model_validate(
        {
            "slug": "dala",
            "name": name,
            "languages": ["ru", "kk", "en"],
            "hosts": ["dala.example"],
            "feeds": ["https://dala.example/rss"],
            "layouts": layouts,
        }
    )


GENERAL = declared()
LAYOUT = declared({"title": "h1", "body": "div.body", "time": "time"})


def page(body: str, head: str = "<title>Тақырып</title>") -> str:
    return f"<!DOCTYPE html><html><head>{head}</head><body>{CLUTTER[0]}<main>{body}</main>{CLUTTER[1]}</body></html>"


def article(
    body: str, head: str = "<title>Тақырып</title>", declaration: Declaration = LAYOUT, **more: object
) -> Article:
    html = page(f'<h1>Тақырып</h1><div class="body">{body}</div>', head)
    hint = Hint(more.get("title"), more.get("published_at"))  # type: ignore[arg-type]
    return cut(html, str(more.get("url", URL)), FETCHED, declaration, hint)


def in_paragraphs(lines: list[str]) -> str:
    return "".join(f"<p>{line}</p>" for line in lines)


def state(html: str, declaration: Declaration) -> str:
    with pytest.raises(PageError) as raised:
        cut(html, URL, FETCHED, declaration, NO_HINT)
    assert "\n" not in str(raised.value)
    return raised.value.state


BODIES = {
    "paragraphs": in_paragraphs,
    "breaks": "<br><br>".join,
    "divisions": lambda lines: "".join(f"<div>{line}</div>" for line in lines),
    "mixed": lambda lines: f"{lines[0]}<br/>{lines[1]}<div><p>{lines[2]}</p>{lines[3]}</div>",
    "inline": lambda lines: "".join(f"<p><span><b>{line[:9]}</b>{line[9:]}</span></p>" for line in lines),
    "wrapped": lambda lines: "<section><div><div>" + in_paragraphs(lines) + "</div></div></section>",
    "list": lambda lines: "<ul><li>" + "</li><li>".join(lines) + "</li></ul>",
}


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("form", BODIES)
def test_a_layout_gives_back_every_paragraph_and_nothing_else(form: str, language: str) -> None:
    lines = TEXTS[language]
    found = article(BODIES[form](lines))
    assert found.text.split("\n") == lines
    assert found.cut_by == "layout:0"


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("form", ["paragraphs", "breaks", "divisions", "inline", "wrapped"])
def test_the_general_cutter_loses_no_text_in_any_language(form: str, language: str) -> None:
    lines = TEXTS[language] * 3
    lines = [f"{number}. {line}" for number, line in enumerate(lines)]
    found = article(BODIES[form](lines), declaration=GENERAL)
    assert [line for line in lines if line not in found.text] == []
    assert found.cut_by == "trafilatura"
    assert "©" not in found.text
    assert "Басты бет" not in found.text


def test_the_general_cutter_keeps_bodies_that_call_themselves_captions() -> None:
    lines = TEXTS["kk"] * 3
    html = page(f'<h1>Т</h1><div class="js-editor js-img-caption js-mediator-article">{in_paragraphs(lines)}</div>')
    assert cut(html, URL, FETCHED, GENERAL, NO_HINT).text.count(lines[0]) == 3


def test_the_general_cutter_keeps_a_lead_in_a_box_of_its_own() -> None:
    lead, *rest = TEXTS["kk"] * 3
    html = page(f'<h1>Т</h1><div><div class="intro">{lead}</div><div class="wsw">{in_paragraphs(rest)}</div></div>')
    assert cut(html, URL, FETCHED, GENERAL, NO_HINT).text.startswith(lead)


def test_what_stands_among_the_paragraphs_is_left_out() -> None:
    lines = TEXTS["kk"]
    among = (
        "<script>var a = 1;</script><style>p {}</style><figure><img><figcaption>Сот ғимараты</figcaption></figure>"
        f'<div class="media-block-wrap"><h3>Тағы</h3>{LINKS}</div><aside>{LINKS}</aside><nav>{LINKS}</nav>'
        "<p>Фото: Данияр Мусиров</p><p><em>Фото из архива редакции</em></p><p>Photo courtesy of the family</p>"
        "<p>Сурет: Азат Ергали</p><p>Скриншот видео</p><p>Доступность ссылок</p>"
    )
    assert article(in_paragraphs(lines[:2]) + among + in_paragraphs(lines[2:])).text.split("\n") == lines


@pytest.mark.parametrize("label", ["Читайте также", "Тағы оқыңыз", "Read also", "Сондай-ақ оқыңыз", "ЧИТАЙТЕ ЕЩЁ"])
@pytest.mark.parametrize(
    "block",
    [
        "<p>{label}: {links}</p>",
        "<p><strong>{label}:</strong> {links}</p>",
        "<h3>{label}</h3><ul><li>{links}</li><li>{links}</li></ul>",
        "<p>{label}:</p><p>{links}</p><p>{links}</p>",
        '<p><a href="/3">{label}: тағы бір тергеу басталды</a></p>',
    ],
)
@pytest.mark.parametrize("declaration", [LAYOUT, GENERAL], ids=["layout", "general"])
def test_links_to_other_articles_are_left_out(block: str, label: str, declaration: Declaration) -> None:
    lines = [f"{number}. {line}" for number, line in enumerate(TEXTS["kk"] * 2)]
    between = block.format(label=label, links=LINKS)
    found = article(in_paragraphs(lines[:3]) + between + in_paragraphs(lines[3:]), declaration=declaration)
    assert [line for line in lines if line not in found.text] == []
    assert "оқыңыз" not in found.text
    assert "Сотталған журналист" not in found.text
    assert "тергеу басталды" not in found.text


@pytest.mark.parametrize(
    "paragraph",
    [
        "Фото задержания разошлось по сети, и семья узнала о нём раньше адвоката.",
        "Подробнее о деле рассказал адвокат, которого не пустили в зал.",
        'Об этом <a href="/5">сообщил суд</a>.',
        '<a href="/6">Полный текст заявления семнадцати организаций</a>',
    ],
)
def test_sentences_that_only_look_like_credits_or_labels_stay(paragraph: str) -> None:
    found = article(in_paragraphs([*TEXTS["ru"], paragraph]))
    assert len(found.text.split("\n")) == len(TEXTS["ru"]) + 1


def test_the_layout_of_the_day_of_publication_comes_first_and_the_others_after_it() -> None:
    both = declared(
        {"body": ".old", "until": date(2024, 2, 1)}, {"body": ".new"}, {"body": ".mid", "until": date(2025, 1, 1)}
    )
    parts = {name: TEXTS[language] for name, language in (("old", "ru"), ("mid", "kk"), ("new", "en"))}

    def cut_by(*names: str, day: str = "2023-05-05") -> str:
        html = page("".join(f'<div class="{name}">{in_paragraphs(parts[name])}</div>' for name in names))
        hint = Hint(None, datetime.fromisoformat(f"{day}T10:00:00+00:00"))
        return cut(html, URL, FETCHED, both, hint).cut_by

    assert cut_by("old", "mid", "new") == "layout:1"
    assert cut_by("old", "mid") == "layout:2"
    assert cut_by("old") == "layout:0"
    assert cut_by("old", "mid", day="2024-05-05") == "layout:2"
    assert cut_by("old", "mid", day="2025-05-05") == "layout:2"


def test_nested_and_repeated_bodies_are_taken_once_each() -> None:
    lines = TEXTS["kk"]
    inner, outer = in_paragraphs(lines[:2]), in_paragraphs(lines[2:])
    html = page(f'<div class="a"><div class="a">{inner}</div></div><div class="a">{outer}</div>')
    assert cut(html, URL, FETCHED, declared({"body": ".a"}), NO_HINT).text.split("\n") == lines


def test_a_layout_that_finds_nothing_is_a_named_condition() -> None:
    gone = declared({"body": "div.gone"})
    found = article(in_paragraphs(TEXTS["kk"] * 2), declaration=gone)
    assert found.cut_by == "trafilatura:layout-changed"
    assert TEXTS["kk"][0] in found.text
    short = page(
        "<p>Сайт жұмыс істеп тұрған жоқ, кейінірек кіріңіз. Кешірім сұраймыз, техникалық жұмыс жүріп жатыр.</p>"
    )
    assert state(short, gone) == "layout-changed"


@pytest.mark.parametrize(
    "html", ["", " ", "\0", "<", "<!-- x -->", "<html></html>", "<body><p>Қысқа</p>", "<frameset>"]
)
def test_a_page_without_text_is_a_named_state(html: str) -> None:
    assert state(html, GENERAL) == "empty"
    assert state(html, LAYOUT) in {"empty", "layout-changed"}


STRUCTURED = (
    '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "JSON тақырып",'
    ' "author": {"name": "Айгүл"}, "datePublished": "2025-08-18T16:39:00+05:00"}</script>'
)


def test_titles_are_taken_in_order_of_trust() -> None:
    body = in_paragraphs(TEXTS["kk"])
    head = '<title>Бет тақырыбы туралы ұзақ жазба — Дала</title>'  # fmt: skip
    og = '<meta property="og:title" content="OG тақырып | Дала">'
    only_body = declared({"body": ".body"})
    assert article(body, STRUCTURED + og + head, title="Feed").title == "Тақырып"
    assert article(body, STRUCTURED + og + head, only_body, title="Feed").title == "JSON тақырып"
    assert article(body, og + head, only_body, title="Feed").title == "OG тақырып"
    assert article(body, head, only_body, title=" Feed\n title ").title == "Feed title"
    assert article(body, head, only_body).title == "Тақырып"
    without_heading = page(f'<div class="body">{body}</div>', head)
    assert cut(without_heading, URL, FETCHED, only_body, NO_HINT).title == "Бет тақырыбы туралы ұзақ жазба"
    nothing = page(f'<div class="body">{body}</div>', "")
    assert cut(nothing, URL, FETCHED, only_body, NO_HINT).title == ""


@pytest.mark.parametrize(
    ("title", "left"),
    [
        ("Сот журналисті ақтады — Дала", "Сот журналисті ақтады"),
        ("Сот журналисті ақтады | Новости | dala.example", "Сот журналисті ақтады"),
        ("Сот журналисті ақтады - Новости Казахстана на dala.example", "Сот журналисті ақтады"),
        ("Суд — дело закрыто", None),
        ("Прокуратура закрыла дело — что дальше?", None),
        ("Активист вышел на свободу после двух лет - и снова под следствием", None),
    ],
)
def test_only_the_outlets_tail_leaves_a_page_title(title: str, left: str | None) -> None:
    html = page(f'<div class="body">{in_paragraphs(TEXTS["kk"])}</div>', f"<title>{title}</title>")
    assert cut(html, URL, FETCHED, declared({"body": ".body"}), NO_HINT).title == (left or title)


def test_a_title_repeated_as_the_first_paragraph_is_not_text() -> None:
    assert article(in_paragraphs(["Тақырып", *TEXTS["kk"]])).text.split("\n") == TEXTS["kk"]


def test_author_and_canonical_address_come_along() -> None:
    found = article(in_paragraphs(TEXTS["kk"]), STRUCTURED + '<link rel="canonical" href="/news/1.html">')
    assert (found.author, found.canonical_url) == ("Айгүл", URL)


def when(found: Article) -> tuple[datetime | None, str | None]:
    return found.published_at, found.date_doubt


def test_times_are_taken_in_order_of_trust() -> None:
    text = in_paragraphs(TEXTS["kk"])
    stamp = '<time datetime="2025-08-17T10:00:00Z">17 тамыз</time>'
    feed = datetime(2025, 8, 16, 10, tzinfo=UTC)
    only_body = declared({"body": ".body"})
    assert when(article(stamp + text, STRUCTURED, published_at=feed))[0] == datetime(2025, 8, 17, 10, tzinfo=UTC)
    assert when(article(stamp + text, STRUCTURED, only_body, published_at=feed))[0] == feed
    assert when(article(stamp + text, STRUCTURED, only_body))[0] == PUBLISHED
    assert when(article(stamp + text, "", only_body))[0] == datetime(2025, 8, 17, 10, tzinfo=UTC)
    dated = article('<div class="post__date">15 тамыз 2025, 12:00</div>' + text, "", only_body)
    assert when(dated) == (datetime(2025, 8, 15, 7, tzinfo=UTC), None)
    for path in ("/2025/08/14/slug/", "/2025-08-14/slug", "/20250814/slug-1.html"):
        found = article(text, "", only_body, url=f"https://dala.example{path}")
        assert when(found) == (datetime(2025, 8, 13, 19, tzinfo=UTC), None)
    assert when(article(text, "", only_body, url="https://dala.example/a/20250814.html")) == (None, "no-time")


def test_a_time_that_cannot_be_true_gives_way_to_one_that_can() -> None:
    text = in_paragraphs(TEXTS["kk"])
    future = datetime(2026, 1, 1, tzinfo=UTC)
    assert when(article(text, STRUCTURED, published_at=future)) == (PUBLISHED, None)
    assert when(article(text, "", published_at=future)) == (FETCHED, "future")
    assert when(article(text, "", published_at=datetime(1970, 1, 1, tzinfo=UTC))) == (None, "too-old")


def test_a_bare_day_takes_its_hour_from_the_next_source_of_that_day() -> None:
    found = article("<time>18.08.2025</time>" + in_paragraphs(TEXTS["kk"]), STRUCTURED)
    assert when(found) == (PUBLISHED, None)
    found = article("<time>17.08.2025</time>" + in_paragraphs(TEXTS["kk"]), STRUCTURED)
    assert when(found) == (datetime(2025, 8, 16, 19, tzinfo=UTC), None)


MEGABYTE = 1_000_000


@pytest.mark.parametrize("declaration", [LAYOUT, GENERAL], ids=["layout", "general"])
@pytest.mark.parametrize(
    "unit",
    [
        "<div>",
        "<b>",
        "<table><tr><td>",
        "<ul><li>x",
        "<a href=x>",
        "&#0;&#xD800;&#1;",
        "<",
        "&",
        "<!--",
        "<p class=body>a",
    ],
)
def test_a_megabyte_of_nonsense_ends_in_an_article_or_a_named_state(unit: str, declaration: Declaration) -> None:
    try:
        ended = cut(unit * (MEGABYTE // len(unit)), URL, FETCHED, declaration, NO_HINT).cut_by
    except PageError as error:
        ended = error.state
    assert ended in {"empty", "layout-changed", "too-large", "trafilatura", "trafilatura:layout-changed", "layout:0"}


def test_a_huge_attribute_does_not_hide_the_text() -> None:
    html = page(f'<div class="{"x " * 400_000} body">{in_paragraphs(TEXTS["kk"])}</div>')
    assert cut(html, URL, FETCHED, LAYOUT, NO_HINT).text.split("\n") == TEXTS["kk"]


def test_text_without_any_markup_around_it_is_cut() -> None:
    assert cut(" ".join(TEXTS["ru"]), URL, FETCHED, GENERAL, NO_HINT).text.startswith(TEXTS["ru"][0])


def test_entities_nuls_and_control_characters_leave_clean_text() -> None:
    body = f"<p>&laquo;{TEXTS['kk'][0]}&raquo;&nbsp;&#1;&#x1F;\0\x0b\ufffe&#xFFFF;&amp; \ud800</p>"
    for declaration in (LAYOUT, GENERAL):
        text = article(body * 3, declaration=declaration).text.split("\n")[0]
        assert text.startswith(f"«{TEXTS['kk'][0]}» &")
        assert not {"\0", "\x01", "\x0b", "\x1f", "\ufffe", "\uffff", "\ud800"} & set(text)
        text.encode()


def test_an_error_of_the_general_cutter_is_a_named_state(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_page: object, **_options: object) -> str:
        raise AttributeError("'NoneType' object has no attribute 'tag'")

    monkeypatch.setattr("trafilatura.extract", breaks)
    assert state(page(in_paragraphs(TEXTS["kk"])), GENERAL) == "cutter-failed"


MARKUP = """<p> </p> <div> </div> <div.body> <article> </article> <table><tr><td> <ul><li> </ul> <h1> </h1> <a> </a>
    <br> <time> <script> </script> <!-- --> <title> <form> <svg> <template> <body> </body> <head> <frameset>"""
TAGS = st.sampled_from(MARKUP.split())
WILD = st.lists(
    st.one_of(
        TAGS, st.text(max_size=30), st.sampled_from([*TEXTS["kk"], "&#1;", "&bogus;", "Фото: a", "Читайте также"])
    ),
    max_size=40,
).map(lambda parts: "".join(parts).replace("<div.body>", '<div class="body">'))


def ends_well(html: str, declaration: Declaration) -> None:
    try:
        found = cut(html, URL, FETCHED, declaration, NO_HINT)
    except PageError as error:
        assert error.state in {"empty", "layout-changed"}  # noqa: PT017 - both ends are allowed
    else:
        assert len(found.text) >= 80
        assert "\0" not in found.title + found.text
        (found.title + found.text).encode()


@settings(max_examples=150, deadline=None)
@given(WILD)
def test_any_page_ends_in_an_article_or_a_named_state(html: str) -> None:
    ends_well(html, GENERAL)
    ends_well(html, LAYOUT)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 40), WILD), min_size=1, max_size=4))
def test_a_real_page_with_damage_ends_in_an_article_or_a_named_state(damage: list[tuple[int, int, str]]) -> None:
    html = page(f'<h1>Т</h1><time>18 тамыз</time><div class="body">{in_paragraphs(TEXTS["kk"] * 3)}</div>', STRUCTURED)
    for at, length, wild in damage:
        html = html[:at] + wild[:200] + html[at + length :]
    ends_well(html, GENERAL)
    ends_well(html, LAYOUT)
