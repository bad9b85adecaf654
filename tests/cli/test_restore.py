"""`slr-constructs restore`: plan, confirmation, changes, errors and interruptions."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slr_constructs import catalogue
from slr_constructs.account.state import State
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
from tests.cli.commands import run_command
from tests.cli.terminals import Terminal, call, text
from tests.fake_services import features
from tests.fake_services.connected import ACCOUNT
from tests.fake_services.server import serve

if TYPE_CHECKING:
    from typing import Any

    from slr_constructs.catalogue import RoleDefinition
    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.wire import Call
    from tests.fake_services.world import World

MEDIATAILOR, IVS = catalogue.MEDIATAILOR, catalogue.IVS_RECORD_TO_S3
NAME = MEDIATAILOR.role_name
FILE = "state.jsonl"
PLAYBACK = json.dumps(specimens.PLAYBACK_CONFIGURATION.settings, sort_keys=True)
PLAN = f"""\
Restore of {NAME} in account {ACCOUNT}

Restores the role with:

  description a role (created by slr-constructs)
  tag slr-constructs:created = true
  tag slr-constructs:lease:aa = LIVE
  tag slr-constructs:lease:bb = OLD
  tag team = video

Enables 4 usages in this order:

  region        kind                    name     configuration    note
  eu-central-1  MediaTailor channel     thing-0  logs AS_RUN
  us-east-1     MediaTailor channel     thing-0  logs AS_RUN
  eu-central-1  playback configuration  thing-0  7 % of sessions
  us-east-1     playback configuration  thing-0  7 % of sessions

Their settings:

  eu-central-1 MediaTailor channel thing-0: {{"LogTypes": ["AS_RUN"]}}
  us-east-1 MediaTailor channel thing-0: {{"LogTypes": ["AS_RUN"]}}
  eu-central-1 playback configuration thing-0: {PLAYBACK}
  us-east-1 playback configuration thing-0: {PLAYBACK}

"""
IVS_PLAN = """\
Enables 4 usages in this order:

  region  kind  name  configuration  note
  eu-central-1  archive-eu-central-1-0 (recorder00000)  records to recordings  under a new ARN
  us-east-1  archive-us-east-1-0 (recorder00000)  records to recordings  under a new ARN
  eu-central-1  live (000000000000)  recorded by recorder00000
  us-east-1  live (000000000000)  recorded by recorder00000

"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let time pass without waiting, and use only two regions."""
    few_regions(monkeypatch)
    return let_time_pass(monkeypatch)


run = partial(run_command, "restore")


def _release(world: World, definition: RoleDefinition) -> dict[str, Any]:
    """Release a role, write the state file, and return the previous state."""
    add_role(world, definition)
    add_usages(world, definition)
    before = picture(world, definition)
    flags = ("--delete-recording-configurations", "--despite-stack", LIVE, "--state", FILE)
    assert run_command("release", definition.role_name, "--yes", *flags).exit_code == 0
    world.calls.clear()
    return before


@pytest.fixture
def before(world: World, waits: list[float]) -> dict[str, Any]:
    """Release a role with usages of two kinds, and return the previous state."""
    found = _release(world, MEDIATAILOR)
    waits.clear()
    return found


def _named(output: str) -> str:
    """Return the output with the names of stacks instead of their ids."""
    return re.sub(
        r"arn:aws:cloudformation:\S+/(Live|Old)/\S+", lambda found: found[1].upper(), output
    )


def _ends(output: str) -> list[str]:
    return sorted(line for line in output.splitlines() if line.startswith("done "))


@pytest.mark.usefixtures("before")
def test_the_plan_the_changes_and_the_summary_are_printed(
    world: World, before: dict[str, Any]
) -> None:
    """The complete output without a terminal. A second call has nothing to do."""
    result = run(FILE, "--yes")
    assert result.exit_code == 0
    prefix = f"arn:aws:mediatailor:REGION:{ACCOUNT}"
    done = [
        f"done     {region} {kind} thing-0: {prefix}:{arn}/thing-0 is enabled".replace(
            "REGION", region
        )
        for region in ("eu-central-1", "us-east-1")
        for kind, arn in (
            ("MediaTailor channel", "channel"),
            ("playback configuration", "playbackConfiguration"),
        )
    ]
    assert _ends(result.stdout) == done
    lines = [line for line in result.stdout.splitlines(keepends=True) if line[:5] != "done "]
    # the role is some seconds old, because IAM must return it several times
    assert re.sub(r"waiting +(9|10|11) s", "waiting  10 s", _named("".join(lines))) == (
        f"{PLAN}waiting  10 s: the role is new\n"
        f"role     {NAME} exists as before the release\n"
        "\n4 usages restored.\n"
    )
    assert result.stderr == ""
    assert picture(world, MEDIATAILOR) == before
    result = run(FILE, "--yes")
    assert (result.exit_code, result.output) == (0, f"Everything in {FILE} was already restored.\n")


def test_a_terminal_has_the_same_table(
    monkeypatch: pytest.MonkeyPatch, world: World, before: dict[str, Any]
) -> None:
    """The terminal has colors."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    result = run(FILE, "--dry-run")
    assert "\x1b[2m" in result.stdout
    table = PLAN.partition("Enables ")[2].partition("Their settings")[0]
    assert table in _named(text(result.stdout))
    assert max(map(len, text(result.stdout).splitlines())) <= 80
    assert before
    assert changing(world) == []


@pytest.mark.usefixtures("waits")
def test_a_resource_that_is_created_again_is_reported_with_its_new_arn(world: World) -> None:
    """The plan announces the new ARN, and the command prints it."""
    _release(world, IVS)
    result = run(FILE, "--dry-run")
    assert result.exit_code == 0
    # without the kinds, which are long
    assert re.sub(" {2,}(IVS .+? {2,})?", "  ", result.stdout).count(IVS_PLAN) == 1
    assert changing(world) == []
    result = run(FILE, "--yes")
    assert result.exit_code == 0
    arns = [
        each.arn
        for each in world.features._targets.values()
        if each.kind is features.RECORDING_CONFIGURATION
    ]
    for arn in arns:
        assert re.search(rf"recorder00000 was created again as {arn}\n", result.stdout)


def test_a_terminal_of_80_columns_asks_for_confirmation(world: World) -> None:
    """The word to type is restore."""
    with pytest.MonkeyPatch.context() as patch:
        few_regions(patch)
        let_time_pass(patch)
        before = _release(world, catalogue.MEDIAPACKAGE)
    question = "Type restore to continue: "
    # the role exists, so that the command does not wait for it
    definition = catalogue.MEDIAPACKAGE
    world.account(ACCOUNT).add_role(definition, description=before["role"]["description"])
    with serve(world) as url, Terminal() as terminal:
        terminal.answer(question, "restore\n")
        command = call(url, ["restore", FILE], stdin=terminal.end, stdout=terminal.end)
        _, errors = command.communicate(timeout=60)
        written = terminal.close()
    assert (command.returncode, errors) == (0, b"")
    lines = text(written).splitlines()
    assert f"{question}restore" in lines
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "4 usages restored."
    after = picture(world, catalogue.MEDIAPACKAGE)
    assert after == before


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="end of input"),
        pytest.param("\n", id="nothing"),
        pytest.param("yes\n", id="yes"),
        pytest.param("Restore\n", id="case"),
    ],
)
@pytest.mark.usefixtures("before")
def test_nothing_is_changed_unless_the_word_is_typed(world: World, typed: str) -> None:
    """The word must match exactly."""
    file = Path(FILE).read_bytes()
    result = run(FILE, typed=typed)
    assert result.exit_code == 2
    assert result.stderr == "slr-constructs: restore was not typed. Nothing was changed\n"
    assert changing(world) == []
    assert Path(FILE).read_bytes() == file


def test_the_command_continues_if_the_word_is_typed(world: World, before: dict[str, Any]) -> None:
    """Spaces around it are ignored."""
    assert run(FILE, typed=" restore \n").exit_code == 0
    assert picture(world, MEDIATAILOR) == before


@pytest.mark.usefixtures("before")
def test_fails_without_a_terminal_and_without_yes(world: World) -> None:
    """The error names the options. A dry run needs no confirmation and changes nothing."""
    result = run(FILE)
    assert result.exit_code == 2
    assert result.stderr == (
        "slr-constructs: cannot ask for confirmation without a terminal. Use --yes to restore, or"
        " --dry-run to show the plan\n"
    )
    result = run(FILE, "--dry-run")
    assert (result.exit_code, _named(result.output)) == (0, PLAN)
    assert changing(world) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param([], "Missing argument 'FILE'.", id="no file"),
        pytest.param(["no"], "no cannot be read: No such file or directory", id="missing"),
        pytest.param(
            ["other"],
            "other is not a valid state file of slr-constructs release: line 1 does not name its",
            id="other",
        ),
        pytest.param(["."], "File '.' is a directory", id="folder"),
        pytest.param(["a", "b"], "unexpected extra argument", id="two files"),
        pytest.param(["other", "--wait", "x"], "'x' is not a valid integer range", id="no number"),
        pytest.param(["other", "--wait", "721"], "is not in the range 0<=x<=720", id="too long"),
        pytest.param(
            ["other", "--role-arn", "x"], "--role-arn must be the ARN of a role", id="ARN"
        ),
        pytest.param(["other", "--force"], "No such option '--force'", id="no option"),
    ],
)
def test_fails_if_an_argument_is_invalid(world: World, arguments: list[str], sentence: str) -> None:
    """The error is printed before any call."""
    Path("other").write_text("{}\n", encoding="utf-8")
    result = run(*arguments)
    assert result.exit_code == 2
    shown = result.stderr.replace("\n", " ")
    # releases of click differ in the punctuation before the option
    assert sentence in shown.replace("option: --force", "option '--force'")
    assert result.stdout == ""
    assert world.calls == []


@pytest.mark.usefixtures("before")
def test_a_file_of_another_account_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names both accounts."""
    world.account("444455556666")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "444455556666")
    result = run(FILE, "--yes")
    assert result.exit_code == 2
    assert result.output == (
        f"slr-constructs: {FILE} is for account {ACCOUNT}, but these credentials are for"
        " account 444455556666\n"
    )
    assert run(FILE, "--profile", "none").exit_code == 2
    assert changing(world) == []


@pytest.mark.usefixtures("before")
def test_usages_that_cannot_be_restored_are_counted(world: World, account: FakeAccount) -> None:
    """The others are restored, and the same command continues later."""
    account.denied.add("mediatailor:ConfigureLogsForChannel")
    result = run(FILE, "--yes")
    assert result.exit_code == 1
    assert result.stdout.count("AccessDeniedException: ") == 2
    assert result.stdout.endswith("\n2 usages restored, 2 unchanged.\n")
    account.denied.clear()
    result = run(FILE, "--yes")
    assert result.exit_code == 0
    assert "Restores the role" not in result.stdout
    assert result.stdout.endswith("\n2 usages restored.\n")
    assert world.features.uses(ACCOUNT, NAME)


@pytest.mark.usefixtures("before")
def test_a_full_disk_stops_the_command_and_the_summary_is_printed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit status is 1, because changes were already made."""

    def write(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(State, "_write", write)
        result = run(FILE, "--yes")
        finish_threads()
    assert result.exit_code == 1
    assert result.stderr == f"slr-constructs: {FILE} cannot be written: No space left on device\n"
    assert result.stdout.endswith("\n0 usages restored, 4 unchanged.\n")
    assert run(FILE, "--yes").exit_code == 0
    assert len(world.features.uses(ACCOUNT, NAME)) == 2


def _interrupt(_: Call) -> None:
    raise KeyboardInterrupt


@pytest.mark.usefixtures("before")
def test_an_interruption_before_the_question_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says so."""

    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("slr_constructs.cli.prompts.typed", interrupted)
    result = run(FILE, typed="")
    assert result.exit_code == 130
    assert result.stderr.endswith("slr-constructs: interrupted; nothing was changed\n")
    assert changing(world) == []


def test_an_interruption_reports_what_was_restored(world: World, before: dict[str, Any]) -> None:
    """The same command continues."""
    at_first(world, "CreateServiceLinkedRole", _interrupt)
    result = run(FILE, "--yes")
    assert result.exit_code == 130
    assert result.stderr == (
        "slr-constructs: interrupted; 0 of 4 usages restored. Run the same command again to"
        " continue\n"
    )
    assert run(FILE, "--yes").exit_code == 0
    assert picture(world, MEDIATAILOR) == before


@pytest.mark.usefixtures("waits")
def test_a_role_without_usages_is_restored(world: World, account: FakeAccount) -> None:
    """Only the role is created again."""
    add_role(world, MEDIATAILOR)
    flags = ("--yes", "--state", FILE, "--despite-stack", LIVE)
    assert run_command("release", "mediatailor", *flags).exit_code == 0
    result = run(FILE, "--yes")
    assert result.exit_code == 0
    assert "Enables" not in result.stdout
    assert result.stdout.endswith("\n0 usages restored.\n")
    assert NAME in account.roles


def test_control_characters_are_replaced(world: World, waits: list[float]) -> None:
    """In names of resources and files."""
    assert waits == []
    definition = catalogue.CHIME_MESSAGING
    add_role(world, definition)
    for target in add_usages(world, definition):
        target.data = {**target.data, "Name": "\x1b[2Jchat"}
    file = "a\x1b[0mb"
    flags = ("--yes", "--state", file, "--despite-stack", LIVE)
    assert run_command("release", definition.role_name, *flags).exit_code == 0
    for _ in range(2):
        result = run(file, "--yes")
        assert result.exit_code == 0
        assert "\x1b" not in result.output
        assert "\N{REPLACEMENT CHARACTER}[" in result.output
