"""MediaTailor logs: native properties, clean-up resources, order and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, CfnParameter, NestedStack, Stack
from aws_cdk.aws_mediatailor import CfnChannel, CfnPlaybackConfiguration
from constructs import Construct

from slr_constructs import (
    LoggingStrategy,
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    ServiceLinkedRole,
    UsageError,
    catalogue,
)
from slr_constructs.catalogue.mediatailor_logging import EVENT_TYPES
from slr_constructs.testing import resources_of, template_of
from tests.features.every_feature import linear_channel, playback_configuration
from tests.features.graph import (
    ROLE,
    actions_of,
    id_of,
    ids_of,
    is_type_first,
    policy_of,
    properties_of,
)

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

PLAYBACK = "AWS::MediaTailor::PlaybackConfiguration"
CHANNEL = "AWS::MediaTailor::Channel"
SESSIONS = "Custom::MediaTailorSessionLogging"
SESSIONS_CLEAN_UP = "Custom::MediaTailorSessionLoggingCleanUp"
AS_RUN = "Custom::MediaTailorAsRunLogging"
AS_RUN_CLEAN_UP = "Custom::MediaTailorAsRunLoggingCleanUp"


def received(stack: Stack, kind: str) -> dict[str, Any]:
    """Return the properties that the function receives."""
    properties = properties_of(template_of(stack), kind)
    return {
        name: each
        for name, each in properties.items()
        if name not in ("ServiceToken", "ServiceTimeout")
    }


def log_configuration(stack: Stack, kind: str) -> dict[str, Any]:
    """Return the native property of the owner."""
    found: dict[str, Any] = properties_of(template_of(stack), kind)["LogConfiguration"]
    return found


def test_all_sessions_of_an_owner_in_the_app_are_logged_by_default(stack: Stack) -> None:
    """The native property has 100 percent, and the strategy that uses the role."""
    MediaTailorSessionLogging(stack, "Logs", playback_configuration=playback_configuration(stack))

    assert log_configuration(stack, PLAYBACK) == {
        "PercentEnabled": 100,
        "EnabledLoggingStrategies": ["LEGACY_CLOUDWATCH"],
    }


@pytest.mark.parametrize(
    "strategies",
    [
        [LoggingStrategy.VENDED_LOGS],
        [LoggingStrategy.LEGACY_CLOUDWATCH, LoggingStrategy.VENDED_LOGS],
    ],
    ids=["vended", "both"],
)
def test_the_logging_strategies_are_chosen(stack: Stack, strategies: list[LoggingStrategy]) -> None:
    """The native property and the function receive AWS's own names."""
    ads = playback_configuration(stack)
    MediaTailorSessionLogging(
        stack, "Logs", playback_configuration=ads, enabled_logging_strategies=strategies
    )
    MediaTailorSessionLogging(
        stack, "Existing", playback_configuration="other", enabled_logging_strategies=strategies
    )

    names = [each.value for each in strategies]
    assert log_configuration(stack, PLAYBACK)["EnabledLoggingStrategies"] == names
    assert received(stack, SESSIONS)["EnabledLoggingStrategies"] == names


@pytest.mark.parametrize(
    "strategies", [[], [LoggingStrategy.VENDED_LOGS] * 2], ids=["none", "twice"]
)
def test_fails_when_strategies_are_missing_or_repeated(
    stack: Stack, strategies: list[LoggingStrategy]
) -> None:
    """An empty list would configure no logs."""
    with pytest.raises(UsageError) as error:
        MediaTailorSessionLogging(
            stack,
            "Logs",
            playback_configuration=playback_configuration(stack),
            enabled_logging_strategies=strategies,
        )

    names = tuple(each.value for each in strategies)
    assert str(error.value) == (
        "Stack/Logs: enabled_logging_strategies must be one or both of LEGACY_CLOUDWATCH and"
        f" VENDED_LOGS, each once, got {names} [LoggingStrategies]"
    )


def test_all_sessions_of_an_existing_owner_are_logged_by_default(stack: Stack) -> None:
    """The function configures what is otherwise a native property."""
    logging = MediaTailorSessionLogging(stack, "Logs", playback_configuration="ads")

    assert received(stack, SESSIONS) == {"PlaybackConfigurationName": "ads", "PercentEnabled": 100}
    assert logging.playback_configuration_name == "ads"
    assert logging.clean_up.cfn_resource_type == SESSIONS


def test_the_function_receives_every_prop(stack: Stack) -> None:
    """An existing owner can also opt in to events of the manifest service."""
    MediaTailorSessionLogging(
        stack,
        "Logs",
        playback_configuration="ads",
        percent_enabled=0,
        enabled_logging_strategies=[LoggingStrategy.VENDED_LOGS],
        ads_interaction_publish_opt_in_event_types=["RAW_ADS_REQUEST", "RAW_ADS_RESPONSE"],
        ads_interaction_exclude_event_types=["AD_MARKER_FOUND"],
        manifest_service_publish_opt_in_event_types=["PRE_SESSION_INIT_HOOK_SUMMARY"],
        manifest_service_exclude_event_types=[],
    )

    assert received(stack, SESSIONS) == {
        "PlaybackConfigurationName": "ads",
        "PercentEnabled": 0,
        "EnabledLoggingStrategies": ["VENDED_LOGS"],
        "AdsInteractionPublishOptInEventTypes": ["RAW_ADS_REQUEST", "RAW_ADS_RESPONSE"],
        "AdsInteractionExcludeEventTypes": ["AD_MARKER_FOUND"],
        "ManifestServicePublishOptInEventTypes": ["PRE_SESSION_INIT_HOOK_SUMMARY"],
        "ManifestServiceExcludeEventTypes": [],
    }


def test_a_channel_in_the_app_writes_its_as_run_log(stack: Stack) -> None:
    """The native property has the log type."""
    logging = MediaTailorAsRunLogging(stack, "Logs", channel=linear_channel(stack))

    assert log_configuration(stack, CHANNEL) == {"LogTypes": ["AS_RUN"]}
    assert logging.clean_up.cfn_resource_type == AS_RUN_CLEAN_UP


def test_an_existing_channel_writes_its_as_run_log(stack: Stack) -> None:
    """The function configures it."""
    logging = MediaTailorAsRunLogging(stack, "Logs", channel="linear")

    assert received(stack, AS_RUN) == {"ChannelName": "linear"}
    assert logging.channel_name == "linear"
    assert logging.clean_up.cfn_resource_type == AS_RUN


def test_channels_whose_names_differ_in_one_character_have_different_policies(
    stack: Stack,
) -> None:
    """IAM accepts fewer characters in a policy name than MediaTailor in a channel name."""
    for number, name in enumerate(("one:two", "one;two", "one-two")):
        MediaTailorAsRunLogging(stack, f"Logs{number}", channel=name)

    template = template_of(stack)
    names = {
        template["Resources"][policy_of(template, each)]["Properties"]["PolicyName"]
        for each in ids_of(template, AS_RUN)
    }
    assert len(names) == 3


@pytest.mark.parametrize("nested", [False, True], ids=["another", "nested"])
def test_a_feature_may_be_in_another_stack_than_its_owner(
    nested: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The owner depends on a role of its own stack, so the stacks have no circular dependency."""
    app = App()
    owners = Stack(app, "Owners")
    features = NestedStack(owners, "Nested") if nested else Stack(app, "Features")

    sessions = MediaTailorSessionLogging(
        features, "Sessions", playback_configuration=playback_configuration(owners)
    )
    MediaTailorAsRunLogging(features, "AsRun", channel=linear_channel(Construct(owners, "Linear")))

    assert sessions.role.node.scope is owners
    assert is_type_first(template_of(owners), ROLE, PLAYBACK)
    assert is_type_first(template_of(owners), ROLE, CHANNEL)
    assert ids_of(template_of(features), ROLE) == []
    assert len(ids_of(template_of(features), SESSIONS_CLEAN_UP)) == 1
    assert len(ids_of(template_of(features), AS_RUN_CLEAN_UP)) == 1
    assert nested or features.dependencies == [owners]


def test_session_logging_accepts_tokens_unchanged(stack: Stack) -> None:
    """The function checks values that are known only at deployment."""
    texts = CfnParameter(stack, "Texts", type="CommaDelimitedList").value_as_list

    MediaTailorSessionLogging(
        stack,
        "Logs",
        playback_configuration=CfnParameter(stack, "Text").value_as_string,
        percent_enabled=CfnParameter(stack, "Number", type="Number").value_as_number,  # type: ignore[arg-type]
        ads_interaction_publish_opt_in_event_types=texts,
        ads_interaction_exclude_event_types=texts,
        manifest_service_publish_opt_in_event_types=texts,
        manifest_service_exclude_event_types=texts,
    )

    assert received(stack, SESSIONS) == {
        "PlaybackConfigurationName": {"Ref": "Text"},
        "PercentEnabled": {"Ref": "Number"},
        "AdsInteractionPublishOptInEventTypes": {"Ref": "Texts"},
        "AdsInteractionExcludeEventTypes": {"Ref": "Texts"},
        "ManifestServicePublishOptInEventTypes": {"Ref": "Texts"},
        "ManifestServiceExcludeEventTypes": {"Ref": "Texts"},
    }


def test_the_native_property_has_tokens_unchanged(stack: Stack) -> None:
    """CloudFormation checks values that are known only at deployment."""
    texts = CfnParameter(stack, "Texts", type="CommaDelimitedList").value_as_list

    MediaTailorSessionLogging(
        stack,
        "Logs",
        playback_configuration=playback_configuration(stack),
        percent_enabled=CfnParameter(stack, "Number", type="Number").value_as_number,  # type: ignore[arg-type]
        ads_interaction_exclude_event_types=texts,
    )

    assert log_configuration(stack, PLAYBACK) == {
        "PercentEnabled": {"Ref": "Number"},
        "EnabledLoggingStrategies": ["LEGACY_CLOUDWATCH"],
        "AdsInteractionLog": {"ExcludeEventTypes": {"Ref": "Texts"}},
    }


def test_as_run_logging_accepts_tokens_unchanged(stack: Stack) -> None:
    """The name of a channel may be a parameter."""
    MediaTailorAsRunLogging(stack, "Logs", channel=CfnParameter(stack, "Text").value_as_string)

    assert received(stack, AS_RUN) == {"ChannelName": {"Ref": "Text"}}


def test_fails_when_the_name_is_not_that_of_a_playback_configuration(stack: Stack) -> None:
    """The schema of the resource type has a pattern for names."""
    with pytest.raises(UsageError) as refused:
        MediaTailorSessionLogging(stack, "Logs", playback_configuration="all ads")

    assert str(refused.value) == (
        "Stack/Logs: playback_configuration must be 1 to 64 letters, digits, - and _,"
        " got 'all ads' [PlaybackConfigurationName]"
    )


@pytest.mark.parametrize("percent", [-1, 101, 12.5, True])
def test_fails_when_the_percentage_is_invalid(stack: Stack, percent: int) -> None:
    """The percentage is a whole number, not a fraction."""
    with pytest.raises(UsageError) as refused:
        MediaTailorSessionLogging(
            stack, "Logs", playback_configuration="ads", percent_enabled=percent
        )

    assert str(refused.value) == (
        "Stack/Logs: percent_enabled must be a whole number from 0 to 100,"
        f" got {percent} [PercentEnabled]"
    )


@pytest.mark.parametrize("event_type", ["RawAdsRequest", "FOO", 3, None, ["TIMEOUT_ERROR"]])
@pytest.mark.parametrize("prop", EVENT_TYPES)
def test_fails_when_an_event_type_is_unknown(stack: Stack, prop: str, event_type: object) -> None:
    """Each prop has its own event types. Those of botocore are known."""
    event_types: dict[str, Any] = {prop: [event_type]}

    with pytest.raises(UsageError) as refused:
        MediaTailorSessionLogging(stack, "Logs", playback_configuration="ads", **event_types)

    assert str(refused.value) == (
        f"Stack/Logs: {prop} must be event types that MediaTailor has for it, such as"
        f" {min(EVENT_TYPES[prop])}, got {event_type!r} [EventTypes]"
    )


@pytest.mark.parametrize("prop", EVENT_TYPES)
def test_fails_when_an_event_type_is_given_twice(stack: Stack, prop: str) -> None:
    """A list that names an event type twice is a mistake."""
    event_types: dict[str, Any] = {prop: [min(EVENT_TYPES[prop])] * 2}

    with pytest.raises(UsageError, match=f"{prop} must be .*, each once, got "):
        MediaTailorSessionLogging(stack, "Logs", playback_configuration="ads", **event_types)


def test_fails_when_cloudformation_has_no_property_for_the_prop(stack: Stack) -> None:
    """The API has a parameter for it, so an existing owner can use the prop."""
    with pytest.raises(UsageError) as refused:
        MediaTailorSessionLogging(
            stack,
            "Logs",
            playback_configuration=playback_configuration(stack),
            manifest_service_publish_opt_in_event_types=["PRE_SESSION_INIT_HOOK_SUMMARY"],
        )

    assert str(refused.value) == (
        "Stack/Logs: manifest_service_publish_opt_in_event_types must be omitted for a playback"
        " configuration in the app (CloudFormation has no property for it),"
        " got ('PRE_SESSION_INIT_HOOK_SUMMARY',) [ManifestServiceOptIn]"
    )


def test_fails_when_the_name_is_not_that_of_a_channel(stack: Stack) -> None:
    """An ARN has a slash, but a name has none."""
    with pytest.raises(UsageError) as refused:
        MediaTailorAsRunLogging(stack, "Logs", channel="channel/linear")

    assert str(refused.value) == (
        "Stack/Logs: channel must be a channel name, got 'channel/linear' [MediaTailorChannelName]"
    )


def test_fails_when_the_playback_configuration_already_has_logs(stack: Stack) -> None:
    """Another construct or the user may have set them."""
    owner = playback_configuration(stack)
    owner.log_configuration = CfnPlaybackConfiguration.LogConfigurationProperty(percent_enabled=1)

    with pytest.raises(UsageError) as refused:
        MediaTailorSessionLogging(stack, "Logs", playback_configuration=owner)

    assert str(refused.value) == (
        "Stack/Logs: Stack/Owner already has a log configuration, from its own properties or from"
        " another construct. Remove one of them. [FeatureSetTwice]"
    )


def test_fails_when_the_channel_already_has_logs(stack: Stack) -> None:
    """Another construct or the user may have set them."""
    owner = linear_channel(stack)
    owner.log_configuration = CfnChannel.LogConfigurationForChannelProperty(log_types=[])

    with pytest.raises(UsageError) as refused:
        MediaTailorAsRunLogging(stack, "Logs", channel=owner)

    assert str(refused.value) == (
        "Stack/Logs: Stack/Owner already has a log configuration, from its own properties or from"
        " another construct. Remove one of them. [FeatureSetTwice]"
    )


def test_resources_of_the_smallest_session_logging(
    stack: Stack, template_snapshot: SnapshotAssertion
) -> None:
    """These are the resources that one line adds, without the owner's property."""
    logging = MediaTailorSessionLogging(
        stack, "Logs", playback_configuration=playback_configuration(stack)
    )

    assert resources_of(logging) == template_snapshot


def test_resources_of_session_logging_with_everything_set(
    stack: Stack, template_snapshot: SnapshotAssertion
) -> None:
    """All props are set, for an existing owner and an imported role."""
    logging = MediaTailorSessionLogging(
        stack,
        "Logs",
        playback_configuration="ads",
        percent_enabled=5,
        ads_interaction_publish_opt_in_event_types=["RAW_ADS_REQUEST"],
        ads_interaction_exclude_event_types=["AD_MARKER_FOUND"],
        manifest_service_publish_opt_in_event_types=["PRE_SESSION_INIT_HOOK_SUMMARY"],
        manifest_service_exclude_event_types=["GENERATED_MANIFEST"],
        role=ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR),
    )

    template = template_of(stack)
    assert resources_of(logging) == template_snapshot
    assert "iam:CreateServiceLinkedRole" in actions_of(template, id_of(template, SESSIONS))


def test_owner_with_everything_set(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """A feature adds properties and dependencies to its owner."""
    owner = playback_configuration(stack)
    MediaTailorSessionLogging(
        stack,
        "Logs",
        playback_configuration=owner,
        percent_enabled=5,
        ads_interaction_publish_opt_in_event_types=["RAW_ADS_REQUEST"],
        ads_interaction_exclude_event_types=["AD_MARKER_FOUND"],
        manifest_service_exclude_event_types=["GENERATED_MANIFEST"],
    )

    assert resources_of(owner) == template_snapshot


def test_resources_of_the_smallest_as_run_logging(
    stack: Stack, template_snapshot: SnapshotAssertion
) -> None:
    """These are the resources that one line adds, without the owner's property."""
    logging = MediaTailorAsRunLogging(stack, "Logs", channel=linear_channel(stack))

    assert resources_of(logging) == template_snapshot


def test_resources_of_as_run_logging_with_everything_set(
    stack: Stack, template_snapshot: SnapshotAssertion
) -> None:
    """All props are set, for an existing owner and an imported role."""
    logging = MediaTailorAsRunLogging(
        stack,
        "Logs",
        channel="linear",
        role=ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR),
    )

    assert resources_of(logging) == template_snapshot
