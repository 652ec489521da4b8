"""What identifies a customer or a shipment: valid numbers and addresses in one form, and the reasons for all others.

The expected values come from E.164, the Chinese number plan, RFC 5321 and RFC 2142.
"""

import pytest

from models.identifiers import Quality
from models.mail_addresses import mail_address
from models.person_names import person_name
from models.telephone_numbers import phone_number
from models.waybills import waybill

pytestmark = [pytest.mark.requirement("A1"), pytest.mark.requirement("A9")]

MOBILE = "+8613800138000"


@pytest.mark.parametrize(
    "written",
    [
        "13800138000", "+86 138 0013 8000", "+86-138-0013-8000", "0086-138-0013-8000", "008613800138000",
        "86 13800138000", "１３８００１３８０００", "＋８６ １３８ ００１３ ８０００", "138\u200b0013\u200b8000",
        "138\u00a00013\u20038000",
        "(+86) 138-0013-8000", "tel:+8613800138000", "电话：13800138000", "手机 13800138000", "'13800138000",
        '="13800138000"', "13800138000.0", "13,800,138,000", "13800138000\u202c",
    ],
)  # fmt: skip
def test_a_mobile_number_has_one_form_however_it_is_written(written: str):
    number = phone_number(written)
    assert (number.normal, number.quality) == (MOBILE, Quality.PERSONAL)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("021-61234567", "+862161234567"),
        ("(021) 6123 4567", "+862161234567"),
        ("2161234567", "+862161234567"),
        ("+86 (0)755 8888 8888", "+8675588888888"),
        ("400-820-8820", "+864008208820"),
        ("95554", "95554"),
        ("021-61234567-8012", "+862161234567;ext=8012"),
        ("021-61234567转8012", "+862161234567;ext=8012"),
        ("0755-88888888 分机 12", "+8675588888888;ext=12"),
        ("+86 755 8888 8888 ext. 12", "+8675588888888;ext=12"),
        ("13800138000转1234", "+8613800138000;ext=1234"),
        ("13800138000-1234", "+8613800138000;ext=1234"),
    ],
)
def test_a_line_of_several_people_can_be_dialled_and_identifies_nobody(written: str, normal: str):
    number = phone_number(written)
    assert (number.normal, number.identifies) == (normal, False)


@pytest.mark.parametrize(
    ("written", "quality"),
    [
        *((text, Quality.PLACEHOLDER) for text in (
            "0", "00000000000", "无", "暂无", "—", "-", "/", ".", "N/A", "n.a.", "null", "None", "不详", "未提供",
            "１１１１１１１１１１１",
            "12345678901", "test", "+", "同上",
        )),
        *((text, Quality.MASKED) for text in (
            "138****8000", "138-****-8000", "138xxxx8000", "138XXXX8000", "138●●●●8000", "138＊＊＊＊8000",
            "*******8000",
        )),
        *((text, Quality.SPOILED) for text in (
            "1.38E+10", "1.38001E+10", "1,38E+10", "1.38e10", "１．３８Ｅ＋１０", "1.38 × 10^10", "########",
            "#N/A", "#VALUE!",
            "1E+10",
        )),
        *((text, Quality.SEVERAL) for text in (
            "13800138000/13900139000", "13800138000; 13900139000", "13800138000、13900139000",
            "13800138000 13900139000",
            "13800138000或13900139000", "021-61234567，13800138000",
        )),
        *((text, Quality.INVALID) for text in (
            "1380013800", "138001380001", "61234567", "abc", "1-800-FLOWERS", "wang@example.com", "138",
        )),
    ],
)  # fmt: skip
def test_what_is_no_number_says_why_and_identifies_nobody(written: str, quality: Quality):
    number = phone_number(written)
    assert (number.quality, number.normal) == (quality, None)


@pytest.mark.parametrize(
    ("written", "region", "normal"),
    [
        ("9123 4567", "HK", "+85291234567"),
        ("0912 345 678", "TW", "+886912345678"),
        ("0151 23456789", "DE", "+4915123456789"),
        ("07400 123456", "GB", "+447400123456"),
        ("+852 9123 4567", "CN", "+85291234567"),
    ],
)
def test_the_region_completes_a_number_without_a_country(written: str, region: str, normal: str):
    assert phone_number(written, region).normal == normal


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("wang@example.com", "wang@example.com"),
        ("Wang@EXAMPLE.com", "wang@example.com"),
        ("wang＠example．com", "wang@example.com"),
        ("ｗａｎｇ@example。com", "wang@example.com"),
        (" wang@example.com\u200b", "wang@example.com"),
        ("王女士 <wang@example.com>", "wang@example.com"),
        ("mailto:wang@example.com", "wang@example.com"),
        ("o'neil+box@example.com", "o'neil+box@example.com"),
        ("wang@例子.中国", "wang@xn--fsqu00a.xn--fiqs8s"),
    ],
)
def test_a_mail_address_has_one_form_however_it_is_written(written: str, normal: str):
    address = mail_address(written)
    assert (address.normal, address.quality) == (normal, Quality.PERSONAL)


def test_a_mail_is_written_to_the_mailbox_as_its_owner_spells_it():
    assert mail_address("Wang.Min@EXAMPLE.com").written == "Wang.Min@example.com"  # RFC 5321, 2.4


@pytest.mark.parametrize(
    "written", ["info@example.com", "KEFU@example.com", "sales+north@example.com", "hr@example.cn"]
)
def test_the_mailbox_of_an_office_can_be_written_to_and_identifies_nobody(written: str):
    address = mail_address(written)
    assert (address.valid, address.identifies) == (True, False)


@pytest.mark.parametrize(
    ("written", "quality"),
    [
        *((text, Quality.PLACEHOLDER) for text in (
            "无", "-", "0", "n/a", "无邮箱", "noreply@example.com", "none@none.com",
        )),
        *((text, Quality.MASKED) for text in ("w***@example.com", "wa**n@example.com", "wxxxx@example.com")),
        *((text, Quality.SPOILED) for text in ("#REF!", "#N/A", "####")),
        *((text, Quality.SEVERAL) for text in (
            "a@example.com; b@example.com", "a@example.com, b@example.com", "a@example.com b@example.com",
            "a@example.com，b@example.com", "a@example.com/b@example.com", "a@example.com\r\nBcc: b@example.com",
            "a@example.com、b@example.com", "a, b@example.com <c@example.com>",
        )),
        *((text, Quality.INVALID) for text in (
            "a; b", "a, b", "wang", "wang@", "@example.com", "wang@localhost", "wang..min@example.com", "wang@example",
            "wang min@example.com", "a, b <c@example.com>", "wang@example.com>", "13800138000",
        )),
    ],
)  # fmt: skip
def test_what_is_no_address_says_why_and_leads_to_no_mailbox(written: str, quality: Quality):
    address = mail_address(written)
    assert (address.quality, address.normal) == (quality, None)


@pytest.mark.parametrize(
    "written", ["SF1234567890", "sf 1234 567 890", "SF-1234-567-890", "ＳＦ１２３４５６７８９０", "sf1234567890\u200b"]
)
def test_a_waybill_has_one_form_however_it_is_written(written: str):
    assert waybill(written).normal == "sf1234567890"


@pytest.mark.parametrize(
    ("written", "quality"),
    [
        ("7.55123E+14", Quality.SPOILED),
        ("７．５５Ｅ＋１４", Quality.SPOILED),
        ("755123456789012000", Quality.SPOILED),  # 15 digits, then zeros
        ("#VALUE!", Quality.SPOILED),
        ("无单号", Quality.PLACEHOLDER),
        ("000000", Quality.PLACEHOLDER),
        ("--", Quality.PLACEHOLDER),
        ("SF****567890", Quality.MASKED),
    ],
)
def test_what_is_no_waybill_names_no_shipment(written: str, quality: Quality):
    number = waybill(written)
    assert (number.quality, number.normal) == (quality, None)


def test_the_fifteen_digits_that_a_spreadsheet_keeps_are_a_waybill():
    assert waybill("755123456789010").normal == "755123456789010"
    assert waybill("755123456789010.0").normal == "755123456789010"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("王　小明", "王小明"),
        (" 王 小 明 ", "王小明"),
        ("Ｍｒ　Ｌｅｅ", "Mr Lee"),
        ("Mr \t Lee", "Mr Lee"),
        ("王\u200b小明", "王小明"),
        ("Zhang 三", "Zhang 三"),
    ],
)
def test_a_name_has_one_form(written: str, name: str):
    assert person_name(written) == name
