"""A service-linked role in a stack: declared, adopted or imported.

The role belongs to its service and there is one for the whole account, so a stack cannot own it as
it owns other resources. It holds a lease on it: the function makes the role or adopts it, and on
delete drops the lease and asks IAM to delete the role if it was the last one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

from aws_cdk import Annotations, Aws, CfnResource, ConstructSelector, aws_iam
from constructs import Construct

from slr_constructs import rights
from slr_constructs.catalogue import RoleCreation, RoleDefinition
from slr_constructs.errors import UsageError, check, check_kind
from slr_constructs.handler.slr_handler import contract, rules
from slr_constructs.provider import Provider
from slr_constructs.stack_parts import parts_of

_NATIVE_TYPE = "AWS::IAM::ServiceLinkedRole"


class RoleRemoval(Enum):
    """What becomes of the role when a stack that holds it is deleted."""

    #: Drop the lease, and leave the role to the account.
    KEEP = "KEEP"

    #: Delete the role if this library made it, no other stack holds a lease on it and nothing in
    #: the account uses it; keep it and say why otherwise.
    WHEN_UNUSED = "WHEN_UNUSED"

    #: Delete the role, even one that was only adopted; if another stack holds it or something uses
    #: it, the stack's deletion fails with the list.
    REQUIRE = "REQUIRE"


class ServiceLinkedRole(Construct):
    """Declare a role that a service owns.

    Defines one custom resource, `<id>/Resource`, whose lease says that this stack needs the role.
    A feature declares its role by itself; declare one only to choose its removal, its description
    or `native`, before the features that use it.

    Args:
        definition: The role: one of `catalogue`, or a `RoleDefinition` of your own.

        removal: What becomes of the role when the stack is deleted. Default: it is deleted if this
            library made it and nobody else needs it.

        description: The role's description. Default: a new role gets one that says who made it; an
            existing role keeps its own.

        native: Define `AWS::IAM::ServiceLinkedRole` instead, which needs no function, but fails
            where the account has the role already, and whose deletion fails while anything uses
            it. Default: the function makes or adopts the role.

    Raises:
        UsageError: The stack declares the role already (`RoleDeclaredTwice`), the description has
            characters that IAM refuses (`RoleDescription`), or `native` is asked for a role that
            IAM does not make (`NativeRoleCreation`) or together with a removal setting
            (`NativeRoleRemoval`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        definition: RoleDefinition,
        removal: RoleRemoval = RoleRemoval.WHEN_UNUSED,
        description: str | None = None,
        native: bool = False,
    ) -> None:
        super().__init__(scope, id)
        check_kind(
            definition, RoleDefinition, at=self, prop="definition", allowed="a RoleDefinition"
        )
        check_kind(removal, RoleRemoval, at=self, prop="removal", allowed="a RoleRemoval")
        check_kind(native, bool, at=self, prop="native", allowed="True or False")
        self._definition = definition
        self._role: aws_iam.IRole | None = None
        check(rules.ROLE_DESCRIPTION, description, at=self, prop="description")
        if native:
            self._check_native(removal)
        self._declare()
        self._resource: CfnResource | None = (
            aws_iam.CfnServiceLinkedRole(
                self,
                "Resource",
                aws_service_name=definition.service_principal,
                description=description,
            )
            if native
            else self._define(removal, description)
        )

    @classmethod
    def of(
        cls,
        scope: Construct,
        definition: RoleDefinition,
        *,
        removal: RoleRemoval = RoleRemoval.WHEN_UNUSED,
    ) -> ServiceLinkedRole:
        """Return the role that a scope's stack declares or imports; declare it on first use."""
        known = _roles_of(scope).known.get(definition.role_name)
        stack = parts_of(scope).stack
        return known or cls(stack, definition.role_name, definition=definition, removal=removal)

    @classmethod
    def from_existing(
        cls,
        scope: Construct,
        id: str,
        definition: RoleDefinition,
    ) -> ServiceLinkedRole:
        """Import a role that somebody else looks after; defines nothing.

        Features of the same stack that are not given a role use it too.
        """
        role = _ExistingRole(scope, id, definition)
        _roles_of(scope).known.setdefault(definition.role_name, role)
        return role

    @property
    def definition(self) -> RoleDefinition:
        """What the catalogue knows of the role."""
        return self._definition

    @property
    def role_name(self) -> str:
        """The role's name, which is the same in every account."""
        return self._definition.role_name

    @property
    def role_arn(self) -> str:
        """The role's ARN, in whatever partition and account the stack is deployed to."""
        return self._definition.arn(partition=Aws.PARTITION, account=Aws.ACCOUNT_ID)

    @property
    def resource(self) -> CfnResource | None:
        """What a resource that uses the role depends on; None if the role is imported."""
        return self._resource

    def as_role(self) -> aws_iam.IRole:
        """Return the role for resource policies, of keys and buckets say.

        It cannot be given rights: a service-linked role has those of its service. So name it in
        `add_to_resource_policy`; where one account has both, the `grant_…` methods of a key or a
        bucket leave its policy alone, for they take the right to be the role's own. IAM refuses a
        policy that names a role which is not there, so let the resource that carries the policy
        depend on this construct (`key.node.add_dependency(role)`).
        """
        if self._role is None:
            self._role = aws_iam.Role.from_role_arn(self, "Role", self.role_arn, mutable=False)
        return self._role

    def grant_create(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let somebody create the role, as the IAM User Guide's "Service-linked role permissions".

        That is `iam:CreateServiceLinkedRole` on the role for this service alone
        (`iam:AWSServiceName`), and `iam:AttachRolePolicy` and `iam:PutRolePolicy` on the role.
        """
        create, give_policies = rights.let_create(self._definition, self.role_arn)
        return _grant(grantee, create).combine(_grant(grantee, give_policies))

    def grant_edit(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let somebody edit the role's description, the one thing that can be edited."""
        return _grant(grantee, rights.let_edit(self.role_arn))

    def grant_delete(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let somebody delete the role, and follow the deletion."""
        return _grant(grantee, rights.let_delete(self.role_arn))

    def _declare(self) -> None:
        known = _roles_of(self).known.setdefault(self.role_name, self)
        if known is not self:
            raise UsageError(
                "RoleDeclaredTwice",
                at=self,
                prop="definition",
                allowed=f"a role that the stack has not yet ({known.node.path} is there)",
                got=self.role_name,
            )

    def _define(self, removal: RoleRemoval, description: str | None) -> CfnResource:
        wanted = contract.ServiceLinkedRole(
            role_name=self.role_name,
            service_principal=self._definition.service_principal,
            removal=removal.value,
            creation=self._definition.creation.value,
            description=description,
        )
        _roles_of(self).held.add(self.role_name)
        return Provider.of(self).define(
            self, "Resource", wanted, thing=self.role_name, rights=_role_rights(self._definition)
        )

    def _check_native(self, removal: RoleRemoval) -> None:
        if self._definition.creation is RoleCreation.NEVER:
            raise UsageError(
                "NativeRoleCreation",
                at=self,
                prop="native",
                allowed="False for a role that IAM makes no longer",
                got=True,
            )
        if removal is not RoleRemoval.WHEN_UNUSED:
            raise UsageError(
                "NativeRoleRemoval",
                at=self,
                prop="removal",
                allowed="left out with native=True (apply a removal policy to the resource)",
                got=removal.value,
            )


@dataclass(slots=True)
class _Roles:
    """The roles of one stack, by name."""

    known: dict[str, ServiceLinkedRole] = field(default_factory=dict)
    #: those that the stack's function holds, and has the rights for.
    held: set[str] = field(default_factory=set)


def _roles_of(scope: Construct) -> _Roles:
    return parts_of(scope).one(_Roles, lambda _: _Roles())


class _ExistingRole(ServiceLinkedRole):
    """A role that the stack does not hold."""

    def __init__(self, scope: Construct, id: str, definition: RoleDefinition) -> None:
        Construct.__init__(self, scope, id)
        self._definition = definition
        self._role = None
        self._resource = None


class _NativeRole(ServiceLinkedRole):
    """A role that the stack declares without this library."""

    def __init__(self, native: CfnResource, definition: RoleDefinition) -> None:
        Construct.__init__(self, native, "ServiceLinkedRole")
        self._definition = definition
        self._role = None
        self._resource = native


def role_in(scope: Construct, definition: RoleDefinition) -> ServiceLinkedRole | None:
    """Return the role that a scope's stack declares or imports, if need be without this library.

    A native role is one for the service, of no suffix: that would be a role of another name.
    """
    parts = parts_of(scope)
    known = _roles_of(scope).known
    if definition.role_name not in known:
        natives = ConstructSelector.resources_of_type(_NATIVE_TYPE).select(parts.stack)
        for native in natives:
            given = cast("CfnResource", native)._cfn_properties  # noqa: SLF001 - of whatever class
            service = given.get("awsServiceName", given.get("AWSServiceName"))
            suffix = given.get("customSuffix", given.get("CustomSuffix"))
            # those of nested stacks are found too
            ours = parts_of(native) is parts
            if ours and service == definition.service_principal and not suffix:
                role = _NativeRole(cast("CfnResource", native), definition)
                return known.setdefault(definition.role_name, role)
    return known.get(definition.role_name)


def role_for(
    feature: Construct,
    role: ServiceLinkedRole | None,
    *definitions: RoleDefinition,
    owner: CfnResource | str = "",
    removal: RoleRemoval = RoleRemoval.WHEN_UNUSED,
) -> ServiceLinkedRole:
    """Return the role that a feature uses, and warn where its service is not offered.

    Args:
        feature: The feature, which may be in another stack than the role.

        role: The role it was given; None for that of its stack.

        definitions: The roles that would do, the one to declare first.

        owner: What waits for the role, if that is not the feature itself. A resource of another
            stack uses the role of that stack: the two would depend on each other otherwise.

        removal: What becomes of the role with its stack, if this declares it.

    Raises:
        UsageError: The role given is that of another service (`RoleOfAnotherService`).
    """
    check_kind(
        role,
        ServiceLinkedRole,
        at=feature,
        prop="role",
        allowed="a ServiceLinkedRole",
        optional=True,
    )
    parts = parts_of(feature if isinstance(owner, str) else owner)
    definition = definitions[0]
    if role is None:
        known = _roles_of(parts.stack).known
        role = next(
            (known[each.role_name] for each in definitions if each.role_name in known), None
        )
    if role is None:
        role = ServiceLinkedRole.of(parts.stack, definition, removal=removal)
    elif role.role_name not in (each.role_name for each in definitions):
        raise UsageError(
            "RoleOfAnotherService",
            at=feature,
            prop="role",
            allowed=" or ".join(each.role_name for each in definitions),
            got=role.role_name,
        )
    if parts.region and definition.regions and parts.region not in definition.regions:
        Annotations.of(feature).add_warning_v2(
            "slr-constructs:RegionNotOffered",
            f"{definition.service_principal} is not offered in {parts.region}, as far as botocore"
            f" knows; it is in {', '.join(definition.regions)}",
        )
    return role


def rights_to_switch_on(feature: Construct, definition: RoleDefinition) -> list[rights.Right]:
    """Return what a caller needs beside the call that switches a feature on.

    The services make the role with the rights of whoever calls them, asked or not; where the
    function of the feature's stack holds the role, it has that right already.
    """
    held = definition.role_name in _roles_of(feature).held
    return [] if held else rights.create_role(definition, _arn(definition))


def _role_rights(definition: RoleDefinition) -> list[rights.Right]:
    """Return what the function needs to hold a role and to let go of it."""
    role = _arn(definition)
    return [
        *rights.create_role(definition, role),
        rights.hold_role(role, _arn(definition, path="/")),
    ]


def _grant(grantee: aws_iam.IGrantable, right: rights.Right) -> aws_iam.Grant:
    return aws_iam.Grant.add_to_principal(
        grantee=grantee,
        actions=list(right.actions),
        resource_arns=list(right.resources),
        conditions=right.condition,
    )


def _arn(definition: RoleDefinition, *, path: str | None = None) -> dict[str, Any]:
    arn = definition.arn(partition="${AWS::Partition}", account="${AWS::AccountId}")
    return {"Fn::Sub": arn if path is None else arn.replace(definition.path, path)}
