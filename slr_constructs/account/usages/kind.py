"""Kinds of resources that use a role: how to list them, and how to disable their feature.

The catalogue's record of a type has its calls and its contracts, and says which settings use the
role. The function's operations change the resources.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from slr_constructs.account.stacks import OfStack, StackState
from slr_constructs.catalogue.resource_type import OnRelease, Usage, is_unset
from slr_constructs.handler.slr_handler.aws import is_not_found
from slr_constructs.handler.slr_handler.marks import mark_keys, marks_in
from slr_constructs.handler.slr_handler.operations import MARKED_FEATURES, OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.account.access import Region
    from slr_constructs.catalogue import ResourceType
    from slr_constructs.handler.slr_handler.context import Context

Settings: TypeAlias = dict[str, Any]
"""The settings of a feature, as the API of its service takes them to configure it again."""

#: the prefix of tags that only AWS can set.
RESERVED_TAGS = "aws:"
#: CloudFormation sets this tag if the schema of the resource type has `cloudFormationSystemTags`.
_STACK_TAG = "aws:cloudformation:stack-id"


@dataclass(frozen=True, slots=True)
class TargetResource:
    """A resource that uses a role, or may use it."""

    kind: Kind
    region: str
    #: the id that API calls take.
    id: str
    arn: str
    name: str
    #: None if the settings are not read yet, or if the feature is disabled.
    settings: Settings | None = None
    #: the id of its stack, from its tags.
    stack: str | None = None
    #: whether these settings use the role.
    usage: Usage = Usage.USES

    @property
    def label(self) -> str:
        """The name, and the id if the name is not unique."""
        unique = last_part(self.id)
        return f"{self.name} ({unique})" if self.name not in ("", unique) else unique

    @property
    def configuration(self) -> str:
        """A few words about the settings, and whether it is unknown that they use the role."""
        text = self.kind.describe_settings(self.settings or {})
        return f"{text}, may use the role" if self.usage is Usage.MAY_USE else text


@dataclass(frozen=True, slots=True)
class Mark(OfStack):
    """Tags by which a stack declares that it configures the feature of a resource."""

    target: TargetResource
    #: the keys of the tags, the mark itself first.
    tags: tuple[str, ...]
    #: the id of the stack.
    stack: str
    state: StackState = StackState.UNKNOWN

    noun = "mark"

    @property
    def place(self) -> str:
        """The kind, the name and the id of the resource."""
        return f"{self.target.kind.name} {self.target.label}"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list."""

    #: the number of items on the page. Only some of them may use a role.
    item_count: int
    targets: Sequence[TargetResource]
    #: the token of the next page; None after the last page.
    next_token: str | None
    #: the marks on all of them. The states of their stacks are not read yet.
    marks: Sequence[Mark] = ()


class InvalidSettingsError(Exception):
    """Settings that a kind of resource does not have. The text says why."""


class Kind(ABC):
    """A kind of resource that can have a feature of a role."""

    resource_type: ClassVar[ResourceType]
    #: the member of a list item with the ARN.
    arn_member: ClassVar[str] = "Arn"
    #: the member of a description that contains all others.
    wrapper: ClassVar[str | None] = None
    #: what stops working when the feature is disabled.
    consequence: ClassVar[str]
    #: the settings that may be restored, and no other parameters of `configure`; empty: none.
    restorable: ClassVar[tuple[str, ...]] = ()
    #: the parameter of `configure` that contains the settings, if it is one.
    settings_parameter: ClassVar[str | None] = None

    @property
    def name(self) -> str:
        """The name in the AWS documentation."""
        return self.resource_type.name

    @property
    def service(self) -> str:
        """The boto3 client that configures and describes the feature."""
        return self.resource_type.calls.describe.partition(":")[0]

    @property
    def list_service(self) -> str:
        """The boto3 client that lists the resources."""
        return self.resource_type.calls.list.operation.partition(":")[0]

    @property
    def resource_types(self) -> tuple[str, ...]:
        """The CloudFormation type, and the types of custom resources that configure the feature."""
        return (self.resource_type.type, *self.resource_type.custom_types)

    @property
    def disabled_by_deletion(self) -> bool:
        """Whether the resource itself must be deleted, because its feature cannot be disabled."""
        return self.resource_type.on_release is OnRelease.DELETES

    @property
    def _id_member(self) -> str:
        # a list item and the parameters of `describe` have the same name for it
        identifier = self.resource_type.identifier
        return identifier.property or identifier.parameter

    def read_page(self, region: Region, next_token: str | None = None) -> Page:
        """Read a page of the list. Default: the first page."""
        listing = self.resource_type.calls.list
        parameters: dict[str, Any] = {listing.limit_parameter: listing.page_size}
        if next_token is not None:
            parameters[listing.next_member] = next_token
        response = _call(region, listing.operation, parameters)
        items = response.get(listing.member, [])
        targets = [
            target for item in items if (target := self.parse_item(region.name, item)) is not None
        ]
        next_page = response.get(listing.next_member) or None
        marks = [
            mark
            for item in items
            for mark in self.marks_in(_tags_of(item), self._target(region.name, item))
        ]
        return Page(len(items), targets, next_page, marks)

    def marks_in(self, tags: Mapping[str, str], target: TargetResource) -> list[Mark]:
        """Return the marks in the tags of a resource."""
        return [
            Mark(target, tuple(mark_keys(tags, digest)), stack)
            for digest, stack in marks_in(tags).items()
        ]

    def read_marks(self, region: Region, target: TargetResource) -> list[Mark]:
        """Read the marks on a resource whose list does not include tags; none if it is deleted.

        Raises:
            ClientError: The service refuses the call.
        """
        (operation,) = self.tag_lists
        tag_api = MARKED_FEATURES[self.resource_type.custom_types[0]].tags
        try:
            response = _call(region, operation, {tag_api.arn: target.arn})
        except ClientError as error:
            if not is_not_found(error):
                raise
            return []
        tags = {tag["Key"]: tag["Value"] for tag in response.get(tag_api.tags, [])}
        return self.marks_in(tags, target)

    @property
    def tag_lists(self) -> Sequence[str]:
        """The operation that reads tags, if the list does not include them."""
        operations = self.resource_type.calls.tags
        return [each for each in operations if each.endswith(":ListTagsForResource")]

    def parse_item(self, region: str, item: Mapping[str, Any]) -> TargetResource | None:
        """Return the resource of a list item; None if it does not use the role.

        If the list of a kind does not include settings, every resource is returned without them.
        """
        target = self._target(region, item)
        if not self.resource_type.calls.list.has_settings:
            return target
        return self._with_settings(target, item)

    def _target(self, region: str, item: Mapping[str, Any]) -> TargetResource:
        target_id = item[self._id_member]
        # some resources have no name except the last part of their ARN
        name = item.get("Name") or item.get("name") or last_part(target_id)
        return TargetResource(
            self,
            region,
            target_id,
            item.get(self.arn_member, target_id),
            name,
            stack=_tags_of(item).get(_STACK_TAG),
        )

    def read_usage(self, region: Region, target: TargetResource) -> TargetResource | None:
        """Read the current settings; None if the role is not used or the resource is deleted."""
        describe = self.resource_type.calls.describe
        try:
            found = _call(region, describe, {self._id_member: target.id})
        except ClientError as error:
            if not is_not_found(error):
                raise
            return None
        return self._with_settings(target, found.get(self.wrapper, {}) if self.wrapper else found)

    def _with_settings(
        self, target: TargetResource, item: Mapping[str, Any]
    ) -> TargetResource | None:
        settings = self.settings_in(item)
        usage = Usage.USES if settings else Usage.DOES_NOT_USE
        if settings and self.resource_type.usage is not None:
            # the API of IVS has the names of CloudFormation in camelCase
            properties = {name[0].upper() + name[1:]: value for name, value in item.items()}
            usage = self.resource_type.usage(properties)
        if usage is Usage.DOES_NOT_USE:
            return None
        return replace(target, settings=settings, usage=usage)

    def settings_in(self, item: Mapping[str, Any]) -> Settings:
        """Return the settings in a list item or a description; empty if there are none.

        Default: the parameters that enable the feature.
        """
        names = self.resource_type.calls.configure.settings
        return {name: item[name] for name in names if not is_unset(item.get(name))}

    def check_settings(self, settings: Settings) -> None:
        """Check settings that come from a file.

        Raises:
            InvalidSettingsError: They are not settings of this kind that can be restored.
        """
        service, _, operation = self.resource_type.calls.configure.operation.partition(":")
        shape = _service_model(service).operation_model(operation).input_shape
        if self.settings_parameter is not None:
            shape = shape.members[self.settings_parameter]
        unknown = sorted(settings.keys() - {*self.restorable})
        if unknown:
            raise InvalidSettingsError(f"{unknown[0]!r} is not a setting of {self.name}s")
        missing = {*shape.required_members} & {*self.restorable} - settings.keys()
        if missing or not settings:
            raise InvalidSettingsError(f"it does not have all settings of {self.name}s")
        for name, value in settings.items():
            if ParamValidator().validate(value, shape.members[name]).has_errors():
                raise InvalidSettingsError(f"the setting {name} of {self.name}s is not valid")

    @abstractmethod
    def describe_settings(self, settings: Settings) -> str:
        """Return a few words about the settings."""

    def disable(self, context: Context, target: TargetResource) -> str:
        """Disable the feature, and return what was done.

        Raises:
            OperationError: The resource is busy, or its service refuses for now. Retry later.
            ClientError: The service refuses the call.
        """
        contract = self.resource_type.contracts.all[0]
        return OPERATIONS[contract.RESOURCE_TYPE].remove(contract.of_target(target.id), context)

    def configure(self, context: Context, target: TargetResource, settings: Settings) -> str:
        """Configure the feature again, and return the ARN of the resource, which may be new.

        A kind that the command `release` does not change needs no such method.

        Raises:
            OperationError: The resource is busy. Retry later.
            ClientError: The service refuses the call.
        """
        raise NotImplementedError

    def physical_ids(self, target: TargetResource) -> Sequence[str]:
        """Return the physical ids of the owner and of our custom resources that configure it."""
        return (target.id, *self.custom_resource_ids(target))

    def custom_resource_ids(self, target: TargetResource) -> Sequence[str]:
        """Return the physical ids of our custom resources that configure the feature."""
        contracts = self.resource_type.contracts.all
        return tuple(dict.fromkeys(each.of_target(target.id).physical_id for each in contracts))


@functools.cache
def _service_model(service: str) -> Any:  # noqa: ANN401 - botocore has no types
    return botocore.session.get_session().get_service_model(service)


def _call(region: Region, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Call an operation of the form `client:Operation`."""
    service, _, name = operation.partition(":")
    return region.api(service).call(xform_name(name), **parameters)


def _tags_of(item: Mapping[str, Any]) -> Mapping[str, str]:
    found: Mapping[str, str] = item.get("Tags") or item.get("tags") or {}
    return found


def last_part(arn: str) -> str:
    """Return the last part of an ARN."""
    return arn.rpartition("/")[2]
