"""Nights: clocks of hosts and platforms, pages seen, rechecks, known positives, marks; priorities of units."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "clocks",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("not_before", moment, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_clocks")),
    )
    op.create_table(
        "seen_pages",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=60), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("modified", sa.Text(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("reader", sa.String(length=64), nullable=False),
        sa.Column("listings", sa.JSON(), nullable=False),
        sa.Column("further", sa.JSON(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("checked_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seen_pages")),
    )
    op.create_index(op.f("ix_seen_pages_platform"), "seen_pages", ["platform"])
    op.create_table(
        "hit_checks",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("listing", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("run", sa.String(length=40), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.ForeignKeyConstraint(["listing"], ["listings.id"], name=op.f("fk_hit_checks_listing_listings")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hit_checks")),
    )
    op.create_index(op.f("ix_hit_checks_listing"), "hit_checks", ["listing"])
    op.create_index(op.f("ix_hit_checks_run"), "hit_checks", ["run"])
    op.create_table(
        "watched",
        sa.Column("listing", sa.String(length=32), nullable=False),
        sa.Column("platform", sa.String(length=60), nullable=False),
        sa.Column("next_check", moment, nullable=False),
        sa.Column("calm", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["listing"], ["listings.id"], name=op.f("fk_watched_listing_listings")),
        sa.PrimaryKeyConstraint("listing", name=op.f("pk_watched")),
    )
    op.create_index(op.f("ix_watched_next_check"), "watched", ["next_check"])
    op.create_table(
        "known_positives",
        sa.Column("listing", sa.String(length=32), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("platform", sa.String(length=60), nullable=False),
        sa.Column("work", sa.String(length=200), nullable=False),
        sa.Column("added_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["work"], ["works.id"], name=op.f("fk_known_positives_work_works")),
        sa.PrimaryKeyConstraint("listing", name=op.f("pk_known_positives")),
    )
    op.create_index(op.f("ix_known_positives_platform"), "known_positives", ["platform"])
    op.create_table(
        "marks",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(length=10), nullable=False, server_default="crawl"))
        batch_op.add_column(sa.Column("planned", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.add_column(sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.drop_column("priority")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_column("planned")
        batch_op.drop_column("kind")
    for name in ("marks", "known_positives", "watched", "hit_checks", "seen_pages", "clocks"):
        op.drop_table(name)
