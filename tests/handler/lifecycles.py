"""A row for every resource type: CloudFormation's properties, and the expected calls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.stub import ANY

from slr_constructs.handler.slr_handler import contract, marks, rules
from slr_constructs.handler.slr_handler.context import StackResource
from slr_constructs.handler.slr_handler.operations import service_linked_role
from tests.handler.clocks import EPOCH
from tests.handler.events import lease_of, stack_id
from tests.handler.stubbed import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.handler.slr_handler.contract import Contract
    from slr_constructs.handler.slr_handler.rules import Rule

    Calls = Callable[[str], list[Call]]

#: the result of `secrets.token_hex` in these tests.
RUN_TOKEN = "0" * 32

CONNECTOR, OTHER_CONNECTOR = "a" * 22, "b" * 22
APP_INSTANCE = "arn:aws:chime:us-east-1:123456789012:app-instance/one"
OTHER_APP_INSTANCE = "arn:aws:chime:us-east-1:123456789012:app-instance/two"
MESSAGING_STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/chime-messaging-all"
IVS_CHANNEL = "arn:aws:ivs:us-east-1:123456789012:channel/one"
OTHER_IVS_CHANNEL = "arn:aws:ivs:us-east-1:123456789012:channel/two"
RECORDING = "arn:aws:ivs:us-east-1:123456789012:recording-configuration/Hx3"
VOICE_ROLE = "AWSServiceRoleForAmazonChimeVoiceConnector"
_MEDIATAILOR = "arn:aws:mediatailor:us-east-1:123456789012"
OTHER_ROLE = "AWSServiceRoleForMediaTailor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """One resource type, with two targets of it."""

    contract: type[Contract]
    properties: dict[str, Any]
    #: the field that names the target.
    owner: str
    other_owner: str
    physical_id: str
    other_physical_id: str
    configure: Calls
    #: the calls of the second create or update, if they differ.
    configure_again: Calls | None = None
    remove: Calls
    remove_when_missing: Calls
    #: a property, an invalid value, and the rule that rejects it.
    wrong: tuple[str, Any, Rule]

    @property
    def resource_type(self) -> str:
        """The resource type in a template."""
        return self.contract.RESOURCE_TYPE

    @property
    def other_properties(self) -> dict[str, Any]:
        """The properties with another owner."""
        return {**self.properties, contract.property_name(self.owner): self.other_owner}

    @property
    def name(self) -> str:
        """The target as its property names it."""
        name: str = self.properties[contract.property_name(self.owner)]
        return name


def none(_owner: str) -> list[Call]:
    """Expect no call."""
    return []


def _role(name: str, tags: dict[str, str]) -> dict[str, Any]:
    return {
        "Role": {
            "Path": "/aws-service-role/voiceconnector.chime.amazonaws.com/",
            "RoleName": name,
            "RoleId": "AROA0123456789ABCDEF",
            "Arn": f"arn:aws:iam::123456789012:role/{name}",
            "CreateDate": datetime(2026, 11, 20, tzinfo=UTC),
            "Description": service_linked_role.CREATED_MARK,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }
    }


def _iam(method: str, response: dict[str, Any] | None = None, **params: Any) -> Call:  # noqa: ANN401
    return Call(service="iam", method=method, params=params, response=response or {})


LEASE_TAGS = {lease_of(stack_id()): stack_id()}
CREATED_TAGS = {service_linked_role.CREATED_TAG: "true"}
LOCK = service_linked_role.DELETION_LOCK_TAG + RUN_TOKEN


def _create_role(name: str) -> list[Call]:
    (lease,) = ({"Key": key, "Value": value} for key, value in LEASE_TAGS.items())
    (created,) = ({"Key": key, "Value": value} for key, value in CREATED_TAGS.items())
    get = _iam("get_role", _role(name, {}), RoleName=name)
    return [
        *get.refuse("NoSuchEntity", 404),
        _iam(
            "create_service_linked_role",
            _role(name, {}),
            AWSServiceName="voiceconnector.chime.amazonaws.com",
            Description=(
                "Service-linked role, shared by the stacks of this account"
                f" {service_linked_role.CREATED_MARK}"
            ),
        ),
        *[get] * 3,
        _iam("tag_role", RoleName=name, Tags=[lease]),
        _iam("get_role", _role(name, LEASE_TAGS), RoleName=name),
        _iam("tag_role", RoleName=name, Tags=[created]),
    ]


def _find_role(name: str) -> list[Call]:
    # again after a while, when other runs read the lease and this run reads their locks
    return [_iam("get_role", _role(name, LEASE_TAGS | CREATED_TAGS), RoleName=name)] * 2


def _delete_role(name: str) -> list[Call]:
    lock = {LOCK: str(EPOCH)}
    task = f"task/aws-service-role/chime/{name}/1"
    return [
        _iam("get_role", _role(name, LEASE_TAGS | CREATED_TAGS), RoleName=name),
        _iam("untag_role", RoleName=name, TagKeys=list(LEASE_TAGS)),
        _iam("get_role", _role(name, CREATED_TAGS), RoleName=name),
        _iam("tag_role", RoleName=name, Tags=[{"Key": LOCK, "Value": ANY}]),
        _iam("get_role", _role(name, CREATED_TAGS | lock), RoleName=name),
        _iam("delete_service_linked_role", {"DeletionTaskId": task}, RoleName=name),
        _iam(
            "get_service_linked_role_deletion_status", {"Status": "SUCCEEDED"}, DeletionTaskId=task
        ),
    ]


def _voice(connector: str) -> list[Call]:
    return [
        Call(
            service="chime-sdk-voice",
            method="put_voice_connector_streaming_configuration",
            params={
                "VoiceConnectorId": connector,
                "StreamingConfiguration": {
                    "DataRetentionInHours": 24,
                    "Disabled": False,
                    "StreamingNotificationTargets": [
                        {"NotificationTarget": "EventBridge"},
                        {"NotificationTarget": "SNS"},
                    ],
                },
            },
        )
    ]


def _voice_call(method: str, connector: str) -> Call:
    return Call(
        service="chime-sdk-voice",
        method=f"{method}_voice_connector_streaming_configuration",
        params={"VoiceConnectorId": connector},
    )


def _messaging_call(method: str, app_instance: str, **response: Any) -> Call:  # noqa: ANN401
    return Call(
        service="chime-sdk-messaging",
        method=f"{method}_messaging_streaming_configurations",
        params={"AppInstanceArn": app_instance},
        response=response,
    )


def _messaging(app_instance: str) -> list[Call]:
    streams = [
        {"DataType": "Channel", "ResourceArn": MESSAGING_STREAM},
        {"DataType": "ChannelMessage", "ResourceArn": MESSAGING_STREAM},
    ]
    return [
        _messaging_call("get", app_instance, StreamingConfigurations=streams),
        Call(
            service="chime-sdk-messaging",
            method="put_messaging_streaming_configurations",
            params={"AppInstanceArn": app_instance, "StreamingConfigurations": streams},
        ),
    ]


_ARN_MEMBERS = ("arn", "Arn", "PlaybackConfigurationArn")
MARK = marks.MARK_TAG + marks.digest_of(StackResource(stack_id(), "Thing"))


def marked(call: Call, tags: str, arn: str, *configure: Call) -> list[Call]:
    """Return the calls that read and mark an owner, which had no settings, and configure it.

    Args:
        call: The call that reads the owner, with its ARN and the settings that are asked for.

        tags: The member of its response with the tags.

        arn: The parameter with the ARN in the calls for tags.

        configure: The calls that configure the owner.
    """
    read = replace(call, response=_without_settings(call.response))
    return [read, _tag_call("tag", call, tags, arn), read, *configure]


def unmarked(call: Call, tags: str, arn: str, *remove: Call) -> list[Call]:
    """Return the calls that read the owner, remove its settings, and remove its mark."""
    given = {wrapper: dict(value) for wrapper, value in call.response.items() if tags == "tags"}
    response = {**call.response, **given}
    next(iter(given.values()), response)[tags] = {MARK: stack_id()}
    return [replace(call, response=response), *remove, _tag_call("untag", call, tags, arn)]


def _without_settings(response: dict[str, Any]) -> dict[str, Any]:
    wrapped = response.get("channel")
    if wrapped is not None:
        return {"channel": _without_settings(wrapped)}
    kept = {name: value for name, value in response.items() if name in _ARN_MEMBERS}
    log_types = response.get("LogConfiguration", {}).get("LogTypes")
    # the response of a channel must have this member
    return kept if log_types is None else kept | {"LogConfiguration": {"LogTypes": []}}


def _tag_call(verb: str, call: Call, tags: str, arn: str) -> Call:
    owner = call.response.get("channel", call.response)
    name = next(each for each in owner if each in _ARN_MEMBERS)
    keys = f"{tags[0]}agKeys" if verb == "untag" else tags
    value = [MARK] if verb == "untag" else ANY
    return Call(
        service=call.service, method=f"{verb}_resource", params={arn: owner[name], keys: value}
    )


def _ivs(channel: str, recording: str = RECORDING) -> Call:
    return Call(
        service="ivs",
        method="update_channel",
        params={"arn": channel, "recordingConfigurationArn": recording},
    )


def _ivs_get(channel: str) -> Call:
    return Call(
        service="ivs",
        method="get_channel",
        params={"arn": channel},
        response={"channel": {"arn": channel, "recordingConfigurationArn": RECORDING}},
    )


def playback(name: str) -> Call:
    """Return the call that reads a playback configuration."""
    return Call(
        service="mediatailor",
        method="get_playback_configuration",
        params={"Name": name},
        response={
            "PlaybackConfigurationArn": f"{_MEDIATAILOR}:playbackConfiguration/{name}",
            "LogConfiguration": {
                "PercentEnabled": 60,
                "EnabledLoggingStrategies": ["LEGACY_CLOUDWATCH"],
            },
        },
    )


def linear(channel: str) -> Call:
    """Return the call that reads a MediaTailor channel."""
    return Call(
        service="mediatailor",
        method="describe_channel",
        params={"ChannelName": channel},
        response={
            "Arn": f"{_MEDIATAILOR}:channel/{channel}",
            "LogConfiguration": {"LogTypes": ["AS_RUN"]},
        },
    )


def _described(service: str, method: str, owner: str, **logs: dict[str, str]) -> Call:
    arn = f"arn:aws:{service}:us-east-1:123456789012:{method[9:]}/{owner}"
    return Call(service=service, method=method, params={"Id": owner}, response={"Arn": arn, **logs})


def live(channel: str) -> Call:
    """Return the call that reads a live MediaPackage channel."""
    return _described("mediapackage", "describe_channel", channel, IngressAccessLogs={})


def vod(group: str) -> Call:
    """Return the call that reads a packaging group."""
    logs = {"LogGroupName": "/aws/MediaPackage/a/b"}
    return _described("mediapackage-vod", "describe_packaging_group", group, EgressAccessLogs=logs)


def _sessions(playback: str) -> Call:
    return Call(
        service="mediatailor",
        method="configure_logs_for_playback_configuration",
        params={"PlaybackConfigurationName": playback, "PercentEnabled": 0},
        response={"PercentEnabled": 0},
    )


def _log_sessions(playback: str) -> list[Call]:
    return [
        Call(
            service="mediatailor",
            method="configure_logs_for_playback_configuration",
            params={
                "PlaybackConfigurationName": playback,
                "PercentEnabled": 60,
                "EnabledLoggingStrategies": ["LEGACY_CLOUDWATCH"],
            },
            response={"PercentEnabled": 60},
        )
    ]


def _as_run(channel: str, *log_types: str) -> Call:
    return Call(
        service="mediatailor",
        method="configure_logs_for_channel",
        params={"ChannelName": channel, "LogTypes": list(log_types)},
    )


def _access_logs(service: str, owner: str, **logs: dict[str, str]) -> Call:
    return Call(service=service, method="configure_logs", params={"Id": owner, **logs})


LIFECYCLES = (
    Lifecycle(
        contract=contract.ServiceLinkedRole,
        properties={
            "RoleName": VOICE_ROLE,
            "ServicePrincipal": "voiceconnector.chime.amazonaws.com",
            "Removal": "WHEN_UNUSED",
            "Creation": "IAM",
        },
        owner="role_name",
        other_owner=OTHER_ROLE,
        physical_id=VOICE_ROLE,
        other_physical_id=OTHER_ROLE,
        configure=_create_role,
        configure_again=_find_role,
        remove=_delete_role,
        remove_when_missing=lambda name: _find_role(name)[0].refuse("NoSuchEntity", 404),
        wrong=("Removal", "PLEASE", rules.ROLE_REMOVAL),
    ),
    Lifecycle(
        contract=contract.VoiceConnectorStreaming,
        properties={
            "VoiceConnectorId": CONNECTOR,
            "DataRetentionInHours": "24",
            "Enabled": "true",
            "NotificationTargets": ["EventBridge", "SNS"],
        },
        owner="voice_connector_id",
        other_owner=OTHER_CONNECTOR,
        physical_id=f"{CONNECTOR}/streaming-configuration",
        other_physical_id=f"{OTHER_CONNECTOR}/streaming-configuration",
        configure=_voice,
        remove=lambda connector: [
            _voice_call("delete", connector),
            _voice_call("get", connector),
        ],
        remove_when_missing=lambda connector: _voice_call("delete", connector).refuse(
            "NotFoundException", 404
        ),
        wrong=("DataRetentionInHours", "-1", rules.DATA_RETENTION),
    ),
    Lifecycle(
        contract=contract.AppInstanceStreaming,
        properties={
            "AppInstanceArn": APP_INSTANCE,
            "ChannelsStreamArn": MESSAGING_STREAM,
            "ChannelMessagesStreamArn": MESSAGING_STREAM,
        },
        owner="app_instance_arn",
        other_owner=OTHER_APP_INSTANCE,
        physical_id=f"{APP_INSTANCE}/streaming-configurations",
        other_physical_id=f"{OTHER_APP_INSTANCE}/streaming-configurations",
        configure=_messaging,
        remove=lambda instance: [
            _messaging_call("delete", instance),
            _messaging_call("get", instance),
        ],
        remove_when_missing=lambda instance: _messaging_call("delete", instance).refuse(
            "NotFoundException", 404
        ),
        wrong=("ChannelsStreamArn", "chime-messaging-all", rules.MESSAGING_STREAM_ARN),
    ),
    Lifecycle(
        contract=contract.IvsChannelRecording,
        properties={"ChannelArn": IVS_CHANNEL, "RecordingConfigurationArn": RECORDING},
        owner="channel_arn",
        other_owner=OTHER_IVS_CHANNEL,
        physical_id=f"{IVS_CHANNEL}/recording-configuration",
        other_physical_id=f"{OTHER_IVS_CHANNEL}/recording-configuration",
        configure=lambda channel: marked(_ivs_get(channel), "tags", "resourceArn", _ivs(channel)),
        remove=lambda channel: unmarked(
            _ivs_get(channel), "tags", "resourceArn", _ivs(channel, recording="")
        ),
        remove_when_missing=lambda channel: _ivs_get(channel).refuse(
            "ResourceNotFoundException", 404
        ),
        wrong=("ChannelArn", "one", rules.IVS_CHANNEL_ARN),
    ),
    Lifecycle(
        contract=contract.MediaTailorSessionLogging,
        properties={"PlaybackConfigurationName": "one", "PercentEnabled": "60"},
        owner="playback_configuration_name",
        other_owner="two",
        physical_id="playbackConfiguration/one/log-configuration",
        other_physical_id="playbackConfiguration/two/log-configuration",
        configure=lambda name: marked(playback(name), "Tags", "ResourceArn", *_log_sessions(name)),
        remove=lambda name: unmarked(playback(name), "Tags", "ResourceArn", _sessions(name)),
        # mediatailor models no errors, so its 404 may come without a code that is known
        remove_when_missing=lambda name: playback(name).refuse("", 404),
        wrong=("PercentEnabled", "101", rules.PERCENT_ENABLED),
    ),
    Lifecycle(
        contract=contract.MediaTailorSessionLoggingCleanUp,
        properties={"PlaybackConfigurationName": "one"},
        owner="playback_configuration_name",
        other_owner="two",
        physical_id="playbackConfiguration/one/log-configuration",
        other_physical_id="playbackConfiguration/two/log-configuration",
        configure=none,
        remove=lambda name: [_sessions(name)],
        remove_when_missing=lambda name: _sessions(name).refuse("", 404),
        wrong=("PlaybackConfigurationName", "a b", rules.PLAYBACK_CONFIGURATION_NAME),
    ),
    Lifecycle(
        contract=contract.MediaTailorAsRunLogging,
        properties={"ChannelName": "one"},
        owner="channel_name",
        other_owner="two",
        physical_id="channel/one/log-configuration",
        other_physical_id="channel/two/log-configuration",
        configure=lambda channel: marked(
            linear(channel), "Tags", "ResourceArn", _as_run(channel, "AS_RUN")
        ),
        remove=lambda channel: unmarked(linear(channel), "Tags", "ResourceArn", _as_run(channel)),
        remove_when_missing=lambda channel: linear(channel).refuse("", 404),
        wrong=("ChannelName", "a/b", rules.MEDIATAILOR_CHANNEL_NAME),
    ),
    Lifecycle(
        contract=contract.MediaTailorAsRunLoggingCleanUp,
        properties={"ChannelName": "one"},
        owner="channel_name",
        other_owner="two",
        physical_id="channel/one/log-configuration",
        other_physical_id="channel/two/log-configuration",
        configure=none,
        remove=lambda channel: [_as_run(channel)],
        remove_when_missing=lambda channel: _as_run(channel).refuse("", 404),
        wrong=("ChannelName", "a/b", rules.MEDIATAILOR_CHANNEL_NAME),
    ),
    Lifecycle(
        contract=contract.MediaPackageChannelLogging,
        properties={"ChannelId": "one", "Ingress": "DEFAULT_GROUP", "Egress": "OFF"},
        owner="channel_id",
        other_owner="two",
        physical_id="channels/one/access-logs",
        other_physical_id="channels/two/access-logs",
        configure=lambda channel: marked(
            live(channel),
            "Tags",
            "ResourceArn",
            _access_logs("mediapackage", channel, IngressAccessLogs={}),
        ),
        remove=lambda channel: unmarked(
            live(channel), "Tags", "ResourceArn", _access_logs("mediapackage", channel)
        ),
        remove_when_missing=lambda channel: live(channel).refuse("NotFoundException", 404),
        wrong=("Ingress", "/aws/MediaPackage/a/b", rules.CHANNEL_ACCESS_LOG),
    ),
    Lifecycle(
        contract=contract.MediaPackageChannelLoggingCleanUp,
        properties={"ChannelId": "one"},
        owner="channel_id",
        other_owner="two",
        physical_id="channels/one/access-logs",
        other_physical_id="channels/two/access-logs",
        configure=none,
        remove=lambda channel: [_access_logs("mediapackage", channel)],
        remove_when_missing=lambda channel: _access_logs("mediapackage", channel).refuse(
            "NotFoundException", 404
        ),
        wrong=("ChannelId", "a b", rules.MEDIAPACKAGE_ID),
    ),
    Lifecycle(
        contract=contract.MediaPackagePackagingGroupLogging,
        properties={"PackagingGroupId": "one", "Egress": "/aws/MediaPackage/a/b"},
        owner="packaging_group_id",
        other_owner="two",
        physical_id="packaging-groups/one/access-logs",
        other_physical_id="packaging-groups/two/access-logs",
        configure=lambda group: marked(
            vod(group),
            "Tags",
            "ResourceArn",
            _access_logs(
                "mediapackage-vod",
                group,
                EgressAccessLogs={"LogGroupName": "/aws/MediaPackage/a/b"},
            ),
        ),
        remove=lambda group: unmarked(
            vod(group), "Tags", "ResourceArn", _access_logs("mediapackage-vod", group)
        ),
        remove_when_missing=lambda group: vod(group).refuse("NotFoundException", 404),
        wrong=("Egress", "elsewhere", rules.PACKAGING_GROUP_ACCESS_LOG),
    ),
    Lifecycle(
        contract=contract.MediaPackagePackagingGroupLoggingCleanUp,
        properties={"PackagingGroupId": "one"},
        owner="packaging_group_id",
        other_owner="two",
        physical_id="packaging-groups/one/access-logs",
        other_physical_id="packaging-groups/two/access-logs",
        configure=none,
        remove=lambda group: [_access_logs("mediapackage-vod", group)],
        remove_when_missing=lambda group: _access_logs("mediapackage-vod", group).refuse(
            "NotFoundException", 404
        ),
        wrong=("PackagingGroupId", "a b", rules.MEDIAPACKAGE_ID),
    ),
)
