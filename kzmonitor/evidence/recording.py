"""What a look at a watched page leaves in the database.

It stores nothing while the page is as it was: most looks would store a copy. Otherwise it stores the response, a
revision where the text changed, and an event once it is believed."""

from datetime import datetime

from sqlalchemy import exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.collect import articles, captures
from kzmonitor.collect.captures import Received
from kzmonitor.collect.cut import Article as Cut
from kzmonitor.collect.cut import Hint
from kzmonitor.collect.decode import decode_body, html_text
from kzmonitor.collect.feeds import GOOD_STATES
from kzmonitor.errors import PageError
from kzmonitor.evidence import looks
from kzmonitor.evidence.differences import is_same
from kzmonitor.evidence.headings import heading_of
from kzmonitor.evidence.looks import Doubt, Happening, Look, Standing, Verdict, Version
from kzmonitor.evidence.watching import Held, is_held
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import partitions
from kzmonitor.store.tables import Article, Capture, Entry, PageEvent, Poll, Revision, Watch, new_id

SEEN_WELL = ("ok", "edited")


def record(
    session: Session,
    held: Held,
    declaration: Declaration,
    state: str,
    received: Received | None,
    now: datetime,
    *,
    moved: bool = False,
) -> str | None:
    """Write down one look in the caller's transaction; its outcome, None when the lease has gone to somebody else.

    state: "ok", or the named state of the failure; received: the response, where there was one; moved: whether a
    redirect led to another address. Outcomes: good, changed, gone, blocked, back, baseline (the first own look at an
    imported page), doubt:STATE (not believed yet), still:STANDING, unclear:STATE."""
    watch = session.scalars(select(Watch).where(is_held(held)).with_for_update()).one_or_none()
    if watch is None:
        return None
    capture = captures.made(declaration.slug, received) if received else None
    look = _look(session, held, declaration, state, capture, moved)
    good = session.get_one(Capture, watch.good_capture)
    last = session.get_one(Revision, watch.good_revision)
    verdict = looks.judge(Version(last.title, last.text), look)
    if verdict.kind == "changed" and look.article and _cutter_changed(session, held, declaration, good, look.article):
        verdict = Verdict("good", "ok")
    if verdict.state == "edited" and good.route == "import":
        # Somebody else's copy, cut by another hand: from here on the page is compared with our own.
        _good_version(session, watch, capture, look.article)
        verdict, outcome, after = Verdict("good", "ok"), "baseline", Standing("good", now)
    else:
        before = _standing_of(watch)
        answered = before.doubt is not None and _others_answer(session, watch.source, before.doubt.since)
        after, happenings = looks.step(before, verdict, now, others_answer=answered)
        outcome = _outcome(verdict, after, happenings)
        _keep(session, watch, verdict, look, capture, last, happenings)
    _write(watch, after, verdict.state, now)
    return outcome


def _look(
    session: Session, held: Held, declaration: Declaration, state: str, capture: Capture | None, moved: bool
) -> Look:
    if capture is None or state != "ok":
        return Look(state, moved=moved)
    heading = ""
    try:
        headers = captures.flat_headers(capture)
        heading = heading_of(html_text(decode_body(captures.body(capture), headers), headers))
        found = articles.cut_capture(capture, declaration, _hint(session, held))
    except PageError as error:
        return Look(error.state, heading=heading, moved=moved)
    return Look("ok", found, heading, moved)


def _hint(session: Session, held: Held) -> Hint:
    """What the feed said of the page, as when it was cut first: the title may come from there."""
    entry = session.execute(
        select(Entry.title, Entry.published_at).where(Entry.canonical_url == held.canonical_url)
    ).one_or_none()
    return Hint(*entry) if entry else Hint(None, None)


def _cutter_changed(session: Session, held: Held, declaration: Declaration, good: Capture, found: Cut) -> bool:
    """Whether the last good page gives the new text when it is cut as of today: then it was us who changed."""
    if good.route == "import":
        return False
    try:
        again = articles.cut_capture(good, declaration, _hint(session, held))
    except PageError:
        return False
    return is_same(f"{again.title}\n{again.text}", f"{found.title}\n{found.text}")


def _standing_of(watch: Watch) -> Standing:
    doubt = None
    if watch.doubt_kind is not None and watch.doubt_since is not None:
        doubt = Doubt(watch.doubt_kind, watch.doubt_state or "", watch.doubt_since, watch.doubt_looks)  # type: ignore[arg-type]
    return Standing(watch.standing, watch.good_at, doubt)  # type: ignore[arg-type]


def _others_answer(session: Session, source: str, since: datetime) -> bool:
    """Whether another source answered a poll or a look since then: else it may be our own line that is down."""
    polled = exists().where(
        Poll.id >= partitions.first_id(since), Poll.source != source, Poll.started >= since, Poll.state.in_(GOOD_STATES)
    )
    looked = exists().where(Watch.source != source, Watch.looked_at >= since, Watch.seen.in_(SEEN_WELL))
    return bool(session.scalar(select(or_(polled, looked))))


def _outcome(verdict: Verdict, after: Standing, happenings: list[Happening]) -> str:
    if happenings:
        return happenings[-1].kind
    if verdict.kind in ("good", "unclear"):
        return verdict.kind if verdict.kind == "good" else f"unclear:{verdict.state}"
    return f"doubt:{verdict.state}" if after.doubt else f"still:{after.kind}"


def _keep(
    session: Session,
    watch: Watch,
    verdict: Verdict,
    look: Look,
    capture: Capture | None,
    last: Revision,
    happenings: list[Happening],
) -> None:
    """Store what the look brought: the response where it is another than before, the new text, the events."""
    news = bool(happenings) or (verdict.kind != "good" and verdict.state != watch.seen)
    if capture is not None and news:
        session.add(capture)
        session.flush()
    before = watch.good_capture
    changed = [one for one in happenings if one.kind == "changed"]
    if changed:
        _good_version(session, watch, capture, look.article)
        if verdict.state == "edited":
            # What another text replaced stays the text of the article: it is what the alert tells of.
            article = update(Article).where(Article.id == watch.article_id)
            session.execute(article.values(current_revision=watch.good_revision))
    for happening in happenings:
        is_edit = happening.kind == "changed"
        session.execute(
            insert(PageEvent)
            .values(
                id=new_id(),
                article_id=watch.article_id,
                kind=happening.kind,
                state=happening.state,
                since=happening.since,
                good_at=happening.good_at,
                confirmed=not is_edit or look.article is None or look.article.cut_by == last.cut_by,
                before_capture=before,
                after_capture=capture.id if capture is not None else None,
                before_revision=last.id,
                after_revision=watch.good_revision if is_edit else None,
            )
            .on_conflict_do_nothing()
        )


def _good_version(session: Session, watch: Watch, capture: Capture | None, found: Cut | None) -> None:
    """Make a response with its text the version that the next looks are compared with."""
    assert capture is not None, "a text was cut from it"
    assert found is not None, "it is the text that changed"
    session.add(capture)
    session.flush()
    watch.good_capture = capture.id
    watch.good_revision = articles.revise(session, watch.article_id, capture, found)


def _write(watch: Watch, after: Standing, seen: str, now: datetime) -> None:
    doubt = after.doubt
    watch.standing, watch.good_at = after.kind, after.good_at
    watch.doubt_kind = doubt.kind if doubt else None
    watch.doubt_state = doubt.state if doubt else None
    watch.doubt_since = doubt.since if doubt else None
    watch.doubt_looks = doubt.looks if doubt else 0
    watch.looked_at, watch.seen = now, seen
    watch.next_at = looks.next_at(after, watch.first_seen, now)
    watch.lease_until = watch.holder = None
