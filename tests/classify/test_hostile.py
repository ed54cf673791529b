"""Hostile and odd texts: always a prediction, never a crash."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

MEGABYTE = 1_000_000
REPORT = "Полиция задержала активиста в Алматы. "
ODD = {
    "nothing": "",
    "one word": "полиция",
    "one letter": "я",
    "white space": " \t\n\r\u00a0\u2028\u3000" * 40,
    "emoji": "😀👮🏽‍♂️🇰🇿✊🏿" * 60,
    "right to left": "اعتقلت الشرطة ناشطا في ألماتي. " * 20,
    "right to left marks": "\u202eПолиция\u202c задержала \u200fактивиста\u2066 в Алматы" * 9,
    "NUL bytes": "Полиция\0задержала\0\0активиста\0",
    "lone surrogates": "Полиция \ud800 задержала \udfff активиста",
    "private and unassigned": "\ue000\uffff\U0010ffff\u0378" * 20,
    "mixed scripts": "Пoлиция задepжaла aктивиcта vs police ұстады 警察 पुलिस αστυνομία",
    "combining marks": "а\u0301\u0306\u0300\u0323" * 300,
    "zero-width": "По\u200bли\u200dция за\ufeffдержала ак\u00adтивиста",
    "letters that change length": "İstanbulda ıaı ŉ ǰ ΐ ﬃ ß ẞ" * 9,
    "digits alone": "2024 460-1 12.05.2021 +7 777 " * 30,
    "HTML left over": "<div class='a'>&nbsp;<script>alert(1)</script><p>Полиция</p> &#1079;&amp;lt; <!-- x -->" * 9,
    "no sentence end": "полиция задержала активиста и " * 2000,
    "sentence ends alone": ".!?…\n" * 3000,
    "quotes": "«“\"'„»" * 2000,
    "one long word": "а" * MEGABYTE,
    "a megabyte": REPORT * (MEGABYTE // len(REPORT)),
    "a megabyte of emoji": "😀" * (MEGABYTE // 4),
}


def assert_sound(classifier, title, text):
    (said,) = classifier.predict([(title, text)])
    whole = f"{title}\n{text}"
    assert 0.0 <= said.relevance <= 1.0
    assert all(0.0 <= chance <= 1.0 for chance in said.probabilities.values())
    assert said.relevant == (said.tier is not None) == bool(said.labels)
    for reason in said.reasons:
        assert whole[reason.start : reason.end] == reason.phrase


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_text_gets_a_prediction(classifier, kind):
    assert_sound(classifier, "", ODD[kind])
    assert_sound(classifier, ODD[kind], REPORT)


WILD = st.text(st.characters(), max_size=300) | st.text("Полиция ұстады AaЖж.,!?\n\0\u202e\ud800😀<>&;«»", max_size=300)


@settings(max_examples=60, deadline=None)
@given(title=WILD | st.sampled_from([odd[:500] for odd in ODD.values()]), text=WILD)
def test_any_text_gets_a_prediction(classifier, title, text):
    assert_sound(classifier, title, text)


@settings(max_examples=30, deadline=None)
@given(places=st.lists(st.integers(0, len(REPORT)), max_size=6), noise=st.sampled_from("\0\u202e\u200b\ufeff😀\ud800"))
def test_a_report_with_noise_in_it_gets_a_prediction(classifier, places, noise):
    text = REPORT
    for place in sorted(places, reverse=True):
        text = text[:place] + noise + text[place:]
    assert_sound(classifier, "", text)


def test_no_texts_get_no_predictions(classifier):
    assert classifier.predict([]) == []
