"""The steps of a creation and of a teardown.

A step is a group of resources of one stack that CloudFormation can process at the same time. Stacks
follow one another, as in `cdk deploy` and `cdk destroy` without `--concurrency`, because one stack
at a time is easy to follow. The steps of a nested stack come directly after the step of its parent
that contains it. The nested stack's resource in the parent is complete after the last of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from slr_constructs.templates.app import Place

if TYPE_CHECKING:
    from slr_constructs.templates.app import App


class Step(NamedTuple):
    """One step of one stack."""

    stack: str
    #: the number of the step within its stack, from 1.
    number: int
    logical_ids: list[str]


@dataclass(slots=True)
class Walk:
    """All steps in one direction, and the first and last step of each resource, from 1."""

    steps: list[Step] = field(default_factory=list)
    turns: dict[Place, tuple[int, int]] = field(default_factory=dict)


def creation_of(app: App) -> Walk:
    """Return the steps of a creation, in the order of deployment."""
    return _walk(app, teardown=False)


def teardown_of(app: App) -> Walk:
    """Return the steps of a teardown, which starts with the last stack."""
    return _walk(app, teardown=True)


def _walk(app: App, *, teardown: bool) -> Walk:
    walk = Walk()

    def go_through(name: str) -> None:
        stack = app.stacks[name]
        steps = stack.deletion if teardown else stack.creation
        for number, logical_ids in enumerate(steps, 1):
            walk.steps.append(Step(name, number, logical_ids))
            first = len(walk.steps)
            for each in logical_ids:
                place = Place(name, each)
                if place in app.nested:
                    go_through(app.nested[place])
                walk.turns[place] = (first, len(walk.steps) if place in app.nested else first)

    for name in reversed(app.stacks) if teardown else app.stacks:
        if app.stacks[name].nested_in is None:
            go_through(name)
    return walk
