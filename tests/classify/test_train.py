"""Training and predicting."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.classify.labelled import LabelSpec, Taxonomy, Text, taxonomy_of
from kzmonitor.classify.persist import save
from kzmonitor.classify.train import train
from kzmonitor.errors import InputError

REPORT = ("Активистку задержали", "В Алматы полиция задержала активистку. Суд арестовал её на десять суток.")


def test_the_same_texts_give_the_same_bytes_in_any_order(texts, taxonomy, classifier):
    assert save(train(list(reversed(texts)), taxonomy)) == save(classifier)


def test_other_texts_or_another_seed_give_another_version(texts, taxonomy, classifier):
    assert train(texts[1:], taxonomy).version != classifier.version
    assert train(texts, taxonomy, seed=1).version != classifier.version


def test_a_report_is_flagged_with_its_label_in_each_language(classifier):
    reports = [
        REPORT,
        ("Белсенді ұсталды", "Алматыда азаматтық белсендіні полиция ұстап, бөлімшеге алып кетті."),
        ("Activist detained", "Police detained an activist in Almaty before a rally."),
    ]
    for prediction in classifier.predict(reports):
        assert prediction.relevant
        assert prediction.labels[0] == "detention"


def test_the_same_report_from_another_country_scores_lower(classifier):
    ours, theirs = classifier.predict(
        [
            ("Activist detained", f"Police detained an activist in {place} before a rally.")
            for place in ("Almaty", "Harare")
        ]
    )
    assert theirs.relevance < ours.relevance - 0.2


def test_latin_kazakh_scores_like_cyrillic(classifier):
    cyrillic, latin = classifier.predict(
        [
            ("Белсенді ұсталды", "Алматыда азаматтық белсендіні полиция ұстап, бөлімшеге алып кетті."),
            ("Belsendi ustaldy", "Almatyda azamattyq belsendini polisia ustap, bolimshege alyp ketti."),
        ]
    )
    assert abs(cyrillic.relevance - latin.relevance) < 0.15


def test_a_swapped_name_moves_the_score_by_less_than_a_twentieth(classifier):
    template = "{name} задержали в Алматы. Активиста {name} суд арестовал, сообщила полиция."
    names = ("Макса Бокаева", "Ивана Крылова", "Дулата Тестова", "Zhanar Example")
    said = classifier.predict([(f"{name} задержан", template.format(name=name)) for name in names])
    assert max(p.relevance for p in said) - min(p.relevance for p in said) < 0.05


def test_texts_that_are_not_relevant_carry_no_labels(classifier):
    (prediction,) = classifier.predict(
        [("Форум НПО", "В Таразе прошёл форум некоммерческих организаций, вручили гранты.")]
    )
    assert (prediction.relevant, prediction.tier, prediction.labels) == (False, None, ())
    assert set(prediction.probabilities) == {"detention", "tax_inspection", "raid"}


def test_mail_is_a_part_of_the_queue(texts, classifier):
    for prediction in classifier.predict([(text.title, text.text) for text in texts], reasons=False):
        assert prediction.relevant == (prediction.tier is not None)
        assert prediction.reasons == []


def test_a_batch_is_predicted_like_single_texts(texts, classifier):
    pairs = [(text.title, text.text) for text in texts[:5]]
    assert classifier.predict(pairs) == [classifier.predict([pair])[0] for pair in pairs]


def test_a_taxonomy_for_the_whole_world_has_no_home(texts):
    model = train(texts, taxonomy_of(texts))
    ours, theirs = model.predict(
        [("Activist detained", f"Police detained an activist in {place}.") for place in ("Kazakhstan", "Zimbabwe")]
    )
    assert ours.relevance == pytest.approx(theirs.relevance, abs=0.05)


def test_a_single_label_that_all_relevant_texts_bear_goes_with_relevance(texts):
    one = Taxonomy((LabelSpec("pressure"),))
    marked = [replace(text, labels=frozenset(["pressure"] if text.labels else [])) for text in texts]
    (prediction,) = train(marked, one).predict([REPORT])
    assert prediction.labels == ("pressure",)


def test_a_label_that_no_text_bears_is_never_said(texts, taxonomy):
    wider = replace(taxonomy, labels=(*taxonomy.labels, LabelSpec("censorship")))
    (prediction,) = train(texts, wider).predict([REPORT])
    assert prediction.probabilities["censorship"] == 0.0
    assert "censorship" not in prediction.labels


def test_texts_with_the_fallback_alone_are_not_relevant(texts):
    marked = [replace(text, labels=text.labels or frozenset({"unknown"})) for text in texts]
    model = train(marked, taxonomy_of(marked))
    assert "unknown" not in model.taxonomy.names
    (prediction,) = model.predict(
        [("Football club wins", "The club won the match; its fans celebrated with a concert.")]
    )
    assert not prediction.relevant


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_too_few_texts_are_refused(texts, taxonomy, kept):
    with pytest.raises(InputError):
        train(texts[:kept], taxonomy)


def test_a_label_outside_the_taxonomy_is_named(texts, taxonomy):
    stranger = Text("s", "ru", "", "текст", frozenset({"weather"}))
    with pytest.raises(InputError, match="weather"):
        train([*texts, stranger], taxonomy)


def test_texts_that_all_bear_the_same_label_are_refused(texts, taxonomy):
    with pytest.raises(InputError):
        train([text for text in texts if text.labels == {"raid"}], taxonomy)


ODD = st.sampled_from(
    ["", "слово", "😀" * 50, "\0\0", "مرحبا بالعالم " * 20, "<p>&nbsp;</p>" * 30, "\ud800", "а́е̄" * 9, "İı" * 9]
)


@settings(max_examples=40, deadline=None)
@given(title=ODD | st.text(max_size=80), body=ODD | st.text(max_size=400))
def test_any_text_gets_a_prediction(classifier, title, body):
    (prediction,) = classifier.predict([(title, body)])
    assert 0.0 <= prediction.relevance <= 1.0
    whole = f"{title}\n{body}"
    assert all(whole[reason.start : reason.end] == reason.phrase for reason in prediction.reasons)


def test_a_megabyte_is_read_to_its_cap(classifier):
    start = "Полиция задержала активиста в Алматы. " * 1200
    long, longer = classifier.predict([("", start), ("", start + "Форум. " * 150_000)])
    assert long == longer


def test_texts_without_words_to_compare_are_told_in_one_line():
    texts = [Text(f"{n}", None, "", f"the {w} {n}", frozenset({w})) for n, w in enumerate(["cat", "dog"] * 30)]
    with pytest.raises(InputError, match="too few words in common"):
        train(texts, taxonomy_of(texts))
