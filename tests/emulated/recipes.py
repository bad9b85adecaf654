"""A stack for every feature, on every kind of owner."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
from types import MappingProxyType
from typing import TYPE_CHECKING

from tests.emulated.stacks import synthesized_together
from tests.fake_services import features
from tests.features import every_feature
from tests.features.every_feature import RECIPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import Stack

    from tests.emulated.stacks import Account, Template
    from tests.fake_services.features import Kind
    from tests.features.every_feature import Recipe

_REGION = "us-east-1"
_LETTER = "a"

#: the first recipe that has each type of a feature's custom resource.
RECIPE_OF = {
    each.clean_up: name
    for name, each in reversed(RECIPES.items())
    if each.clean_up.startswith("Custom::")
}

#: the properties that an update changes, by type. A clean-up resource has no property to change.
CHANGES: dict[str, dict[str, object]] = {
    "Custom::ServiceLinkedRole": {"Description": "Another one"},
    "Custom::VoiceConnectorStreaming": {"DataRetentionInHours": 48},
    # the resource is replaced, and the channel then refers to the new one
    "AWS::IVS::RecordingConfiguration": {"Name": "another"},
    "Custom::MediaTailorSessionLogging": {"PercentEnabled": 50},
    "Custom::MediaPackageChannelLogging": {"Ingress": "OFF"},
    "Custom::MediaPackagePackagingGroupLogging": {"Egress": "/aws/MediaPackage/another"},
}

#: the kind of the existing owner that each recipe needs.
EXISTING: dict[str, Kind] = {
    "existing-voice": features.VOICE_CONNECTOR,
    "existing-chat": features.APP_INSTANCE,
    "existing-recording": features.IVS_CHANNEL,
    "existing-sessions": features.PLAYBACK_CONFIGURATION,
    "existing-as-run": features.LINEAR_CHANNEL,
    "existing-live": features.LIVE_CHANNEL,
    "existing-vod": features.PACKAGING_GROUP,
}


def add_existing(account: Account, recipe: str, letter: str = _LETTER) -> None:
    """Create the existing owner that a recipe needs.

    Args:
        account: The account in which the stack will be deployed, in us-east-1.

        recipe: The name of the recipe in `RECIPES`.

        letter: Distinguishes the owners.
    """
    kind = EXISTING[recipe]
    # the id of a Voice Connector has 22 characters
    name = letter * (22 if kind is features.VOICE_CONNECTOR else 1)
    account.emulator.features.add(kind, account.id, _REGION, name)


def prepared(account: Account, recipe: str, letter: str = _LETTER) -> Template:
    """Return a recipe's stack for an account, and create its owner if the stack does not.

    Args:
        account: The account in which the stack will be deployed, in us-east-1.

        recipe: The name of the recipe in `RECIPES`.

        letter: Distinguishes the owners.
    """
    if recipe in EXISTING:
        add_existing(account, recipe, letter)
    template = templates_of_recipes(letter)[recipe]
    body = json.dumps(template.body).replace(every_feature.ACCOUNT, account.id)
    return dataclasses.replace(template, body=json.loads(body))


@functools.cache
def templates_of_recipes(letter: str = _LETTER) -> dict[str, Template]:
    """Return the recipes' stacks by name; their existing owners are in the account of `RECIPES`."""
    return {
        recipe: dataclasses.replace(template, name="Stack")
        for recipe, template in synthesized_together(
            {name: functools.partial(_define, recipe, letter) for name, recipe in RECIPES.items()}
        ).items()
    }


def _define(recipe: Recipe, letter: str, stack: Stack) -> None:
    recipe.define(stack, letter, None)


def changed(
    template: Template, changes: Mapping[str, Mapping[str, object]] = MappingProxyType(CHANGES)
) -> Template:
    """Return a template with the properties that an update changes."""
    body = copy.deepcopy(dict(template.body))
    for resource in body["Resources"].values():
        properties = resource.setdefault("Properties", {})
        properties |= changes.get(resource["Type"], {})
        for name in [name for name, value in properties.items() if value is None]:
            del properties[name]
    return dataclasses.replace(template, body=body)


def failing_after(template: Template, seconds: int) -> Template:
    """Return a template with one more resource, which fails some seconds after it has started.

    It does not depend on other resources. CloudFormation works on it beside them, and cancels those
    that it still works on when it fails.
    """
    signal = {"ResourceSignal": {"Timeout": f"PT{seconds}S"}}
    resources = {
        **template.body["Resources"],
        "NeverReady": {"Type": "AWS::CloudFormation::WaitCondition", "CreationPolicy": signal},
    }
    return dataclasses.replace(template, body={**template.body, "Resources": resources})
