"""What a stack has one of, whatever it is: its function, its roles, the features it has set.

Constructs are known by what jsii calls them: one that Python has not made, be it of an included
template or of an L2, is another object whenever jsii hands it over. It keeps every construct alive
for as long as the process runs, and so may this. Only the first look-up of a construct calls the
jsii kernel, for a construct stays in its stack.
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
    #: None while it depends on where the stack is deployed.
    region: str | None
    #: resource type and physical id, so that no feature is set twice.
    features: dict[tuple[str, str], IConstruct] = field(default_factory=dict)
    _others: dict[type, Any] = field(default_factory=dict)

    def one(self, kind: type[_Part], make: Callable[[Stack], _Part]) -> _Part:
        """Return the stack's one part of a kind, made on first use.

        So whoever keeps something for a stack keeps it here, and nobody below has to know what.
        """
        if kind not in self._others:
            self._others[kind] = make(self.stack)
        part: _Part = self._others[kind]
        return part

    def known(self, kind: type[_Part]) -> _Part | None:
        """Return the stack's one part of a kind, if it has been made."""
        part: _Part | None = self._others.get(kind)
        return part


_PARTS: dict[str, StackParts] = {}

#: the keys of the resources that use a role by a property of their own, and are looked after.
_IN_ORDER: set[str] = set()


def key_of(construct: IConstruct) -> str:
    """Return what is the same for one construct, and for no other of the process."""
    key: str = cast("Any", construct).__jsii_ref__.ref
    return key


def parts_of(scope: Construct | IConstruct) -> StackParts:
    """Return the parts of the stack that a construct is in."""
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


def put_in_order(owner: IConstruct) -> None:
    """Remember that a resource which uses a role by a property of its own is looked after."""
    _IN_ORDER.add(key_of(owner))


def is_in_order(owner: IConstruct) -> bool:
    """Tell whether a resource has been put in order."""
    return key_of(owner) in _IN_ORDER


class Feature(Construct):
    """What a role unlocks; it is in the stack of its scope, which spares asking for it."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        _PARTS[key_of(self)] = parts_of(scope)


def claim(feature: Construct, wanted: Contract, prop: str, owner: CfnResource | str) -> None:
    """Refuse a feature that its owner has already.

    Args:
        feature: The construct that sets the feature.

        wanted: What it sets, and on what.

        prop: The prop that the owner was given as.

        owner: The owner, as the feature was given it.

    Raises:
        UsageError: It is set already (`FeatureSetTwice`).
    """
    claimed = parts_of(feature if isinstance(owner, str) else owner).features
    # one name may be that of a channel of several services
    key = (wanted.RESOURCE_TYPE, wanted.physical_id)
    other = claimed.get(key)
    if other is not None:
        allowed = f"set once for one owner ({other.node.path} sets it)"
        raise set_twice(feature, prop, owner, allowed)
    claimed[key] = feature


def set_twice(feature: Construct, prop: str, owner: CfnResource | str, allowed: str) -> UsageError:
    """Return the refusal of a feature that its owner has already.

    Args:
        feature: The construct that sets the feature.

        prop: The prop that the owner was given as.

        owner: The owner, as the feature was given it.

        allowed: What the owner must be.
    """
    return UsageError(
        "FeatureSetTwice",
        at=feature,
        prop=prop,
        allowed=allowed,
        got=owner if isinstance(owner, str) else owner.node.path,
    )
