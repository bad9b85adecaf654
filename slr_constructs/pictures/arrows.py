"""Which resources a picture shows, and which arrows between them.

An arrow leads from a resource to one that it waits for. What others say already is left out: if C
waits for B and B waits for A, then no arrow leads from C to A (a transitive reduction). Without
it, a stack whose resources all name one function is a hairball.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

    from slr_constructs.templates.app import App, Stack


class Arrow(NamedTuple):
    """A resource that waits for another."""

    dependent: str
    dependency: str
    #: as `order.Wait` has it; empty if it waits through resources that are not shown.
    said_by: str


def shown_in(app: App, *, only_roles: bool) -> dict[str, list[str]]:
    """Return the logical ids that a picture shows, by stack.

    Args:
        app: The stacks.

        only_roles: Show what has to do with a service-linked role, and the nested stacks in which
            something does. A stack that has nothing of it is left out.
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
    """Return the arrows that say, with those that follow from them, what waits for what.

    Args:
        stack: The stack.

        shown: The logical ids that are in the picture. What waits through others waits all the
            same.
    """
    shown = set(shown)
    waves = {each: number for number, wave in enumerate(stack.creation) for each in wave}
    bits = {each: 1 << number for number, each in enumerate(waves)}
    nearest: dict[str, set[str]] = {}
    below: dict[str, int] = {}
    arrows = []
    for each in waves:
        direct = set(stack.graph.successors(each))
        nearest[each] = (direct & shown).union(*(nearest[other] for other in direct - shown))
        if each not in shown:
            continue
        said_by = {wait.dependency: wait.said_by for wait in stack.waits(each)}
        covered = 0
        # the latest first: only a later one can wait for an earlier one
        for dependency in sorted(nearest[each], key=lambda other: (-waves[other], other)):
            if not covered & bits[dependency]:
                arrows.append(Arrow(each, dependency, said_by.get(dependency, "")))
                covered |= below[dependency] | bits[dependency]
        below[each] = covered
    return arrows
