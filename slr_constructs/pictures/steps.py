"""The steps of a creation and of a teardown, wave after wave.

One step is one wave of one stack: `cdk deploy` and `cdk destroy` take one stack after another too,
unless told otherwise (`--concurrency`), and one thing at a time is what can be followed. A nested
stack goes through its own steps right after the step in which its parent comes to it; until they
are over, the resource that stands for it in the parent is not done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from slr_constructs.templates.app import Place

if TYPE_CHECKING:
    from slr_constructs.templates.app import App


class Step(NamedTuple):
    """One wave of one stack."""

    stack: str
    #: from 1.
    wave: int
    logical_ids: list[str]


@dataclass(slots=True)
class Walk:
    """All steps one way, and when each resource's turn is: its first and its last step, from 1."""

    steps: list[Step] = field(default_factory=list)
    turns: dict[Place, tuple[int, int]] = field(default_factory=dict)


def creation_of(app: App) -> Walk:
    """Return the steps of a creation, in the order of deployment."""
    return _walk(app, list(app.stacks), teardown=False)


def teardown_of(app: App) -> Walk:
    """Return the steps of a teardown: the last stack goes first."""
    return _walk(app, list(reversed(app.stacks)), teardown=True)


def _walk(app: App, names: list[str], *, teardown: bool) -> Walk:
    nested = {
        Place(*stack.nested_in): name
        for name, stack in app.stacks.items()
        if stack.nested_in is not None
    }
    walk = Walk()

    def go_through(name: str) -> None:
        stack = app.stacks[name]
        waves = stack.deletion if teardown else stack.creation
        for number, logical_ids in enumerate(waves, 1):
            walk.steps.append(Step(name, number, logical_ids))
            first = len(walk.steps)
            for each in logical_ids:
                place = Place(name, each)
                if place in nested:
                    go_through(nested[place])
                walk.turns[place] = (first, len(walk.steps) if place in nested else first)

    for name in names:
        if app.stacks[name].nested_in is None:
            go_through(name)
    return walk
