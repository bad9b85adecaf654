"""Accounts with roles that are in use, by resources of stacks and by others, in two regions."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING, Any

from slr_constructs.catalogue import with_superseded_roles
from slr_constructs.handler.slr_handler.marks import MARK_TAG
from slr_constructs.handler.slr_handler.operations.service_linked_role import LEASE_TAG
from tests.account import specimens
from tests.emulated.people import REGIONS
from tests.emulated.recipes import prepared
from tests.fake_services import features
from tests.fake_services.connected import ACCOUNT
from tests.features.every_feature import RECIPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slr_constructs.catalogue import RoleDefinition
    from tests.account.specimens import Specimen
    from tests.emulated.stacks import Account, Template

_HOME, _ABROAD = REGIONS
#: a channel refers to a recording configuration, which is therefore created first.
_SPECIMENS = sorted(specimens.ALL, key=lambda each: each is specimens.IVS_CHANNEL)
#: their owners have the same names as those of "live" and "existing-vod".
_OF_THE_SAME_NAME = ("existing-live", "vod")


def missing_stack(account: Account) -> str:
    """Return the id of a stack that does not exist."""
    return f"arn:aws:cloudformation:{_HOME}:{account.id}:stack/Gone/00000000-0000-0000-0000-0"


def acquire_lease(account: Account, role_name: str, stack_id: str) -> str:
    """Add a stack's lease to a role, and return the tag's key."""
    iam = account.emulator.client("iam", account.id, _HOME)
    key = LEASE_TAG + hashlib.sha256(stack_id.encode()).hexdigest()[:32]
    iam.tag_role(RoleName=role_name, Tags=[{"Key": key, "Value": stack_id}])
    return key


def mark_owners(account: Account, definition: RoleDefinition) -> list[features.TargetResource]:
    """Mark a resource of each type for the missing stack, and return these resources."""
    kinds = {
        each.fake
        for each in _SPECIMENS
        if each.fake.definition is definition and each.kind.resource_type.calls.tags
    }
    owners = {each.kind: each for each in _targets(account) if each.kind in kinds}
    assert {*owners} == kinds
    for owner in owners.values():
        owner.set_tags({f"{MARK_TAG}0": missing_stack(account)})
    return [*owners.values()]


def furnish(account: Account, definitions: Iterable[RoleDefinition], *recipes: str) -> None:
    """Create roles and their usages in an account, and a lease of a missing stack on each role.

    Args:
        account: The account.

        definitions: The roles. The older roles that they supersede are created too.

        recipes: The names of the recipes whose stacks are deployed in us-east-1.
    """
    for name in recipes:
        assert account.deploy(stack_of(account, name)).succeeded
    for definition in with_superseded_roles(definitions):
        if not account.emulator.roles.exists(account.id, definition.role_name):
            account.emulator.roles.make(account.id, definition)
        acquire_lease(account, definition.role_name, missing_stack(account))
    for definition in definitions:
        for specimen in _SPECIMENS:
            if specimen.fake.definition is definition:
                for number, region in enumerate(REGIONS):
                    add(account, specimen, number, region)


def stack_of(account: Account, recipe: str) -> Template:
    """Return a recipe's stack with the recipe's name."""
    return dataclasses.replace(prepared(account, recipe), name=recipe)


def add(account: Account, specimen: Specimen, number: int, region: str) -> features.TargetResource:
    """Add a resource whose feature is enabled and that no stack created."""
    settings = json.dumps(specimen.settings)
    if specimen is specimens.IVS_CHANNEL:
        recorder = specimens.RECORDING_CONFIGURATION
        last = recorder.last(number)
        arn = recorder.fake.arn(ACCOUNT, region, last)
        settings = json.dumps({"recordingConfigurationArn": arn})
    own = json.loads(settings.replace(ACCOUNT, account.id).replace(_HOME, region))
    data = {**specimen.off, **specimen.kept(own)}
    if specimen is specimens.RECORDING_CONFIGURATION:
        # a recording configuration gets a new ARN when it is created again; its name identifies it
        data |= {"name": f"archive-{number}"}
    return account.emulator.features.add(
        specimen.fake, account.id, region, specimen.last(number), data
    )


def recipes_of(*definitions: RoleDefinition) -> list[str]:
    """Return the names of a role's recipes that can be deployed together."""
    return [
        name
        for name, recipe in RECIPES.items()
        if recipe.definition in definitions and name not in _OF_THE_SAME_NAME
    ]


def usages(account: Account, definition: RoleDefinition) -> dict[str, list[str]]:
    """Return the usages of a role according to the emulator: ARNs by region."""
    role_name = definition.superseded_by or definition.role_name
    found = {
        region: {*arns}
        for region, arns in account.emulator.features.uses(account.id, role_name).items()
    }
    if definition is features.IVS_CHANNEL.definition:
        # channels use the role only through their recording configuration
        for target in _targets(account):
            if target.kind is features.IVS_CHANNEL and target.data["recordingConfigurationArn"]:
                found.setdefault(target.region, set()).add(target.arn)
    return {region: sorted(arns) for region, arns in sorted(found.items())}


def snapshot(account: Account) -> list[str]:
    """Return the state of an account's resources, without ARNs of recording configurations."""
    targets = _targets(account)
    settled = {
        target.arn: f"recorder {number}"
        for number, target in enumerate(
            sorted(
                (each for each in targets if each.kind is features.RECORDING_CONFIGURATION),
                key=lambda each: (each.region, json.dumps(_without_arn(each), sort_keys=True)),
            )
        )
    }
    found = []
    for target in targets:
        text = json.dumps([target.kind.resource, target.region, target.data], sort_keys=True)
        for arn, name in settled.items():
            text = text.replace(arn, name)
        found.append(text)
    return sorted(found)


def _without_arn(target: features.TargetResource) -> dict[str, Any]:
    return {name: value for name, value in target.data.items() if name != target.kind.arn_member}


def _targets(account: Account) -> list[features.TargetResource]:
    everywhere = account.emulator.features
    with everywhere.lock:
        return [each for each in everywhere._targets.values() if each.account == account.id]
