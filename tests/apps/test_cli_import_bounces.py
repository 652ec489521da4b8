"""The command that reads mails which came back says what each of them was."""

from pathlib import Path

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.gateways.bounce_mails import bounce, ordinary_mail

pytestmark = pytest.mark.requirement("A5")


def test_every_mail_of_a_folder_is_counted(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    folder = tmp_path / "returned"
    folder.mkdir()
    (folder / "1.eml").write_bytes(bounce("cp-26-000001:4:send_message:customer_message", "wang@example.com"))
    (folder / "2.eml").write_bytes(ordinary_mail())
    (folder / "3.eml").write_bytes(b"")
    (folder / "4.eml").write_bytes(bounce("cp-26-000001:4:send_message", "wang@example.com", action="delayed"))
    document = closeloop.json("import-bounces", folder)
    counts = {"recorded": 0, "known": 0, "no_promise": 0, "not_ours": 1, "delay": 1, "other": 1, "unreadable": 1}
    assert document == {"mails": 4, **counts}
    assert "4 mails" in closeloop("import-bounces", folder).output
    assert closeloop.refused("import-bounces", tmp_path / "nowhere")["code"] == "unreadable_body"
