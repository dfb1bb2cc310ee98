"""Make matchers/titles/frequencies.csv: how many bits a word or a Han character carries in general text.

    python bench/fit_frequencies.py UNIGRAMS DICT

UNIGRAMS is unigrams.txt of the Python package wordsegment 1.3 (Apache-2.0; counts of Peter Norvig's word list), DICT is
jieba/dict.txt of jieba 0.42 (word counts, MIT). Bits are rounded to whole ones; of words the 30,000 most frequent are
kept.
"""

from __future__ import annotations

import csv
import math
import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crawler.text import fold, is_han  # noqa: E402

MAX_WORDS, MAX_HAN_CHARS = 30_000, 6_000
WORDS_SOURCE = "wordsegment 1.3.1 unigrams.txt (Apache-2.0; counts by P. Norvig)"
HAN_SOURCE = "jieba 0.42.1 dict.txt (MIT), summed over characters"


def main() -> None:
    """Count, round, write."""
    words: Counter[str] = Counter()
    for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
        word, count = line.split("\t")
        if word.isalnum() and fold(word) == word:
            words[word] += int(count)
    characters: Counter[str] = Counter()
    for line in Path(sys.argv[2]).read_text(encoding="utf-8").splitlines():
        word, count = line.split()[:2]
        characters.update({c: int(count) * word.count(c) for c in set(fold(word)) if is_han(c)})
    with (ROOT / "matchers" / "titles" / "frequencies.csv").open("w", encoding="utf-8", newline="") as out:
        sheet = csv.writer(out, lineterminator="\n")
        sheet.writerow(["bits", "tokens", "source"])
        for counts, limit, source in ((words, MAX_WORDS, WORDS_SOURCE), (characters, MAX_HAN_CHARS, HAN_SOURCE)):
            levels: dict[int, list[str]] = defaultdict(list)
            total = sum(counts.values())
            for token, count in counts.most_common(limit):
                levels[round(-math.log2(count / total))].append(token)
            for bits, tokens in sorted(levels.items()):
                sheet.writerow([bits, " ".join(sorted(tokens)), source])


if __name__ == "__main__":
    main()
