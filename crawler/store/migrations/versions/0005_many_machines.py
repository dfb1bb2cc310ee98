"""Many machines: answers of robots.txt are shared; units say when they were planned and when they ended."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "robots",
        sa.Column("root", sa.String(length=300), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("good_until", moment, nullable=False),
        sa.PrimaryKeyConstraint("root", name=op.f("pk_robots")),
    )
    with op.batch_alter_table("units", schema=None) as batch:
        batch.add_column(sa.Column("planned_at", moment, nullable=True))
        batch.add_column(sa.Column("ended_at", moment, nullable=True))
        batch.create_index("ix_units_state_spider", ["state", "spider"])


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("units", schema=None) as batch:
        batch.drop_index("ix_units_state_spider")
        batch.drop_column("ended_at")
        batch.drop_column("planned_at")
    op.drop_table("robots")
