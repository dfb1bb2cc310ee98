"""Crawling on many machines: units of the work queue as Procrastinate jobs over PostgreSQL.

Only this package imports Procrastinate. A job carries the id of a unit and nothing else. The work queue in the store
stays authoritative: it counts a platform's slots; a job whose unit is done, claimed or not due does nothing; a unit
without a job gets one at the next poll, so that a wiped job table loses nothing. A worker without a heartbeat for
`cluster.stale` seconds counts as dead: its units are released, and its late result is refused, because the next attempt
has another number. A worker that cannot send its heartbeat stops its requests before others may claim its units.
"""

from crawler.cluster.cluster_night import supervise_run
from crawler.cluster.cluster_worker import ClusterWorker

__all__ = ["ClusterWorker", "supervise_run"]
