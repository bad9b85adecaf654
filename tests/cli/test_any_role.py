"""Commands for service-linked roles that the catalogue does not have."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import catalogue
from slr_constructs.catalogue import RoleDefinition
from slr_constructs.catalogue.resource_type import action_of
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CREATED_MARK,
    CREATED_TAG,
    KEPT_TAG,
    LEASE_TAG,
)
from tests.account.rehearsal import let_time_pass
from tests.cli.commands import run_command
from tests.fake_services.connected import ACCOUNT
from tests.fake_services.wire import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.wire import Call
    from tests.fake_services.world import World

DUBLIN = "eu-west-1"
ECS = RoleDefinition("AWSServiceRoleForECS", "ecs.amazonaws.com")
BATCH = RoleDefinition("AWSServiceRoleForBatch", "batch.amazonaws.com")
SUPPORT = RoleDefinition("AWSServiceRoleForSupport", "support.amazonaws.com")
KEYS = RoleDefinition(
    "AWSServiceRoleForAutoScaling", "autoscaling.amazonaws.com", custom_suffix="keys"
)
PLAIN = RoleDefinition("AWSServiceRoleForAutoScaling", "autoscaling.amazonaws.com")
BOTH = "ecs.amazonaws.com/AWSServiceRoleForECS"
NAMES = (
    BOTH,
    f"/aws-service-role/{BOTH}",
    f"aws-service-role/{BOTH}",
    f" arn:aws:iam::{ACCOUNT}:role/aws-service-role/{BOTH} ",
    "AWSServiceRoleForECS",
    "ecs.amazonaws.com",
)


@pytest.fixture
def others(account: FakeAccount) -> FakeAccount:
    """Give an account with a known role and with others, some of them of slr-constructs."""
    stacks = [
        account.add_stack("Live", DUBLIN),
        account.add_stack("Old", DUBLIN, status="DELETE_COMPLETE"),
    ]
    account.add_role(catalogue.MEDIATAILOR, tags={f"{LEASE_TAG}aa": stacks[0]})
    account.add_role(
        ECS,
        description=f"tasks {CREATED_MARK}",
        tags={CREATED_TAG: "true", f"{LEASE_TAG}bb": stacks[0], f"{LEASE_TAG}cc": stacks[1]},
    )
    # kept, and without a lease
    account.add_role(BATCH, tags={KEPT_TAG: "it was in use"})
    account.add_role(SUPPORT, tags={"team": "video"})
    for definition in (KEYS, PLAIN):
        account.add_role(definition)
    return account


def audited(*arguments: object) -> dict[str, dict[str, Any]]:
    """Return the roles of the JSON report, by name."""
    result = run_command("audit", *arguments, "--format", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    (account,) = json.loads(result.stdout)["accounts"]
    return {each["role_name"]: each for each in account["roles"]}


def operations(world: World) -> list[str]:
    """Return the calls so far, each once, without those to sign in."""
    called = dict.fromkeys(f"{each.service}:{each.operation}" for each in world.calls)
    return [each for each in called if not each.startswith("sts:")]


# leases


@pytest.mark.usefixtures("others")
def test_leases_lists_those_on_all_roles() -> None:
    """Without a name, of every service-linked role."""
    result = run_command("leases")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "role                          stack  region     state\n"
        "AWSServiceRoleForMediaTailor  Live   eu-west-1  exists\n"
        "AWSServiceRoleForECS          Live   eu-west-1  exists\n"
        "AWSServiceRoleForECS          Old    eu-west-1  deleted\n"
    )


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize("name", NAMES)
def test_leases_of_any_role_are_listed(name: str) -> None:
    """It is named with its principal, with an ARN, or with one of its two names."""
    result = run_command("leases", name, "--format", "json")

    assert (result.exit_code, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    assert [each["stack_name"] for each in report["leases"]] == ["Live", "Old"]
    assert {each["role_name"] for each in report["leases"]} == {ECS.role_name}
    assert {each["short_name"] for each in report["leases"]} == {None}


def test_leases_of_deleted_stacks_are_dropped_from_any_role(others: FakeAccount) -> None:
    """Those of existing stacks stay."""
    result = run_command("leases", "--drop-deleted", "--yes")

    assert result.exit_code == 0
    assert f"dropped: the lease of Old on {ECS.role_name}\n" in result.stdout
    assert sorted(others.roles[ECS.role_name].tags) == [CREATED_TAG, f"{LEASE_TAG}bb"]


@pytest.mark.usefixtures("others")
def test_leases_with_marks_include_the_other_roles() -> None:
    """The marks are those on resources of the known roles."""
    result = run_command("leases", "--marks", "--format", "json")

    assert result.exit_code == 0
    roles = {each["role_name"] for each in json.loads(result.stdout)["leases"]}
    assert roles == {ECS.role_name, catalogue.MEDIATAILOR.role_name}


def test_leases_report_roles_that_cannot_be_listed(others: FakeAccount) -> None:
    """The command says that these roles were not read."""
    others.denied.add("iam:ListRoles")

    result = run_command("leases")

    assert result.exit_code == 1
    assert "the other service-linked roles: not read: AccessDenied:" in result.stderr
    assert ECS.role_name not in result.stdout


@pytest.mark.usefixtures("others")
def test_a_role_that_cannot_be_read_is_reported(world: World) -> None:
    """All others are read."""

    def on_call(call: Call) -> None:
        if call.operation == "GetRole" and call.parameters["RoleName"] == BATCH.role_name:
            raise Refused("AccessDenied", "not this one", 403)

    world.on_call = on_call
    result = run_command("leases")

    assert result.exit_code == 1
    assert result.stderr == (
        f"slr-constructs: the role {BATCH.role_name}: not read: AccessDenied: not this one\n"
    )
    assert result.stdout.count(ECS.role_name) == 2


def test_the_policies_of_roles_without_tags_are_not_read(world: World, others: FakeAccount) -> None:
    """One call finds out that a role does not belong to slr-constructs."""
    del others

    run_command("leases")

    read = [
        each.parameters["RoleName"]
        for each in world.calls
        if each.operation == "ListAttachedRolePolicies"
    ]
    assert sorted(read) == [
        BATCH.role_name,
        ECS.role_name,
        catalogue.MEDIATAILOR.role_name,
    ]


# audit


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize("name", NAMES)
def test_any_role_is_audited(name: str) -> None:
    """Its usages are unknown, so it is unknown whether one of them blocks the deletion."""
    role = audited(name)[ECS.role_name]

    assert role["exists"] is True
    assert role["short_name"] is None
    assert role["created_by_slr_constructs"] is True
    assert role["arn"] == f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{BOTH}"
    assert (role["usages"], role["used_by_unknown"]) == ([], False)
    assert role["blocked"] is True
    assert [each["stack_name"] for each in role["leases"]] == ["Live", "Old"]


@pytest.mark.usefixtures("others")
def test_the_text_says_that_usages_are_unknown() -> None:
    """It does not say that nothing uses the role."""
    result = run_command("audit", "batch.amazonaws.com/AWSServiceRoleForBatch")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "account 111122223333\n"
        "  read           0 regions\n"
        "\n"
        "AWSServiceRoleForBatch\n"
        "  created        2025-01-15, no recorded use\n"
        "  created by     the service or another tool\n"
        "  kept           it was in use\n"
        "  policy         none (the catalogue has no expected policy)\n"
        "  usages         unknown, because the catalogue has no resource types that use this role\n"
        "  deletion       no lease blocks it; IAM knows whether a usage does\n"
    )


@pytest.mark.usefixtures("others")
def test_all_roles_of_a_service_are_audited() -> None:
    """A service with a custom suffix may have several."""
    assert list(audited("autoscaling.amazonaws.com")) == [PLAIN.role_name, KEYS.role_name]


@pytest.mark.usefixtures("others")
def test_other_roles_are_audited_on_request() -> None:
    """Only those that slr-constructs created or has tags on, after those that you named."""
    names = [each.role_name for each in (catalogue.MEDIATAILOR, BATCH, ECS)]

    assert list(audited("mediatailor", "--other-roles")) == names


@pytest.mark.usefixtures("others")
def test_a_role_that_does_not_exist_can_be_audited() -> None:
    """If it is named with its principal."""
    role = audited("tea.amazonaws.com/AWSServiceRoleForTea")["AWSServiceRoleForTea"]

    assert (role["exists"], role["blocked"]) == (False, None)


@pytest.mark.usefixtures("others")
def test_a_role_of_another_service_is_a_failure() -> None:
    """IAM finds a role by its name only."""
    result = run_command("audit", "tea.amazonaws.com/AWSServiceRoleForECS")

    assert result.exit_code == 1
    assert (
        "the role AWSServiceRoleForECS: not read: AWSServiceRoleForECS is not a service-linked role"
        " of tea.amazonaws.com: its path is /aws-service-role/ecs.amazonaws.com/" in result.stderr
    )


def test_known_roles_need_no_more_calls(world: World, others: FakeAccount) -> None:
    """Roles are not listed, and each is read once, with any of its names."""
    del others
    own = catalogue.MEDIATAILOR
    for name in ("mediatailor", own.role_name, own.service_principal, f"{own.path}{own.role_name}"):
        world.calls.clear()
        audited(name, "--region", DUBLIN)

        called = [each.operation for each in world.calls]
        assert "ListRoles" not in called
        assert [called.count(each) for each in ("GetRole", "ListRolePolicies")] == [1, 1]


def test_a_role_with_both_names_needs_four_calls(world: World, others: FakeAccount) -> None:
    """No region is read, and so no list of regions."""
    del others

    audited("batch.amazonaws.com/AWSServiceRoleForBatch")

    assert operations(world) == [
        "iam:GetRole",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
    ]


# release and restore


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize("name", NAMES)
def test_the_release_of_any_role_is_planned(name: str, world: World) -> None:
    """The plan says that only IAM knows the usages. Nothing is changed."""
    result = run_command("release", name, "--dry-run")

    assert (result.exit_code, result.stderr) == (1, "")
    assert (
        result.stdout
        == f"""\
Release of AWSServiceRoleForECS in account {ACCOUNT}

The catalogue has no resource types that use this role, so no usage is disabled. IAM does not \
delete the role while a resource uses it.

Then:

  releases the lease of Old in eu-west-1, because the stack was deleted
  deletes the role for the whole account; this may take up to 15 minutes

Before each change, the previous settings are written to \
release-AWSServiceRoleForECS-{ACCOUNT}.jsonl

Blocked, because:

  stack Live in eu-west-1 exists and has a lease on the role. Delete the stack, or add \
--despite-stack Live

"""
    )
    assert all(each.operation.startswith(("Get", "List", "Describe")) for each in world.calls)


def test_any_role_is_released_and_restored(
    others: FakeAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state file names the principal and the suffix, so the same role is created again."""
    monkeypatch.chdir(tmp_path)
    let_time_pass(monkeypatch)
    others.roles[KEYS.role_name].description = "volumes"
    others.roles[KEYS.role_name].tags = {"team": "video"}

    result = run_command("release", KEYS.role_name, "--yes")

    assert result.exit_code == 0, result.output
    assert KEYS.role_name not in others.roles
    assert PLAIN.role_name in others.roles
    file = tmp_path / f"release-{KEYS.role_name}-{ACCOUNT}.jsonl"
    header = json.loads(file.read_text().splitlines()[0])
    assert header["service_principal"] == "autoscaling.amazonaws.com"

    result = run_command("restore", file, "--yes")

    assert result.exit_code == 0, result.output
    restored = others.roles[KEYS.role_name]
    assert (restored.description, restored.tags) == ("volumes", {"team": "video"})


@pytest.mark.parametrize("principal", [None, "ECS", ["a.b"], "ecs amazonaws.com"])
def test_a_state_file_without_a_principal_is_refused(tmp_path: Path, principal: object) -> None:
    """It is needed to create the role again."""
    header = {
        "format": "slr-constructs release",
        "version": 1,
        "account": ACCOUNT,
        "partition": "aws",
        "role_name": "AWSServiceRoleForECS",
        "service_principal": principal,
    }
    file = tmp_path / "state.jsonl"
    file.write_text(f"{json.dumps(header)}\n")

    result = run_command("restore", file, "--check")

    assert result.exit_code == 2
    assert result.stderr.endswith("line 1 does not name its account and role\n")


# wrong names


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize("command", ["audit", "leases", "release"])
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "esc.amazonaws.com",
            (
                f"account {ACCOUNT} has no role of the service esc.amazonaws.com. Check the service"
                " principal"
            ),
        ),
        (
            "mediatailr.amazonaws.com",
            (
                f"account {ACCOUNT} has no role of the service mediatailr.amazonaws.com. Did you"
                " mean mediatailor?"
            ),
        ),
        (
            "AWSServiceRoleForMediaTailr",
            (
                f"account {ACCOUNT} has no service-linked role AWSServiceRoleForMediaTailr. Did you"
                " mean mediatailor?"
            ),
        ),
        (
            "AWSServiceRole_1",
            f"account {ACCOUNT} has no service-linked role AWSServiceRole_1. Check the name",
        ),
        (
            "mediatailr",
            "unknown role 'mediatailr'. Did you mean mediatailor?",
        ),
        (
            "ECS/AWSServiceRoleForECS",
            (
                "a role must be named with its service principal, as"
                " ecs.amazonaws.com/AWSServiceRoleForECS, got 'ECS/AWSServiceRoleForECS'"
            ),
        ),
        (
            "ecs.amazonaws.com/AWSServiceRoleForMediaTailor",
            (
                "AWSServiceRoleForMediaTailor must be a role of mediatailor.amazonaws.com, got"
                " 'ecs.amazonaws.com/AWSServiceRoleForMediaTailor'"
            ),
        ),
    ],
)
def test_fails_if_a_role_is_unknown(command: str, name: str, sentence: str) -> None:
    """One sentence, and nothing is done."""
    result = run_command(command, name)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"slr-constructs: {sentence}\n"


def test_an_ordinary_role_is_refused(others: FakeAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its path is not that of a service-linked role."""
    own = others.add_role(RoleDefinition("AWSServiceRoleForOwn", "own.amazonaws.com"))
    shown = others.shown
    monkeypatch.setattr(
        others, "shown", lambda role: shown(role) | ({"Path": "/"} if role is own else {})
    )

    result = run_command("audit", "AWSServiceRoleForOwn")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "slr-constructs: AWSServiceRoleForOwn is not a service-linked role: its path is /\n"
    )


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize("command", ["audit", "leases", "release"])
def test_the_arn_of_another_account_is_refused(command: str) -> None:
    """The role of your own account is not meant."""
    arn = f"arn:aws:iam::444455556666:role/aws-service-role/{BOTH}"

    result = run_command(command, arn)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"slr-constructs: the ARN of a role must be of account {ACCOUNT}, which these credentials"
        f" are for, got '{arn}'\n"
    )


@pytest.mark.usefixtures("others")
def test_release_needs_one_role() -> None:
    """A service may have several."""
    result = run_command("release", "autoscaling.amazonaws.com", "--dry-run")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "slr-constructs: the service has several roles in the account:"
        " AWSServiceRoleForAutoScaling and AWSServiceRoleForAutoScaling_keys. Name one of them\n"
    )


@pytest.mark.usefixtures("others")
def test_regions_are_refused_if_usages_are_unknown() -> None:
    """They would have no effect."""
    result = run_command("audit", BOTH, "--region", DUBLIN)

    assert result.exit_code == 2
    assert result.stderr == (
        "slr-constructs: --region must be omitted for roles whose usages are unknown\n"
    )


@pytest.mark.parametrize(
    ("name", "action", "both"),
    [
        ("ecs.amazonaws.com", "iam:ListRoles", "ecs.amazonaws.com/ROLE"),
        ("AWSServiceRoleForECS", "iam:GetRole", "PRINCIPAL/AWSServiceRoleForECS"),
    ],
)
def test_fails_if_a_role_cannot_be_looked_up(
    name: str, action: str, both: str, others: FakeAccount
) -> None:
    """The error says how to name it without a lookup."""
    others.denied.add(action)

    result = run_command("audit", name)

    assert (result.exit_code, result.stdout) == (2, "")
    assert re.fullmatch(
        rf"slr-constructs: {name} cannot be looked up in account {ACCOUNT}: AccessDenied: .+\."
        rf" Name the role as {both}\n",
        result.stderr,
    )


# permissions


def _allowed(*arguments: str) -> dict[str, dict[str, Any]]:
    result = run_command("policy", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return {each["Sid"]: each for each in json.loads(result.stdout)["Statement"]}


def _actions(statements: dict[str, dict[str, Any]]) -> set[str]:
    every: set[str] = set()
    for each in statements.values():
        every |= {*_many(each["Action"])}
    return every


def test_the_policy_for_any_role_has_exactly_the_calls(world: World, others: FakeAccount) -> None:
    """Also for a role that the account does not have."""
    del others
    for purpose, command in (("--audit", ["audit", BOTH]), ("--audit", ["leases", BOTH])):
        world.calls.clear()
        run_command(*command)

        assert {action_of(each) for each in operations(world)} == _actions(_allowed(purpose, BOTH))


def test_the_policy_for_any_role_names_only_this_role() -> None:
    """In each of the forms that name both."""
    for purpose in ("--audit", "--leases", "--release", "--restore", "--deploy", "--function"):
        statements = _allowed(purpose, f"autoscaling.amazonaws.com/{KEYS.role_name}")
        # IAM may check the permission to create it on the ARN without the suffix
        others = {
            resource
            for each in statements.values()
            for resource in _many(each["Resource"])
            if ":role/" in resource
            and not resource.endswith((KEYS.role_name, "ServiceLinkedRole*"))
        }
        assert others == (
            {PLAIN.arn(partition="aws", account="*")}
            if "iam:CreateServiceLinkedRole" in _actions(statements)
            else set()
        )


def _many(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_the_policy_without_a_role_is_for_all_roles(world: World, others: FakeAccount) -> None:
    """It has the calls of `leases`, and no others on roles."""
    del others
    statements = _allowed("--audit")
    assert statements["ListRoles"]["Action"] == "iam:ListRoles"
    assert statements["ListRoles"]["Resource"] == "*"
    assert statements["FindOtherRoles"]["Resource"] == "arn:aws:iam::*:role/aws-service-role/*"

    run_command("leases", "--marks")
    of_iam = {action_of(each) for each in operations(world) if each.startswith("iam:")}
    assert of_iam == {each for each in _actions(statements) if each.startswith("iam:")}


def test_leases_are_dropped_from_all_roles_with_one_statement() -> None:
    """It allows to remove only tags of slr-constructs, and the document fits into one policy."""
    statements = _allowed("--leases")

    assert [each for each in statements.values() if each["Action"] == "iam:UntagRole"] == [
        {
            "Sid": "ReleaseRoles",
            "Effect": "Allow",
            "Action": "iam:UntagRole",
            "Resource": "arn:aws:iam::*:role/aws-service-role/*",
            "Condition": {"ForAllValues:StringLike": {"aws:TagKeys": "slr-constructs:*"}},
        }
    ]
    each_role = _allowed("--leases", "mediatailor")
    assert {name for name in each_role if name.startswith("Unmark")} <= statements.keys()


@pytest.mark.parametrize("name", ["AWSServiceRoleForECS", "ecs.amazonaws.com"])
def test_a_policy_needs_both_names(name: str) -> None:
    """It is printed without credentials."""
    result = run_command("policy", "--audit", name)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"slr-constructs: unknown role '{name}'. ")
    assert result.stderr.endswith(f". Name any other role with its principal, as {BOTH}\n")


def test_the_last_use_is_not_listed(others: FakeAccount) -> None:
    """IAM's list of roles has neither tags nor the last use, so each role is read."""
    others.roles[ECS.role_name].last_used = (datetime.now(UTC), DUBLIN)

    assert audited("ecs.amazonaws.com")[ECS.role_name]["used_by_unknown"] is True
