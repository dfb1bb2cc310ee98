"""Labels that announce an access code: Chinese and English ones by pattern, other languages from labels.toml.

Also the words that exclude one: what unpacks an archive, opens an account or confirms a log-in is never an access code.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

from crawler.errors import BadInput, Problem

_LABELS_FILE = "labels.toml"
_RECORD_FIELDS = frozenset(["glued", "parted", "source"])
_ENGLISH_LABEL_PATTERN = (
    "(?:(?:access|extraction|extract|share|sharing|fetch|download|unlock)[ _-]?)?"
    "(?:code|password|passcode|passwd|pwd|pass|key|pw|pin|tiquma|mima)s?"
)
_CHINESE_LABEL_PATTERN = (
    r"(?:提取|访问|訪問|分享|取件|查看|打开|打開|链接|鏈接)?(?:密[码碼马玛🐴🐎]|口令|暗号|暗號|暗语|密令|密钥|钥匙)"
    r"|(?<![A-Za-z])(?:提|ti|t) ?(?:取|qu|q) ?(?:[码碼]|ma?)(?![A-Za-z])"
    r"|提[ .*_-]?取[ .*_-]?[码碼马吗玛妈🐴🐎]"
    r"|(?:提取|访问|訪問|分享|取件)[码碼]?"
    r"|(?<![\u4e00-\u9fffA-Za-z])[码碼]|(?<=\b[A-Ha-h])[码碼]"
    r"|(?<![A-Za-z])mi ?[码碼]|[🐴🐎](?= ?[:：])|[🔑🔐🗝](?=\W{0,3}[A-Za-z0-9]{4}(?![A-Za-z0-9]))"
    r"|(?:都[是为用]|填写?)(?= ?[A-Za-z0-9]{4}(?![A-Za-z0-9]))"
    r"|验证码|驗證碼|(?<=[度克盘盤云雷里牛叔])[码碼]|输入?(?=[A-Za-z0-9 ])"
    r"|(?<![\u4e00-\u9fff])[提取密](?=[ :]{0,2}[A-Za-z0-9]{4}(?![A-Za-z0-9]))"
)
_ENGLISH_OBJECT_PATTERN = r"(?: (?:for|to|of|on)(?: [a-z]{2,10}){1,4}(?= is | are |:|=))?"
_LABEL_END_PATTERN = r"[\"'`*\])]{0,4} ?(?:[:=→>|是为係]|[-–—]{1,2} |is |are |\n| {1,3}[^ \n]{3,20} {0,2}$)"
# What a label may begin with; elsewhere the expression is not tried.
_FIRST_LABEL_CHARS = "提访訪分取查看打链鏈密口暗钥码碼🐴🐎🔑🔐🗝都填验驗输taesfducpkmi"
OTHER_PASSWORD_RE = re.compile(
    r"(?:解压缩?|解壓縮?|压缩包?|壓縮包?|打包|zip|rar|7z|unzip|archive|unpack\w{0,3}|账号|帐号|账户|登[录陆]|開機|开机|wi-?fi|支付|银行|(?:短信|手机|登录|登陆|图形)(?:验证|驗證)?"
    r"|激活|兑换|邀请|管理员?|后台|服务器|root|admin|login|user)[\u4e00-\u9fff]{0,3}[ :的_\-(\[（【]{0,3}\Z",
    re.IGNORECASE,
)
OTHER_LABEL_RE = re.compile(r"zip|rar|7z|archive|wi-?fi|account|login", re.IGNORECASE)
NO_CODE_NEEDED_RE = re.compile(
    r"(?:无需?|無需?|没有?|沒有?|不需要?|不用|免|取消|no |without )(?:输入|輸入|填写)?\Z", re.I
)


@cache
def label_pattern() -> re.Pattern[str]:
    """The pattern of a label (group `label`), with the number that may follow it as group `index`."""
    return re.compile(
        rf"(?=[{_FIRST_LABEL_CHARS}{_foreign_first_chars()}])(?P<label>{_foreign_label_pattern(_LABEL_END_PATTERN)}|{_CHINESE_LABEL_PATTERN}|(?<![A-Za-z]){_ENGLISH_LABEL_PATTERN}{_ENGLISH_OBJECT_PATTERN}(?={_LABEL_END_PATTERN}))"
        r"(?P<index>[1-9][0-9]?(?=[ :.、)]))?",
        re.IGNORECASE | re.MULTILINE,
    )


@cache
def _load_labels() -> tuple[list[str], list[str]]:
    """Words that a code may follow directly (glued), and words that need a separator (parted). Raises BadInput."""
    records = tomllib.loads((resources.files("crawler.shares") / _LABELS_FILE).read_text(encoding="utf-8"))
    glued: list[str] = []
    parted: list[str] = []
    for name, record in records.items():
        if (
            set(record) - _RECORD_FIELDS
            or not record.get("source")
            or not (record.get("glued") or record.get("parted"))
        ):
            raise BadInput(Problem(file=_LABELS_FILE, field=name, message="wants glued or parted, and a source"))
        glued += record.get("glued", [])
        parted += record.get("parted", [])
    return glued, parted


def _foreign_label_pattern(after: str) -> str:
    """The pattern of the labels of labels.toml; parted ones match only where `after` follows."""
    glued, parted = _load_labels()
    return rf"{_alternatives(glued)}|(?<!\w){_alternatives(parted)}(?!\w)(?={after})"


def _foreign_first_chars() -> str:
    return "".join(sorted({word[0] for words in _load_labels() for word in words}))


def _alternatives(words: list[str]) -> str:
    return f"(?:{'|'.join(re.escape(word) for word in sorted(words, key=len, reverse=True))})"
