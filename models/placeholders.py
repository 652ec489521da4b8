"""Recognise what people and programs write where there is nothing: 无, 客户未提供, unbekannt, -, 0, 12345678."""

import re
from unicodedata import category, normalize


def plain(text: str) -> str:
    """Return a text in NFKC (full-width characters become plain), without invisible characters or outer spaces."""
    if not text.isascii():
        composed = normalize("NFKC", text)
        text = "".join(character for character in composed if category(character) != "Cf")
    return " ".join(text.split())


NOTHING = frozenset({
    # Chinese, beside what NEGATION matches
    "没", "沒", "否", "空", "空白", "空号", "空號", "停机", "停機", "关机", "關機", "失联", "失聯", "联系不上",
    "聯繫不上", "聯絡不上", "打不通", "保密",
    "匿名", "同上", "同前", "同客户", "同客戶", "见上", "見上", "见备注", "見備註",
    "见附件", "見附件", "见内容", "見內容", "略", "待定", "待补充", "待補充", "删除", "刪除", "已删除", "已刪除",
    # English, and what programs write
    "none", "no", "n", "nil", "null", "nan", "na", "n a", "n k", "nothing", "unknown", "undefined", "tbd", "tba",
    "test", "anonymous", "not provided", "not available", "not applicable", "not known", "not given", "no phone",
    "no number", "no email", "no mail", "no data", "same", "same as above", "see above", "see notes", "see remarks",
    "empty", "blank", "missing", "withheld", "refused", "dummy", "asdf", "qwerty", "confidential",
    # other languages
    "keine", "keiner", "unbekannt", "nicht bekannt", "nicht angegeben", "keine angabe", "k a", "inconnu", "inconnue",
    "aucun", "aucune", "néant", "neant", "non renseigné", "non communiqué", "ninguno", "ninguna", "desconocido",
    "sin telefono", "sin teléfono", "sin datos", "no tiene", "nenhum", "desconhecido", "nessuno", "sconosciuto",
    "onbekend", "nieznany", "bilinmiyor", "không có", "tidak ada", "нет", "неизвестно", "неизвестен", "отсутствует",
    "не указан", "не указано", "нет данных", "なし", "無し", "ナシ", "不明", "未記入", "未定", "없음", "모름", "미상",
})  # fmt: skip
"""What people and programs write where there is nothing; compared in lower case without punctuation."""
_WHO = "(?:客户|客戶|顾客|顧客|本人|对方|對方|用户|用戶|寄件人|收件人)?"
_WHAT = (
    "(?:(?:联系|聯繫|聯絡)?(?:电话|電話|手机|手機)(?:号码|號碼|号|號)?|(?:联系|聯繫|聯絡)(?:方式|人)|(?:电子)?(?:邮箱|郵箱|邮件|郵件|信箱)"
    "(?:地址)?|(?:快递|快遞|运|運|单|單|货|貨|提)*(?:单号|單號|号码|號碼)|姓名|名字|地址|信息|資訊|资料|資料|数据|數據|记录|紀錄|内容|內容)?"
)
_NOT = (
    "(?:暂时|暫時|暂|暫|尚|均|都|也|并|並)?"
    "(?:无法|無法|无|無|没有|沒有|没|沒|未|不愿意|不願意|不愿|不願|不便|不肯|不想|不方便|不清楚|不知道|不知|不|拒绝|拒絕|忘记|忘記|忘)"
    "(?:提供|给出|給出|给|給|留下|留|填写|填寫|填|登记|登記|录入|錄入|详|詳|明|清楚|知道|知|透露|告知|记得|記得|有|了|的)*"
)
NEGATION = re.compile(f"{_WHO}(?:{_WHAT}{_NOT}{_WHAT})")
"""A Chinese phrase that says that there is nothing: 客户未提供, 暂无电话, 电话不详."""
NO_WORD = re.compile(r"[\W_]+")
SEQUENCES = ("01234567890123456789", "98765432109876543210")


def is_placeholder(text: str) -> bool:
    """Return whether a text says that there is nothing: a word for it, punctuation, or digits that count nothing."""
    words = " ".join(NO_WORD.sub(" ", plain(text).casefold()).split())
    if words in NOTHING or set(words) <= {"x", " "}:
        return True
    if not words.isascii() and NEGATION.fullmatch(words):
        return True
    digits = words.replace(" ", "")
    return digits.isdecimal() and (len(set(digits)) == 1 or any(digits in run for run in SEQUENCES))
