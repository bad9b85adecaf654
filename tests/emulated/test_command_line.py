"""The CDK command line: bootstrap, deploy, diff, a failure with its message, and destroy."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from scripts.project import ROOT
from tests.cdk_command_line import CommandError, on_emulator
from tests.emulated.emulator.behaviour import Refusal
from tests.emulated.verdict import broken, left
from tests.readme_blocks import blocks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.emulated.emulator.behaviour import Fault
    from tests.emulated.emulator.functions import Run
    from tests.emulated.stacks import Account
    from tests.fake_services.wire import Call

#: the commands ask before they change anything, and a test cannot answer.
_WITHOUT_QUESTION = {"deploy": ["--require-approval", "never"], "destroy": ["--force"]}
_STACK = "LiveShowHotline"
_ROLE = "AWSServiceRoleForAmazonChimeVoiceConnector"


def _too_long(_run: Run, call: Call) -> Fault | None:
    if call.operation != "PutVoiceConnectorStreamingConfiguration":
        return None
    return Refusal("BadRequestException", "DataRetentionInHours is more than we keep", 400)


def test_the_command_line_deploys_and_destroys(
    account: Account, tmp_path_factory: pytest.TempPathFactory, tally: Callable[..., None]
) -> None:
    """A second deployment changes nothing, a failure has its reason, and nothing is left."""
    emulator = account.emulator
    cdk = on_emulator(emulator, account.id, tmp_path_factory.mktemp("home"))
    cdk.synth()
    cdk.bootstrap()
    bootstrapped = left(account)

    emulator.behaviour.fault = _too_long
    with pytest.raises(CommandError) as failed:
        cdk.deploy(_STACK)
    assert "DataRetentionInHours is more than we keep" in str(failed.value)
    assert "PutVoiceConnectorStreamingConfiguration failed" in str(failed.value)
    cdk.destroy(_STACK)
    assert left(account) == bootstrapped

    emulator.reset()
    cdk.deploy(_STACK)
    assert emulator.roles.of(account.id) == [_ROLE]
    events = len(emulator.journal.of(account.id, "event"))
    assert "There were no differences" in cdk.diff(_STACK)
    assert f"{_STACK} (no changes)" in cdk.deploy(_STACK)
    assert len(emulator.journal.of(account.id, "event")) == events

    cdk.destroy(_STACK)
    assert broken(emulator.journal.of(account.id)) == []
    left_over = sorted({*left(account)} - {*bootstrapped})
    assert left_over == []
    tally("command line", commands=8, left_over=len(left_over))


def test_the_commands_of_the_readme_deploy_and_destroy_its_first_example(
    account: Account, tmp_path: Path
) -> None:
    """In a folder that has only the example, with the commands as they are written."""
    cdk = on_emulator(account.emulator, account.id, tmp_path)
    readme = blocks(ROOT / "README.md")
    example = next(each for each in readme if each.language == "python")
    commands = next(each for each in readme if "cdk deploy" in each.code)
    (tmp_path / "app.py").write_text(example.code)

    bootstrapped: list[str] = []
    roles: list[list[str]] = []
    for line in commands.code.splitlines():
        program, name, *options = shlex.split(line, comments=True)
        if program != "cdk":
            continue
        cdk.run(name, *options, *_WITHOUT_QUESTION.get(name, []), app=None, folder=tmp_path)
        bootstrapped = bootstrapped or left(account)
        roles.append(account.emulator.roles.of(account.id))

    assert roles == [[], [_ROLE], []]
    assert left(account) == bootstrapped
