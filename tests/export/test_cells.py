import csv
import io
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzmonitor.export.cells import guarded, unguarded, written

WILD = st.text(alphabet=st.sampled_from("=+-@＝＋－＠'; \t\r\n,\"aҚ1|"), max_size=12)
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


@pytest.mark.parametrize("text", ["=1+1", "+7 701", "-1", "@SUM(A1)", "\t=1", "\rx", "  =1", "＝1", "'=1"])
def test_no_cell_begins_with_a_formula(text):
    assert guarded(text) == f"'{text}" or guarded(text).startswith("'")
    assert not guarded(text).lstrip(" ").startswith(FORMULA)


def test_ordinary_texts_stay_as_they_are():
    for text in ("Арестован активист", "Сума 5-7 млн", "O'Brien", "'quoted'", "a=b", ""):
        assert guarded(text) == text


@given(WILD | st.text(max_size=40))
def test_what_was_guarded_can_be_turned_back_exactly(text):
    assert unguarded(guarded(text)) == text


@given(WILD)
def test_no_cell_begins_with_a_formula_whether_split_at_commas_or_semicolons(text):
    """As Excel in a Russian locale splits a file with commas: at semicolons, tabs, line breaks, quoted or not."""
    file = io.StringIO()
    csv.writer(file).writerow(["x", guarded(text), "y"])
    (row,) = csv.reader(io.StringIO(file.getvalue(), newline=""))
    assert not row[1].lstrip(" ").startswith(FORMULA)
    naive = file.getvalue().replace("\t", ";").replace("\r", ";").replace("\n", ";").split(";")
    assert not any(cell.lstrip(' "').startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")) for cell in naive[1:])


def test_values_are_written_by_their_kind():
    almaty = datetime(2026, 11, 22, 8, 0, tzinfo=ZoneInfo("Asia/Almaty"))
    assert written(almaty) == "2026-11-22T03:00:00Z"
    assert [written(one) for one in (None, True, False, -3, 0.5)] == ["", "true", "false", "-3", "0.5"]
    assert written(["=a", 'b"']) == '["=a", "b\\""]'
