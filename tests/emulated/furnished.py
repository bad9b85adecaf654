"""Accounts with roles in use: by things of stacks and by things of nobody's, in two regions."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING, Any

from slr_constructs.catalogue import with_older_names
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
#: a channel points at a recording configuration, which so comes first.
_SPECIMENS = sorted(specimens.ALL, key=lambda each: each is specimens.IVS_CHANNEL)
#: what these are about is called as that of "live" and "existing-vod".
_OF_THE_SAME_NAME = ("existing-live", "vod")


def gone_stack(account: Account) -> str:
    """Return the id of a stack that is not there."""
    return f"arn:aws:cloudformation:{_HOME}:{account.id}:stack/Gone/00000000-0000-0000-0000-0"


def hold(account: Account, role_name: str, stack_id: str) -> str:
    """Write a lease of a stack on a role, and return the tag's key."""
    iam = account.emulator.client("iam", account.id, _HOME)
    key = LEASE_TAG + hashlib.sha256(stack_id.encode()).hexdigest()[:32]
    iam.tag_role(RoleName=role_name, Tags=[{"Key": key, "Value": stack_id}])
    return key


def furnish(account: Account, definitions: Iterable[RoleDefinition], *recipes: str) -> None:
    """Put roles into an account, and what uses them, and a lease of a stack that is gone on each.

    Args:
        account: The account.

        definitions: The roles; with each, those whose place it took.

        recipes: Stacks that are deployed in us-east-1, by their names among the recipes.
    """
    for name in recipes:
        assert account.deploy(stack_of(account, name)).well
    for definition in with_older_names(definitions):
        if not account.emulator.roles.exists(account.id, definition.role_name):
            account.emulator.roles.make(account.id, definition)
        hold(account, definition.role_name, gone_stack(account))
    for definition in definitions:
        for specimen in _SPECIMENS:
            if specimen.fake.definition is definition:
                for number, region in enumerate(REGIONS):
                    add(account, specimen, number, region)


def stack_of(account: Account, recipe: str) -> Template:
    """Return a recipe's stack under the recipe's name."""
    return dataclasses.replace(prepared(account, recipe), name=recipe)


def add(account: Account, specimen: Specimen, number: int, region: str) -> features.Thing:
    """Put a thing there whose feature is on, and that no stack made."""
    settings = json.dumps(specimen.settings)
    if specimen is specimens.IVS_CHANNEL:
        recorder = specimens.RECORDING_CONFIGURATION
        last = recorder.last(number)
        arn = recorder.fake.arn(ACCOUNT, region, last)
        settings = json.dumps({"recordingConfigurationArn": arn})
    own = json.loads(settings.replace(ACCOUNT, account.id).replace(_HOME, region))
    data = {**specimen.off, **specimen.kept(own)}
    if specimen is specimens.RECORDING_CONFIGURATION:
        # one is made again under another ARN, and known by its name
        data |= {"name": f"archive-{number}"}
    return account.emulator.features.add(
        specimen.fake, account.id, region, specimen.last(number), data
    )


def recipes_of(*definitions: RoleDefinition) -> list[str]:
    """Return recipes of roles that can be deployed together, by name."""
    return [
        name
        for name, recipe in RECIPES.items()
        if recipe.definition in definitions and name not in _OF_THE_SAME_NAME
    ]


def users(account: Account, definition: RoleDefinition) -> dict[str, list[str]]:
    """Return what uses a role, as the emulator knows it: ARNs by region."""
    role_name = definition.superseded_by or definition.role_name
    found = {
        region: {*arns}
        for region, arns in account.emulator.features.uses(account.id, role_name).items()
    }
    if definition is features.IVS_CHANNEL.definition:
        # these use the role only through what records them
        for thing in _things(account):
            if thing.kind is features.IVS_CHANNEL and thing.data["recordingConfigurationArn"]:
                found.setdefault(thing.region, set()).add(thing.arn)
    return {region: sorted(arns) for region, arns in sorted(found.items())}


def looks(account: Account) -> list[str]:
    """Return an account's things as they are, whatever ARNs recording configurations have."""
    things = _things(account)
    settled = {
        thing.arn: f"recorder {number}"
        for number, thing in enumerate(
            sorted(
                (each for each in things if each.kind is features.RECORDING_CONFIGURATION),
                key=lambda each: (each.region, json.dumps(_without_arn(each), sort_keys=True)),
            )
        )
    }
    told = []
    for thing in things:
        text = json.dumps([thing.kind.resource, thing.region, thing.data], sort_keys=True)
        for arn, name in settled.items():
            text = text.replace(arn, name)
        told.append(text)
    return sorted(told)


def _without_arn(thing: features.Thing) -> dict[str, Any]:
    return {name: value for name, value in thing.data.items() if name != thing.kind.arn_member}


def _things(account: Account) -> list[features.Thing]:
    everywhere = account.emulator.features
    with everywhere.lock:
        return [each for each in everywhere._things.values() if each.account == account.id]
