"""`swordnet cases`: clusters of hits that share a seller, a share link, a picture or a contact."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import typer

from crawler.errors import NothingToDo
from crawler.store import HitQuery
from desk.cli._hit_filters import Platforms, Works, build_filter
from desk.cli._options import ConfigFile, Json, Quiet, command_context, only_match, print_json


def add(app: typer.Typer) -> None:
    """Register the commands."""
    cases = typer.Typer(no_args_is_help=True, help="Hits of one seller, share, picture or contact.")
    cases.command("list", epilog="Example: swordnet cases list")(list_cases)
    cases.command("show", epilog="Example: swordnet cases show 3f2a9c41")(show)
    app.add_typer(cases, name="cases")


def list_cases(
    platform: Platforms = None,
    work: Works = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Cases of two hits and more, the largest first, each with what links them."""
    from desk.clusters import find_clusters

    ctx = command_context(config, quiet)
    with ctx.store() as store:
        query = build_filter(ctx, store, None, platforms=platform, works=work)
        clusters, hits = find_clusters(store, query)
    if json:
        print_json([_cluster_json(cluster, hits) for cluster in clusters])
        return
    if not clusters:
        raise NothingToDo(ctx.message("cases_none"))
    for cluster in clusters:
        kinds = Counter(link.fact.kind for link in cluster.links)
        link_counts = ", ".join(f"{ctx.message(f'fact_{kind}')} {count}" for kind, count in sorted(kinds.items()))
        works = len({hits[hit].work_id for hit in cluster.hits})
        platforms = ", ".join(sorted({hits[hit].listing.platform for hit in cluster.hits}))
        counts = {"id": cluster.id[:8], "hits": len(cluster.hits), "works": works}
        typer.echo(ctx.message("case_told", platforms=platforms, linked=link_counts, **counts))


def show(
    case_id: Annotated[str, typer.Argument(metavar="ID", help="The case's id, or its first 8 characters.")],
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """The hits of a case, and each link between them with the fact that makes it."""
    from desk.clusters import find_clusters

    ctx = command_context(config, quiet)
    with ctx.store() as store:
        clusters, hits = find_clusters(store, HitQuery(zone=ctx.config.zone))
    chosen = {cluster.id: cluster for cluster in clusters if cluster.id.startswith(case_id)}
    cluster = only_match(ctx, "case", case_id, chosen, lambda case: hits[case.hits[0]].listing.title)
    if json:
        print_json(_cluster_json(cluster, hits))
        return
    for hit in cluster.hits:
        listing = hits[hit].listing
        typer.echo(f"{hit[:8]}  {listing.platform}  {listing.seller or '-'}  {listing.title}\n          {listing.url}")
    for link in cluster.links:
        kind = ctx.message(f"fact_{link.fact.kind}")
        typer.echo(f"{link.first[:8]} - {link.second[:8]}: {kind} {link.fact.value}")


def _cluster_json(cluster: Any, hits: Any) -> dict[str, Any]:
    links = [
        {"first": link.first, "second": link.second, "kind": link.fact.kind, "value": link.fact.value}
        for link in cluster.links
    ]
    works = sorted({hits[hit].work_id for hit in cluster.hits})
    return {"id": cluster.id, "hits": list(cluster.hits), "works": works, "links": links}
