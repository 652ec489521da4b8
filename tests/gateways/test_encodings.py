"""Encodings are found by evidence and named; what is not sure is refused with its candidates, never guessed."""

from pathlib import Path

import pytest

from gateways.charset import Encoding, encoding_of, read_text
from gateways.contacts import contacts
from gateways.problems import Problem, Unreadable
from tests.gateways.contact_files import checked, csv_text, mapping, raw_file, row

HEAD = "id,at,who,text\n1,2026-03-02 09:00,"
CASES = Path(__file__).parents[3] / "shared" / "cases"


def found(text: str, encoding: str, declared: str | None = None) -> Encoding:
    return encoding_of(text.encode(encoding), declared)


def refusal(content: bytes, declared: str | None = None) -> Problem:
    with pytest.raises(Unreadable) as caught:
        encoding_of(content, declared)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("encoding", "name", "text"),
    [
        ("gb18030", "gb18030", "王女士,五箱里有两箱破损"),
        ("gbk", "gb18030", "李娜,包裹迟到"),
        ("gb18030", "gb18030", "客户反映快递员态度恶劣，要求道歉"),
        ("gbk", "gb18030", "龙骧,亳州市谯城区的驿站拒绝派送"),
        ("gbk", "gb18030", "陳先生,包裹遲到,請回覆"),
        ("big5", "big5", "王小明,包裹遲到"),
        ("big5", "big5", "陳先生,司機態度很差，請回覆"),
        ("big5hkscs", "big5", "黃太,喺邊度攞貨,冇人接電話"),
        ("cp950", "big5", "林志玲,貨物損壞，要求賠償"),
        ("shift_jis", "shift_jis", "田中様,荷物が届きません"),
        ("shift_jis", "shift_jis", "東京都港区,配達が遅れました。"),
        ("euc_jp", "euc-jp", "佐藤様,荷物がまだ届きません"),
        ("cp949", "euc-kr", "김철수,배송이 늦었습니다"),
        ("cp1252", "windows-1252", "Herr Müller,Die Kartons sind beschädigt."),
        ("cp1252", "windows-1252", "Frau Große,Lieferung zu spät, bitte zurückrufen"),
        ("cp1252", "windows-1252", "Mme Lefèvre,livraison retardée à Orléans, déjà signalé"),
        ("cp1252", "windows-1252", "João,São Paulo, não recebi a encomenda"),
        ("cp1250", "windows-1250", "Świątek,przesyłka jest spóźniona i uszkodzona, proszę o zwrot"),
        ("cp1251", "windows-1251", "Иванов,Посылка не пришла"),
    ],
)
def test_a_text_without_a_declaration_is_read_by_its_characters(encoding: str, name: str, text: str):
    encoding_found = found(HEAD + text, encoding)
    assert (encoding_found.name, encoding_found.certainty) == (name, "sure")
    assert read_text((HEAD + text).encode(encoding))[0] == HEAD + text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_unicode_is_recognised_with_and_without_a_mark(encoding: str, separator: str):
    text = (HEAD + "王女士,五箱里有两箱破损\n").replace(",", separator)
    assert read_text(text.encode(encoding))[0] == text
    assert found(text, encoding).certainty == "sure"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("喆", "gbk"), ("号", "gbk"), ("嘅", "big5hkscs"), ("東京", "euc_jp"), ("業", "gbk")],
)
def test_too_little_evidence_is_refused_with_the_candidates(text: str, encoding: str):
    problem = refusal((HEAD + text).encode(encoding))
    assert (problem.code, problem.row) == ("bad_file.unsure_encoding", 2)
    assert problem.params["offset"] == len(HEAD)
    assert len(str(problem.params["candidates"]).split(", ")) >= 2


def test_a_text_that_is_utf_8_by_chance_only_is_refused():
    assert "业".encode("gbk").decode("utf-8") == "ҵ"
    assert str(refusal("id\n业\n".encode("gbk")).params["candidates"]).startswith("utf-8, gb18030")


@pytest.mark.parametrize(("encoding", "text"), [("iso2022_jp", "荷物"), ("hz", "货物")])
def test_an_encoding_that_hides_in_ascii_is_refused(encoding: str, text: str):
    assert encoding in str(
        refusal(f"id,text\n1,{'貨物' if encoding == 'iso2022_jp' else '货物'}\n".encode(encoding)).params
    )


@pytest.mark.parametrize(
    ("content", "row", "encoding", "offset"),
    [
        ("编号,内容\n2,包裹破损".encode("gbk")[:-1], 2, "GB18030", 18),
        ("id,x\n1,ok\n2,包裹".encode()[:-1], 3, "UTF-8", 15),
        ("编号,内容\n2,包裹破损\n".encode() + b"3,\xff\n", 3, "UTF-8", 31),
        ("編號,內容\n2,包裹遲到了\n".encode("big5") + b"3,\xff\n", 3, "BIG5", 25),
        ((HEAD + "王女士").encode("utf-16") + b"\0", 2, "UTF-16", 76),
    ],
)
def test_a_broken_or_cut_character_is_refused_at_its_offset(content: bytes, row: int, encoding: str, offset: int):
    problem = refusal(content)
    assert (problem.row, problem.code) == (row, "bad_file.wrong_encoding")
    assert problem.params == {"encoding": encoding, "offset": offset}


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (("编号,客户\n1,李娜投诉包裹迟到\n", "gbk"), ("2,包裹遲到了請回覆\n", "big5")),
        (("編號,客戶\n1,陳小姐投訴包裹遲到\n", "big5"), ("2,包裹迟到了请尽快处理\n", "gbk")),
        (("编号,客户\n1,李娜投诉\n", "gbk"), ("2,包裹迟到了\n", "utf-8")),
        (("编号,客户\n1,李娜投诉\n", "utf-8"), ("2,包裹迟到了\n", "gbk")),
        (("id,text\n1,Müller zu spät\n", "cp1252"), ("2,包裹迟到了\n", "gbk")),
    ],
)
def test_two_encodings_in_one_file_are_never_read_as_one(first: tuple[str, str], then: tuple[str, str]):
    problem = refusal(first[0].encode(first[1]) + then[0].encode(then[1]))
    assert problem.code in {"bad_file.mixed_encodings", "bad_file.wrong_encoding", "bad_file.unsure_encoding"}


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8-sig", "gb18030"), ("utf-16", "utf-8"), ("utf-8-sig", "big5"), ("utf-16", "gbk"), ("utf-32", "utf-16")],
)
def test_a_mark_that_contradicts_the_declaration_is_refused(encoding: str, declared: str):
    assert refusal((HEAD + "王女士").encode(encoding), declared).code == "bad_file.other_mark"


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        *[("utf-8-sig", "utf-8"), ("utf-16", "utf-16-le"), ("utf-16-be", "utf-16"), ("utf-16-le", "utf-16")],
        *[("gb18030", "gb2312"), ("gbk", "gbk"), ("big5hkscs", "big5"), ("cp932", "shift_jis"), ("euc_jp", "euc-jp")],
    ],
)
def test_a_declared_encoding_is_used(encoding: str, declared: str):
    text = HEAD + ("貨" if encoding not in {"gb18030", "gbk"} else "货")
    assert read_text(text.encode(encoding), declared)[0] == text


@pytest.mark.parametrize(
    ("encoding", "declared", "other"),
    [
        ("gbk", "big5", "gb18030"),
        ("utf-8", "gb18030", "utf-8"),
        ("utf-8", "latin-1", "utf-8"),
        ("utf-8", "utf-16", "utf-8"),
        ("gbk", "cp1252", "gb18030"),
        ("gbk", "koi8-r", "gb18030"),
    ],
)
def test_a_declaration_that_the_text_plainly_contradicts_is_refused(encoding: str, declared: str, other: str):
    problem = refusal((HEAD + "王女士,五箱里有两箱破损" + " " * (declared == "utf-16")).encode(encoding), declared)
    assert problem.code in {"bad_file.contradicted_encoding", "bad_file.wrong_encoding"}
    assert problem.params.get("other", other) == other


@pytest.mark.parametrize("magic", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1", b"\x1f\x8b\x08", b"%PDF-1.7"])
def test_a_file_that_is_no_text_is_refused_by_its_kind(magic: bytes):
    assert refusal(magic + bytes(range(256))).code == "bad_file.not_a_text"


def test_a_declared_encoding_that_cannot_read_the_file_is_refused_at_the_offset():
    problem = refusal((HEAD + "王女士").encode("gbk"), "utf-8")
    assert problem.params == {"encoding": "UTF-8", "offset": len(HEAD)}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_rows_are_counted_by_any_line_end(ending: str):
    content = ending.join(("编号,客户", "1,李娜投诉包裹", "2,")).encode("gbk") + b"\xff"
    assert refusal(content).row == 3


@pytest.mark.parametrize("encoding", ["gbk", "utf-16", "utf-16-le"])
def test_the_import_names_the_encoding(tmp_path: Path, encoding: str):
    path = raw_file(tmp_path, csv_text(row(text="货物迟到两天")).encode(encoding))
    assert [contact.text for contact in contacts(path, mapping())] == ["货物迟到两天"]
    note = checked(path).notes[0]
    name = "gb18030" if encoding == "gbk" else encoding
    assert (note.code, note.params) == ("file_note.encoding_sure", {"encoding": name})


@pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not here")
@pytest.mark.parametrize(("file", "text"), [("windows1252.csv", "Herr Müller"), ("big5.csv", "王小姐,包裹破損請賠償")])
def test_the_shared_cases_are_read(file: str, text: str):
    assert text in read_text(CASES / file)[0]
