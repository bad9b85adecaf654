"""The steps: they keep to the order of the stacks, of their waves, and of what is nested."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slr_constructs.pictures.steps import Walk, creation_of, teardown_of
from slr_constructs.templates.app import App, Place
from tests.pictures.many_apps import APPS, nested, plain

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(params=list(APPS.values()), ids=list(APPS))
def app(request: pytest.FixtureRequest) -> App:
    """Return an app to walk through, all in turn."""
    make: Callable[[], App] = request.param
    return make()


def test_every_wave_is_a_step(app: App) -> None:
    """Of each stack, in its own order; nothing is left out and nothing comes twice."""
    creation, teardown = creation_of(app), teardown_of(app)

    for name, stack in app.stacks.items():
        for walk, waves in ((creation, stack.creation), (teardown, stack.deletion)):
            steps = [each for each in walk.steps if each.stack == name]
            assert [each.wave for each in steps] == list(range(1, len(waves) + 1))
            assert [each.logical_ids for each in steps] == waves


def test_nothing_comes_before_what_it_waits_for(app: App) -> None:
    """On the way up; on the way down nothing goes before what waits for it."""
    creation, teardown = creation_of(app).turns, teardown_of(app).turns

    for one in creation:
        for other in creation:
            if app.is_before(one, other) and not _is_within(app, other, one):
                assert creation[one][1] < creation[other][0]
                assert teardown[other][1] < teardown[one][0]


def _is_within(app: App, inner: Place, outer: Place) -> bool:
    """Tell whether a resource is in the nested stack that another stands for."""
    scope: tuple[str, str] | None = inner
    while scope is not None and scope != outer:
        scope = app.stacks[scope[0]].nested_in
    return scope is not None


def test_a_nested_stack_is_done_when_its_resources_are() -> None:
    """The resource that stands for it begins before them, and ends with the last."""
    app = nested()

    for walk in (creation_of(app), teardown_of(app)):
        for name, stack in app.stacks.items():
            if stack.nested_in is not None:
                first, last = walk.turns[Place(*stack.nested_in)]
                within = [turn for place, turn in walk.turns.items() if place.stack == name]
                assert first < min(start for start, _ in within)
                assert last == max(end for _, end in within)


def test_stacks_come_one_after_another_and_go_the_other_way() -> None:
    """As the CDK command line takes them."""

    def stacks(walk: Walk) -> list[str]:
        return list(dict.fromkeys(each.stack for each in walk.steps))

    assert stacks(creation_of(plain())) == ["One", "Two"]
    assert stacks(teardown_of(plain())) == ["Two", "One"]
