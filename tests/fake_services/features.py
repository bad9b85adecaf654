"""The services whose features need a service-linked role, and the usages of the roles.

From AWS: the operations with their codes and statuses (botocore's models), the ARNs and the
resources of permissions (the service authorization reference), and which operations create a role
or end its usage (the documentation in the catalogue). Our model, where AWS documents nothing or
not enough:

- a service refuses to enable a feature while its role is missing. By the documentation it creates
  the role; but then no test would find a stack that forgot it. `makes_role` chooses, and IVS
  creates its role by default, because IAM cannot;
- only the documented operations end the usage of a role. A feature that is enabled when its owner
  is deleted uses the role forever. A voice connector uses it while it has a streaming
  configuration, even a disabled one; a MediaTailor configuration, at any percentage except 0 and
  with any strategy; a recording configuration, while it exists. An IVS channel uses no role, and
  IAM does not know whether a SIP media application does;
- setting messaging streams replaces those of the same data types and keeps the others;
- a streaming configuration that was never set is not found, and deleting it succeeds;
- an operation without a resource is authorized on `*`, the creation of a recording configuration
  on any of them, and an operation on a voice connector only on the connector, even with a media
  insights configuration;
- a resource has at most 50 tags, and more are invalid input. All Chime clients call the same path
  for tags, so this model does not tell them apart;
- a deleted live MediaPackage channel is authorized on its previous ARN;
- the ids, and the texts of errors except those about Kinesis and about a missing role, which
  were seen for messaging.
"""

from __future__ import annotations

import threading
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from slr_constructs import catalogue
from slr_constructs.catalogue import RoleCreation
from tests.fake_services.wire import Call, Refused, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slr_constructs.catalogue import RoleDefinition

    Data = dict[str, Any]
    OnChange = Callable[["TargetResource", str, bool], None]

_NOT_FOUND = {
    "ivs": "ResourceNotFoundException",
    # which models no errors
    "mediatailor": "",
}
_LOG_GROUPS = "/aws/MediaPackage/"
_CHIME = ("chime-sdk-voice", "chime-sdk-identity")
#: without those of AWS.
_MAX_TAGS = 50


class BrokenUse(AssertionError):  # noqa: N818 - it says what happened to the account
    """A role was deleted while a resource used it."""


class Roles(Protocol):
    """The service-linked roles of all accounts.

    They are called under the lock of the features, so they must not hold a lock of their own when
    they call the features.
    """

    def exists(self, account: str, role_name: str) -> bool:
        """Return whether an account has a role."""

    def make(self, account: str, definition: RoleDefinition) -> None:
        """Create a role."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """The names of one kind of resource, and when it uses its role.

    `id_member` is the parameter with its id; `asked_as` is another name of it in some calls. `on`
    receives the data of the resource: everything that was set, by the names of its service.
    """

    service: str
    resource: str
    definition: RoleDefinition
    on: Callable[[Mapping[str, Any]], bool]
    id_member: str
    arn_member: str
    listed: str
    wrapped: str = ""
    asked_as: str = ""
    named: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        """The service's name in ARNs and IAM actions."""
        return _namespace(self.service)

    def arn(self, account: str, region: str, last: str) -> str:
        """Return the ARN that ends in a name."""
        return f"arn:aws:{self.namespace}:{region}:{account}:{self.resource}{last}"

    def id_in(self, parameters: Mapping[str, Any]) -> str | None:
        """Return the id of a resource of this kind in the parameters of a call."""
        called: str | None = parameters.get(self.id_member, parameters.get(self.asked_as))
        return called


def _namespace(service: str) -> str:
    return "chime" if service.startswith("chime-sdk-") else service


def _has_access_logs(data: Mapping[str, Any]) -> bool:
    return "IngressAccessLogs" in data or "EgressAccessLogs" in data


VOICE_CONNECTOR = Kind(
    "chime-sdk-voice",
    "vc/",
    catalogue.CHIME_VOICE_CONNECTOR,
    on=lambda data: "StreamingConfiguration" in data,
    id_member="VoiceConnectorId",
    arn_member="VoiceConnectorArn",
    listed="VoiceConnectors",
    wrapped="VoiceConnector",
)
#: IAM does not know that it may use the role, which AWS does not document either way.
SIP_MEDIA_APPLICATION = Kind(
    "chime-sdk-voice",
    "sma/",
    catalogue.CHIME_VOICE_CONNECTOR,
    on=lambda _data: False,
    id_member="SipMediaApplicationId",
    arn_member="SipMediaApplicationArn",
    listed="SipMediaApplications",
    wrapped="SipMediaApplication",
)
APP_INSTANCE = Kind(
    "chime-sdk-identity",
    "app-instance/",
    catalogue.CHIME_MESSAGING,
    on=lambda data: "StreamingConfigurations" in data,
    id_member="AppInstanceArn",
    arn_member="AppInstanceArn",
    listed="AppInstances",
    wrapped="AppInstance",
)
RECORDING_CONFIGURATION = Kind(
    "ivs",
    "recording-configuration/",
    catalogue.IVS_RECORD_TO_S3,
    on=lambda _: True,
    id_member="arn",
    arn_member="arn",
    listed="recordingConfigurations",
    wrapped="recordingConfiguration",
    defaults={"state": "ACTIVE"},
)
IVS_CHANNEL = Kind(
    "ivs",
    "channel/",
    catalogue.IVS_RECORD_TO_S3,
    on=lambda _: False,
    id_member="arn",
    arn_member="arn",
    listed="channels",
    wrapped="channel",
    defaults={"recordingConfigurationArn": ""},
)
PLAYBACK_CONFIGURATION = Kind(
    "mediatailor",
    "playbackConfiguration/",
    catalogue.MEDIATAILOR,
    on=lambda data: bool(data.get("LogConfiguration", {}).get("PercentEnabled")),
    id_member="Name",
    arn_member="PlaybackConfigurationArn",
    listed="Items",
    asked_as="PlaybackConfigurationName",
    named=True,
)
LINEAR_CHANNEL = Kind(
    "mediatailor",
    "channel/",
    catalogue.MEDIATAILOR,
    on=lambda data: bool(data["LogConfiguration"]["LogTypes"]),
    id_member="ChannelName",
    arn_member="Arn",
    listed="Items",
    named=True,
    defaults={"LogConfiguration": {"LogTypes": []}, "ChannelState": "STOPPED", "Tier": "BASIC"},
)
LIVE_CHANNEL = Kind(
    "mediapackage",
    "channels/",
    catalogue.MEDIAPACKAGE,
    on=_has_access_logs,
    id_member="Id",
    arn_member="Arn",
    listed="Channels",
    named=True,
)
PACKAGING_GROUP = Kind(
    "mediapackage-vod",
    "packaging-groups/",
    catalogue.MEDIAPACKAGE,
    on=_has_access_logs,
    id_member="Id",
    arn_member="Arn",
    listed="PackagingGroups",
    named=True,
)


@dataclass(slots=True)
class TargetResource:
    """A resource of a service. Its data is replaced as a whole, never changed."""

    kind: Kind
    account: str
    region: str
    id: str
    arn: str
    data: Data

    #: of Chime, whose descriptions do not have them.
    hidden_tags: dict[str, str] = field(default_factory=dict)

    @property
    def on(self) -> bool:
        """Whether the feature is enabled."""
        return self.kind.on(self.data)

    @property
    def tags(self) -> dict[str, str]:
        """The tags."""
        found: dict[str, str] = self.data.get(self._tag_member, {})
        return {**found, **self.hidden_tags}

    def set_tags(self, tags: dict[str, str]) -> None:
        """Replace the tags."""
        if self.kind.service in _CHIME:
            self.hidden_tags = tags
        else:
            self.data = {**self.data, self._tag_member: tags}

    @property
    def _tag_member(self) -> str:
        return "tags" if self.kind.service == "ivs" else "Tags"


class Features:
    """All resources of all accounts and regions, and all usages of their roles.

    Args:
        roles: The roles that exist.

        on_change: Receives each resource that is created ("create") or deleted ("delete"), or whose
            feature is enabled ("on"), disabled ("off") or set again ("change"): the resource, the
            change, and whether the feature is enabled now, or stays enabled.
    """

    def __init__(self, roles: Roles, *, on_change: OnChange | None = None) -> None:
        self.on_change = on_change
        #: by role name: whether the service creates its role if it is missing.
        self.makes_role: dict[str, bool] = {}
        #: the last part of the ARN of a live MediaPackage channel.
        self.new_id: Callable[[], str] = lambda: uuid.uuid4().hex
        #: ARNs of IVS channels that are live.
        self.live: set[str] = set()
        #: by client and operation: another behaviour of AWS than this model's.
        self.replaced: dict[tuple[str, str], Callable[[Features, Kind, Call], Data]] = {}
        #: by kind: another rule for when a resource uses its role than `on`.
        self.uses_role: dict[Kind, Callable[[Mapping[str, Any]], bool]] = {}
        self.reset()
        self._roles = roles
        #: held during an operation.
        self.lock = threading.RLock()
        self._targets: dict[tuple[Kind, str, str, str], TargetResource] = {}
        #: the same resources, so that a list does not search all of them.
        self._places: defaultdict[tuple[Kind, str, str], dict[str, TargetResource]] = defaultdict(
            dict
        )
        #: including deleted resources.
        self._arns: dict[tuple[Kind, str, str, str], str] = {}
        #: ARNs, by account, role name and region.
        self._uses: defaultdict[tuple[str, str], defaultdict[str, set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )

    # for tests

    def reset(self) -> None:
        """Restore the defaults: the model's behaviour, and no channel is live."""
        self.makes_role = {
            definition.role_name: definition.creation is RoleCreation.SERVICE
            for definition in catalogue.ALL
        }
        self.live.clear()
        self.replaced.clear()
        self.uses_role.clear()

    def add(
        self, kind: Kind, account: str, region: str, name: str, data: Data | None = None
    ) -> TargetResource:
        """Add a resource without a stack.

        Args:
            kind: Its kind.

            account: Its account.

            region: Its region.

            name: The last part of its ARN; the id of a live channel.

            data: The data of the service. A feature that is enabled by it needs its role.
                Default: only its id and ARN.
        """
        with self.lock:
            target = self._new(kind, account, region, name, data or {})
            self._put(target, target.data)
            return target

    def find(self, kind: Kind, account: str, region: str, id: str) -> TargetResource | None:
        """Return a resource by its id."""
        with self.lock:
            return self._targets.get((kind, account, region, id))

    def uses(self, account: str, role_name: str) -> dict[str, list[str]]:
        """Return the usages of a role: ARNs by region."""
        with self.lock:
            by_region = self._uses[account, role_name]
            return {region: sorted(arns) for region, arns in sorted(by_region.items()) if arns}

    def add_use(self, account: str, role_name: str, region: str, arn: str) -> None:
        """Let another resource use a role."""
        with self.lock:
            self._uses[account, role_name][region].add(arn)

    def remove_use(self, account: str, role_name: str, region: str, arn: str) -> None:
        """End the usage of another resource."""
        with self.lock:
            self._uses[account, role_name][region].discard(arn)

    def role_deleted(self, account: str, role_name: str) -> None:
        """Handle the deletion of a role.

        Raises:
            BrokenUse: A resource used it.
        """
        uses = self.uses(account, role_name)
        if uses:
            raise BrokenUse(f"{role_name} of {account} was deleted while it was used: {uses}")

    def left(self, account: str) -> list[str]:
        """List existing resources, and deleted resources that were left enabled."""
        with self.lock:
            targets = {
                target.arn: "on" if target.on else "off"
                for target in self._targets.values()
                if target.account == account
            }
            used = {
                arn
                for (owner, _), by_region in self._uses.items()
                if owner == account
                for arns in by_region.values()
                for arn in arns
            }
        deleted = dict.fromkeys(
            used - set(targets), "not a resource of a service, but uses its role"
        )
        return [f"{arn} ({state})" for arn, state in sorted((targets | deleted).items())]

    def forget(self, account: str) -> None:
        """Empty an account: its resources, and the usages of its roles."""
        with self.lock:
            for key in [key for key in self._arns if key[1] == account]:
                self._targets.pop(key, None)
                self._places.pop(key[:3], None)
                self.live.discard(self._arns.pop(key))
            for used in [used for used in self._uses if used[0] == account]:
                del self._uses[used]

    # for callers of AWS

    def handle(self, call: Call) -> Data:
        """Carry out an operation.

        Raises:
            Refused: The service refuses the operation.
        """
        known = _OPERATIONS.get((call.service, call.operation))
        if call.operation in _TAG_OPERATIONS:
            with self.lock:
                return _TAG_OPERATIONS[call.operation](self, call)
        if known is None:
            raise Refused("UnknownOperationException", f"{call.operation} is not implemented here")
        with self.lock:
            kind, carry_out = known
            replacement = self.replaced.get((call.service, call.operation), carry_out)
            return replacement(self, kind, call)

    def action_and_resource(self, call: Call) -> tuple[str, str]:
        """Return the IAM action that allows a call, and the ARN it is authorized on."""
        action = f"{_namespace(call.service)}:{call.operation}"
        if call.operation in _TAG_OPERATIONS:
            return action, _tagged_arn(call)
        kind, carry_out = _OPERATIONS.get((call.service, call.operation), (None, None))
        if kind is not None and action == "ivs:CreateRecordingConfiguration":
            # the reference lists this kind, and the new resource has no name yet
            return action, kind.arn(call.account, call.region, "*")
        if kind is None or carry_out in _AUTHORIZED_ON_ALL:
            return action, "*"
        called = str(kind.id_in(call.parameters))
        if kind.id_member == kind.arn_member:
            return action, called
        composed = kind.arn(call.account, call.region, called)
        with self.lock:
            return action, self._arns.get((kind, call.account, call.region, called), composed)

    # operations of every kind

    def _create(self, kind: Kind, call: Call) -> Data:
        name = kind.id_in(call.parameters) if kind.named else str(uuid.uuid4())
        target = self._new(kind, call.account, call.region, str(name), call.parameters)
        self._put(target, target.data)
        return _shown(target)

    def _describe(self, kind: Kind, call: Call) -> Data:
        return _shown(self._requested(kind, call))

    def _list(self, kind: Kind, call: Call) -> Data:
        recorded_by = call.parameters.get("filterByRecordingConfigurationArn")
        called = call.parameters.get("filterByName")
        if recorded_by is not None and called is not None:
            raise Refused("ConflictException", "filters cannot be used together", 409)
        found = self._of(kind, call)
        if recorded_by is not None:
            found = [
                each for each in found if each.data.get("recordingConfigurationArn") == recorded_by
            ]
        if called is not None:
            found = [each for each in found if each.data.get("name") == called]
        ivs = kind.service == "ivs"
        token = "nextToken" if ivs else "NextToken"
        given = call.parameters.get(token, "0")
        if not given.isdecimal():
            raise invalid(call.service, f"{token}: {given!r} is not a valid token")
        first = int(given)
        most = call.parameters.get("maxResults" if ivs else "MaxResults", len(found))
        rest = {token: str(first + most)} if first + most < len(found) else {}
        return {kind.listed: [each.data for each in found[first : first + most]], **rest}

    def _update(self, kind: Kind, call: Call) -> Data:
        target = self._requested(kind, call)
        self._put(target, target.data | call.parameters)
        return _shown(target)

    def _delete(self, kind: Kind, call: Call) -> Data:
        target = self._requested(kind, call)
        del self._targets[kind, target.account, target.region, target.id]
        del self._places[kind, target.account, target.region][target.id]
        if kind is RECORDING_CONFIGURATION:
            self._use(target, uses=False)
        self._report(target, "delete", on=target.on and kind is not RECORDING_CONFIGURATION)
        return {}

    # Chime

    def _create_app_instance(self, kind: Kind, call: Call) -> Data:
        return {kind.arn_member: self._create(kind, call)[kind.wrapped][kind.arn_member]}

    def _put_member(self, kind: Kind, call: Call, member: str, value: object) -> Data:
        target = self._requested(kind, call)
        self._put(target, target.data | {member: value})
        return {member: value}

    def _get_member(self, kind: Kind, call: Call, member: str) -> Data:
        data = self._requested(kind, call).data
        if member not in data:
            raise Refused("NotFoundException", f"there is no {member}", 404)
        return {member: data[member]}

    def _delete_member(self, kind: Kind, call: Call, member: str) -> Data:
        target = self._requested(kind, call)
        self._put(target, {name: value for name, value in target.data.items() if name != member})
        return {}

    def _put_streaming(self, kind: Kind, call: Call) -> Data:
        wanted = call.parameters["StreamingConfiguration"]
        return self._put_member(kind, call, "StreamingConfiguration", wanted)

    def _get_streaming(self, kind: Kind, call: Call) -> Data:
        return self._get_member(kind, call, "StreamingConfiguration")

    def _delete_streaming(self, kind: Kind, call: Call) -> Data:
        return self._delete_member(kind, call, "StreamingConfiguration")

    def _put_streams(self, kind: Kind, call: Call) -> Data:
        before = self._requested(kind, call).data.get("StreamingConfigurations", [])
        wanted = call.parameters["StreamingConfigurations"]
        prefix = f"arn:aws:kinesis:{call.region}:{call.account}:stream/chime-messaging-"
        for stream in (each["ResourceArn"] for each in wanted):
            if not stream.startswith(prefix):
                name = stream.rpartition("/")[2]
                raise invalid(call.service, f"Unable to access Kinesis stream {name}")
        by_type = {each["DataType"]: each for each in [*before, *wanted]}
        return self._put_member(kind, call, "StreamingConfigurations", [*by_type.values()])

    def _get_streams(self, kind: Kind, call: Call) -> Data:
        return self._get_member(kind, call, "StreamingConfigurations")

    def _delete_streams(self, kind: Kind, call: Call) -> Data:
        return self._delete_member(kind, call, "StreamingConfigurations")

    # IVS

    def _delete_recording(self, kind: Kind, call: Call) -> Data:
        target = self._requested(kind, call)
        if any(
            channel.data.get("recordingConfigurationArn") == target.arn
            for channel in self._of(IVS_CHANNEL, call)
        ):
            raise Refused("ConflictException", f"{target.arn} is associated with a channel", 409)
        return self._delete(kind, call)

    def _create_channel(self, kind: Kind, call: Call) -> Data:
        self._refuse_unknown_recording(call)
        return self._create(kind, call)

    def _update_channel(self, kind: Kind, call: Call) -> Data:
        self._refuse_live(kind, call)
        self._refuse_unknown_recording(call)
        return self._update(kind, call)

    def _delete_channel(self, kind: Kind, call: Call) -> Data:
        self._refuse_live(kind, call)
        return self._delete(kind, call)

    def _refuse_live(self, kind: Kind, call: Call) -> None:
        arn = self._requested(kind, call).arn
        if arn in self.live:
            raise Refused("ConflictException", f"{arn} is live", 409)

    def _refuse_unknown_recording(self, call: Call) -> None:
        arn = call.parameters.get("recordingConfigurationArn")
        if arn:
            self._find_or_raise(RECORDING_CONFIGURATION, call, arn)

    # MediaTailor

    def _put_playback(self, kind: Kind, call: Call) -> Data:
        target = self.find(kind, call.account, call.region, call.parameters["Name"])
        if target is None:
            return self._create(kind, call)
        kept = (kind.arn_member, "LogConfiguration", "Tags")
        self._put(
            target,
            call.parameters | {name: target.data[name] for name in kept if name in target.data},
        )
        return _shown(target)

    def _log_sessions(self, kind: Kind, call: Call) -> Data:
        target = self._requested(kind, call)
        percent = call.parameters["PercentEnabled"]
        if percent not in range(101):
            raise invalid(call.service, f"PercentEnabled: {percent} is not one of 0 to 100")
        logs = {"EnabledLoggingStrategies": ["LEGACY_CLOUDWATCH"], **call.parameters}
        logs.pop(kind.asked_as)
        self._put(target, target.data | {"LogConfiguration": logs})
        return {kind.asked_as: target.id, **logs}

    def _log_as_run(self, kind: Kind, call: Call) -> Data:
        target = self._requested(kind, call)
        logs = {"LogTypes": call.parameters["LogTypes"]}
        self._put(target, target.data | {"LogConfiguration": logs})
        return {kind.id_member: target.id, **logs}

    # tags

    def _tag(self, call: Call) -> Data:
        target, given = self._tagged(call), _either(call.parameters, "Tags", "tags")
        if isinstance(given, list):
            given = {tag["Key"]: tag["Value"] for tag in given}
        tags = target.tags | given
        if sum(not each.startswith("aws:") for each in tags) > _MAX_TAGS:
            raise invalid(call.service, f"more than {_MAX_TAGS} tags")
        target.set_tags(tags)
        return {}

    def _untag(self, call: Call) -> Data:
        target, keys = self._tagged(call), _either(call.parameters, "TagKeys", "tagKeys")
        target.set_tags({key: value for key, value in target.tags.items() if key not in keys})
        return {}

    def _list_tags(self, call: Call) -> Data:
        tags = self._tagged(call).tags
        if call.service in _CHIME:
            return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        return {"tags" if call.service == "ivs" else "Tags": tags}

    def _tagged(self, call: Call) -> TargetResource:
        arn = _tagged_arn(call)
        for target in self._targets.values():
            if (target.account, target.arn) == (call.account, arn):
                return target
        code = _NOT_FOUND.get(call.service, "NotFoundException")
        raise Refused(code, f"{arn} was not found", 404)

    # MediaPackage

    def _log_access(self, kind: Kind, call: Call) -> Data:
        target = self._requested(kind, call)
        every = ("IngressAccessLogs", "EgressAccessLogs")
        wanted = {name: call.parameters[name] for name in every if name in call.parameters}
        for log in wanted.values():
            if not log.get("LogGroupName", _LOG_GROUPS).startswith(_LOG_GROUPS):
                raise invalid(call.service, f"the log group's name must start with {_LOG_GROUPS}")
        kept = {name: value for name, value in target.data.items() if name not in every}
        self._put(target, kept | wanted)
        return _shown(target)

    # resources

    def _of(self, kind: Kind, call: Call) -> list[TargetResource]:
        return [*self._places.get((kind, call.account, call.region), {}).values()]

    def _requested(self, kind: Kind, call: Call) -> TargetResource:
        return self._find_or_raise(kind, call, str(kind.id_in(call.parameters)))

    def _find_or_raise(self, kind: Kind, call: Call, id: str) -> TargetResource:
        target = self.find(kind, call.account, call.region, id)
        if target is None:
            code = _NOT_FOUND.get(call.service, "NotFoundException")
            raise Refused(code, f"{kind.resource.rstrip('/')} {id} was not found", 404)
        return target

    def _new(self, kind: Kind, account: str, region: str, name: str, data: Data) -> TargetResource:
        # the last part of the ARN of a live channel is not its id
        arn = kind.arn(account, region, self.new_id() if kind is LIVE_CHANNEL else name)
        called = arn if kind.id_member == kind.arn_member else name
        if self.find(kind, account, region, called):
            raise invalid(kind.service, f"{called} already exists")
        ids = {kind.id_member: called, kind.arn_member: arn}
        return TargetResource(kind, account, region, called, arn, {**kind.defaults, **data, **ids})

    def _put(self, target: TargetResource, data: Data) -> None:
        """Set the data of a new or existing resource. An enabled feature needs its role."""
        key = (target.kind, target.account, target.region, target.id)
        new = key not in self._targets
        before = not new and target.on
        after = target.kind.on(data)
        if after:
            self._need_role(target)
        target.data = data
        self._targets[key] = target
        self._places[key[:3]][target.id] = target
        self._arns[key] = target.arn
        if new:
            self._report(target, "create", on=after)
        uses = self.uses_role.get(target.kind)
        if before or after or uses is not None:
            self._use(target, uses=after if uses is None else uses(data))
        if before or after:
            change = "change" if before == after else "on" if after else "off"
            self._report(target, change, on=after)

    def _need_role(self, target: TargetResource) -> None:
        definition = target.kind.definition
        if self._roles.exists(target.account, definition.role_name):
            return
        if not self.makes_role[definition.role_name]:
            arn = definition.arn(partition="aws", account=target.account)
            raise invalid(target.kind.service, f"Unable to create service linked role {arn}")
        self._roles.make(target.account, definition)

    def _use(self, target: TargetResource, *, uses: bool) -> None:
        change = self.add_use if uses else self.remove_use
        change(target.account, target.kind.definition.role_name, target.region, target.arn)

    def _report(self, target: TargetResource, change: str, *, on: bool) -> None:
        if self.on_change is not None:
            self.on_change(target, change, on)


_TAG_OPERATIONS = {
    "TagResource": Features._tag,
    "UntagResource": Features._untag,
    "ListTagsForResource": Features._list_tags,
}


def _tagged_arn(call: Call) -> str:
    return str(_either(call.parameters, "ResourceARN", "ResourceArn", "resourceArn"))


def _either(parameters: Mapping[str, Any], *names: str) -> Any:  # noqa: ANN401 - of any type
    """Return the parameter that has one of the names, which differ between services."""
    return next(parameters[name] for name in names if name in parameters)


def _shown(target: TargetResource) -> Data:
    return {target.kind.wrapped: target.data} if target.kind.wrapped else target.data


#: by client and operation.
_OPERATIONS: dict[tuple[str, str], tuple[Kind, Callable[[Features, Kind, Call], Data]]] = {
    (service, operation): (kind, carry_out)
    for kind, service, operations in (
        (
            VOICE_CONNECTOR,
            "chime-sdk-voice",
            {
                "CreateVoiceConnector": Features._create,
                "GetVoiceConnector": Features._describe,
                "ListVoiceConnectors": Features._list,
                "UpdateVoiceConnector": Features._update,
                "DeleteVoiceConnector": Features._delete,
                "PutVoiceConnectorStreamingConfiguration": Features._put_streaming,
                "GetVoiceConnectorStreamingConfiguration": Features._get_streaming,
                "DeleteVoiceConnectorStreamingConfiguration": Features._delete_streaming,
            },
        ),
        (
            SIP_MEDIA_APPLICATION,
            "chime-sdk-voice",
            {
                "CreateSipMediaApplication": Features._create,
                "GetSipMediaApplication": Features._describe,
                "ListSipMediaApplications": Features._list,
                "DeleteSipMediaApplication": Features._delete,
            },
        ),
        (
            APP_INSTANCE,
            "chime-sdk-identity",
            {
                "CreateAppInstance": Features._create_app_instance,
                "DescribeAppInstance": Features._describe,
                "ListAppInstances": Features._list,
                "UpdateAppInstance": Features._update,
                "DeleteAppInstance": Features._delete,
            },
        ),
        (
            APP_INSTANCE,
            "chime-sdk-messaging",
            {
                "PutMessagingStreamingConfigurations": Features._put_streams,
                "GetMessagingStreamingConfigurations": Features._get_streams,
                "DeleteMessagingStreamingConfigurations": Features._delete_streams,
            },
        ),
        (
            RECORDING_CONFIGURATION,
            "ivs",
            {
                "CreateRecordingConfiguration": Features._create,
                "GetRecordingConfiguration": Features._describe,
                "ListRecordingConfigurations": Features._list,
                "DeleteRecordingConfiguration": Features._delete_recording,
            },
        ),
        (
            IVS_CHANNEL,
            "ivs",
            {
                "CreateChannel": Features._create_channel,
                "GetChannel": Features._describe,
                "ListChannels": Features._list,
                "UpdateChannel": Features._update_channel,
                "DeleteChannel": Features._delete_channel,
            },
        ),
        (
            PLAYBACK_CONFIGURATION,
            "mediatailor",
            {
                "PutPlaybackConfiguration": Features._put_playback,
                "GetPlaybackConfiguration": Features._describe,
                "ListPlaybackConfigurations": Features._list,
                "DeletePlaybackConfiguration": Features._delete,
                "ConfigureLogsForPlaybackConfiguration": Features._log_sessions,
            },
        ),
        (
            LINEAR_CHANNEL,
            "mediatailor",
            {
                "CreateChannel": Features._create,
                "DescribeChannel": Features._describe,
                "ListChannels": Features._list,
                "UpdateChannel": Features._update,
                "DeleteChannel": Features._delete,
                "ConfigureLogsForChannel": Features._log_as_run,
            },
        ),
        (
            LIVE_CHANNEL,
            "mediapackage",
            {
                "CreateChannel": Features._create,
                "DescribeChannel": Features._describe,
                "ListChannels": Features._list,
                "UpdateChannel": Features._update,
                "DeleteChannel": Features._delete,
                "ConfigureLogs": Features._log_access,
            },
        ),
        (
            PACKAGING_GROUP,
            "mediapackage-vod",
            {
                "CreatePackagingGroup": Features._create,
                "DescribePackagingGroup": Features._describe,
                "ListPackagingGroups": Features._list,
                "UpdatePackagingGroup": Features._update,
                "DeletePackagingGroup": Features._delete,
                "ConfigureLogs": Features._log_access,
            },
        ),
    )
    for operation, carry_out in operations.items()
}

#: the service authorization reference lists no resource for these, or one that has no name yet.
_AUTHORIZED_ON_ALL = (
    Features._create,
    Features._create_app_instance,
    Features._create_channel,
    Features._list,
    Features._put_playback,
)
