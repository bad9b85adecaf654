"""The facts about a CloudFormation resource type that uses a service-linked role, as a type.

Each module of a feature has one `ResourceType` for each type. The mixin, the reader of templates,
the guard, the policies and the account commands derive their tables from these records.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slr_constructs.catalogue.role_definition import RoleDefinition
    from slr_constructs.handler.slr_handler.contract import Contract
    from slr_constructs.handler.slr_handler.rules import Rule

NO_VALUE = {"Ref": "AWS::NoValue"}
#: the parts of an ARN in the account and region of a stack, for `Fn::Sub`.
HERE = {
    "partition": "${AWS::Partition}",
    "region": "${AWS::Region}",
    "account": "${AWS::AccountId}",
}
#: the keys of intrinsic functions start with these.
_FUNCTIONS = ("Fn::", "Ref")


class Usage(Enum):
    """Whether a resource uses a role.

    Everything that protects a role treats `MAY_USE` as `USES`, and says so.
    """

    USES = "uses"

    MAY_USE = "may use"
    """A value is known only at deployment, or AWS does not document whether the role is used."""

    DOES_NOT_USE = "does not use"


class OnRelease(Enum):
    """What the command `release` does with a resource that uses the role."""

    DISABLES = "disables its feature"

    DELETES = "deletes it"
    """Its feature cannot be disabled."""

    KEEPS = "does not change it"
    """Its feature cannot be disabled, and it has more purposes than the feature."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """How templates, API calls and ARNs name a resource of a type."""

    #: the parameter of API calls with the name or, for some types, the ARN.
    parameter: str
    #: the service and the path in the ARN, such as "ivs" and "channel/".
    service: str
    path: str
    #: the property with the name; None if AWS generates the name.
    property: str | None = None
    #: the attribute with the ARN, if the ARN does not end with the name.
    arn_attribute: str | None = None

    def arn(self, *, partition: str, region: str, account: str, name: str) -> str:
        """Return the ARN of a resource. The arguments are not validated."""
        return f"arn:{partition}:{self.service}:{region}:{account}:{self.path}{name}"


@dataclass(frozen=True, slots=True)
class Listing:
    """The operation that lists resources. botocore has paginators only for some of them."""

    operation: str
    #: the member of the response with the items.
    member: str
    #: the maximum number of items that the service allows.
    page_size: int
    #: whether the items include the settings of the feature.
    has_settings: bool = True

    @property
    def limit_parameter(self) -> str:
        """The parameter with the maximum number of items; names have the case of the service."""
        return "MaxResults" if self.member[0].isupper() else "maxResults"

    @property
    def next_member(self) -> str:
        """The member of requests and responses with the token of the next page."""
        return "NextToken" if self.member[0].isupper() else "nextToken"


@dataclass(frozen=True, slots=True)
class Configure:
    """The operation that enables a feature, and disables it if its parameters say so."""

    operation: str
    #: any of these parameters enables the feature; empty, 0 or `Disabled`, it disables it. Empty:
    #: the operation always enables the feature.
    settings: tuple[str, ...] = ()
    #: code that enables the feature contains one of these; if empty, one of `settings`.
    members: tuple[str, ...] = ()
    #: whether an omitted parameter disables the feature; otherwise, it does not change it.
    absent_is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Calls:
    """The API operations for a feature, in the form `client:Operation`."""

    configure: Configure
    #: disables the feature, or deletes the resource if its feature cannot be disabled.
    remove: str
    list: Listing
    #: reads the settings of the feature.
    describe: str
    #: creates the resource, if AWS generates its name.
    create: str | None = None
    #: whether the function of a stack calls `describe` for an owner in the stack too.
    function_describes: bool = False
    #: reads and changes the tags of a resource: with these, a stack marks an owner outside of it.
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Requirement:
    """A permission that the caller of `configure` needs in addition."""

    #: the Sid of the statement.
    sid: str
    actions: tuple[str, ...]
    #: an ARN, with the fields partition, region and account.
    resource: str

    @property
    def resource_here(self) -> str:
        """The ARN in the account and region of a stack, for `Fn::Sub`."""
        return self.resource.format(**HERE)


@dataclass(frozen=True, slots=True)
class Contracts:
    """The custom resources of this library for a type."""

    #: configures the feature of a resource, and removes it on delete.
    configure: type[Contract] | None = None
    #: disables a feature on delete that a native property enabled.
    clean_up: type[Contract] | None = None

    @property
    def all(self) -> tuple[type[Contract], ...]:
        """The contracts that exist."""
        return tuple(each for each in (self.configure, self.clean_up) if each is not None)


@dataclass(frozen=True, slots=True)
class Limit:
    """A property whose values the service limits."""

    path: tuple[str, ...]
    rule: Rule
    is_number: bool = False


@dataclass(frozen=True, slots=True, eq=False)  # each record exists once, and its hash is fast
class ResourceType:
    """A CloudFormation resource type that uses a service-linked role."""

    #: the name in templates.
    type: str
    #: the name in the AWS documentation.
    name: str
    role: RoleDefinition
    #: the feature that needs the role, such as "session logging".
    feature: str
    identifier: Identifier
    calls: Calls
    #: whether a resource with these properties uses the role; None if no property enables the
    #: feature. Properties have CloudFormation's names, and may contain intrinsic functions.
    usage: Callable[[Mapping[str, Any]], Usage] | None = None
    contracts: Contracts = Contracts()
    requirements: tuple[Requirement, ...] = ()
    on_release: OnRelease = OnRelease.DISABLES
    #: whether AWS documents that IAM keeps the role while it is used by such a resource. Otherwise,
    #: the function of a stack lists such resources before it asks IAM to delete the role.
    is_known_to_iam: bool = True
    limits: tuple[Limit, ...] = ()
    #: the property and the type of another resource through which the role is used. That resource
    #: needs the role first.
    uses_through: tuple[str, str] | None = None
    #: the `resourceType` of its custom resource in github.com/cdklabs/cdk-amazon-chime-resources.
    chime_resource: str | None = None

    @property
    def sid(self) -> str:
        """The name of the type in a Sid: `IVSChannel`."""
        return self.type.removeprefix("AWS").replace("::", "")

    @property
    def needs_clean_up(self) -> bool:
        """Whether the feature must be disabled before the resource is deleted."""
        return self.contracts.clean_up is not None

    @property
    def custom_types(self) -> tuple[str, ...]:
        """The types of this library's custom resources for the feature."""
        return tuple(each.RESOURCE_TYPE for each in self.contracts.all)


def action_of(operation: str) -> str:
    """Return the IAM action of an operation: `chime:ListAppInstances`."""
    client, _, name = operation.partition(":")
    return f"{'chime' if client.startswith('chime-sdk-') else client}:{name}"


def is_absent(value: Any) -> bool:  # noqa: ANN401 - any part of a template
    """Return whether a property is omitted or set to `AWS::NoValue`."""
    return value is None or value == NO_VALUE


def usage_if_set(*properties: str) -> Callable[[Mapping[str, Any]], Usage]:
    """Return the usage of a type that uses the role if one of these properties is set."""

    def usage(resource: Mapping[str, Any]) -> Usage:
        values = [value for each in properties if not is_unset(value := resource.get(each))]
        if not values:
            return Usage.DOES_NOT_USE
        return Usage.MAY_USE if all(map(is_intrinsic, values)) else Usage.USES

    return usage


def is_unset(value: Any) -> bool:  # noqa: ANN401 - any part of a template
    """Return whether a property is omitted or an empty text."""
    return is_absent(value) or value == ""


def is_intrinsic(value: Any) -> bool:  # noqa: ANN401 - any part of a template
    """Return whether a value is an intrinsic function, so that it is known only at deployment."""
    return (
        isinstance(value, dict)
        and len(value) == 1
        and str(next(iter(value))).startswith(_FUNCTIONS)
    )


def always(_resource: Mapping[str, Any]) -> Usage:
    """Return the usage of a type that always uses the role."""
    return Usage.USES
