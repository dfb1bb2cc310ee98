"""Trust: undone judgements and what they teach, audits, calibrations, own shops, saved filters; columns to list by."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NEW = ("exports", "filters", "medians", "official", "calibrations", "samples", "quarantines", "rules")


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("listings", schema=None) as batch:
        batch.add_column(sa.Column("key", sa.Text(), nullable=True))
        batch.add_column(sa.Column("looks", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("hits", schema=None) as batch:
        batch.add_column(sa.Column("seller", sa.String(length=300), nullable=True))
        batch.add_column(sa.Column("rank", sa.Float(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("judged", sa.String(length=20), nullable=True))
        batch.add_column(sa.Column("changed_at", MOMENT, nullable=True))
        batch.drop_index("ix_hits_decision_platform")
    for name, columns in _INDEXES.items():
        op.create_index(name, "hits", columns)
    with op.batch_alter_table("judgements", schema=None) as batch:
        batch.add_column(sa.Column("undoes", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("decision", sa.String(length=20), nullable=True))
        batch.add_column(sa.Column("identity", sa.Float(), nullable=True))
        batch.add_column(sa.Column("offence", sa.Float(), nullable=True))
        batch.add_column(sa.Column("channel", sa.String(length=20), nullable=True))
        batch.add_column(sa.Column("terms", sa.JSON(), nullable=True))
    op.execute(
        "UPDATE hits SET changed_at = first_seen, judged = "
        "(SELECT verdict FROM judgements WHERE judgements.hit = hits.id ORDER BY judgements.id DESC LIMIT 1)"
    )
    _tables()


_INDEXES = {
    "ix_hits_decision_platform": ["decision", "platform", "rank"],
    "ix_hits_order": (
        ["decision", "rank", "id", "platform", "work", "seller", "run", "judged", "last_seen", "changed_at"]
    ),
    "ix_hits_work_decision": ["work", "decision", "rank"],
    "ix_hits_judged": ["judged", "decision", "rank"],
    "ix_hits_seller": ["seller"],
    "ix_hits_changed_at": ["changed_at"],
    "ix_hits_run": ["run"],
}


def _tables() -> None:
    _table(
        "rules",
        _text("kind", 20),
        _text("work", 200),
        _text("platform", 60),
        _long("value"),
        _long("shown"),
        sa.Column("judgement", sa.Integer(), nullable=True),
        _long("reason"),
        _long("by"),
        _moment("at"),
        _moment("withdrawn_at", nullable=True),
        _long("withdrawn_by", nullable=True),
        _to("rules", "work", "works"),
    )
    op.create_index("ix_rules_work", "rules", ["work"])
    _table(
        "quarantines",
        _text("work", 200),
        sa.Column("held", sa.Integer(), nullable=False),
        _long("why"),
        _long("by"),
        _moment("at"),
        _to("quarantines", "work", "works"),
    )
    op.create_index("ix_quarantines_work", "quarantines", ["work"])
    _table(
        "samples",
        _text("run", 40),
        _text("hit", 32),
        _text("platform", 60),
        _text("decision", 20),
        sa.Column("stands_for", sa.Float(), nullable=False),
        _moment("at"),
        _to("samples", "hit", "hits"),
    )
    op.create_index("ix_samples_run", "samples", ["run"])
    op.create_index("ix_samples_hit", "samples", ["hit"])
    told = sa.Column("told", sa.JSON(), nullable=False)
    _table("calibrations", sa.Column("weights", sa.JSON(), nullable=True), told, _long("by"), _moment("at"))
    _table(
        "official",
        _long("owner"),
        _long("platform", nullable=True),
        _long("seller", nullable=True),
        _long("territory", nullable=True),
        sa.Column("since", sa.String(length=10), nullable=True),
        sa.Column("until", sa.String(length=10), nullable=True),
        _moment("at"),
        _moment("withdrawn_at", nullable=True),
    )
    op.create_table(
        "medians",
        _text("work", 200),
        _text("platform", 60),
        _text("currency", 3),
        _long("price"),
        sa.Column("count", sa.Integer(), nullable=False),
        _to("medians", "work", "works"),
        sa.PrimaryKeyConstraint("work", "platform", name=op.f("pk_medians")),
    )
    filtered = sa.Column("value", sa.JSON(), nullable=False)
    op.create_table("filters", _text("name", 60), filtered, _moment("at"), _key("filters", "name"))
    _table(
        "exports",
        _long("by"),
        sa.Column("filter", sa.JSON(), nullable=False),
        _long("file"),
        sa.Column("count", sa.Integer(), nullable=False),
        _moment("at"),
    )


def _table(name: str, *columns: Any) -> None:
    """A table whose rows are numbered."""
    op.create_table(name, sa.Column("id", sa.Integer(), autoincrement=True, nullable=False), *columns, _key(name, "id"))


def _key(name: str, column: str) -> Any:
    return sa.PrimaryKeyConstraint(column, name=op.f(f"pk_{name}"))


def _to(name: str, column: str, other: str) -> Any:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{name}_{column}_{other}"))


def _text(name: str, length: int) -> Any:
    return sa.Column(name, sa.String(length=length), nullable=False)


def _long(name: str, nullable: bool = False) -> Any:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _moment(name: str, nullable: bool = False) -> Any:
    return sa.Column(name, MOMENT, nullable=nullable)


def downgrade() -> None:
    """Take back."""
    for name in NEW:
        op.drop_table(name)
    with op.batch_alter_table("judgements", schema=None) as batch:
        for name in ("undoes", "decision", "identity", "offence", "channel", "terms"):
            batch.drop_column(name)
    for name in _INDEXES:
        op.drop_index(name, "hits")
    with op.batch_alter_table("hits", schema=None) as batch:
        for name in ("seller", "rank", "judged", "changed_at"):
            batch.drop_column(name)
    op.create_index("ix_hits_decision_platform", "hits", ["decision", "platform"])
    with op.batch_alter_table("listings", schema=None) as batch:
        batch.drop_column("key")
        batch.drop_column("looks")
