"""The objects that a stack has only once: its function, its roles, and its configured features.

Constructs are identified by their jsii reference. A construct that was not created in Python, for
example by an included template or inside an L2, is a new Python object each time jsii returns it.
jsii keeps every construct in memory until the process ends, so this module may do so too. Only the
first lookup of a construct calls the jsii kernel, because a construct never moves to another stack.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from aws_cdk import Stack, Token
from constructs import Construct

from slr_constructs.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk import CfnResource
    from constructs import IConstruct

    from slr_constructs.handler.slr_handler.contract import Contract

_Part = TypeVar("_Part")


@dataclass(slots=True)
class StackParts:
    """The parts of one stack."""

    stack: Stack
    #: None if the region is known only at deployment.
    region: str | None
    #: The construct that configures each feature, by resource type and physical id.
    features: dict[tuple[str, str], IConstruct] = field(default_factory=dict)
    _others: dict[type, Any] = field(default_factory=dict)

    def one(self, kind: type[_Part], make: Callable[[Stack], _Part]) -> _Part:
        """Return the stack's only part of a class; create it on first use.

        This module does not need to know the classes of the parts.
        """
        if kind not in self._others:
            self._others[kind] = make(self.stack)
        part: _Part = self._others[kind]
        return part

    def known(self, kind: type[_Part]) -> _Part | None:
        """Return the stack's only part of a class, or None if it was not created yet."""
        part: _Part | None = self._others.get(kind)
        return part


_PARTS: dict[str, StackParts] = {}

#: The keys of the resources that use a role through a native property and depend on it.
_ORDERED: set[str] = set()


def key_of(construct: IConstruct) -> str:
    """Return a key that is unique for a construct in this process."""
    key: str = cast("Any", construct).__jsii_ref__.ref
    return key


def parts_of(scope: Construct | IConstruct) -> StackParts:
    """Return the parts of the stack that contains a construct."""
    key = key_of(scope)
    parts = _PARTS.get(key)
    if parts is None:
        stack = Stack.of(scope)
        parts = _PARTS.get(key_of(stack))
        if parts is None:
            region = stack.region
            parts = StackParts(stack, region=None if Token.is_unresolved(region) else region)
        _PARTS[key_of(stack)] = _PARTS[key] = parts
    return parts


def mark_ordered(owner: IConstruct) -> None:
    """Record that a resource with a native property depends on the role that it uses."""
    _ORDERED.add(key_of(owner))


def is_ordered(owner: IConstruct) -> bool:
    """Return whether `mark_ordered` was called for a resource."""
    return key_of(owner) in _ORDERED


class Feature(Construct):
    """A feature that uses a role. It is in the stack of its scope, so the lookup calls no jsii."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        _PARTS[key_of(self)] = parts_of(scope)


def claim(
    feature: Construct,
    wanted: Contract,
    owner: CfnResource | str,
    *,
    owner_type: str,
    feature_name: str,
) -> None:
    """Record that a construct configures a feature for an owner, and reject a second construct.

    Args:
        feature: The construct that configures the feature.

        wanted: The contract of the feature.

        owner: The owner, as the feature was given it.

        owner_type: The type of the owner in the error message, for example `channel`.

        feature_name: The name of the feature in the error message, for example `access logging`.

    Raises:
        UsageError: Another construct configures the feature for the owner (`FeatureSetTwice`).
    """
    claimed = parts_of(feature if isinstance(owner, str) else owner).features
    # channels of different services may have the same name
    key = (wanted.RESOURCE_TYPE, wanted.physical_id)
    other = claimed.get(key)
    if other is not None:
        shown = repr(owner) if isinstance(owner, str) else owner.node.path
        raise UsageError.relation(
            "FeatureSetTwice",
            at=feature,
            text=(
                f"{other.node.path} already configures {feature_name} for {owner_type} {shown}."
                " Remove one of them."
            ),
        )
    claimed[key] = feature


def already_configured(feature: Construct, owner: CfnResource, configuration: str) -> UsageError:
    """Return the error for an owner whose native property is already set.

    Args:
        feature: The construct that configures the feature.

        owner: The owner.

        configuration: What the owner already has, for example `a log configuration`.
    """
    return UsageError.relation(
        "FeatureSetTwice",
        at=feature,
        text=(
            f"{owner.node.path} already has {configuration}, from its own properties or from"
            " another construct. Remove one of them."
        ),
    )
