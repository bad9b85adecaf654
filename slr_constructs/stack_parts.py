"""What a stack has one of, whatever it is: its function, its roles, the features it has set.

jsii keeps every construct alive for as long as the process runs, so a weak map keyed by constructs
lives exactly as long as they do. Only the first look-up of a construct calls the jsii kernel, for
a construct stays in its stack.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

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


_PARTS: WeakKeyDictionary[IConstruct, StackParts] = WeakKeyDictionary()


def parts_of(scope: Construct | IConstruct) -> StackParts:
    """Return the parts of the stack that a construct is in."""
    parts = _PARTS.get(scope)
    if parts is None:
        stack = Stack.of(scope)
        parts = _PARTS.get(stack)
        if parts is None:
            region = stack.region
            parts = StackParts(stack, region=None if Token.is_unresolved(region) else region)
        _PARTS[stack] = _PARTS[scope] = parts
    return parts


class Feature(Construct):
    """What a role unlocks; it is in the stack of its scope, which spares asking for it."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        _PARTS[self] = parts_of(scope)


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
