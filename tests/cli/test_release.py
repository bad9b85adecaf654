"""`slr-constructs release`: what it shows and asks, what it does, and how it stops."""

from __future__ import annotations

import os
import re
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from slr_constructs import catalogue
from slr_constructs.account.release import Release
from slr_constructs.account.state import State
from slr_constructs.cli.command_line import slr_constructs
from slr_constructs.cli.roles import ROLES
from slr_constructs.handler.slr_handler.operations.service_linked_role import LEASE_TAG
from tests.account import specimens
from tests.account.rehearsal import (
    LIVE,
    REGIONS,
    add_role,
    add_users,
    at_first,
    changes_something,
    changing,
    few_regions,
    finish_threads,
    let_time_pass,
    picture,
)
from tests.cli.terminals import Terminal, call, call_here, text
from tests.fake_services import features
from tests.fake_services.connected import ACCOUNT
from tests.fake_services.server import serve
from tests.fake_services.wire import Refused

if TYPE_CHECKING:
    from click.testing import Result

    from slr_constructs.catalogue import RoleDefinition
    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.wire import Call
    from tests.fake_services.world import World

MEDIATAILOR, IVS = catalogue.MEDIATAILOR, catalogue.IVS_RECORD_TO_S3
NAME = MEDIATAILOR.role_name
FILE = f"release-{NAME}-{ACCOUNT}.jsonl"
AGAIN = "The same command goes on; what was on is in"
every_role = pytest.mark.parametrize(
    "definition", [pytest.param(each, id=each.role_name) for each in catalogue.ALL]
)
#: those of the services that change nothing; whatever else there is, changes something.
READING = {
    "GetCallerIdentity",
    "ListRegions",
    "GetRole",
    "ListAttachedRolePolicies",
    "ListRolePolicies",
    "DescribeStacks",
    "DescribeStackResources",
    "ListVoiceConnectors",
    "GetVoiceConnectorStreamingConfiguration",
    "ListAppInstances",
    "GetMessagingStreamingConfigurations",
    "ListChannels",
    "ListRecordingConfigurations",
    "ListPlaybackConfigurations",
    "ListPackagingGroups",
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let time pass where somebody waits, and have two regions."""
    few_regions(monkeypatch)
    return let_time_pass(monkeypatch)


@pytest.fixture
def used(world: World, account: FakeAccount, waits: list[float]) -> World:
    """Give an account whose MediaTailor role is held by a stack, and used in two regions."""
    assert waits == []
    assert account.id == ACCOUNT
    add_role(world, MEDIATAILOR)
    add_users(world, MEDIATAILOR)
    return world


def run(*arguments: object, typed: str | None = None) -> Result:
    """Call the command; somebody is there if something is typed."""
    with pytest.MonkeyPatch.context() as patch:
        if typed is not None:
            patch.setattr("slr_constructs.cli.account_options.can_ask", lambda: True)
        return CliRunner().invoke(
            slr_constructs,
            ["release", *map(str, arguments)],
            input=typed,
            prog_name="slr-constructs",
        )


HELP = """\
Usage: slr-constructs release [OPTIONS] ROLE

  Switch off all that uses a role, in every region, and delete the role.

  Shows the plan first: what is switched off and where, what that means, and
  what stands against it. Then it asks, and does it in the order of AWS's
  documents. What is busy, such as a live channel, is tried again. IAM has the
  last word: it does not delete a role that is in use.

  The role stays while an existing stack holds it, unless --despite-stack names
  the stack. Better delete the stack: it lets go of the role by itself.

  Before each change the state file says what was on, and with which settings;
  `slr-constructs restore FILE` puts it back. Interrupted at any point, the same
  command goes on.

  Exit status: 0 the role is gone, 1 it is not, 2 nothing was done, 130 it was
  interrupted.

    slr-constructs release mediatailor --dry-run
    slr-constructs release ivs --delete-recording-configurations

Options:
  --dry-run                       Show the plan, and change nothing.
  --yes                           Do not ask.
  --delete-recording-configurations
                                  Delete IVS recording configurations: they
                                  cannot be switched off.
  --despite-stack NAME            A stack, by name or id, that may lose the role
                                  although it is there. Repeat it for more.
  --despite-unread                Go on although not everything could be read.
  --state FILE                    Where to write what was on.  [default:
                                  release-ROLE-ACCOUNT.jsonl]
  --wait MINUTES                  For how long to wait for what is busy, and for
                                  IAM.  [default: 15; 0<=x<=720]
  --profile NAME                  A profile of the AWS configuration.  [default:
                                  as the AWS command line]
  --role-arn ARN                  Assume this role first.
  -h, --help                      Show this message and exit.
"""

# what is shown
WHOLE = f"""\
Release of {NAME} in account {ACCOUNT}

Switched off, 4 things, in this order:

  region        kind                    name     on               stack
  eu-central-1  playback configuration  thing-0  7 % of sessions  -
  us-east-1     playback configuration  thing-0  7 % of sessions  Ads
  eu-central-1  MediaTailor channel     thing-0  logs AS_RUN      -
  us-east-1     MediaTailor channel     thing-0  logs AS_RUN      -

What that means, for each:

  playback configuration: its sessions are not logged
  MediaTailor channel: it writes no as-run log
  the templates of Ads still say that it is on, and an update may switch it on again

Then:

  the lease of Live in us-east-1 is dropped: although the stack is there
  the lease of Old in us-east-1 is dropped: the stack is gone
  the role is deleted, for all of the account; IAM is waited for, 15 minutes at most

Before each change, what was on is written to {FILE}

"""
DONE = [
    (
        "done     eu-central-1 playback configuration thing-0: the sessions of thing-0 are not"
        " logged any more"
    ),
    (
        "done     us-east-1 playback configuration thing-0: the sessions of thing-0 are not logged"
        " any more"
    ),
    (
        "done     eu-central-1 MediaTailor channel thing-0: channel thing-0 writes no as-run log"
        " any more"
    ),
    "done     us-east-1 MediaTailor channel thing-0: channel thing-0 writes no as-run log any more",
]
END = f"""\
role     the lease of Live is dropped
role     the lease of Old is dropped
role     IAM is asked to delete {NAME}, which may take minutes
role     {NAME} is deleted

4 things switched off.
To put it all back: slr-constructs restore {FILE}
"""


def _own_one(world: World) -> None:
    """Let a stack own one of the playback configurations."""
    resource = ("Ads", "AWS::MediaTailor::PlaybackConfiguration", "thing-0")
    world.account(ACCOUNT).add_stack("Ads", "us-east-1", resources=[resource])


def _split(output: str) -> tuple[str, list[str], str]:
    """Return the plan, what went off, in the order of the plan, and the end."""
    lines = output.splitlines(keepends=True)
    made = [number for number, line in enumerate(lines) if line.startswith("done ")]
    events = sorted((lines[number].rstrip("\n") for number in made), key=DONE.index)
    return "".join(lines[: made[0]]), events, "".join(lines[made[-1] + 1 :])


def test_the_plan_what_happens_and_the_end_are_shown(used: World) -> None:
    """To the letter, for whoever reads it through a pipe."""
    _own_one(used)
    result = run("mediatailor", "--yes", "--despite-stack", LIVE)
    assert result.exit_code == 0
    assert _split(result.output) == (WHOLE, DONE, END)
    assert result.stderr == ""
    assert len(State.read(Path(FILE)).off) == 4


def test_a_terminal_of_80_columns_is_asked_for_the_name(used: World, account: FakeAccount) -> None:
    """What is long is folded, and nothing of it is lost."""
    _own_one(used)
    question = f"Type {NAME} to go on: "
    with Terminal() as terminal:
        terminal.answer(question, f"{NAME}\n")
        status = call_here(terminal, ["release", "mediatailor", "--despite-stack", LIVE])
        written = terminal.close()
    assert status == 0
    assert NAME not in account.roles
    assert "\x1b[1mrole" in written
    lines = text(written).splitlines()
    shown = [line for line in lines if line != f"{question}{NAME}"]
    assert len(shown) == len(lines) - 1
    assert max(len(line) for line in shown if line.startswith(("done", "role", " " * 9))) <= 80
    # as much of all letters as off the terminal
    plain = "".join([WHOLE, *DONE, END])
    assert sorted("".join("".join(shown).split())) == sorted("".join(plain.split()))


def test_a_terminal_has_the_same_columns(monkeypatch: pytest.MonkeyPatch, used: World) -> None:
    """With colours; what is longer than a line is folded between words."""
    _own_one(used)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    result = run("mediatailor", "--dry-run", "--despite-stack", LIVE)
    assert "\x1b[2m" in result.stdout
    shown = text(result.stdout)
    assert shown.split() == WHOLE.split()
    assert all(line in shown.splitlines() for line in WHOLE.splitlines() if len(line) <= 80)


def test_what_stands_against_it_is_shown_with_what_to_say(
    world: World, account: FakeAccount, waits: list[float]
) -> None:
    """And the role is not touched; a dry run has the same plan, and says so by its status."""
    add_role(world, IVS)
    add_users(world, IVS)
    account.denied.add("ivs:ListChannels@eu-central-1")
    before = picture(world, IVS)
    for dry in ((), ("--dry-run",)):
        result = run("ivs", "--yes", *dry)
        assert result.exit_code == (1 if dry else 2)
        assert result.stdout.endswith(
            """\
What stands against it:

  stack Live in us-east-1 is there and holds the role: delete it, or say --despite-stack Live
  2 IVS recording configurations can only be deleted: say --delete-recording-configurations
  not everything could be read, so more may use the role: say --despite-unread

"""
        )
        refusal = f"slr-constructs: {IVS.role_name} was not touched: see what stands against it\n"
        assert result.stderr.endswith("ListChannels action\n" if dry else refusal)
        assert "slr-constructs: eu-central-1: IVS channels were not read: AccessDenied" in (
            result.stderr
        )
    assert changing(world) == []
    assert picture(world, IVS) == before
    assert not Path(f"release-{IVS.role_name}-{ACCOUNT}.jsonl").exists()
    assert waits == []
    flags = ("--delete-recording-configurations", "--despite-stack", LIVE, "--despite-unread")
    for missing in ((0,), (1, 2), (3,)):
        given = [flag for number, flag in enumerate(flags) if number not in missing]
        assert run("ivs", "--yes", *given).exit_code == 2
    assert changing(world) == []


def test_a_stack_that_may_be_there_is_said_to_be_so(used: World, account: FakeAccount) -> None:
    """Nobody could look it up; what is no id of a stack has no region."""
    account.denied.add("cloudformation:DescribeStacks")
    account.roles[NAME].tags[f"{LEASE_TAG}cc"] = "somebody"
    result = run("mediatailor", "--dry-run")
    assert result.exit_code == 1
    for stack in ("Old in us-east-1", "Live in us-east-1", "somebody"):
        name = stack.split(" ")[0]
        assert (
            f"  stack {stack} may be there and holds the role: delete it,"
            f" or say --despite-stack {name}\n"
        ) in result.stdout
    assert used.calls


def test_escapes_of_a_terminal_are_made_visible(world: World, waits: list[float]) -> None:
    """In names of things, of files, and in what AWS says."""
    assert waits == []
    world.account(ACCOUNT).add_role(catalogue.CHIME_VOICE_CONNECTOR)
    specimens.VOICE_CONNECTOR.add(world, 1, Name="\x1b[2Jcalls")

    def refuse(_: Call) -> None:
        raise Refused("ForbiddenException", "no \x1b[31mred", 403)

    at_first(world, "DeleteVoiceConnectorStreamingConfiguration", refuse)
    result = run("chime-voice", "--yes", "--state", "a\x1b[0mb")
    assert result.exit_code == 1
    assert "\x1b" not in result.output
    assert "  \N{REPLACEMENT CHARACTER}[2Jcalls  " in result.output
    assert "ForbiddenException: no \N{REPLACEMENT CHARACTER}[31mred\n" in result.output
    assert f"{AGAIN} a\N{REPLACEMENT CHARACTER}[0mb\n" in result.output


def test_nothing_to_do_is_said(world: World, account: FakeAccount, waits: list[float]) -> None:
    """And no file is written; what could not be read makes it uncertain."""
    assert waits == []
    sentence = f"{NAME} is not there, and nothing known uses it.\n"
    result = run("mediatailor", "--yes", "--despite-stack", "whoever")
    assert (result.exit_code, result.output) == (0, sentence)
    account.denied.add("mediatailor:ListChannels")
    result = run("mediatailor", "--yes")
    assert (result.exit_code, result.stdout) == (1, sentence)
    assert result.stderr.count("were not read") == 2
    assert run("mediatailor", "--yes", "--despite-unread").exit_code == 0
    assert os.listdir() == []  # noqa: PTH208 - all there is
    assert world.calls


def test_a_role_that_could_not_be_read_is_not_said_to_be_gone(
    world: World, account: FakeAccount, waits: list[float]
) -> None:
    """Not even if somebody says to go on."""
    assert waits == []
    add_role(world, MEDIATAILOR)
    account.denied.add("iam:GetRole")
    result = run("mediatailor", "--yes")
    assert result.exit_code == 2
    assert "so more may use the role" in result.stdout
    result = run("mediatailor", "--yes", "--despite-unread")
    assert result.exit_code == 1
    assert "is not there" not in result.stdout
    assert "  the role is deleted, for all of the account" in result.stdout
    assert f"slr-constructs: {NAME} cannot be read: AccessDenied: " in result.stderr
    assert NAME in account.roles


def test_a_role_that_is_not_there_is_no_reason_to_leave_things_on(
    used: World, account: FakeAccount
) -> None:
    """They go off, and there is no role to wait for."""
    del account.roles[NAME]
    result = run("mediatailor", "--yes")
    assert result.exit_code == 0
    assert "Then:\n\n  nothing: the role is not there\n" in result.output
    assert f"role     {NAME} is gone\n" in result.output
    assert used.features.uses(ACCOUNT, NAME) == {}


@pytest.mark.parametrize(("wait", "said"), [(0, "1 minute"), (1, "1 minute"), (720, "720 minutes")])
def test_how_long_iam_is_waited_for_is_said(used: World, wait: int, said: str) -> None:
    """A minute at least."""
    result = run("mediatailor", "--dry-run", "--wait", wait, "--despite-stack", LIVE)
    assert f"IAM is waited for, {said} at most\n" in result.output
    assert used.calls


# nothing is changed unasked


@every_role
def test_a_dry_run_changes_nothing(
    world: World, waits: list[float], definition: RoleDefinition
) -> None:
    """Every call is one of those that only read."""
    world.account(ACCOUNT).add_role(catalogue.CHIME_MESSAGING)
    add_role(world, definition)
    add_users(world, definition)
    before = picture(world, definition)
    (short,) = [name for name, role in ROLES.items() if role == definition]
    flags = ("--delete-recording-configurations", "--despite-stack", LIVE, "--yes")
    result = run(short, "--dry-run", *flags)
    assert result.exit_code == 0
    assert "What stands against it" not in result.output
    assert {each.operation for each in world.calls} <= READING
    assert not any(map(changes_something, world.calls))
    assert picture(world, definition) == before
    assert os.listdir() == []  # noqa: PTH208 - all there is
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
    """To the letter."""
    before = picture(used, MEDIATAILOR)
    result = run("mediatailor", "--despite-stack", LIVE, typed=typed)
    assert result.exit_code == 2
    assert result.stderr == f"slr-constructs: {NAME} was not typed, and nothing was changed\n"
    assert f"Type {NAME} to go on: " in result.stdout
    assert changing(used) == []
    assert picture(used, MEDIATAILOR) == before
    assert os.listdir() == []  # noqa: PTH208 - all there is


def test_the_name_of_the_role_lets_it_go_on(used: World, account: FakeAccount) -> None:
    """Blanks around it do not count."""
    assert run("mediatailor", "--despite-stack", LIVE, typed=f" {NAME} \n").exit_code == 0
    assert NAME not in account.roles
    assert used.features.uses(ACCOUNT, NAME) == {}


def test_nobody_is_asked_where_nobody_is(used: World) -> None:
    """Through a pipe it takes --yes."""
    result = run("mediatailor", "--despite-stack", LIVE)
    assert result.exit_code == 2
    assert result.stderr == (
        "slr-constructs: nobody can be asked here: say --yes to release, or --dry-run to look\n"
    )
    assert changing(used) == []


def test_a_stack_is_named_by_its_name_or_its_id(used: World, account: FakeAccount) -> None:
    """One that holds nothing is a mistake."""
    (stack,) = [each.id for each in account.stacks.values() if each.name == LIVE]
    for named in (LIVE, stack):
        assert run("mediatailor", "--dry-run", "--despite-stack", named).exit_code == 0
    for wrong in ("live", "Liv", "", "Other"):
        result = run("mediatailor", "--dry-run", "--despite-stack", wrong)
        assert (result.exit_code, result.output) == (
            2,
            f"slr-constructs: --despite-stack takes a stack that holds {NAME}, got {wrong!r}\n",
        )
    assert used.calls


def test_a_stack_that_lost_its_lease_to_a_killed_release_may_be_named(
    used: World, account: FakeAccount
) -> None:
    """The same command goes on: the file has the lease, which the role has no more."""
    real = Release._put_back
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Release, "_put_back", lambda *_: None)
        at_first(used, "DeleteServiceLinkedRole", _interrupt)
        assert run("mediatailor", "--yes", "--despite-stack", LIVE).exit_code == 130
    assert Release._put_back is real
    assert not [key for key in account.roles[NAME].tags if key.startswith(LEASE_TAG)]
    assert run("mediatailor", "--yes", "--despite-stack", LIVE).exit_code == 0
    assert NAME not in account.roles


def _interrupt(_: Call) -> None:
    raise KeyboardInterrupt


# mistakes


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param([], "Missing argument 'ROLE'.", id="no role"),
        pytest.param(["mediataylor"], "did you mean mediatailor?", id="unknown role"),
        pytest.param(["chime"], "did you mean chime-", id="several roles"),
        pytest.param(["ivs", "mediatailor"], "unexpected extra argument", id="two roles"),
        pytest.param(["ivs", "--wait", "x"], "'x' is not a valid integer range", id="no number"),
        pytest.param(["ivs", "--wait", "-1"], "-1 is not in the range 0<=x<=720", id="too short"),
        pytest.param(["ivs", "--wait", "721"], "is not in the range 0<=x<=720", id="too long"),
        pytest.param(["ivs", "--state", "."], "File '.' is a directory", id="folder"),
        pytest.param(["ivs", "--role-arn", "x"], "--role-arn takes the ARN of a role", id="ARN"),
        pytest.param(["ivs", "--profile", "no"], "profile (no) could not be found", id="profile"),
        pytest.param(["ivs", "--force"], "No such option", id="no option"),
        pytest.param(["ivs", "--despite-stack"], "requires an argument", id="no stack"),
    ],
)
def test_mistakes_are_told_in_a_sentence(world: World, arguments: list[str], sentence: str) -> None:
    """And nobody is called."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr.replace("\n", " ")
    assert result.stdout == ""
    assert changing(world) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param("{}\n", "is no state file of slr-constructs release", id="other"),
        pytest.param("mine", "is no state file of slr-constructs release", id="no line"),
    ],
)
def test_a_file_of_somebody_else_is_refused(used: World, content: str, sentence: str) -> None:
    """Before anybody is asked, and it is left as it is."""
    Path("mine").write_text(content, encoding="utf-8")
    result = run("mediatailor", "--yes", "--despite-stack", LIVE, "--state", "mine")
    assert (result.exit_code, result.output) == (2, f"slr-constructs: mine {sentence}\n")
    assert Path("mine").read_text(encoding="utf-8") == content
    assert changing(used) == []


def test_a_file_that_cannot_be_written_is_refused_before_anybody_is_asked(used: World) -> None:
    """A dry run writes none."""
    arguments = ("mediatailor", "--despite-stack", LIVE, "--state", "no/such/folder")
    result = run(*arguments, typed=f"{NAME}\n")
    assert result.exit_code == 2
    assert result.stderr == "slr-constructs: no/such/folder cannot be written\n"
    assert "Type " not in result.stdout
    assert run(*arguments, "--dry-run").exit_code == 0
    assert changing(used) == []


# what goes wrong on the way


def test_a_disk_that_is_full_stops_it_and_says_what_was_done(
    used: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is too late to refuse anything: exit status 1, and what was done is counted."""
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
    assert re.search(
        r"\n[0-2] things? switched off, \d may have been(, \d left as before)?\.\n", (result.stdout)
    )
    assert result.stdout.endswith(f"{AGAIN} {FILE}\n")
    off = set(State.read(Path(FILE)).off)
    still = {arn for arns in used.features.uses(ACCOUNT, NAME).values() for arn in arns}
    assert len(off) == 2
    assert len(still | off) == 4
    monkeypatch.setattr(State, "_write", real)
    assert run("mediatailor", "--yes", "--despite-stack", LIVE).exit_code == 0


def test_what_is_denied_is_told_of_and_the_role_stays(used: World, account: FakeAccount) -> None:
    """With AWS's reason, and what is left is counted."""
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
    assert result.stdout.endswith(f"\n2 things switched off, 2 left as before.\n{AGAIN} {FILE}\n")
    assert NAME in account.roles
    assert used.features.uses(ACCOUNT, NAME)


def test_what_is_busy_is_waited_for_in_sight(
    world: World, account: FakeAccount, waits: list[float]
) -> None:
    """For as many minutes as were said; what comes after it counts as left."""
    add_role(world, IVS)
    things = add_users(world, IVS)
    live = next(each for each in things if each.kind is features.IVS_CHANNEL)
    world.features.live = {live.arn}
    flags = ("--delete-recording-configurations", "--despite-stack", LIVE, "--yes", "--wait", 1)
    result = run("ivs", *flags)
    assert result.exit_code == 1
    assert re.findall(r"^(?:busy|waiting) .*", result.stdout, re.MULTILINE)[:3] == [
        (
            f"busy     us-east-1 IVS channel live: {live.arn} is live, and IVS does not change the"
            " recording of a live channel; stop its stream and try again"
        ),
        "waiting  5 s: 1 busy",
        (
            f"busy     us-east-1 IVS channel live: {live.arn} is live, and IVS does not change the"
            " recording of a live channel; stop its stream and try again"
        ),
    ]
    assert sum(waits) <= 60
    assert "\n1 thing switched off, 3 left as before.\n" in result.stdout
    assert IVS.role_name in account.roles


def test_a_stack_that_arrives_stops_it(used: World, account: FakeAccount) -> None:
    """It is told of, and nothing more is done."""

    def arrive(_: Call) -> None:
        stack = account.add_stack("Arriving", REGIONS[0])
        account.roles[NAME].tags[f"{LEASE_TAG}cc"] = stack

    at_first(used, "ConfigureLogsForChannel", arrive)
    result = run("mediatailor", "--yes", "--despite-stack", LIVE)
    assert result.exit_code == 1
    assert result.stderr == (
        f"slr-constructs: Arriving holds {NAME} by now, so it is not deleted\n"
    )
    assert result.stdout.endswith(f"\n4 things switched off.\n{AGAIN} {FILE}\n")


def test_a_role_that_stays_is_told_of(used: World, account: FakeAccount) -> None:
    """With IAM's reason, each time that it is asked."""
    used.features.add_use(ACCOUNT, NAME, "eu-west-1", "arn:other")
    result = run("mediatailor", "--yes", "--despite-stack", LIVE, "--wait", 2)
    assert result.exit_code == 1
    reason = "it is in use in eu-west-1: arn:other"
    assert f"\nrole     {NAME} stays: {reason}\n" in result.stdout
    assert result.stdout.endswith(
        f"role     {NAME} is not deleted: {reason}\n"
        "role     the lease of Live is put back\n"
        f"\n4 things switched off.\n{AGAIN} {FILE}\n"
    )
    assert NAME in account.roles


# who stops it


def test_an_interruption_while_it_reads_changes_nothing(used: World) -> None:
    """And says so."""
    at_first(used, "ListChannels", _interrupt)
    result = run("mediatailor", "--yes")
    assert result.exit_code == 130
    assert re.fullmatch(
        r"slr-constructs: interrupted; \d of 4 lists were read, and nothing was changed\n",
        result.output,
    )
    assert changing(used) == []


def test_an_interruption_at_the_question_changes_nothing(
    used: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a wrong answer does."""

    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("slr_constructs.cli.account_options.typed", interrupted)
    result = run("mediatailor", "--despite-stack", LIVE, typed="")
    assert result.exit_code == 130
    assert result.stderr.endswith("4 of 4 lists were read, and nothing was changed\n")
    assert changing(used) == []


def test_an_interruption_says_what_is_off_and_what_may_be(
    world: World, account: FakeAccount, tmp_path: Path
) -> None:
    """At once, whatever AWS is doing; the file has all of it, and the same command goes on."""
    world.account(ACCOUNT).add_role(MEDIATAILOR)
    for number in range(3):
        specimens.LINEAR_CHANNEL.add(world, number)
    hanging, released = threading.Event(), threading.Event()

    def hang(call: Call) -> None:
        if call.operation == "ConfigureLogsForChannel":
            if call.parameters["ChannelName"] == "thing-0":
                return
            hanging.set()
            released.wait(60)
            raise Refused("BadRequestException", "too late", 400)

    world.on_call = hang
    path = tmp_path / "state.jsonl"
    with serve(world) as url:
        command = call(url, ["release", "mediatailor", "--yes", "--state", str(path)])
        assert command.stdout is not None
        assert hanging.wait(60)
        for line in command.stdout:
            if line.startswith(b"done "):
                break
        command.send_signal(signal.SIGINT)
        output, errors = command.communicate(timeout=60)
        released.set()
    assert command.returncode == 130
    assert output == b""
    assert errors.decode() == (
        "slr-constructs: interrupted; 1 of 3 things are off; 2 more were being switched, or have"
        f" been. {AGAIN} {path}\n"
    )
    assert len(State.read(path).off) == 3
    assert NAME in account.roles


def test_the_help_says_all_of_it() -> None:
    """In 80 columns."""
    result = CliRunner().invoke(
        slr_constructs, ["release", "--help"], prog_name="slr-constructs", terminal_width=80
    )
    assert result.exit_code == 0
    assert result.output == HELP


def test_who_releases_the_older_role_is_told_what_stays(world: World, account: FakeAccount) -> None:
    """What uses the role of today is not switched off."""
    account.add_role(catalogue.CHIME_MESSAGING)
    add_role(world, catalogue.CHIME_MESSAGING_LEGACY)
    add_users(world, catalogue.CHIME_MESSAGING_LEGACY)

    result = run("chime-messaging-legacy", "--dry-run", "--despite-stack", LIVE)

    assert "Switched off" not in result.stdout
    assert (
        "What uses AWSServiceRoleForChimeSDKMessaging stays as it is: that role is there too.\n"
    ) in result.stdout
