"""Roles that the catalogue does not have: deployed with a custom suffix, found, and released."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from slr_constructs import ServiceLinkedRole
from slr_constructs.catalogue import RoleDefinition
from tests.emulated.furnished import acquire_lease, missing_stack
from tests.emulated.people import REGIONS, Person, policy
from tests.emulated.stacks import synthesized

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aws_cdk import Stack

    from tests.emulated.stacks import Account, Template

ECS = RoleDefinition("AWSServiceRoleForECS", "ecs.amazonaws.com")
BOTH = f"{ECS.service_principal}/{ECS.role_name}"
AUTO_SCALING = ("AWSServiceRoleForAutoScaling", "autoscaling.amazonaws.com")
#: the statements that the roles of the catalogue do not need.
_OF_OTHERS = ("ListRoles", "FindOtherRoles", "ReleaseRoles")


def test_every_permission_to_drop_the_leases_of_all_roles_is_needed(
    account: Account, tally: Callable[..., None]
) -> None:
    """Without any of the actions, the command reports the missing one."""
    account.emulator.roles.make(account.id, ECS)
    stack = missing_stack(account)
    document = policy("--leases", "--account", account.id)
    person = Person(account, regions=REGIONS)
    drop = ("leases", "--drop-deleted", "--yes")

    cuts = 0
    for statement in document["Statement"]:
        if statement["Sid"] not in _OF_OTHERS:
            continue
        actions = statement["Action"]
        for action in actions if isinstance(actions, list) else [actions]:
            cuts += 1
            acquire_lease(account, ECS.role_name, stack)
            less = [each for each in document["Statement"] if each is not statement]
            if isinstance(actions, list):
                rest = [each for each in actions if each != action]
                less.append({**statement, "Action": rest})
            person.may({**document, "Statement": less})
            result = person.run(*drop)
            assert result.exit_code == 1, (action, result.output)
            assert f"perform: {action} " in result.output
            assert stack in account.emulator.roles.tags(account.id, ECS.role_name).values()
    person.may(document)
    result = person.run(*drop)
    assert result.exit_code == 0, result.output
    assert account.emulator.roles.tags(account.id, ECS.role_name) == {}
    tally("account permissions", actions_taken_out_of_leases=cuts)


@pytest.mark.parametrize("command", [("audit", BOTH), ("leases", BOTH)], ids=lambda each: each[0])
def test_any_role_is_read_with_its_policy(command: tuple[str, ...], account: Account) -> None:
    """The policy for the role is enough."""
    account.emulator.roles.make(account.id, ECS)
    stack = missing_stack(account)
    acquire_lease(account, ECS.role_name, stack)
    person = Person(account, regions=REGIONS)
    person.may(policy("--audit", BOTH, "--account", account.id))

    result = person.run(*command, "--format", "json")

    assert (result.exit_code, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    (role,) = report["accounts"][0]["roles"] if command[0] == "audit" else [report]
    assert [each["stack"] for each in role["leases"]] == [stack]


def test_any_role_is_released_with_its_policy(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IAM decides whether it is in use."""
    monkeypatch.chdir(tmp_path)
    account.emulator.roles.make(account.id, ECS)
    acquire_lease(account, ECS.role_name, missing_stack(account))
    person = Person(account, regions=REGIONS)
    person.may(policy("--release", BOTH, "--account", account.id))

    result = person.run("release", BOTH, "--yes")

    assert result.exit_code == 0, result.output
    assert not account.emulator.roles.exists(account.id, ECS.role_name)


def _with_suffix(suffix: str) -> Template:
    definition = RoleDefinition(*AUTO_SCALING, custom_suffix=suffix)

    def define(stack: Stack) -> None:
        ServiceLinkedRole(stack, "Role", definition=definition)

    return synthesized(define, name=suffix)


def test_roles_with_custom_suffixes_come_and_go_with_their_stacks(account: Account) -> None:
    """The permissions of the function are enough, and another suffix is another role."""
    roles = account.emulator.roles
    stacks = {suffix: _with_suffix(suffix) for suffix in ("one", "two")}
    for each in stacks.values():
        assert account.deploy(each).succeeded
    names = [f"{AUTO_SCALING[0]}_{suffix}" for suffix in stacks]
    assert roles.of(account.id) == names

    assert account.destroy(stacks["one"]).succeeded
    assert roles.of(account.id) == names[1:]
    assert account.destroy(stacks["two"]).succeeded
    assert roles.of(account.id) == []
