"""The protocol of leases and marks, with several stacks interleaved at every call to AWS.

Whatever the order, and whichever run dies or is delivered twice: nobody loses a role that it holds,
whoever arrives finds the role, the last one to leave takes it away, and a role that is not ours
stays as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import event, given, settings
from hypothesis import strategies as st

from slr_constructs.handler.slr_handler.operations.service_linked_role import LEASE_TAG
from tests.handler.interleaving import ROLE, Stack, World

if TYPE_CHECKING:
    from collections.abc import Callable

    Choose = Callable[[list[str]], str]

INTERLEAVINGS = 500
STEPS = 160
REGIONS = ("us-east-1", "eu-west-1")


def _explore(choose: Choose, draw: Callable[[str, int], int]) -> World:
    """Run stacks in the order that is chosen, and then let all of them leave."""
    stacks = [
        Stack(name, REGIONS[number % 2], uses=draw("uses", 1) == 1)
        for number, name in enumerate("ABCD")
    ]
    world = World(stacks)
    world.next_token = lambda serial: f"{draw('token', 9)}{serial:031}"  # type: ignore[method-assign]
    world.account.hidden_reads = draw("hidden reads", 2)
    world.account.deletion_seconds = (0, 7, 25)[draw("deletion", 2)]
    ours = draw("ours", 4) > 0
    spare = {"crashes": draw("crashes", 2), "throttles": 2, "deliveries": draw("twice", 2)}
    with world:
        if not ours:
            world.account.add(ROLE, "Made by the service")
        theirs = world.account.roles.get(ROLE)
        for stack in stacks[: draw("held", 3)]:
            world.settle_in(stack)
        for _ in range(STEPS):
            steps = world.steps() | world.arrivals()
            for name, left in spare.items():
                if left:
                    steps |= getattr(world, name)()
            if not steps:
                break
            label = choose(list(steps))
            for name, left in spare.items():
                if label in getattr(world, name)():
                    spare[name] = left - 1
            world.step(label, steps[label])
        _let_all_leave(world)
        trace = "\n".join(world.trace)
        if ours:
            assert ROLE not in world.account.roles, f"our role is left\n{trace}"
        else:
            assert world.account.roles.get(ROLE) is theirs, f"their role is gone\n{trace}"
            assert theirs is not None
            assert theirs.description == "Made by the service"
            leases = [tag for tag in theirs.tags if tag.startswith(LEASE_TAG)]
            assert leases == [], trace
    return world


def _let_all_leave(world: World) -> None:
    while steps := world.departures() or world.steps():
        label = next(iter(steps))
        world.step(label, steps[label])


def _advance(world: World, name: str, before: str) -> None:
    """Run one alone, until it is about to make that call or has ended."""
    (actor,) = (each for each in world.actors if each.name == name)
    while not actor.ended and actor.doing != before:
        steps = world.steps()
        label = f"{name}: {actor.doing}"
        if label not in steps:
            label = "time passes"
        if label not in steps:
            return  # it would wait for longer than the others may be held up
        world.step(label, steps[label])


def _world(*, held: str = "", arriving: str = "") -> World:
    world = World([Stack(name, REGIONS[0]) for name in held + arriving])
    for stack in world.stacks[: len(held)]:
        world.settle_in(stack)
    return world


def test_nobody_loses_a_role_that_it_holds() -> None:
    """Four stacks in two regions arrive and leave in any order of their calls."""
    explored: set[tuple[str, ...]] = set()

    @settings(max_examples=INTERLEAVINGS, deadline=None, database=None, derandomize=True)
    @given(st.data())
    def explore(data: st.DataObject) -> None:
        world = _explore(
            lambda labels: labels[data.draw(st.integers(0, len(labels) - 1))],
            lambda label, most: data.draw(st.integers(0, most), label),
        )
        explored.add(tuple(world.trace))
        event(f"{sum('delete_service' in line for line in world.trace)} deletions")

    explore()

    calls = sum(len(trace) for trace in explored)
    # shown by `pytest -s`
    print(f"{len(explored)} interleavings explored, {calls} steps")  # noqa: T201
    assert len(explored) > INTERLEAVINGS / 2


def test_of_two_that_leave_at_once_the_last_one_deletes() -> None:
    """Both have looked before either has dropped its lease."""
    with _world(held="AB") as world:
        for stack in world.stacks:
            world.leave(stack)
        for name in ("Delete A 1", "Delete B 2"):
            _advance(world, name, "untag_role")
        _let_all_leave(world)

        assert ROLE not in world.account.roles


def test_a_role_that_goes_under_a_lease_is_made_again() -> None:
    """One has found the role, and another deletes it before the first one tags it."""
    with _world(held="A", arriving="B") as world:
        one, other = world.stacks
        world.arrive(other)
        _advance(world, "Create B 1", "tag_role")
        world.leave(one)
        _advance(world, "Delete A 2", "")
        _advance(world, "Create B 1", "")
        world.check()

        assert other.state == "held"
        assert other.answer is not None
        assert not other.answer.failed, other.answer.reason


def test_a_deletion_that_comes_late_hits_no_role_that_was_made_since() -> None:
    """Two leave; one deletes, a third makes the role again, and then the other asks IAM."""
    with _world(held="AB", arriving="C") as world:
        one, other, third = world.stacks
        world.leave(one)
        world.leave(other)
        for call in ("untag_role", "wait 3", "tag_role"):
            _advance(world, "Delete A 1", call)
            _advance(world, "Delete B 2", call)
        for name in ("Delete A 1", "Delete B 2"):
            _advance(world, name, "delete_service_linked_role")
        _advance(world, "Delete A 1", "")
        world.arrive(third)
        _advance(world, "Create C 3", "")
        _advance(world, "Delete B 2", "")
        _let_all_leave(world)

        assert ROLE not in world.account.roles


def test_a_delete_that_is_delivered_twice_does_not_take_away_its_own_mark() -> None:
    """One of the two gives way to a stack that arrives, while the other is about to ask IAM."""
    with _world(held="A", arriving="B") as world:
        one, other = world.stacks
        world.leave(one)
        _advance(world, "Delete A 1", "tag_role")
        steps = world.deliveries()
        world.step("Delete A 1 is delivered twice", steps["Delete A 1 is delivered twice"])
        for call in ("tag_role", "get_role", "delete_service_linked_role"):
            _advance(world, "Delete A 2", call)
            _advance(world, "Delete A 1", call)
        world.arrive(other)
        _advance(world, "Create B 3", "get_role")
        _advance(world, "Create B 3", "tag_role")
        _advance(world, "Create B 3", "get_role")
        _advance(world, "Delete A 2", "")
        _advance(world, "Create B 3", "")
        _advance(world, "Delete A 1", "")
        _let_all_leave(world)

        assert ROLE not in world.account.roles
