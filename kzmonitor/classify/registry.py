"""The registry of models: versions in the database, cached by hash, verified on load.

scikit-learn is imported by what fits or loads a model, not by what lists them: it costs a command a second."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session, defer

from kzmonitor.classify.labelled import Text, read_jsonl, read_taxonomy
from kzmonitor.config import models_folder
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.store.tables import Model, new_id

if TYPE_CHECKING:
    from kzmonitor.classify.model import Classifier

BASELINE_LOCK = 0x6B7A6D64


@lru_cache(maxsize=2)
def _load(body: bytes) -> "Classifier":
    from kzmonitor.classify import persist

    return persist.load(body)


def classifier(model: Model) -> "Classifier":
    """The fitted classifier of a version. Raises InputError when its body does not match its hash."""
    if hashlib.sha256(model.body).digest() != model.sha256:
        raise InputError(
            _("model {version}: its stored file does not match its hash; run: kzmonitor model rollback").format(
                version=model.version
            )
        )
    try:
        return _load(model.body)
    except InputError as error:
        raise InputError(
            _("model {version}: {reason}; or go back: kzmonitor model rollback").format(
                version=model.version, reason=error
            )
        ) from error


def champion(session: Session, now: datetime) -> Model:
    """The version in use; on first use the baseline is trained from the seed corpus (seconds)."""
    found = _champion(session)
    if found is not None:
        return found
    session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": BASELINE_LOCK})
    return _champion(session) or _baseline(session, now)


def _champion(session: Session) -> Model | None:
    return session.scalars(select(Model).where(Model.state == "champion")).one_or_none()


def in_use(session: Session) -> Model | None:
    """The version in use without its body of some 20 MB, None before the first one was trained: for pages, which must
    wait for neither."""
    query = select(Model).where(Model.state == "champion").options(defer(Model.body))
    return session.scalars(query).one_or_none()


def seed_texts() -> list[Text]:
    """The seed corpus in all languages, and the plain news beside it."""
    files = [file for folder in ("seed", "background") for file in sorted((models_folder() / folder).glob("*.jsonl"))]
    return [text for file in files for text in read_jsonl(file)]


def _baseline(session: Session, now: datetime) -> Model:
    from kzmonitor.classify.train import train

    fitted = train(seed_texts(), read_taxonomy(models_folder() / "taxonomy.yaml"))
    return add(session, fitted, "champion", now)


def add(
    session: Session, fitted: "Classifier", state: str, now: datetime, notes: Mapping[str, Any] | None = None
) -> Model:
    """Keep a fitted classifier as a new version, after proving that what was saved loads.

    `notes` (JSON) stand beside its own figures, and its thresholds, which queries then need no model file for."""
    from kzmonitor.classify import persist

    body = persist.save(fitted)
    persist.load(body)
    sha256 = hashlib.sha256(body).digest()
    model = Model(
        id=new_id(),
        version=f"{now:%Y%m%d-%H%M%S}-{sha256.hex()[:8]}",
        sha256=sha256,
        state=state,
        body=body,
        trained_at=now,
        metrics={**fitted.metrics, "thresholds": asdict(fitted.thresholds), **(notes or {})},
        data_sha256=bytes.fromhex(fitted.data_sha256),
        taxonomy=asdict(fitted.taxonomy),
    )
    session.add(model)
    session.flush()
    return model


def same(session: Session, fitted: "Classifier") -> Model | None:
    """The version that holds this very classifier, bit for bit, if there is one."""
    from kzmonitor.classify import persist

    sha256 = hashlib.sha256(persist.save(fitted)).digest()
    return session.scalars(select(Model).where(Model.sha256 == sha256).order_by(Model.id).limit(1)).one_or_none()


def versions(session: Session) -> Sequence[Model]:
    """All versions, newest first."""
    return session.scalars(select(Model).order_by(Model.trained_at.desc(), Model.id.desc())).all()


def find(session: Session, wanted: str) -> Model:
    """The version named by its identifier, its full name, or the beginning of one. Raises InputError."""
    matches = [model for model in versions(session) if str(model.id) == wanted or model.version.startswith(wanted)]
    if len(matches) != 1:
        raise InputError(
            _("model {wanted}: {count} versions match; see: kzmonitor model list").format(
                wanted=wanted, count=len(matches)
            )
        )
    return matches[0]


def promote(session: Session, model: Model) -> None:
    """Make a version the champion, after proving that it loads; the one before is retired."""
    classifier(model)
    before = in_use(session)
    if before is not None and before.id != model.id:
        before.state = "retired"
        session.flush()
    model.state = "champion"
    session.flush()


def rollback(session: Session) -> Model:
    """Promote the retired version that was trained last before the champion. Raises InputError if none is."""
    now = in_use(session)
    retired = select(Model).where(Model.state == "retired").order_by(Model.trained_at.desc(), Model.id.desc())
    if now is not None:
        retired = retired.where(Model.trained_at < now.trained_at)
    earlier = session.scalars(retired.limit(1)).one_or_none()
    if earlier is None:
        raise InputError(_("there is no earlier version to go back to"))
    promote(session, earlier)
    return earlier
