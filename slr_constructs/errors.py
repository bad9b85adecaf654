"""The one way in which the library refuses what a stack asks for."""

from __future__ import annotations

import math
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from aws_cdk import Stack, Token

from slr_constructs.handler.slr_handler.rules import refusal

if TYPE_CHECKING:
    from constructs import IConstruct

    from slr_constructs.handler.slr_handler.contract import Contract
    from slr_constructs.handler.slr_handler.rules import Rule


#: A token as `Token.as_string`, `Token.as_list` and the attributes of resources write it.
_STRING_TOKEN = re.compile(r"[$#]\{Token\[[a-zA-Z0-9:._-]+\]\}")


class UsageError(ValueError):
    """A stack asks for something that cannot work; nothing is synthesized.

    The text is always `<construct path>: <prop> must be <allowed>, got <value> [<code>]`. The
    constructs name the codes of their own; any of them refuses a prop that is not of its kind
    (`PropKind`).

    Args:
        code: Stable; renaming one is a breaking change.

        at: The construct that was asked, or its path.

        prop: The prop, as Python spells it.

        allowed: What it must be.

        got: What it is.
    """

    def __init__(
        self, code: str, *, at: IConstruct | str, prop: str, allowed: str, got: object
    ) -> None:
        where = at if isinstance(at, str) else at.node.path
        super().__init__(refusal(where, prop, allowed, got, code))
        self.code = code


def check(rule: Rule, value: object, *, at: IConstruct | str, prop: str) -> None:
    """Refuse a value that breaks a rule; a token passes, for nobody knows yet what it will be.

    Raises:
        UsageError: The value is known and breaks the rule.
    """
    # the rule first: it costs nothing, while asking about a token may call the jsii kernel
    if value is not None and not rule.holds(value) and not _unresolved(value):
        raise UsageError(rule.code, at=at, prop=prop, allowed=rule.allowed, got=value)


def check_kind(
    value: object,
    *kinds: type | str,
    at: IConstruct | str,
    prop: str,
    allowed: str,
    optional: bool = False,
) -> None:
    """Refuse a prop that is not of its kind, as type checkers do for those who run one.

    Args:
        value: What the prop was given.

        kinds: The classes that would do; an interface is named by a property of its own, for jsii's
            interfaces cannot be asked.

        at: The construct that was asked, or its path.

        prop: The prop, as Python spells it.

        allowed: What it must be.

        optional: Whether None would do.

    Raises:
        UsageError: It is something else (`PropKind`).
    """
    if optional and value is None:
        return
    if not any(_is_a(value, kind) for kind in kinds):
        raise UsageError("PropKind", at=at, prop=prop, allowed=allowed, got=value)


def check_name(rule: Rule, name: str | None, *, at: IConstruct, prop: str) -> None:
    """Refuse a resource's name as `check` does, and a resource that has none.

    CloudFormation makes a missing name up, and starts it with the stack's.

    Raises:
        UsageError: The name is missing, or known and breaks the rule.
    """
    # an L2 without a name gives its L1 a token that stands for nothing
    if name is None or (not rule.holds(name) and Stack.of(at).resolve(name) is None):
        raise UsageError(rule.code, at=at, prop=prop, allowed=rule.allowed, got=None)
    check(rule, name, at=at, prop=prop)


def check_contract(
    wanted: Contract, *, at: IConstruct, props: dict[str, str] | None = None
) -> None:
    """Refuse a contract that the function would refuse, in the words of the construct's props.

    Args:
        wanted: What the construct is about to ask.

        at: The construct.

        props: The prop that a field comes from, where the two have different names.

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
    # the class first: a property of the object, which what is imported has, calls the jsii kernel
    return hasattr(type(value), kind) or hasattr(value, kind)


def _unresolved(value: Any) -> bool:  # noqa: ANN401 - whatever a prop was given
    if isinstance(value, tuple | list):
        return any(map(_unresolved, value))
    if isinstance(value, float) and not math.isfinite(value):
        # a number that JSON has not, which the jsii kernel would not survive
        return False
    # what most tokens are, and CDK's own test of them, without a call to the jsii kernel
    if isinstance(value, str) and _STRING_TOKEN.search(value):
        return True
    return bool(Token.is_unresolved(value))
