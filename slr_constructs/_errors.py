"""The checks of props, which raise a `UsageError`."""

from __future__ import annotations

import math
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal

from aws_cdk import Duration, Stack, Token

from slr_constructs._usage_error import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from enum import Enum

    from constructs import IConstruct

    from slr_constructs.handler.slr_handler.contract import Contract
    from slr_constructs.handler.slr_handler.rules import Rule


#: A token as `Token.as_string`, `Token.as_list` and the attributes of resources write it.
_STRING_TOKEN = re.compile(r"[$#]\{Token\[[a-zA-Z0-9:._-]+\]\}")


#: CloudFormation replaces a dynamic reference with its value when it deploys the resource.
_DYNAMIC_REFERENCE = "{{resolve:"


def check(rule: Rule, value: object, *, at: IConstruct | str, prop: str) -> None:
    """Check a value against a rule.

    Unresolved tokens and dynamic references are accepted: the function validates the resolved
    values with the same rules.

    Raises:
        UsageError: The value is known and breaks the rule.
    """
    # the rule first: it costs nothing, but a question about a token may call the jsii kernel
    if value is not None and not rule.holds(value) and not is_unresolved(value):
        raise UsageError(rule.code, at=at, prop=prop, allowed=rule.allowed, got=value)


def check_kind(
    at: IConstruct | str,
    prop: str,
    value: object,
    allowed: str,
    *kinds: type | str,
    optional: bool = False,
) -> None:
    """Check the type of a prop at run time, as a type checker does before.

    Args:
        at: The construct that has the prop, or its path.

        prop: The name of the prop in Python.

        value: The value of the prop.

        allowed: The accepted types, as they continue "must be".

        kinds: The accepted classes. An interface is given as the name of one of its properties,
            because `isinstance` does not work with the interfaces of jsii.

        optional: Whether None is accepted.

    Raises:
        UsageError: The value has another type (`PropKind`).
    """
    if optional and value is None:
        return
    if not any(_is_a(value, kind) for kind in kinds):
        raise UsageError("PropKind", at=at, prop=prop, allowed=allowed, got=value)


def check_list(
    at: IConstruct,
    prop: str,
    values: Sequence[Enum],
    allowed: str,
    kind: type[Enum],
) -> tuple[str, ...]:
    """Check the type of a list and of its items, and return the values of these enum members.

    Args:
        at: The construct that has the prop.

        prop: The name of the prop in Python.

        values: The value of the prop.

        allowed: The accepted types, as they continue "must be".

        kind: The class of the items.

    Raises:
        UsageError: The value or an item has another type (`PropKind`).
    """
    check_kind(at, prop, values, allowed, list, tuple)
    for each in values:
        check_kind(at, prop, each, allowed, kind)
    return tuple(each.value for each in values)


def amount_of(
    at: IConstruct | str, prop: str, duration: Duration | None, unit: Literal["hours", "seconds"]
) -> float | None:
    """Return the amount of a duration in a unit; it may be a fraction, or a token.

    Raises:
        UsageError: The value is not a Duration (`PropKind`), or it is a token in another unit,
            which CDK cannot convert (`DurationUnit`).
    """
    check_kind(at, prop, duration, "a Duration", Duration, optional=True)
    if duration is None:
        return None
    if duration.is_unresolved() and duration.unit_label() != unit:
        raise UsageError(
            "DurationUnit",
            at=at,
            prop=prop,
            allowed=f"created with Duration.{unit} if its value is a token",
            got=duration.unit_label(),
        )
    amount: float = (
        duration.to_hours(integral=False)
        if unit == "hours"
        else duration.to_seconds(integral=False)
    )
    return amount


def check_name(rule: Rule, name: str | None, *, at: IConstruct, prop: str) -> None:
    """Check the name of a resource as `check` does, and reject a resource without a name.

    CloudFormation generates a missing name, which starts with the name of the stack.

    Raises:
        UsageError: The name is missing, or it is known and breaks the rule.
    """
    # an L2 without a name gives its L1 a token that resolves to nothing
    if name is None or (not rule.holds(name) and Stack.of(at).resolve(name) is None):
        raise UsageError(rule.code, at=at, prop=prop, allowed=rule.allowed, got=None)
    check(rule, name, at=at, prop=prop)


def check_contract(
    wanted: Contract, *, at: IConstruct, props: dict[str, str] | None = None
) -> None:
    """Check a contract with the rules of the function, and name the construct's props in errors.

    Args:
        wanted: The contract that the construct is going to send to the function.

        at: The construct.

        props: The name of the prop for each field of the contract that has another name.

    Raises:
        UsageError: A field is known and breaks its rule.
    """
    for each in fields(wanted):
        if "rule" in each.metadata:
            prop = (props or {}).get(each.name, each.name)
            check(each.metadata["rule"], getattr(wanted, each.name), at=at, prop=prop)


def _is_a(value: object, kind: type | str) -> bool:
    if isinstance(kind, type):
        return isinstance(value, kind)
    # the class first: a property of the object, as imported constructs have it, calls the jsii
    # kernel
    return hasattr(type(value), kind) or hasattr(value, kind)


def is_unresolved(value: Any) -> bool:  # noqa: ANN401 - the value of any prop
    """Return whether a value, or an item of it, is known only at deployment."""
    if isinstance(value, tuple | list):
        return any(map(is_unresolved, value))
    if isinstance(value, float) and not math.isfinite(value):
        # JSON has no such number, and the jsii kernel crashes on it
        return False
    # most tokens are strings: this is CDK's own test for them, without a call to the jsii kernel
    if isinstance(value, str) and (_DYNAMIC_REFERENCE in value or _STRING_TOKEN.search(value)):
        return True
    return bool(Token.is_unresolved(value))
