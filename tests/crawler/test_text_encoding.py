"""Encodings of short lists are told apart by evidence, and weak evidence is called so."""

from __future__ import annotations

import random
import tomllib
from pathlib import Path

import pytest

from crawler.text_encoding import alphabet_share, detect_encoding, detect_utf16, encoding_name

ROOT = Path(__file__).resolve().parents[2]
LISTS = tomllib.loads((ROOT / "fixtures" / "lists" / "titles.toml").read_text(encoding="utf-8"))
PAIRS = [(language, codec) for language, entry in LISTS.items() for codec in entry["encodings"]]


def write_list(language: str, rows: int, seed: int) -> str:
    chance = random.Random(seed)
    titles = chance.choices(LISTS[language]["titles"], k=rows)
    lines = [f"W{number},{title},{chance.choice(LISTS[language]['names'])},2019" for number, title in enumerate(titles)]
    return "id,title,creators,year\r\n" + "\r\n".join(lines) + "\r\n"


@pytest.mark.parametrize(("language", "codec"), PAIRS)
@pytest.mark.parametrize("rows", [2, 8, 50])
def test_a_list_is_read_as_it_was_written_or_called_ambiguous(language: str, codec: str, rows: int) -> None:
    wrong: list[str] = []
    for seed in range(3):
        text = write_list(language, rows, seed)
        detected = detect_encoding(text.encode(codec))
        assert detected.codec is not None
        if text.encode(codec).decode(detected.codec, "replace") != text and detected.rival is None:
            wrong.append(f"{detected.codec}: {text}")
    assert not wrong


@pytest.mark.parametrize(("language", "codec"), PAIRS)
@pytest.mark.parametrize("unicode", ["utf-8", "utf-16-le", "utf-16-be"])
def test_unicode_is_recognised_in_every_language(language: str, codec: str, unicode: str) -> None:
    assert detect_encoding(write_list(language, 2, 1).encode(unicode)).codec == unicode


@pytest.mark.parametrize("text", ["id,title\n1,Հայերեն վերնագիր\n", "id,title\n1,Әлем\n", "id,title\n1,é\n"])
def test_utf8_of_rare_languages_stays_utf8(text: str) -> None:
    assert detect_encoding(text.encode()).codec == "utf-8"


def test_two_letters_that_two_code_pages_read_differently_are_ambiguous() -> None:
    detected = detect_encoding("id,title\n1,Thé\n2,Noël à Nemours\n".encode("cp1252"))
    assert detected.codec == "cp1252" or detected.rival


def test_japanese_in_seven_bits() -> None:
    assert detect_encoding("id,title\n1,冬の手帳\n".encode("iso2022_jp")).codec == "iso2022_jp"


def test_zero_bytes_alone_make_no_utf16() -> None:
    assert detect_utf16(b"id,title\n1,a\n" + b"\x00" * 501) is None
    assert detect_utf16(b"id,ti\x00tle\n1,a\n") is None
    assert detect_utf16("id,title\n1,潮\n".encode("utf-16-le")) == "utf-16-le"


def test_letters_of_another_script_inside_a_latin_word_are_no_alphabet() -> None:
    assert alphabet_share("Thé") == 1.0
    assert alphabet_share("Thι") == 0.0
    assert alphabet_share("Θέα и") < 1.0
    assert alphabet_share("plain") == 1.0


def test_encodings_have_the_names_people_know() -> None:
    names = [encoding_name(codec) for codec in ("big5hkscs", "cp932", "cp949", "cp1251", "utf-16-le", "iso8859-15")]
    assert names == ["Big5", "Shift-JIS", "EUC-KR", "Windows-1251", "UTF-16", "ISO8859-15"]


def test_rows_in_several_languages_of_one_code_page_are_told() -> None:
    text = "1;Das Mädchen für Köln;Jürgen Weiß\n2;L'été à Nîmes;Hélène Forêt\n3;El niño y la señal;Íñigo Muñoz\n"
    assert detect_encoding(text.encode("cp1252")).codec == "cp1252"
