"""Findings about regions without an endpoint of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk
import pytest
from aws_cdk import aws_chime

from slr_constructs import AppInstanceStreaming, MessagingStream
from slr_constructs.guard.rules.region_not_offered import RULE, findings
from tests.features.every_feature import RECIPES
from tests.templates.apps import read_back

if TYPE_CHECKING:
    from slr_constructs.guard.rule import Finding


def region(define: str, name: str, *, environment: str | None) -> list[Finding]:
    """Return the findings about a feature in a region."""
    recipe = RECIPES[define]

    def app(scope: aws_cdk.App) -> None:
        env = aws_cdk.Environment(region=environment) if environment else None
        recipe.define(aws_cdk.Stack(scope, name, env=env), "a", None)

    return list(findings(read_back(app)))


@pytest.mark.parametrize("name", RECIPES)
def test_a_region_without_the_service_is_found(name: str) -> None:
    """The feature is reported once; unknown and supported regions are not reported."""
    found = region(name, "Show", environment="eu-south-2")

    assert {each.rule for each in found} == {RULE}
    assert len({each.resource for each in found}) == len(found)
    assert region(name, "Show", environment="eu-central-1") == []
    assert region(name, "Show", environment=None) == []


def test_the_finding_about_a_region_lists_the_supported_regions() -> None:
    """The warning of the construct lists them too."""

    def define(app: aws_cdk.App) -> None:
        stack = aws_cdk.Stack(app, "Show", env=aws_cdk.Environment(region="eu-west-1"))
        connector = aws_chime.CfnAppInstance(stack, "Chat", name="chat")
        stream = MessagingStream(stack, "Stream")
        AppInstanceStreaming(
            stack, "Streaming", app_instance=connector, channels=stream, channel_messages=None
        )

    (finding,) = findings(read_back(define))
    assert finding.text == (
        "`Streaming/Resource` configures message streaming, but according to botocore"
        " messaging.chime.amazonaws.com is not offered in eu-west-1; it is offered in eu-central-1,"
        " us-east-1"
    )
