import pytest

from kzmonitor.classify.fields.record import ACTOR_KINDS, TARGET_KINDS
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import models_folder
from kzmonitor.export.crosswalk import NONE, SCHEMES, crosswalk

WALK = crosswalk()


def test_every_label_has_a_code_or_none_in_every_scheme_and_a_note():
    names = set(read_taxonomy(models_folder() / "taxonomy.yaml").names)
    assert set(WALK.labels) == names == set(WALK.notes)
    assert all(set(codes) == set(SCHEMES) for codes in WALK.labels.values())


def test_every_code_is_one_of_its_scheme():
    for codes in WALK.labels.values():
        for scheme, code in codes.items():
            assert code in {NONE, *WALK.schemes[scheme].codes, *WALK.schemes[scheme].unread}
    for case in (*WALK.unless, *WALK.eased):
        assert case.label in WALK.labels
        assert case.code in {*WALK.schemes[case.scheme].codes, *WALK.schemes[case.scheme].unread}
        assert (case.target_kind or set()) <= set(TARGET_KINDS)
        assert (case.actor_kind or set()) <= set(ACTOR_KINDS)


def test_every_scheme_says_where_and_when_it_was_read():
    assert set(WALK.schemes) == set(SCHEMES)
    for scheme in WALK.schemes.values():
        assert scheme.source
        assert scheme.read.year == 2026
        assert len(set(scheme.codes)) == len(scheme.codes)


def test_the_fields_are_mapped_whole():
    assert set(WALK.fields["hrdsattack_victims"][1]) == set(TARGET_KINDS)
    assert set(WALK.fields["hrdsattack_perpetrators"][1]) == set(ACTOR_KINDS)
    assert WALK.kinds("hrdsattack_victims", ["journalist", "outlet", "union"]) == ["Journalist", "Trade Unionist"]
    assert WALK.kinds("hrdsattack_victims", []) == [NONE]


@pytest.mark.parametrize(
    ("scheme", "labels", "targets", "actors", "eased", "codes"),
    [
        ("mlp", ["detention", "raid"], [], [], False, ["Arrests", "Raid"]),
        ("mlp", ["tax_inspection"], ["NGO"], ["revenue"], False, ["none"]),
        ("mlp", ["tax_inspection", "censorship"], [], [], False, ["Censor"]),
        ("mlp", ["obstruction"], ["observer"], [], False, ["Election Irregularities"]),
        ("civicus", ["detention"], ["activist"], ["police"], False, ["HRD detained"]),
        ("civicus", ["detention"], ["journalist"], ["police"], False, ["journalist detained"]),
        ("civicus", ["prosecution"], [], ["court"], True, ["positive court ruling"]),
        ("civicus", ["prosecution"], [], ["prosecutor"], True, ["none"]),
        ("acled", ["detention"], [], [], True, ["none"]),
        ("hrdsattack", ["detention", "violence_threat"], [], [], False, ["arbitrary detention", "other"]),
        ("hrdsattack", [], [], [], False, ["none"]),
        ("hrdsattack", ["somebody_elses_label"], [], [], False, ["none"]),
    ],
)
def test_an_event_gets_the_codes_of_its_labels_and_fields(scheme, labels, targets, actors, eased, codes):
    assert WALK.codes(scheme, labels, targets, actors, eased=eased) == codes
