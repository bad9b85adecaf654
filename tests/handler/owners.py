"""Owners outside of a stack: for each feature, an owner with settings before, and what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fake_services import features as kinds
from tests.handler.events import ACCOUNT

if TYPE_CHECKING:
    from tests.fake_services.features import Features, Kind, TargetResource

REGION = "us-east-1"
_CHIME = f"arn:aws:chime:{REGION}:{ACCOUNT}"
_KINESIS = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/chime-messaging"
_RECORDING = f"arn:aws:ivs:{REGION}:{ACCOUNT}:recording-configuration"


@dataclass(frozen=True, slots=True)
class Row:
    """One feature of an owner."""

    name: str
    kind: Kind
    resource_type: str
    #: the property with the name of the owner, and the last part of the owner's ARN.
    named_by: str
    owner: str
    #: what the custom resource asks for, at first and after an update.
    asked: dict[str, Any]
    then: dict[str, Any]
    #: the members of the owner with its settings: nothing, before, and after `asked` for both.
    nothing: dict[str, Any]
    before: dict[str, Any]
    configured: dict[str, Any]
    configured_after_before: dict[str, Any]
    #: what others set while the feature is configured, and what stays of it.
    changed: dict[str, Any]
    left: dict[str, Any]

    @property
    def id(self) -> str:
        """The id in calls."""
        arn_is_id = self.kind.id_member == self.kind.arn_member
        return self.kind.arn(ACCOUNT, REGION, self.owner) if arn_is_id else self.owner

    @property
    def identity(self) -> dict[str, str]:
        """The property that names the owner."""
        return {self.named_by: self.id}

    def add(self, features: Features, settings: dict[str, Any], owner: str = "") -> TargetResource:
        """Add the owner to its service."""
        return features.add(self.kind, ACCOUNT, REGION, owner or self.owner, {**settings})

    def settings(self, features: Features, id: str = "") -> dict[str, Any]:
        """Return the members with the settings of the owner."""
        target = features.find(self.kind, ACCOUNT, REGION, id or self.id)
        assert target is not None
        members = {*self.nothing, *self.before, *self.configured, *self.changed}
        return {each: target.data[each] for each in sorted(members) if each in target.data}


def _streaming(hours: int, *targets: str, insights: str = "", disabled: bool = False) -> Any:  # noqa: ANN401
    configuration = {
        "DataRetentionInHours": hours,
        "Disabled": disabled,
        "StreamingNotificationTargets": [{"NotificationTarget": each} for each in targets],
    }
    if insights:
        configuration["MediaInsightsConfiguration"] = {
            "Disabled": False,
            "ConfigurationArn": f"{_CHIME}:media-insights-pipeline-configuration/{insights}",
        }
    return {"StreamingConfiguration": configuration}


def _streams(**by_type: str) -> dict[str, Any]:
    return {
        "StreamingConfigurations": [
            {"DataType": each, "ResourceArn": f"{_KINESIS}-{name}"}
            for each, name in by_type.items()
        ]
    }


def _sessions(percent: int, *strategies: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    given = {"EnabledLoggingStrategies": [*strategies]} if strategies else {}
    return {"LogConfiguration": {"PercentEnabled": percent, **given, **more}}


LEGACY, VENDED = "LEGACY_CLOUDWATCH", "VENDED_LOGS"

ROWS = (
    Row(
        "voice",
        kinds.VOICE_CONNECTOR,
        "Custom::VoiceConnectorStreaming",
        "VoiceConnectorId",
        "a" * 22,
        asked={
            "DataRetentionInHours": "24",
            "Enabled": "true",
            "NotificationTargets": ["EventBridge"],
            "OutsideOfStack": "true",
        },
        then={
            "DataRetentionInHours": "48",
            "Enabled": "true",
            "NotificationTargets": ["SQS"],
            "OutsideOfStack": "true",
        },
        nothing={},
        before=_streaming(6, "EventBridge", "SNS", insights="theirs", disabled=True),
        configured=_streaming(24, "EventBridge"),
        configured_after_before=_streaming(24, "EventBridge", "SNS", insights="theirs"),
        changed=_streaming(24, "EventBridge", "SQS"),
        # SQS is new, and EventBridge was there before
        left=_streaming(6, "EventBridge", "SQS", disabled=True),
    ),
    Row(
        "chat",
        kinds.APP_INSTANCE,
        "Custom::AppInstanceStreaming",
        "AppInstanceArn",
        "one",
        asked={"ChannelsStreamArn": f"{_KINESIS}-ours", "OutsideOfStack": "true"},
        then={"ChannelMessagesStreamArn": f"{_KINESIS}-ours", "OutsideOfStack": "true"},
        nothing={},
        before=_streams(Channel="theirs", ChannelMessage="theirs"),
        configured=_streams(Channel="ours"),
        configured_after_before=_streams(Channel="ours", ChannelMessage="theirs"),
        changed=_streams(Channel="other", ChannelMessage="other"),
        left=_streams(Channel="other", ChannelMessage="other"),
    ),
    Row(
        "recording",
        kinds.IVS_CHANNEL,
        "Custom::IvsChannelRecording",
        "ChannelArn",
        "one",
        asked={"RecordingConfigurationArn": f"{_RECORDING}/ours"},
        then={"RecordingConfigurationArn": f"{_RECORDING}/ours2"},
        nothing={"recordingConfigurationArn": ""},
        before={"recordingConfigurationArn": f"{_RECORDING}/theirs"},
        configured={"recordingConfigurationArn": f"{_RECORDING}/ours"},
        configured_after_before={"recordingConfigurationArn": f"{_RECORDING}/ours"},
        changed={"recordingConfigurationArn": f"{_RECORDING}/other"},
        left={"recordingConfigurationArn": f"{_RECORDING}/other"},
    ),
    Row(
        "sessions",
        kinds.PLAYBACK_CONFIGURATION,
        "Custom::MediaTailorSessionLogging",
        "PlaybackConfigurationName",
        "one",
        asked={"PercentEnabled": "10", "AdsInteractionExcludeEventTypes": ["VAST_RESPONSE"]},
        then={"PercentEnabled": "20", "EnabledLoggingStrategies": [LEGACY]},
        nothing=_sessions(0, LEGACY),
        before=_sessions(
            100,
            VENDED,
            AdsInteractionLog={
                "ExcludeEventTypes": ["AD_MARKER_FOUND"],
                "PublishOptInEventTypes": ["RAW_ADS_REQUEST"],
            },
        ),
        configured=_sessions(
            10, LEGACY, AdsInteractionLog={"ExcludeEventTypes": ["VAST_RESPONSE"]}
        ),
        configured_after_before=_sessions(
            10,
            VENDED,
            AdsInteractionLog={
                "ExcludeEventTypes": ["VAST_RESPONSE"],
                "PublishOptInEventTypes": ["RAW_ADS_REQUEST"],
            },
        ),
        changed=_sessions(30, LEGACY, VENDED),
        left=_sessions(30, LEGACY, VENDED),
    ),
    Row(
        "as-run",
        kinds.LINEAR_CHANNEL,
        "Custom::MediaTailorAsRunLogging",
        "ChannelName",
        "one",
        asked={},
        then={},
        nothing={"LogConfiguration": {"LogTypes": []}},
        before={"LogConfiguration": {"LogTypes": ["AS_RUN"]}},
        configured={"LogConfiguration": {"LogTypes": ["AS_RUN"]}},
        configured_after_before={"LogConfiguration": {"LogTypes": ["AS_RUN"]}},
        changed={"LogConfiguration": {"LogTypes": []}},
        left={"LogConfiguration": {"LogTypes": []}},
    ),
    Row(
        "live",
        kinds.LIVE_CHANNEL,
        "Custom::MediaPackageChannelLogging",
        "ChannelId",
        "one",
        asked={"Ingress": "DEFAULT_GROUP", "Egress": "OFF"},
        then={"Ingress": "/aws/MediaPackage/ours", "Egress": "DEFAULT_GROUP"},
        nothing={},
        before={"EgressAccessLogs": {"LogGroupName": "/aws/MediaPackage/theirs"}},
        configured={"IngressAccessLogs": {}},
        configured_after_before={"IngressAccessLogs": {}},
        changed={
            "IngressAccessLogs": {"LogGroupName": "/aws/MediaPackage/other"},
            "EgressAccessLogs": {"LogGroupName": "/aws/MediaPackage/other"},
        },
        left={
            "IngressAccessLogs": {"LogGroupName": "/aws/MediaPackage/other"},
            "EgressAccessLogs": {"LogGroupName": "/aws/MediaPackage/other"},
        },
    ),
    Row(
        "vod",
        kinds.PACKAGING_GROUP,
        "Custom::MediaPackagePackagingGroupLogging",
        "PackagingGroupId",
        "one",
        asked={"Egress": "/aws/MediaPackage/ours"},
        then={"Egress": "DEFAULT_GROUP"},
        nothing={},
        before={"EgressAccessLogs": {}},
        configured={"EgressAccessLogs": {"LogGroupName": "/aws/MediaPackage/ours"}},
        configured_after_before={"EgressAccessLogs": {"LogGroupName": "/aws/MediaPackage/ours"}},
        changed={"EgressAccessLogs": {"LogGroupName": "/aws/MediaPackage/other"}},
        left={"EgressAccessLogs": {"LogGroupName": "/aws/MediaPackage/other"}},
    ),
)
