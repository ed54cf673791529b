"""Drawing: marks stay inside their picture, words are words, and all 20 regions have a tile of their own."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from kzmonitor.language.places import region_names
from kzmonitor.review import charts
from kzmonitor.review.charts import NARROW, WIDE, Bar, Point, Row
from kzmonitor.review.drawing import COLOURS, Sheet, fitting

counts = st.lists(st.integers(0, 10**6), min_size=12, max_size=12)
words = st.text(max_size=60)


def marks(sheet: Sheet) -> etree._Element:
    return etree.fromstring(sheet.file("T", "said", "foot").encode("utf-8", "replace"))


def outside(sheet: Sheet) -> list[etree._Element]:
    group = marks(sheet).find("{*}g")
    assert group is not None
    return [
        one
        for one in group.iter("{*}rect")
        if not (
            -0.2 <= float(one.get("x")) <= float(one.get("x")) + float(one.get("width")) <= sheet.width + 0.2
            and -0.2 <= float(one.get("y")) <= float(one.get("y")) + float(one.get("height")) <= sheet.height + 0.2
        )
    ]


def test_every_region_has_a_tile_of_its_own() -> None:
    assert set(charts.TILES) == set(region_names())
    assert len(set(charts.TILES.values())) == 20


@pytest.mark.parametrize("width", [WIDE, NARROW])
@given(st.dictionaries(st.sampled_from(sorted(charts.TILES)), st.integers(0, 10**6)))
def test_tiles_stay_inside_and_more_incidents_never_look_paler(width: int, found: dict[str, int]) -> None:
    sheet = charts.tiles(found, {code: code for code in charts.TILES}, width)
    assert outside(sheet) == []
    most = max(found.values(), default=0)
    shades = [charts._shade(count, most) for count in sorted(found.values())]
    assert all(one <= other for one, other in pairwise(shades))
    assert all((shade == 0) == (count == 0) for shade, count in zip(shades, sorted(found.values()), strict=True))


@pytest.mark.parametrize("width", [charts.ACROSS, NARROW])
@given(words, counts, counts)
def test_columns_stay_inside_whatever_the_numbers_and_names(
    width: int, name: str, strong: list[int], pale: list[int]
) -> None:
    sheet = charts.weekly([Row(name, strong, pale)], ["a", "b", "c"], width)
    group = marks(sheet).find("{*}g")
    assert group is not None
    tops = [
        float(part.split()[1].split("h")[0]) for one in group.iter("{*}path") for part in one.get("d").split("M")[1:]
    ]
    assert all(-0.2 <= top <= sheet.height for top in tops)


@pytest.mark.parametrize("width", [WIDE, NARROW])
@given(st.lists(st.tuples(words, st.floats(0, 1)), max_size=6))
def test_bars_stay_inside_and_are_as_long_as_their_values(width: int, rows: list[tuple[str, float]]) -> None:
    sheet = charts.bars([Bar(name, value, "x", value / 2, value) for name, value in rows], width)
    assert outside(sheet) == []
    group = marks(sheet).find("{*}g")
    assert group is not None
    lengths = [float(one.get("width")) for one in group.iter("{*}rect")]
    longest = max((value for _name, value in rows), default=0.0)
    if longest > 0.01:
        assert max(lengths) == lengths[[value for _name, value in rows].index(longest)]


@given(st.lists(st.floats(0, 1), max_size=60))
def test_dots_stand_in_order_and_at_their_height(values: list[float]) -> None:
    sheet = charts.points([Point(str(n), value, value, value) for n, value in enumerate(values)], WIDE, [(0.0, "0")])
    dots = list(marks(sheet).iter("{*}circle"))
    places = [float(dot.get("cx")) for dot in dots]
    assert places == sorted(places)
    heights = [float(dot.get("cy")) for dot in dots]
    for (one, y), (other, lower) in pairwise(zip(values, heights, strict=True)):
        assert one >= other or y >= lower


@given(words)
def test_any_text_makes_a_well_formed_picture(text: str) -> None:
    sheet = Sheet(100, 100)
    sheet.words(0, 0, text)
    sheet.rectangle(0, 0, 1, 1, "mark", told=text)
    said = "".join(marks(sheet).itertext())
    assert all(letter in said for letter in text if letter.isalnum())
    etree.fromstring(str(sheet.picture("a", text, text, kind="wide")).encode("utf-8", "replace"))


def test_a_name_is_cut_where_it_would_be_too_wide() -> None:
    assert fitting("short", 100) == "short"
    assert fitting("a" * 60, 100).endswith("…")
    assert len(fitting("a" * 60, 100)) < 20


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_words_on_tiles_and_marks_on_paper_have_enough_contrast_and_shades_differ_in_lightness() -> None:
    shades = [COLOURS[f"q{step}"] for step in range(5)]
    for step, shade in enumerate(shades):
        assert contrast(shade, COLOURS[f"on-q{step}"]) >= 4.5
    assert [luminance(shade) for shade in shades] == sorted((luminance(shade) for shade in shades), reverse=True)
    for colour in ("mark", "alarm", "ink", "soft", "range"):
        assert contrast(COLOURS[colour], COLOURS["paper"]) >= 4.5
