"""A service-linked role in a stack: declared, adopted or imported.

The role belongs to its service, and an account has only one, so a stack cannot own it as it owns
other resources. Instead, the stack acquires a lease on the role. On create, the function creates or
adopts the role and acquires the lease. On delete, it releases the lease, and if that was the last
one, it asks IAM to delete the role.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

import aws_cdk
from aws_cdk import Annotations, Aws, CfnResource, ConstructSelector
from constructs import Construct

from slr_constructs import _permissions as permissions
from slr_constructs._environment import check_environment
from slr_constructs._errors import check, check_kind
from slr_constructs._handler_function import HandlerFunction
from slr_constructs._registry import parts_of
from slr_constructs._usage_error import UsageError
from slr_constructs.catalogue import ALL, RoleCreation, RoleDefinition, usage_lists_of
from slr_constructs.catalogue.role_definition import IMPORTED
from slr_constructs.handler.slr_handler import contract, rules

if TYPE_CHECKING:
    # `aws_cdk` imports it on first use
    from aws_cdk import aws_iam

_NATIVE_TYPE = "AWS::IAM::ServiceLinkedRole"


class RoleRemoval(Enum):
    """What happens to the role when a stack that has a lease on it is deleted.

    If the creation of the role resource is rolled back, `REQUIRE` acts as `WHEN_UNUSED`, and `KEEP`
    leaves a new role in the account, where later stacks may delete it.
    """

    #: Release the lease and keep the role in the account. Later stacks keep it too, unless they
    #: have `REQUIRE`. The stack's function has no permission to delete the role.
    KEEP = "KEEP"

    #: Delete the role if slr-constructs created it, no other stack has a lease on it, and nothing
    #: in the account uses it. Wait at most five minutes for that. Otherwise keep the role, and
    #: leave the reason on it for `slr-constructs audit`.
    WHEN_UNUSED = "WHEN_UNUSED"

    #: Delete the role, even if it was only adopted or kept. If another stack has a lease on it or a
    #: resource uses it, the deletion of the stack fails with a list of them.
    REQUIRE = "REQUIRE"


class ServiceLinkedRole(Construct):
    """Declare a service-linked role.

    Defines one custom resource, `<id>/Resource`, which acquires a lease on the role for this stack.
    A feature declares its role automatically. Declare the role yourself, before the features that
    use it, only to set `removal`, `description` or `native`.

    Args:
        definition: The role: an entry of `catalogue`, or your own `RoleDefinition`.

        removal: What happens to the role when the stack is deleted. Default: the role is deleted if
            slr-constructs created it, no other stack has a lease on it, and nothing uses it.

        description: The role's description. Default: a new role gets a description that names
            slr-constructs; an existing role keeps its description.

        native: Define an `AWS::IAM::ServiceLinkedRole` instead. It needs no function, but its
            creation fails if the role exists in the account, and its deletion fails while a
            resource uses the role. Default: the function creates or adopts the role.

    Raises:
        UsageError: The stack already declares or imports the role (`RoleDeclaredTwice`), the
            role is known with another service principal (`RolePrincipal`), the description has
            characters that IAM does not accept (`RoleDescription`), or `native` is set for a role
            that IAM does not create (`NativeRoleCreation`) or together with `removal`
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
        _check_definition(self, definition)
        check_kind(self, "removal", removal, "a RoleRemoval", RoleRemoval)
        check_kind(self, "native", native, "True or False", bool)
        self._definition = definition
        self._removal: RoleRemoval | None = removal
        self._role: aws_iam.IRole | None = None
        check(rules.ROLE_DESCRIPTION, description, at=self, prop="description")
        if native:
            self._check_native(removal)
            self._removal = None
        self._declare()
        self._resource: CfnResource | None = (
            aws_cdk.aws_iam.CfnServiceLinkedRole(
                self,
                "Resource",
                aws_service_name=definition.service_principal,
                custom_suffix=definition.custom_suffix,
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
        removal: RoleRemoval | None = None,
    ) -> ServiceLinkedRole:
        """Return the role that the scope's stack declares or imports; declare it on first use.

        Args:
            scope: Any construct of the stack.

            definition: The role: an entry of `catalogue`, or your own `RoleDefinition`.

            removal: What happens to the role when the stack is deleted. Default: what the stack
                declares; if the stack does not declare the role yet, the default of the
                constructor.

        Raises:
            UsageError: The stack declares the role with another `removal`, or without one because
                the role is imported or native (`RoleRemovalSetTwice`), or the role is known with
                another service principal (`RolePrincipal`).
        """
        where = "ServiceLinkedRole.of"
        check_kind(where, "scope", scope, "a construct in a stack", "node")
        _check_definition(where, definition)
        check_kind(scope, "removal", removal, "a RoleRemoval", RoleRemoval, optional=True)
        roles = _roles_of(scope)
        known = roles.known.get(definition.role_name)
        if known is not None:
            refuse_other_removal(scope, known, removal)
            return known
        roles.declared_on_use.add(definition.role_name)
        return cls(
            parts_of(scope).stack,
            definition.role_name,
            definition=definition,
            removal=removal or RoleRemoval.WHEN_UNUSED,
        )

    @classmethod
    def from_existing(
        cls,
        scope: Construct,
        id: str,
        definition: RoleDefinition,
    ) -> ServiceLinkedRole:
        """Import a role that is managed outside of the stack. Defines no resources.

        The metadata in the cloud assembly names the role, so `RoleGuard` and the command line
        accept features without a declared role.

        Features of the same stack use the imported role too, unless they are given another one.

        Raises:
            UsageError: The role is known with another service principal (`RolePrincipal`).
        """
        where = "ServiceLinkedRole.from_existing"
        check_kind(where, "scope", scope, "a construct in a stack", "node")
        _check_definition(f"{scope.node.path}/{id}", definition)
        role = _ExistingRole(scope, id, definition)
        _roles_of(scope).known.setdefault(definition.role_name, role)
        return role

    @property
    def definition(self) -> RoleDefinition:
        """The definition of the role, as in `catalogue`."""
        return self._definition

    @property
    def role_name(self) -> str:
        """The role's name, which is the same in every account."""
        return self._definition.role_name

    @property
    def role_arn(self) -> str:
        """The role's ARN, in the partition and account that the stack is deployed to."""
        return self._definition.arn(partition=Aws.PARTITION, account=Aws.ACCOUNT_ID)

    @property
    def resource(self) -> CfnResource | None:
        """The resource to depend on before using the role; None if the role is imported."""
        return self._resource

    def as_role(self) -> aws_iam.IRole:
        """Return the role as an `IRole`, for example for the policy of a key or a bucket.

        You cannot add permissions to a service-linked role, because its service defines them. Name
        the role in `add_to_resource_policy` instead. Do not use the `grant_…` methods of a key or a
        bucket: if it is in the same account as the role, they do not change its policy, because
        they expect the permissions in a policy of the role. AWS rejects a resource policy that
        names a role that does not exist, so add a dependency on this construct to the resource
        that has the policy: `key.node.add_dependency(role)`.
        """
        if self._role is None:
            self._role = aws_cdk.aws_iam.Role.from_role_arn(
                self, "Role", self.role_arn, mutable=False
            )
        return self._role

    def grant_create(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Grant the permissions to create the role.

        They are `iam:CreateServiceLinkedRole` on the role, only for this service
        (`iam:AWSServiceName`), and `iam:AttachRolePolicy` and `iam:PutRolePolicy` on the role.
        Source: IAM User Guide, "Service-linked role permissions".
        """
        self._check_grantee(grantee)
        create, give_policies = permissions.allow_create(self._definition, self.role_arn)
        return _grant(grantee, create).combine(_grant(grantee, give_policies))

    def grant_edit(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Grant the permissions to edit the role's description, its only editable attribute."""
        self._check_grantee(grantee)
        return _grant(grantee, permissions.allow_edit(self.role_arn))

    def grant_delete(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Grant the permissions to delete the role and to read the status of the deletion."""
        self._check_grantee(grantee)
        return _grant(grantee, permissions.allow_delete(self.role_arn))

    def _check_grantee(self, grantee: object) -> None:
        check_kind(self, "grantee", grantee, "an IGrantable", "grant_principal")

    def _declare(self) -> None:
        known = _roles_of(self).known.setdefault(self.role_name, self)
        if known is not self:
            raise UsageError.relation(
                "RoleDeclaredTwice",
                at=self,
                text=(
                    f"{known.node.path} already defines the role {self.role_name} in this stack."
                    " Use that construct, or remove one of the two."
                ),
            )

    def _define(self, removal: RoleRemoval, description: str | None) -> CfnResource:
        deletes = removal is not RoleRemoval.KEEP
        lists = usage_lists_of(self._definition) if deletes else ()
        wanted = contract.ServiceLinkedRole(
            role_name=self.role_name,
            service_principal=self._definition.service_principal,
            removal=removal.value,
            creation=self._definition.creation.value,
            custom_suffix=self._definition.custom_suffix,
            description=description,
            usage_lists=lists or None,
        )
        _roles_of(self).leased.add(self.role_name)
        role = _arn(self._definition)
        return HandlerFunction.of(self).define(
            self,
            "Resource",
            wanted,
            target=self.role_name,
            permissions=[
                *permissions.create_role(self._definition, role),
                permissions.acquire_role(role, _arn(self._definition, path="/"), deletes=deletes),
                *([permissions.call(lists, "*")] if lists else ()),
            ],
        )

    def _check_native(self, removal: RoleRemoval) -> None:
        if self._definition.creation is RoleCreation.NEVER:
            raise UsageError(
                "NativeRoleCreation",
                at=self,
                prop="native",
                allowed="False for a role that IAM no longer creates",
                got=True,
            )
        if removal is not RoleRemoval.WHEN_UNUSED:
            raise UsageError(
                "NativeRoleRemoval",
                at=self,
                prop="removal",
                allowed="omitted if native is True (apply a removal policy to `resource` instead)",
                got=removal,
            )


@dataclass(slots=True)
class _Roles:
    """The roles of one stack, by name."""

    known: dict[str, ServiceLinkedRole] = field(default_factory=dict)
    #: The roles that the stack's function has leases on and permissions for.
    leased: set[str] = field(default_factory=set)
    #: The roles that were declared for the features that use them, and not on their own.
    declared_on_use: set[str] = field(default_factory=set)


def _roles_of(scope: Construct) -> _Roles:
    return parts_of(scope).one(_Roles, lambda _: _Roles())


class _ExistingRole(ServiceLinkedRole):
    """A role that the stack has no lease on."""

    def __init__(self, scope: Construct, id: str, definition: RoleDefinition) -> None:
        Construct.__init__(self, scope, id)
        self._definition = definition
        self._removal = None
        self._role = None
        self._resource = None
        # the only trace of an import in the cloud assembly
        self.node.add_metadata(IMPORTED, definition.role_name)


class _NativeRole(ServiceLinkedRole):
    """A role that the stack declares as a native resource, without this library."""

    def __init__(self, native: CfnResource, definition: RoleDefinition) -> None:
        Construct.__init__(self, native, "ServiceLinkedRole")
        self._definition = definition
        self._removal = None
        self._role = None
        self._resource = native


def refuse_other_removal(
    scope: Construct, known: ServiceLinkedRole, removal: RoleRemoval | None
) -> None:
    """Raise an error if a role has another removal setting than the wanted one.

    Raises:
        UsageError: It has (`RoleRemovalSetTwice`).
    """
    declared = known._removal  # noqa: SLF001 - it is set only in this module
    if removal is None or declared is removal:
        return
    has = "no removal setting" if declared is None else f"the removal setting {declared.name}"
    raise UsageError.relation(
        "RoleRemovalSetTwice",
        at=scope,
        text=(
            f"{known.node.path} already defines the role {known.role_name} in this stack with"
            f" {has}, not {removal.name}. Declare the role with that setting before the features"
            " that use it, or omit removal."
        ),
    )


def role_in(scope: Construct, definition: RoleDefinition) -> ServiceLinkedRole | None:
    """Return the role that the scope's stack declares or imports, or declares natively.

    A native role counts if it is for the service and has the same custom suffix, because a suffix
    gives the role another name.
    """
    parts = parts_of(scope)
    known = _roles_of(scope).known
    if definition.role_name not in known:
        natives = ConstructSelector.resources_of_type(_NATIVE_TYPE).select(parts.stack)
        for native in natives:
            given = cast("CfnResource", native)._cfn_properties  # noqa: SLF001 - of any class
            service = given.get("awsServiceName", given.get("AWSServiceName"))
            suffix = given.get("customSuffix", given.get("CustomSuffix"))
            # the selector also finds the resources of nested stacks
            ours = parts_of(native) is parts
            same_name = (suffix or None) == definition.custom_suffix
            if ours and service == definition.service_principal and same_name:
                role = _NativeRole(cast("CfnResource", native), definition)
                return known.setdefault(definition.role_name, role)
    return known.get(definition.role_name)


def role_for(
    feature: Construct,
    role: ServiceLinkedRole | None,
    *definitions: RoleDefinition,
    owner: CfnResource | str = "",
    removal: RoleRemoval | None = None,
) -> ServiceLinkedRole:
    """Return the role that a feature uses, and warn if its service is not offered in the region.

    Args:
        feature: The feature, which may be in another stack than the role.

        role: The role that the feature was given. None: the role of its stack.

        definitions: The accepted roles. The first one is declared if the stack has none of them.

        owner: The resource that depends on the role, if it is not the feature itself. A resource of
            another stack uses the role of that stack; otherwise the two stacks would depend on each
            other.

        removal: What happens to the role on delete. A role that the app declares on its own keeps
            its own setting. Default: what the role has; the default of `ServiceLinkedRole` for a
            new one.

    Raises:
        UsageError: The given role belongs to another service (`RoleOfAnotherService`), it is in
            another account (`OtherEnvironment`), or it was declared for another feature with
            another `removal` (`RoleRemovalSetTwice`).
    """
    check_kind(feature, "role", role, "a ServiceLinkedRole", ServiceLinkedRole, optional=True)
    if role is not None:
        # IAM has one role for all regions of an account
        check_environment(feature, "role", role, "account")
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
        needed = " or ".join(each.role_name for each in definitions)
        raise UsageError.relation(
            "RoleOfAnotherService",
            at=feature,
            text=(
                f"{role.node.path} is the role {role.role_name}, but this feature uses {needed}."
                " Pass that role, or omit the prop role."
            ),
        )
    elif role.role_name in _roles_of(parts.stack).declared_on_use:
        refuse_other_removal(feature, role, removal)
    if parts.region and definition.regions and parts.region not in definition.regions:
        Annotations.of(feature).add_warning_v2(
            "slr-constructs:RegionNotOffered",
            f"{definition.service_principal} is not offered in {parts.region}, according to"
            f" botocore. It is offered in {', '.join(definition.regions)}.",
        )
    return role


def permissions_to_configure(
    feature: Construct, definition: RoleDefinition
) -> list[permissions.Permission]:
    """Return the permissions to create the role, if the stack's function does not have them.

    When a feature is configured, its service creates the role with the permissions of the caller.
    If the function of the feature's stack has a lease on the role, it has these permissions.
    """
    leased = definition.role_name in _roles_of(feature).leased
    return [] if leased else permissions.create_role(definition, _arn(definition))


def _check_definition(at: Construct | str, definition: RoleDefinition) -> None:
    check_kind(at, "definition", definition, "a RoleDefinition", RoleDefinition)
    for known in ALL:
        principal = definition.service_principal
        if known.role_name == definition.role_name and known.service_principal != principal:
            raise UsageError(
                "RolePrincipal",
                at=at,
                prop="definition",
                allowed=f"a role of {known.service_principal} if its name is {known.role_name}",
                got=principal,
            )


def _grant(grantee: aws_iam.IGrantable, permission: permissions.Permission) -> aws_iam.Grant:
    return aws_cdk.aws_iam.Grant.add_to_principal(
        grantee=grantee,
        actions=list(permission.actions),
        resource_arns=list(permission.resources),
        conditions=permission.condition,
    )


def _arn(definition: RoleDefinition, *, path: str | None = None) -> dict[str, Any]:
    arn = definition.arn(partition="${AWS::Partition}", account="${AWS::AccountId}")
    return {"Fn::Sub": arn if path is None else arn.replace(definition.path, path)}
