"""`slr-constructs release`: plan, confirmation, changes, errors and interruptions."""

from __future__ import annotations

import os
import re
import signal
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slr_constructs import catalogue
from slr_constructs.account.release import Release
from slr_constructs.account.state import State
from slr_constructs.cli.role_argument import ROLES
from slr_constructs.handler.slr_handler.operations.service_linked_role import LEASE_TAG
from tests.account import specimens
from tests.account.rehearsal import (
    LIVE,
    add_role,
    add_usages,
    at_first,
    changing,
    few_regions,
    finish_threads,
    let_time_pass,
    picture,
)
from tests.cli.commands import STAMP, run_command
from tests.cli.terminals import Terminal, call, call_here, text
from tests.fake_services import features
from tests.fake_services.connected import ACCOUNT
from tests.fake_services.server import serve
from tests.fake_services.wire import Refused

if TYPE_CHECKING:
    from slr_constructs.catalogue import RoleDefinition
    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.wire import Call
    from tests.fake_services.world import World

MEDIATAILOR, IVS = catalogue.MEDIATAILOR, catalogue.IVS_RECORD_TO_S3
NAME = MEDIATAILOR.role_name
FILE = f"release-{NAME}-{ACCOUNT}.jsonl"
AGAIN = "Run the same command again to continue. The previous settings are in"
every_role = pytest.mark.parametrize(
    "definition", [pytest.param(each, id=each.role_name) for each in catalogue.ALL]
)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let time pass without waiting, and use only two regions."""
    few_regions(monkeypatch)
    return let_time_pass(monkeypatch)


@pytest.fixture
def used(world: World, account: FakeAccount, waits: list[float]) -> World:
    """Give an account with leases on the MediaTailor role, and usages of it in two regions."""
    assert waits == []
    assert account.id == ACCOUNT
    add_role(world, MEDIATAILOR)
    add_usages(world, MEDIATAILOR)
    return world


run = partial(run_command, "release")


# output
WHOLE = f"""\
Release of {NAME} in account {ACCOUNT}

Disables 4 usages in this order:

  region        kind                    name     configuration    stack
  eu-central-1  playback configuration  thing-0  7 % of sessions  -
  us-east-1     playback configuration  thing-0  7 % of sessions  Ads
  eu-central-1  MediaTailor channel     thing-0  logs AS_RUN      -
  us-east-1     MediaTailor channel     thing-0  logs AS_RUN      -

Consequences:

  playback configuration: its sessions are not logged
  MediaTailor channel: it does not write an as-run log
  the templates of Ads are not changed, so an update of these stacks may enable the features again

Then:

  releases the lease of Live in us-east-1, because you named this stack
  releases the lease of Old in us-east-1, because the stack was deleted
  deletes the role for the whole account; this may take up to 15 minutes

Before each change, the previous settings are written to {FILE}

"""
DONE = [
    "done     eu-central-1 playback configuration thing-0: session logging of thing-0 is disabled",
    "done     us-east-1 playback configuration thing-0: session logging of thing-0 is disabled",
    (
        "done     eu-central-1 MediaTailor channel thing-0: the as-run log of channel thing-0 is"
        " disabled"
    ),
    (
        "done     us-east-1 MediaTailor channel thing-0: the as-run log of channel thing-0 is"
        " disabled"
    ),
]
END = f"""\
role     the lease of Live was released although the stack exists
role     the lease of Old was released
role     IAM is being asked to delete {NAME}, which can take several minutes
role     {NAME} is deleted

4 usages disabled.
To restore the previous settings: slr-constructs restore {FILE}
"""


def _own_one(world: World) -> None:
    """Add a stack that owns one of the playback configurations."""
    resource = ("Ads", "AWS::MediaTailor::PlaybackConfiguration", "thing-0")
    world.account(ACCOUNT).add_stack("Ads", "us-east-1", resources=[resource])


def _split(output: str) -> tuple[str, list[str], str]:
    """Return the plan, the changes in the order of the plan, and the end."""
    lines = output.splitlines(keepends=True)
    done = [number for number, line in enumerate(lines) if line.startswith("done ")]
    events = sorted((lines[number].rstrip("\n") for number in done), key=DONE.index)
    return "".join(lines[: done[0]]), events, "".join(lines[done[-1] + 1 :])


def test_the_plan_the_changes_and_the_summary_are_printed(used: World) -> None:
    """The complete output without a terminal."""
    _own_one(used)
    result = run("mediatailor", "--yes", "--despite-stack", LIVE)
    assert result.exit_code == 0
    assert _split(result.output) == (WHOLE, DONE, END)
    assert result.stderr == ""
    assert len(State.read(Path(FILE)).disabled) == 4


def test_a_terminal_asks_for_the_name_and_wraps_lines(used: World, account: FakeAccount) -> None:
    """Long lines are wrapped and complete."""
    _own_one(used)
    question = f"Type {NAME} to continue: "
    with Terminal() as terminal:
        terminal.answer(question, f"{NAME}\n")
        status = call_here(terminal, ["release", "mediatailor", "--despite-stack", LIVE])
        written = terminal.close()
    assert status == 0
    assert NAME not in account.roles
    assert "\x1b[1mrole" in written
    lines = text(written).splitlines()
    assert max(len(line) for line in lines if STAMP.match(line.encode())) <= 80
    lines = [STAMP.sub(b"", line.encode()).decode() for line in lines]
    shown = [line for line in lines if line != f"{question}{NAME}"]
    assert len(shown) == len(lines) - 1
    assert max(len(line) for line in shown if line.startswith(("done", "role", " " * 9))) <= 80
    # all letters are shown, as without a terminal
    plain = "".join([WHOLE, *DONE, END])
    assert sorted("".join("".join(shown).split())) == sorted("".join(plain.split()))


def test_a_terminal_has_the_same_table(monkeypatch: pytest.MonkeyPatch, used: World) -> None:
    """The terminal has colors, and long lines are wrapped between words."""
    _own_one(used)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    result = run("mediatailor", "--dry-run", "--despite-stack", LIVE)
    assert "\x1b[2m" in result.stdout
    shown = text(result.stdout)
    assert shown.split() == WHOLE.split()
    assert all(line in shown.splitlines() for line in WHOLE.splitlines() if len(line) <= 80)


def test_blockers_are_listed_with_the_options_that_ignore_them(
    world: World, account: FakeAccount, waits: list[float]
) -> None:
    """Nothing is changed. A dry run has the same plan, and exit status 1."""
    add_role(world, IVS)
    add_usages(world, IVS)
    account.denied.add("ivs:ListChannels@eu-central-1")
    before = picture(world, IVS)
    for dry in ((), ("--dry-run",)):
        result = run("ivs", "--yes", *dry)
        assert result.exit_code == (1 if dry else 2)
        assert result.stdout.endswith(
            """\
Blocked, because:

  stack Live in us-east-1 exists and has a lease on the role. Delete the stack, or add \
--despite-stack Live
  2 IVS recording configurations can only be deleted. Add --delete-recording-configurations
  not everything could be read, so there may be more usages. Fix the reported errors, or add \
--despite-unreadable

"""
        )
        refusal = (
            f"slr-constructs: {IVS.role_name} was not changed. The plan lists what blocks the"
            " release\n"
        )
        assert result.stderr.endswith("ListChannels action\n" if dry else refusal)
        assert "slr-constructs: IVS channels: not read in eu-central-1: AccessDenied" in (
            result.stderr
        )
    assert changing(world) == []
    assert picture(world, IVS) == before
    assert not Path(f"release-{IVS.role_name}-{ACCOUNT}.jsonl").exists()
    assert waits == []
    flags = ("--delete-recording-configurations", "--despite-stack", LIVE, "--despite-unreadable")
    for missing in ((0,), (1, 2), (3,)):
        given = [flag for number, flag in enumerate(flags) if number not in missing]
        assert run("ivs", "--yes", *given).exit_code == 2
    assert changing(world) == []


def test_a_stack_whose_state_is_unknown_may_exist(used: World, account: FakeAccount) -> None:
    """The stack cannot be read. A lease without a stack id has no region."""
    account.denied.add("cloudformation:DescribeStacks")
    account.roles[NAME].tags[f"{LEASE_TAG}cc"] = "unknown"
    result = run("mediatailor", "--dry-run")
    assert result.exit_code == 1
    for stack in ("Old in us-east-1", "Live in us-east-1", "unknown"):
        name = stack.split(" ")[0]
        assert (
            f"  stack {stack} may exist and has a lease on the role. Delete the stack,"
            f" or add --despite-stack {name}\n"
        ) in result.stdout
    assert used.calls


def test_control_characters_are_replaced(world: World, waits: list[float]) -> None:
    """In names of resources and files, and in error texts of AWS."""
    assert waits == []
    world.account(ACCOUNT).add_role(catalogue.CHIME_VOICE_CONNECTOR)
    specimens.VOICE_CONNECTOR.add(world, 1, Name="\x1b[2Jcalls")

    def refuse(_: Call) -> None:
        raise Refused("ForbiddenException", "no \x1b[31mred", 403)

    at_first(world, "DeleteVoiceConnectorStreamingConfiguration", refuse)
    result = run("chime-voice", "--yes", "--state", "a\x1b[0mb")
    assert result.exit_code == 1
    assert "\x1b" not in result.output
    assert "  \N{REPLACEMENT CHARACTER}[2Jcalls (" in result.output
    assert "ForbiddenException: no \N{REPLACEMENT CHARACTER}[31mred\n" in result.output
    assert f"{AGAIN} a\N{REPLACEMENT CHARACTER}[0mb\n" in result.output


def test_a_role_that_does_not_exist_needs_no_release(
    world: World, account: FakeAccount, waits: list[float]
) -> None:
    """No file is written. The exit status is 1 if not everything could be read."""
    assert waits == []
    sentence = f"{NAME} does not exist, and nothing must be disabled.\n"
    result = run("mediatailor", "--yes", "--despite-stack", "Any")
    assert (result.exit_code, result.output) == (0, sentence)
    account.denied.add("mediatailor:ListChannels")
    result = run("mediatailor", "--yes")
    assert (result.exit_code, result.stdout) == (1, sentence)
    assert "MediaTailor channels: not read in eu-central-1 and us-east-1: Acc" in result.stderr
    assert run("mediatailor", "--yes", "--despite-unreadable").exit_code == 0
    assert os.listdir() == []  # noqa: PTH208 - only names
    assert world.calls


def test_a_role_that_cannot_be_read_may_exist(
    world: World, account: FakeAccount, waits: list[float]
) -> None:
    """With --despite-unreadable too."""
    assert waits == []
    add_role(world, MEDIATAILOR)
    account.denied.add("iam:GetRole")
    result = run("mediatailor", "--yes")
    assert result.exit_code == 2
    assert "so there may be more usages" in result.stdout
    result = run("mediatailor", "--yes", "--despite-unreadable")
    assert result.exit_code == 1
    assert "does not exist" not in result.stdout
    assert "  deletes the role for the whole account" in result.stdout
    assert f"slr-constructs: {NAME} cannot be read: AccessDenied: " in result.stderr
    assert NAME in account.roles


def test_usages_are_disabled_if_the_role_does_not_exist(used: World, account: FakeAccount) -> None:
    """Only the deletion of the role is skipped."""
    del account.roles[NAME]
    result = run("mediatailor", "--yes")
    assert result.exit_code == 0
    assert "Then:\n\n  nothing else, because the role does not exist\n" in result.output
    assert f"role     {NAME} does not exist any more\n" in result.output
    assert used.features.uses(ACCOUNT, NAME) == {}


@pytest.mark.parametrize(
    ("wait", "expected"), [(0, "1 minute"), (1, "1 minute"), (720, "720 minutes")]
)
def test_the_plan_has_the_maximum_wait_for_iam(used: World, wait: int, expected: str) -> None:
    """At least one minute."""
    result = run("mediatailor", "--dry-run", "--wait", wait, "--despite-stack", LIVE)
    assert f"this may take up to {expected}\n" in result.output
    assert used.calls


# confirmation


@every_role
def test_a_dry_run_changes_nothing(
    world: World, waits: list[float], definition: RoleDefinition
) -> None:
    """All calls are read-only."""
    world.account(ACCOUNT).add_role(catalogue.CHIME_MESSAGING)
    add_role(world, definition)
    add_usages(world, definition)
    before = picture(world, definition)
    (short,) = [name for name, role in ROLES.items() if role == definition]
    flags = ("--delete-recording-configurations", "--despite-stack", LIVE, "--yes")
    result = run(short, "--dry-run", *flags)
    assert result.exit_code == 0
    assert "Blocked, because" not in result.output
    assert changing(world) == []
    assert picture(world, definition) == before
    assert os.listdir() == []  # noqa: PTH208 - only names
    assert waits == []


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="end of input"),
        pytest.param("\n", id="nothing"),
        pytest.param("yes\n", id="yes"),
        pytest.param(f"{NAME.lower()}\n", id="case"),
        pytest.param(f"{NAME}x\n", id="too much"),
    ],
)
def test_nothing_is_changed_unless_the_name_is_typed(used: World, typed: str) -> None:
    """The word must match exactly."""
    before = picture(used, MEDIATAILOR)
    result = run("mediatailor", "--despite-stack", LIVE, typed=typed)
    assert result.exit_code == 2
    assert result.stderr == f"slr-constructs: {NAME} was not typed. Nothing was changed\n"
    assert f"Type {NAME} to continue: " in result.stdout
    assert changing(used) == []
    assert picture(used, MEDIATAILOR) == before
    assert os.listdir() == []  # noqa: PTH208 - only names


def test_the_command_continues_if_the_name_is_typed(used: World, account: FakeAccount) -> None:
    """Spaces around it are ignored."""
    assert run("mediatailor", "--despite-stack", LIVE, typed=f" {NAME} \n").exit_code == 0
    assert NAME not in account.roles
    assert used.features.uses(ACCOUNT, NAME) == {}


def test_fails_without_a_terminal_and_without_yes(used: World) -> None:
    """The error names the options that need no confirmation."""
    result = run("mediatailor", "--despite-stack", LIVE)
    assert result.exit_code == 2
    assert result.stderr == (
        "slr-constructs: cannot ask for confirmation without a terminal. Use --yes to release, or"
        " --dry-run to show the plan\n"
    )
    assert changing(used) == []


def test_despite_stack_takes_a_name_or_an_id(used: World, account: FakeAccount) -> None:
    """A stack without a lease is an error."""
    (stack,) = [each.id for each in account.stacks.values() if each.name == LIVE]
    for named in (LIVE, stack):
        assert run("mediatailor", "--dry-run", "--despite-stack", named).exit_code == 0
    for wrong in ("live", "Liv", "", "Other"):
        result = run("mediatailor", "--dry-run", "--despite-stack", wrong)
        assert (result.exit_code, result.output) == (
            2,
            (
                f"slr-constructs: --despite-stack must be a stack with a lease on {NAME}, got"
                f" {wrong!r}\n"
            ),
        )
    assert used.calls


def test_despite_stack_takes_a_stack_whose_lease_an_interrupted_release_dropped(
    used: World, account: FakeAccount
) -> None:
    """The state file has the lease, so the same command can continue."""
    real = Release._restore_leases
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Release, "_restore_leases", lambda *_: None)
        at_first(used, "DeleteServiceLinkedRole", _interrupt)
        assert run("mediatailor", "--yes", "--despite-stack", LIVE).exit_code == 130
    assert Release._restore_leases is real
    assert not [key for key in account.roles[NAME].tags if key.startswith(LEASE_TAG)]
    assert run("mediatailor", "--yes", "--despite-stack", LIVE).exit_code == 0
    assert NAME not in account.roles


def _interrupt(_: Call) -> None:
    raise KeyboardInterrupt


# invalid arguments


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param([], "Missing argument 'ROLE'.", id="no role"),
        pytest.param(["mediataylor"], "Did you mean mediatailor?", id="unknown role"),
        pytest.param(["chime"], "Did you mean chime-", id="several roles"),
        pytest.param(["ivs", "mediatailor"], "unexpected extra argument", id="two roles"),
        pytest.param(["ivs", "--wait", "x"], "'x' is not a valid integer range", id="no number"),
        pytest.param(["ivs", "--wait", "-1"], "-1 is not in the range 0<=x<=720", id="too short"),
        pytest.param(["ivs", "--wait", "721"], "is not in the range 0<=x<=720", id="too long"),
        pytest.param(["ivs", "--state", "."], "File '.' is a directory", id="folder"),
        pytest.param(["ivs", "--role-arn", "x"], "--role-arn must be the ARN of a role", id="ARN"),
        pytest.param(["ivs", "--profile", "no"], "profile (no) could not be found", id="profile"),
        pytest.param(["ivs", "--force"], "No such option '--force'", id="no option"),
        pytest.param(["ivs", "--despite-stack"], "requires an argument", id="no stack"),
    ],
)
def test_fails_if_an_argument_is_invalid(world: World, arguments: list[str], sentence: str) -> None:
    """The error is printed before any call."""
    result = run(*arguments)
    assert result.exit_code == 2
    shown = result.stderr.replace("\n", " ")
    # releases of click differ in the punctuation before the option
    assert sentence in shown.replace("option: --force", "option '--force'")
    assert result.stdout == ""
    assert changing(world) == []


def test_a_file_that_is_not_a_state_file_is_refused(used: World) -> None:
    """The file is not changed, and the command does not ask."""
    Path("mine").write_text("mine", encoding="utf-8")
    result = run("mediatailor", "--yes", "--despite-stack", LIVE, "--state", "mine")
    assert (result.exit_code, result.output) == (
        2,
        (
            "slr-constructs: mine is not a valid state file of slr-constructs release: line 1 does"
            " not name its account and role\n"
        ),
    )
    assert Path("mine").read_text(encoding="utf-8") == "mine"
    assert changing(used) == []


def test_a_file_that_cannot_be_written_is_refused_before_the_question(used: World) -> None:
    """A dry run writes no file."""
    arguments = ("mediatailor", "--despite-stack", LIVE, "--state", "no/such/folder")
    result = run(*arguments, typed=f"{NAME}\n")
    assert result.exit_code == 2
    assert result.stderr == "slr-constructs: no/such/folder cannot be written\n"
    assert "Type " not in result.stdout
    assert run(*arguments, "--dry-run").exit_code == 0
    assert changing(used) == []


# errors


def test_a_full_disk_stops_the_command_and_the_summary_is_printed(
    used: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit status is 1, because changes were already made."""
    real = State._write
    lines: list[object] = []

    def write(self: State, line: dict[str, object]) -> None:
        lines.append(line)
        if len(lines) > 2:
            raise OSError(28, "No space left on device")
        real(self, line)

    monkeypatch.setattr(State, "_write", write)
    result = run("mediatailor", "--yes", "--despite-stack", LIVE)
    finish_threads()
    assert result.exit_code == 1
    assert result.stderr == f"slr-constructs: {FILE} cannot be written: No space left on device\n"
    # the changes that were running have ended, and no other one was started
    assert "\n2 usages disabled, 2 unchanged.\n" in result.stdout
    assert result.stdout.endswith(f"{AGAIN} {FILE}\n")
    off = set(State.read(Path(FILE)).disabled)
    still = {arn for arns in used.features.uses(ACCOUNT, NAME).values() for arn in arns}
    assert len(off) == 2
    assert len(still | off) == 4
    monkeypatch.setattr(State, "_write", real)
    assert run("mediatailor", "--yes", "--despite-stack", LIVE).exit_code == 0


def test_denied_changes_are_reported_and_the_role_is_kept(
    used: World, account: FakeAccount
) -> None:
    """With the error text of AWS. The summary has the number of unchanged usages."""
    account.denied.add("mediatailor:ConfigureLogsForChannel")
    result = run("mediatailor", "--yes", "--despite-stack", LIVE)
    assert result.exit_code == 1
    assert (
        len(
            re.findall(
                r"^failed +\S+ MediaTailor channel thing-0: AccessDenied",
                (result.stdout),
                re.MULTILINE,
            )
        )
        == 2
    )
    assert result.stdout.endswith(f"\n2 usages disabled, 2 unchanged.\n{AGAIN} {FILE}\n")
    assert NAME in account.roles
    assert used.features.uses(ACCOUNT, NAME)


def test_busy_resources_are_retried_and_reported(
    world: World, account: FakeAccount, waits: list[float]
) -> None:
    """For the given number of minutes. Later usages are unchanged."""
    add_role(world, IVS)
    targets = add_usages(world, IVS)
    live = next(each for each in targets if each.kind is features.IVS_CHANNEL)
    world.features.live = {live.arn}
    flags = ("--delete-recording-configurations", "--despite-stack", LIVE, "--yes", "--wait", 1)
    result = run("ivs", *flags)
    assert result.exit_code == 1
    assert re.findall(r"^(?:busy|waiting) .*", result.stdout, re.MULTILINE)[:3] == [
        (
            f"busy     us-east-1 IVS channel live ({live.arn[-12:]}):"
            f" {live.arn} is live, and IVS does not change the"
            " recording of a live channel. Stop its stream and try again"
        ),
        "waiting  5 s: 1 resource is busy",
        (
            f"busy     us-east-1 IVS channel live ({live.arn[-12:]}):"
            f" {live.arn} is live, and IVS does not change the"
            " recording of a live channel. Stop its stream and try again"
        ),
    ]
    assert sum(waits) <= 60
    assert "\n1 usage disabled, 3 unchanged.\n" in result.stdout
    assert IVS.role_name in account.roles


def test_a_role_that_iam_does_not_delete_is_reported(used: World, account: FakeAccount) -> None:
    """With IAM's reason for each attempt."""
    used.features.add_use(ACCOUNT, NAME, "eu-west-1", "arn:other")
    result = run("mediatailor", "--yes", "--despite-stack", LIVE, "--wait", 2)
    assert result.exit_code == 1
    reason = "it is in use in eu-west-1: arn:other"
    assert f"\nrole     {NAME} still exists: {reason}\n" in result.stdout
    assert result.stdout.endswith(
        f"role     {NAME} was not deleted: {reason}\n"
        "role     the lease of Live was restored\n"
        f"\n4 usages disabled.\n{AGAIN} {FILE}\n"
    )
    assert NAME in account.roles


# interruption


def test_an_interruption_while_it_reads_changes_nothing(used: World) -> None:
    """The message says so."""
    at_first(used, "ListChannels", _interrupt)
    result = run("mediatailor", "--yes")
    assert result.exit_code == 130
    assert re.fullmatch(
        r"slr-constructs: interrupted; \d of 4 lists were read; nothing was changed\n",
        result.output,
    )
    assert changing(used) == []


def test_an_interruption_at_the_question_changes_nothing(
    used: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if another word was typed."""

    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("slr_constructs.cli.prompts.typed", interrupted)
    result = run("mediatailor", "--despite-stack", LIVE, typed="")
    assert result.exit_code == 130
    assert result.stderr.endswith("4 of 4 lists were read; nothing was changed\n")
    assert changing(used) == []


def test_an_interruption_reports_what_was_disabled(
    world: World, account: FakeAccount, tmp_path: Path
) -> None:
    """The command does not wait for calls. The file has all previous settings."""
    world.account(ACCOUNT).add_role(MEDIATAILOR)
    for number in range(3):
        specimens.LINEAR_CHANNEL.add(world, number)
    # the two calls that hang, and the test
    hanging, released = threading.Barrier(3), threading.Event()

    def hang(call: Call) -> None:
        if call.operation == "ConfigureLogsForChannel":
            if call.parameters["ChannelName"] == "thing-0":
                return
            hanging.wait(60)
            released.wait(60)
            raise Refused("BadRequestException", "too late", 400)

    world.on_call = hang
    path = tmp_path / "state.jsonl"
    with serve(world) as url:
        command = call(url, ["release", "mediatailor", "--yes", "--state", str(path)])
        assert command.stdout is not None
        hanging.wait(60)
        for line in command.stdout:
            if STAMP.sub(b"", line).startswith(b"done "):
                assert STAMP.match(line)
                break
        command.send_signal(signal.SIGINT)
        output, errors = command.communicate(timeout=60)
        released.set()
    assert command.returncode == 130
    assert output == b""
    assert errors.decode() == (
        "slr-constructs: interrupted; 1 of 3 usages disabled; the result of 2 more is unknown."
        f" {AGAIN} {path}\n"
    )
    assert len(State.read(path).disabled) == 3
    assert NAME in account.roles


def test_a_release_of_the_older_role_keeps_usages_of_the_current_one(
    world: World, account: FakeAccount
) -> None:
    """The plan says that they are not changed."""
    account.add_role(catalogue.CHIME_MESSAGING)
    add_role(world, catalogue.CHIME_MESSAGING_LEGACY)
    add_usages(world, catalogue.CHIME_MESSAGING_LEGACY)

    result = run("chime-messaging-legacy", "--dry-run", "--despite-stack", LIVE)

    assert "Disables" not in result.stdout
    assert (
        "Usages of AWSServiceRoleForChimeSDKMessaging are not changed, because that role exists"
        " too.\n"
    ) in result.stdout
