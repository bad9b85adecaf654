"""Accounts with many resources, for benchmarks and for trying the command line.

Our model throughout. The accounts are the same in every run.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
from typing import TYPE_CHECKING, Any

import botocore.session

from slr_constructs import catalogue
from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CREATED_MARK,
    CREATED_TAG,
    LEASE_TAG,
)
from tests.fake_services import features as kinds
from tests.fake_services.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.features import Features, Kind

    Data = dict[str, Any]

ACCOUNT = "111122223333"
READER = "AccountReader"

#: the type in CloudFormation, and whether its service stores the tags of CloudFormation.
_TYPES = {
    kinds.VOICE_CONNECTOR: ("AWS::Chime::VoiceConnector", ""),
    kinds.APP_INSTANCE: ("AWS::Chime::AppInstance", ""),
    kinds.RECORDING_CONFIGURATION: ("AWS::IVS::RecordingConfiguration", "tags"),
    kinds.IVS_CHANNEL: ("AWS::IVS::Channel", "tags"),
    kinds.PLAYBACK_CONFIGURATION: ("AWS::MediaTailor::PlaybackConfiguration", "Tags"),
    kinds.LINEAR_CHANNEL: ("AWS::MediaTailor::Channel", "Tags"),
    kinds.LIVE_CHANNEL: ("AWS::MediaPackage::Channel", ""),
    kinds.PACKAGING_GROUP: ("AWS::MediaPackage::PackagingGroup", ""),
}
_CHIME = (kinds.VOICE_CONNECTOR, kinds.APP_INSTANCE)
_IN_STACK = 3
_OF_STACK = 20


def seeded(resources: int, using: int, accounts: int = 1) -> World:
    """Return a world of accounts, each with five roles and the same number of resources.

    The resources are spread evenly over the kinds, and over the regions of each service. Every
    recording configuration is enabled, so there are as many as are to be enabled, and more channels
    instead. An IVS channel is enabled if it is recorded. Every third resource is in a stack.

    Args:
        resources: The number of resources.

        using: The number of resources whose feature is enabled.

        accounts: The number of accounts in the organization. The first one is `ACCOUNT`, and every
            caller may assume the role `READER` of each.
    """
    if not 0 <= using <= resources:
        raise ValueError(f"using must be 0 to {resources}, got {using}")
    world = World()
    numbers = itertools.count()
    world.features.new_id = lambda: _digest(f"live {next(numbers)}", 32)
    for number in range(accounts):
        account = world.account(str(int(ACCOUNT) + number), "media")
        account.assumable.add(READER)
        _add_roles(account)
        _add_resources(world, account, resources, using)
    return world


def _add_resources(world: World, account: FakeAccount, resources: int, using: int) -> None:
    shares, on = _evenly(resources), _evenly(using)
    moved = shares[kinds.RECORDING_CONFIGURATION] - on[kinds.RECORDING_CONFIGURATION]
    shares[kinds.RECORDING_CONFIGURATION] -= moved
    shares[kinds.IVS_CHANNEL] += moved
    stacks = _Stacks(account)
    for kind in _TYPES:
        for number in range(shares[kind]):
            # enabled resources are spread among the others
            before, after = (each * on[kind] // shares[kind] for each in (number, number + 1))
            _add(world.features, stacks, kind, number, on=after > before, turn=before)


def _evenly(total: int) -> dict[Kind, int]:
    each, rest = divmod(total, len(_TYPES))
    return {kind: each + (place < rest) for place, kind in enumerate(_TYPES)}


@functools.cache
def _regions(service: str) -> tuple[str, ...]:
    return tuple(botocore.session.Session().get_available_regions(service))


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def _add_roles(account: FakeAccount) -> None:
    for definition in catalogue.ALL:
        if definition.superseded_by is not None:
            continue
        name = definition.role_name.removeprefix("AWSServiceRoleFor")
        resource = ("Role", contract.ServiceLinkedRole.RESOURCE_TYPE, definition.role_name)
        existing = account.add_stack(f"{name}-app", "us-east-1", resources=[resource])
        deleted = account.add_stack(f"{name}-old", "us-east-1", status="DELETE_COMPLETE")
        leases = {LEASE_TAG + _digest(f"{stack}/Role", 32): stack for stack in (existing, deleted)}
        account.add_role(
            definition,
            description=f"Role of {definition.feature} {CREATED_MARK}",
            tags={CREATED_TAG: "true", **leases},
        )


class _Stacks:
    """Stacks with some resources each."""

    def __init__(self, account: FakeAccount) -> None:
        self._account = account
        #: the id of their account.
        self.account = account.id
        self._open: dict[str, str] = {}

    def adopt(self, region: str, resource_type: str, physical_id: str) -> dict[str, str]:
        """Add a resource to a stack of a region, and return the tags that CloudFormation sets."""
        stack = self._account.stacks.get(self._open.get(region, ""))
        if stack is None or len(stack.resources) == _OF_STACK:
            opened = self._account.add_stack(f"media-{len(self._account.stacks)}", region)
            self._open[region] = opened
            stack = self._account.stacks[opened]
        logical_id = f"Thing{len(stack.resources)}"
        stack.resources.append((logical_id, resource_type, physical_id))
        return {
            "aws:cloudformation:stack-name": stack.name,
            "aws:cloudformation:stack-id": stack.id,
            "aws:cloudformation:logical-id": logical_id,
        }


def _add(
    features: Features, stacks: _Stacks, kind: Kind, number: int, *, on: bool, turn: int
) -> None:
    regions = _regions(kind.service)
    # enabled resources are spread over all regions, and a channel is in the region of its recording
    region = regions[(turn if on else number) % len(regions)]
    name = _name(kind, number)
    data = _OWN[kind] | (_on(kind, stacks.account, region, turn) if on else {})
    if kind.listed != "AppInstances" and not kind.named:
        data |= {"Name" if kind in _CHIME else "name": f"thing-{number}"}
    if number % _IN_STACK == 0:
        arn = kind.arn(stacks.account, region, name)
        resource_type, tags_member = _TYPES[kind]
        tags = stacks.adopt(region, resource_type, name if kind.named else arn)
        if tags_member:
            data |= {tags_member: tags}
    features.add(kind, stacks.account, region, name, data)


def _name(kind: Kind, number: int) -> str:
    text = f"{kind.service} {kind.resource}{number}"
    if kind.named:
        return f"thing-{number}"
    if kind is kinds.VOICE_CONNECTOR:
        return _digest(text, 22)
    if kind is kinds.APP_INSTANCE:
        return "-".join(_parts(_digest(text, 32)))
    return _digest(text, 12)


def _parts(digits: str) -> Iterator[str]:
    start = 0
    for length in (8, 4, 4, 4, 12):
        yield digits[start : start + length]
        start += length


def _on(kind: Kind, account: str, region: str, turn: int) -> Data:
    """Return the settings that enable a feature."""
    if kind is kinds.APP_INSTANCE:
        stream = f"arn:aws:kinesis:{region}:{account}:stream/chime-messaging-{turn}"
        return {"StreamingConfigurations": [{"DataType": "Channel", "ResourceArn": stream}]}
    if kind is kinds.IVS_CHANNEL:
        # all recording configurations are enabled: their turn is their number
        recording = kinds.RECORDING_CONFIGURATION
        return {"recordingConfigurationArn": recording.arn(account, region, _name(recording, turn))}
    return _ON.get(kind, {})


#: the data of the service for each kind.
_OWN: dict[Kind, Data] = {
    kinds.VOICE_CONNECTOR: {"RequireEncryption": True},
    kinds.APP_INSTANCE: {"Name": "chat"},
    kinds.RECORDING_CONFIGURATION: {
        "destinationConfiguration": {"s3": {"bucketName": "recordings"}}
    },
    kinds.IVS_CHANNEL: {"latencyMode": "LOW", "type": "STANDARD"},
    kinds.PLAYBACK_CONFIGURATION: {
        "AdDecisionServerUrl": "https://ads.example.com",
        "VideoContentSourceUrl": "https://video.example.com",
    },
    kinds.LINEAR_CHANNEL: {
        "Outputs": [{"ManifestName": "index", "SourceGroup": "hls"}],
        "PlaybackMode": "LOOP",
    },
    kinds.LIVE_CHANNEL: {"Description": "a live channel"},
    kinds.PACKAGING_GROUP: {},
}
_ON: dict[Kind, Data] = {
    kinds.VOICE_CONNECTOR: {
        "StreamingConfiguration": {"DataRetentionInHours": 24, "Disabled": False}
    },
    kinds.PLAYBACK_CONFIGURATION: {
        "LogConfiguration": {
            "PercentEnabled": 10,
            "EnabledLoggingStrategies": ["LEGACY_CLOUDWATCH"],
        }
    },
    kinds.LINEAR_CHANNEL: {"LogConfiguration": {"LogTypes": ["AS_RUN"]}},
    kinds.LIVE_CHANNEL: {
        "IngressAccessLogs": {"LogGroupName": "/aws/MediaPackage/IngressAccessLogs"},
        "EgressAccessLogs": {"LogGroupName": "/aws/MediaPackage/EgressAccessLogs"},
    },
    kinds.PACKAGING_GROUP: {
        "EgressAccessLogs": {"LogGroupName": "/aws/MediaPackage/VodEgressAccessLogs"}
    },
}
