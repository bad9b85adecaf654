"""The features that an owner can have only once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Stack, aws_chime
from constructs import Construct

from slr_constructs import UsageError
from slr_constructs._feature import Feature, already_configured, claim
from slr_constructs._registry import parts_of
from slr_constructs.catalogue.mediapackage_logging import CHANNEL as LIVE_CHANNEL
from slr_constructs.catalogue.mediatailor_logging import CHANNEL
from slr_constructs.catalogue.voice_connector_streaming import VOICE_CONNECTOR
from slr_constructs.handler.slr_handler.contract import (
    MediaPackageChannelLogging,
    MediaTailorAsRunLogging,
    VoiceConnectorStreaming,
)

if TYPE_CHECKING:
    from aws_cdk import CfnResource

AS_RUN = MediaTailorAsRunLogging(channel_name="live")
ACCESS = MediaPackageChannelLogging(channel_id="live", ingress="OFF", egress="DEFAULT_GROUP")


def owner_in(scope: Construct) -> CfnResource:
    """Define an owner of features."""
    return aws_chime.CfnVoiceConnector(scope, "Owner", name="lines", require_encryption=True)


def test_a_feature_is_in_the_stack_of_its_scope(stack: Stack) -> None:
    """It is a construct."""
    assert parts_of(Feature(Construct(stack, "Scope"), "Feature")) is parts_of(stack)


def test_owners_of_different_services_may_have_the_same_name(stack: Stack) -> None:
    """A claim is for a feature of an owner, not for a name."""
    claim(Construct(stack, "One"), CHANNEL, AS_RUN, "live")
    claim(Construct(stack, "Two"), LIVE_CHANNEL, ACCESS, "live")

    assert len(parts_of(stack).features) == 2


def test_two_stacks_may_claim_an_existing_owner() -> None:
    """The stacks may have different accounts and regions, so the name may have two owners."""
    app = App()

    for name in ("One", "Two"):
        feature = Construct(Stack(app, name), "Feature")
        claim(feature, CHANNEL, AS_RUN, "live")
        assert list(parts_of(feature).features.values()) == [feature]


def test_fails_when_an_existing_owner_is_claimed_twice(stack: Stack) -> None:
    """The message names the first construct."""
    claim(Construct(stack, "First"), CHANNEL, AS_RUN, "live")

    with pytest.raises(UsageError) as refused:
        claim(Construct(stack, "Second"), CHANNEL, AS_RUN, "live")

    assert str(refused.value) == (
        "Stack/Second: Stack/First already configures as-run logging for MediaTailor channel"
        " 'live'. Remove one of them. [FeatureSetTwice]"
    )


def test_fails_when_one_construct_claims_an_owner_twice(stack: Stack) -> None:
    """A construct cannot configure a feature again either."""
    feature = Construct(stack, "Feature")
    claim(feature, CHANNEL, AS_RUN, "live")

    with pytest.raises(UsageError) as refused:
        claim(feature, CHANNEL, AS_RUN, "live")

    assert str(refused.value) == (
        "Stack/Feature: Stack/Feature already configures as-run logging for MediaTailor channel"
        " 'live'. Remove one of them. [FeatureSetTwice]"
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
    claim(first, VOICE_CONNECTOR, calls, owner)

    with pytest.raises(UsageError) as refused:
        claim(second, VOICE_CONNECTOR, calls, owner)

    assert str(refused.value) == (
        "Two/Second: One/First already configures media streaming for Voice Connector Owners/Owner."
        " Remove one of them. [FeatureSetTwice]"
    )


def test_an_owner_with_a_native_property_already_has_the_feature(stack: Stack) -> None:
    """The message names what the owner has."""
    error = already_configured(Construct(stack, "Logs"), owner_in(stack), "a log configuration")

    assert str(error) == (
        "Stack/Logs: Stack/Owner already has a log configuration, from its own properties or from"
        " another construct. Remove one of them. [FeatureSetTwice]"
    )
