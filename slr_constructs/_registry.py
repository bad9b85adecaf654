"""The registry of stacks: their environments, and the objects that a stack has only once.

A stack has only one function and one construct for each role. An app has only one construct for the
feature of each owner.

Constructs are identified by their jsii reference. A construct that was not created in Python, for
example by an included template or inside an L2, is a new Python object each time jsii returns it.
jsii keeps every construct in memory until the process ends, so this module may do so too. Only the
first lookup of a construct calls the jsii kernel, because a construct never moves to another stack.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from aws_cdk import Stack

from slr_constructs._usage_error import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import Construct, IConstruct

_Part = TypeVar("_Part")

Environment: TypeAlias = dict[str, str]
"""The known ones of `account`, `region` and `partition`."""

_KNOWN = {
    "account": re.compile(r"\d{12}"),
    "region": re.compile(r"[a-z]+(-[a-z]+)+-\d+"),
    "partition": re.compile(r"aws(-[a-z]+)*"),
}


@dataclass(slots=True)
class StackParts:
    """The parts of one stack."""

    stack: Stack
    #: The account and the region, as far as they are known before deployment.
    environment: Environment
    #: The key of the app.
    app: str
    #: The key of the stack that is deployed as a whole: of a nested stack, the outermost parent.
    deployment: str
    _others: dict[type, Any] = field(default_factory=dict)

    @property
    def region(self) -> str | None:
        """The region, or None if it is known only at deployment."""
        return self.environment.get("region")

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
    #: The features of owners, by a key of the owner: the construct of the feature, and the key of
    #: an owner in the app.
    claims: dict[tuple[str, ...], list[tuple[IConstruct, str | None]]] = field(default_factory=dict)
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
        stack = _stack_of(scope)
        parts = known.get(key_of(stack))
        if parts is None:
            parent = stack.nested_stack_parent
            parts = StackParts(
                stack,
                environment=known_environment(account=stack.account, region=stack.region),
                app=key_of(stack.node.root),
                deployment=key_of(stack) if parent is None else parts_of(parent).deployment,
            )
        known[key_of(stack)] = known[key_of(scope)] = parts
    return parts


def known_environment(**parts: str | None) -> Environment:
    """Return the parts of an environment that are known: not tokens, and not dynamic references."""
    return {name: value for name, value in parts.items() if value and _KNOWN[name].fullmatch(value)}


def _stack_of(scope: Construct | IConstruct) -> Stack:
    try:
        return Stack.of(scope)
    except RuntimeError:
        # CDK has no method that asks for the stack without an error
        raise UsageError.relation(
            "OutsideOfStack",
            at=scope,
            text="The construct must be in a stack. Use a stack, or a construct in one, as scope.",
        ) from None


def claims_of(key: tuple[str, ...]) -> list[tuple[IConstruct, str | None]]:
    """Return the features of an owner, which the caller may add to.

    Args:
        key: The key of the owner: the app, the type, and what identifies the owner.
    """
    return _REGISTRY.claims.setdefault(key, [])


def place_in(construct: IConstruct, parts: StackParts) -> None:
    """Record the stack of a construct that is known already, so that no lookup calls jsii."""
    _REGISTRY.parts[key_of(construct)] = parts


def mark_ordered(owner: IConstruct) -> None:
    """Record that a resource with a native property depends on the role that it uses."""
    _REGISTRY.ordered.add(key_of(owner))


def is_ordered(owner: IConstruct) -> bool:
    """Return whether `mark_ordered` was called for a resource."""
    return key_of(owner) in _REGISTRY.ordered
