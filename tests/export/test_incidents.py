from datetime import timedelta

from sqlalchemy import select, update

from kzmonitor.export.incidents import BATCH, COLUMNS, INCIDENTS
from kzmonitor.export.tables import Wanted
from kzmonitor.incidents.reviews import decide
from kzmonitor.store.tables import Campaign, Incident, IncidentArticle, Revision, new_id
from tests.export.conftest import MORNING, article_of, party_of

FIELDS = {
    "turn": "pressure", "role": "report", "target_kind": ["journalist"], "actor_kind": ["police", "court"],
    "targets": [{"name": "Инга Иманбай", "kind": "person", "id": None}],
    "actors": [{"name": "Алмалинский суд", "kind": "body", "id": None}], "place": "Алматы", "region": "KZ-75",
    "event_date": "2026-11-01", "articles": ["cao:488"], "sums": [{"amount": 120000.0, "currency": "KZT"}],
    "people": 3, "transnational": False,
}  # fmt: skip


def cells(session, wanted=None):
    return [row.cells for batch in INCIDENTS.rows(session, wanted or Wanted()) for row in batch]


def test_a_row_says_who_told_of_it_what_was_done_and_to_whom(session, told):
    alert = told("Журналистка арестована", "Суд арестовал.", fields=FIELDS, labels=["detention", "prosecution"])
    told("Journalist jailed", "A court.", language="en", source="orda", of=alert, labels=["detention"])
    (row,) = cells(session)
    assert set(row) == {column.name for column in COLUMNS}
    assert row["id"] == alert.incident_id
    assert (row["labels"], row["core"], row["turn"]) == (["detention", "prosecution"], True, "pressure")
    assert (row["sources"], row["first_source"], row["languages"]) == (["vlast", "orda"], "vlast", ["ru", "en"])
    assert (row["reports"], len(row["addresses"])) == (2, 2)
    assert (row["targets"], row["actors"]) == (["Инга Иманбай"], ["Алмалинский суд"])
    assert (row["people"], row["sums"], row["articles_of_law"]) == (3, ["120000 KZT"], ["cao:488"])
    assert (row["place"], row["region"], row["event_date"]) == ("Алматы", "KZ-75", "2026-11-01")
    assert (row["mlp"], row["civicus"]) == (["Arrests", "Legal Action"], ["journalist detained", "HRD prosecuted"])
    assert row["acled"] == ["Strategic developments: Arrests"]
    assert row["hrdsattack_victims"] == ["Journalist"]
    assert row["hrdsattack_perpetrators"] == ["State Security Forces"]


def test_a_persons_word_stands_before_the_models(session, told):
    alert = told("Обыск", "Пришли с обыском.", labels=["raid"])
    revision = session.scalars(select(Revision)).one()
    decide(
        session, alert.id, "correct", labels=["tax_inspection"], known_labels=["raid", "tax_inspection"],
        revision_id=revision.id, now=MORNING + timedelta(days=1),
    )  # fmt: skip
    (row,) = cells(session)
    assert (row["status"], row["labels"], row["core"]) == ("confirmed", ["tax_inspection"], True)
    assert row["decided_at"] == MORNING + timedelta(days=1)


def test_an_event_that_is_told_only_as_eased_bears_no_code_of_pressure(session, told):
    told("Оправдан", "Суд оправдал.", fields=FIELDS | {"turn": "eased"}, labels=["detention", "prosecution"])
    (row,) = cells(session)
    assert (row["turn"], row["mlp"], row["acled"]) == ("eased", ["Legal Action"], ["none"])
    assert row["civicus"] == ["positive court ruling"]


def test_parties_and_campaigns_stand_by_name(session, told):
    first, second = told("Проверка", "Один."), told("Ещё проверка", "Два.")
    party_of(session, first, ["Эхо", "Echo"], kind="NGO", status="fined")
    ids = [first.incident_id, second.incident_id]
    session.add(
        Campaign(
            id=new_id(), title="Налоговая волна", pattern="kind", labels=[], first_seen=MORNING, last_seen=MORNING,
            incidents=ids,
        )
    )  # fmt: skip
    session.flush()
    rows = cells(session)
    assert [row["targets"] for row in rows] == [["Эхо"], []]
    assert [row["campaigns"] for row in rows] == [["Налоговая волна"]] * 2


def test_a_merged_incident_is_no_row_but_its_id_stands_with_the_other(session, told):
    kept, gone = told("Обыск", "Один."), told("Тот же обыск", "Два.")
    session.get_one(Incident, gone.incident_id).redirect_to = kept.incident_id
    session.flush()
    (row,) = cells(session)
    assert (row["id"], row["merged_ids"]) == (kept.incident_id, [gone.incident_id])


def test_a_round_up_is_counted_beside_the_reports(session, told):
    alert = told("Обыск", "Один.")
    told("Итоги месяца", "Всё.", source="orda", of=alert)
    session.execute(
        update(IncidentArticle)
        .where(IncidentArticle.article_id == article_of(session, alert).id)
        .values(why="round-up")
    )
    (row,) = cells(session)
    assert (row["reports"], row["round_ups"], row["sources"]) == (1, 1, ["vlast"])


def test_since_until_status_and_incident_narrow_it(session, told):
    alerts = [told(f"Новость {number}", "Задержан.") for number in range(4)]
    decide(session, alerts[1].id, "reject", reason="other", now=MORNING)
    day = timedelta(days=1)
    titles = lambda wanted: [row["title"] for row in cells(session, wanted)]  # noqa: E731
    assert titles(Wanted(since=MORNING + day, until=MORNING + 3 * day)) == ["Новость 1", "Новость 2"]
    assert titles(Wanted(statuses=["rejected"])) == ["Новость 1"]
    assert titles(Wanted(incidents=[alerts[3].incident_id])) == ["Новость 3"]


def test_the_order_is_the_same_every_time_and_batches_lose_nothing(session, told):
    at = MORNING
    rows = [
        Incident(id=new_id(), title=f"{number}", first_seen=at, last_seen=at, labels=[], severity=1)
        for number in range(BATCH + 3)
    ]
    session.add_all(rows)
    session.flush()
    batches = [list(batch) for batch in INCIDENTS.rows(session, Wanted())]
    assert [len(batch) for batch in batches] == [BATCH, 3]
    found = [row.cells["id"] for batch in batches for row in batch]
    assert found == sorted(one.id for one in rows)
