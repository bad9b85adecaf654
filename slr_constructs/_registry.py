"""The registry of stacks: the objects that a stack has only once, and the ordered resources.

A stack has only one function, one construct for each role, and one construct for each configured
feature.

Constructs are identified by their jsii reference. A construct that was not created in Python, for
example by an included template or inside an L2, is a new Python object each time jsii returns it.
jsii keeps every construct in memory until the process ends, so this module may do so too. Only the
first lookup of a construct calls the jsii kernel, because a construct never moves to another stack.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from aws_cdk import Stack, Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import Construct, IConstruct

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


@dataclass(slots=True)
class _Registry:
    """What this process knows about constructs, by their keys."""

    parts: dict[str, StackParts] = field(default_factory=dict)
    #: The resources that use a role through a native property and depend on it.
    ordered: set[str] = field(default_factory=set)


_REGISTRY = _Registry()


def key_of(construct: IConstruct) -> str:
    """Return a key that is unique for a construct in this process."""
    key: str = cast("Any", construct).__jsii_ref__.ref
    return key


def parts_of(scope: Construct | IConstruct) -> StackParts:
    """Return the parts of the stack that contains a construct."""
    known = _REGISTRY.parts
    parts = known.get(key_of(scope))
    if parts is None:
        stack = Stack.of(scope)
        parts = known.get(key_of(stack))
        if parts is None:
            region = stack.region
            parts = StackParts(stack, region=None if Token.is_unresolved(region) else region)
        known[key_of(stack)] = known[key_of(scope)] = parts
    return parts


def place_in(construct: IConstruct, parts: StackParts) -> None:
    """Record the stack of a construct that is known already, so that no lookup calls jsii."""
    _REGISTRY.parts[key_of(construct)] = parts


def mark_ordered(owner: IConstruct) -> None:
    """Record that a resource with a native property depends on the role that it uses."""
    _REGISTRY.ordered.add(key_of(owner))


def is_ordered(owner: IConstruct) -> bool:
    """Return whether `mark_ordered` was called for a resource."""
    return key_of(owner) in _REGISTRY.ordered
