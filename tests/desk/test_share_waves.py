"""From a listing to the files of its share: whole follow-up waves over drives that a loopback server plays."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tests.conftest import LoopbackWeb, Swordnet, jsonl
from tests.desk.test_crawling import product, read_csv

pytestmark = pytest.mark.slow
WORK = {
    "id": "C1",
    "title": "潮汐表的读法",
    "kind": "course",
    "creators": ["闻笙"],
    "list_price": "900",
    "currency": "CNY",
}
LESSON_FILES = [f"第{n:02d}课 潮汐表的读法.mp4" for n in range(1, 41) if n not in (7, 23)]
QUARK_ID = "0a1b2c3d4e5f"
DRIVES = ("quark", "uc", "aliyun", "pan115", "pan123", "tianyi", "baidu")
FIRST_NIGHT, SECOND_NIGHT = "2026-11-22T01:00:00+00:00", "2026-11-23T02:00:00+00:00"


class Drives:
    """Seven drives. `codes` are the right ones, `gone` the shares that were cancelled, `throttled` answers to come."""

    def __init__(self, web: LoopbackWeb) -> None:
        self.gone: set[str] = set()
        self.throttled: Counter[str] = Counter()
        self.request_counts: Counter[str] = Counter()
        quark, api = "/1/clouddrive/share/sharepage", "/adrive/v3"
        web.answers |= {
            f"{quark}/token": self.quark,
            f"{quark}/detail": self.quark_files,
            f"{quark}/v2/detail": self.uc,
            f"{api}/share_link/get_share_by_anonymous": self.aliyun,
            "/v2/share_link/get_share_token": lambda *_: (200, {"share_token": "t"}),
            f"{api}/file/list": lambda *_: (200, {"items": [{"name": name, "type": "file"} for name in LESSON_FILES]}),
            "/webapi/share/snap": self.pan115,
            "/api/share/info": self.pan123,
            "/api/share/get": lambda *_: (200, {"code": 0, "data": {"InfoList": pan123_files(), "Next": "-1"}}),
            "/open/share/getShareInfoByCodeV2.action": self.tianyi,
            "/open/share/checkAccessCode.action": lambda *_: (200, {"res_code": 0, "shareId": 5}),
            "/open/share/listShareDir.action": lambda *_: (200, {"res_code": 0, "fileListAO": tianyi_files()}),
            "/share/verify": self.baidu,
            "/share/list": lambda *_: (200, {"errno": 0, "title": "/x", "list": baidu_files()}),
        }

    def admit(self, drive: str) -> bool:
        """Count a question; False while the drive throttles."""
        self.request_counts[drive] += 1
        self.throttled[drive] -= 1
        return self.throttled[drive] < 0

    def quark(self, _: str, body: bytes) -> tuple[int, object]:
        request = json.loads(body)
        if not self.admit("quark"):
            return 429, {"code": 429}
        if request["pwd_id"] in self.gone:
            return 404, {"status": 404, "code": 41012, "data": {}}
        if request["passcode"] != "ab12":
            return 404, {"status": 404, "code": 41008, "data": {}}
        return 200, {"code": 0, "data": {"title": "资料", "stoken": "s"}}

    def quark_files(self, query: str, _: bytes) -> tuple[int, object]:
        page = int(parse_qs(query)["_page"][0])
        entries = [{"fid": name, "file_name": name, "size": 5} for name in LESSON_FILES[(page - 1) * 20 : page * 20]]
        return 200, {
            "code": 0,
            "data": {"share": {"status": 1}, "list": entries},
            "metadata": {"_total": len(LESSON_FILES)},
        }

    def uc(self, _: str, body: bytes) -> tuple[int, object]:
        if not self.admit("uc"):
            return 429, {}
        files = [{"file_name": name} for name in LESSON_FILES]
        return 200, {"code": 0, "data": {"detail_info": {"share": {"title": "资料", "status": 1}, "list": files}}}

    def aliyun(self, *_: object) -> tuple[int, object]:
        if not self.admit("aliyun"):
            return 400, {"code": "ParamFlowException"}
        return 200, {"share_name": "资料", "has_pwd": True}

    def pan115(self, *_: object) -> tuple[int, object]:
        if not self.admit("pan115"):
            return 503, {}
        files = [{"fid": name, "n": name, "s": 5} for name in LESSON_FILES]
        return 200, {"state": True, "data": {"list": files, "count": len(files), "share_state": 1}}

    def pan123(self, *_: object) -> tuple[int, object]:
        return (200, {"code": 0, "data": {"HasPwd": True}}) if self.admit("pan123") else (429, {})

    def tianyi(self, *_: object) -> tuple[int, object]:
        answer = {"res_code": 0, "fileName": "资料", "fileId": "9", "shareId": 5, "needAccessCode": 1}
        return (200, answer) if self.admit("tianyi") else (429, {})

    def baidu(self, *_: object) -> tuple[int, object]:
        return (200, {"errno": 0, "randsk": "k"}) if self.admit("baidu") else (429, {})


def pan123_files() -> list[dict[str, object]]:
    return [{"FileName": name, "Size": 5, "Type": 0} for name in LESSON_FILES]


def tianyi_files() -> dict[str, object]:
    return {"count": len(LESSON_FILES), "fileList": [{"name": name, "size": 5} for name in LESSON_FILES]}


def baidu_files() -> list[dict[str, object]]:
    return [{"server_filename": name, "size": 5, "isdir": 0} for name in LESSON_FILES]


@pytest.fixture
def drives(web: LoopbackWeb) -> Drives:
    web.pages["/robots.txt"] = (200, "text/plain", b"")
    return Drives(web)


@pytest.fixture
def desk(swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb, drives: Drives) -> Swordnet:
    """Settings that send the drives' requests to the loopback web, at a pace for tests, with one course registered."""
    settings = [f'[crawl]\ndelay = 0.0\nattempts = 3\nloopback = ["{web.netloc}"]\n']
    settings += [f'[platforms.{name}]\nenabled = true\npace = 0.01\nbase = "{web.url}"\n' for name in DRIVES]
    (tmp_path / "swordnet.toml").write_text("".join(settings))
    (tmp_path / "works.jsonl").write_text(jsonl(WORK), encoding="utf-8")
    assert swordnet("works", "import", "works.jsonl").returncode == 0
    return swordnet


def crawl(desk: Swordnet, web: LoopbackWeb, pages: list[str], now: str | None = None) -> list[dict[str, str]]:
    urls = [part for page in pages for part in ("--url", f"{web.url}{page}")]
    result = desk("crawl", "shop", *urls, *(("--now", now) if now else ()))
    assert result.returncode == 0, result.stdout + result.stderr
    return [row for row in json.loads(desk("hits", "list", "--json").stdout) if row["platform"] == "shop"]


def test_seven_drives_are_asked_in_a_follow_up_wave_and_throttling_is_waited_for(
    desk: Swordnet, web: LoopbackWeb, drives: Drives, tmp_path: Path
) -> None:
    links = {
        "quark": f"https://pan.quark.cn/s/{QUARK_ID} 提取码 ab12",
        "uc": "https://drive.uc.cn/s/0123456789abc",
        "aliyun": "https://www.alipan.com/s/AbCdEfGh123 提取码 k7m2",
        "pan115": "https://115cdn.com/s/swabc123xyz?password=k7m2",
        "pan123": "https://www.123pan.com/s/AbCdEf-GhIjK 提取码 k7m2",
        "tianyi": "https://cloud.189.cn/t/AbCdEfGh1234 访问码 k7m2",
        "baidu": "https://pan.baidu.com/s/1AbCdEfGhIjKlMnOpQrSt_- 提取码 k7m2",
    }
    for name, text in links.items():
        web.pages[f"/p/{name}"] = product("看图 私信 秒发", text)
    drives.throttled.update({"quark": 1, "aliyun": 1, "pan115": 1})
    rows = crawl(desk, web, [f"/p/{name}" for name in links])
    assert {row["url"].rpartition("/")[2]: row["share_state"] for row in rows} == {name: ["alive"] for name in links}
    assert all(any("38 of 40 lessons" in reason for reason in row["reasons"]) for row in rows)
    assert drives.request_counts == {**dict.fromkeys(links, 1), "quark": 2, "aliyun": 2, "pan115": 2}


def test_one_share_of_three_listings_over_two_nights(desk: Swordnet, web: LoopbackWeb, drives: Drives) -> None:
    for number, code in enumerate(("ab12", "zz99", "ab12"), start=1):
        text = f"https://pan.quark.cn/s/{QUARK_ID} 提取码 {code}"
        web.pages[f"/p/{number}"] = product("看图 私信 秒发", text)
    pages = ["/p/1", "/p/2", "/p/3"]
    rows = crawl(desk, web, pages, FIRST_NIGHT)
    assert drives.request_counts["quark"] == 2, "once with each code"
    assert {row["decision"] for row in rows} == {"hit"}
    assert [row["access_codes"] for row in sorted(rows, key=lambda row: row["url"])] == [["ab12"], ["zz99"], ["ab12"]]
    reasons = {row["url"].rpartition("/")[2]: " ".join(row["reasons"]) for row in rows}
    assert "code ab12; alive, checked 2026-11-22 01:00 UTC" in reasons["1"]
    assert "code zz99; wrong code, checked 2026-11-22 01:00 UTC" in reasons["2"]
    crawl(desk, web, pages, "2026-11-22T05:00:00+00:00")
    assert drives.request_counts["quark"] == 2, "the answers are still good"
    drives.gone.add(QUARK_ID)
    rows = crawl(desk, web, pages, SECOND_NIGHT)
    assert {tuple(row["share_state"]) for row in rows} == {("cancelled",)}
    assert {row["decision"] for row in rows} == {"hit"}, "what was seen in it stays known"
    assert all("38 of 40 lessons" in " ".join(row["reasons"]) for row in rows)
    output = desk("hits", "show", rows[0]["hit_id"]).stdout
    history = [line.partition(",")[0].split(maxsplit=3)[3] for line in output.splitlines() if "/sharepage/" in line]
    assert sorted(history[:2]) == ["alive", "wrong code"]
    assert set(history[2:]) == {"cancelled"}
    assert "2026-11-22 01:00:00" in output
    assert "2026-11-23 02:00:00" in output


def test_cloud_drives_are_off_until_the_configuration_enables_them(
    desk: Swordnet, web: LoopbackWeb, drives: Drives, tmp_path: Path
) -> None:
    settings = (tmp_path / "swordnet.toml").read_text().replace("enabled = true\n", "")
    (tmp_path / "swordnet.toml").write_text(settings)
    web.pages["/p/1"] = product("看图 私信 秒发", f"https://pan.quark.cn/s/{QUARK_ID} 提取码 ab12")
    crawl(desk, web, ["/p/1"], FIRST_NIGHT)
    assert not drives.request_counts


def test_a_throttled_share_is_never_gone_and_the_run_says_so(
    desk: Swordnet, web: LoopbackWeb, drives: Drives, tmp_path: Path
) -> None:
    drives.throttled["quark"] = 99
    web.pages["/p/1"] = product("潮汐表的读法 视频课", f"https://pan.quark.cn/s/{QUARK_ID} 提取码 ab12")
    result = desk("crawl", "shop", "--url", f"{web.url}/p/1", "--csv", "hits.csv")
    assert result.returncode == 5
    assert [row["share_state"] for row in read_csv(tmp_path / "hits.csv") if row["platform"] == "shop"] == [
        "rate_limited"
    ]


def test_a_share_is_asked_on_demand_whatever_its_drive(
    desk: Swordnet, web: LoopbackWeb, drives: Drives, tmp_path: Path
) -> None:
    settings = (tmp_path / "swordnet.toml").read_text().replace("enabled = true\n", "")
    (tmp_path / "swordnet.toml").write_text(settings)
    result = desk("crawl", "share", "--url", f"https://pan.quark.cn/s/{QUARK_ID}?pwd=ab12", "--now", FIRST_NIGHT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"https://pan.quark.cn/s/{QUARK_ID} (code ab12): alive, 38 files" in result.stdout
    assert desk("crawl", "share", "--url", "https://tides.example/1").returncode == 2
