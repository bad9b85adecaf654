"""Interruptions of `release` and `restore`: no lease of an existing stack and no setting is lost.

Each fault is played at every call, every line of output, or every record of the state file.
"""

from __future__ import annotations

import itertools
import os
import re
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from slr_constructs import catalogue
from slr_constructs.account.state import State
from slr_constructs.account.usages import KINDS
from slr_constructs.cli.output import discard_stdout
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    DELETION_LOCK_TAG,
    LEASE_TAG,
)
from tests.account.rehearsal import (
    LIVE,
    Rehearsal,
    at_first,
    few_regions,
    finish_threads,
    let_time_pass,
)
from tests.cli.commands import run_command
from tests.cli.terminals import call
from tests.fake_services.connected import ACCOUNT
from tests.fake_services.server import serve
from tests.fake_services.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result

    from slr_constructs.catalogue import RoleDefinition
    from tests.fake_services.wire import Call
    from tests.fake_services.world import World

IVS, MEDIATAILOR = catalogue.IVS_RECORD_TO_S3, catalogue.MEDIATAILOR
NAME = MEDIATAILOR.role_name
FILE = "state.jsonl"
RELEASE = ("--yes", "--despite-stack", LIVE, "--delete-recording-configurations", "--state", FILE)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Receive the signals that the process may ignore, as below `nohup` or in a job of a shell.

    Programs that a test starts ignore the same signals.
    """
    defaults: dict[signal.Signals, Any] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {each: signal.signal(each, handler) for each, handler in defaults.items()}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@dataclass
class Fault:
    """A fault at the nth event of its kind."""

    world: World
    patch: pytest.MonkeyPatch
    at: int
    count: int = 0

    def is_due(self) -> bool:
        """Count an event, and return whether it is the one, or a later one."""
        self.count += 1
        return self.count >= self.at

    @property
    def happened(self) -> bool:
        """Whether there were so many events."""
        return self.count >= self.at


def _signal(number: signal.Signals) -> Callable[[Fault], None]:
    def install(fault: Fault) -> None:
        def on_call(_: Call) -> None:
            if fault.is_due() and fault.count == fault.at:
                os.kill(os.getpid(), number)

        fault.world.on_call = on_call

    return install


def _expired(fault: Fault) -> None:
    def on_call(_: Call) -> None:
        if fault.is_due():
            raise Refused("ExpiredToken", "The security token is expired", 403)

    fault.world.on_call = on_call


def _output(error: OSError) -> Callable[[Fault], None]:
    def install(fault: Fault) -> None:
        echo = click.echo

        def failing(message: Any = None, **more: Any) -> None:  # noqa: ANN401 - as click's
            # the plan is printed before anything is changed
            if not more.get("err") and fault.world.calls and fault.is_due():
                raise error
            echo(message, **more)

        fault.patch.setattr("slr_constructs.cli.output.click.echo", failing)

    return install


def _full_disk(fault: Fault) -> None:
    write = os.write

    def failing(file: int, content: bytes) -> int:
        if content.startswith((b"{", b"\n")) and fault.is_due():
            # a part of the record fits
            write(file, content[:7])
            raise OSError(28, "No space left on device")
        return write(file, content)

    fault.patch.setattr(os, "write", failing)


FAULTS: dict[str, Callable[[Fault], None]] = {
    "SIGTERM": _signal(signal.SIGTERM),
    "SIGHUP": _signal(signal.SIGHUP),
    "SIGINT": _signal(signal.SIGINT),
    "expired token": _expired,
    "closed stdout": _output(BrokenPipeError(32, "Broken pipe")),
    "full stdout": _output(OSError(28, "No space left on device")),
    "full disk": _full_disk,
}
#: by name: how many moments lie between two that are played. All others take long.
_FAST = {"SIGTERM": 3, "expired token": 5, "closed stdout": 1, "full disk": 1}


class Play:
    """One account, on which commands run again and again."""

    def __init__(
        self, world: World, definition: RoleDefinition, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        few_regions(monkeypatch, "us-east-1")
        let_time_pass(monkeypatch)
        self.world = world
        self.definition = definition
        self.rehearsed = Rehearsal(world, definition, Path(FILE))
        # signing in takes most of the time of a command
        monkeypatch.setattr(
            "slr_constructs.account.access.sign_in", lambda **_: self.rehearsed.account
        )

    def fill(self) -> dict[str, Any]:
        """Start from the beginning, and return the state."""
        return self.rehearsed.fill(regions=["us-east-1"])

    def run(self, command: str) -> Result:
        """Run a command to its end."""
        words = (self.definition.role_name, *RELEASE) if command == "release" else (FILE, "--yes")
        result = run_command(command, *words)
        finish_threads()
        assert result.exception is None or isinstance(result.exception, SystemExit), result
        assert "Traceback" not in result.output
        return result

    def run_with(
        self, command: str, install: Callable[[Fault], None], at: int
    ) -> tuple[Fault, Result]:
        """Run a command with a fault."""
        with pytest.MonkeyPatch.context() as patch:
            fault = Fault(self.world, patch, at)
            install(fault)
            result = self.run(command)
        self.world.on_call = lambda _: None
        return fault, result

    @property
    def lease(self) -> bool | None:
        """Whether the existing stack has its lease; None if the role does not exist."""
        role = self.rehearsed.role
        if role is None:
            return None
        return any(
            tag.startswith(LEASE_TAG) and f"/{LIVE}/" in stack for tag, stack in role.tags.items()
        )

    def check_file(self, before: dict[str, Any]) -> None:
        """Check that every change can be undone."""
        now = self.rehearsed.picture()
        changed = {arn for arn in before if now.get(arn) != before[arn]} - {"role"}
        if not Path(FILE).exists() or Path(FILE).stat().st_size == 0:
            assert changed == set()
            return
        state = State.read(Path(FILE))
        assert state.damaged == []
        names = {each.arn: each for each in state.disabled.values()}
        recorded = {*names, *(f"{each.region} {each.name}" for each in names.values())}
        assert changed <= recorded
        assert self.rehearsed.role is not None or state.role is not None


def _every_fault() -> list[Any]:
    fast = [
        pytest.param(MEDIATAILOR, FAULTS[name], step, id=f"logging {name}, some")
        for name, step in _FAST.items()
    ]
    every = [
        pytest.param(definition, install, 1, id=f"{role} {name}", marks=pytest.mark.exhaustive)
        for role, definition in (("logging", MEDIATAILOR), ("recording", IVS))
        for name, install in FAULTS.items()
    ]
    return [*fast, *every]


@pytest.mark.parametrize(("definition", "install", "step"), _every_fault())
def test_a_release_keeps_its_promises_with_a_fault_at_any_moment(
    world: World,
    definition: RoleDefinition,
    install: Callable[[Fault], None],
    step: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The existing stack has its lease, and the file has every setting that was changed.

    With an expired token, no call can put the lease back: `restore` does it after you sign in.
    """
    play = Play(world, definition, monkeypatch)
    for at in itertools.count(1, step):
        before = play.fill()
        fault, result = play.run_with("release", install, at)
        if not fault.happened:
            break
        assert install is _expired or play.lease is not False, (at, result.output)
        play.check_file(before)
        if result.exit_code != 0 and play.rehearsed.role is not None:
            # the deletion lock of the release that was interrupted is its own
            assert play.run("release").exit_code == 0
        assert play.rehearsed.role is None
        assert play.run("restore").exit_code == 0
        assert play.rehearsed.picture() == before
    assert at > 3
    assert result.exit_code == 0


@pytest.mark.parametrize(("definition", "install", "step"), _every_fault())
def test_a_restore_keeps_its_promises_with_a_fault_at_any_moment(
    world: World,
    definition: RoleDefinition,
    install: Callable[[Fault], None],
    step: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A role that was created again has its leases, and a second restore does the rest."""
    play = Play(world, definition, monkeypatch)
    for at in itertools.count(1, step):
        before = play.fill()
        assert play.run("release").exit_code == 0
        fault, result = play.run_with("restore", install, at)
        if not fault.happened:
            break
        assert install is _expired or play.lease is not False, (at, result.output)
        play.check_file(before)
        again = play.run("restore")
        assert again.exit_code == 0, again.output
        assert play.rehearsed.picture() == before
    assert at > 3
    assert result.exit_code == 0


# signals


def test_a_signal_does_not_stop_the_clean_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """IAM refuses the deletion, and the signal arrives while the lease is put back."""
    play = Play(world, MEDIATAILOR, monkeypatch)
    play.fill()
    world.account(ACCOUNT).denied.add("iam:DeleteServiceLinkedRole")
    denied: list[Call] = []

    def on_call(call: Call) -> None:
        if call.operation == "DeleteServiceLinkedRole":
            denied.append(call)
        elif denied:
            os.kill(os.getpid(), signal.SIGTERM)

    world.on_call = on_call
    result = play.run("release")
    assert result.exit_code == 130
    assert play.lease
    assert "the lease of Live was restored" in result.stdout
    assert result.stderr == (
        f"slr-constructs: interrupted; 2 of 2 usages disabled; {NAME} was not deleted, but leases"
        " of deleted stacks were released. Run the same command again to continue. The previous"
        f" settings are in {FILE}\n"
    )


def test_an_interruption_that_comes_too_late_says_that_the_role_is_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And how to restore it."""
    play = Play(world, MEDIATAILOR, monkeypatch)
    play.fill()
    world.account(ACCOUNT).roles[NAME].tags = {}

    def on_call(call: Call) -> None:
        if call.operation == "GetServiceLinkedRoleDeletionStatus":
            del world.account(ACCOUNT).roles[NAME]
            os.kill(os.getpid(), signal.SIGHUP)

    world.on_call = on_call
    result = run_command("release", "mediatailor", "--yes", "--state", FILE)
    assert result.exit_code == 130
    assert result.stderr == (
        f"slr-constructs: interrupted; 2 of 2 usages disabled; {NAME} does not exist any more. To"
        f" restore the previous settings: slr-constructs restore {FILE}\n"
    )


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        # each pauses for the five seconds that the command pauses before it asks IAM
        pytest.param(signal.SIGHUP, marks=pytest.mark.exhaustive),
        pytest.param(signal.SIGINT, marks=pytest.mark.exhaustive),
    ],
)
def test_a_signal_while_iam_deletes_the_role_keeps_the_lease(
    world: World, tmp_path: Path, number: signal.Signals
) -> None:
    """In a process of its own. The message says what was asked."""
    rehearsed = Rehearsal(world, MEDIATAILOR, tmp_path / FILE)
    rehearsed.fill(0)
    world.account(ACCOUNT).in_use_polls = 100
    asked = threading.Event()
    world.on_call = lambda call: (
        asked.set() if call.operation == "GetServiceLinkedRoleDeletionStatus" else None
    )
    with serve(world) as url:
        command = call(url, ["release", "mediatailor", *RELEASE])
        assert asked.wait(60)
        command.send_signal(number)
        output, errors = command.communicate(timeout=60)
    assert command.returncode == 130
    assert b"the lease of Live was restored\n" in output
    assert errors.decode() == (
        f"slr-constructs: interrupted; IAM was asked to delete {NAME} and may still delete it. Run"
        f" the same command again to continue. The previous settings are in {FILE}\n"
    )
    assert rehearsed.role is not None
    locks = [tag for tag in rehearsed.role.tags if tag.startswith(DELETION_LOCK_TAG)]
    assert locks == [State.read(Path(FILE)).deletion_lock]
    # the audit shows it
    result = run_command("audit", "mediatailor", "--region", "us-east-1")
    assert re.search(
        r"\n  locked +since \S+Z: a stack or slr-constructs release is deleting the role, or was"
        r" interrupted\n",
        result.stdout,
    )


def test_a_signal_before_iam_is_asked_says_that_the_role_is_not_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease of a deleted stack was released, so something has changed."""
    play = Play(world, MEDIATAILOR, monkeypatch)
    play.rehearsed.fill(0)
    at_first(world, "TagRole", lambda _: os.kill(os.getpid(), signal.SIGTERM))
    result = play.run("release")
    assert result.exit_code == 130
    assert play.lease
    assert result.stderr == (
        f"slr-constructs: interrupted; {NAME} was not deleted, but leases of deleted stacks were"
        f" released. Run the same command again to continue. The previous settings are in {FILE}\n"
    )


def test_a_signal_ends_the_pauses_of_a_throttled_deletion(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without this, the command retries for two minutes before it ends."""
    play = Play(world, MEDIATAILOR, monkeypatch)
    play.rehearsed.fill(0)
    throttled: list[Call] = []

    def on_call(call: Call) -> None:
        if call.operation == "GetServiceLinkedRoleDeletionStatus":
            throttled.append(call)
            os.kill(os.getpid(), signal.SIGTERM)
            raise Refused("Throttling", "Rate exceeded", 400)

    world.on_call = on_call
    result = play.run("release")
    assert result.exit_code == 130
    # botocore retries once by itself
    assert len(throttled) == 2
    assert play.lease


def test_an_ignored_signal_stays_ignored(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`nohup` ignores SIGHUP."""
    play = Play(world, MEDIATAILOR, monkeypatch)
    play.fill()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        _, result = play.run_with("release", _signal(signal.SIGHUP), 5)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert result.exit_code == 0


def test_a_token_that_expires_while_iam_deletes_is_reported_as_such(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IAM has accepted the deletion, so the role may be deleted."""
    play = Play(world, MEDIATAILOR, monkeypatch)
    play.fill()

    def expire(_: Call) -> None:
        world.on_call = refuse

    def refuse(_: Call) -> None:
        raise Refused("ExpiredToken", "The token is expired", 403)

    at_first(world, "DeleteServiceLinkedRole", expire)
    result = play.run("release")
    world.on_call = lambda _: None
    assert result.exit_code == 1
    assert (
        f"role     IAM was asked to delete {NAME} and may still delete it: the credentials have"
        " expired (ExpiredToken: The token is expired). Sign in again\n"
    ) in result.stdout
    assert play.lease is False
    # a second release that does not delete the role puts the lease back, too
    world.account(ACCOUNT).denied.add("iam:DeleteServiceLinkedRole")
    assert play.run("release").exit_code == 1
    assert play.lease


def test_expired_credentials_stop_a_release_and_a_restore(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to do. No further change is started, and the same command continues it."""
    play = Play(world, MEDIATAILOR, monkeypatch)
    before = play.fill()

    def expire(call: Call) -> None:
        if call.operation.startswith("Configure"):
            raise Refused("ExpiredToken", "The token is expired", 403)

    for command in ("release", "restore"):
        world.on_call = expire
        result = play.run(command)
        world.on_call = lambda _: None
        assert result.exit_code == 1
        assert (
            "slr-constructs: the credentials have expired (ExpiredToken: The token is expired)."
            " Sign in again, and run the command again\n"
        ) in result.stderr
        assert play.run(command).exit_code == 0
    assert play.rehearsed.picture() == before


# output


def test_a_closed_stdout_interrupts_a_release(world: World, tmp_path: Path) -> None:
    """In a process of its own, as with `| head` or a dead `tee`."""
    rehearsed = Rehearsal(world, MEDIATAILOR, tmp_path / FILE)
    rehearsed.fill(0)
    reader, writer = os.pipe()
    world.on_call = lambda call: os.close(reader) if call.operation == "UntagRole" else None
    at_first(world, "UntagRole", lambda _: os.close(reader))
    with serve(world) as url:
        command = call(url, ["release", "mediatailor", *RELEASE], stdout=writer)
        os.close(writer)
        _, errors = command.communicate(timeout=60)
    assert command.returncode == 130
    lines = errors.decode().splitlines()
    assert lines[0] == "slr-constructs: standard output cannot be written: Broken pipe"
    assert re.fullmatch(
        r"slr-constructs: interrupted; .*\. Run the same command again .*", lines[1]
    )
    assert len(lines) == 2
    assert rehearsed.role is not None
    assert any(tag.startswith(LEASE_TAG) for tag in rehearsed.role.tags)


def test_discarded_output_goes_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python can flush it when it exits."""
    with Path("output").open("w", encoding="utf-8") as file:
        monkeypatch.setattr("sys.stdout", file)
        discard_stdout()
        file.write("text")
    assert Path("output").read_text(encoding="utf-8") == ""


# the state file


def test_a_second_command_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which process uses the file. A plan needs no lock."""
    play = Play(world, MEDIATAILOR, monkeypatch)
    play.fill()
    others: list[Result] = []

    def second(_: Call) -> None:
        others.append(run_command("restore", FILE, "--yes"))
        others.append(run_command("release", "mediatailor", *RELEASE))
        others.append(run_command("restore", FILE, "--dry-run"))

    at_first(world, "DeleteServiceLinkedRole", second)
    assert play.run("release").exit_code == 0
    assert [each.exit_code for each in others] == [2, 2, 0]
    for each in others[:2]:
        assert re.fullmatch(
            rf"slr-constructs: {FILE} is in use by process {os.getpid()} on \S+ since \S+\. Wait"
            r" until it ends\n",
            each.stderr,
        )
    assert not Path(f"{FILE}.lock").exists()


def test_damaged_lines_are_reported_and_the_rest_is_restored(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With their numbers. The exit status says that something may be missing."""
    play = Play(world, MEDIATAILOR, monkeypatch)
    before = play.fill()
    assert play.run("release").exit_code == 0
    content = Path(FILE).read_text(encoding="utf-8").splitlines()
    content[1:1] = ["", '{"disabled": "cut']
    Path(FILE).write_text("\n".join(content), encoding="utf-8")
    warnings = (
        f"slr-constructs: {FILE}: line 2 was skipped, because it is empty\n"
        f"slr-constructs: {FILE}: line 3 was skipped, because it is not a complete JSON object\n"
    )
    for option in ("--check", "--dry-run", "--yes", "--yes"):
        result = run_command("restore", FILE, option)
        assert (result.exit_code, result.stderr) == (1, warnings), option
    assert play.rehearsed.picture() == before
    result = run_command("release", "mediatailor", *RELEASE)
    assert (result.exit_code, result.stderr) == (0, warnings)


def test_a_file_is_checked_without_credentials(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan is shown, and nothing is called."""
    play = Play(world, MEDIATAILOR, monkeypatch)
    play.fill()
    assert play.run("release").exit_code == 0
    content = Path(FILE).read_bytes()
    world.calls.clear()
    result = run_command("restore", FILE, "--check")
    assert result.exit_code == 0
    assert result.stdout == run_command("restore", FILE, "--dry-run").stdout
    assert not world.calls
    assert Path(FILE).read_bytes() == content
    assert run_command("restore", "missing", "--check").exit_code == 2


def test_a_setting_that_could_not_be_restored_is_not_disabled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer boto3 may return settings that this version does not know."""
    play = Play(world, MEDIATAILOR, monkeypatch)
    play.fill()
    kind = type(KINDS["MediaTailor channel"])
    monkeypatch.setattr(kind, "restorable", ())
    result = play.run("release")
    assert result.exit_code == 1
    assert (
        "it was not changed, because it could not be restored: 'LogTypes' is not a setting of"
        " MediaTailor channels\n"
    ) in result.stdout
    assert "ConfigureLogsForChannel" not in {each.operation for each in world.calls}
