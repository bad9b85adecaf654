"""`slr-constructs leases`: list leases, and drop those of deleted stacks."""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import catalogue
from slr_constructs.handler.slr_handler.marks import MARK_TAG
from slr_constructs.handler.slr_handler.operations.service_linked_role import LEASE_TAG
from tests.cli.commands import run_command
from tests.cli.terminals import COLUMNS, Terminal, call_here, text
from tests.fake_services.features import PLAYBACK_CONFIGURATION
from tests.fake_services.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.features import TargetResource
    from tests.fake_services.wire import Call
    from tests.fake_services.world import World

_TIME = re.compile(r'"time": "[^"]+"')
DUBLIN = "eu-west-1"
OTHER = "444455556666"
MEDIATAILOR = catalogue.MEDIATAILOR.role_name
#: the list of all leases of the account `held`.
LISTED = (
    "role                            stack          region     state\n"
    "AWSServiceRoleForIVSRecordToS3  Ended          eu-west-1  deleted\n"
    "AWSServiceRoleForMediaTailor    Live           eu-west-1  exists\n"
    "AWSServiceRoleForMediaTailor    Old            eu-west-1  deleted\n"
    "AWSServiceRoleForMediaTailor    unknown stack  -          unknown, because the lease does not"
    " have the id of a stack\n"
)
DELETED = (
    "role                            stack  region     state\n"
    "AWSServiceRoleForIVSRecordToS3  Ended  eu-west-1  deleted\n"
    "AWSServiceRoleForMediaTailor    Old    eu-west-1  deleted\n"
)
KEPT = (
    f"kept: the lease of unknown stack on {MEDIATAILOR}; it is unknown whether the stack was"
    " deleted\n"
)
DROPPED = (
    "dropped: the lease of Ended on AWSServiceRoleForIVSRecordToS3\n"
    f"dropped: the lease of Old on {MEDIATAILOR}\n"
)


run = partial(run_command, "leases")


@pytest.fixture
def held(account: FakeAccount) -> FakeAccount:
    """Give an account with leases in all states."""
    tags = {
        f"{LEASE_TAG}aa": account.add_stack("Live", DUBLIN),
        f"{LEASE_TAG}bb": account.add_stack("Old", DUBLIN, status="DELETE_COMPLETE"),
        f"{LEASE_TAG}cc": "unknown stack",
        "team": "video",
    }
    account.add_role(catalogue.MEDIATAILOR, tags=tags)
    ended = account.add_stack("Ended", DUBLIN, status="DELETE_COMPLETE")
    account.add_role(catalogue.IVS_RECORD_TO_S3, tags={f"{LEASE_TAG}dd": ended})
    return account


def left(account: FakeAccount) -> list[str]:
    """Return the leases that are still on the roles."""
    return sorted(
        tag.removeprefix(LEASE_TAG)
        for role in account.roles.values()
        for tag in role.tags
        if tag.startswith(LEASE_TAG)
    )


# list


@pytest.mark.usefixtures("held")
def test_leases_are_listed_by_role_and_stack() -> None:
    """With the state of the stack."""
    result = run()

    assert (result.exit_code, result.stderr, result.stdout) == (0, "", LISTED)


@pytest.mark.usefixtures("held")
def test_leases_of_one_role_can_be_listed() -> None:
    """With any of its names."""
    expected = (
        "role                            stack  region     state\n"
        "AWSServiceRoleForIVSRecordToS3  Ended  eu-west-1  deleted\n"
    )
    assert run("ivs.amazonaws.com").stdout == expected
    assert run("chime-messaging").stdout == "No leases.\n"


def test_json_has_all_details(held: FakeAccount) -> None:
    """Names and ids; the outcome is null without --drop-deleted."""
    result = run("mediatailor", "--format", "json")
    stacks = held.roles[MEDIATAILOR].tags
    common = {"role_name": MEDIATAILOR, "short_name": "mediatailor", "outcome": None}

    assert (result.exit_code, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    assert datetime.fromisoformat(report.pop("time")).tzinfo is not None
    assert report.pop("version") == version("slr-constructs")
    assert report == {
        "account": held.id,
        "complete": True,
        "notes": [],
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
                ("bb", "Old", DUBLIN, "deleted"),
                ("cc", "unknown stack", None, "unknown"),
            )
        ],
        "marks": [],
    }


@pytest.fixture
def marked(held: FakeAccount, world: World) -> TargetResource:
    """Give a playback configuration with marks of an existing and a deleted stack."""
    ids = {stack.name: stack.id for stack in held.stacks.values()}
    target = world.features.add(PLAYBACK_CONFIGURATION, held.id, DUBLIN, "ads")
    target.set_tags({f"{MARK_TAG}a": ids["Live"], f"{MARK_TAG}b": ids["Old"]})
    return target


def test_marks_are_listed_on_request(marked: TargetResource) -> None:
    """With the resource and the state of the stack."""
    assert run("mediatailor").stdout.count("mark on") == 0

    result = run("mediatailor", "--marks")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith(
        "mark on                 name  stack  region     state\n"
        "playback configuration  ads   Live   eu-west-1  exists\n"
        "playback configuration  ads   Old    eu-west-1  deleted\n"
    )
    as_json = json.loads(run("mediatailor", "--marks", "--format", "json").stdout)
    assert [(each["stack_name"], each["arn"]) for each in as_json["marks"]] == [
        ("Live", marked.arn),
        ("Old", marked.arn),
    ]


def test_marks_of_deleted_stacks_are_dropped(marked: TargetResource) -> None:
    """The settings of the resource stay as they are."""
    result = run("mediatailor", "--marks", "--drop-deleted", "--yes")

    assert result.exit_code == 0, result.stderr
    assert "dropped: the mark of Old on playback configuration ads\n" in result.stdout
    assert [*marked.tags] == [f"{MARK_TAG}a"]


def test_marks_that_cannot_be_read_or_dropped_are_reported(
    marked: TargetResource, held: FakeAccount
) -> None:
    """The exit status is 1."""
    held.denied.add("mediatailor:UntagResource")
    result = run("mediatailor", "--marks", "--drop-deleted", "--yes")
    assert result.exit_code == 1
    assert "the mark of Old on playback configuration ads cannot be dropped" in result.stderr
    assert len(marked.tags) == 2

    held.denied.add("mediatailor:ListPlaybackConfigurations")
    result = run("mediatailor", "--marks")
    assert result.exit_code == 1
    assert "playback configurations: not read in 21 regions: AccessDenied" in result.stderr


def _deny_mediatailor(call: Call) -> None:
    if call.parameters.get("RoleName") == MEDIATAILOR:
        raise Refused("AccessDenied", "not this one", 403)


UNREADABLE = f"slr-constructs: the role {MEDIATAILOR}: not read: AccessDenied: not this one\n"


@pytest.mark.usefixtures("held")
def test_a_role_that_cannot_be_read_is_reported_and_the_others_are_read(world: World) -> None:
    """The exit status is 1."""
    world.on_call = _deny_mediatailor
    result = run()

    assert (result.exit_code, result.stderr) == (1, UNREADABLE)
    assert result.stdout == "".join(DELETED.splitlines(keepends=True)[:2])
    report = json.loads(run("--format", "json").stdout)
    assert (report["complete"], report["failures"]) == (
        False,
        [
            {
                "region": None,
                "resource": f"the role {MEDIATAILOR}",
                "reason": "AccessDenied: not this one",
            }
        ],
    )
    assert run("mediatailor").stdout == ("No leases on the roles that could be read.\n")


@pytest.mark.parametrize("arguments", [(), ("--marks",), ("--drop-deleted", "--yes")])
def test_the_reason_why_a_state_is_unknown_is_reported(
    held: FakeAccount, arguments: tuple[str, ...]
) -> None:
    """As `audit` does: the exit status is 1, and similar failures are one line."""
    held.denied.add("cloudformation:DescribeStacks")
    result = run(*arguments)
    assert result.exit_code == 1
    lines = [line for line in result.stderr.splitlines() if "the stacks with leases" in line]
    (line,) = lines
    assert line.startswith(
        "slr-constructs: the stacks with leases: not read in eu-west-1: AccessDenied: "
    )
    assert left(held) == ["aa", "bb", "cc", "dd"]
    report = json.loads(run("--format", "json").stdout)
    assert [each["resource"] for each in report["failures"]] == ["the stacks with leases"]


def test_expired_credentials_stop_the_command(world: World, held: FakeAccount) -> None:
    """Nothing was done, so the exit status is 2."""

    def expire(call: Call) -> None:
        if call.service == "iam":
            raise Refused("ExpiredToken", "The token is expired", 403)

    world.on_call = expire
    result = run("--drop-deleted", "--yes")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "slr-constructs: the credentials have expired (ExpiredToken: The token is expired). Sign in"
        " again, and run the command again\n"
    )
    assert left(held) == ["aa", "bb", "cc", "dd"]


def test_control_characters_in_names_are_replaced(held: FakeAccount) -> None:
    """A tag can have any value."""
    held.roles[MEDIATAILOR].tags[f"{LEASE_TAG}cc"] = "a\u2028b"

    assert "  a\ufffdb  " in run().stdout
    assert "a\ufffdb on" in run("--drop-deleted", "--yes").stdout


# drop


def test_leases_of_deleted_stacks_are_dropped(held: FakeAccount) -> None:
    """Each outcome is reported. A lease is kept if the state of its stack is unknown."""
    result = run("--drop-deleted", "--yes")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == DELETED + KEPT + DROPPED
    assert left(held) == ["aa", "cc"]
    assert held.roles[MEDIATAILOR].tags["team"] == "video"
    again = run("--drop-deleted", "--yes")
    assert (again.exit_code, again.stdout) == (0, f"No leases of deleted stacks.\n{KEPT}")


def test_a_dry_run_changes_nothing(held: FakeAccount) -> None:
    """It shows what would be dropped."""
    result = run("--drop-deleted", "--dry-run", "--yes")

    assert (result.exit_code, result.stdout, result.stderr) == (0, DELETED + KEPT, "")
    assert left(held) == ["aa", "bb", "cc", "dd"]
    report = json.loads(run("--drop-deleted", "--dry-run", "--format", "json").stdout)
    assert [each["outcome"] for each in report["leases"]] == [
        *("would be dropped", "kept"),
        *("would be dropped", "kept"),
    ]


def test_json_has_the_outcomes(held: FakeAccount) -> None:
    """Nothing else is printed."""
    result = run("--drop-deleted", "--yes", "--format", "json")

    assert (result.exit_code, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    assert [each["outcome"] for each in report["leases"]] == ["dropped", "kept", "dropped", "kept"]
    assert left(held) == ["aa", "cc"]


def test_a_lease_that_cannot_be_dropped_is_reported(world: World, held: FakeAccount) -> None:
    """The exit status is 1."""

    def deny(call: Call) -> None:
        if call.operation == "UntagRole" and call.parameters["RoleName"] == MEDIATAILOR:
            raise Refused("AccessDenied", "not this one", 403)

    world.on_call = deny
    result = run("--drop-deleted", "--yes")
    reason = f"the lease of Old on {MEDIATAILOR} cannot be released: AccessDenied: not this one"

    assert (result.exit_code, result.stderr) == (1, f"slr-constructs: {reason}\n")
    assert result.stdout == DELETED + KEPT + DROPPED.splitlines(keepends=True)[0]
    assert left(held) == ["aa", "bb", "cc"]
    report = json.loads(run("--drop-deleted", "--yes", "--format", "json").stdout)
    assert report["failures"] == [
        {"region": DUBLIN, "resource": f"the lease of Old on {MEDIATAILOR}", "reason": reason}
    ]
    assert [each["outcome"] for each in report["leases"]] == ["kept", "failed", "kept"]


def test_a_stack_that_exists_again_keeps_its_lease(world: World, held: FakeAccount) -> None:
    """The state of the stack is read again before its lease is dropped."""
    asked: list[str] = []

    def revive(call: Call) -> None:
        stack = str(call.parameters.get("StackName"))
        if "/Old/" in stack:
            asked.append(stack)
            if len(asked) == 2:
                held.stacks[stack].status = "CREATE_COMPLETE"

    world.on_call = revive
    result = run("mediatailor", "--drop-deleted", "--yes")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == (
        f"kept: the lease of Old on {MEDIATAILOR}; the stack may exist again"
    )
    assert left(held) == ["aa", "bb", "cc", "dd"]


def test_the_lease_of_an_unknown_stack_is_dropped_by_name(held: FakeAccount) -> None:
    """No other lease is. With --drop-deleted, those of deleted stacks are too."""
    arguments = ("mediatailor", "--drop", "unknown stack")
    planned = run(*arguments, "--dry-run")
    assert (planned.exit_code, left(held)) == (0, ["aa", "bb", "cc", "dd"])
    result = run(*arguments, "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "unknown, because the lease does not have the id of a stack\n" in planned.stdout
    dropped = f"dropped: the lease of unknown stack on {MEDIATAILOR}\n"
    assert result.stdout == planned.stdout + dropped
    assert left(held) == ["aa", "bb", "dd"]
    held.roles[MEDIATAILOR].tags[f"{LEASE_TAG}cc"] = ""
    assert run("--drop", "", "--drop-deleted", "--yes").exit_code == 0
    assert left(held) == ["aa"]


def test_the_lease_and_mark_of_a_stack_that_cannot_be_described_are_dropped_by_id(
    held: FakeAccount, marked: TargetResource, terminal: Terminal
) -> None:
    """After a confirmation. The exit status is 1, because not everything could be read."""
    held.denied.add("cloudformation:DescribeStacks")
    live = next(each.id for each in held.stacks.values() if each.name == "Live")
    terminal.type("drop\n")
    assert call_here(terminal, ["leases", "mediatailor", "--marks", "--drop", live]) == 1
    assert "Type drop to drop 1 lease and 1 mark" in terminal.close()
    assert left(held) == ["bb", "cc", "dd"]
    assert [*marked.tags] == [f"{MARK_TAG}b"]


def test_a_named_stack_that_exists_after_all_keeps_its_lease(
    world: World, held: FakeAccount
) -> None:
    """Its state is read again before its lease is dropped."""
    asked: list[Call] = []

    def deny_once(call: Call) -> None:
        if "/Live/" in str(call.parameters.get("StackName")):
            asked.append(call)
            if len(asked) == 1:
                raise Refused("AccessDenied", "not yet", 403)

    world.on_call = deny_once
    result = run("mediatailor", "--drop", "Live", "--yes")
    assert result.exit_code == 1
    assert f"kept: the lease of Live on {MEDIATAILOR}; the stack may exist again" in result.stdout
    assert left(held) == ["aa", "bb", "cc", "dd"]


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("form", ["text", "json"])
def test_output_is_written_to_a_file(tmp_path: Path, form: str) -> None:
    """The list and the outcomes, as on stdout."""
    arguments = ("--drop-deleted", "--dry-run", "--format", form)
    file = tmp_path / "leases"
    result = run(*arguments, "-o", file)

    assert (result.exit_code, result.output) == (0, "")
    assert _TIME.sub("", file.read_text()) == _TIME.sub("", run(*arguments).stdout)
    refused = run("--drop-deleted", "-o", file)
    assert (refused.exit_code, refused.stderr) == (
        2,
        (
            "slr-constructs: --drop-deleted with --output does not ask for confirmation. Use --yes"
            " or --dry-run\n"
        ),
    )


# confirmation


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """Give a terminal of 80 columns."""
    with Terminal() as opened:
        yield opened


def test_the_word_must_be_typed(held: FakeAccount, terminal: Terminal) -> None:
    """The terminal shows the leases before the question."""
    terminal.type("drop\n")
    status = call_here(terminal, ["leases", "--drop-deleted"])

    assert (status, left(held)) == (0, ["aa", "cc"])
    shown = text(terminal.close())
    assert shown.endswith(f"{DELETED}{KEPT}Type drop to drop 2 leases: {DROPPED}")


@pytest.mark.parametrize("answer", ["yes\n", "\n", "\x04"], ids=["other", "none", "end"])
def test_any_other_word_drops_nothing(held: FakeAccount, terminal: Terminal, answer: str) -> None:
    """The command reports it, and the exit status is 2."""
    terminal.type(answer)
    status = call_here(terminal, ["leases", "--drop-deleted"])

    assert (status, left(held)) == (2, ["aa", "bb", "cc", "dd"])
    last = text(terminal.close()).splitlines()[-1]
    assert last.removeprefix("Type drop to drop 2 leases: ") == (
        "slr-constructs: drop was not typed. Nothing was changed"
    )


def test_there_is_no_question_without_deleted_stacks(
    account: FakeAccount, terminal: Terminal
) -> None:
    """There is nothing to confirm."""
    account.add_role(catalogue.MEDIATAILOR)

    assert call_here(terminal, ["leases", "--drop-deleted"]) == 0
    assert terminal.close() == "No leases of deleted stacks.\n"


def test_long_names_fit_a_terminal_of_80_columns(account: FakeAccount, terminal: Terminal) -> None:
    """Long names are wrapped."""
    name = "y" * 128
    stack = account.add_stack(name, DUBLIN)
    account.add_role(catalogue.CHIME_VOICE_CONNECTOR, tags={f"{LEASE_TAG}aa": stack})

    assert call_here(terminal, ["leases"]) == 0
    shown = text(terminal.close())
    assert max(map(len, shown.splitlines())) <= COLUMNS
    assert shown.count("y") == 128


# credentials


def test_the_account_can_be_that_of_a_role_or_a_profile(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Like in the other commands that read an account."""
    world.account(OTHER).assumable.add("Reader")
    file = tmp_path / "credentials"
    file.write_text(f"[other]\naws_access_key_id = {OTHER}\naws_secret_access_key = testing\n")
    by_role = run("--format", "json", "--role-arn", f"arn:aws:iam::{OTHER}:role/Reader")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    by_profile = run("--format", "json", "--profile", "other")

    assert [json.loads(each.stdout)["account"] for each in (by_role, by_profile)] == [OTHER] * 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ivz"], "unknown role 'ivz'. The catalogue has: "),
        (["--yes"], "--yes requires --drop-deleted or --drop\n"),
        (["--dry-run"], "--dry-run requires --drop-deleted or --drop\n"),
        (
            ["--drop-deleted"],
            (
                "--drop-deleted cannot ask for confirmation without a terminal. Use --yes or"
                " --dry-run\n"
            ),
        ),
        (
            ["--drop-deleted", "--format", "json"],
            (
                "--drop-deleted with --format json does not ask for confirmation. Use --yes or"
                " --dry-run\n"
            ),
        ),
        (
            ["--drop", "Live"],
            "--drop cannot ask for confirmation without a terminal. Use --yes or --dry-run\n",
        ),
        (
            ["--drop", "Live", "--yes"],
            "--drop must be a stack that does not exist, but 'Live' exists\n",
        ),
        (
            ["--drop", "Other", "--yes"],
            "--drop must be a stack with a lease or a mark, got 'Other'\n",
        ),
        (["--profile", "missing"], "The config profile (missing) could not be found\n"),
        (["--role-arn", "x"], "--role-arn must be the ARN of a role, got 'x'\n"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_fails_if_an_argument_is_invalid(
    held: FakeAccount, arguments: list[str], sentence: str
) -> None:
    """The error is one sentence on stderr, the exit status is 2, and nothing is dropped."""
    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"slr-constructs: {sentence}")
    assert left(held) == ["aa", "bb", "cc", "dd"]


# interruption


@pytest.mark.parametrize(
    ("operation", "sentence", "leases"),
    [
        ("GetRole", "nothing was changed", ["aa", "bb", "cc", "dd"]),
        (
            "UntagRole",
            "dropped 1 of 2 leases; the result of the next one may be unknown",
            ["aa", "bb", "cc"],
        ),
    ],
)
def test_an_interruption_reports_what_was_changed(
    world: World, held: FakeAccount, operation: str, sentence: str, leases: list[str]
) -> None:
    """The result of a call that was interrupted is unknown."""

    def interrupt(call: Call) -> None:
        if call.operation == operation and call.parameters["RoleName"] == MEDIATAILOR:
            raise KeyboardInterrupt

    world.on_call = interrupt
    result = run("--drop-deleted", "--yes")

    assert (result.exit_code, left(held)) == (130, leases)
    assert result.stderr == f"slr-constructs: interrupted; {sentence}\n"


def test_an_interruption_of_the_question_changes_nothing(
    held: FakeAccount, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit status is 130 instead of 2."""

    def interrupt(*_: Any) -> None:  # noqa: ANN401 - any arguments
        raise KeyboardInterrupt

    monkeypatch.setattr("slr_constructs.cli.leases.typed", interrupt)

    assert call_here(terminal, ["leases", "--drop-deleted"]) == 130
    assert terminal.close().endswith("slr-constructs: interrupted; nothing was changed\n")
    assert left(held) == ["aa", "bb", "cc", "dd"]
