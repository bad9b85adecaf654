"""A stack for every feature, on every kind of owner."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import TYPE_CHECKING

from tests.emulated.stacks import synthesized_together
from tests.fake_services import features
from tests.features import every_feature
from tests.features.every_feature import RECIPES

if TYPE_CHECKING:
    from aws_cdk import Stack

    from tests.emulated.stacks import Account, Template
    from tests.fake_services.features import Kind
    from tests.features.every_feature import Recipe

_REGION = "us-east-1"
_LETTER = "a"

#: the recipe that tests each type of a feature's custom resource.
RECIPE_OF = {
    "Custom::VoiceConnectorStreaming": "voice",
    "Custom::AppInstanceStreaming": "chat",
    "Custom::IvsChannelRecording": "existing-recording",
    "Custom::MediaTailorSessionLogging": "existing-sessions",
    "Custom::MediaTailorSessionLoggingCleanUp": "sessions",
    "Custom::MediaTailorAsRunLogging": "existing-as-run",
    "Custom::MediaTailorAsRunLoggingCleanUp": "as-run",
    "Custom::MediaPackageChannelLogging": "existing-live",
    "Custom::MediaPackageChannelLoggingCleanUp": "live",
    "Custom::MediaPackagePackagingGroupLogging": "existing-vod",
    "Custom::MediaPackagePackagingGroupLoggingCleanUp": "vod",
}

#: the existing owner that each recipe needs: its kind and name.
_EXISTING: dict[str, tuple[Kind, str]] = {
    "existing-voice": (features.VOICE_CONNECTOR, _LETTER * 22),
    "existing-chat": (features.APP_INSTANCE, _LETTER),
    "existing-recording": (features.IVS_CHANNEL, _LETTER),
    "existing-sessions": (features.PLAYBACK_CONFIGURATION, _LETTER),
    "existing-as-run": (features.LINEAR_CHANNEL, _LETTER),
    "existing-live": (features.LIVE_CHANNEL, _LETTER),
    "existing-vod": (features.PACKAGING_GROUP, _LETTER),
}


def prepared(account: Account, recipe: str) -> Template:
    """Return a recipe's stack for an account, and create its owner if the stack does not.

    Args:
        account: The account in which the stack will be deployed, in us-east-1.

        recipe: The name of the recipe in `RECIPES`.
    """
    if recipe in _EXISTING:
        kind, name = _EXISTING[recipe]
        account.emulator.features.add(kind, account.id, _REGION, name)
    template = templates_of_recipes()[recipe]
    body = json.dumps(template.body).replace(every_feature.ACCOUNT, account.id)
    return dataclasses.replace(template, body=json.loads(body))


@functools.cache
def templates_of_recipes() -> dict[str, Template]:
    """Return the recipes' stacks by name; their existing owners are in the account of `RECIPES`."""
    return {
        recipe: dataclasses.replace(template, name="Stack")
        for recipe, template in synthesized_together(
            {name: functools.partial(_define, recipe) for name, recipe in RECIPES.items()}
        ).items()
    }


def _define(recipe: Recipe, stack: Stack) -> None:
    recipe.define(stack, _LETTER, None)
