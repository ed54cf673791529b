"""Models as bytes."""

import io
import json
import zipfile
from contextlib import suppress

import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.classify.persist import TRUSTED, load, save
from kzmonitor.errors import InputError

REPORT = ("Обыск в редакции", "В Алматы прошёл обыск в редакции издания, изъяли телефоны.")


@pytest.fixture(scope="module")
def body(classifier):
    return save(classifier)


def test_a_loaded_model_says_the_same(classifier, body):
    loaded = load(body)
    assert loaded.predict([REPORT]) == classifier.predict([REPORT])
    for name in ("version", "taxonomy", "thresholds", "data_sha256", "metrics"):
        assert getattr(loaded, name) == getattr(classifier, name)


def test_saving_a_loaded_model_gives_the_same_bytes(body):
    assert save(load(body)) == body


def test_nothing_in_the_file_is_a_pickle_or_of_a_foreign_type(body):
    untrusted = skops.io.get_untrusted_types(data=body)
    assert set(untrusted) <= set(TRUSTED)


@pytest.mark.parametrize("data", [b"", b"not a model", b"PK\x03\x04" + b"\0" * 40])
def test_foreign_bytes_are_refused_in_one_line(data):
    with pytest.raises(InputError) as caught:
        load(data)
    assert "\n" not in str(caught.value)


def test_another_skops_file_is_refused():
    with pytest.raises(InputError):
        load(skops.io.dumps({"about": "{}"}))


def test_a_type_that_is_not_listed_is_refused(body):
    with pytest.raises(InputError):
        load(
            rewritten(body, lambda schema: schema.replace("kzmonitor.classify.features", "kzmonitor.classify.explain"))
        )


def test_coefficients_of_another_shape_are_refused(body):
    altered = load(body)
    altered.relevance.scorer.first_ = altered.relevance.scorer.first_[:-1]
    for head in altered.labels.values():
        head.scorer.coef_ = head.scorer.coef_[:, :-1]
    with pytest.raises(InputError):
        load(save(altered))


@settings(max_examples=25, deadline=None)
@given(place=st.integers(0, 10**9), change=st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_harmless(body, place, change):
    damaged = bytearray(body)
    damaged[place % len(body)] ^= change
    with suppress(InputError):
        assert load(bytes(damaged)).predict([REPORT]) == load(body).predict([REPORT])


def rewritten(body, change):
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "schema.json":
                content = json.dumps(json.loads(change(content.decode()))).encode()
            new.writestr(name, content)
    return packed.getvalue()
