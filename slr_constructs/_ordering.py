"""The order of resources: role before feature, clean-up resource before owner on delete.

CloudFormation creates a resource after all resources that it depends on, and deletes it after all
resources that depend on it. `slr_constructs.templates.order` analyzes the resulting order in a
template.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from aws_cdk import Token

from slr_constructs._arn import arn_of
from slr_constructs._feature import claim, given_name
from slr_constructs._handler_function import HandlerFunction
from slr_constructs._permissions import configure_feature
from slr_constructs._registry import mark_ordered, parts_of
from slr_constructs._service_linked_role import permissions_to_configure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import CfnResource
    from constructs import Construct

    from slr_constructs._feature import Feature
    from slr_constructs._permissions import Arn, Permission
    from slr_constructs._service_linked_role import ServiceLinkedRole
    from slr_constructs.catalogue import ResourceType
    from slr_constructs.handler.slr_handler.contract import Contract


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
    feature: Feature,
    target: ResourceType,
    wanted: Contract,
    *,
    owner: CfnResource | str,
    name: Any,  # noqa: ANN401 - a string or an intrinsic
    props: dict[str, str],
    arn: Arn | None = None,
    permissions: Sequence[Permission] = (),
) -> CfnResource:
    """Define a custom resource that configures a feature on create and removes it on delete.

    It is created after the role, and deleted before the role and before the owner.

    Args:
        feature: The construct of the feature. The custom resource is its `Resource`.

        target: The type of the owner.

        wanted: The contract. It refers to the owner, so the custom resource is deleted before an
            owner of the app.

        owner: The owner, as the feature was given it.

        name: The name of the owner, which changes when the owner is replaced.

        props: The name of the prop for each field of the contract that has another name.

        arn: The ARN of the owner. Default: the ARN ends with the name.

        permissions: What the function needs in addition to the permissions for the owner.

    Raises:
        UsageError: Another construct configures the feature for the owner (`FeatureSetTwice`), or
            the contract breaks a rule.
    """
    claim(feature, target, owner, wanted.target)
    resource = HandlerFunction.of(feature).define(
        feature,
        "Resource",
        wanted,
        target=name,
        props=props,
        permissions=[
            configure_feature(
                target,
                arn_of(target, name) if arn is None else arn,
                marks_owner=wanted.marks_owner,
            ),
            *permissions,
            # the service creates the current role, even if the stack adopted the older one
            *permissions_to_configure(feature, target.role),
        ],
    )
    role_before(feature.role, resource)
    return resource


def define_clean_up(
    scope: Construct,
    target: ResourceType,
    *,
    owner: CfnResource,
    name: str,
    role: ServiceLinkedRole,
    id: str = "CleanUp",
) -> CfnResource:
    """Define a clean-up resource, which disables a feature before its owner and role are deleted.

    CloudFormation configures the feature itself, through a native property of the owner. The owner
    depends on the role. The clean-up resource refers to the owner, so it is deleted before the
    owner. It also depends on the role directly: if the feature is removed and the owner stays, one
    update deletes the clean-up resource and then the role. It has the condition of the owner.

    Args:
        scope: The scope of the clean-up resource.

        target: The type of the owner, which has a clean-up contract.

        owner: The owner, which has the native property.

        name: The name of the owner, which changes when the owner is replaced.

        role: The role that the feature uses.

        id: The construct id of the clean-up resource. The id of its policy is `<id>Policy`.

    Raises:
        UsageError: Another construct configures the feature for the owner (`FeatureSetTwice`).
    """
    claim(scope, target, owner)
    use_role(role, owner)
    contract = cast("type[Contract]", target.contracts.clean_up)
    arn = arn_of(target, name) if target.identifier.arn_attribute is None else _arn_of_owner(owner)
    clean_up = HandlerFunction.of(scope).define(
        scope,
        id,
        contract.of_target(name),
        target=name,
        given_name=given_name(owner, target),
        permissions=[configure_feature(target, arn)],
    )
    role_before(role, clean_up)
    condition = owner.cfn_options.condition
    if condition is not None and parts_of(scope) is parts_of(owner):
        # without the owner, the reference to it would be invalid
        for each in (clean_up, scope.node.try_find_child(f"{id}Policy")):
            # a role that the app gives its permissions has no policy here
            if each is not None:
                cast("CfnResource", each).cfn_options.condition = condition
    return clean_up


def _arn_of_owner(owner: CfnResource) -> str:
    arn: str | None = getattr(owner, "attr_arn", None)
    # a bare CfnResource has no Python properties for its attributes
    return Token.as_string(owner.get_att("Arn")) if arn is None else arn
