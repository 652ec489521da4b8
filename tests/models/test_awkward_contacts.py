"""Numbers, addresses, waybills and names as clerks and programs really write them.

The expected values come from the Chinese number plan, RFC 5321, RFC 5322 and common sense.
"""

import pytest

from models.identifiers import Quality
from models.mail_addresses import mail_address
from models.person_names import may_be_one, same_name
from models.telephone_numbers import phone_number
from models.waybills import waybill

pytestmark = [pytest.mark.requirement("A1"), pytest.mark.requirement("A9")]

NOTHING = (
    "无电话号码", "暂无电话", "没有手机", "电话不详", "客户未提供", "本人不愿提供", "拒绝提供", "无法提供",
    "不方便告知",
    "联系方式未知", "忘记了", "见备注", "联系不上", "空号", "没", "否", "n", "無電話", "未提供電話", "客戶拒絕提供",
    "unbekannt", "keine Angabe", "inconnu", "non renseigné", "desconocido", "nessuno", "нет", "неизвестно", "なし",
    "없음", "XXXXXXXXXXX", "（空）", "***", "138 0000 0000", "+86 15000000000",
)  # fmt: skip


@pytest.mark.parametrize("written", NOTHING)
def test_what_says_that_there_is_no_number_is_a_placeholder(written: str):
    assert phone_number(written).quality is Quality.PLACEHOLDER


@pytest.mark.parametrize("written", [text for text in NOTHING if not any(map(str.isdecimal, text))])
def test_it_says_the_same_of_an_address_and_a_waybill(written: str):
    assert mail_address(written).quality is Quality.PLACEHOLDER
    assert waybill(written).quality is Quality.PLACEHOLDER


@pytest.mark.parametrize("end", [",", "。", ";", "#", "、", " /", "；"])
def test_what_a_list_leaves_behind_a_number_is_no_part_of_it(end: str):
    assert phone_number(f"138-0013-8000{end}").normal == "+8613800138000"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("+852 9123 4567", "+85291234567"),
        ("00852-91234567", "+85291234567"),
        ("+886 912 345 678", "+886912345678"),
        ("0049 170 1234567", "+491701234567"),
        ("+1 (650) 253-0000", "+16502530000"),
    ],
)
def test_a_foreign_number_with_its_country_is_valid(written: str, normal: str):
    assert phone_number(written).normal == normal


@pytest.mark.parametrize(
    "written",
    [
        "1-800-356-9377",  # toll free in North America; without its groups a Chinese mobile number
        "1 888 555 0123", "0912345678", "852-91234567", "138OO138OOO", "l3800138000", "+86+8613800138000", "61234567",
        "13800138000?", "13800138000 王女士", "传真021-61234567",
    ],
)  # fmt: skip
def test_what_may_be_another_number_is_none(written: str):
    assert phone_number(written).quality is Quality.INVALID


@pytest.mark.parametrize(
    "written", ["138----8000", "138____8000", "138……8000", "尾号8000", "1380013XXXX", "末四位8000"]
)
def test_a_number_of_which_digits_are_hidden_is_masked(written: str):
    assert phone_number(written).quality is Quality.MASKED


@pytest.mark.parametrize(
    "written",
    [
        "张三 <a@b.cn>", '"Zhang, San" <a@b.cn>', "<a@b.cn>", "a@b.cn (Zhang San)", "a@b.cn(张三)", "a@b.cn,",
        "a@b.cn；", "a@b.cn。", "mailto:a@b.cn?subject=x", "邮箱：a@b.cn", "E-mail: a@b.cn", "'a@b.cn'", '"a@b.cn"',
        "\ufeffA@B.CN\u200b", "ａ＠ｂ．ｃｎ",
    ],
)  # fmt: skip
def test_an_address_has_one_form_however_it_is_written(written: str):
    address = mail_address(written)
    assert (address.normal, address.identifies) == ("a@b.cn", True)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("user@例子.中国", "user@xn--fsqu00a.xn--fiqs8s"),
        ("a@bücher.de", "a@xn--bcher-kva.de"),
        ("o'brien@b.ie", "o'brien@b.ie"),
    ],
)
def test_a_domain_in_any_script_is_written_as_the_dns_does(written: str, normal: str):
    assert mail_address(written).normal == normal


@pytest.mark.parametrize(
    ("written", "quality"),
    [
        *((text, Quality.INVALID) for text in (
            "a@b.c", "a@a.a", "a@qq", "a@qq,com", "a(at)b.cn", "a @b.cn", "a@b..cn", "a@-b.cn", "a@127.0.0.1",
            "a" * 65 + "@b.cn", "a@" + "b" * 64 + ".cn", "张三 a@b.cn",
        )),
        *((text, Quality.SEVERAL) for text in (
            "a@b.cn/b@b.cn", "a@b.cn、c@b.cn", "a@b.cn c@b.cn", "a@b.cn\r\nBcc: x@y.cn", "<a@b.cn>, <c@b.cn>",
        )),
        *((text, Quality.PLACEHOLDER) for text in ("test@test.com", "123456@qq.com", "000@163.com", "none@none.com")),
        *((text, Quality.MASKED) for text in ("w***g@163.com", "xxx@163.com")),
    ],
)  # fmt: skip
def test_what_is_not_one_address_is_never_written_to(written: str, quality: Quality):
    address = mail_address(written)
    assert (address.quality, address.valid) == (quality, False)


@pytest.mark.parametrize(
    "written",
    [
        "运单号：SF1234567890",
        "单号SF1234567890",
        "顺丰 SF1234567890",
        "SF1234567890（破损）",
        "ｓｆ-1234 567890",
        "SF1234567890;",
    ],
)
def test_a_waybill_has_one_form_with_its_label_and_its_remark(written: str):
    assert waybill(written).normal == "sf1234567890"


@pytest.mark.parametrize("joint", ["/", ",", "、", "；", " ", "和", "\n", " & "])
def test_two_waybills_in_one_cell_name_no_shipment(joint: str):
    assert waybill(f"SF1234567890{joint}SF1234567891").quality is Quality.SEVERAL


def test_a_text_without_a_digit_is_no_waybill():
    assert [waybill(text).quality for text in ("破损", "SF", "see invoice")] == [Quality.INVALID] * 3


@pytest.mark.parametrize(
    "name", ["客户", "先生", "女士", "无名氏", "佚名", "收件人", "顧客", "Customer", "Mr.", "匿名", "不详"]
)
def test_a_word_in_place_of_a_name_may_be_anybody_and_makes_nobody_the_same(name: str):
    assert may_be_one(name, "王小明")
    assert may_be_one("Mr Lee", name)
    assert not same_name(name, name)
