"""`slr-constructs restore`: what it shows and asks, what it does, and how it stops."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from slr_constructs import catalogue
from slr_constructs.account.state import State
from slr_constructs.cli.command_line import slr_constructs
from tests.account.rehearsal import (
    LIVE,
    add_role,
    add_users,
    at_first,
    changing,
    few_regions,
    finish_threads,
    let_time_pass,
    picture,
)
from tests.cli.terminals import Terminal, call, text
from tests.fake_services import features
from tests.fake_services.connected import ACCOUNT
from tests.fake_services.server import serve

if TYPE_CHECKING:
    from typing import Any

    from click.testing import Result

    from slr_constructs.catalogue import RoleDefinition
    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.wire import Call
    from tests.fake_services.world import World

MEDIATAILOR, IVS = catalogue.MEDIATAILOR, catalogue.IVS_RECORD_TO_S3
NAME = MEDIATAILOR.role_name
FILE = "state.jsonl"
HELP = """\
Usage: slr-constructs restore [OPTIONS] FILE

  Put back what `slr-constructs release` has switched off, by its state file.

  The role is made again, with its description and tags; then what used it is
  switched on with the settings it had. What somebody has switched on since is
  left as it is. A recording configuration is made again, under another ARN, and
  its channels point at the new one: a stack that owned it does not know that.

  What was put back is written to the file, so the same command goes on if it is
  interrupted.

  Exit status: 0 all is back, 1 something is not, 2 nothing was done, 130 it was
  interrupted.

Options:
  --dry-run       Show what would be put back, and change nothing.
  --yes           Do not ask.
  --wait MINUTES  For how long to wait for what is busy.  [default: 5;
                  0<=x<=720]
  --profile NAME  A profile of the AWS configuration.  [default: as the AWS
                  command line]
  --role-arn ARN  Assume this role first.
  -h, --help      Show this message and exit.
"""
PLAN = f"""\
Restore of {NAME} in account {ACCOUNT}

  the role, with its description and tags, if it is not there

Switched on, 4 things, in this order:

  region        kind                    name     to be on         note
  eu-central-1  MediaTailor channel     thing-0  logs AS_RUN
  us-east-1     MediaTailor channel     thing-0  logs AS_RUN
  eu-central-1  playback configuration  thing-0  7 % of sessions
  us-east-1     playback configuration  thing-0  7 % of sessions

"""
IVS_PLAN = """\
Switched on, 4 things, in this order:

  region  kind  name  to be on  note
  eu-central-1  archive-eu-central-1-0  records to recordings  under another ARN
  us-east-1  archive-us-east-1-0  records to recordings  under another ARN
  eu-central-1  live  recorded by recorder00000
  us-east-1  live  recorded by recorder00000

"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let time pass where somebody waits, and have two regions."""
    few_regions(monkeypatch)
    return let_time_pass(monkeypatch)


def invoke(*arguments: object, typed: str | None = None) -> Result:
    """Call a command; somebody is there if something is typed."""
    with pytest.MonkeyPatch.context() as patch:
        if typed is not None:
            patch.setattr("slr_constructs.cli.account_options.can_ask", lambda: True)
        return CliRunner().invoke(
            slr_constructs, list(map(str, arguments)), input=typed, prog_name="slr-constructs"
        )


def run(*arguments: object, typed: str | None = None) -> Result:
    """Call the command."""
    return invoke("restore", *arguments, typed=typed)


def _release(world: World, definition: RoleDefinition) -> dict[str, Any]:
    """Release a role into the file, and return what there was."""
    add_role(world, definition)
    add_users(world, definition)
    before = picture(world, definition)
    flags = ("--delete-recording-configurations", "--despite-stack", LIVE, "--state", FILE)
    assert invoke("release", definition.role_name, "--yes", *flags).exit_code == 0
    world.calls.clear()
    return before


@pytest.fixture
def before(world: World, waits: list[float]) -> dict[str, Any]:
    """Release a role that two kinds of things use, and return what there was."""
    found = _release(world, MEDIATAILOR)
    waits.clear()
    return found


def _ends(output: str) -> list[str]:
    return sorted(line for line in output.splitlines() if line.startswith("done "))


@pytest.mark.usefixtures("before")
def test_what_is_put_back_and_the_end_are_shown(world: World, before: dict[str, Any]) -> None:
    """To the letter, for whoever reads it through a pipe; and then there is nothing left to do."""
    result = run(FILE, "--yes")
    assert result.exit_code == 0
    prefix = f"arn:aws:mediatailor:REGION:{ACCOUNT}"
    done = [
        f"done     {region} {kind} thing-0: {prefix}:{arn}/thing-0 is on".replace("REGION", region)
        for region in ("eu-central-1", "us-east-1")
        for kind, arn in (
            ("MediaTailor channel", "channel"),
            ("playback configuration", "playbackConfiguration"),
        )
    ]
    assert _ends(result.stdout) == done
    lines = [line for line in result.stdout.splitlines(keepends=True) if line[:5] != "done "]
    assert "".join(lines) == (
        f"{PLAN}waiting  15 s: {NAME} is new\n"
        f"role     {NAME} is there as it was\n"
        "\n4 things put back.\n"
    )
    assert result.stderr == ""
    assert picture(world, MEDIATAILOR) == before
    result = run(FILE, "--yes")
    assert (result.exit_code, result.output) == (0, f"{FILE} has nothing that is not back.\n")


def test_a_terminal_has_the_same_columns(
    monkeypatch: pytest.MonkeyPatch, world: World, before: dict[str, Any]
) -> None:
    """With colours."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    result = run(FILE, "--dry-run")
    assert "\x1b[2m" in result.stdout
    assert text(result.stdout).rstrip() == PLAN.rstrip()
    assert before
    assert changing(world) == []


@pytest.mark.usefixtures("waits")
def test_what_is_made_again_is_shown_with_its_other_arn(world: World) -> None:
    """Before it is made, and after."""
    _release(world, IVS)
    result = run(FILE, "--dry-run")
    assert result.exit_code == 0
    # without the kinds, which are long
    assert re.sub(" {2,}(IVS .+? {2,})?", "  ", result.stdout).endswith(IVS_PLAN)
    assert changing(world) == []
    result = run(FILE, "--yes")
    assert result.exit_code == 0
    arns = [
        each.arn
        for each in world.features._things.values()
        if each.kind is features.RECORDING_CONFIGURATION
    ]
    for arn in arns:
        assert re.search(rf"recorder00000 is made again as {arn}\n", result.stdout)


def test_somebody_on_a_terminal_of_80_columns_is_asked(world: World) -> None:
    """He types a word."""
    with pytest.MonkeyPatch.context() as patch:
        few_regions(patch)
        let_time_pass(patch)
        before = _release(world, catalogue.MEDIAPACKAGE)
    question = "Type restore to go on: "
    # that is there, so that nobody has to wait for it
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
    assert lines[-1] == "4 things put back."
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
    """To the letter."""
    file = Path(FILE).read_bytes()
    result = run(FILE, typed=typed)
    assert result.exit_code == 2
    assert result.stderr == "slr-constructs: restore was not typed, and nothing was changed\n"
    assert changing(world) == []
    assert Path(FILE).read_bytes() == file


def test_the_word_lets_it_go_on(world: World, before: dict[str, Any]) -> None:
    """Blanks around it do not count."""
    assert run(FILE, typed=" restore \n").exit_code == 0
    assert picture(world, MEDIATAILOR) == before


@pytest.mark.usefixtures("before")
def test_nobody_is_asked_where_nobody_is(world: World) -> None:
    """Through a pipe it takes --yes; a dry run takes nobody, and changes nothing."""
    result = run(FILE)
    assert result.exit_code == 2
    assert result.stderr == (
        "slr-constructs: nobody can be asked here: say --yes to restore, or --dry-run to look\n"
    )
    result = run(FILE, "--dry-run")
    assert (result.exit_code, result.output) == (0, PLAN)
    assert changing(world) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param([], "Missing argument 'FILE'.", id="no file"),
        pytest.param(["no"], "no cannot be read: No such file or directory", id="missing"),
        pytest.param(["other"], "other is no state file of slr-constructs release", id="other"),
        pytest.param(["."], "File '.' is a directory", id="folder"),
        pytest.param(["a", "b"], "unexpected extra argument", id="two files"),
        pytest.param(["other", "--wait", "x"], "'x' is not a valid integer range", id="no number"),
        pytest.param(["other", "--wait", "721"], "is not in the range 0<=x<=720", id="too long"),
        pytest.param(["other", "--role-arn", "x"], "--role-arn takes the ARN of a role", id="ARN"),
        pytest.param(["other", "--force"], "No such option", id="no option"),
    ],
)
def test_mistakes_are_told_in_a_sentence(world: World, arguments: list[str], sentence: str) -> None:
    """And nobody is called."""
    Path("other").write_text("{}\n", encoding="utf-8")
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr.replace("\n", " ")
    assert result.stdout == ""
    assert world.calls == []


@pytest.mark.usefixtures("before")
def test_a_file_of_another_account_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both accounts are named."""
    world.account("444455556666")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "444455556666")
    result = run(FILE, "--yes")
    assert result.exit_code == 2
    assert result.output == (
        f"slr-constructs: {FILE} is about account {ACCOUNT}, and these credentials are for"
        " 444455556666\n"
    )
    assert run(FILE, "--profile", "none").exit_code == 2
    assert changing(world) == []


@pytest.mark.usefixtures("before")
def test_what_cannot_be_put_back_is_counted(world: World, account: FakeAccount) -> None:
    """With AWS's reason; the rest is, and the same command goes on."""
    account.denied.add("mediatailor:ConfigureLogsForChannel")
    result = run(FILE, "--yes")
    assert result.exit_code == 1
    assert result.stdout.count("AccessDeniedException: ") == 2
    assert result.stdout.endswith("\n2 things put back, 2 left as before.\n")
    account.denied.clear()
    result = run(FILE, "--yes")
    assert result.exit_code == 0
    assert "the role, with" not in result.stdout
    assert result.stdout.endswith("\n2 things put back.\n")
    assert world.features.uses(ACCOUNT, NAME)


@pytest.mark.usefixtures("before")
def test_a_disk_that_is_full_stops_it_and_says_what_was_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is too late to refuse anything."""

    def write(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(State, "_write", write)
        result = run(FILE, "--yes")
        finish_threads()
    assert result.exit_code == 1
    assert result.stderr == f"slr-constructs: {FILE} cannot be written: No space left on device\n"
    assert result.stdout.endswith("\n0 things put back, 4 left as before.\n")
    assert run(FILE, "--yes").exit_code == 0
    assert len(world.features.uses(ACCOUNT, NAME)) == 2


def _interrupt(_: Call) -> None:
    raise KeyboardInterrupt


@pytest.mark.usefixtures("before")
def test_an_interruption_before_the_question_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says so."""

    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("slr_constructs.cli.account_options.typed", interrupted)
    result = run(FILE, typed="")
    assert result.exit_code == 130
    assert result.stderr.endswith("slr-constructs: interrupted; nothing was changed\n")
    assert changing(world) == []


def test_an_interruption_says_what_is_on(world: World, before: dict[str, Any]) -> None:
    """The same command goes on."""
    at_first(world, "CreateServiceLinkedRole", _interrupt)
    result = run(FILE, "--yes")
    assert result.exit_code == 130
    assert result.stderr == (
        "slr-constructs: interrupted; 0 of 4 things are on; the same command goes on\n"
    )
    assert run(FILE, "--yes").exit_code == 0
    assert picture(world, MEDIATAILOR) == before


@pytest.mark.usefixtures("waits")
def test_a_role_alone_is_put_back(world: World, account: FakeAccount) -> None:
    """Nothing used it."""
    add_role(world, MEDIATAILOR)
    flags = ("--yes", "--state", FILE, "--despite-stack", LIVE)
    assert invoke("release", "mediatailor", *flags).exit_code == 0
    result = run(FILE, "--yes")
    assert result.exit_code == 0
    assert "Switched on" not in result.stdout
    assert result.stdout.endswith("\n0 things put back.\n")
    assert NAME in account.roles


def test_escapes_of_a_terminal_are_made_visible(world: World, waits: list[float]) -> None:
    """In names of things and of files."""
    assert waits == []
    definition = catalogue.CHIME_MESSAGING
    add_role(world, definition)
    for thing in add_users(world, definition):
        thing.data = {**thing.data, "Name": "\x1b[2Jchat"}
    file = "a\x1b[0mb"
    flags = ("--yes", "--state", file, "--despite-stack", LIVE)
    assert invoke("release", definition.role_name, *flags).exit_code == 0
    for _ in range(2):
        result = run(file, "--yes")
        assert result.exit_code == 0
        assert "\x1b" not in result.output
        assert "\N{REPLACEMENT CHARACTER}[" in result.output


def test_the_help_says_all_of_it() -> None:
    """In 80 columns."""
    result = CliRunner().invoke(
        slr_constructs, ["restore", "--help"], prog_name="slr-constructs", terminal_width=80
    )
    assert result.exit_code == 0
    assert result.output == HELP
