"""Settings, from the environment and a `.env` file; `.env.example` documents each of them."""

import os
from functools import cache
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from kzmonitor.errors import SetupError
from kzmonitor.i18n import _

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent
PROJECT_PAGE = "https://github.com/kzmonitor/kzmonitor"


def in_checkout() -> bool:
    """Whether this code runs from its checkout, and not from an installed wheel."""
    return (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / "models").is_dir()


def models_folder() -> Path:
    """The folder of the taxonomy, the gazetteer and the seed corpus: of the checkout, or inside the wheel."""
    return CHECKOUT / "models" if in_checkout() else PACKAGE / "models"


def _default_data() -> Path:
    return CHECKOUT / "var" if in_checkout() else user_data_path("kzmonitor")


class Settings(BaseSettings):
    """Everything that may differ between two installations. Secrets have no default."""

    model_config = SettingsConfigDict(
        env_prefix="KZMONITOR_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data: Path = Field(default_factory=_default_data, description="Folder of the embedded database, digests and logs")
    database_url: SecretStr | None = Field(
        default=None, description="postgresql://user:password@host/name, version 15 or later; empty: embedded"
    )
    sources_dir: Path | None = Field(
        default=None, description="Folder of declarations to use in place of the shipped ones; empty: the shipped ones"
    )
    allow_loopback: bool = Field(
        default=False,
        description="Let sources live on 127.0.0.1 (the local newsroom, tests); never in production",
    )
    smtp_url: SecretStr | None = Field(
        default=None, description="smtp://user:password@host:587 (STARTTLS), smtps://host:465; empty: no mail"
    )
    mail_from: str | None = Field(default=None, description="Sender of the digests, for example desk@example.org")
    desk_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$",
        description="https://host of the review app as readers reach it, for links in digests; empty: no links",
    )
    webhook_hosts: str = Field(
        default="", description="Hosts (host or host:port, parted by commas) that digests may be posted to; empty: none"
    )
    telegram_token: SecretStr | None = Field(default=None, description="Of the bot that sends digests; empty: none")
    telegram_url: str = Field(
        default="https://api.telegram.org",
        pattern=r"^https?://[^\s/?#@]+$",
        description="Where the bot API of Telegram answers",
    )
    proxy: SecretStr | None = Field(
        default=None, description="http://host:port for all fetching; when it is down, nothing goes out"
    )
    timestamp_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^@\s]+$",
        description="https://host/path of an RFC 3161 time-stamping server for the daily roots; empty: none is asked",
    )
    contact: str | None = Field(
        default=None,
        description="Address added to the agent. It tells every outlet, and who reads its logs, who watches",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="At least 32 random characters; seals second factors; empty: there are none, and no remote desk",
    )
    reverse_proxy: str | None = Field(
        default=None,
        description="Address of the server before the review app that ends TLS; what it says of clients is believed",
    )
    oidc_issuer: str | None = Field(
        default=None, description="https://login.example.org: the provider of single sign-on; empty: there is none"
    )
    oidc_client_id: str | None = Field(default=None, description="What the provider calls the review app")
    oidc_client_secret: SecretStr | None = Field(default=None, description="The review app's secret at the provider")
    rescore_days: int = Field(
        default=90, ge=0, description="How many days back a new champion scores what an older model has seen"
    )
    shares: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Into how many tasks Airflow may split what waits to be understood: in a cluster, one a worker",
    )
    keep_texts_days: int = Field(
        default=365, ge=0, description="Days after which `kzmonitor prune` erases pages that led to nothing; 0: never"
    )
    keep_scores_days: int = Field(
        default=180, ge=0, description="Days after which it removes such pages' scores by retired models; 0: never"
    )
    keep_polls_days: int = Field(
        default=90, ge=0, description="Days after which it removes the record of looks at feeds; 0: never"
    )
    keep_logins_days: int = Field(
        default=30, ge=0, description="Days after which it removes failed logins and ended sessions; 0: never"
    )
    keep_log_days: int = Field(
        default=365, ge=0, description="Days after which it removes lines of the log of actions; 0: never"
    )
    log: Literal["text", "json"] = Field(
        default="text", description="json: a line of JSON an event on standard error; text: warnings only"
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Lets a Prometheus elsewhere read /metrics of the review app; empty: only this machine may",
    )

    @property
    def digests(self) -> Path:
        """Where digest files go unless told otherwise."""
        return self.data / "digests"


def settings() -> Settings:
    """The settings of this process. Raises SetupError naming the first wrong variable."""
    return _read(os.environ.get("KZMONITOR_ENV_FILE", ".env"), frozenset(_relevant_environment().items()))


def _relevant_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("KZMONITOR_")}


@cache
def _read(env_file: str, _environment: frozenset[tuple[str, str]]) -> Settings:
    """Cached by the environment it was read from, so that tests may change the environment."""
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = "KZMONITOR_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SetupError(_("{name}: {problem}; see .env.example").format(name=name, problem=first["msg"])) from error


def agent() -> str:
    """The one user agent of every request: what we are and where to read about us, never who runs it."""
    from kzmonitor import VERSION

    contact = settings().contact
    return f"kzmonitor/{VERSION} (+{PROJECT_PAGE}{'; ' + contact if contact else ''})"
