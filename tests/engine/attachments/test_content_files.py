"""Contents lie in a folder or in a bucket; what is put there is durable and private, and errors are refusals."""

from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from engine.attachments.content_files import ContentFiles, FolderFiles, ObjectFiles, content_files, salted_digest
from engine.clock import system_now
from engine.settings import Settings
from engine.store import Store
from tests.case_actions import SECRET, new_case, refusal
from tests.engine.attachments.evidence import WAYBILL, attach_files

pytestmark = pytest.mark.requirement("A10")

_bucket = count()
DIGEST = salted_digest(b"salt", WAYBILL)


@pytest.fixture(params=["folder", "local", "memory"])
def contents(request: pytest.FixtureRequest, tmp_path: Path) -> ContentFiles:
    (tmp_path / "bucket").mkdir()
    place = {"local": f"file://{tmp_path / 'bucket'}", "memory": f"memory:///{next(_bucket)}"}
    return FolderFiles(tmp_path / "folder") if request.param == "folder" else ObjectFiles(place[request.param])


def test_a_content_is_kept_read_listed_and_removed(contents: ContentFiles):
    assert contents.get(DIGEST) is None
    contents.put(DIGEST, WAYBILL)
    contents.put(DIGEST, WAYBILL)
    assert contents.get(DIGEST) == WAYBILL
    [(digest, at)] = contents.kept()
    assert digest == DIGEST
    assert abs(system_now() - at) < timedelta(days=1)
    contents.remove(DIGEST)
    contents.remove(DIGEST)
    assert (contents.get(DIGEST), list(contents.kept())) == (None, [])


def test_what_is_no_content_is_left_alone(tmp_path: Path):
    folder = tmp_path / "folder"
    (folder / "ab").mkdir(parents=True)
    (folder / "ab" / "README").write_text("mine")
    (folder / "notes.txt").write_text("mine")
    assert list(FolderFiles(folder).kept()) == []


def test_a_half_written_content_is_listed_so_that_it_is_collected(tmp_path: Path):
    folder = FolderFiles(tmp_path)
    folder.put(DIGEST, WAYBILL)
    file = tmp_path / DIGEST[:2] / DIGEST[2:]
    file.rename(file.with_name(f"{file.name}.part"))
    assert [digest for digest, _ in folder.kept()] == [DIGEST]
    folder.remove(DIGEST)
    assert list(folder.kept()) == []


def test_a_bucket_that_cannot_be_opened_is_a_refusal():
    assert refusal(lambda: ObjectFiles("nonsense://x").get(DIGEST)).code == "bad_attachments_url"


def test_a_bucket_that_is_away_is_a_refusal(monkeypatch: pytest.MonkeyPatch):
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ALLOW_HTTP": "true", "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    bucket = ObjectFiles("s3://away/evidence")
    assert refusal(lambda: bucket.get(DIGEST)).code == "attachments_away"
    assert refusal(lambda: bucket.put(DIGEST, WAYBILL)).code == "attachments_away"


def test_the_setting_names_a_folder_or_a_bucket(home: Path):
    def place(**settings: str) -> object:
        return Settings(home=home, secret=SECRET, **settings).attachments_place  # pyright: ignore[reportArgumentType]

    assert place() == home / "attachments"
    assert place(attachments="elsewhere") == home / "elsewhere"
    assert place(attachments="/srv/evidence") == Path("/srv/evidence")
    assert place(attachments="s3://evidence/closeloop") == "s3://evidence/closeloop"


def test_a_store_may_keep_its_files_in_a_bucket(store: Store):
    store.attachments = f"memory:///{next(_bucket)}"
    attach_files(store, new_case(store), ("a.txt", WAYBILL))
    assert len(list(content_files(store).kept())) == 1
    assert not (store.home / "attachments").exists()
