"""Findings are stored as the key of a sentence and its values. Rows that were stored with their sentence keep it.

The columns stay as they are, and so do the rows: the version alone keeps an older program, which needs a sentence in
every finding, from this database.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ROW_BATCH_SIZE = 1_000
_hits = sa.table("hits", sa.column("id", sa.String), sa.column("findings", sa.JSON))


def upgrade() -> None:
    """Apply."""


def downgrade() -> None:
    """Take it back: a finding without a sentence gets the key and the values as one."""
    connection = op.get_bind()
    last_id = ""
    while True:
        query = sa.select(_hits).where(_hits.c.id > last_id).order_by(_hits.c.id).limit(_ROW_BATCH_SIZE)
        rows = connection.execute(query).all()
        if not rows:
            return
        for row in rows:
            if any("why" not in finding for finding in row.findings):
                findings = [_with_sentence(finding) for finding in row.findings]
                connection.execute(sa.update(_hits).where(_hits.c.id == row.id).values(findings=findings))
        last_id = rows[-1].id


def _with_sentence(finding: dict[str, object]) -> dict[str, object]:
    if "why" in finding:
        return finding
    sides = [str(finding[side]) for side in ("ours", "theirs") if finding.get(side)]
    kept = {name: value for name, value in finding.items() if name != "values"}
    return {**kept, "why": f"{finding.get('ground', '')}: {' / '.join(sides)}"}
