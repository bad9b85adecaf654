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

    The text is always `<construct path>: <prop> must be <allowed>, got <value> [<code>]`.

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


def check_name(rule: Rule, name: str | None, *, at: IConstruct, prop: str) -> None:
    """Refuse a resource's name as `check` does, and a resource without one.

    CloudFormation makes a missing name up, and starts it with the stack's.

    Raises:
        UsageError: The name is missing, or known and breaks the rule.
    """
    # an L2 without a name gives its L1 a token that stands for nothing
    missing = name is None or (not rule.holds(name) and Stack.of(at).resolve(name) is None)
    check(rule, "" if missing else name, at=at, prop=prop)


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
