"""Hits that a person judged are decided so: infringing is a hit, not infringing is dropped (unless it is licensed).

Until now "infringing" changed no decision. Findings say so after the next night or rematch.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("UPDATE hits SET decision = 'hit' WHERE judged = 'infringing' AND decision <> 'hit'")
    op.execute("UPDATE hits SET decision = 'dropped' WHERE judged = 'not' AND decision IN ('hit', 'review')")


def downgrade() -> None:
    """Decisions stay: a rematch makes them again."""
