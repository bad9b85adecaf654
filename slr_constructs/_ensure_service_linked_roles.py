"""Add the role and the clean-up resource of a feature to owners that an app already defines.

A mixin acts immediately, so all aspects of the app can see the constructs that it adds. An aspect
acts at synthesis, when properties are final. Existing apps need both, so this class is both, and as
a mixin it also acts at synthesis. It uses the code of the features, and defines nothing else.
"""

from __future__ import annotations

import json
import re
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import jsii
from aws_cdk import (
    AspectPriority,
    Aspects,
    Aws,
    CfnDeletionPolicy,
    CfnResource,
    ConstructSelector,
    IAspect,
    Mixin,
    Stack,
    Stage,
)

from slr_constructs._errors import check_kind
from slr_constructs._feature import resource_of
from slr_constructs._handler_function import HandlerFunction
from slr_constructs._ordering import define_clean_up, use_role
from slr_constructs._registry import is_ordered, key_of, parts_of
from slr_constructs._service_linked_role import (
    RoleRemoval,
    refuse_other_removal,
    role_for,
    role_in,
)
from slr_constructs._usage_error import UsageError
from slr_constructs.catalogue import RESOURCE_TYPES, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_cdk import IConstructSelector
    from constructs import IConstruct

    from slr_constructs._service_linked_role import ServiceLinkedRole
    from slr_constructs.catalogue import ResourceType

_CLEAN_UP_ID = "ServiceLinkedRoleCleanUp"

_RETAINED = (CfnDeletionPolicy.RETAIN, CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE)


@jsii.implements(IAspect)
class EnsureServiceLinkedRoles(Mixin):
    """Add the role and the clean-up resource to every resource that needs them.

    A resource that enables a feature through a native property gets two additions: a dependency on
    the stack's role, and a clean-up resource that disables the feature before the resource is
    deleted. These resources are `AWS::MediaTailor::PlaybackConfiguration` and
    `AWS::MediaTailor::Channel` with a log configuration, and `AWS::MediaPackage::Channel` and
    `AWS::MediaPackage::PackagingGroup` with access logs. An `AWS::IVS::RecordingConfiguration`, and
    an `AWS::IVS::Channel` that uses a recording configuration from outside of the app, get only the
    dependency on the role, because IVS stops using the role when they are deleted. So does an
    `AWS::Chime::SipMediaApplication`, which may use the role to synthesize speech. The resource can
    be an L1, a part of an L2, a part of an included template, or a bare `CfnResource`.

    Apply it last, in one of two ways:

    - `Mixins.of(app).apply(EnsureServiceLinkedRoles())` acts immediately on the resources that the
      app has, also in its stages. So aspects that tag or limit the resources of a stack see the
      added resources. It acts again at synthesis, before read-only aspects, on features that were
      enabled in the meantime.
    - `Aspects.of(app).add(EnsureServiceLinkedRoles())` acts at synthesis, also on resources that
      are defined later. CDK does not pass an aspect on to stages, so add it to each stage. Aspects
      that enable features must run before it: add them first, or with a lower priority value.

    To use both, or one of them twice, has the same effect as to use one. Resources that a construct
    of this library manages do not change, and neither do resources that use no role. The role is
    the role that the stack declares or imports. If there is none, it is an
    `AWS::IAM::ServiceLinkedRole` for the service in the same stack, which does not change.
    Otherwise the role is declared as a feature declares it, as `<stack>/<role name>`. The path of a
    clean-up resource is `<resource>/ServiceLinkedRoleCleanUp`. Its policy is next to it, and both
    have the condition of the resource. A resource with the deletion policy `Retain` gets no
    clean-up resource, because CloudFormation does not delete it.

    A property that is a token or a `Lazy` counts as enabled, because its value is not known yet. At
    worst, the stack has a role that nothing uses, and a clean-up resource that disables a feature
    that is not enabled. Two kinds of features cannot be detected: properties that
    `add_property_override` sets, which CDK does not expose before it writes the template, and
    features that other custom resources enable, such as the streaming of Chime. `RoleGuard` detects
    them in the templates.

    Args:
        removal: What happens to a role that this class declares when its stack is deleted. A role
            that the app declares as a `ServiceLinkedRole` keeps its own setting. Default: the role
            is deleted if slr-constructs created it, no other stack has a lease on it, and nothing
            uses it.

    Raises:
        UsageError: The role or the stack's function depends on the resource that must depend on it
            (`RoleDependsOnOwner`); nothing is added to the resource. A feature, or this class with
            another `removal`, already declared the role with another setting
            (`RoleRemovalSetTwice`). Another construct configures the feature of the same owner by
            its name (`FeatureSetTwice`). Or the function's policy would be too large
            (`FunctionPolicyTooLarge`). CDK wraps the error in a `RuntimeError` with the same text.
    """

    def __init__(self, *, removal: RoleRemoval | None = None) -> None:
        super().__init__()
        check_kind(
            "EnsureServiceLinkedRoles",
            "removal",
            removal,
            "a RoleRemoval",
            RoleRemoval,
            optional=True,
        )
        self._removal = removal

    def supports(self, construct: IConstruct) -> bool:
        """Return whether a construct is a resource that may need a role, now or at synthesis."""
        if not isinstance(construct, CfnResource) or construct.cfn_resource_type not in _TARGETS:
            return False
        # the role of an ordered resource may have another removal setting
        return self._removal is not None or not is_ordered(construct)

    def apply_to(self, construct: IConstruct) -> None:
        """Add what one resource needs, now and again at synthesis."""
        self._fix(construct)
        Aspects.of(construct).add(self, priority=AspectPriority.READONLY - 1)

    def visit(self, node: IConstruct) -> None:
        """Add what one resource needs, or what all current resources of a stack need."""
        if isinstance(node, Stack):
            # before this and other aspects visit the stack's resources: unless CDK stabilizes
            # aspects, they do not visit resources that are added to the stack later
            for each in self._owners.select(node):
                self._fix(each)
        else:
            self._fix(node)

    @cached_property
    def _owners(self) -> IConstructSelector:
        return ConstructSelector.resources_of_type(*_TARGETS)

    def _fix(self, owner: Any) -> None:  # noqa: ANN401 - any construct
        if not self.supports(owner):
            return
        target = _TARGETS[owner.cfn_resource_type]
        declared = parts_of(owner).one(_DeclaredRoles, lambda _: _DeclaredRoles())
        role_name = target.role.role_name
        if is_ordered(owner):
            if role_name in declared:
                refuse_other_removal(owner, declared[role_name], self._removal)
            return
        if not _uses_role(owner, target):
            return
        known = role_in(owner, target.role)
        _refuse_circular_dependency(owner, known)
        role = role_for(owner, known, target.role, owner=owner, removal=self._removal)
        if known is None:
            declared[role_name] = role
        if not target.needs_clean_up or owner.cfn_options.deletion_policy in _RETAINED:
            use_role(role, owner)
        else:
            define_clean_up(owner, target, owner=owner, name=owner.ref, role=role, id=_CLEAN_UP_ID)


class _DeclaredRoles(dict[str, "ServiceLinkedRole"]):
    """The roles that this module declared in one stack, by name."""


#: the types with a property that enables a feature.
_TARGETS = {each.type: each for each in RESOURCE_TYPES if each.usage is not None}


def _uses_role(owner: CfnResource, target: ResourceType) -> bool:
    """Return whether an owner uses the role itself, not through another resource of the app."""
    # not the attributes: a bare resource has none, and jsii cannot always read them
    properties = _plain(owner._cfn_properties)  # noqa: SLF001
    if target.usage is None or target.usage(properties) is Usage.DOES_NOT_USE:
        return False
    if target.uses_through is None:
        return True
    prop, other = target.uses_through
    referenced = resource_of(properties[prop])
    # the other resource depends on the role, and the owner on the other resource
    return referenced is None or referenced.cfn_resource_type != other


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a property
    """Return a value with CloudFormation's property names; L1s start them in lower case."""
    if isinstance(value, dict):
        return {f"{key[:1].upper()}{key[1:]}": _plain(each) for key, each in value.items()}
    return None if isinstance(value, str) and value == _no_value() else value


@cache
def _no_value() -> str:
    """Return the token for no value, which is the same in the whole process."""
    return Aws.NO_VALUE


class _Prerequisites(dict[tuple[str, bool], list[tuple[str, set[str]]]]):
    """The resources that an owner must depend on, computed once for a role and a function.

    Each entry is the path of such a resource and the keys of all resources that it depends on.
    """


def _refuse_circular_dependency(owner: CfnResource, role: ServiceLinkedRole | None) -> None:
    """Raise an error if the role, or the function, depends on the owner.

    A role or function that does not exist yet will not depend on the owner.
    """
    parts = parts_of(owner)
    function = parts.known(HandlerFunction)
    known = parts.one(_Prerequisites, lambda _: _Prerequisites())
    which = ("" if role is None else key_of(role), function is not None)
    if which not in known:
        first = [] if role is None or role.resource is None else [role.resource]
        first += [] if function is None else _resources_in(function)
        keys = {*map(key_of, first)}
        known[which] = [(each.node.path, _dependencies_of(each, keys)) for each in first]
    for path, dependencies in known[which]:
        if key_of(owner) in dependencies:
            raise UsageError.relation(
                "RoleDependsOnOwner",
                at=owner,
                text=(
                    f"{path} depends on {owner.node.path}, but must be created before it, which"
                    " is a circular dependency. Remove that dependency."
                ),
            )


def _dependencies_of(start: CfnResource, known: set[str]) -> set[str]:
    """Return the keys of all resources that a resource depends on, directly or indirectly."""
    found: set[str] = set()
    left = [start]
    while left:
        resource = left.pop()
        # the references of the prerequisites are known: they refer only to each other
        referenced = [] if key_of(resource) in known else _referenced(resource)
        for each in (*_explicit(resource), *referenced):
            if key_of(each) not in found:
                found.add(key_of(each))
                left.append(each)
    return found


def _explicit(resource: CfnResource) -> Iterator[CfnResource]:
    """Yield the explicit dependencies of a resource and of the constructs around it."""
    yield from (each for each in resource.obtain_dependencies() if isinstance(each, CfnResource))
    for scope in resource.node.scopes:
        # a stack depends only on other stacks
        if not isinstance(scope, Stack | Stage):
            for each in scope.node.dependencies:
                yield from _resources_in(each)


def _referenced(resource: CfnResource) -> Iterator[CfnResource]:
    """Yield the resources of the stack that the properties of a resource refer to."""
    stack = parts_of(resource).stack
    resources = {stack.resolve(each.logical_id): each for each in _resources_in(stack)}
    text = json.dumps(stack.resolve(resource._cfn_properties))  # noqa: SLF001 - of any class
    names = re.findall(r'(?:"(?:Ref|Fn::GetAtt)": \[?"|\$\{)(\w+)', text)
    yield from (resources[each] for each in names if each in resources)


def _resources_in(scope: IConstruct) -> list[CfnResource]:
    return [each for each in scope.node.find_all() if isinstance(each, CfnResource)]
