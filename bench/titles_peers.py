"""Compare our title matching with public tools, on the same queries and with the same scorer, in one run.

    python bench/titles_peers.py [--sample 600] [--only zh_obf] [--small FOLDER] [--big FOLDER]

Names and queries are folded for all of them (crawler/text.py). The tools give their best name for each query: rapidfuzz
WRatio over all names, TF-IDF of character 2- and 3-grams (scikit-learn), tantivy (2- and 3-grams, BM25, the best of 20
by WRatio), and guessit and parsett on release names (what they take for the title, by ratio). --small and --big are
folders of make_registry.py: the rates of rapidfuzz brute force in the small one and tantivy in the big one are compared
with ours (the whole matcher in batches, as `swordnet match` runs it), in listings per second of processor time on one
core. --rates prints nothing else. The tools come with the dependency group `bench`.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import guessit
import numpy as np
import PTT
import tantivy
from rapidfuzz import fuzz, process
from sklearn.feature_extraction.text import TfidfVectorizer

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.titles import CORE_SETS, DATA, ROWS_PER_BATCH, predict_set, rows, work_of  # noqa: E402
from crawler.items import Listing, ListingKind, Work  # noqa: E402
from crawler.text import fold  # noqa: E402
from matchers.assessor import Assessor  # noqa: E402
from matchers.matcher import Context  # noqa: E402
from matchers.titles import open_title_matcher  # noqa: E402
from screening.parallel import GC_THRESHOLD_OBJECTS  # noqa: E402

sys.path.insert(0, str(DATA))
import score_titles  # type: ignore[import-not-found]  # noqa: E402

RELEASE_SETS = ("pan_telegram_zh", "release_anime", "release_en", "release_zh")
SLOW_TOOL_QUERIES = 200  # queries of a generated registry that the slow tools answer
Scores = dict[str, dict[str, float]]
Tool = Callable[[list[tuple[str, str]], list[str]], list[tuple[str, float]]]


def main() -> None:
    """Run every tool over every set, then measure the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=600)
    parser.add_argument("--only", default="")
    parser.add_argument("--small", type=Path)
    parser.add_argument("--big", type=Path)
    parser.add_argument("--rates", action="store_true")
    arguments = parser.parse_args()
    all_sets = sorted(path.name for path in (DATA / "sets").iterdir())
    names = [] if arguments.rates else arguments.only.split(",") if arguments.only else all_sets
    results: dict[str, dict[str, Any]] = {tool: {} for tool in (*TOOLS, "ours")}
    for name in names:
        queries = score_titles.sample(rows(name, "queries"), arguments.sample)
        for tool in results:
            if tool not in ("guessit", "parsett") or name in RELEASE_SETS:
                scores = our_scores(name, queries) if tool == "ours" else tool_scores(TOOLS[tool], name, queries)
                results[tool][name] = score_titles.SetResult(queries, scores)
        print(name, *(f"{tool} {format_scores(results[tool].get(name))}" for tool in results), sep=" | ", flush=True)
    for tool, scored in results.items():
        print_means(tool, scored)
    if arguments.small:
        print_rate(arguments.small, "rapidfuzz WRatio", TOOLS["rapidfuzz WRatio"])
    if arguments.big:
        print_rate(arguments.big, "tantivy", TOOLS["tantivy"])


def our_scores(name: str, queries: list[dict[str, Any]]) -> Scores:
    """The results of `swordnet match`."""
    query_ids = {query["query_id"] for query in queries}
    ranked_works = {row["query_id"]: row["work_id"] or [] for row in predict_set(name) if row["query_id"] in query_ids}
    return {
        query: {prediction["work_id"]: prediction["score"] for prediction in works}
        for query, works in ranked_works.items()
    }


def tool_scores(tool: Tool, name: str, queries: list[dict[str, Any]]) -> Scores:
    """The best name that a tool gives for each query."""
    names = folded_names(work_of(row) for row in rows(name, "registry"))
    best = tool(names, [query["text"] for query in queries])
    return {query["query_id"]: {work: score} for query, (work, score) in zip(queries, best, strict=True)}


def folded_names(works: Iterable[Work]) -> list[tuple[str, str]]:
    """(folded name, work) for each name."""
    return [(fold(name), work.id) for work in works for name in (work.title, *work.aliases) if fold(name)]


def by_wratio(names: list[tuple[str, str]], texts: list[str]) -> list[tuple[str, float]]:
    """The best name by rapidfuzz WRatio over all names."""
    return _by_ratio(names, map(fold, texts), fuzz.WRatio)


def by_tfidf(names: list[tuple[str, str]], texts: list[str]) -> list[tuple[str, float]]:
    """The best name by cosine of TF-IDF vectors over character n-grams."""
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(2, 3), sublinear_tf=True)
    name_vectors = vectors.fit_transform([name for name, _ in names])
    best_names = []
    for start in range(0, len(texts), 64):
        similarities = (vectors.transform(list(map(fold, texts[start : start + 64]))) @ name_vectors.T).toarray()
        best = np.argmax(similarities, axis=1)
        best_names.extend((names[place][1], float(similarities[row, place])) for row, place in enumerate(best.tolist()))
    return best_names


def by_tantivy(names: list[tuple[str, str]], texts: list[str]) -> list[tuple[str, float]]:
    """The best name by WRatio among the first twenty by BM25 over n-grams."""
    find_best = build_searcher(names)
    return [find_best(text) for text in texts]


def build_searcher(names: list[tuple[str, str]]) -> Callable[[str], tuple[str, float]]:
    """A search function over a tantivy index in memory."""
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("name", stored=False, tokenizer_name="grams")
    schema.add_unsigned_field("place", stored=True)
    index = tantivy.Index(schema.build())
    grams = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.ngram(2, 3, False)).build()
    index.register_tokenizer("grams", grams)
    writer = index.writer(heap_size=200_000_000, num_threads=1)
    for place, (name, _) in enumerate(names):
        document = tantivy.Document()
        document.add_text("name", name)
        document.add_unsigned("place", place)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    search = index.searcher()

    def find_best(text: str) -> tuple[str, float]:
        key = fold(text)
        terms = dict.fromkeys(key[place : place + size] for size in (2, 3) for place in range(len(key) - size + 1))
        parts = [(tantivy.Occur.Should, tantivy.Query.term_query(index.schema, "name", term)) for term in terms]
        hits = search.search(tantivy.Query.boolean_query(parts), 20).hits if parts else []
        nearest = [names[search.doc(address)["place"][0]] for _, address in hits]
        scored = ((work, fuzz.WRatio(key, name) / 100) for name, work in nearest)
        return max(scored, key=lambda scored_work: scored_work[1], default=(names[0][1], 0.0))

    return find_best


def by_guessit(names: list[tuple[str, str]], texts: list[str]) -> list[tuple[str, float]]:
    """The name nearest to what guessit takes for the title."""
    return _by_ratio(names, (fold(str(guessit.guessit(text).get("title") or text)) for text in texts), fuzz.ratio)


def by_parsett(names: list[tuple[str, str]], texts: list[str]) -> list[tuple[str, float]]:
    """The name nearest to what parsett takes for the title."""
    return _by_ratio(names, (fold(str(PTT.parse_title(text).get("title") or text)) for text in texts), fuzz.ratio)


def _by_ratio(names: list[tuple[str, str]], keys: Iterable[str], scorer: Any) -> list[tuple[str, float]]:
    choices = [name for name, _ in names]
    best = (process.extractOne(key, choices, scorer=scorer) for key in keys)
    return [(names[result[2]][1], result[1] / 100) if result else (names[0][1], 0.0) for result in best]


TOOLS: dict[str, Tool] = {
    "rapidfuzz WRatio": by_wratio,
    "TF-IDF": by_tfidf,
    "tantivy": by_tantivy,
    "guessit": by_guessit,
    "parsett": by_parsett,
}


def format_scores(result: Any) -> str:
    """F1 at the set's own threshold (recall at precision .99), as text."""
    summary = result.summary() if result else None
    return f"{summary['f1']:.3f} ({summary['recall_at_p99']:.3f})" if summary else "-"


def print_means(tool: str, scored: dict[str, Any]) -> None:
    """Print the means over the core sets that a tool was run on."""
    core = [name for name in scored if name in CORE_SETS]
    if not core:
        return
    threshold = score_titles.common_threshold(scored)
    own_f1 = sum(scored[name].summary()["f1"] for name in core) / len(core)
    common_f1 = sum(scored[name].at(threshold)["f1"] for name in core) / len(core)
    recall = sum(scored[name].summary()["recall_at_p99"] for name in core) / len(core)
    print(
        f"{tool}: {len(core)} core sets, F1 own {own_f1:.3f}, one threshold {common_f1:.3f}, recall at .99 {recall:.3f}"
    )


def print_rate(folder: Path, name: str, tool: Tool) -> None:
    """Print listings per second of a tool and of ours, on the same registry and queries."""
    rows_by_part = {part: [json.loads(line) for line in (folder / f"{part}.jsonl").open(encoding="utf-8")]
            for part in ("registry", "queries")}  # fmt: skip
    works = [work_of(row) for row in rows_by_part["registry"]]
    texts = [query["text"] for query in rows_by_part["queries"]]
    names = folded_names(works)
    find_best = build_searcher(names) if tool is by_tantivy else lambda text: tool(names, [text])
    begun = time.process_time()
    for text in texts[:SLOW_TOOL_QUERIES]:
        find_best(text)
    tool_rate = SLOW_TOOL_QUERIES / (time.process_time() - begun)
    open_title_matcher(works, folder / "index")
    assessor = Assessor(works)
    context = Context(now=datetime(2026, 11, 1, tzinfo=UTC))
    listings = [
        Listing(platform="bench", kind=ListingKind.OFFER, url=f"row:{row}", title=text)
        for row, text in enumerate(texts)
    ]
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD_OBJECTS)
    begun = time.process_time()
    for start in range(0, len(listings), ROWS_PER_BATCH):
        assessor.assess_all(listings[start : start + ROWS_PER_BATCH], context)
    our_rate = len(texts) / (time.process_time() - begun)
    print(
        f"{len(works)} works: {name} {tool_rate:.1f}/s, ours {our_rate:.0f}/s, {our_rate / tool_rate:.0f} times as fast"
    )


if __name__ == "__main__":
    main()
