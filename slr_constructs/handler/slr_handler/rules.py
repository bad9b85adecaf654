"""The validation rules of all properties.

Constructs validate values at synthesis, the function at deployment; both report the same text. The
limits are those of the services' models and of CloudFormation schemas; tests compare them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


#: The length of a value, and the number of list items, that an error message shows.
_SHOWN_CHARACTERS = 120
_SHOWN_ITEMS = 10


def refusal(where: str, prop: str, allowed: str, got: object, code: str) -> str:
    """Return the error text for an invalid value."""
    return f"{where}: {prop} must be {allowed}, got {_shown(got)} [{code}]"


def _shown(value: object) -> str:
    """Return a short text for a value: a literal, the name of an object, or its class."""
    if isinstance(value, Enum) or value is None or isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN_CHARACTERS else f"{value[:_SHOWN_CHARACTERS]}…")
    if isinstance(value, list | tuple):
        texts = [_shown(each) for each in value[:_SHOWN_ITEMS]]
        texts += ["…"] if len(value) > _SHOWN_ITEMS else []
        if isinstance(value, list):
            return f"[{', '.join(texts)}]"
        return f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})"
    if isinstance(value, dict):
        text = repr(value)
        return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
    # a construct has a path, a role definition has a name
    path = getattr(getattr(value, "node", None), "path", None)
    name = path or getattr(value, "role_name", None) or getattr(value, "__name__", None)
    return str(name or type(value).__name__)


@dataclass(frozen=True, slots=True)
class Rule:
    """A validation rule: a stable code, the allowed values as text, and a predicate."""

    code: str
    allowed: str
    holds: Callable[[Any], bool]


def _whole(low: int, high: int | None = None) -> Callable[[Any], bool]:
    def holds(value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:
            return False
        return low <= value and (high is None or value <= high)

    return holds


def _matches(pattern: str, longest: int) -> Callable[[Any], bool]:
    compiled = re.compile(pattern, re.ASCII)

    def holds(value: object) -> bool:
        return (
            isinstance(value, str)
            and len(value) <= longest
            and compiled.fullmatch(value) is not None
        )

    return holds


def _each(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def all_hold(values: Any) -> bool:  # noqa: ANN401 - the value under test may be anything
        return isinstance(values, tuple | list) and all(map(holds, values))

    return all_hold


def _one_of(*values: str) -> Callable[[Any], bool]:
    return lambda value: value in values


#: `AWSServiceName` and `RoleName` of IAM's API. The first is narrowed to the form that all service
#: principals have, so that a role name in its place is found.
SERVICE_PRINCIPAL = Rule(
    "ServicePrincipal",
    "the name of a service such as x.amazonaws.com",
    _matches(r"[a-z0-9-]+(\.[a-z0-9-]+)+", longest=128),
)
ROLE_NAME = Rule(
    "RoleName", "1 to 64 letters, digits and +=,.@-_", _matches(r"[\w+=,.@-]+", longest=64)
)
#: `CustomSuffix` of IAM's API.
CUSTOM_SUFFIX = Rule(
    "CustomSuffix", "1 to 64 letters, digits and +=,.@-_", _matches(r"[\w+=,.@-]+", longest=64)
)
ROLE_REMOVAL = Rule(
    "RoleRemoval", "KEEP, WHEN_UNUSED or REQUIRE", _one_of("KEEP", "WHEN_UNUSED", "REQUIRE")
)
ROLE_CREATION = Rule("RoleCreation", "IAM, SERVICE or NEVER", _one_of("IAM", "SERVICE", "NEVER"))
#: `Description` of IAM's CreateServiceLinkedRole.
ROLE_DESCRIPTION = Rule(
    "RoleDescription",
    "at most 1000 printable Latin-1 characters",
    _matches("[\t\n\r\x20-\x7e\xa1-\xff]*", longest=1000),
)
LIST_OPERATIONS = Rule(
    "ListOperations",
    "list operations in the form client:Operation",
    _each(_matches(r"[a-z0-9-]+:List[A-Za-z0-9]+", longest=128)),
)

#: `VoiceConnectorId` of chime-sdk-voice.
VOICE_CONNECTOR_ID = Rule(
    "VoiceConnectorId",
    "a Voice Connector id",
    _matches(r"[a-z0-9]{21,22}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", longest=36),
)
DATA_RETENTION = Rule("DataRetentionWholeHours", "a whole number of hours, 0 or more", _whole(0))
NOTIFICATION_TARGETS = Rule(
    "NotificationTargets",
    "one to three of EventBridge, SNS and SQS, each once",
    lambda targets: (
        _each(_one_of("EventBridge", "SNS", "SQS"))(targets)
        and 1 <= len(targets) == len(set(targets))
    ),
)
#: `ConfigurationArn` of chime-sdk-voice's MediaInsightsConfiguration, narrowed to the ARN that the
#: service authorization reference has for a configuration.
MEDIA_INSIGHTS_ARN = Rule(
    "MediaInsightsConfigurationArn",
    "the ARN of a media insights pipeline configuration",
    _matches(
        r"arn:[a-z0-9-]+:chime:[a-z0-9-]+:\d{12}:media-insights-pipeline-configuration/[\w.-]+",
        longest=1024,
    ),
)
#: the policy of AWSServiceRoleForAmazonChimeVoiceConnector allows publishing only to these names.
NOTIFICATION_NAME = Rule(
    "NotificationName",
    "named ChimeVoiceConnector-Streaming…",
    lambda name: isinstance(name, str) and name.startswith("ChimeVoiceConnector-Streaming"),
)

#: `AppInstanceArn` of chime-sdk-messaging, narrowed to an app instance.
APP_INSTANCE_ARN = Rule(
    "AppInstanceArn",
    "the ARN of an app instance",
    _matches(r"arn:[a-z0-9-]+:chime:[a-z0-9-]+:\d{12}:app-instance/[\w-]+", longest=1600),
)
MESSAGING_STREAM_NAME = Rule(
    "MessagingStreamName",
    "a stream name of at most 128 characters that starts with chime-messaging-",
    _matches(r"chime-messaging-[a-zA-Z0-9_.-]*", longest=128),
)
MESSAGING_STREAM_SHARDS = Rule("MessagingStreamShards", "2 shards or more, or on-demand", _whole(2))
#: `RetentionPeriodHours` of AWS::Kinesis::Stream, whose maximum is that of Kinesis.
MESSAGING_STREAM_RETENTION = Rule(
    "MessagingStreamRetention", "24 to 8760 whole hours", _whole(24, 8760)
)
MESSAGING_STREAM_ARN = Rule(
    "MessagingStreamArn",
    "the ARN of a Kinesis stream whose name starts with chime-messaging-",
    _matches(
        r"arn:[a-z0-9-]+:kinesis:[a-z0-9-]+:\d{12}:stream/chime-messaging-[a-zA-Z0-9_.-]*",
        longest=1600,
    ),
)

#: patterns and limits of the AWS::IVS schemas.
IVS_CHANNEL_ARN = Rule(
    "IvsChannelArn",
    "the ARN of an IVS channel",
    _matches(r"arn:aws:ivs:[a-z0-9-]+:[0-9]+:channel/[a-zA-Z0-9-]+", longest=128),
)
IVS_RECORDING_CONFIGURATION_ARN = Rule(
    "IvsRecordingConfigurationArn",
    "the ARN of an IVS recording configuration",
    _matches(r"arn:aws:ivs:[a-z0-9-]+:[0-9]+:recording-configuration/[a-zA-Z0-9-]+", longest=128),
)
#: `BucketName` of the destination.
IVS_BUCKET_NAME = Rule(
    "IvsBucketName",
    "a bucket whose name has 3 to 63 characters: lower-case letters, digits, . and -",
    _matches(r"[a-z0-9.-]{3,63}", longest=63),
)
IVS_RECORDING_NAME = Rule(
    "IvsRecordingName",
    "at most 128 letters, digits, - and _",
    _matches(r"[a-zA-Z0-9_-]*", longest=128),
)
IVS_RECONNECT_WINDOW = Rule(
    "IvsReconnectWindow", "a whole number of seconds from 0 to 300", _whole(0, 300)
)
IVS_THUMBNAIL_INTERVAL = Rule(
    "IvsThumbnailInterval", "a whole number of seconds from 1 to 60", _whole(1, 60)
)

#: `Name` of AWS::MediaTailor::PlaybackConfiguration; no model has a pattern for channel names.
PLAYBACK_CONFIGURATION_NAME = Rule(
    "PlaybackConfigurationName",
    "1 to 64 letters, digits, - and _",
    _matches(r"[a-zA-Z0-9_-]+", longest=64),
)
MEDIATAILOR_CHANNEL_NAME = Rule(
    "MediaTailorChannelName", "a channel name", _matches(r"[^\s/]+", longest=256)
)
PERCENT_ENABLED = Rule("PercentEnabled", "a whole number from 0 to 100", _whole(0, 100))
LOGGING_STRATEGIES = Rule(
    "LoggingStrategies",
    "one or both of LEGACY_CLOUDWATCH and VENDED_LOGS, each once",
    lambda strategies: (
        _each(_one_of("LEGACY_CLOUDWATCH", "VENDED_LOGS"))(strategies)
        and 1 <= len(strategies) == len(set(strategies))
    ),
)
EVENT_TYPES = Rule(
    "EventTypes",
    "event types in capitals, such as RAW_ADS_REQUEST, each once",
    lambda types: (
        _each(_matches(r"[A-Z][A-Z0-9_]*", longest=128))(types) and len(types) == len(set(types))
    ),
)

#: `Id` of AWS::MediaPackage::Channel and PackagingGroup.
MEDIAPACKAGE_ID = Rule(
    "MediaPackageId",
    "1 to 256 letters, digits, - and _",
    _matches(r"[0-9a-zA-Z_-]+", longest=256),
)
#: `LogGroupName` of AWS::MediaPackage::Channel ...
CHANNEL_LOG_GROUP_NAME = Rule(
    "ChannelLogGroupName",
    "a log group named /aws/MediaPackage/ and letters, digits, - and _, 256 characters in all",
    _matches(r"/aws/MediaPackage/[a-zA-Z0-9_-]+", longest=256),
)
#: ... and the wider one of AWS::MediaPackage::PackagingGroup.
PACKAGING_GROUP_LOG_GROUP_NAME = Rule(
    "PackagingGroupLogGroupName",
    "a log group named /aws/MediaPackage/ and letters, digits, -, _, /, . and #, 512 in all",
    _matches(r"/aws/MediaPackage/[0-9a-zA-Z_/.#-]+", longest=512),
)
#: how a contract configures one access log: disabled, the service's default group, or a name.
CHANNEL_ACCESS_LOG = Rule(
    "ChannelAccessLog",
    f"OFF, DEFAULT_GROUP or {CHANNEL_LOG_GROUP_NAME.allowed}",
    lambda value: value in ("OFF", "DEFAULT_GROUP") or CHANNEL_LOG_GROUP_NAME.holds(value),
)
PACKAGING_GROUP_ACCESS_LOG = Rule(
    "PackagingGroupAccessLog",
    f"OFF, DEFAULT_GROUP or {PACKAGING_GROUP_LOG_GROUP_NAME.allowed}",
    lambda value: value in ("OFF", "DEFAULT_GROUP") or PACKAGING_GROUP_LOG_GROUP_NAME.holds(value),
)
