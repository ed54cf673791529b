"""The units of work that Airflow's tasks run, a function each. Each opens the database by itself, may be
repeated, and gives back slugs and counts only: what it returns ends up in Airflow's own database.

Each is a process of its own, several of them a minute: what only one needs it imports by itself (scikit-learn alone
takes a second)."""

from collections import Counter
from datetime import datetime, timedelta

from kzmonitor import config
from kzmonitor.cli import shell
from kzmonitor.collect import crawl
from kzmonitor.digest.period import digest_day
from kzmonitor.errors import PageError, SourceError
from kzmonitor.i18n import _
from kzmonitor.sources import health
from kzmonitor.store import partitions

EARLY = timedelta(seconds=15)
# Looks that brought what there was to bring; the other named states brought nothing.
BROUGHT = health.CALM | health.PARTLY
# States that may be over in a minute. The rest (a wall, a wrong address, a plea to slow down) need time or a person.
PASSING = frozenset({"timeout", "connection", "dns", "server-error", "cut-short", "error"})


def prepare() -> None:
    """What the others find made: this and the coming months' partitions, and a first model."""
    from kzmonitor.classify import registry as models

    with shell.one_line_errors(), shell.database() as database, database.session() as session:
        partitions.ensure(session, shell.now())
        models.champion(session, shell.now())


def due_sources() -> list[str]:
    """The sources whose turn it is, or will be in some seconds, longest waiting first: asked once a minute, a source of
    every three minutes would else wait for the fourth, since a look begins some seconds after it was found due."""
    declared = shell.declarations(None)
    with shell.database() as database, database.session() as session:
        return health.due(session, declared, shell.now() + EARLY)


def poll(slug: str) -> dict[str, int]:
    """Poll one source and fetch its new pages; what was counted.

    Raises SourceError when it may work in a minute, PageError when it will not: the next poll will tell, or a person
    has to look. One answering address of several is enough; the state of each is kept with its poll."""
    shell.declarations(None, [slug])
    crawled = crawl.run([slug], config.settings().sources_dir)[0]
    if not crawled.well:
        raise SourceError(
            _("{slug}: the crawl ended with: {state}").format(slug=slug, state=crawled.finished), crawled.finished
        )
    states = sorted(key.removeprefix("poll:") for key in crawled.counts if key.startswith("poll:"))
    if BROUGHT.isdisjoint(states):
        state = next((state for state in states if state in PASSING), states[0] if states else "never")
        kind = SourceError if state in PASSING else PageError
        raise kind(f"{slug}: {state}: {health.advice(state)}", state)
    return crawled.counts


def watch() -> dict[str, int]:
    """Look at all pages behind alerts that are due; how many ended in each outcome.

    Raises SourceError when a crawl broke off: what it had not looked at is still due."""
    from kzmonitor.cli import watching

    ended = watching.looked_at(config.settings().sources_dir)
    broken = next((one for one in ended if not one.well), None)
    if broken is not None:
        message = _("{slug}: the crawl ended with: {state}")
        raise SourceError(message.format(slug=broken.slug, state=broken.finished), broken.finished)
    return dict(sum((watching.outcomes(one) for one in ended), Counter()))


def canary() -> dict[str, int]:
    """Look at the canary of each source that is due; how many ended in each state.

    Raises SourceError when a crawl broke off: what it had not looked at is still due."""
    from kzmonitor.cli import canaries

    ended = canaries.looked_at(config.settings().sources_dir)
    broken = next((one for one in ended if not one.well), None)
    if broken is not None:
        message = _("{slug}: the crawl ended with: {state}")
        raise SourceError(message.format(slug=broken.slug, state=broken.finished), broken.finished)
    return dict(sum((canaries.states(one) for one in ended), Counter()))


def backfill(source: str, first_day: str, last_day: str, tell: bool) -> dict[str, int]:
    """Read back in the archive of a source, from the first to the last day (2021-02-03); what was counted.

    Raises SourceError while something is left to do, which another try goes on with."""
    from kzmonitor.cli import backfilling

    days = backfilling.day(first_day), backfilling.day(last_day)
    done = backfilling.read_back(source, *days, config.settings().sources_dir, tell=tell)
    if done.left:
        message = _("{slug}: {n} readings are not at their end: {state}")
        state = done.troubles or done.crawled.finished
        raise SourceError(message.format(slug=source, n=done.left, state=state), state)
    return done.crawled.counts


def shares() -> list[int]:
    """A number for each share into which what waits to be understood is worth splitting; none when one task does."""
    from kzmonitor.incidents import sharing

    declared = shell.declarations(None)
    with shell.database() as database, database.session() as session:
        return [*range(1, sharing.shares(session, declared, config.settings(), shell.now()) + 1)]


def extract(_share: int) -> dict[str, int]:
    """Cut and index pages beside the other shares until none waits; how many ended how. No page is any share's own."""
    from kzmonitor.incidents import sharing

    with shell.database() as database:
        return dict(sharing.extract(database, shell.declarations(None)))


def score(_share: int) -> dict[str, int]:
    """Score texts beside the other shares until none waits; how many ended in each tier."""
    from kzmonitor.incidents import sharing

    with shell.database() as database:
        return dict(sharing.score(database, config.settings(), shell.now))


def understand() -> dict[str, int]:
    """Cut, score, group and open alerts until nothing is left; how many articles ended how, as `step:outcome`.

    Then fetch what people reported as missed."""
    from kzmonitor.cli import adding
    from kzmonitor.incidents.understand import understand as understand_all

    declared = shell.declarations(None)
    with shell.database() as database:
        done = understand_all(database, declared, config.settings(), shell.now)
        adding.fetch_reported(database, None)
    return {
        f"{step}:{outcome}": count
        for step, outcomes in (("cut", done.cut), ("scored", done.scored), ("grouped", done.grouped))
        for outcome, count in sorted(outcomes.items())
    }


def digest(moment: datetime) -> dict[str, int]:
    """Write and send the digest of the last 08:00 (Almaty) up to `moment`; nobody is sent a second copy.

    Raises SourceError when some could not be sent, which another try sends."""
    from kzmonitor.classify.labelled import read_taxonomy
    from kzmonitor.digest.daily import digest_of

    taxonomy = read_taxonomy(config.models_folder() / "taxonomy.yaml")
    declared, settings = shell.declarations(None), config.settings()
    with shell.database() as database:
        done = digest_of(database, digest_day(moment), declared, taxonomy, settings, shell.now(), out=settings.digests)
    unsent = Counter({state: count for state, count in done.mails.items() if state != "sent"})
    if unsent:
        raise SourceError(_("{n} digests could not be sent yet").format(n=unsent.total()), next(iter(unsent)))
    return {"alerts": len(done.digest.items), "files": len(done.files), "sent": done.mails["sent"]}


def notices() -> dict[str, int]:
    """Send the digests whose hour has come, notices of severe alerts, and what is to be tried again; how many
    deliveries ended in each state. What has to wait is tried again by a later run."""
    from kzmonitor.classify.labelled import read_taxonomy
    from kzmonitor.digest.daily import deliver_due

    taxonomy = read_taxonomy(config.models_folder() / "taxonomy.yaml")
    with shell.database() as database:
        return dict(deliver_due(database, shell.declarations(None), taxonomy, config.settings(), shell.now()))


def make_partitions() -> int:
    """Make the coming months' partitions; how many were missing."""
    with shell.database() as database, database.session() as session:
        return partitions.ensure(session, shell.now())


def retrain(reason: str, promote: bool) -> dict[str, str]:
    """Train on the seed and all reviews, and promote what passes the gate if `promote`; outcome and version."""
    from kzmonitor.learn import retrain as retraining

    with shell.database() as database:
        done = retraining.retrain(database, shell.now(), world=retraining.shipped(), reason=reason, promote=promote)
    return {"outcome": done.outcome, "version": done.version or ""}


def retrain_requested() -> dict[str, str]:
    """Retrain if somebody asked for it on the page of models; outcome and version, empty when nobody did."""
    from kzmonitor.learn import retrain as retraining
    from kzmonitor.learn import training_runs

    with shell.database() as database:

        def train(reason: str, promote: bool) -> retraining.Retrained:
            return retraining.retrain(database, shell.now(), world=retraining.shipped(), reason=reason, promote=promote)

        done = training_runs.run_asked(database, train, shell.now)
    return {"outcome": done.outcome or "", "version": done.version or ""} if done else {}
