"""The steps follow the order of the stacks, of their resources, and of nested stacks."""

from __future__ import annotations

from slr_constructs.pictures.steps import Walk, creation_of, teardown_of
from slr_constructs.templates.app import App, Place
from tests.pictures.many_apps import nested, plain


def test_the_steps_of_every_stack_are_complete(app: App) -> None:
    """The steps of a stack keep their order; none is missing and none occurs twice."""
    creation, teardown = creation_of(app), teardown_of(app)

    for name, stack in app.stacks.items():
        for walk, expected in ((creation, stack.creation), (teardown, stack.deletion)):
            steps = [each for each in walk.steps if each.stack == name]
            assert [each.number for each in steps] == list(range(1, len(expected) + 1))
            assert [each.logical_ids for each in steps] == expected


def test_dependencies_are_created_first_and_deleted_last(app: App) -> None:
    """A teardown deletes a resource only after all resources that depend on it."""
    creation, teardown = creation_of(app).turns, teardown_of(app).turns

    for one in creation:
        for other in creation:
            if app.is_before(one, other) and not _is_within(app, other, one):
                assert creation[one][1] < creation[other][0]
                assert teardown[other][1] < teardown[one][0]


def _is_within(app: App, inner: Place, outer: Place) -> bool:
    """Return whether a resource is in the nested stack that another resource represents."""
    scope: tuple[str, str] | None = inner
    while scope is not None and scope != outer:
        scope = app.stacks[scope[0]].nested_in
    return scope is not None


def test_a_nested_stack_is_complete_after_its_resources() -> None:
    """The nested stack's resource begins before its contents, and ends with the last of them."""
    app = nested()

    for walk in (creation_of(app), teardown_of(app)):
        for name, stack in app.stacks.items():
            if stack.nested_in is not None:
                first, last = walk.turns[Place(*stack.nested_in)]
                within = [turn for place, turn in walk.turns.items() if place.stack == name]
                assert first < min(start for start, _ in within)
                assert last == max(end for _, end in within)


def test_stacks_are_deleted_in_reverse_order() -> None:
    """The CDK command line uses the same orders."""

    def stacks(walk: Walk) -> list[str]:
        return list(dict.fromkeys(each.stack for each in walk.steps))

    assert stacks(creation_of(plain())) == ["One", "Two"]
    assert stacks(teardown_of(plain())) == ["Two", "One"]
