"""An account, and one resource of each kind: enabled, disabled, and its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from slr_constructs import catalogue
from slr_constructs.account import usages
from slr_constructs.account.access import Account
from tests.account.conftest import ACCOUNT
from tests.fake_services import features

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.account.usages.kind import Kind
    from tests.fake_services.world import World

    Data = dict[str, Any]

#: all kinds are offered in this region.
REGION = "us-east-1"
RECORDING = f"arn:aws:ivs:{REGION}:{ACCOUNT}:recording-configuration/recorder00000"
_STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/chime-messaging-"
_EVENTS = {"PublishOptInEventTypes": ["RAW_ADS_REQUEST"], "ExcludeEventTypes": ["VAST_REDIRECT"]}
_MANIFESTS = {"ExcludeEventTypes": ["SESSION_INITIALIZED"]}


@dataclass(frozen=True)
class Specimen:
    """A kind of resource, ours and that of the fake, and the settings of one resource."""

    name: str
    fake: features.Kind
    #: all settings that can be set.
    settings: Data
    #: the settings as the service stores them in a resource.
    kept: Callable[[Data], Data]
    off: Data
    last: Callable[[int], str] = lambda number: f"thing-{number}"

    @property
    def kind(self) -> Kind:
        """Return the kind that the audit uses."""
        return usages.KINDS[self.name]

    def add(
        self, world: World, number: int, *, on: bool = True, region: str = REGION, **more: object
    ) -> features.TargetResource:
        """Add a resource."""
        data = {**self.off, **(self.kept(self.settings) if on else {}), **more}
        return world.features.add(self.fake, ACCOUNT, region, self.last(number), data)


def _as_it_is(settings: Data) -> Data:
    return settings


VOICE_CONNECTOR = Specimen(
    "Voice Connector",
    features.VOICE_CONNECTOR,
    {
        "DataRetentionInHours": 24,
        "Disabled": False,
        "StreamingNotificationTargets": [{"NotificationTarget": "SQS"}],
        "MediaInsightsConfiguration": {
            "Disabled": False,
            "ConfigurationArn": (
                f"arn:aws:chime:{REGION}:{ACCOUNT}:media-insights-pipeline-configuration/insights"
            ),
        },
    },
    kept=lambda settings: {"StreamingConfiguration": settings},
    off={"Name": "calls"},
    last=lambda number: f"{number:022}",
)
APP_INSTANCE = Specimen(
    "app instance",
    features.APP_INSTANCE,
    {
        "StreamingConfigurations": [
            {"DataType": "Channel", "ResourceArn": f"{_STREAM}channels"},
            {"DataType": "ChannelMessage", "ResourceArn": f"{_STREAM}messages"},
        ]
    },
    kept=_as_it_is,
    off={"Name": "chat"},
    last=lambda number: f"00000000-0000-0000-0000-{number:012}",
)
IVS_CHANNEL = Specimen(
    "IVS channel",
    features.IVS_CHANNEL,
    {"recordingConfigurationArn": RECORDING},
    kept=_as_it_is,
    off={"name": "live"},
    last=lambda number: f"{number:012}",
)
RECORDING_CONFIGURATION = Specimen(
    "IVS recording configuration",
    features.RECORDING_CONFIGURATION,
    {
        "name": "archive",
        "destinationConfiguration": {"s3": {"bucketName": "recordings"}},
        "thumbnailConfiguration": {
            "recordingMode": "INTERVAL",
            "targetIntervalSeconds": 30,
            "resolution": "HD",
            "storage": ["LATEST"],
        },
        "recordingReconnectWindowSeconds": 60,
        "renditionConfiguration": {"renditionSelection": "CUSTOM", "renditions": ["HD"]},
        "tags": {"team": "video"},
    },
    kept=_as_it_is,
    # it is enabled while it exists
    off={"destinationConfiguration": {"s3": {"bucketName": "other"}}},
    last=lambda number: f"{number:012}",
)
PLAYBACK_CONFIGURATION = Specimen(
    "playback configuration",
    features.PLAYBACK_CONFIGURATION,
    {
        "PercentEnabled": 7,
        "EnabledLoggingStrategies": ["VENDED_LOGS", "LEGACY_CLOUDWATCH"],
        "AdsInteractionLog": _EVENTS,
        "ManifestServiceInteractionLog": _MANIFESTS,
    },
    kept=lambda settings: {"LogConfiguration": settings},
    off={
        "LogConfiguration": {
            "PercentEnabled": 0,
            "EnabledLoggingStrategies": ["LEGACY_CLOUDWATCH"],
        }
    },
)
LINEAR_CHANNEL = Specimen(
    "MediaTailor channel",
    features.LINEAR_CHANNEL,
    {"LogTypes": ["AS_RUN"]},
    kept=lambda settings: {"LogConfiguration": settings},
    off={"LogConfiguration": {"LogTypes": []}},
)
LIVE_CHANNEL = Specimen(
    "MediaPackage channel",
    features.LIVE_CHANNEL,
    {
        "IngressAccessLogs": {"LogGroupName": "/aws/MediaPackage/In"},
        "EgressAccessLogs": {"LogGroupName": "/aws/MediaPackage/Out"},
    },
    kept=_as_it_is,
    off={"Description": "a live channel"},
)
PACKAGING_GROUP = Specimen(
    "packaging group",
    features.PACKAGING_GROUP,
    {"EgressAccessLogs": {"LogGroupName": "/aws/MediaPackage/Vod"}},
    kept=_as_it_is,
    off={},
)
ALL = (
    VOICE_CONNECTOR,
    APP_INSTANCE,
    IVS_CHANNEL,
    RECORDING_CONFIGURATION,
    PLAYBACK_CONFIGURATION,
    LINEAR_CHANNEL,
    LIVE_CHANNEL,
    PACKAGING_GROUP,
)


def add_recorder(world: World) -> features.TargetResource:
    """Add the recording configuration that the enabled channel uses."""
    kept = RECORDING_CONFIGURATION.settings
    return world.features.add(
        features.RECORDING_CONFIGURATION, ACCOUNT, REGION, RECORDING.rpartition("/")[2], kept
    )


def add_roles(world: World) -> None:
    """Add all roles except the one that no service creates any more."""
    for definition in catalogue.ALL:
        if definition.superseded_by is None:
            world.account(ACCOUNT).add_role(definition)


def signed_in(id: str = ACCOUNT) -> Account:
    """Return an account, as after a sign-in."""
    keys = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), id)
    return Account(boto3.Session(**keys), id=id, partition="aws")
