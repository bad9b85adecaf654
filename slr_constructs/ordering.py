"""The order of resources: role before feature, clean-up resource before owner on delete.

CloudFormation creates a resource after all resources that it depends on, and deletes it after all
resources that depend on it. `slr_constructs.templates.order` analyzes the resulting order in a
template.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from slr_constructs.provider import Provider
from slr_constructs.service_linked_role import permissions_to_configure
from slr_constructs.stack_parts import claim, mark_ordered, parts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import CfnResource
    from constructs import Construct

    from slr_constructs.catalogue import RoleDefinition
    from slr_constructs.handler.slr_handler.contract import Contract
    from slr_constructs.permissions import Permission
    from slr_constructs.service_linked_role import ServiceLinkedRole


def role_before(role: ServiceLinkedRole, resource: CfnResource) -> None:
    """Make a resource depend on the role that it uses.

    CloudFormation creates the role before the resource, and deletes it after the resource. If they
    are in two stacks, one stack depends on the other. An imported role needs no dependency.
    """
    if role.resource is not None:
        resource.add_resource_dependency(role.resource)


def use_role(role: ServiceLinkedRole, owner: CfnResource) -> None:
    """Make an owner depend on the role that it uses through a native property.

    `EnsureServiceLinkedRoles` does not change the owner afterwards.
    """
    role_before(role, owner)
    mark_ordered(owner)


def define_configuration(
    feature: Construct,
    wanted: Contract,
    *,
    owner: CfnResource | str,
    owner_type: str,
    feature_name: str,
    target: Any,  # noqa: ANN401 - a string or an intrinsic
    role: ServiceLinkedRole,
    definition: RoleDefinition,
    permissions: Sequence[Permission],
    props: dict[str, str],
) -> CfnResource:
    """Define a custom resource that configures a feature on create and removes it on delete.

    It is created after the role, and deleted before the role and before the owner.

    Args:
        feature: The construct of the feature. The custom resource is its `Resource`.

        wanted: The contract. It refers to the owner, so the custom resource is deleted before an
            owner of the app.

        owner: The owner, as the feature was given it.

        owner_type: The type of the owner in error messages, for example `channel`.

        feature_name: The name of the feature in error messages, for example `access logging`.

        target: The name of the owner, which changes when the owner is replaced.

        role: The role that the feature uses.

        definition: The role that the service creates when the feature is configured.

        permissions: The permissions that the function needs for the owner.

        props: The name of the prop for each field of the contract that has another name.

    Raises:
        UsageError: Another construct configures the feature for the owner (`FeatureSetTwice`), or
            the contract breaks a rule.
    """
    claim(feature, wanted, owner, owner_type=owner_type, feature_name=feature_name)
    resource = Provider.of(feature).define(
        feature,
        "Resource",
        wanted,
        target=target,
        props=props,
        permissions=[*permissions, *permissions_to_configure(feature, definition)],
    )
    role_before(role, resource)
    return resource


def define_clean_up(
    feature: Construct,
    wanted: Contract,
    *,
    owner: CfnResource,
    target: str,
    role: ServiceLinkedRole,
    permissions: Sequence[Permission],
    id: str = "CleanUp",
) -> CfnResource:
    """Define a clean-up resource, which disables a feature before its owner and role are deleted.

    CloudFormation configures the feature itself, through a native property of the owner. The owner
    depends on the role. The clean-up resource refers to the owner, so it is deleted before the
    owner. It also depends on the role directly: if the feature is removed and the owner stays, one
    update deletes the clean-up resource and then the role. It has the condition of the owner.

    Args:
        feature: The scope of the clean-up resource.

        wanted: The contract of the clean-up resource.

        owner: The owner, which has the native property.

        target: The name of the owner, which changes when the owner is replaced.

        role: The role that the feature uses.

        permissions: The permissions that the function needs for the owner.

        id: The construct id of the clean-up resource. The id of its policy is `<id>Policy`.
    """
    use_role(role, owner)
    clean_up = Provider.of(feature).define(
        feature, id, wanted, target=target, permissions=permissions
    )
    role_before(role, clean_up)
    condition = owner.cfn_options.condition
    if condition is not None and parts_of(feature) is parts_of(owner):
        # without the owner, the reference to it would be invalid
        for each in (clean_up, feature.node.find_child(f"{id}Policy")):
            cast("CfnResource", each).cfn_options.condition = condition
    return clean_up
