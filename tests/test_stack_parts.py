"""What a stack has one of, and what an owner can be given once."""

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


def owner_in(scope: Construct) -> CfnResource:
    """Define something that features are set for."""
    return aws_chime.CfnVoiceConnector(scope, "Owner", name="lines", require_encryption=True)


def test_all_constructs_of_a_stack_share_its_parts(stack: Stack) -> None:
    """However deep they are."""
    deep = Construct(Construct(stack, "One"), "Two")

    assert parts_of(deep) is parts_of(stack)
    assert parts_of(deep).stack is stack


def test_a_nested_stack_has_parts_of_its_own(stack: Stack) -> None:
    """Its template is its own."""
    assert parts_of(NestedStack(stack, "Nested")) is not parts_of(stack)


def test_two_apps_share_nothing() -> None:
    """Stacks of one name are two stacks."""
    assert parts_of(Stack(App(), "Stack")) is not parts_of(Stack(App(), "Stack"))


def test_the_region_is_known_if_the_stack_says_it() -> None:
    """A stack with an environment is deployed to one region."""
    stack = Stack(App(), "Stack", env={"region": "eu-central-1"})

    assert parts_of(stack).region == "eu-central-1"


def test_the_region_is_not_known_if_the_stack_is_deployed_anywhere(stack: Stack) -> None:
    """A token is nobody's region."""
    assert parts_of(stack).region is None


def test_one_name_may_be_that_of_owners_of_several_services(stack: Stack) -> None:
    """What is claimed is a feature of an owner, not a name."""
    claim(Construct(stack, "One"), AS_RUN, "channel", "live")
    claim(Construct(stack, "Two"), ACCESS, "channel", "live")

    assert len(parts_of(stack).features) == 2


def test_two_stacks_may_claim_what_exists() -> None:
    """Accounts and regions of stacks may differ, so a name says nothing beyond its stack."""
    app = App()

    for name in ("One", "Two"):
        feature = Construct(Stack(app, name), "Feature")
        claim(feature, AS_RUN, "channel", "live")
        assert list(parts_of(feature).features.values()) == [feature]


def test_fails_when_an_existing_owner_is_claimed_twice(stack: Stack) -> None:
    """The message says who was first."""
    claim(Construct(stack, "First"), AS_RUN, "channel", "live")

    with pytest.raises(UsageError) as refused:
        claim(Construct(stack, "Second"), AS_RUN, "channel", "live")

    assert str(refused.value) == (
        "Stack/Second: channel must be set once for one owner (Stack/First sets it),"
        " got 'live' [FeatureSetTwice]"
    )


def test_fails_when_one_construct_claims_an_owner_twice(stack: Stack) -> None:
    """Nor may a construct set a feature again."""
    feature = Construct(stack, "Feature")
    claim(feature, AS_RUN, "channel", "live")

    with pytest.raises(UsageError) as refused:
        claim(feature, AS_RUN, "channel", "live")

    assert str(refused.value) == (
        "Stack/Feature: channel must be set once for one owner (Stack/Feature sets it),"
        " got 'live' [FeatureSetTwice]"
    )


def test_fails_when_two_stacks_claim_an_owner_of_the_app() -> None:
    """An owner of the app is one, whichever stack its features are in."""
    app = App()
    owner = owner_in(Stack(app, "Owners"))
    first, second = Construct(Stack(app, "One"), "First"), Construct(Stack(app, "Two"), "Second")
    calls = VoiceConnectorStreaming(
        voice_connector_id=owner.ref,
        data_retention_in_hours=0,
        notification_targets=("EventBridge",),
    )
    claim(first, calls, "voice_connector", owner)

    with pytest.raises(UsageError) as refused:
        claim(second, calls, "voice_connector", owner)

    assert str(refused.value) == (
        "Two/Second: voice_connector must be set once for one owner (One/First sets it),"
        " got 'Owners/Owner' [FeatureSetTwice]"
    )
