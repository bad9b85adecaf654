"""Role before feature, release before owner.

CloudFormation creates a resource once everything it depends on is there, and deletes it once
nothing that depends on it is left. `slr_constructs.templates.order` reads from a template what has
become of that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from slr_constructs.provider import Provider
from slr_constructs.service_linked_role import rights_to_switch_on
from slr_constructs.stack_parts import claim, parts_of, put_in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import CfnResource
    from constructs import Construct

    from slr_constructs.catalogue import RoleDefinition
    from slr_constructs.handler.slr_handler.contract import Contract
    from slr_constructs.rights import Right
    from slr_constructs.service_linked_role import ServiceLinkedRole


def role_before(role: ServiceLinkedRole, resource: CfnResource) -> None:
    """Let CloudFormation make the role before a resource that needs it, and delete it after.

    Across stacks this becomes a dependency between the stacks. An imported role is not waited for.
    """
    if role.resource is not None:
        resource.add_resource_dependency(role.resource)


def use_role(role: ServiceLinkedRole, owner: CfnResource) -> None:
    """Let a resource that uses the role by a property of its own wait for it, once and for all.

    `EnsureServiceLinkedRoles` leaves alone what has been here.
    """
    role_before(role, owner)
    put_in_order(owner)


def define_put(
    feature: Construct,
    wanted: Contract,
    *,
    owner: CfnResource | str,
    prop: str,
    thing: Any,  # noqa: ANN401 - a string or an intrinsic
    role: ServiceLinkedRole,
    definition: RoleDefinition,
    rights: Sequence[Right],
    props: dict[str, str],
) -> CfnResource:
    """Let the function put a feature after the role, and remove it before role and owner.

    Args:
        feature: The feature, whose `Resource` this is.

        wanted: What is put. It refers to its owner, so it is deleted before an owner of the app.

        owner: The owner, as the feature was given it.

        prop: The prop that it was given as.

        thing: What names the owner, and changes when it is replaced.

        role: The role that the feature uses.

        definition: The role that the service makes when the feature is put.

        rights: What the function may do.

        props: The prop that a contract's field comes from, where the names differ.

    Raises:
        UsageError: The owner has the feature already, or the contract breaks a rule.
    """
    claim(feature, wanted, prop, owner)
    resource = Provider.of(feature).define(
        feature,
        "Resource",
        wanted,
        thing=thing,
        props=props,
        rights=[*rights, *rights_to_switch_on(feature, definition)],
    )
    role_before(role, resource)
    return resource


def define_release(
    feature: Construct,
    wanted: Contract,
    *,
    owner: CfnResource,
    thing: str,
    role: ServiceLinkedRole,
    rights: Sequence[Right],
    id: str = "Release",
) -> CfnResource:
    """Let CloudFormation set a feature on its owner after the role, and switch it off before both.

    The release refers to the owner, and so it is deleted before it. It is deleted before the role
    by itself too: when a feature is removed and its owner stays, release and role go in one update.
    It is there under the owner's condition.

    Args:
        feature: The construct that the release is defined below.

        wanted: What is released.

        owner: The owner, which has the native property.

        thing: What names the owner, and changes when it is replaced.

        role: The role that the feature uses.

        rights: What the function may do.

        id: The release's construct id; its rights stand beside it.
    """
    use_role(role, owner)
    release = Provider.of(feature).define(feature, id, wanted, thing=thing, rights=rights)
    role_before(role, release)
    condition = owner.cfn_options.condition
    if condition is not None and parts_of(feature) is parts_of(owner):
        # where the owner is not there, nothing can refer to it
        for each in (release, feature.node.find_child(f"{id}Rights")):
            cast("CfnResource", each).cfn_options.condition = condition
    return release
