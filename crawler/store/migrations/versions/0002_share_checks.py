"""What drives said of shares, and which listings sell a share."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "share_checks",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("platform", sa.String(length=60), nullable=False),
        sa.Column("share_id", sa.String(length=400), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("run", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share_checks")),
    )
    with op.batch_alter_table("share_checks", schema=None) as batch_op:
        batch_op.create_index("ix_share_checks_share", ["platform", "share_id"], unique=False)
    op.create_table(
        "share_sellers",
        sa.Column("platform", sa.String(length=60), nullable=False),
        sa.Column("share_id", sa.String(length=400), nullable=False),
        sa.Column("listing", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["listing"], ["listings.id"], name=op.f("fk_share_sellers_listing_listings")),
        sa.PrimaryKeyConstraint("platform", "share_id", "listing", name=op.f("pk_share_sellers")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("share_sellers")
    with op.batch_alter_table("share_checks", schema=None) as batch_op:
        batch_op.drop_index("ix_share_checks_share")
    op.drop_table("share_checks")
