"""`slr-constructs leases`: which stacks hold roles, and how leases of those that are gone go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from slr_constructs import catalogue
from slr_constructs.cli.command_line import slr_constructs
from slr_constructs.handler.slr_handler.operations.service_linked_role import LEASE_TAG
from tests.cli.terminals import COLUMNS, Terminal, call_here, text
from tests.fake_services.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.wire import Call
    from tests.fake_services.world import World

DUBLIN = "eu-west-1"
OTHER = "444455556666"
MEDIATAILOR = catalogue.MEDIATAILOR.role_name
#: of the account with leases.
LISTED = (
    "role                            stack              region     state\n"
    "AWSServiceRoleForIVSRecordToS3  Ended              eu-west-1  gone\n"
    "AWSServiceRoleForMediaTailor    Live               eu-west-1  exists\n"
    "AWSServiceRoleForMediaTailor    Old                eu-west-1  gone\n"
    "AWSServiceRoleForMediaTailor    what nobody knows  -          unknown\n"
)
GONE = (
    "role                            stack  region     state\n"
    "AWSServiceRoleForIVSRecordToS3  Ended  eu-west-1  gone\n"
    "AWSServiceRoleForMediaTailor    Old    eu-west-1  gone\n"
)
KEPT = (
    f"kept: the lease of what nobody knows on {MEDIATAILOR}, for nobody can tell whether that stack"
    " is gone\n"
)
DROPPED = (
    "dropped: the lease of Ended on AWSServiceRoleForIVSRecordToS3\n"
    f"dropped: the lease of Old on {MEDIATAILOR}\n"
)


def run(*arguments: object) -> Result:
    """Call the command."""
    return CliRunner().invoke(
        slr_constructs, ["leases", *map(str, arguments)], prog_name="slr-constructs"
    )


@pytest.fixture
def held(account: FakeAccount) -> FakeAccount:
    """Give an account with leases of all sorts."""
    tags = {
        f"{LEASE_TAG}aa": account.add_stack("Live", DUBLIN),
        f"{LEASE_TAG}bb": account.add_stack("Old", DUBLIN, status="DELETE_COMPLETE"),
        f"{LEASE_TAG}cc": "what nobody knows",
        "team": "video",
    }
    account.add_role(catalogue.MEDIATAILOR, tags=tags)
    ended = account.add_stack("Ended", DUBLIN, status="DELETE_COMPLETE")
    account.add_role(catalogue.IVS_RECORD_TO_S3, tags={f"{LEASE_TAG}dd": ended})
    return account


def left(account: FakeAccount) -> list[str]:
    """Return what is left of the leases."""
    return sorted(
        tag.removeprefix(LEASE_TAG)
        for role in account.roles.values()
        for tag in role.tags
        if tag.startswith(LEASE_TAG)
    )


# to read


@pytest.mark.usefixtures("held")
def test_leases_are_listed_by_role_and_stack() -> None:
    """With what is known of the stack."""
    result = run()

    assert (result.exit_code, result.stderr, result.stdout) == (0, "", LISTED)


@pytest.mark.usefixtures("held")
def test_those_of_one_role_may_be_listed() -> None:
    """By any of its names."""
    expected = (
        "role                            stack  region     state\n"
        "AWSServiceRoleForIVSRecordToS3  Ended  eu-west-1  gone\n"
    )
    assert run("ivs.amazonaws.com").stdout == expected
    assert run("chime-messaging").stdout == "no stack holds a role by a lease\n"


def test_json_has_all_that_there_is(held: FakeAccount) -> None:
    """Names and ids, and no outcome where nothing was to be done."""
    result = run("mediatailor", "--json")
    stacks = held.roles[MEDIATAILOR].tags
    common = {"role_name": MEDIATAILOR, "short_name": "mediatailor", "outcome": None}

    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == {
        "account": held.id,
        "complete": True,
        "failures": [],
        "leases": [
            common
            | {
                "stack": stacks[f"{LEASE_TAG}{tag}"],
                "stack_name": name,
                "region": region,
                "state": state,
                "tag": f"{LEASE_TAG}{tag}",
            }
            for tag, name, region, state in (
                ("aa", "Live", DUBLIN, "exists"),
                ("bb", "Old", DUBLIN, "gone"),
                ("cc", "what nobody knows", None, "unknown"),
            )
        ],
    }


def _deny_mediatailor(call: Call) -> None:
    if call.parameters.get("RoleName") == MEDIATAILOR:
        raise Refused("AccessDenied", "not this one", 403)


UNREAD = f"slr-constructs: the role {MEDIATAILOR} was not read: AccessDenied: not this one\n"


@pytest.mark.usefixtures("held")
def test_a_role_that_is_not_read_is_told_and_the_others_are_read(world: World) -> None:
    """And 1."""
    world.on_call = _deny_mediatailor
    result = run()

    assert (result.exit_code, result.stderr) == (1, UNREAD)
    assert result.stdout == "".join(GONE.splitlines(keepends=True)[:2])
    told = json.loads(run("--json").stdout)
    assert (told["complete"], told["failures"]) == (
        False,
        [{"role_name": MEDIATAILOR, "why": "AccessDenied: not this one"}],
    )
    assert run("mediatailor").stdout == (
        "no stack holds a role by a lease, as far as roles could be read\n"
    )


def test_names_do_nothing_to_a_terminal(held: FakeAccount) -> None:
    """Whoever may tag a role may write anything."""
    held.roles[MEDIATAILOR].tags[f"{LEASE_TAG}cc"] = "a\u2028b"

    assert "  a\ufffdb  " in run().stdout
    assert "a\ufffdb on" in run("--drop-gone", "--yes").stdout


# to drop


def test_leases_of_stacks_that_are_gone_are_dropped(held: FakeAccount) -> None:
    """And told one by one; what nobody can tell of is kept, and said to be."""
    result = run("--drop-gone", "--yes")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == GONE + KEPT + DROPPED
    assert left(held) == ["aa", "cc"]
    assert held.roles[MEDIATAILOR].tags["team"] == "video"
    again = run("--drop-gone", "--yes")
    assert (again.exit_code, again.stdout) == (0, f"no lease of a stack that is gone\n{KEPT}")


def test_a_dry_run_drops_nothing(held: FakeAccount) -> None:
    """It shows what would be dropped."""
    result = run("--drop-gone", "--dry-run", "--yes")

    assert (result.exit_code, result.stdout, result.stderr) == (0, GONE + KEPT, "")
    assert left(held) == ["aa", "bb", "cc", "dd"]
    told = json.loads(run("--drop-gone", "--dry-run", "--json").stdout)
    assert [each["outcome"] for each in told["leases"]] == [
        *("would be dropped", "kept"),
        *("would be dropped", "kept"),
    ]


def test_json_tells_what_became_of_leases(held: FakeAccount) -> None:
    """And nothing is printed beside it."""
    result = run("--drop-gone", "--yes", "--json")

    assert (result.exit_code, result.stderr) == (0, "")
    told = json.loads(result.stdout)
    assert [each["outcome"] for each in told["leases"]] == ["dropped", "kept", "dropped", "kept"]
    assert left(held) == ["aa", "cc"]


def test_what_iam_does_not_drop_is_told_and_the_rest_is_dropped(
    world: World, held: FakeAccount
) -> None:
    """And 1."""

    def deny(call: Call) -> None:
        if call.operation == "UntagRole" and call.parameters["RoleName"] == MEDIATAILOR:
            raise Refused("AccessDenied", "not this one", 403)

    world.on_call = deny
    result = run("--drop-gone", "--yes")
    why = f"the lease of Old on {MEDIATAILOR} cannot be dropped: AccessDenied: not this one"

    assert (result.exit_code, result.stderr) == (1, f"slr-constructs: {why}\n")
    assert result.stdout == GONE + KEPT + DROPPED.splitlines(keepends=True)[0]
    assert left(held) == ["aa", "bb", "cc"]
    told = json.loads(run("--drop-gone", "--yes", "--json").stdout)
    assert told["failures"] == [{"role_name": MEDIATAILOR, "why": why}]
    assert [each["outcome"] for each in told["leases"]] == ["kept", "failed", "kept"]


def test_a_stack_that_turns_out_to_be_there_keeps_its_lease(
    world: World, held: FakeAccount
) -> None:
    """It is looked up once more before."""
    asked: list[str] = []

    def revive(call: Call) -> None:
        stack = str(call.parameters.get("StackName"))
        if "/Old/" in stack:
            asked.append(stack)
            if len(asked) == 2:
                held.stacks[stack].status = "CREATE_COMPLETE"

    world.on_call = revive
    result = run("mediatailor", "--drop-gone", "--yes")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == (
        f"kept: the lease of Old on {MEDIATAILOR}, for that stack is no longer known to be gone"
    )
    assert left(held) == ["aa", "bb", "cc", "dd"]


# to ask


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """Give a terminal of 80 columns."""
    with Terminal() as opened:
        yield opened


def test_the_word_has_to_be_typed(held: FakeAccount, terminal: Terminal) -> None:
    """On a terminal, after what it is about."""
    terminal.type("drop\n")
    status = call_here(terminal, ["leases", "--drop-gone"])

    assert (status, left(held)) == (0, ["aa", "cc"])
    assert (
        terminal.close()
        .replace("\x1b[2m", "")
        .replace("\x1b[0m", "")
        .endswith(f"{GONE}{KEPT}Type drop to drop 2 leases: {DROPPED}")
    )


@pytest.mark.parametrize("answer", ["yes\n", "\n", "\x04"], ids=["other", "none", "end"])
def test_any_other_word_drops_nothing(held: FakeAccount, terminal: Terminal, answer: str) -> None:
    """It is said, and 2."""
    terminal.type(answer)
    status = call_here(terminal, ["leases", "--drop-gone"])

    assert (status, left(held)) == (2, ["aa", "bb", "cc", "dd"])
    last = text(terminal.close()).splitlines()[-1]
    assert last.removeprefix("Type drop to drop 2 leases: ") == (
        "slr-constructs: nothing was dropped: the word drop was not typed"
    )


def test_nobody_is_asked_where_nothing_is_gone(account: FakeAccount, terminal: Terminal) -> None:
    """There is nothing to confirm."""
    account.add_role(catalogue.MEDIATAILOR)

    assert call_here(terminal, ["leases", "--drop-gone"]) == 0
    assert terminal.close() == "no lease of a stack that is gone\n"


def test_a_terminal_of_80_columns_is_enough_whatever_the_names(
    account: FakeAccount, terminal: Terminal
) -> None:
    """What is long goes on below."""
    name = "y" * 128
    stack = account.add_stack(name, DUBLIN)
    account.add_role(catalogue.CHIME_VOICE_CONNECTOR, tags={f"{LEASE_TAG}aa": stack})

    assert call_here(terminal, ["leases"]) == 0
    shown = text(terminal.close())
    assert max(map(len, shown.splitlines())) <= COLUMNS
    assert shown.count("y") == 128


# who asks


def test_the_account_may_be_that_of_a_role_or_a_profile(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As of every command that asks one."""
    world.account(OTHER).assumable.add("Reader")
    file = tmp_path / "credentials"
    file.write_text(f"[other]\naws_access_key_id = {OTHER}\naws_secret_access_key = testing\n")
    by_role = run("--json", "--role-arn", f"arn:aws:iam::{OTHER}:role/Reader")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    by_profile = run("--json", "--profile", "other")

    assert [json.loads(each.stdout)["account"] for each in (by_role, by_profile)] == [OTHER] * 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ivz"], "no role is called 'ivz': the catalogue has "),
        (["--yes"], "--yes is for --drop-gone\n"),
        (["--dry-run"], "--dry-run is for --drop-gone\n"),
        (
            ["--drop-gone"],
            "--drop-gone asks before it drops, and here is no terminal: say --yes, or --dry-run\n",
        ),
        (
            ["--drop-gone", "--json"],
            "--drop-gone with --json asks nobody: say --yes, or --dry-run\n",
        ),
        (["--profile", "nobody"], "The config profile (nobody) could not be found\n"),
        (["--role-arn", "x"], "--role-arn takes the ARN of a role, got 'x'\n"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_fails_when_it_cannot_be_done(
    held: FakeAccount, arguments: list[str], sentence: str
) -> None:
    """In one sentence, 2, and nothing is dropped."""
    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"slr-constructs: {sentence}")
    assert left(held) == ["aa", "bb", "cc", "dd"]


# interrupted


@pytest.mark.parametrize(
    ("operation", "sentence", "leases"),
    [
        ("GetRole", "nothing was changed", ["aa", "bb", "cc", "dd"]),
        ("UntagRole", "1 of 2 leases was dropped, and perhaps the next", ["aa", "bb", "cc"]),
    ],
)
def test_whoever_interrupts_is_told_what_was_changed(
    world: World, held: FakeAccount, operation: str, sentence: str, leases: list[str]
) -> None:
    """A lease that was being dropped may be dropped."""

    def interrupt(call: Call) -> None:
        if call.operation == operation and call.parameters["RoleName"] == MEDIATAILOR:
            raise KeyboardInterrupt

    world.on_call = interrupt
    result = run("--drop-gone", "--yes")

    assert (result.exit_code, left(held)) == (130, leases)
    assert result.stderr == f"slr-constructs: interrupted; {sentence}\n"


def test_whoever_interrupts_the_question_has_said_no(
    held: FakeAccount, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with any other word, but for the exit status."""

    def interrupt(*_: Any) -> None:  # noqa: ANN401 - whatever it is asked with
        raise KeyboardInterrupt

    monkeypatch.setattr("slr_constructs.cli.leases.typed", interrupt)

    assert call_here(terminal, ["leases", "--drop-gone"]) == 130
    assert terminal.close().endswith("slr-constructs: interrupted; nothing was changed\n")
    assert left(held) == ["aa", "bb", "cc", "dd"]
