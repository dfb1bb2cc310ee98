"""JSON as templates write it, and texts made to keep its parser busy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crawler.page.lenient_json import parse_values
from tests.conftest import slowdown

LAMP = '{"@type":"Product","name":"Lamp","offers":{"price":"39.80"}}'
VALUE = json.loads(LAMP)


@pytest.mark.parametrize(
    "text",
    [
        LAMP,
        f"\ufeff{LAMP}",
        f"\n\ufeff /* lamp */ \ufeff{LAMP};",
        f"/* lamp */ {LAMP}",
        f"// lamp {{}}\n{LAMP}",
        f'// {{"@type":"Old"}}\n{LAMP}',
        f'/* {{"@type":"Old"}} */{LAMP}',
        f"<!-- {LAMP} -->",
        f"<!--\n{LAMP}\n//-->",
        f"<![CDATA[{LAMP}]]>",
        f"//<![CDATA[\n{LAMP}\n//]]>",
        f"// <![CDATA[ {LAMP} // ]]>",
        f"/*<![CDATA[*/{LAMP}/*]]>*/",
        f"window.lamp = {LAMP};",
        LAMP.replace('"', "'"),
        LAMP.replace('"', "&quot;"),
        LAMP.replace('"', "&#34;"),
        LAMP.replace('"', "&amp;quot;"),
        LAMP.replace('"', "”"),
        LAMP.replace(":", " :\t").replace(",", "\xa0,\n"),
        LAMP.replace(",", ", // a comment, with a comma\n"),
        LAMP.replace(",", ", // it's a comment\r"),
        LAMP.replace(",", "/* , */,"),
        LAMP.replace(",", ",,"),
        LAMP.replace(",", "\n"),
        LAMP.replace("}", ",}"),
        LAMP.replace('"name"', "name"),
        LAMP.replace(",", ";"),
        LAMP[:-1],
        LAMP[:-2],
        LAMP + "}}",
        json.dumps(LAMP),
    ],
)
def test_one_object_is_read_however_it_is_written(text: str) -> None:
    assert parse_values(text) == [VALUE]


@pytest.mark.parametrize("between", ["", "\n", ",", ";", " , ", "\n/* next */\n", "}\n", "<!-- -->"])
def test_several_objects_are_all_read(between: str) -> None:
    assert parse_values(between.join([LAMP] * 3)) == [VALUE] * 3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": "two\nlines\tand \x01", "b": 1,}', {"a": "two\nlines\tand \x01", "b": 1}),
        ('{"a": "the "Red" lamp", "b": 1}', {"a": 'the "Red" lamp', "b": 1}),
        ('{"a": ""Red" lamp", "b": 1}', {"a": '"Red" lamp', "b": 1}),
        ('{"a": "lamp "Red"", "b": 1}', {"a": 'lamp "Red"', "b": 1}),
        ('{"a": "a "b", "c" and d", "e": "f"}', {"a": 'a "b", "c" and d', "e": "f"}),
        ('{"a": "24" wide", "b": 1}', {"a": '24" wide', "b": 1}),
        ("{'a': 'it's lit', 'b': 1}", {"a": "it's lit", "b": 1}),
        ('["say "hi"", "b"]', ['say "hi"', "b"]),
        ('{"a": "http://a.example//b /* c */ // d", // e\n}', {"a": "http://a.example//b /* c */ // d"}),
        ('{"a": "b: c, \\"d\\": e",}', {"a": 'b: c, "d": e'}),
        (r'{"a": "\x41 \' \q \u00e9BC \ud83d\ude00 \/", }', {"a": "A ' q éBC 😀 /"}),
        ('{"a": 39,80, "b": 1}', {"a": "39,80", "b": 1}),
        ('{"a": 1,299.00}', {"a": "1,299.00"}),
        ('{"a": ¥39.80, "b": CNY}', {"a": "¥39.80", "b": "CNY"}),
        ('{"a": 12.50, "b": [1.5, 2,], }', {"a": 12.5, "b": [1.5, 2]}),
        ('{"a": , "b": NaN, "c": undefined, "d": True}', {"a": None, "b": None, "c": None, "d": True}),
        ('{"a": ["x", "y", "b": 2}', {"a": ["x", "y"], "b": 2}),
        ('{"a": [{"b": 1}, "c": 2}', {"a": [{"b": 1}], "c": 2}),
        ('{"a": "cut', {"a": "cut"}),
        ('{"a": 1, // said without lines "b": 2}', {"a": 1, "b": 2}),
    ],
)
def test_what_is_broken_inside_is_read_as_meant(text: str, value: Any) -> None:
    assert parse_values(text) == [value]


@pytest.mark.parametrize("text", ["", "lamp", "/*", "{", "[" * 5_000, '{"a":' * 5_000])
def test_other_texts_give_nothing_that_has_fields(text: str) -> None:
    assert not any(isinstance(value, dict) and value.get("@type") for value in parse_values(text))


@pytest.mark.parametrize(
    "parts",
    [
        ("", "[", 40_000, ""),
        ("", "{", 40_000, ""),
        ("", '{"', 40_000, ""),
        ("", "{/*", 40_000, ""),
        ("", '{"a"//', 20_000, ""),
        ("", '{"a"//\n', 20_000, ""),
        ("", "//\n", 40_000, ""),
        ('{"a":"', 'x" y ', 40_000, ""),
        ('{"a":"x', '"/*', 40_000, "*/"),
        ('{"a":"b', '"/* x */', 20_000, ""),
        ('{"a":"x', '",', 40_000, ""),
        ('{"a":"b', '"          ', 20_000, ""),
        ('{"a":"b', '""', 40_000, ":"),
        ('{"a":"', "\\", 100_000, ""),
        ('{"a":', "1,", 40_000, "x"),
        ('{"a":', "1", 100_000, ""),
        ("[", '["a",', 20_000, ":"),
        ("", "{&amp;", 40_000, ""),
        ("", '{"a":1}x', 10_000, ""),
    ],
    ids=lambda parts: parts[0] + parts[1],
)
def test_its_time_is_linear(parts: tuple[str, str, int, str]) -> None:
    assert slowdown(parse_values, parts) < 9
