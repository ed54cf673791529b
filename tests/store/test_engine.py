"""Opening the database: one line when it cannot be, never a password in it."""

import socket

import pytest
from sqlalchemy import text

from kzmonitor.config import Settings
from kzmonitor.errors import SetupError
from kzmonitor.store import Database, engine, opened, schema


def by_url(url: str) -> Settings:
    return Settings(database_url=url, _env_file=None)  # type: ignore[arg-type]


def test_an_unreachable_database_is_one_line_without_the_password() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"postgresql://user:secret-word@127.0.0.1:{unused.getsockname()[1]}/name"
        with pytest.raises(SetupError, match="does not answer") as error, opened(by_url(url)):
            pass
    assert "secret-word" not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("url", ["sqlite:///x", "mysql://host/x", "nonsense", ""])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(SetupError, match="KZMONITOR_DATABASE_URL"), opened(by_url(url)):
        pass


def test_a_database_by_url_is_never_upgraded_by_itself(database: Database) -> None:
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    schema.downgrade(database.engine, "0001")
    try:
        with pytest.raises(SetupError, match="kzmonitor db upgrade"), opened(by_url(url)):
            pass
        assert schema.standing(database.engine) == "0001"
    finally:
        schema.upgrade(database.engine)


def test_code_runs_on_the_schema_after_its_own(database: Database) -> None:
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    try:
        with opened(by_url(url)) as newer:
            assert schema.standing(newer.engine) == "9999"
        schema.upgrade(database.engine)
        assert schema.standing(database.engine) == "9999"
    finally:
        with database.engine.begin() as connection:
            connection.exec_driver_sql(f"update alembic_version set version_num = '{schema.head()}'")


def test_an_old_server_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "OLDEST_SERVER", 99)
    with pytest.raises(SetupError, match="99 or later"), engine.connected(database.url):
        pass


def test_a_server_over_the_network_asks_whether_we_are_there(database: Database) -> None:
    with database.engine.connect() as connection:
        patience = connection.execute(
            text("select current_setting('tcp_keepalives_idle'), current_setting('tcp_keepalives_count')")
        ).one()
    by_socket = str(database.url.query.get("host") or database.url.host or "/").startswith("/")
    assert patience == (("0", "0") if by_socket else ("20", "3"))


def test_parameters_of_the_address_go_before_ours(database: Database) -> None:
    address = database.url.update_query_dict({"connect_timeout": "7"})
    with engine.connected(address) as own, own.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        known = driver.info.get_parameters()
    assert (known["connect_timeout"], known["keepalives_idle"], known["tcp_user_timeout"]) == ("7", "20", "60000")
