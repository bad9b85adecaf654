"""The commands of `make test-aws` and `make probe-aws`, on the emulator."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from click.testing import CliRunner

from slr_constructs.catalogue import MEDIATAILOR
from slr_constructs.cli import INTERRUPTED
from tests.cdk_command_line import on_emulator
from tests.emulated.emulator.behaviour import Refusal
from tests.emulated.people import REGIONS
from tests.emulated.sandboxes import environment_of, opened
from tests.emulated.stacks import synthesized
from tests.emulated.verdict import left
from tests.fake_services import features as kinds
from tests.fake_services.wire import Refused
from tests.integ import __main__ as commands
from tests.integ.deployed import deployed, sweep
from tests.integ.experiments import ALL
from tests.integ.probe import RESULTS, load, run, write
from tests.integ.sandbox import open_sandbox
from tests.integ.stacks import FEATURES
from tests.integ.verified import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result

    from tests.emulated.emulator.functions import Run
    from tests.emulated.stacks import Account
    from tests.fake_services.wire import Call

_ROOT = Path(__file__).parents[2]
_LABEL = "an EMULATED account, not AWS"


def _run(account: Account, *arguments: str) -> Result:
    with environment_of(account):
        return CliRunner().invoke(commands.integ, arguments)


def _refusal(result: Result) -> str:
    """Return the only line on stderr of a refused command."""
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    return str(line)


@pytest.fixture(params=["test", "probe"])
def command(request: pytest.FixtureRequest) -> str:
    """Return the name of one of the commands."""
    return str(request.param)


def test_an_account_whose_resources_use_a_role_is_refused(command: str, account: Account) -> None:
    """The sentence names the resource, which is not changed."""
    account.emulator.roles.make(account.id, kinds.PLAYBACK_CONFIGURATION.definition)
    logs = {"LogConfiguration": {"PercentEnabled": 5, "EnabledLoggingStrategies": []}}
    used = account.emulator.features.add(
        kinds.PLAYBACK_CONFIGURATION, account.id, REGIONS[1], "ads", logs
    )
    before = left(account)

    refusal = _refusal(_run(account, command, "--yes"))

    assert f"account {account.id} has resources that use the roles: {used.arn}." in refusal
    assert left(account) == before


def test_an_account_with_a_role_is_refused(command: str, account: Account) -> None:
    """A run would delete the role, which another program may need."""
    definition = kinds.LIVE_CHANNEL.definition
    account.emulator.roles.make(account.id, definition)
    refusal = _refusal(_run(account, command, "--yes"))
    assert f"has roles that a run would delete: {definition.role_name}" in refusal
    assert account.emulator.roles.of(account.id) == [definition.role_name]


def test_an_account_that_cannot_be_read_is_refused(
    command: str, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be read may use a role."""
    operations = account.emulator.features.replaced
    monkeypatch.setitem(operations, ("mediatailor", "ListChannels"), _deny)
    assert "cannot be read: MediaTailor channels" in _refusal(_run(account, command, "--yes"))


def _deny(*_: object) -> dict[str, object]:
    raise Refused("AccessDeniedException", "not authorized", 403)


def test_an_account_that_is_not_bootstrapped_is_refused(account: Account) -> None:
    """The sentence has the command to run."""
    refusal = _refusal(_run(account, "test", "--yes"))
    assert f"Run: cdk bootstrap aws://{account.id}/us-east-1" in refusal


def test_nothing_starts_without_a_confirmation(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal the command is refused; on one, the account id is typed."""
    assert "Set YES=1 to run the experiments" in _refusal(_run(account, "probe"))

    monkeypatch.setattr("tests.integ.sandbox.can_ask", lambda: True)
    with environment_of(account):
        result = CliRunner().invoke(commands.integ, ["probe"], input="yes\n")
    assert "was not typed. Nothing was changed" in _refusal(result)
    for text in (
        f"{len(ALL)} experiments in {_LABEL} {account.id}, us-east-1. It takes",
        "AWS bills: Kinesis streams, a KMS key, Lambda",
        f"Type {account.id} to run the experiments",
    ):
        assert text in result.stdout


def test_the_answers_of_the_emulator_are_never_written_to_the_docs(account: Account) -> None:
    """They are labelled, in another folder, and refused in the folder of results on AWS."""
    page, results = PAGE.read_bytes(), sorted(RESULTS.glob("*"))
    with opened(account) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "open_sandbox", lambda: sandbox)
        result = CliRunner().invoke(commands.integ, ["probe", "--yes", "--only", "as-run-logs"])
    assert result.exit_code == 0, result.output
    assert "EMULATED: these answers are those of an emulator, not of AWS." in result.stdout
    (written,) = re.findall(r"written to (.*)", result.stdout)
    assert written.endswith("-emulated.json")
    assert json.loads(Path(written).read_text())["emulated"] is True
    with pytest.raises(ValueError, match="says nothing about AWS"):
        load(Path(written))
    with opened(account) as sandbox:
        answered = run(sandbox, [], lambda _line: None)
    with pytest.raises(ValueError, match="is not written to docs/verified"):
        write(answered, RESULTS)
    assert (PAGE.read_bytes(), sorted(RESULTS.glob("*"))) == (page, results)


def test_a_contradicted_fact_fails_the_command(account: Account) -> None:
    """The exit status is 1, and the sentence names the fact."""
    account.emulator.features.uses_role[kinds.LINEAR_CHANNEL] = lambda _: False
    with opened(account) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "open_sandbox", lambda: sandbox)
        result = CliRunner().invoke(commands.integ, ["probe", "--yes", "--only", "as-run-logs"])
    assert result.exit_code == 1
    assert result.stderr == (
        "failed: as-run-logs: the answer free contradicts slr_constructs.catalogue: as-run logs of"
        " AWS::MediaTailor::Channel use the role\n"
    )


@pytest.fixture
def bootstrapped(account: Account, tmp_path: Path) -> Iterator[Account]:
    """Return an account that `cdk bootstrap` has prepared."""
    # AWS does not document that IAM creates the role of IVS; users report that it does
    account.emulator.behaviour.creates_every_role = True
    on_emulator(account.emulator, account.id, tmp_path).bootstrap()
    yield account
    account.emulator.behaviour.reset()


def _start(account: Account, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the command of `make test-aws`, which is not a program of this process."""
    emulator = account.emulator
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {
        **kept,
        "HOME": str(folder),
        **emulator.environment(account.id, REGIONS[0]),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integ", "test", "--yes", *arguments],
        cwd=_ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_every_feature_and_the_sample_app_are_deployed_and_destroyed(
    bootstrapped: Account, tmp_path: Path, tally: Callable[..., None]
) -> None:
    """The real command, with the real CDK command line."""
    before = left(bootstrapped)
    with _start(bootstrapped, tmp_path) as process:
        output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    assert _LABEL in output
    (passed,) = re.findall(r"(\d+) passed", output)
    assert int(passed) == 8
    assert left(bootstrapped) == before
    tally("deployments", tests=int(passed))


def test_a_signal_stops_the_tests_only_after_their_stacks_are_destroyed(
    bootstrapped: Account, tmp_path: Path, tally: Callable[..., None]
) -> None:
    """SIGTERM while a stack is deployed."""
    before = left(bootstrapped)
    with _start(bootstrapped, tmp_path, "--only", "SlrIntegVod") as process:
        end = time.monotonic() + 240
        while left(bootstrapped) == before:
            assert time.monotonic() < end
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=300)
    assert process.returncode == INTERRUPTED, output
    assert "interrupted. The stacks of the tests were destroyed" in output
    assert left(bootstrapped) == before
    tally("deployments", interruptions=1)


def test_the_last_clean_up_deletes_a_stack_that_is_left(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack that cannot be deleted is reported, and the next run deletes it."""
    monkeypatch.setattr(
        "tests.integ.deployed.time.sleep", lambda _seconds, sleep=time.sleep: sleep(0.1)
    )
    before = left(account)
    feature = FEATURES[-1]
    stack = synthesized(lambda stack: feature.define(stack, feature.stack), name=feature.stack)
    assert account.deploy(stack).succeeded
    account.emulator.behaviour.fault = _cannot_disable
    with environment_of(account):
        sandbox = open_sandbox()
        assert sweep(sandbox) == [f"{feature.stack}: DELETE_FAILED"]
        account.emulator.behaviour.reset()
        assert sweep(sandbox) == []
    assert left(account) == before


class _LeavesARole:
    """A replacement of the CDK command line whose stack leaves a role."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def deploy(self, *_: str) -> None:
        self._account.emulator.roles.make(self._account.id, MEDIATAILOR)

    def destroy(self, *_: str) -> None:
        """Do nothing."""


def test_what_a_stack_leaves_fails_its_test(account: Account) -> None:
    """The message names it."""
    name = MEDIATAILOR.role_name
    with environment_of(account):
        context = deployed(open_sandbox(), cast("Any", _LeavesARole(account)), "SlrIntegSessions")
        with pytest.raises(AssertionError, match=f"left in the account: .*role {name}"), context:
            assert account.emulator.roles.of(account.id) == [name]


def _cannot_disable(_run: Run, call: Call) -> Refusal | None:
    if call.operation != "ConfigureLogs":
        return None
    return Refusal("UnprocessableEntityException", "not now", 422)
