"""Every prop of a construct rejects values of the wrong type, with the same error message."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import aws_chime, aws_kinesis, aws_mediapackage, aws_s3
from constructs import Construct

import slr_constructs
from slr_constructs import (
    AppInstanceStreaming,
    IvsRecordingConfiguration,
    MediaPackageAccessLogging,
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    MessagingStream,
    NotificationTarget,
    Renditions,
    ServiceLinkedRole,
    Thumbnails,
    UsageError,
    VoiceConnectorStreaming,
    catalogue,
)
from tests.features.every_feature import playback_configuration

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk import Stack

CONNECTOR = "abcdef1ghij2klmno3pqr4"
TARGETS = "a list of NotificationTarget, ITopic or IQueue values"
FEATURES = (
    VoiceConnectorStreaming,
    AppInstanceStreaming,
    IvsRecordingConfiguration,
    MediaTailorSessionLogging,
    MediaTailorAsRunLogging,
    MediaPackageAccessLogging,
)
EVENT_TYPES = (
    "ads_interaction_publish_opt_in_event_types",
    "ads_interaction_exclude_event_types",
    "manifest_service_publish_opt_in_event_types",
    "manifest_service_exclude_event_types",
)

#: The construct, the prop, the given value, and the accepted types.
WRONG: list[tuple[type, str, Any, str]] = [
    (VoiceConnectorStreaming, "voice_connector", None, "a CfnVoiceConnector or the id of one"),
    (VoiceConnectorStreaming, "data_retention", 24, "a Duration"),
    (VoiceConnectorStreaming, "enabled", "yes", "True or False"),
    (VoiceConnectorStreaming, "notification_targets", NotificationTarget.SNS, TARGETS),
    (VoiceConnectorStreaming, "notification_targets", ["SNS"], TARGETS),
    (AppInstanceStreaming, "app_instance", 1, "a CfnAppInstance or the ARN of one"),
    (AppInstanceStreaming, "channels", "arn:aws:kinesis", "an IStream or None"),
    (AppInstanceStreaming, "channel_messages", "arn:aws:kinesis", "an IStream or None"),
    (IvsRecordingConfiguration, "bucket", "recordings", "an IBucket or a CfnBucket"),
    (IvsRecordingConfiguration, "reconnect_window", 60, "a Duration"),
    (IvsRecordingConfiguration, "renditions", "ALL", "a Renditions"),
    (IvsRecordingConfiguration, "renditions", Renditions("CUSTOM", ("HD",)), "Resolution values"),  # type: ignore[arg-type]
    (IvsRecordingConfiguration, "thumbnails", 30, "a Thumbnails"),
    (IvsRecordingConfiguration, "thumbnails", Thumbnails.interval(30), "a Duration"),  # type: ignore[arg-type]
    (
        MediaTailorSessionLogging,
        "playback_configuration",
        None,
        "a CfnPlaybackConfiguration or the name of one",
    ),
    *((MediaTailorSessionLogging, prop, "RAW", "a list or None") for prop in EVENT_TYPES),
    *(
        (
            MediaTailorSessionLogging,
            "enabled_logging_strategies",
            wrong,
            "a list of LoggingStrategy values",
        )
        for wrong in ("VENDED_LOGS", ["VENDED_LOGS"])
    ),
    (MediaTailorAsRunLogging, "channel", None, "a CfnChannel or the name of one"),
    (
        MediaPackageAccessLogging,
        "channel",
        None,
        "a CfnChannel or the id of one, or omitted for a packaging_group",
    ),
    (
        MediaPackageAccessLogging,
        "packaging_group",
        3,
        "a CfnPackagingGroup, or the id or ARN of one",
    ),
    (
        VoiceConnectorStreaming,
        "media_insights_configuration",
        3,
        "a CfnMediaInsightsPipelineConfiguration or the ARN of one",
    ),
    (MediaTailorSessionLogging, "percent_enabled", None, "a whole number from 0 to 100"),
    (MessagingStream, "shard_count", "2", "2 shards or more, or on-demand"),
    (MessagingStream, "encryption_key", "alias/calls", "an IKey"),
    (MessagingStream, "retention_period", 24, "a Duration"),
    (MediaPackageAccessLogging, "ingress", "OFF", "an ILogGroup or an AccessLogs value"),
    (MediaPackageAccessLogging, "egress", "/logs", "an ILogGroup or an AccessLogs value"),
    (ServiceLinkedRole, "definition", "AWSServiceRoleForX", "a RoleDefinition"),
    (ServiceLinkedRole, "removal", "KEEP", "a RoleRemoval"),
    (ServiceLinkedRole, "native", "yes", "True or False"),
    *((feature, "role", "AWSServiceRoleForX", "a ServiceLinkedRole") for feature in FEATURES),
]

#: The props whose rule also rejects values of another type.
BY_RULE = {
    "data_retention",
    "description",
    "name",
    "stream_name",
}


def _stream(stack: Stack) -> aws_kinesis.IStream:
    return aws_kinesis.Stream.from_stream_arn(
        stack, "Stream", "arn:aws:kinesis:us-east-1:111122223333:stream/chime-messaging-all"
    )


#: The required props of each construct, with values of the right type.
RIGHT: dict[type, Callable[[Stack], dict[str, Any]]] = {
    VoiceConnectorStreaming: lambda _: {"voice_connector": CONNECTOR},
    AppInstanceStreaming: lambda stack: {
        "app_instance": aws_chime.CfnAppInstance(stack, "Chat", name="chat"),
        "channels": _stream(stack),
        "channel_messages": None,
    },
    IvsRecordingConfiguration: lambda stack: {"bucket": aws_s3.Bucket(stack, "Bucket")},
    MediaTailorSessionLogging: lambda stack: {
        "playback_configuration": playback_configuration(stack)
    },
    MediaTailorAsRunLogging: lambda _: {"channel": "live"},
    MediaPackageAccessLogging: lambda stack: {
        "channel": aws_mediapackage.CfnChannel(stack, "Live", id="live")
    },
    MessagingStream: lambda _: {},
    ServiceLinkedRole: lambda _: {"definition": catalogue.MEDIATAILOR},
}


@pytest.mark.parametrize(
    ("construct", "prop", "value", "allowed"),
    WRONG,
    ids=[
        f"{construct.__name__}-{prop}-{number}"
        for number, (construct, prop, *_) in enumerate(WRONG)
    ],
)
def test_fails_when_a_prop_is_not_of_its_kind(
    stack: Stack, construct: type, prop: str, value: object, allowed: str
) -> None:
    """The message names the construct, the prop, the accepted types and the given value."""
    props = {**RIGHT[construct](stack), prop: value}
    # of a list, the wrong item is shown
    got = repr(value[0]) if value in (["SNS"], ["VENDED_LOGS"]) else repr(value)
    got = "'HD'" if isinstance(value, Renditions) else got
    got = "30" if isinstance(value, Thumbnails) else got
    got = str(value) if isinstance(value, NotificationTarget) else got

    with pytest.raises(UsageError) as refused:
        construct(stack, "It", **props)

    assert str(refused.value) == f"Stack/It: {prop} must be {allowed}, got {got} [PropKind]"


def test_fails_when_a_recorded_channel_is_not_of_its_kind(stack: Stack) -> None:
    """An argument of a method is checked as a prop is."""
    recording = IvsRecordingConfiguration(stack, "It", bucket=aws_s3.Bucket(stack, "Bucket"))

    with pytest.raises(UsageError) as refused:
        recording.record(None)  # type: ignore[arg-type]

    assert (
        str(refused.value)
        == "Stack/It: channel must be a CfnChannel or the ARN of one, got None [PropKind]"
    )


def test_every_prop_is_checked_by_its_type_or_by_its_rule() -> None:
    """A new prop of a construct must be added to this test."""
    checked = {(construct, prop) for construct, prop, *_ in WRONG}
    # not from `vars`, which has only the names that this process has used
    public = [getattr(slr_constructs, name) for name in slr_constructs.__all__]
    constructs = [each for each in public if inspect.isclass(each) and issubclass(each, Construct)]

    props = {
        (construct, prop)
        for construct in constructs
        for prop in inspect.signature(vars(construct)["__init__"]).parameters
        if prop not in ("self", "scope", "id")
    }

    assert {(each.__name__, prop) for each, prop in props - checked if prop not in BY_RULE} == set()
