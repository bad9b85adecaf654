"""`--log` and `--verbose`: each call of a command that reads an account."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import catalogue
from tests.account.rehearsal import few_regions, let_time_pass
from tests.cli.commands import run_command
from tests.cli.terminals import Terminal, call_here
from tests.fake_services import features
from tests.fake_services.connected import ACCOUNT

if TYPE_CHECKING:
    from tests.fake_services.world import World

DUBLIN = "eu-west-1"
WORDS = ("audit", "mediatailor", "--region", DUBLIN, "--at-once", 1)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def logged() -> list[dict[str, Any]]:
    """Return the calls in the log."""
    return [json.loads(line) for line in Path("calls").read_text(encoding="utf-8").splitlines()]


def test_every_call_is_a_line_of_the_log(world: World) -> None:
    """With its place, resource, result and request id, also if it fails. Calls are appended."""
    world.account(ACCOUNT).denied.add("mediatailor:ListChannels")
    result = run_command(*WORDS, "--log", "calls")
    lines = logged()
    assert result.exit_code == 1
    assert [each["operation"] for each in lines[:2]] == ["get_caller_identity", "list_regions"]
    assert len(lines) == len(world.calls)
    role = next(each for each in lines if each["operation"] == "get_role")
    assert datetime.fromisoformat(role.pop("time")).tzinfo is not None
    assert role.pop("seconds") >= 0
    assert role == {
        "account": ACCOUNT,
        "region": "aws-global",
        "service": "iam",
        "operation": "get_role",
        "parameters": {"RoleName": catalogue.MEDIATAILOR.role_name},
        "error": "NoSuchEntity",
        "request_id": role["request_id"],
    }
    assert {each["error"] for each in lines} == {None, "NoSuchEntity", "AccessDeniedException"}
    assert all(each["request_id"] for each in lines)
    assert Path("calls").stat().st_mode & 0o777 == 0o600
    run_command(*WORDS, "--log", "calls")
    assert len(logged()) == 2 * len(lines)


@pytest.mark.parametrize("command", ["release", "restore", "leases"])
def test_other_commands_have_a_log_too(
    world: World, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the changes that they make."""
    few_regions(monkeypatch, DUBLIN)
    let_time_pass(monkeypatch)
    world.account(ACCOUNT).add_role(catalogue.MEDIATAILOR)
    data = {"LogConfiguration": {"LogTypes": ["AS_RUN"]}}
    world.features.add(features.LINEAR_CHANNEL, ACCOUNT, DUBLIN, "news", data)
    words: tuple[str, ...] = ("mediatailor",)
    if command != "leases":
        words = ("mediatailor", "--yes", "--state", "state", "--log", "calls")
    if command == "restore":
        assert run_command("release", *words).exit_code == 0
        words = ("state", "--yes")
    assert run_command(command, *words, "--log", "calls").exit_code == 0
    assert command == "leases" or {"ChannelName": "news"} in [
        each["parameters"] for each in logged() if each["operation"].startswith("configure_logs")
    ]


def test_a_log_that_cannot_be_written_does_not_stop_the_command(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is reported once. A file that cannot be opened is refused."""
    result = run_command(*WORDS, "--log", "missing/calls")
    assert (result.exit_code, world.calls) == (2, [])
    assert result.stderr == (
        "slr-constructs: missing/calls cannot be written: No such file or directory\n"
    )

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    result = run_command(*WORDS, "--log", "calls")
    assert result.exit_code == 0
    assert result.stderr == "slr-constructs: calls cannot be written: No space left on device\n"


@pytest.mark.usefixtures("world")
def test_verbose_prints_every_call_instead_of_the_progress() -> None:
    """To stderr."""
    with Terminal() as terminal:
        assert call_here(terminal, [*WORDS, "--verbose", "--format", "json", "-o", "report"]) == 0
        written = terminal.close()
    assert " lists, " not in written
    lines = run_command(*WORDS, "--verbose").stderr.splitlines()
    assert len(lines) == len(written.splitlines())
    name = catalogue.MEDIATAILOR.role_name
    assert any(
        f"Z {ACCOUNT} aws-global iam get_role {name}: NoSuchEntity in " in line for line in lines
    )
