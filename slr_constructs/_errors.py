"""The error that every construct raises, and the checks that raise it."""

from __future__ import annotations

import math
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Self

from aws_cdk import Stack, Token

from slr_constructs.handler.slr_handler.rules import refusal

if TYPE_CHECKING:
    from constructs import IConstruct

    from slr_constructs.handler.slr_handler.contract import Contract
    from slr_constructs.handler.slr_handler.rules import Rule


#: A token as `Token.as_string`, `Token.as_list` and the attributes of resources write it.
_STRING_TOKEN = re.compile(r"[$#]\{Token\[[a-zA-Z0-9:._-]+\]\}")


class UsageError(ValueError):
    """A construct has an invalid prop, or conflicts with another construct.

    The message has one of two forms:

    - a value: `<construct path>: <prop> must be <constraint>, got <value> [<code>]`
    - a relation between two constructs (`UsageError.relation`):
      `<construct path>: <sentences> [<code>]`

    Each construct documents the codes that it raises. In addition, every construct raises
    `PropKind` for a prop of the wrong type.

    Args:
        code: A stable code. Renaming a code is a breaking change.

        at: The construct that raises the error, or its path.

        prop: The name of the prop in Python.

        allowed: The constraint, as it continues "must be".

        got: The value that the prop has.
    """

    #: The stable code at the end of the message.
    code: str

    def __init__(
        self, code: str, *, at: IConstruct | str, prop: str, allowed: str, got: object
    ) -> None:
        super().__init__(refusal(_path_of(at), prop, allowed, got, code))
        self.code = code

    @classmethod
    def relation(cls, code: str, *, at: IConstruct | str, text: str) -> Self:
        """Return an error about the relation of two constructs.

        Args:
            code: A stable code. Renaming a code is a breaking change.

            at: The construct that raises the error, or its path.

            text: Full sentences that name both constructs and say what to do.
        """
        error = cls.__new__(cls)
        ValueError.__init__(error, f"{_path_of(at)}: {text} [{code}]")
        error.code = code
        return error


def check(rule: Rule, value: object, *, at: IConstruct | str, prop: str) -> None:
    """Check a value against a rule.

    Unresolved tokens are accepted: the function validates the resolved values with the same rules.

    Raises:
        UsageError: The value is known and breaks the rule.
    """
    # the rule first: it costs nothing, but a question about a token may call the jsii kernel
    if value is not None and not rule.holds(value) and not _unresolved(value):
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


def _path_of(construct: IConstruct | str) -> str:
    return construct if isinstance(construct, str) else construct.node.path


def _is_a(value: object, kind: type | str) -> bool:
    if isinstance(kind, type):
        return isinstance(value, kind)
    # the class first: a property of the object, as imported constructs have it, calls the jsii
    # kernel
    return hasattr(type(value), kind) or hasattr(value, kind)


def _unresolved(value: Any) -> bool:  # noqa: ANN401 - the value of any prop
    if isinstance(value, tuple | list):
        return any(map(_unresolved, value))
    if isinstance(value, float) and not math.isfinite(value):
        # JSON has no such number, and the jsii kernel crashes on it
        return False
    # most tokens are strings: this is CDK's own test for them, without a call to the jsii kernel
    if isinstance(value, str) and _STRING_TOKEN.search(value):
        return True
    return bool(Token.is_unresolved(value))
