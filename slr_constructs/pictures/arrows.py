"""Select the resources and the arrows that a picture shows.

An arrow leads from a resource to one of its dependencies. Arrows that follow from other arrows are
left out: if C depends on B and B depends on A, no arrow leads from C to A (a transitive
reduction). Otherwise, the picture of a stack whose resources all refer to one function would be
unreadable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

    from slr_constructs.templates.app import App, Stack


class Arrow(NamedTuple):
    """A resource that depends on another."""

    dependent: str
    dependency: str
    #: as in `order.Dependency`; empty if the dependency leads through resources that are not shown.
    sources: str


def shown_in(app: App, *, only_roles: bool) -> dict[str, list[str]]:
    """Return the logical ids that a picture shows, by stack.

    Args:
        app: The stacks.

        only_roles: Show only resources that belong to a service-linked role, and the nested stacks
            that contain one. Stacks without such resources are left out.
    """
    if not only_roles:
        return {name: list(stack.resources) for name, stack in app.stacks.items()}
    shown: dict[str, list[str]] = {}
    nested: set[tuple[str, str]] = set()
    for name, stack in reversed(app.stacks.items()):
        ids = [each for each in stack.resources if each in stack.marks or (name, each) in nested]
        if ids:
            shown[name] = ids
            if stack.nested_in is not None:
                nested.add(stack.nested_in)
    return {name: shown[name] for name in app.stacks if name in shown}


def arrows_between(stack: Stack, shown: Collection[str]) -> list[Arrow]:
    """Return the arrows that are needed to show all dependencies between resources.

    Args:
        stack: The stack.

        shown: The logical ids in the picture. A dependency that leads through other resources is
            included.
    """
    shown = set(shown)
    steps = stack.step_numbers
    bits = {each: 1 << number for number, each in enumerate(steps)}
    nearest: dict[str, set[str]] = {}
    below: dict[str, int] = {}
    arrows = []
    for each in steps:
        direct = set(stack.graph.successors(each))
        nearest[each] = (direct & shown).union(*(nearest[other] for other in direct - shown))
        if each not in shown:
            continue
        sources = {found.dependency: found.sources for found in stack.dependencies_of(each)}
        covered = 0
        # the latest first: only a later resource can depend on an earlier one
        for dependency in sorted(nearest[each], key=lambda other: (-steps[other], other)):
            if not covered & bits[dependency]:
                arrows.append(Arrow(each, dependency, sources.get(dependency, "")))
                covered |= below[dependency] | bits[dependency]
        below[each] = covered
    return arrows
