"""The resources that a stack or a construct adds to a template, and their order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from aws_cdk import CfnResource, Stack, assertions

from slr_constructs.templates.order import creation_steps, deletion_steps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import IConstruct


def template_of(stack: Stack) -> dict[str, Any]:
    """Return a stack's template, as `cdk synth` writes it.

    The first call synthesizes the app. Constructs that you add after that are not included.
    """
    return cast("dict[str, Any]", assertions.Template.from_stack(stack).to_json())


def resources_of(construct: IConstruct) -> dict[str, Any]:
    """Return the resources of a construct, by their path below it.

    References to resources are paths too, so that a snapshot names the construct and does not
    change with logical ids.
    """
    stack = Stack.of(construct)
    resources = template_of(stack)["Resources"]
    paths = paths_of(stack)
    scope = construct.node.path
    below = {
        logical_id: path.removeprefix(scope).lstrip("/") or "Resource"
        for logical_id, path in paths.items()
        if path == scope or path.startswith(f"{scope}/")
    }
    names = _names(paths)
    return {
        path: _named(resources[logical_id], names)
        for logical_id, path in sorted(below.items(), key=lambda each: each[1])
    }


def order_lines(stack: Stack) -> list[str]:
    """Return a stack's order of creation and of deletion, with a line for each resource.

    Resources with the same number do not depend on each other.

    Raises:
        TemplateError: The order cannot be read from the template, for example because of a circular
            dependency.
    """
    template = template_of(stack)
    names = _names(paths_of(stack))
    orders = {"create": creation_steps(template), "delete": deletion_steps(template)}
    return [
        f"{what} {number}  {path}  ({kind})"
        for what, steps in orders.items()
        for number, step in enumerate(steps, start=1)
        for path, kind in sorted(
            (names[each], template["Resources"][each]["Type"]) for each in step
        )
    ]


def paths_of(stack: Stack) -> dict[str, str]:
    """Return the construct paths of the resources of a stack, by logical id."""
    return {
        str(stack.resolve(each.logical_id)): each.node.path
        for each in stack.node.find_all()
        if isinstance(each, CfnResource) and each.stack is stack
    }


def _names(paths: Mapping[str, str]) -> dict[str, str]:
    """Return the paths without their first part, which is the stack or its stage."""
    return {logical_id: path.partition("/")[2] for logical_id, path in paths.items()}


def _named(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of a template
    if isinstance(value, list):
        return [_named(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    named = {key: _named(each, names) for key, each in value.items()}
    if isinstance(value.get("Ref"), str):
        named["Ref"] = names.get(value["Ref"], value["Ref"])
    if isinstance(value.get("Fn::GetAtt"), list):
        logical_id, *attribute = value["Fn::GetAtt"]
        named["Fn::GetAtt"] = [names.get(logical_id, logical_id), *attribute]
    if isinstance(value.get("Fn::Sub"), str):
        named["Fn::Sub"] = re.sub(
            r"(?<=\$\{)\w+", lambda found: names.get(found[0], found[0]), value["Fn::Sub"]
        )
    if isinstance(value.get("DependsOn"), list):
        named["DependsOn"] = sorted(names.get(each, each) for each in value["DependsOn"])
    return named
