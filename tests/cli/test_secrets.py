"""No secret of a response is in any output, however the response is damaged."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slr_constructs import catalogue
from slr_constructs.account.usages import kinds_of
from tests.account.rehearsal import (
    LIVE,
    PASSWORD,
    Rehearsal,
    few_regions,
    finish_threads,
    let_time_pass,
)
from tests.cli.commands import run_command
from tests.fake_services.connected import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.catalogue import RoleDefinition
    from tests.fake_services.wire import Call, Response
    from tests.fake_services.world import World

#: in every response, as the value of a member that the command does not need.
SECRET = "wJalrXUtnFEMI-K7MDENG"  # noqa: S105 - it is for the test that looks for it
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/operator"
FILE = "state.jsonl"
_FIRST_TAG = re.compile(rb"^(?:<\?xml[^>]*>\s*)?<[^>]*[^>/]>")


def _with_secret(body: bytes) -> bytes:
    if body.startswith(b"{"):
        return b'{"Secret": "' + SECRET.encode() + b'", ' + body[1:]
    return _FIRST_TAG.sub(
        lambda found: found[0] + f"<SecretAccessKey>{SECRET}</SecretAccessKey>".encode(), body
    )


def _cut(response: Response, left: float) -> Response:
    status, headers, body = response
    return status, headers, body[: int(len(body) * left)]


def _html(response: Response) -> Response:
    _, headers, body = response
    return 200, {**headers, "Content-Type": "text/html"}, body


DAMAGES: dict[str, Callable[[Response], Response]] = {
    "none": lambda response: response,
    "half": lambda response: _cut(response, 0.5),
    "almost all": lambda response: _cut(response, 0.99),
    "another content type": _html,
    "garbage": lambda response: (*response[:2], b"\0<" + response[2] + b"{"),
    "in a list": lambda response: (*response[:2], b"[" + response[2] + b"]"),
    "refused": lambda response: (400, *response[1:]),
    "half of an error": lambda response: (403, *_cut(response, 0.5)[1:]),
    "failed": lambda response: (503, *response[1:]),
    "wrong types": lambda response: (*response[:2], re.sub(rb": *\[", b': 5, "x": [', response[2])),
}
#: operations that almost all roles need, with the same code. All others are damaged for each role.
_DAMAGED_FOR_ONE_ROLE = {
    "AssumeRole",
    "CreateServiceLinkedRole",
    "DeleteServiceLinkedRole",
    "DescribeStackResources",
    "DescribeStacks",
    "GetCallerIdentity",
    "GetRole",
    "GetServiceLinkedRoleDeletionStatus",
    "ListAttachedRolePolicies",
    "ListRolePolicies",
    "TagRole",
    "UntagRole",
}
#: all others take long.
_FAST = ("half", "half of an error")


@pytest.mark.parametrize(
    ("definition", "damage"),
    [
        pytest.param(
            definition,
            damage,
            id=f"{definition.role_name} {name}",
            # MediaPackage returns passwords
            marks=[]
            if definition is catalogue.MEDIAPACKAGE and name in _FAST
            else pytest.mark.exhaustive,
        )
        for definition in catalogue.ALL
        if kinds_of(definition)
        for name, damage in DAMAGES.items()
    ],
)
def test_no_secret_of_a_damaged_response_is_in_any_output(
    world: World,
    definition: RoleDefinition,
    damage: Callable[[Response], Response],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of every operation that a release and a restore call. Each error is one sentence."""
    monkeypatch.chdir(tmp_path)
    few_regions(monkeypatch, "us-east-1")
    let_time_pass(monkeypatch)
    monkeypatch.setattr("tests.account.rehearsal.ACCOUNT", ACCOUNT)
    world.account(ACCOUNT).assumable.add("operator")
    rehearsed = Rehearsal(world, definition, Path(FILE))
    respond = world.respond
    damaged = ""

    def damaging(*request: object) -> Response:
        called: list[Call] = []
        world.on_call = called.append
        status, headers, body = respond(*request)  # type: ignore[arg-type]
        body = body.replace(b"<SecretAccessKey>testing", f"<SecretAccessKey>{SECRET}".encode())
        response = (status, headers, _with_secret(body))
        return damage(response) if [each.operation for each in called] == [damaged] else response

    def run(*words: str) -> str:
        result = run_command(*words, "--role-arn", ROLE_ARN)
        finish_threads()
        assert result.exception is None or isinstance(result.exception, SystemExit), damaged
        for secret in (SECRET, PASSWORD, "token-of-"):
            assert secret not in result.output
        return result.output

    release = ("--yes", "--despite-stack", LIVE, "--state", FILE, "--wait", "1")
    flags = (*release, "--delete-recording-configurations", "--despite-unreadable")

    def play() -> None:
        world.calls.clear()
        monkeypatch.setattr(world, "respond", damaging)
        run("release", definition.role_name, *flags)
        if Path(FILE).exists():
            run("restore", FILE, "--yes", "--wait", "1")
            assert SECRET not in Path(FILE).read_text(encoding="utf-8")
            assert PASSWORD not in Path(FILE).read_text(encoding="utf-8")
        monkeypatch.setattr(world, "respond", respond)

    rehearsed.fill(regions=["us-east-1"])
    play()
    operations = {call.operation for call in world.calls}
    assert {"AssumeRole", "GetRole", "TagRole", "DescribeStacks"} <= operations
    if definition is catalogue.MEDIAPACKAGE:
        assert operations >= _DAMAGED_FOR_ONE_ROLE
    else:
        operations -= _DAMAGED_FOR_ONE_ROLE
    for operation in sorted(operations):
        damaged = operation
        rehearsed.fill(regions=["us-east-1"])
        play()
