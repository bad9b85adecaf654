"""ARNs in templates, as intrinsic functions of names that may be tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.catalogue.resource_type import HERE

if TYPE_CHECKING:
    from slr_constructs.catalogue import ResourceType


def arn_of(target: ResourceType, name: str) -> dict[str, Any]:
    """Return the ARN of a resource in the stack's account and region, as an `Fn::Sub`.

    Args:
        target: The type of the resource.

        name: The name of the resource, which may be a token.
    """
    return substitute(target.identifier.arn(**HERE, name=""), name)


def last_part(name_or_arn: str) -> Any:  # noqa: ANN401 - a string, or an intrinsic for a token
    """Return the part of an ARN after its only slash, or a literal without a slash unchanged.

    A literal with a dynamic reference does not change either: its slashes may be those of the name
    of a parameter, and CloudFormation splits it before it knows the value.
    """
    if "{{resolve:" in name_or_arn:
        return name_or_arn
    if "${" in name_or_arn:
        return {"Fn::Select": [1, {"Fn::Split": ["/", name_or_arn]}]}
    return name_or_arn.rpartition("/")[2]


def substitute(text: str, name: Any) -> dict[str, Any]:  # noqa: ANN401 - a string or an intrinsic
    """Return an `Fn::Sub` of a text and a name; the name may be a token or an intrinsic."""
    if isinstance(name, str) and "${" not in name:
        return {"Fn::Sub": text + name}
    return {"Fn::Sub": [f"{text}${{Name}}", {"Name": name}]}
