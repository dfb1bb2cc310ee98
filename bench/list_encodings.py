"""Tell the encoding of short lists of works apart: our evidence beside chardet, charset-normalizer (if installed) and
the first decoder that does not fail.

    python -m bench.list_encodings [--seed 1] [--draws 20]

Lists of 1 to 50 invented titles and names in 17 languages (fixtures/lists) are written as CSV in the encodings that
people of these languages save; an answer is right if it decodes the list to the same text. "refused" is no answer, or
one of two that are about as likely.
"""

from __future__ import annotations

import argparse
import random
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from crawler.text_encoding import detect_encoding

ROOT = Path(__file__).resolve().parent.parent
Detector = Callable[[bytes], str | None]
Table = dict[tuple[str, str], Counter[str]]  # by group and detector
ROW_COUNTS = (1, 2, 5, 15, 50)
LISTS: dict[str, dict[str, list[str]]] = tomllib.loads(
    (ROOT / "fixtures/lists/titles.toml").read_text(encoding="utf-8")
)
UNICODE_CODECS = ("utf-8", "utf-16-le", "utf-16-be")


def write_list(language: str, rows: int, chance: random.Random) -> str:
    """A list of works as CSV; no title twice as long as there are others."""
    title_list, name_list = LISTS[language]["titles"], LISTS[language]["names"]
    chosen = chance.sample(title_list, min(rows, len(title_list)))
    chosen += chance.choices(title_list, k=rows - len(chosen))
    lines = [f"W{number},{title},{chance.choice(name_list)},2019,39.80" for number, title in enumerate(chosen, 1)]
    return "id,title,creators,year,list_price\r\n" + "\r\n".join(lines) + "\r\n"


def first_decoder(data: bytes) -> str | None:
    """The way it was: UTF-8, then GB18030, then nothing."""
    for codec in ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError):
            data.decode(codec)
            return codec
    return None


def charset_normalizer(data: bytes) -> str | None:
    """The best guess of charset-normalizer among all its encodings."""
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    return best.encoding if best else None


def chardet(data: bytes) -> str | None:
    """The guess of chardet."""
    import chardet as library

    return library.detect(data)["encoding"]


def ours(data: bytes) -> str | None:
    """Our own evidence; None where it is too weak."""
    detected = detect_encoding(data)
    return None if detected.rival else detected.codec


def judge(answer: str | None, data: bytes, text: str) -> str:
    """right, wrong or none."""
    if answer is None:
        return "none"
    with suppress(UnicodeDecodeError, LookupError):
        return "right" if data.decode(answer).removeprefix("\ufeff") == text else "wrong"
    return "wrong"


def measure(detectors: Mapping[str, Detector], draws: int, chance: random.Random) -> tuple[Table, Table]:
    """What each detector answered, by language and encoding, and by the number of rows (legacy encodings only)."""
    by_list: Table = {}
    by_rows: Table = {}
    for language, entry in LISTS.items():
        for codec in dict.fromkeys((*entry["encodings"], *UNICODE_CODECS)):
            group = "Unicode" if codec in UNICODE_CODECS else language
            for rows in ROW_COUNTS * draws:
                text = write_list(language, rows, chance)
                data = text.encode(codec)
                for name, detect in detectors.items():
                    result = judge(detect(data), data, text)
                    by_list.setdefault((f"{group:9} {codec:12}", name), Counter())[result] += 1
                    if group != "Unicode":
                        by_rows.setdefault((f"{rows:3} rows, no Unicode   ", name), Counter())[result] += 1
    return by_list, by_rows


def main() -> None:
    """Print a table by language and encoding, and one by the number of rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--draws", type=int, default=20)
    options = parser.parse_args()
    detectors: dict[str, Detector] = {"ours": ours, "chardet": chardet, "first": first_decoder}
    if find_spec("charset_normalizer"):
        detectors["normalizer"] = charset_normalizer
    print("right / refused / wrong, in percent")
    print(f"{'':22}" + "".join(f"{name:>16}" for name in detectors))
    for table in measure(detectors, options.draws, random.Random(options.seed)):
        for group in dict.fromkeys(group for group, _ in table):
            print(f"{group:22}" + "".join(f"{_share(table[group, name]):>16}" for name in detectors))


def _share(counts: Counter[str]) -> str:
    total = counts.total()
    return " / ".join(f"{100 * counts[name] / total:.0f}" for name in ("right", "none", "wrong"))


if __name__ == "__main__":
    main()
