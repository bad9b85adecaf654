"""What the features' constructs do for their owners, for owners that are there already.

A mixin acts at once, when all aspects of the app can still see what it adds; an aspect acts at
synth, when properties are final. Existing apps need both, so this is one class that is both, and as
a mixin it looks again at synth. It stands on the features, and defines nothing that they do not.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
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
    Reference,
    Stack,
    Stage,
    Tokenization,
)

from slr_constructs import catalogue
from slr_constructs.errors import UsageError, check_kind
from slr_constructs.features import mediapackage_logging, mediatailor_logging
from slr_constructs.ordering import use_role
from slr_constructs.provider import Provider
from slr_constructs.service_linked_role import RoleRemoval, role_for, role_in
from slr_constructs.stack_parts import is_in_order, key_of, parts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from aws_cdk import IConstructSelector
    from constructs import IConstruct

    from slr_constructs.catalogue import RoleDefinition
    from slr_constructs.service_linked_role import ServiceLinkedRole

_RELEASE_ID = "ServiceLinkedRoleRelease"

_RECORDING_CONFIGURATION = "AWS::IVS::RecordingConfiguration"
_RETAINED = (CfnDeletionPolicy.RETAIN, CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE)


@jsii.implements(IAspect)
class EnsureServiceLinkedRoles(Mixin):
    """Give plain resources what the features' constructs would have given them.

    Each resource that switches a feature on by a property of its own gets the stack's role, made
    before it and deleted after it, and a release that switches the feature off before it goes:
    `AWS::MediaTailor::PlaybackConfiguration` and `Channel` with a log configuration,
    `AWS::MediaPackage::Channel` and `PackagingGroup` with access logs. An
    `AWS::IVS::RecordingConfiguration`, and a channel that records with one from outside the app,
    gets the role alone, for IVS lets go of it by itself. Who has defined the resource makes no
    difference: an L1, an L2, an included template or a bare `CfnResource`.

    Apply it last, in one of two ways:

    - `Mixins.of(app).apply(EnsureServiceLinkedRoles())` acts at once on what the app has, in its
      stages too, and so aspects that tag or limit what is in a stack see what it adds. It looks
      again at synth, before aspects that only read, for what has been switched on since.
    - `Aspects.of(app).add(EnsureServiceLinkedRoles())` acts at synth, also on what is defined
      later. CDK takes no aspect into a stage: add it to each. Aspects that switch features on have
      to come first, by their place or their priority.

    Both, or one of them twice, is the same as once: the first has left nothing to do. What a
    construct of this library looks after is left alone, and so is what uses no role. The role is
    the one that the stack declares or imports; without one, an `AWS::IAM::ServiceLinkedRole` for
    the service in the same stack, which stays as it is; without one, it is declared as a feature
    declares it, `<stack>/<name of the role>`. A release is `<resource>/ServiceLinkedRoleRelease`;
    its rights stand beside it, and both have the resource's condition. A resource that is retained
    gets no release, for nothing deletes it.

    A property that is a token or a `Lazy` counts as switched on, for nobody knows what it will be:
    at worst, there is a role that nothing uses, and a release that switches off what is off. What
    no property shows cannot be mended: `add_property_override`, which CDK shows to nobody before it
    writes the template, and features that are switched on by custom resources of others, as all of
    Chime's are. `RoleGuard` finds them in the templates.

    Args:
        removal: What becomes of a role that this declares when its stack is deleted. Default: it is
            deleted if this library made it and nobody else needs it.

    Raises:
        UsageError: What a resource would have to wait for, the role or the stack's function, waits
            for the resource (`RoleWaitsForOwner`); nothing is defined for it then. Or the stack's
            function would have too many rights (`FunctionRights`). CDK passes such a refusal on in
            an error of its own, a `RuntimeError` with the same text.
    """

    def __init__(self, *, removal: RoleRemoval = RoleRemoval.WHEN_UNUSED) -> None:
        super().__init__()
        check_kind(
            removal,
            RoleRemoval,
            at="EnsureServiceLinkedRoles",
            prop="removal",
            allowed="a RoleRemoval",
        )
        self._removal = removal

    def supports(self, construct: IConstruct) -> bool:
        """Tell whether a construct is a resource that may have to be mended, now or at synth."""
        return _kind_of(construct) is not None

    def apply_to(self, construct: IConstruct) -> None:
        """Mend one resource, now and again at synth."""
        self._mend(construct)
        Aspects.of(construct).add(self, priority=AspectPriority.READONLY - 1)

    def visit(self, node: IConstruct) -> None:
        """Mend one resource, or all that a stack has so far."""
        if isinstance(node, Stack):
            # before the stack's resources are visited, and by other aspects too: unless CDK is
            # told to stabilize aspects, what is added to a stack later than this is not visited
            for each in self._owners.select(node):
                self._mend(each)
        else:
            self._mend(node)

    @cached_property
    def _owners(self) -> IConstructSelector:
        return ConstructSelector.resources_of_type(*_KINDS)

    def _mend(self, owner: Any) -> None:  # noqa: ANN401 - a resource, once its kind is known
        kind = _kind_of(owner)
        if kind is None or not kind.uses_role(_Properties(owner)):
            return
        role = role_in(owner, kind.definition)
        _refuse_circle(owner, role)
        role = role_for(owner, role, kind.definition, owner=owner, removal=self._removal)
        if kind.release is None or owner.cfn_options.deletion_policy in _RETAINED:
            use_role(role, owner)
        else:
            kind.release(owner, owner, owner.ref, role, _RELEASE_ID)


class _Properties:
    """The properties of a resource, whatever its class calls them."""

    def __init__(self, owner: CfnResource) -> None:
        # not the attributes, which a bare resource has not, and which jsii cannot always read
        self._values = owner._cfn_properties  # noqa: SLF001

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - whatever a template may hold
        return _part(self._values, name)


def _part(values: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - as above
    """Return a property by the name that CloudFormation gives it, which L1s start small."""
    return values.get(name, values.get(name[0].lower() + name[1:]))


def _is_given(value: Any) -> bool:  # noqa: ANN401 - as above
    return value not in (None, "", {"Ref": "AWS::NoValue"}, _no_value())


@cache
def _no_value() -> str:
    """Return the token for no value, which is one for the whole process."""
    return Aws.NO_VALUE


def _logs_sessions(properties: _Properties) -> bool:
    logs = properties["LogConfiguration"]
    if not isinstance(logs, dict):
        return _is_given(logs)
    # vended logs need no service-linked role
    strategies = _part(logs, "EnabledLoggingStrategies")
    is_off = _part(logs, "PercentEnabled") in (0, "0") or strategies == ["VENDED_LOGS"]
    return _is_given(logs) and not is_off


def _logs_runs(properties: _Properties) -> bool:
    logs = properties["LogConfiguration"]
    return _is_given(logs) and not (isinstance(logs, dict) and _part(logs, "LogTypes") == [])


def _records(properties: _Properties) -> bool:
    """Tell whether a channel records with a configuration from outside the app.

    With one of the app it waits for that, and so for the role.
    """
    configuration = properties["RecordingConfigurationArn"]
    reference = configuration
    if isinstance(configuration, str):
        parts = Tokenization.reverse_string(configuration)
        reference = parts.first_token if parts.length == 1 else None
    if reference is not None and Reference.is_reference(reference):
        target = reference.target
        if isinstance(target, CfnResource):
            return target.cfn_resource_type != _RECORDING_CONFIGURATION
    return _is_given(configuration)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a type of resource needs the role for."""

    definition: RoleDefinition
    uses_role: Callable[[_Properties], bool]
    #: None: the feature goes with the resource.
    release: Callable[[CfnResource, CfnResource, str, ServiceLinkedRole, str], CfnResource] | None


#: `templates.lifecycle` says the same of templates, for which it takes no construct.
_KINDS = {
    _RECORDING_CONFIGURATION: _Kind(catalogue.IVS_RECORD_TO_S3, lambda _: True, release=None),
    "AWS::IVS::Channel": _Kind(catalogue.IVS_RECORD_TO_S3, _records, release=None),
    "AWS::MediaTailor::PlaybackConfiguration": _Kind(
        catalogue.MEDIATAILOR, _logs_sessions, mediatailor_logging.release_sessions
    ),
    "AWS::MediaTailor::Channel": _Kind(
        catalogue.MEDIATAILOR, _logs_runs, mediatailor_logging.release_as_run
    ),
    "AWS::MediaPackage::Channel": _Kind(
        catalogue.MEDIAPACKAGE,
        lambda each: _is_given(each["IngressAccessLogs"]) or _is_given(each["EgressAccessLogs"]),
        mediapackage_logging.release_channel,
    ),
    "AWS::MediaPackage::PackagingGroup": _Kind(
        catalogue.MEDIAPACKAGE,
        lambda each: _is_given(each["EgressAccessLogs"]),
        mediapackage_logging.release_packaging_group,
    ),
}


def _kind_of(construct: IConstruct) -> _Kind | None:
    """Return what a resource needs the role for; None if it needs none, or is looked after."""
    if not isinstance(construct, CfnResource) or is_in_order(construct):
        return None
    return _KINDS.get(construct.cfn_resource_type)


class _Reach(dict[tuple[str, bool], list[tuple[str, set[str]]]]):
    """What waits for what in a stack, asked once for a role and a function that are there.

    Each is the path of a resource that comes first, with the keys of all that it waits for.
    """


def _refuse_circle(owner: CfnResource, role: ServiceLinkedRole | None) -> None:
    """Refuse an owner that its role, or the function that releases it, waits for.

    What is not there yet will wait for nothing.
    """
    parts = parts_of(owner)
    function = parts.known(Provider)
    known = parts.one(_Reach, lambda _: _Reach())
    which = ("" if role is None else key_of(role), function is not None)
    if which not in known:
        first = [] if role is None or role.resource is None else [role.resource]
        first += [] if function is None else _resources_in(function)
        keys = {*map(key_of, first)}
        known[which] = [(each.node.path, _reach(each, keys)) for each in first]
    for path, reach in known[which]:
        if key_of(owner) in reach:
            raise UsageError(
                "RoleWaitsForOwner",
                at=owner,
                prop="dependencies",
                allowed=f"without a circle ({path} has to be created first)",
                got=f"{path} waits for {owner.node.path}",
            )


def _reach(start: CfnResource, known: set[str]) -> set[str]:
    """Return all that a resource waits for, by whatever chain."""
    found: set[str] = set()
    left = [start]
    while left:
        resource = left.pop()
        # what those refer to that are to come first is known: each other
        referred = [] if key_of(resource) in known else _referred(resource)
        for each in (*_explicit(resource), *referred):
            if key_of(each) not in found:
                found.add(key_of(each))
                left.append(each)
    return found


def _explicit(resource: CfnResource) -> Iterator[CfnResource]:
    """Yield what a resource, or a construct around it, is told to wait for."""
    yield from (each for each in resource.obtain_dependencies() if isinstance(each, CfnResource))
    for scope in resource.node.scopes:
        # what a stack waits for is another stack
        if not isinstance(scope, Stack | Stage):
            for each in scope.node.dependencies:
                yield from _resources_in(each)


def _referred(resource: CfnResource) -> Iterator[CfnResource]:
    """Yield what the properties of a resource refer to in its stack."""
    stack = parts_of(resource).stack
    there = {stack.resolve(each.logical_id): each for each in _resources_in(stack)}
    text = json.dumps(stack.resolve(resource._cfn_properties))  # noqa: SLF001 - of whatever class
    names = re.findall(r'(?:"(?:Ref|Fn::GetAtt)": \[?"|\$\{)(\w+)', text)
    yield from (there[each] for each in names if each in there)


def _resources_in(scope: IConstruct) -> list[CfnResource]:
    return [each for each in scope.node.find_all() if isinstance(each, CfnResource)]
