"""Tables of the queue: what alerts are ordered and filtered by, and the views that people saved."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kzmonitor.store.tables.base import Created, Id, Table


class AlertRank(Table):
    """An alert's place in the queue: where it stands and all that the list orders and filters by, in one narrow row.

    Kept by the database itself (migration 0010), in the transaction of whatever changes an alert, its incident, its
    articles or its reviews; nothing else may write it. Alerts whose incident was merged into another have none."""

    __tablename__ = "alert_rank"
    alert_id: Mapped[UUID] = mapped_column("alert", ForeignKey("alert.id", ondelete="CASCADE"), primary_key=True)
    status: Mapped[str] = mapped_column(comment="as alert_standing says")
    labels: Mapped[list[str]] = mapped_column(comment="as alert_standing says")
    severity: Mapped[int] = mapped_column(SmallInteger)
    certainty: Mapped[int] = mapped_column(
        SmallInteger, comment="how far the score is from one half, in tenths: 0 (a toss-up) to 4"
    )
    score: Mapped[float]
    opened_at: Mapped[datetime]
    region: Mapped[str | None]
    sources: Mapped[list[str]] = mapped_column(comment="slugs of the articles' sources, each once")
    languages: Mapped[list[str]] = mapped_column(comment="of the articles' current texts, each once")
    assigned_to: Mapped[UUID | None]
    escalated: Mapped[bool] = mapped_column(comment="as alert_standing says")
    __table_args__ = (
        # One index for each order of the list; minus turns an order around, so that one comparison of rows finds
        # what comes before and after an alert.
        Index("ix_alert_rank_gravest", "status", text("(- severity)"), "certainty", "opened_at", "alert"),
        Index("ix_alert_rank_all", text("(- severity)"), "certainty", "opened_at", "alert"),
        Index("ix_alert_rank_doubtful", "status", "certainty", text("(- severity)"), "opened_at", "alert"),
        Index("ix_alert_rank_surest", "status", text("(- score)"), "opened_at", "alert"),
        Index("ix_alert_rank_oldest", "status", "opened_at", "alert"),
        Index("ix_alert_rank_words", "labels", "sources", "languages", postgresql_using="gin"),
        Index("ix_alert_rank_assigned", "assigned_to", postgresql_where=text("assigned_to is not null")),
        Index("ix_alert_rank_escalated", "alert", postgresql_where=text("escalated")),
    )


class SavedView(Table):
    """A list of alerts that a person comes back to: its name and what its address asks for."""

    __tablename__ = "saved_view"
    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column("account", ForeignKey("account.id"))
    name: Mapped[str]
    address: Mapped[str] = mapped_column(comment="the address of the list, without a page")
    created_at: Mapped[Created]
    __table_args__ = (UniqueConstraint("account", "name"),)
