"""The objects that a stack has only once, and the features that an owner can have only once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, NestedStack, Stack, aws_chime
from constructs import Construct

from slr_constructs import UsageError
from slr_constructs.handler.slr_handler.contract import (
    MediaPackageChannelLogging,
    MediaTailorAsRunLogging,
    VoiceConnectorStreaming,
)
from slr_constructs.stack_parts import claim, parts_of

if TYPE_CHECKING:
    from aws_cdk import CfnResource

AS_RUN = MediaTailorAsRunLogging(channel_name="live")
ACCESS = MediaPackageChannelLogging(channel_id="live", ingress="OFF", egress="DEFAULT_GROUP")
AS_RUN_NAMES = {"owner_type": "channel", "feature_name": "as-run logging"}


def owner_in(scope: Construct) -> CfnResource:
    """Define an owner of features."""
    return aws_chime.CfnVoiceConnector(scope, "Owner", name="lines", require_encryption=True)


def test_all_constructs_of_a_stack_share_its_parts(stack: Stack) -> None:
    """The depth of a construct does not matter."""
    deep = Construct(Construct(stack, "One"), "Two")

    assert parts_of(deep) is parts_of(stack)
    assert parts_of(deep).stack is stack


def test_a_nested_stack_has_parts_of_its_own(stack: Stack) -> None:
    """A nested stack has its own template."""
    assert parts_of(NestedStack(stack, "Nested")) is not parts_of(stack)


def test_two_apps_share_nothing() -> None:
    """Stacks with the same name in two apps are different stacks."""
    assert parts_of(Stack(App(), "Stack")) is not parts_of(Stack(App(), "Stack"))


def test_the_region_is_known_if_the_stack_has_an_environment() -> None:
    """A stack with an environment is deployed to only one region."""
    stack = Stack(App(), "Stack", env={"region": "eu-central-1"})

    assert parts_of(stack).region == "eu-central-1"


def test_the_region_is_not_known_if_the_stack_has_no_environment(stack: Stack) -> None:
    """The region is a token then."""
    assert parts_of(stack).region is None


def test_owners_of_different_services_may_have_the_same_name(stack: Stack) -> None:
    """A claim is for a feature of an owner, not for a name."""
    claim(Construct(stack, "One"), AS_RUN, "live", **AS_RUN_NAMES)
    claim(
        Construct(stack, "Two"), ACCESS, "live", owner_type="channel", feature_name="access logging"
    )

    assert len(parts_of(stack).features) == 2


def test_two_stacks_may_claim_an_existing_owner() -> None:
    """The stacks may have different accounts and regions, so the name may have two owners."""
    app = App()

    for name in ("One", "Two"):
        feature = Construct(Stack(app, name), "Feature")
        claim(feature, AS_RUN, "live", **AS_RUN_NAMES)
        assert list(parts_of(feature).features.values()) == [feature]


def test_fails_when_an_existing_owner_is_claimed_twice(stack: Stack) -> None:
    """The message names the first construct."""
    claim(Construct(stack, "First"), AS_RUN, "live", **AS_RUN_NAMES)

    with pytest.raises(UsageError) as refused:
        claim(Construct(stack, "Second"), AS_RUN, "live", **AS_RUN_NAMES)

    assert str(refused.value) == (
        "Stack/Second: Stack/First already configures as-run logging for channel 'live'."
        " Remove one of them. [FeatureSetTwice]"
    )


def test_fails_when_one_construct_claims_an_owner_twice(stack: Stack) -> None:
    """A construct cannot configure a feature again either."""
    feature = Construct(stack, "Feature")
    claim(feature, AS_RUN, "live", **AS_RUN_NAMES)

    with pytest.raises(UsageError) as refused:
        claim(feature, AS_RUN, "live", **AS_RUN_NAMES)

    assert str(refused.value) == (
        "Stack/Feature: Stack/Feature already configures as-run logging for channel 'live'."
        " Remove one of them. [FeatureSetTwice]"
    )


def test_fails_when_two_stacks_claim_an_owner_of_the_app() -> None:
    """An owner of the app can have a feature only once, in any stack."""
    app = App()
    owner = owner_in(Stack(app, "Owners"))
    first, second = Construct(Stack(app, "One"), "First"), Construct(Stack(app, "Two"), "Second")
    calls = VoiceConnectorStreaming(
        voice_connector_id=owner.ref,
        data_retention_in_hours=0,
        notification_targets=("EventBridge",),
    )
    claim(first, calls, owner, owner_type="Voice Connector", feature_name="streaming")

    with pytest.raises(UsageError) as refused:
        claim(second, calls, owner, owner_type="Voice Connector", feature_name="streaming")

    assert str(refused.value) == (
        "Two/Second: One/First already configures streaming for Voice Connector Owners/Owner."
        " Remove one of them. [FeatureSetTwice]"
    )
