"""Many machines: the ledger's units handed out by Procrastinate over PostgreSQL; the only room that imports it.

A job carries the number of a unit and nothing else. The ledger stays the truth: it counts a platform's slots, a job
whose unit is done, held or not due does nothing, and a unit without a job gets one at the next look, so a queue that
was wiped loses nothing. A worker that shows no sign of life for `cluster.stale` seconds is dead: its units are free
again, and what it writes after all is refused, because the next attempt has another number. A worker that cannot say
that it lives asks the web nothing more before others may have its units.
"""

from crawler.cluster.machine import ClusterWorker
from crawler.cluster.night import supervise_run

__all__ = ["ClusterWorker", "supervise_run"]
