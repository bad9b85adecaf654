"""Each feature is deployed, enabled, and destroyed without leaving anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integ.deployed import deployed, resources
from tests.integ.stacks import FEATURES, SAMPLE_APP, Feature

if TYPE_CHECKING:
    from tests.cdk_command_line import CommandLine
    from tests.integ.sandbox import Sandbox


@pytest.mark.parametrize("feature", FEATURES, ids=lambda each: each.stack)
def test_a_feature_is_enabled_and_leaves_nothing(
    sandbox: Sandbox, cdk: CommandLine, feature: Feature
) -> None:
    """The role exists and the feature is enabled; nothing is left when the stack is destroyed."""
    with deployed(sandbox, cdk, feature.stack):
        assert f"role {feature.role.role_name}" in resources(sandbox)
        assert feature.is_enabled(sandbox, feature.stack)


def test_the_sample_app_leaves_nothing(sandbox: Sandbox, cdk: CommandLine) -> None:
    """Its five stacks create all roles, and the last one that is destroyed deletes each role."""
    with deployed(sandbox, cdk, *SAMPLE_APP):
        found = resources(sandbox)
        missing = {f"role {each.role.role_name}" for each in FEATURES} - found
        assert missing == set()
