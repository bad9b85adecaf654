"""The resource types that the emulator's CloudFormation lacks.

Documented by AWS: their properties, which properties replace them, and the results of `Ref` and
`Fn::GetAtt` (the resource schemas, as cfn-lint ships them); that they call the operations of their
services (the schemas' `handlers`); and that a create fails if the identifier exists (the contract
of resource types; IAM's own operation would overwrite a policy). Our model:

- An update that removes all log properties of an owner does not change its logs, so that only a
  clean-up resource disables them.
- A resource whose second operation is refused on create leaves nothing behind.
- Deleting a resource that does not exist succeeds.
- Tags are set only on create, and never changed. CloudFormation adds its own tags if the schema
  has `cloudFormationSystemTags`.
- The errors of `AWS::IAM::ServiceLinkedRole` for a role that exists, or is in use, are IAM's.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudformation, iam
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

from slr_constructs import catalogue
from tests.fake_services import features as kinds
from tests.fake_services.features import Roles
from tests.fake_services.iam import as_refused
from tests.fake_services.service_linked_roles import name_taken, role_not_found
from tests.fake_services.wire import Call, Refused, check, input_of
from tests.published import schema_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fake_services.features import Features, Kind

    Properties = dict[str, Any]
    Result = tuple[str, Properties]
    OnResource = Callable[[str, str, str, str, str], None]

_NOT_FOUND = 404
_REFUSED = 400


class DeletableRoles(Roles, Protocol):
    """The roles, for a resource that owns a role."""

    def delete(self, account: str, role_name: str) -> None:
        """Delete a role, even if it is in use."""


class ResourceType(Protocol):
    """Creates, updates and deletes a resource; create and update return `Ref` and `GetAtt`."""

    @property
    def name(self) -> str:
        """The name of the type in templates."""

    def create(self, props: Properties) -> Result:
        """Create the resource."""

    def update(self, physical_id: str, props: Properties) -> Result:
        """Update the properties that can be changed in place."""

    def delete(self, physical_id: str, props: Properties) -> None:
        """Delete the resource."""


def register(features: Features, roles: DeletableRoles, on_resource: OnResource) -> None:
    """Register these types in the emulator.

    Args:
        features: The services that have the resources.

        roles: The service-linked roles.

        on_resource: Called for each resource that was created ("create"), updated ("update") or
            deleted ("delete"), with this word, the stack, the logical id, the type and the physical
            id.
    """
    types: tuple[ResourceType, ...] = (
        *(_OwnedByService(features, *row) for row in _OWNED_BY_SERVICES),
        _RolePolicy(),
        _ServiceLinkedRole(features, roles),
    )
    for each in types:
        _RESOURCE_HANDLERS[each.name] = _handlers(each, on_resource)


def _handlers(resource_type: ResourceType, on_resource: OnResource) -> dict[str, Any]:
    name = resource_type.name
    create_only = _properties(name, "createOnlyProperties")
    # the emulator does not name the stack of a resource that it deletes
    stacks: dict[tuple[str, str, str], str] = {}

    def report(what: str, stack: str, logical_id: str, result: Result) -> Result:
        stacks[get_account_id(), get_region(), result[0]] = stack
        on_resource(what, stack, logical_id, name, result[0])
        return result

    def create(logical_id: str, props: Properties, stack: str) -> Result:
        tagged = props | _system_tags(name, props, stack, logical_id)
        return report("create", stack, logical_id, resource_type.create(tagged))

    def update(
        physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str
    ) -> Result:
        if any(old.get(prop) != new.get(prop) for prop in create_only):
            # the emulator deletes the old resource at the end of the update
            return create(logical_id, new, stack)
        return report("update", stack, logical_id, resource_type.update(physical_id, new))

    def delete(physical_id: str, props: Properties, logical_id: str) -> None:
        try:
            resource_type.delete(physical_id, props)
        except Refused as refused:
            if refused.status != _NOT_FOUND:
                raise
        stack = stacks.get((get_account_id(), get_region(), physical_id), "")
        on_resource("delete", stack, logical_id, name, physical_id)

    return {
        "create": create,
        "update": update,
        "update_with_logical_id": True,
        "delete": delete,
        "delete_with_logical_id": True,
    }


def _properties(resource_type: str, which: str) -> list[str]:
    """Return the properties of one of a schema's lists, without nested properties."""
    paths = [path.split("/")[2:] for path in schema_of(resource_type).get(which, [])]
    return [path[0] for path in paths if len(path) == 1]


def _system_tags(resource_type: str, props: Properties, stack: str, logical_id: str) -> Properties:
    """Return a resource's tags with CloudFormation's own tags, if it adds any."""
    tagging = schema_of(resource_type).get("tagging", {})
    # a test may create a resource without a stack
    if stack not in cloudformation._stacks or not tagging.get("cloudFormationSystemTags"):
        return {}
    own = {
        "stack-name": stack,
        "stack-id": cloudformation._stacks[stack]["StackId"],
        "logical-id": logical_id,
    }
    given = [{"Key": f"aws:cloudformation:{name}", "Value": value} for name, value in own.items()]
    return {"Tags": [*props.get("Tags", []), *given]}


@dataclass(frozen=True, slots=True)
class _OwnedByService:
    """The type of a service's resource; the operation `logs` sets what `create` cannot set.

    `log_properties` are the properties that `logs` sets; a property that is a structure represents
    its members.
    """

    features: Features
    name: str
    kind: Kind
    created_by: str
    read_by: str
    updated_by: str | None
    deleted_by: str
    logs: str | None = None
    log_properties: tuple[str, ...] = ()

    def create(self, props: Properties) -> Result:
        """Create the resource, and then configure its logs."""
        kind = self.kind
        name = props.get(kind.id_member, "")
        if kind.named and self.features.find(kind, get_account_id(), get_region(), name):
            text = f"Resource of type '{self.name}' with identifier '{name}' already exists."
            raise Refused("AlreadyExists", text)
        response = self._call(self.created_by, {"ClientRequestToken": uuid.uuid4().hex, **props})
        called = self._called(response.get(kind.wrapped, response)[kind.id_member])
        try:
            self._log(called, props)
        except Refused:
            self._call(self.deleted_by, called)
            raise
        return self._result(called)

    def update(self, physical_id: str, props: Properties) -> Result:
        """Update the resource, and then its logs."""
        called = self._called(physical_id)
        if self.updated_by is not None:
            defaults = {
                prop: schema["default"]
                for prop, schema in schema_of(self.name)["properties"].items()
                if "default" in schema
            }
            # an operation that replaces the whole resource must keep its tags
            kept = {"Tags": tags} if (tags := self._tags(physical_id)) else {}
            # an app instance's operation requires `Metadata`
            self._call(self.updated_by, {"Metadata": "", **defaults, **props, **kept, **called})
        self._log(called, props)
        return self._result(called)

    def delete(self, physical_id: str, _props: Properties) -> None:
        """Delete the resource, even if its feature is enabled."""
        self._call(self.deleted_by, self._called(physical_id))

    def _tags(self, physical_id: str) -> object:
        target = self.features.find(self.kind, get_account_id(), get_region(), physical_id)
        return None if target is None else target.data.get("Tags")

    def _called(self, physical_id: str) -> Properties:
        """Return the parameters that identify the resource, with the names of properties."""
        by_arn = self.kind.id_member == self.kind.arn_member
        name = physical_id if by_arn else physical_id.rpartition("/")[2]
        return _capitalized(dict.fromkeys((self.kind.id_member, self.kind.asked_as), name))

    def _log(self, called: Properties, props: Properties) -> None:
        wanted = {prop: props[prop] for prop in self.log_properties if prop in props}
        if self.logs is not None and wanted:
            members = wanted.pop("LogConfiguration", {})
            self._call(self.logs, {**wanted, **members, **called})

    def _result(self, called: Properties) -> Result:
        response = self._call(self.read_by, called)
        data = _capitalized(response.get(self.kind.wrapped, response))
        (identifier,) = _properties(self.name, "primaryIdentifier")
        read_only = _properties(self.name, "readOnlyProperties")
        return data[identifier], {prop: data[prop] for prop in read_only if prop in data}

    def _call(self, operation: str, props: Properties) -> Properties:
        service = self.kind.service
        parameters = _parameters(input_of(service, operation), props)
        check(service, operation, parameters)
        return self.features.handle(
            Call(service, operation, parameters, get_account_id(), get_region())
        )


_OWNED_BY_SERVICES = (
    (
        "AWS::Chime::VoiceConnector",
        kinds.VOICE_CONNECTOR,
        "CreateVoiceConnector",
        "GetVoiceConnector",
        "UpdateVoiceConnector",
        "DeleteVoiceConnector",
    ),
    (
        "AWS::Chime::AppInstance",
        kinds.APP_INSTANCE,
        "CreateAppInstance",
        "DescribeAppInstance",
        "UpdateAppInstance",
        "DeleteAppInstance",
    ),
    (
        "AWS::IVS::RecordingConfiguration",
        kinds.RECORDING_CONFIGURATION,
        "CreateRecordingConfiguration",
        "GetRecordingConfiguration",
        None,
        "DeleteRecordingConfiguration",
    ),
    (
        "AWS::IVS::Channel",
        kinds.IVS_CHANNEL,
        "CreateChannel",
        "GetChannel",
        "UpdateChannel",
        "DeleteChannel",
    ),
    (
        "AWS::MediaTailor::PlaybackConfiguration",
        kinds.PLAYBACK_CONFIGURATION,
        "PutPlaybackConfiguration",
        "GetPlaybackConfiguration",
        "PutPlaybackConfiguration",
        "DeletePlaybackConfiguration",
        "ConfigureLogsForPlaybackConfiguration",
        ("LogConfiguration",),
    ),
    (
        "AWS::MediaTailor::Channel",
        kinds.LINEAR_CHANNEL,
        "CreateChannel",
        "DescribeChannel",
        "UpdateChannel",
        "DeleteChannel",
        "ConfigureLogsForChannel",
        ("LogConfiguration",),
    ),
    (
        "AWS::MediaPackage::Channel",
        kinds.LIVE_CHANNEL,
        "CreateChannel",
        "DescribeChannel",
        "UpdateChannel",
        "DeleteChannel",
        "ConfigureLogs",
        ("IngressAccessLogs", "EgressAccessLogs"),
    ),
    (
        "AWS::MediaPackage::PackagingGroup",
        kinds.PACKAGING_GROUP,
        "CreatePackagingGroup",
        "DescribePackagingGroup",
        "UpdatePackagingGroup",
        "DeletePackagingGroup",
        "ConfigureLogs",
        ("EgressAccessLogs",),
    ),
)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _capitalized(data: Properties) -> Properties:
    return {_capital(name): value for name, value in data.items()}


def _parameters(shape: Any, value: Any) -> Any:
    """Convert properties to an operation's members, which may start in lower case; omit others."""
    match shape.type_name:
        case "structure":
            return {
                member: _parameters(each, value[_capital(member)])
                for member, each in shape.members.items()
                if _capital(member) in value
            }
        case "list":
            return [_parameters(shape.member, each) for each in value]
        case "map" if isinstance(value, list):
            return {tag["Key"]: tag["Value"] for tag in value}
        case _:
            return value


class _RolePolicy:
    name = "AWS::IAM::RolePolicy"

    def create(self, props: Properties) -> Result:
        """Create the policy, unless the role has one with the same name."""
        name = props["PolicyName"]
        role = iam._roles.get_scoped(get_account_id(), None, props["RoleName"])
        if role is not None and name in role["InlinePolicies"]:
            identifier = f"{name}|{props['RoleName']}"
            text = f"Resource of type '{self.name}' with identifier '{identifier}' already exists."
            raise Refused("AlreadyExists", text)
        return self.update("", props)

    def update(self, _physical_id: str, props: Properties) -> Result:
        """Create or replace the policy."""
        document = json.dumps(props["PolicyDocument"])
        _iam("PutRolePolicy", **_policy_of(props), PolicyDocument=document)
        return f"{props['PolicyName']}|{props['RoleName']}", {}

    def delete(self, _physical_id: str, props: Properties) -> None:
        """Delete the policy."""
        _iam("DeleteRolePolicy", **_policy_of(props))


def _policy_of(props: Properties) -> dict[str, str]:
    return {"RoleName": props["RoleName"], "PolicyName": props["PolicyName"]}


def _iam(operation: str, **parameters: str) -> None:
    status, _, body = iam._IAM_HANDLERS[operation](
        {name: [value] for name, value in parameters.items()}
    )
    if status >= _REFUSED:
        raise Refused(operation, body.decode(), status)


@dataclass(frozen=True, slots=True)
class _ServiceLinkedRole:
    features: Features
    roles: DeletableRoles
    name: str = "AWS::IAM::ServiceLinkedRole"

    def create(self, props: Properties) -> Result:
        """Create the role, unless it exists in the account."""
        principal = props["AWSServiceName"]
        definition = next(
            (
                each
                for each in catalogue.ALL
                if each.service_principal == principal and each.superseded_by is None
            ),
            None,
        )
        if definition is None:
            raise Refused("InvalidInput", f"no service-linked role is known for {principal}")
        if "CustomSuffix" in props:
            raise Refused("InvalidInput", f"Custom suffix is not allowed for {principal}")
        role_name = definition.role_name
        if self.roles.exists(get_account_id(), role_name):
            raise as_refused(name_taken(role_name))
        self.roles.make(get_account_id(), definition)
        return self.update(role_name, props)

    def update(self, physical_id: str, props: Properties) -> Result:
        """Update the description of the role."""
        if "Description" in props:
            _iam("UpdateRole", RoleName=physical_id, Description=props["Description"])
        return physical_id, {"RoleName": physical_id}

    def delete(self, physical_id: str, _props: Properties) -> None:
        """Delete the role, unless it is in use."""
        account = get_account_id()
        uses = self.features.uses(account, physical_id)
        if uses:
            text = f"the service-linked role {physical_id} has resources that use it: {uses}"
            raise Refused("DeleteConflict", text, 409)
        if not self.roles.exists(account, physical_id):
            raise as_refused(role_not_found(physical_id))
        self.roles.delete(account, physical_id)
