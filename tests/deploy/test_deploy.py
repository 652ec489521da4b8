"""The files of `deploy/` agree with each other and with the project; the tests need no Docker."""

import os
import re
import shutil
import subprocess
from configparser import ConfigParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from apps.prefect_settings import prefect_environment
from engine.settings import Settings
from tests.house.sources import ROOMS

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
ENV = (DEPLOY / "env.example").read_text("utf-8").splitlines()
LINE = re.compile(r"(# )?([A-Z][A-Z0-9_]+)=(.*)")
OTHERS = {"DO_NOT_TRACK", "SECRETS_DIR"}
"""Variables that are settings of neither closeloop nor Prefect."""
IMAGES_OWN = ("POSTGRES_",)


def explained() -> dict[str, str | None]:
    """Return every variable of `env.example` with its value."""
    matches = [match for line in ENV if (match := LINE.fullmatch(line))]
    assert len({match[2] for match in matches}) == len(matches), "a variable is listed twice"
    return {match[2]: None if match[1] else match[3] for match in matches}


def interpolated() -> set[str]:
    """Return the variables that compose reads from `.env`; `$$` is a dollar of the container's own shell."""
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text("utf-8")))


def settings_of_prefect(names: set[str]) -> set[str]:
    """Return those of the names that the installed Prefect, or prefect-redis, reads."""
    import prefect.settings
    from prefect_redis.client import RedisMessagingSettings

    redis = {f"PREFECT_REDIS_MESSAGING_{name.upper()}" for name in RedisMessagingSettings.model_fields}
    return {name for name in names if hasattr(prefect.settings, name)} | redis


def settings_of_closeloop() -> set[str]:
    return {f"CLOSELOOP_{name.upper()}" for name in Settings.model_fields}


def named_in_compose() -> set[str]:
    """Return every variable that a service is given by name or as a secret."""
    named: set[str] = set()
    for service in SERVICES.values():
        named |= set(service.get("environment", {}))
        named |= {each["target"] for each in service.get("secrets", []) if isinstance(each, dict)}
    return {name for name in named if not name.startswith(IMAGES_OWN)}


def unit_lines(path: Path) -> list[tuple[str, str]]:
    lines = [line.partition("=") for line in path.read_text("utf-8").splitlines() if "=" in line]
    return [(name, value) for name, _, value in lines]


def test_each_variable_is_explained_by_the_line_before_it():
    for before, line in pairwise(ENV):
        if match := LINE.fullmatch(line):
            assert before.startswith("# "), f"{match[2]} is not explained"
            assert not LINE.fullmatch(before), f"{match[2]} is not explained"


def test_every_variable_is_a_known_setting_and_every_setting_of_closeloop_is_listed():
    names = set(explained())
    assert names - settings_of_prefect(names) - settings_of_closeloop() - OTHERS == interpolated()
    assert settings_of_closeloop() - names == set()


def test_every_variable_of_compose_and_the_units_is_explained():
    in_units = {value.partition("=")[0] for path in UNITS for name, value in unit_lines(path) if name == "Environment"}
    credentials = {
        value.partition(":")[0] for path in UNITS for name, value in unit_lines(path) if name == "LoadCredential"
    }
    used = {variable for path in UNITS for variable in re.findall(r"\$\{([A-Z_]+)\}", path.read_text("utf-8"))}
    assert (named_in_compose() | in_units | credentials | used) - set(explained()) == {"PATH"}


def test_production_has_the_prefect_settings_of_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    postgres = {"PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql+asyncpg://prefect:x@database/prefect"}
    monkeypatch.setattr(os, "environ", postgres)
    expected = prefect_environment(tmp_path, "http://prefect-api:4200/api")
    differs = {
        "CLOSELOOP_HOME",
        "PREFECT_HOME",
        "PREFECT_SERVER_UI_API_URL",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE",
        "PREFECT_LOGGING_SETTINGS_PATH",
    }
    listed = explained()
    config = Path(expected["PREFECT_LOGGING_SETTINGS_PATH"])
    assert listed["PREFECT_LOGGING_SETTINGS_PATH"] == f"/opt/closeloop/{config.relative_to(ROOT)}"
    assert config.is_file()
    assert {name: listed[name] for name in expected if name not in differs} == {
        name: value for name, value in expected.items() if name not in differs
    }


def test_no_file_of_the_project_holds_a_secret():
    secret = re.compile(r"SECRET$|AUTH_STRING$|CONNECTION_URL$|DATABASE_URL$|SMTP_URL$|MESSAGING_URL$|DOCKET_URL$")
    assert {name: value for name, value in explained().items() if secret.search(name) and value} == {}
    text = (DEPLOY / "compose.yaml").read_text("utf-8") + "".join(path.read_text("utf-8") for path in UNITS)
    assert re.findall(r"://[^/\s]*:[^/\s]*@", text) == []


def test_every_image_is_pinned_to_a_full_version():
    bases = re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    images = {service["image"] for service in SERVICES.values()} - {"${IMAGE}"}
    assert bases
    for image in (*bases, *images, explained()["IMAGE"] or ""):
        assert re.fullmatch(r"[a-z/]+:\d+\.\d+(\.\d+)?(-\w+)*", image), image


def test_the_image_holds_every_package_of_the_project_and_the_pinned_tools():
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    copied = {source for line in re.findall(r"^COPY (.+)", dockerfile, re.MULTILINE) for source in line.split()[:-1]}
    assert {source for source in copied if not (ROOT / source).exists()} == set()
    assert copied >= {*ROOMS, "policies", "migrations", "prefect.yaml", "uv.lock"}
    [version] = re.findall(r"^UV_VERSION := (\S+)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert f'"uv=={version}"' in dockerfile


def test_only_the_proxy_is_published_on_the_configured_address():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"proxy": ["${BIND_ADDRESS}:4200:4200"]}
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "redis", "prefect-api", "prefect-services"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_the_prefect_server_has_neither_our_home_nor_our_secrets():
    servers = [SERVICES[name] for name in ("prefect-api", "prefect-services", "prefect-database")]
    for service in servers:
        secrets = {each["target"] for each in service["secrets"]}
        assert {name for name in secrets if name.startswith("CLOSELOOP")} == set()
        assert (service["user"], service["volumes"]) == ("prefect", ["prefect-home:/var/lib/prefect"])
    for path in UNITS:
        if "-prefect-" in path.name:
            credentials = {value.partition(":")[0] for name, value in unit_lines(path) if name == "LoadCredential"}
            assert {name for name in credentials if name.startswith("CLOSELOOP")} == set()


def test_what_prefect_starts_has_no_key_to_sign_anchors_with():
    """A driver anchors after the nights of such a worker: see tests/apps/test_night_anchor.py."""
    for name in ("worker", "acts", "dask-worker"):
        assert "/dev/null:/var/lib/closeloop/anchor.key:ro" in SERVICES[name]["volumes"]
        unit = (DEPLOY / "systemd" / f"closeloop-{name}@.service").read_text("utf-8")
        assert "InaccessiblePaths=-/var/lib/closeloop/anchor.key\n" in unit
    assert SERVICES["driver"]["volumes"] == ["home:/var/lib/closeloop"]
    assert "InaccessiblePaths" not in (DEPLOY / "systemd" / "closeloop-driver@.service").read_text("utf-8")


def test_people_and_our_processes_have_different_credentials():
    targets = {
        name: {each["target"]: each["source"] for each in service.get("secrets", []) if isinstance(each, dict)}
        for name, service in SERVICES.items()
    }
    assert targets["prefect-api"]["PREFECT_SERVER_API_AUTH_STRING"] == "prefect_auth"
    assert targets["prefect-api"]["PREFECT_API_AUTH_STRING"] == "prefect_process_auth"
    for name in ("worker", "acts", "driver", "setup"):
        assert "PREFECT_SERVER_API_AUTH_STRING" not in targets[name]
        assert targets[name]["PREFECT_API_AUTH_STRING"] == "prefect_process_auth"


def make_secrets(folder: Path) -> dict[str, str]:
    subprocess.run([folder / "make-secrets.sh"], check=True)
    return {path.name: path.read_text("utf-8") for path in (folder / "secrets").iterdir()}


def test_every_secret_has_its_file_and_the_script_makes_it(tmp_path: Path):
    for name in ("make-secrets.sh", "entrypoint.sh"):
        shutil.copy(DEPLOY / name, tmp_path / name)
    made = make_secrets(tmp_path)
    again = make_secrets(tmp_path)
    assert again == made
    assert {entry["file"] for entry in COMPOSE["secrets"].values()} == {f"secrets/{name}" for name in made}
    used = {
        each if isinstance(each, str) else each["source"] for s in SERVICES.values() for each in s.get("secrets", ())
    }
    assert used == set(COMPOSE["secrets"])
    assert made["closeloop_password"] in made["closeloop_database_url"]
    assert len(set(made.values())) == len(made)


def test_a_secret_is_read_from_its_file_into_the_environment_unless_it_is_empty(tmp_path: Path):
    (tmp_path / "CLOSELOOP_SECRET").write_text("a $ecret 'with' \"all\" of it")
    (tmp_path / "CLOSELOOP_SMTP_URL").write_text("")
    result = subprocess.run(
        [DEPLOY / "entrypoint.sh", "env"],
        env={"SECRETS_DIR": str(tmp_path), "PATH": os.environ["PATH"]},
        check=True,
        capture_output=True,
        text=True,
    )
    assert "CLOSELOOP_SECRET=a $ecret 'with' \"all\" of it\n" in result.stdout
    assert "CLOSELOOP_SMTP_URL" not in result.stdout


def test_units_and_containers_run_the_same_commands():
    def plain(command: str) -> str:
        return re.sub(r"\$\{\w+\}|tcp://\S+|%i|4200|/\S+|127\.0\.0\.1|0\.0\.0\.0", "_", command)

    commands = {dict(unit_lines(path))["ExecStart"].partition("entrypoint.sh ")[2] for path in UNITS}
    commands = {plain(each) for each in commands if each} | {"dask scheduler --host _ --port 8786 --no-dashboard"}
    ours = {name: service["command"] for name, service in SERVICES.items() if service["image"] == "${IMAGE}"}
    once = {"setup", "prefect-database"}
    assert {plain(" ".join(command)) for name, command in ours.items() if name not in once} == commands


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_without_privileges(path: Path):
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # pyright: ignore[reportAttributeAccessIssue]
    parser.read(path)
    service = parser["Service"]
    user = "closeloop-prefect" if "-prefect-" in path.name else "closeloop"
    assert (service["User"], service["NoNewPrivileges"], service["ProtectSystem"]) == (user, "true", "strict")
    assert service["ExecStart"].startswith("/opt/closeloop/")
    assert parser["Install"]["WantedBy"] == "multi-user.target"
