"""The resources on which experiments configure a feature: one record for each type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from slr_constructs.catalogue.app_instance_streaming import APP_INSTANCE as APP_INSTANCE_TYPE
from slr_constructs.catalogue.mediapackage_logging import CHANNEL as LIVE_CHANNEL_TYPE
from slr_constructs.catalogue.mediapackage_logging import PACKAGING_GROUP as PACKAGING_GROUP_TYPE
from slr_constructs.catalogue.mediatailor_logging import CHANNEL as LINEAR_CHANNEL_TYPE
from slr_constructs.catalogue.mediatailor_logging import PLAYBACK_CONFIGURATION as PLAYBACK_TYPE
from slr_constructs.catalogue.voice_connector_streaming import VOICE_CONNECTOR as CONNECTOR_TYPE
from slr_constructs.handler.slr_handler.aws import code, is_not_found

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.catalogue import ResourceType, RoleDefinition
    from tests.integ.bench import Bench

#: the calls of `Bench.create_role` and of the deletion of a role.
ROLE_CALLS = (
    "iam:CreateServiceLinkedRole",
    "iam:DeleteServiceLinkedRole",
    "iam:GetServiceLinkedRoleDeletionStatus",
)
STREAM = "AWS::Kinesis::Stream"
_ATTEMPTS = 18
_PAUSE_SECONDS = 5


def stream(bench: Bench, *, key: object = "alias/aws/kinesis", on_demand: bool = False) -> str:
    """Create a Kinesis stream that Chime SDK messaging accepts, and return its ARN."""
    capacity = (
        {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}} if on_demand else {"ShardCount": 2}
    )
    properties = {
        # the service requires this prefix
        "Name": f"chime-messaging-{bench.name('stream')}",
        "StreamEncryption": {"EncryptionType": "KMS", "KeyId": key},
        **capacity,
    }
    resources = {"Stream": {"Type": STREAM, "Properties": properties}}
    return bench.deploy("stream", resources, Arn={"Fn::GetAtt": ["Stream", "Arn"]})["Arn"]


@dataclass(frozen=True, slots=True)
class Owner:
    """A type of resource that carries a feature."""

    type: ResourceType
    create: str
    delete: str
    #: the parameters of `create`, by the name of the resource.
    properties: Callable[[str], dict[str, Any]]
    #: the parameters that enable and disable the feature.
    enabled: Callable[[Bench], dict[str, Any]]
    disabled: dict[str, Any] = field(default_factory=dict)
    #: returns the id in the response of `create`; None if the name is the id.
    id_in: Callable[[dict[str, Any]], str] | None = None
    #: the parameter of `delete` with the id.
    #: Default: that of the other operations.
    deleted_by: str = ""
    #: the types of a temporary stack.
    stack: tuple[str, ...] = ()

    @property
    def role(self) -> RoleDefinition:
        """The role of the feature."""
        return self.type.role

    @property
    def calls(self) -> tuple[str, ...]:
        """The operations of the methods."""
        own = (self.create, self.type.calls.configure.operation, self.type.calls.remove)
        return (*dict.fromkeys((*own, self.delete)),)

    def add(self, bench: Bench, name: str = "") -> str:
        """Create a resource, delete it in the clean-up, and return its id."""
        called = name or bench.name("owner")
        if self.id_in is None:
            bench.undo(self.delete, **self.deletion(called))
        response = bench.call(self.create, **self.properties(called))
        if self.id_in is None:
            return called
        generated = self.id_in(response)
        bench.undo(self.delete, **self.deletion(generated))
        return generated

    def enable(self, bench: Bench, id: str, **settings: object) -> None:
        """Enable the feature, in the usual way or with settings; disable it in the clean-up.

        Raises:
            ClientError: AWS refuses the call for more than a minute.
        """
        wanted = settings or self.enabled(bench)
        bench.undo(self.type.calls.remove, **self.target(id), **self.disabled)
        operation = self.type.calls.configure.operation
        for attempt in range(_ATTEMPTS):
            error = bench.refusal(operation, **self.target(id), **wanted)
            if error is None:
                return
            is_late = is_not_found(error) or code(error) == "BadRequestException"
            if not is_late or attempt == _ATTEMPTS - 1:
                raise error
            # Chime needs some time until it finds a new owner, role or stream
            bench.wait(_PAUSE_SECONDS)

    def disable(self, bench: Bench, id: str) -> None:
        """Disable the feature."""
        bench.call(self.type.calls.remove, **self.target(id), **self.disabled)

    def remove(self, bench: Bench, id: str) -> None:
        """Delete the resource."""
        bench.call(self.delete, **self.deletion(id))

    def target(self, id: str) -> dict[str, Any]:
        """Return the parameter with the id."""
        return {self.type.identifier.parameter: id}

    def deletion(self, id: str) -> dict[str, Any]:
        """Return the parameter with the id for the deletion, and for reads."""
        return {self.deleted_by or self.type.identifier.parameter: id}


VOICE_CONNECTOR = Owner(
    CONNECTOR_TYPE,
    create="chime-sdk-voice:CreateVoiceConnector",
    delete="chime-sdk-voice:DeleteVoiceConnector",
    properties=lambda name: {"Name": name, "RequireEncryption": True},
    id_in=lambda response: str(response["VoiceConnector"]["VoiceConnectorId"]),
    enabled=lambda _: {"StreamingConfiguration": {"DataRetentionInHours": 0, "Disabled": False}},
)
APP_INSTANCE = Owner(
    APP_INSTANCE_TYPE,
    create="chime-sdk-identity:CreateAppInstance",
    delete="chime-sdk-identity:DeleteAppInstance",
    properties=lambda name: {"Name": name, "ClientRequestToken": name},
    id_in=lambda response: str(response["AppInstanceArn"]),
    enabled=lambda bench: {
        "StreamingConfigurations": [{"DataType": "Channel", "ResourceArn": stream(bench)}]
    },
    stack=(STREAM,),
)
PLAYBACK_CONFIGURATION = Owner(
    PLAYBACK_TYPE,
    create="mediatailor:PutPlaybackConfiguration",
    delete="mediatailor:DeletePlaybackConfiguration",
    properties=lambda name: {
        "Name": name,
        "AdDecisionServerUrl": "https://ads.example.com",
        "VideoContentSourceUrl": "https://video.example.com",
    },
    enabled=lambda _: {"PercentEnabled": 100},
    disabled={"PercentEnabled": 0},
    deleted_by="Name",
)
LINEAR_CHANNEL = Owner(
    LINEAR_CHANNEL_TYPE,
    create="mediatailor:CreateChannel",
    delete="mediatailor:DeleteChannel",
    properties=lambda name: {
        "ChannelName": name,
        "Outputs": [
            {
                "ManifestName": "index",
                "SourceGroup": "hls",
                "HlsPlaylistSettings": {"ManifestWindowSeconds": 60},
            }
        ],
        "PlaybackMode": "LOOP",
        "Tier": "BASIC",
    },
    enabled=lambda _: {"LogTypes": ["AS_RUN"]},
    disabled={"LogTypes": []},
)
LIVE_CHANNEL = Owner(
    LIVE_CHANNEL_TYPE,
    create="mediapackage:CreateChannel",
    delete="mediapackage:DeleteChannel",
    properties=lambda name: {"Id": name},
    enabled=lambda _: {"EgressAccessLogs": {}},
)
PACKAGING_GROUP = Owner(
    PACKAGING_GROUP_TYPE,
    create="mediapackage-vod:CreatePackagingGroup",
    delete="mediapackage-vod:DeletePackagingGroup",
    properties=lambda name: {"Id": name},
    enabled=lambda _: {"EgressAccessLogs": {}},
)
#: the owners whose name is their id come first: a deleted one can be created again.
ALL = (
    PLAYBACK_CONFIGURATION,
    LINEAR_CHANNEL,
    LIVE_CHANNEL,
    PACKAGING_GROUP,
    APP_INSTANCE,
    VOICE_CONNECTOR,
)
