"""The content of the demo night: invented works, invented offers, and what each offer is there to show.

Each offer is planted for one reason only, so that a demo that misses it shows which part does not work.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen
from stdnum import ean

EXPIRED_DATE, VALID_DATE = (
    "2025-12-31",
    "2099-12-31",
)  # ends of an expired and of a valid licence, at any time of the demo
SHARE_ID, ACCESS_CODE = "9f31c0de77ab", "t8Kd"


def isbn(number: int) -> str:
    """An ISBN-13 with a valid check digit under 978-7-999990, a publisher prefix that nobody has."""
    stem = f"9787999990{number:02}"
    return stem + ean.calc_check_digit(stem)


def _work(
    number: int, title: str, kind: str, creator: str, publisher: str, price: str, **extra_fields: Any
) -> dict[str, Any]:
    row = {"id": f"demo-{number:02}", "title": title, "aliases": [], "kind": kind, "creators": [creator]}
    row |= {"publisher": publisher, "owner": publisher, "year": 2024}
    if kind == "book":
        row["identifiers"] = {"isbn": isbn(number)}
    return row | {"list_price": price, "currency": "CNY"} | extra_fields


WORKS: list[dict[str, Any]] = [
    _work(1, "潮汐图书馆", "book", "沈砚秋", "青屿出版社", "59.00", images=["covers/demo-01.png"], priority=2),
    _work(2, "龙脊观测站", "book", "陆闻笙", "青屿出版社", "68.00", images=["covers/demo-02.jpg"]),
    _work(3, "雾港来信", "book", "何望舒", "青屿出版社", "45.00", images=["covers/demo-03.png"]),
    _work(4, "浅海桥梁设计手册", "book", "浅海工程编写组", "蓝湾科技出版社", "198.00", images=["covers/demo-04.png"]),
    _work(5, "纸鸢与灯塔", "book", "乔一苇", "青屿出版社", "42.00", images=["covers/demo-05.png"]),
    _work(6, "三十天水彩夜景", "course", "顾青禾", "木棉学堂", "299.00", images=["covers/demo-06.jpg"]),
    _work(
        7,
        "星野钓手",
        "app",
        "折光互动",
        "折光互动",
        "12.00",
        images=["icons/demo-07.png"],
        aliases=["Starfield Angler"],
        identifiers={"bundle": "demo.zheguang.xingye"},
    ),
    _work(
        8,
        "方块渔村物语",
        "app",
        "竹马工坊",
        "竹马工坊",
        "18.00",
        images=["icons/demo-08.png"],
        identifiers={"package": "demo.zhuma.yucun"},
    ),
    _work(
        9,
        "北纬四十七度的雪",
        "book",
        "秦远舟",
        "青屿出版社",
        "52.00",
        images=["covers/demo-09.jpg"],
        licences=[
            {"platform": "kongfz", "seller": "旧时光数字书屋", "since": "2024-01-01", "until": EXPIRED_DATE},
            {"platform": "kongfz", "seller": "云帆数字书店", "since": "2024-01-01", "until": VALID_DATE},
        ],
    ),
    _work(10, "古代航海图志 上册", "book", "温嘉树", "蓝湾科技出版社", "128.00", images=["covers/demo-10.jpg"]),
    _work(11, "微光", "book", "苏见鹿", "青屿出版社", "39.00", images=["covers/demo-11.png"]),
    _work(
        12,
        "No Signal in the Far Hills",
        "film",
        "Ines Maravall",
        "Lanternfish Pictures",
        "24.99",
        currency="USD",
        images=["covers/demo-12.jpg"],
        aliases=["远山无信号"],
        released_on="2024-05-17",
    ),
]


@frozen(kw_only=True)
class Offer:
    """One planted listing. `decision` is the expected decision; `dropped` means dropped or none.

    `picture` is a work's picture, "cropped " and one, or "" for a photo of its own. `text` is only on the listing's own
    page, `note` is also in the search results.
    """

    number: int
    work: int
    title: str
    seller: str
    price: str
    decision: str
    planted: str
    picture: str = ""
    isbn: str = ""
    author: str = ""
    press: str = ""
    note: str = "九品"
    text: str = "书品如图，下单后当天寄出。"


BOOKSHOP_OFFERS = [
    Offer(
        number=1,
        work=1,
        title="潮汐图书馆 沈砚秋 电子版PDF 网盘秒发",
        seller="墨香资料铺",
        price="4.90",
        picture="covers/demo-01.png",
        decision="hit",
        planted="the plain title, sold as a file",
    ),
    Offer(
        number=2,
        work=2,
        title="龍脊觀測站 陸聞笙 掃描版 自動發貨",
        seller="海棠影閣",
        price="6.00",
        decision="hit",
        planted="the title in traditional characters",
    ),
    Offer(
        number=3,
        work=3,
        title="雾\u200b港🔥来\u200c信✨电子书 全格式",
        seller="夜航船资料",
        price="3.80",
        decision="hit",
        planted="zero-width characters and emoji inside the title",
    ),
    Offer(
        number=4,
        work=4,
        title="工程类旧资料一套 见图",
        seller="蓝图老店",
        price="26.00",
        isbn=isbn(4),
        decision="hit",
        planted="the ISBN alone; the listing's own page says what is sold",
        text="影印PDF，非实体书，付款后发链接。",
    ),
    Offer(
        number=5,
        work=5,
        title="绘本一册 如图 包邮",
        seller="童年角落",
        price="9.90",
        picture="cropped covers/demo-05.png",
        note="高清复印件",
        decision="hit",
        planted="the cover, cropped by a tenth and compressed again; the title says nothing",
        text="高清复印件，胶装，按需打印。",
    ),
    Offer(
        number=6,
        work=6,
        title="三十天水彩夜景 顾青禾",
        seller="画室小铺",
        price="9.90",
        note="全新",
        decision="hit",
        planted="a share link and its code, on the listing's own page only",
        text=f"看图下单。链接 https://pan.quark.cn/s/{SHARE_ID} 提取码：{ACCESS_CODE} 有问题留言。",
    ),
    Offer(
        number=7,
        work=9,
        title="北纬四十七度的雪 秦远舟 电子版",
        seller="旧时光数字书屋",
        price="19.90",
        picture="covers/demo-09.jpg",
        decision="hit",
        planted="a licence that has ended",
        text="电子版，付款后发送下载链接。",
    ),
    Offer(
        number=8,
        work=9,
        title="北纬四十七度的雪 电子版 正版授权",
        seller="云帆数字书店",
        price="26.00",
        picture="covers/demo-09.jpg",
        decision="licensed",
        planted="innocent: a licence that still runs",
        text="正版电子版，付款后发送下载链接。",
    ),
    Offer(
        number=9,
        work=1,
        title="潮汐图书馆2：退潮 沈砚秋 电子版PDF",
        seller="墨香资料铺",
        price="4.90",
        decision="dropped",
        planted="innocent of this work: its sequel",
    ),
    Offer(
        number=10,
        work=10,
        title="古代航海图志 下册 扫描版PDF",
        seller="海图斋",
        price="15.00",
        author="温嘉树",
        decision="dropped",
        planted="innocent of this work: the other volume",
    ),
    Offer(
        number=11,
        work=1,
        title="《潮汐图书馆》读后感 书评精选 PDF",
        seller="作文天地",
        price="2.00",
        decision="dropped",
        planted="innocent: a review of the work",
    ),
    Offer(
        number=12,
        work=11,
        title="微光森林的守夜人 电子版PDF",
        seller="夜航船资料",
        price="3.80",
        author="邵北行",
        decision="dropped",
        planted="innocent of this work: another title that begins with its two characters",
    ),
    Offer(
        number=13,
        work=2,
        title="龙脊观测站 陆闻笙 二手正版 一版一印",
        seller="半亩旧书",
        price="55.00",
        picture="covers/demo-02.jpg",
        isbn=isbn(2),
        author="陆闻笙",
        press="青屿出版社",
        decision="dropped",
        planted="innocent: one genuine second-hand copy near the list price",
        text="自藏一册，正版二手，只此一本，封底有折痕。",
    ),
]


@frozen(kw_only=True)
class App:
    """One app in a store; see `Offer`. `work` 0 means no work."""

    number: int
    work: int
    name: str
    developer: str
    bundle: str
    decision: str
    planted: str
    text: str
    picture: str


APPLE_APPS = [
    App(
        number=1,
        work=7,
        name="星野钓手",
        developer="折光互动",
        bundle="demo.zheguang.xingye",
        picture="icons/demo-07.png",
        decision="licensed",
        planted="innocent: the work itself, by its own developer",
        text="在银河里甩竿，把星星钓回家。",
    ),
    App(
        number=2,
        work=7,
        name="星野钓手",
        developer="Lucky Plum Studio",
        bundle="demo.luckyplum.fishing",
        picture="icons/demo-07.png",
        decision="hit",
        planted="the right name and icon, the wrong developer",
        text="每天一竿，轻松解压。",
    ),
]
HUAWEI_APPS = [
    App(
        number=3,
        work=8,
        name="方块渔村物语",
        developer="竹马工坊",
        bundle="demo.zhuma.yucun",
        picture="icons/demo-08.png",
        decision="licensed",
        planted="innocent: the work itself, by its own developer",
        text="搭一座自己的渔村。",
    ),
    App(
        number=4,
        work=8,
        name="方块渔村物语 破解版 无限金币",
        developer="快乐盒子",
        bundle="demo.happybox.yucunmod",
        picture="icons/demo-08.png",
        decision="hit",
        planted="a cracked app on a page that JavaScript draws",
        text="内购破解，登录即送无限金币。",
    ),
    App(
        number=5,
        work=0,
        name="溪畔日记本",
        developer="白鹭软件",
        bundle="demo.bailu.notes",
        picture="",
        decision="dropped",
        planted="innocent: an app that has nothing to do with the question",
        text="记下每天的小事。",
    ),
]
