"""The files in `docs/deploy` and the workflows in the docs are what their readers take."""

import configparser
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.references import DOCS

DEPLOY = DOCS / "deploy"
YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
SETTING = re.compile(r"\b(?:SUPABASE|POCKETLLM)_[A-Z_]+\b")
NOT_OURS = {"POCKETLLM_IMAGE", "POCKETLLM_JWT_ISSUER"}
"""What the compose file asks its reader for, and hands on under another name or to nobody."""


def fits(kind: str, path: Path) -> None:
    """Hold a file against its published schema."""
    program = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{kind}"]
    done = subprocess.run([*program, str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def read(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(("kind", "number"), [("github-workflows", 0), ("gitlab-ci", 1)])
def test_the_workflows_of_the_smoke_test_fit_their_schemas(
    kind: str, number: int, tmp_path: Path
) -> None:
    text = YAML.findall((DOCS / "smoke.md").read_text(encoding="utf-8"))[number]
    (tmp_path / "workflow.yml").write_text(text)

    fits(kind, tmp_path / "workflow.yml")


def test_the_compose_file_fits_its_schema_and_both_services_are_set_alike() -> None:
    fits("compose-spec", DEPLOY / "compose.yaml")
    services = read("compose.yaml")["services"]

    assert services["pocketllm"]["environment"] == services["pocketllm-worker"]["environment"]
    assert all(service["read_only"] for service in services.values())


def test_the_gateways_lead_the_functions_paths_to_the_servers_port() -> None:
    service = read("kong.yml")["services"][0]
    route = service["routes"][0]
    envoy = json.dumps(read("envoy.yaml"))

    # What follows the path that is taken away is put after the address.
    assert service["url"] == "http://pocketllm:8000" + route["paths"][0]
    assert route["strip_path"]
    assert not route["response_buffering"]
    assert '"prefix": "/functions/v1/"' in envoy
    assert '"address": "pocketllm", "port_value": 8000' in envoy


@pytest.mark.parametrize("name", ["pocketllm-functions.service", "pocketllm-worker.service"])
def test_a_unit_runs_a_program_of_ours_without_rights(name: str) -> None:
    unit = configparser.ConfigParser(strict=True)
    unit.optionxform = str  # type: ignore[assignment]
    unit.read(DEPLOY / name)

    assert unit["Service"]["ExecStart"].startswith("/opt/pocketllm/bin/python -m backend_functions")
    assert unit["Service"]["NoNewPrivileges"] == unit["Service"]["DynamicUser"] == "yes"
    assert unit["Service"]["CapabilityBoundingSet"] == ""


def test_the_platforms_files_can_be_read_and_let_a_server_finish() -> None:
    fly = tomllib.loads((DEPLOY / "fly.toml").read_text(encoding="utf-8"))
    render, cloud_run = read("render.yaml"), read("cloudrun.yaml")

    assert fly["http_service"]["checks"][0]["path"] == "/readyz"
    assert fly["kill_timeout"] == "30s"
    assert render["services"][0]["healthCheckPath"] == "/readyz"
    assert cloud_run["spec"]["template"]["spec"]["timeoutSeconds"] > 900


def test_every_setting_in_the_files_is_one_that_is_told_of() -> None:
    told = set(SETTING.findall((DOCS / "operations.md").read_text(encoding="utf-8")))
    used = {
        name
        for path in DEPLOY.iterdir()
        for name in SETTING.findall(path.read_text(encoding="utf-8"))
    }

    assert used - NOT_OURS <= told
