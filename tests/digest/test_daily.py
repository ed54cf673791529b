"""A digest seals the days that have ended, and its foot bears witness."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import Settings, models_folder
from kzmonitor.digest.daily import Delivered, digest_of
from kzmonitor.i18n import LANGUAGES
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database
from kzmonitor.store.tables import Manifest
from tests.digest.conftest import END
from tests.digest.test_outbox import Mailbox, mailbox, subscribe
from tests.evidence.conftest import captured

__all__ = ["mailbox"]  # a fixture of another module
DAY = timedelta(days=1)
Declared = dict[str, Declaration]


def digested(
    database: Database, declarations: Declared, out: Path, *, days: int = 0, dry_run: bool = True, **settings: object
) -> Delivered:
    """The digest of the day that the test is about, made `days` later."""
    taxonomy = read_taxonomy(models_folder() / "taxonomy.yaml")
    own = Settings(_env_file=None, **settings)  # type: ignore[arg-type, call-arg]
    now = END + timedelta(minutes=1) + days * DAY
    return digest_of(database, END.date(), declarations, taxonomy, own, now, out=out, dry_run=dry_run)


@pytest.fixture
def yesterday(database: Database) -> None:
    with database.session() as session:
        captured(session, at=END - timedelta(hours=12))


def root(database: Database) -> str:
    with database.session() as session:
        return session.scalars(select(Manifest.root).where(Manifest.day == (END - DAY).date())).one().hex(" ", 4)


def test_the_root_of_the_day_before_stands_at_the_foot_in_both_forms_and_all_languages(
    database: Database, yesterday: None, declarations: Declared, tmp_path: Path
) -> None:
    done = digested(database, declarations, tmp_path)
    assert len(done.files) == 2 * len(LANGUAGES)
    assert [file.name for file in done.files if root(database) not in file.read_text()] == []
    assert all((END - DAY).date().isoformat() in file.read_text() for file in done.files)


def test_made_again_days_later_it_has_the_same_bytes(
    database: Database, yesterday: None, declarations: Declared, tmp_path: Path
) -> None:
    first = digested(database, declarations, tmp_path / "first")
    with database.session() as session:
        captured(session, at=END - timedelta(hours=11), stored=END + timedelta(hours=5))
    again = digested(database, declarations, tmp_path / "again", days=3)
    assert [file.read_bytes() for file in first.files] == [file.read_bytes() for file in again.files]
    with database.session() as session:
        assert len(session.scalars(select(Manifest)).all()) == 4


def test_before_the_first_seal_the_foot_says_so(database: Database, declarations: Declared, tmp_path: Path) -> None:
    done = digested(database, declarations, tmp_path)
    text = next(file for file in done.files if file.name.endswith("-en.txt")).read_text()
    assert "not sealed yet" in text


def test_a_timestamp_server_that_is_down_does_not_hold_up_the_digest(
    database: Database, yesterday: None, declarations: Declared, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    done = digested(database, declarations, tmp_path, dry_run=False, timestamp_url="http://127.0.0.1:1/")
    assert len(done.files) == 2 * len(LANGUAGES)
    assert "no timestamp (connection)" in caplog.text


def test_a_dry_run_asks_for_no_timestamp(
    database: Database, yesterday: None, declarations: Declared, tmp_path: Path
) -> None:
    digested(database, declarations, tmp_path, timestamp_url="http://127.0.0.1:1/")
    with database.session() as session:
        assert session.scalars(select(Manifest.timestamp_state)).one() is None


def test_every_mail_bears_witness_in_both_of_its_forms(
    database: Database, yesterday: None, declarations: Declared, tmp_path: Path, mailbox: tuple[Mailbox, str]
) -> None:
    subscribe(database, "a@example.org", "b@example.org", min_severity=4)
    box, url = mailbox
    done = digested(database, declarations, tmp_path, dry_run=False, smtp_url=url, mail_from="desk@example.org")
    assert done.mails == {"sent": 2}
    forms = [mail.get_body((kind,)) for mail in box.messages for kind in ("plain", "html")]
    assert [root(database) in form.get_content() for form in forms if form] == [True] * 4
