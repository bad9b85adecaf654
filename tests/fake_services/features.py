"""The services whose features need a service-linked role, and who uses which role.

AWS's word: the operations with their codes and statuses (botocore's models), the ARNs and what a
call is authorized on (the service authorization reference), and which operations make a role and
let go of it (the documents in the catalogue). Our model, which AWS says nothing or not enough
about:

- a service refuses to switch a feature on while its role is missing. The documents say that it
  makes the role; but then nobody would see that a stack forgot to. `makes_role` chooses, and IVS
  makes its role by default, since IAM may not;
- nothing lets go of a role but what the documents name for it. A feature that is on when its owner
  is deleted uses the role for ever; a voice connector uses it as long as it has a streaming
  configuration, be it disabled; a MediaTailor configuration, at any percentage but 0 and by
  whatever strategy; a recording configuration, as long as it exists. An IVS channel uses none;
- putting messaging streams replaces those of the same data types and leaves the other;
- a streaming configuration that was never put is not found, and deleting it succeeds;
- an operation that names no resource is authorized on `*`, what makes a recording configuration on
  any of them, and a voice connector's on the connector alone, also where a media insights
  configuration is given;
- a live MediaPackage channel that is gone is authorized on the ARN that it had;
- the ids, and the sentences of refusals but for those about Kinesis and about a missing role, which
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
    OnChange = Callable[["Thing", str, bool], None]

_NOT_FOUND = {
    "ivs": "ResourceNotFoundException",
    # which models no errors
    "mediatailor": "",
}
_LOG_GROUPS = "/aws/MediaPackage/"


class BrokenUse(AssertionError):  # noqa: N818 - it says what happened to the account
    """A role was deleted while something used it."""


class Roles(Protocol):
    """The service-linked roles of all accounts.

    They are asked under the lock of the features: they must hold none of their own when they ask
    the features.
    """

    def exists(self, account: str, role_name: str) -> bool:
        """Tell whether an account has a role."""

    def make(self, account: str, definition: RoleDefinition) -> None:
        """Make a role."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """What one kind of thing is called, and when it uses its role.

    `id_member` is what calls name it by; `asked_as` is what some of them say instead. `on` reads
    the thing's data, which is all that was ever said of it, in the words of its service.
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
        """Return what a call names this kind of thing by."""
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
class Thing:
    """One thing of a service; its data is replaced as a whole, never changed."""

    kind: Kind
    account: str
    region: str
    id: str
    arn: str
    data: Data

    @property
    def on(self) -> bool:
        """Whether it uses its role."""
        return self.kind.on(self.data)


class Features:
    """All things of all accounts and regions, and all uses of their roles.

    Args:
        roles: Which roles there are.

        on_change: Is told of everything that is created ("create"), deleted ("delete"), or whose
            feature goes "on" or "off" or is put once more ("change"): the thing, which of these,
            and whether the feature is on now, or is left on.
    """

    def __init__(self, roles: Roles, *, on_change: OnChange | None = None) -> None:
        self.on_change = on_change
        #: by role name: whether the service makes its role where it is missing.
        self.makes_role: dict[str, bool] = {}
        #: what the ARN of a live MediaPackage channel ends in.
        self.new_id: Callable[[], str] = lambda: uuid.uuid4().hex
        #: ARNs of IVS channels that are live.
        self.live: set[str] = set()
        self.reset()
        self._roles = roles
        #: held while an operation is carried out.
        self.lock = threading.RLock()
        self._things: dict[tuple[Kind, str, str, str], Thing] = {}
        #: the same things, so that a list need not look at all of them.
        self._places: defaultdict[tuple[Kind, str, str], dict[str, Thing]] = defaultdict(dict)
        #: of things that were there once, too.
        self._arns: dict[tuple[Kind, str, str, str], str] = {}
        #: ARNs, by account, role name and region.
        self._uses: defaultdict[tuple[str, str], defaultdict[str, set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )

    # what tests say

    def reset(self) -> None:
        """Go back to the defaults: IVS alone makes its role, and no channel is live."""
        self.makes_role = {
            definition.role_name: definition.creation is RoleCreation.SERVICE
            for definition in catalogue.ALL
        }
        self.live.clear()

    def add(
        self, kind: Kind, account: str, region: str, name: str, data: Data | None = None
    ) -> Thing:
        """Put a thing there that no stack made.

        Args:
            kind: What it is.

            account: Whose it is.

            region: Where it is.

            name: What its ARN ends in; of a live channel its id.

            data: What its service knows of it. A feature that this switches on needs its role.
                Default: nothing but its id and ARN.
        """
        with self.lock:
            thing = self._new(kind, account, region, name, data or {})
            self._put(thing, thing.data)
            return thing

    def find(self, kind: Kind, account: str, region: str, id: str) -> Thing | None:
        """Return a thing by what calls name it."""
        with self.lock:
            return self._things.get((kind, account, region, id))

    def uses(self, account: str, role_name: str) -> dict[str, list[str]]:
        """Return what uses a role: ARNs, by region."""
        with self.lock:
            by_region = self._uses[account, role_name]
            return {region: sorted(arns) for region, arns in sorted(by_region.items()) if arns}

    def add_use(self, account: str, role_name: str, region: str, arn: str) -> None:
        """Let something use a role that is none of the kinds."""
        with self.lock:
            self._uses[account, role_name][region].add(arn)

    def remove_use(self, account: str, role_name: str, region: str, arn: str) -> None:
        """Let it use the role no more."""
        with self.lock:
            self._uses[account, role_name][region].discard(arn)

    def role_deleted(self, account: str, role_name: str) -> None:
        """Be told that a role is gone.

        Raises:
            BrokenUse: Something used it.
        """
        uses = self.uses(account, role_name)
        if uses:
            raise BrokenUse(f"{role_name} of {account} was deleted while it was used: {uses}")

    def left(self, account: str) -> list[str]:
        """List what is there, and what is gone but was left on."""
        with self.lock:
            things = {
                thing.arn: "on" if thing.on else "off"
                for thing in self._things.values()
                if thing.account == account
            }
            used = {
                arn
                for (owner, _), by_region in self._uses.items()
                if owner == account
                for arns in by_region.values()
                for arn in arns
            }
        gone = dict.fromkeys(used - set(things), "no thing of a service, and uses its role")
        return [f"{arn} ({state})" for arn, state in sorted((things | gone).items())]

    def forget(self, account: str) -> None:
        """Empty an account: its things, and the uses of its roles."""
        with self.lock:
            for key in [key for key in self._arns if key[1] == account]:
                self._things.pop(key, None)
                self._places.pop(key[:3], None)
                self.live.discard(self._arns.pop(key))
            for used in [used for used in self._uses if used[0] == account]:
                del self._uses[used]

    # what callers of AWS say

    def handle(self, call: Call) -> Data:
        """Carry out an operation.

        Raises:
            Refused: The service does not do it.
        """
        known = _OPERATIONS.get((call.service, call.operation))
        if known is None:
            raise Refused("UnknownOperationException", f"{call.operation} is not played here")
        with self.lock:
            kind, carry_out = known
            return carry_out(self, kind, call)

    def action_and_resource(self, call: Call) -> tuple[str, str]:
        """Return the IAM action that allows a call, and the ARN it is authorized on."""
        action = f"{_namespace(call.service)}:{call.operation}"
        kind, carry_out = _OPERATIONS.get((call.service, call.operation), (None, None))
        if kind is not None and action == "ivs:CreateRecordingConfiguration":
            # the reference lists this kind, and the new one has no name yet
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
        thing = self._new(kind, call.account, call.region, str(name), call.parameters)
        self._put(thing, thing.data)
        return _shown(thing)

    def _describe(self, kind: Kind, call: Call) -> Data:
        return _shown(self._asked(kind, call))

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
            raise invalid(call.service, f"{token}: {given!r} is of no list")
        first = int(given)
        most = call.parameters.get("maxResults" if ivs else "MaxResults", len(found))
        rest = {token: str(first + most)} if first + most < len(found) else {}
        return {kind.listed: [each.data for each in found[first : first + most]], **rest}

    def _update(self, kind: Kind, call: Call) -> Data:
        thing = self._asked(kind, call)
        self._put(thing, thing.data | call.parameters)
        return _shown(thing)

    def _delete(self, kind: Kind, call: Call) -> Data:
        thing = self._asked(kind, call)
        del self._things[kind, thing.account, thing.region, thing.id]
        del self._places[kind, thing.account, thing.region][thing.id]
        if kind is RECORDING_CONFIGURATION:
            self._use(thing, uses=False)
        self._told(thing, "delete", on=thing.on and kind is not RECORDING_CONFIGURATION)
        return {}

    # Chime

    def _create_app_instance(self, kind: Kind, call: Call) -> Data:
        return {kind.arn_member: self._create(kind, call)[kind.wrapped][kind.arn_member]}

    def _put_member(self, kind: Kind, call: Call, member: str, value: object) -> Data:
        thing = self._asked(kind, call)
        self._put(thing, thing.data | {member: value})
        return {member: value}

    def _get_member(self, kind: Kind, call: Call, member: str) -> Data:
        data = self._asked(kind, call).data
        if member not in data:
            raise Refused("NotFoundException", f"there is no {member}", 404)
        return {member: data[member]}

    def _delete_member(self, kind: Kind, call: Call, member: str) -> Data:
        thing = self._asked(kind, call)
        self._put(thing, {name: value for name, value in thing.data.items() if name != member})
        return {}

    def _put_streaming(self, kind: Kind, call: Call) -> Data:
        wanted = call.parameters["StreamingConfiguration"]
        return self._put_member(kind, call, "StreamingConfiguration", wanted)

    def _get_streaming(self, kind: Kind, call: Call) -> Data:
        return self._get_member(kind, call, "StreamingConfiguration")

    def _delete_streaming(self, kind: Kind, call: Call) -> Data:
        return self._delete_member(kind, call, "StreamingConfiguration")

    def _put_streams(self, kind: Kind, call: Call) -> Data:
        before = self._asked(kind, call).data.get("StreamingConfigurations", [])
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
        thing = self._asked(kind, call)
        if any(
            channel.data.get("recordingConfigurationArn") == thing.arn
            for channel in self._of(IVS_CHANNEL, call)
        ):
            raise Refused("ConflictException", f"{thing.arn} is associated with a channel", 409)
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
        arn = self._asked(kind, call).arn
        if arn in self.live:
            raise Refused("ConflictException", f"{arn} is live", 409)

    def _refuse_unknown_recording(self, call: Call) -> None:
        arn = call.parameters.get("recordingConfigurationArn")
        if arn:
            self._known(RECORDING_CONFIGURATION, call, arn)

    # MediaTailor

    def _put_playback(self, kind: Kind, call: Call) -> Data:
        thing = self.find(kind, call.account, call.region, call.parameters["Name"])
        if thing is None:
            return self._create(kind, call)
        kept = (kind.arn_member, "LogConfiguration")
        self._put(
            thing,
            call.parameters | {name: thing.data[name] for name in kept if name in thing.data},
        )
        return _shown(thing)

    def _log_sessions(self, kind: Kind, call: Call) -> Data:
        thing = self._asked(kind, call)
        percent = call.parameters["PercentEnabled"]
        if percent not in range(101):
            raise invalid(call.service, f"PercentEnabled: {percent} is not one of 0 to 100")
        logs = {"EnabledLoggingStrategies": ["LEGACY_CLOUDWATCH"], **call.parameters}
        logs.pop(kind.asked_as)
        self._put(thing, thing.data | {"LogConfiguration": logs})
        return {kind.asked_as: thing.id, **logs}

    def _log_as_run(self, kind: Kind, call: Call) -> Data:
        thing = self._asked(kind, call)
        logs = {"LogTypes": call.parameters["LogTypes"]}
        self._put(thing, thing.data | {"LogConfiguration": logs})
        return {kind.id_member: thing.id, **logs}

    # MediaPackage

    def _log_access(self, kind: Kind, call: Call) -> Data:
        thing = self._asked(kind, call)
        every = ("IngressAccessLogs", "EgressAccessLogs")
        wanted = {name: call.parameters[name] for name in every if name in call.parameters}
        for log in wanted.values():
            if not log.get("LogGroupName", _LOG_GROUPS).startswith(_LOG_GROUPS):
                raise invalid(call.service, f"the log group's name must start with {_LOG_GROUPS}")
        kept = {name: value for name, value in thing.data.items() if name not in every}
        self._put(thing, kept | wanted)
        return _shown(thing)

    # things

    def _of(self, kind: Kind, call: Call) -> list[Thing]:
        return [*self._places.get((kind, call.account, call.region), {}).values()]

    def _asked(self, kind: Kind, call: Call) -> Thing:
        return self._known(kind, call, str(kind.id_in(call.parameters)))

    def _known(self, kind: Kind, call: Call, id: str) -> Thing:
        thing = self.find(kind, call.account, call.region, id)
        if thing is None:
            code = _NOT_FOUND.get(call.service, "NotFoundException")
            raise Refused(code, f"{kind.resource.rstrip('/')} {id} was not found", 404)
        return thing

    def _new(self, kind: Kind, account: str, region: str, name: str, data: Data) -> Thing:
        # the last part of a live channel's ARN is not what calls name it by
        arn = kind.arn(account, region, self.new_id() if kind is LIVE_CHANNEL else name)
        called = arn if kind.id_member == kind.arn_member else name
        if self.find(kind, account, region, called):
            raise invalid(kind.service, f"{called} exists already")
        ids = {kind.id_member: called, kind.arn_member: arn}
        return Thing(kind, account, region, called, arn, {**kind.defaults, **data, **ids})

    def _put(self, thing: Thing, data: Data) -> None:
        """Give a thing its data, be it new or not; what that switches on needs its role."""
        key = (thing.kind, thing.account, thing.region, thing.id)
        new = key not in self._things
        before = not new and thing.on
        after = thing.kind.on(data)
        if after:
            self._need_role(thing)
        thing.data = data
        self._things[key] = thing
        self._places[key[:3]][thing.id] = thing
        self._arns[key] = thing.arn
        if new:
            self._told(thing, "create", on=after)
        if before or after:
            self._use(thing, uses=after)
            what = "change" if before == after else "on" if after else "off"
            self._told(thing, what, on=after)

    def _need_role(self, thing: Thing) -> None:
        definition = thing.kind.definition
        if self._roles.exists(thing.account, definition.role_name):
            return
        if not self.makes_role[definition.role_name]:
            arn = definition.arn(partition="aws", account=thing.account)
            raise invalid(thing.kind.service, f"Unable to create service linked role {arn}")
        self._roles.make(thing.account, definition)

    def _use(self, thing: Thing, *, uses: bool) -> None:
        change = self.add_use if uses else self.remove_use
        change(thing.account, thing.kind.definition.role_name, thing.region, thing.arn)

    def _told(self, thing: Thing, what: str, *, on: bool) -> None:
        if self.on_change is not None:
            self.on_change(thing, what, on)


def _shown(thing: Thing) -> Data:
    return {thing.kind.wrapped: thing.data} if thing.kind.wrapped else thing.data


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
