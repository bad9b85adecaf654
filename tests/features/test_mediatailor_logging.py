"""MediaTailor's logs: what is native, what is released, in which order, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, CfnParameter, NestedStack, Stack
from aws_cdk.aws_logs import RetentionDays
from aws_cdk.aws_mediatailor import CfnChannel, CfnPlaybackConfiguration

from slr_constructs import (
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    ServiceLinkedRole,
    UsageError,
    catalogue,
)
from slr_constructs.testing import resources_of, template_of
from tests.features.every_feature import linear_channel, playback_configuration
from tests.features.graph import (
    ROLE,
    actions_of,
    id_of,
    ids_of,
    is_first,
    is_type_first,
    policy_of,
    properties_of,
    statements_of,
)

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

PLAYBACK = "AWS::MediaTailor::PlaybackConfiguration"
CHANNEL = "AWS::MediaTailor::Channel"
SESSIONS = "Custom::MediaTailorSessionLogging"
SESSIONS_RELEASE = "Custom::MediaTailorSessionLoggingRelease"
AS_RUN = "Custom::MediaTailorAsRunLogging"
AS_RUN_RELEASE = "Custom::MediaTailorAsRunLoggingRelease"
RETENTION = "Custom::MediaTailorLogRetention"


def asked(stack: Stack, kind: str) -> dict[str, Any]:
    """Return what the function is asked for."""
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
    """The native property says so, for the strategy that the role writes for."""
    MediaTailorSessionLogging(stack, "Logs", playback_configuration=playback_configuration(stack))

    assert log_configuration(stack, PLAYBACK) == {
        "PercentEnabled": 100,
        "EnabledLoggingStrategies": ["LEGACY_CLOUDWATCH"],
    }


def test_every_choice_reaches_the_native_property(stack: Stack) -> None:
    """The percentage, and which events are logged or left out."""
    MediaTailorSessionLogging(
        stack,
        "Logs",
        playback_configuration=playback_configuration(stack),
        percent_enabled=5,
        ads_interaction_publish_opt_in_event_types=["RAW_ADS_REQUEST"],
        ads_interaction_exclude_event_types=["AD_MARKER_FOUND"],
        manifest_service_exclude_event_types=["GENERATED_MANIFEST"],
    )

    assert log_configuration(stack, PLAYBACK) == {
        "PercentEnabled": 5,
        "EnabledLoggingStrategies": ["LEGACY_CLOUDWATCH"],
        "AdsInteractionLog": {
            "PublishOptInEventTypes": ["RAW_ADS_REQUEST"],
            "ExcludeEventTypes": ["AD_MARKER_FOUND"],
        },
        "ManifestServiceInteractionLog": {"ExcludeEventTypes": ["GENERATED_MANIFEST"]},
    }


def test_one_list_of_event_types_leaves_the_other_out(stack: Stack) -> None:
    """What is not said is left to the service."""
    MediaTailorSessionLogging(
        stack,
        "Logs",
        playback_configuration=playback_configuration(stack),
        ads_interaction_exclude_event_types=["AD_MARKER_FOUND"],
    )

    assert log_configuration(stack, PLAYBACK)["AdsInteractionLog"] == {
        "ExcludeEventTypes": ["AD_MARKER_FOUND"]
    }


def test_the_release_of_sessions_knows_the_owner_alone(stack: Stack) -> None:
    """It does nothing before it is deleted, and then needs a name."""
    logging = MediaTailorSessionLogging(
        stack, "Logs", playback_configuration=playback_configuration(stack)
    )

    owner = id_of(template_of(stack), PLAYBACK)
    assert asked(stack, SESSIONS_RELEASE) == {"PlaybackConfigurationName": {"Ref": owner}}
    assert logging.release.cfn_resource_type == SESSIONS_RELEASE
    assert stack.resolve(logging.playback_configuration_name) == {"Ref": owner}


def test_all_sessions_of_an_existing_owner_are_logged_by_default(stack: Stack) -> None:
    """The function is asked for what the native property says otherwise."""
    logging = MediaTailorSessionLogging(stack, "Logs", playback_configuration="ads")

    assert asked(stack, SESSIONS) == {"PlaybackConfigurationName": "ads", "PercentEnabled": 100}
    assert logging.playback_configuration_name == "ads"
    assert logging.release.cfn_resource_type == SESSIONS


def test_every_choice_reaches_the_function(stack: Stack) -> None:
    """An existing owner may opt in to events of the manifest service, too."""
    MediaTailorSessionLogging(
        stack,
        "Logs",
        playback_configuration="ads",
        percent_enabled=0,
        ads_interaction_publish_opt_in_event_types=["RAW_ADS_REQUEST", "RAW_ADS_RESPONSE"],
        ads_interaction_exclude_event_types=["AD_MARKER_FOUND"],
        manifest_service_publish_opt_in_event_types=["ORIGIN_MANIFEST"],
        manifest_service_exclude_event_types=[],
    )

    assert asked(stack, SESSIONS) == {
        "PlaybackConfigurationName": "ads",
        "PercentEnabled": 0,
        "AdsInteractionPublishOptInEventTypes": ["RAW_ADS_REQUEST", "RAW_ADS_RESPONSE"],
        "AdsInteractionExcludeEventTypes": ["AD_MARKER_FOUND"],
        "ManifestServicePublishOptInEventTypes": ["ORIGIN_MANIFEST"],
        "ManifestServiceExcludeEventTypes": [],
    }


@pytest.mark.parametrize("existing", [True, False], ids=["existing", "in-the-app"])
def test_the_function_may_configure_this_playback_configuration_alone(
    stack: Stack,
    existing: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """One action, on the one ARN."""
    owner = "ads" if existing else playback_configuration(stack)

    MediaTailorSessionLogging(stack, "Logs", playback_configuration=owner)

    template = template_of(stack)
    arn = (
        "arn:${AWS::Partition}:mediatailor:${AWS::Region}:${AWS::AccountId}:playbackConfiguration/"
    )
    name = {"Name": {"Ref": id_of(template, PLAYBACK)}} if not existing else None
    assert statements_of(template, id_of(template, SESSIONS if existing else SESSIONS_RELEASE)) == [
        {
            "Effect": "Allow",
            "Action": "mediatailor:ConfigureLogsForPlaybackConfiguration",
            "Resource": {"Fn::Sub": f"{arn}ads" if existing else [f"{arn}${{Name}}", name]},
        }
    ]


def test_the_rights_are_replaced_with_the_playback_configuration(stack: Stack) -> None:
    """Another owner has another policy, so the old one lasts until its logs are off."""
    MediaTailorSessionLogging(stack, "Logs", playback_configuration=playback_configuration(stack))

    template = template_of(stack)
    policy = template["Resources"][policy_of(template, id_of(template, SESSIONS_RELEASE))]
    assert str({"Ref": id_of(template, PLAYBACK)}) in str(policy["Properties"]["PolicyName"])


def test_a_channel_in_the_app_writes_its_as_run_log(stack: Stack) -> None:
    """The native property says so."""
    logging = MediaTailorAsRunLogging(stack, "Logs", channel=linear_channel(stack))

    assert log_configuration(stack, CHANNEL) == {"LogTypes": ["AS_RUN"]}
    assert logging.release.cfn_resource_type == AS_RUN_RELEASE


def test_the_release_of_an_as_run_log_knows_the_channel_alone(stack: Stack) -> None:
    """It does nothing before it is deleted, and then needs a name."""
    logging = MediaTailorAsRunLogging(stack, "Logs", channel=linear_channel(stack))

    owner = id_of(template_of(stack), CHANNEL)
    assert asked(stack, AS_RUN_RELEASE) == {"ChannelName": {"Ref": owner}}
    assert stack.resolve(logging.channel_name) == {"Ref": owner}


def test_an_existing_channel_writes_its_as_run_log(stack: Stack) -> None:
    """The function is asked for it."""
    logging = MediaTailorAsRunLogging(stack, "Logs", channel="linear")

    assert asked(stack, AS_RUN) == {"ChannelName": "linear"}
    assert logging.channel_name == "linear"
    assert logging.release.cfn_resource_type == AS_RUN


@pytest.mark.parametrize("existing", [True, False], ids=["existing", "in-the-app"])
def test_the_function_may_configure_this_channel_alone(
    stack: Stack,
    existing: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """One action, on the one ARN."""
    MediaTailorAsRunLogging(stack, "Logs", channel="linear" if existing else linear_channel(stack))

    template = template_of(stack)
    arn = "arn:${AWS::Partition}:mediatailor:${AWS::Region}:${AWS::AccountId}:channel/"
    name = {"Name": {"Ref": id_of(template, CHANNEL)}} if not existing else None
    assert statements_of(template, id_of(template, AS_RUN if existing else AS_RUN_RELEASE)) == [
        {
            "Effect": "Allow",
            "Action": "mediatailor:ConfigureLogsForChannel",
            "Resource": {"Fn::Sub": f"{arn}linear" if existing else [f"{arn}${{Name}}", name]},
        }
    ]


def test_the_rights_are_replaced_with_the_channel(stack: Stack) -> None:
    """Another channel has another policy, so the old one lasts until its log is off."""
    MediaTailorAsRunLogging(stack, "Logs", channel=linear_channel(stack))

    template = template_of(stack)
    policy = template["Resources"][policy_of(template, id_of(template, AS_RUN_RELEASE))]
    assert str({"Ref": id_of(template, CHANNEL)}) in str(policy["Properties"]["PolicyName"])


def test_channels_whose_names_differ_in_a_sign_have_rights_of_their_own(stack: Stack) -> None:
    """IAM takes fewer signs in the name of a policy than MediaTailor in that of a channel."""
    for number, name in enumerate(("one:two", "one;two", "one-two")):
        MediaTailorAsRunLogging(stack, f"Logs{number}", channel=name)

    template = template_of(stack)
    names = {
        template["Resources"][policy_of(template, each)]["Properties"]["PolicyName"]
        for each in ids_of(template, AS_RUN)
    }
    assert len(names) == 3


def test_log_groups_are_left_to_mediatailor_by_default(stack: Stack) -> None:
    """Who says nothing about retention gets no resource for it."""
    MediaTailorSessionLogging(stack, "Sessions", playback_configuration="ads")
    MediaTailorAsRunLogging(stack, "AsRun", channel="linear")

    assert ids_of(template_of(stack), RETENTION) == []


def test_the_log_groups_of_sessions_keep_events_for_a_time(stack: Stack) -> None:
    """Their names are fixed, so they are made if absent, by the stack's function."""
    MediaTailorSessionLogging(
        stack, "Logs", playback_configuration="ads", log_retention=RetentionDays.ONE_WEEK
    )

    assert asked(stack, RETENTION) == {
        "LogGroupNames": [
            "MediaTailor/AdDecisionServerInteractions",
            "MediaTailor/ManifestService",
            "MediaTailor/TranscodeService",
        ],
        "RetentionInDays": 7,
    }


def test_the_log_group_of_as_run_logs_keeps_events_for_a_time(stack: Stack) -> None:
    """It is another group than those of sessions."""
    MediaTailorAsRunLogging(stack, "Logs", channel="linear", log_retention=RetentionDays.TEN_YEARS)

    assert asked(stack, RETENTION) == {
        "LogGroupNames": ["MediaTailor/Channel/AsRunLog"],
        "RetentionInDays": 3653,
    }


def test_the_function_may_make_these_log_groups_alone(stack: Stack) -> None:
    """CloudWatch Logs asks for a group's rights on its stream without a name."""
    MediaTailorAsRunLogging(stack, "Logs", channel="linear", log_retention=RetentionDays.ONE_WEEK)

    template = template_of(stack)
    assert statements_of(template, id_of(template, RETENTION)) == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:PutRetentionPolicy"],
            "Resource": {
                "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}"
                ":log-group:MediaTailor/Channel/AsRunLog:log-stream:"
            },
        }
    ]


def test_retention_is_set_once_for_a_stack(stack: Stack) -> None:
    """Two features that agree share the resource; sessions and as-run logs have one each."""
    week = RetentionDays.ONE_WEEK
    MediaTailorSessionLogging(stack, "One", playback_configuration="one", log_retention=week)
    MediaTailorSessionLogging(stack, "Two", playback_configuration="two", log_retention=week)
    MediaTailorAsRunLogging(stack, "Three", channel="linear", log_retention=RetentionDays.ONE_MONTH)

    assert len(ids_of(template_of(stack), RETENTION)) == 2


@pytest.mark.parametrize("id", ["MediaTailorSessionLogs", "ServiceLinkedRoleRetention"])
def test_retention_is_set_whatever_the_feature_is_called(stack: Stack, id: str) -> None:
    """No construct of the library stands where the user's constructs do."""
    MediaTailorSessionLogging(
        stack, id, playback_configuration="ads", log_retention=RetentionDays.ONE_WEEK
    )

    assert len(ids_of(template_of(stack), RETENTION)) == 1


@pytest.mark.parametrize("nested", [False, True], ids=["another", "nested"])
def test_a_feature_may_be_in_another_stack_than_its_owner(
    nested: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The owner waits for a role of its own stack, and the stacks do not wait for each other."""
    app = App()
    owners = Stack(app, "Owners")
    features = NestedStack(owners, "Nested") if nested else Stack(app, "Features")

    sessions = MediaTailorSessionLogging(
        features, "Sessions", playback_configuration=playback_configuration(owners)
    )

    assert sessions.role.node.scope is owners
    assert is_type_first(template_of(owners), ROLE, PLAYBACK)
    assert ids_of(template_of(features), ROLE) == []
    assert len(ids_of(template_of(features), SESSIONS_RELEASE)) == 1
    assert nested or features.dependencies == [owners]


def test_the_channel_of_an_as_run_log_may_be_in_another_stack() -> None:
    """As the playback configuration of sessions may."""
    app = App()
    owners, features = Stack(app, "Owners"), Stack(app, "Features")

    logging = MediaTailorAsRunLogging(features, "Logs", channel=linear_channel(owners))

    assert logging.role.node.scope is owners
    assert is_type_first(template_of(owners), ROLE, CHANNEL)
    assert len(ids_of(template_of(features), AS_RUN_RELEASE)) == 1


def test_tokens_pass_sessions_untouched(stack: Stack) -> None:
    """What is known at deployment alone is checked by the function."""
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

    assert asked(stack, SESSIONS) == {
        "PlaybackConfigurationName": {"Ref": "Text"},
        "PercentEnabled": {"Ref": "Number"},
        "AdsInteractionPublishOptInEventTypes": {"Ref": "Texts"},
        "AdsInteractionExcludeEventTypes": {"Ref": "Texts"},
        "ManifestServicePublishOptInEventTypes": {"Ref": "Texts"},
        "ManifestServiceExcludeEventTypes": {"Ref": "Texts"},
    }


def test_tokens_reach_the_native_property_untouched(stack: Stack) -> None:
    """What is known at deployment alone is checked by CloudFormation."""
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


def test_tokens_pass_an_as_run_log_untouched(stack: Stack) -> None:
    """The name of a channel may be a parameter."""
    MediaTailorAsRunLogging(stack, "Logs", channel=CfnParameter(stack, "Text").value_as_string)

    assert asked(stack, AS_RUN) == {"ChannelName": {"Ref": "Text"}}


def test_fails_when_the_name_is_not_that_of_a_playback_configuration(stack: Stack) -> None:
    """The type's schema has a pattern for names."""
    with pytest.raises(UsageError) as refused:
        MediaTailorSessionLogging(stack, "Logs", playback_configuration="all ads")

    assert str(refused.value) == (
        "Stack/Logs: playback_configuration must be 1 to 64 letters, digits, - and _,"
        " got 'all ads' [PlaybackConfigurationName]"
    )


@pytest.mark.parametrize("percent", [-1, 101, 12.5, True])
def test_fails_when_the_percentage_is_none(stack: Stack, percent: int) -> None:
    """A whole number, and not a fraction of one."""
    with pytest.raises(UsageError) as refused:
        MediaTailorSessionLogging(
            stack, "Logs", playback_configuration="ads", percent_enabled=percent
        )

    assert str(refused.value) == (
        "Stack/Logs: percent_enabled must be a whole number from 0 to 100,"
        f" got {percent} [PercentEnabled]"
    )


@pytest.mark.parametrize(
    "prop",
    [
        "ads_interaction_publish_opt_in_event_types",
        "ads_interaction_exclude_event_types",
        "manifest_service_publish_opt_in_event_types",
        "manifest_service_exclude_event_types",
    ],
)
def test_fails_when_an_event_type_is_none(stack: Stack, prop: str) -> None:
    """All that the service has are in capitals."""
    event_types: dict[str, Any] = {prop: ["RawAdsRequest"]}

    with pytest.raises(UsageError) as refused:
        MediaTailorSessionLogging(stack, "Logs", playback_configuration="ads", **event_types)

    assert str(refused.value) == (
        f"Stack/Logs: {prop} must be event types in capitals, such as RAW_ADS_REQUEST,"
        " got ('RawAdsRequest',) [EventTypes]"
    )


def test_fails_when_cloudformation_has_no_property_for_the_choice(stack: Stack) -> None:
    """The API has one, so an existing owner can have it."""
    with pytest.raises(UsageError) as refused:
        MediaTailorSessionLogging(
            stack,
            "Logs",
            playback_configuration=playback_configuration(stack),
            manifest_service_publish_opt_in_event_types=["ORIGIN_MANIFEST"],
        )

    assert str(refused.value) == (
        "Stack/Logs: manifest_service_publish_opt_in_event_types must be left out for a playback"
        " configuration of the app (CloudFormation has no property for it),"
        " got ('ORIGIN_MANIFEST',) [ManifestServiceOptIn]"
    )


def test_fails_when_the_name_is_not_that_of_a_channel(stack: Stack) -> None:
    """An ARN has a slash, and a name has none."""
    with pytest.raises(UsageError) as refused:
        MediaTailorAsRunLogging(stack, "Logs", channel="channel/linear")

    assert str(refused.value) == (
        "Stack/Logs: channel must be a channel name, got 'channel/linear' [MediaTailorChannelName]"
    )


def test_fails_when_log_groups_are_to_keep_events_for_ever(stack: Stack) -> None:
    """That is what they do if nobody says anything."""
    with pytest.raises(UsageError) as refused:
        MediaTailorSessionLogging(
            stack, "Logs", playback_configuration="ads", log_retention=RetentionDays.INFINITE
        )

    assert str(refused.value) == (
        "Stack/Logs: log_retention must be a number of days (for ever is what log groups do"
        " unasked), got 'INFINITE' [LogRetentionInfinite]"
    )


def test_fails_when_two_features_of_a_stack_disagree_about_retention(stack: Stack) -> None:
    """The log groups are the same ones."""
    MediaTailorAsRunLogging(stack, "One", channel="one", log_retention=RetentionDays.ONE_WEEK)

    with pytest.raises(UsageError) as refused:
        MediaTailorAsRunLogging(stack, "Two", channel="two", log_retention=RetentionDays.ONE_MONTH)

    assert str(refused.value) == (
        "Stack/Two: log_retention must be ONE_WEEK, which the stack has set for the same log"
        " groups, got 'ONE_MONTH' [LogRetentionConflict]"
    )


def test_fails_when_the_playback_configuration_has_logs_already(stack: Stack) -> None:
    """Whoever set them: another construct, or the user."""
    owner = playback_configuration(stack)
    owner.log_configuration = CfnPlaybackConfiguration.LogConfigurationProperty(percent_enabled=1)

    with pytest.raises(UsageError) as refused:
        MediaTailorSessionLogging(stack, "Logs", playback_configuration=owner)

    assert str(refused.value) == (
        "Stack/Logs: playback_configuration must be without a log configuration of its own or of"
        " another construct, got 'Stack/Owner' [FeatureSetTwice]"
    )


def test_fails_when_the_channel_has_logs_already(stack: Stack) -> None:
    """Whoever set them: another construct, or the user."""
    owner = linear_channel(stack)
    owner.log_configuration = CfnChannel.LogConfigurationForChannelProperty(log_types=[])

    with pytest.raises(UsageError) as refused:
        MediaTailorAsRunLogging(stack, "Logs", channel=owner)

    assert str(refused.value) == (
        "Stack/Logs: channel must be without a log configuration of its own or of another"
        " construct, got 'Stack/Owner' [FeatureSetTwice]"
    )


def test_resources_of_the_smallest_session_logging(
    stack: Stack, template_snapshot: SnapshotAssertion
) -> None:
    """What one line of a stack adds to its template, beside the owner's property."""
    logging = MediaTailorSessionLogging(
        stack, "Logs", playback_configuration=playback_configuration(stack)
    )

    assert resources_of(logging) == template_snapshot


def test_resources_of_session_logging_with_everything_set(
    stack: Stack, template_snapshot: SnapshotAssertion
) -> None:
    """What every prop adds to it, for an existing owner and a role that the stack does not hold."""
    logging = MediaTailorSessionLogging(
        stack,
        "Logs",
        playback_configuration="ads",
        percent_enabled=5,
        ads_interaction_publish_opt_in_event_types=["RAW_ADS_REQUEST"],
        ads_interaction_exclude_event_types=["AD_MARKER_FOUND"],
        manifest_service_publish_opt_in_event_types=["ORIGIN_MANIFEST"],
        manifest_service_exclude_event_types=["GENERATED_MANIFEST"],
        log_retention=RetentionDays.ONE_WEEK,
        role=ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR),
    )

    template = template_of(stack)
    assert resources_of(logging) == template_snapshot
    assert "iam:CreateServiceLinkedRole" in actions_of(template, id_of(template, SESSIONS))


def test_owner_with_everything_set(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """What a feature sets on its owner, and lets it wait for."""
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
    """What one line of a stack adds to its template, beside the owner's property."""
    logging = MediaTailorAsRunLogging(stack, "Logs", channel=linear_channel(stack))

    assert resources_of(logging) == template_snapshot


def test_resources_of_as_run_logging_with_everything_set(
    stack: Stack, template_snapshot: SnapshotAssertion
) -> None:
    """What every prop adds to it, for an existing owner and a role that the stack does not hold."""
    logging = MediaTailorAsRunLogging(
        stack,
        "Logs",
        channel="linear",
        log_retention=RetentionDays.ONE_WEEK,
        role=ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR),
    )

    assert resources_of(logging) == template_snapshot


def test_resources_of_log_retention(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """What keeping events for a time adds, once for a stack, beside the function."""
    MediaTailorSessionLogging(
        stack, "Logs", playback_configuration="ads", log_retention=RetentionDays.ONE_WEEK
    )

    retention = stack.node.find_child("ServiceLinkedRoleFunction").node.find_child(
        "MediaTailorSessionLogs"
    )
    template = template_of(stack)
    assert resources_of(retention) == template_snapshot
    assert not is_first(template, id_of(template, RETENTION), id_of(template, SESSIONS))
