"""Company names: legal forms and stores around them, publishing houses called by one character of each word."""

from __future__ import annotations

import pytest

from registry.company_names import CompanyMatch, compare_companies, is_publishing_house

SAME, UNCLEAR, OTHER = CompanyMatch.SAME, CompanyMatch.UNCLEAR, CompanyMatch.OTHER


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("北辰出版社", "北辰出版社旗舰店", SAME),
        ("北辰出版社", "北辰出版社代购小铺", UNCLEAR),
        ("小榕科技", "小榕网络", OTHER),
        ("云岭少年儿童出版社", "云岭少儿出版社", SAME),
        ("云岭少儿出版社", "云岭少年儿童出版社有限责任公司", SAME),
        ("云岭少年儿童出版社", "云岭少儿出版社官方旗舰店", SAME),
        ("云岭少年儿童出版社", "云岭少儿出版社代购小铺", OTHER),
        ("云岭高等教育出版社", "云岭高教出版社", SAME),
        ("云岭科学技术文献出版社", "云岭科技文献出版社", SAME),
        ("云岭科学技术文献出版社", "云岭科学出版社", OTHER),
        ("滨海人民文学出版社", "滨海人民出版社", OTHER),
        ("滨海工业大学出版社", "滨海大学出版社", OTHER),
        ("黑石江工业大学出版社", "黑工大出版社", SAME),
        ("黑石江工业大学出版社", "黑石江大学出版社", OTHER),
        ("南溟出版社", "南溟出版集团", SAME),
        ("滨海少年儿童图书馆", "滨海少儿图书馆", OTHER),
        ("云岭少年儿童出版社", "滨海少儿出版社", OTHER),
        ("Kestrel & Co", "Kestrel and Co. Ltd", SAME),
        ("Kestrel Press", "Pellbrook Press", OTHER),
    ],
)
def test_companies_are_compared(ours: str, theirs: str, expected: CompanyMatch) -> None:
    assert compare_companies(ours, theirs) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("南溟出版社", True),
        ("南溟联合出版有限公司", True),
        ("南溟书局", True),
        ("Kestrel Press", True),
        ("Verlag am Kai", True),
        ("小圆复印部", False),
        ("Lucky Plum Studio", False),
    ],
)
def test_publishing_houses_are_known_by_their_names(name: str, expected: bool) -> None:
    assert is_publishing_house(name) is expected
