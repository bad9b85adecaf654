"""Orders of calls that once broke the protocol of leases and marks, one by one."""

from __future__ import annotations

from tests.handler.interleaving import ROLE, Stack, World


def _world(*, held: str) -> World:
    world = World()
    for name in held:
        world.settle_in(_stack(name))
    return world


def _stack(name: str) -> Stack:
    return Stack(name, "us-east-1")


def test_of_two_that_leave_at_once_the_last_one_deletes() -> None:
    """Both have looked before either has dropped its lease."""
    with _world(held="AB") as world:
        runs = [world.leave(stack) for stack in world.stacks]
        for run in runs:
            world.advance(run, before="untag_role")
        world.let_all_leave()

        assert ROLE not in world.account.roles


def test_a_role_that_goes_under_a_lease_is_made_again() -> None:
    """One has found the role, and another deletes it before the first one tags it."""
    with _world(held="A") as world:
        other = _stack("B")
        arrives = world.arrive(other)
        world.advance(arrives, before="tag_role")
        world.advance(world.leave(world.stacks[0]))
        world.advance(arrives)
        world.check()

        assert other.state == "held"
        assert other.answer is not None
        assert not other.answer.failed, other.answer.reason


def test_a_deletion_that_comes_late_hits_no_role_that_was_made_since() -> None:
    """Two leave; one deletes, a third makes the role again, and then the other asks IAM."""
    with _world(held="AB") as world:
        one, other = (world.leave(stack) for stack in list(world.stacks))
        for call in ("untag_role", "wait 3", "tag_role", "delete_service_linked_role"):
            world.advance(one, before=call)
            world.advance(other, before=call)
        world.advance(one)
        world.advance(world.arrive(_stack("C")))
        world.advance(other)
        world.let_all_leave()

        assert ROLE not in world.account.roles


def test_a_delete_that_is_delivered_twice_does_not_take_away_its_own_mark() -> None:
    """One of the two gives way to a stack that arrives, while the other is about to ask IAM."""
    with _world(held="A") as world:
        one = world.leave(world.stacks[0])
        world.advance(one, before="tag_role")
        twin = world.deliver_again(one)
        for call in ("tag_role", "get_role", "delete_service_linked_role"):
            world.advance(twin, before=call)
            world.advance(one, before=call)
        arrives = world.arrive(_stack("B"))
        for call in ("get_role", "tag_role", "get_role"):
            world.advance(arrives, before=call)
        for run in (twin, arrives, one):
            world.advance(run)
        world.let_all_leave()

        assert ROLE not in world.account.roles


def test_a_role_whose_maker_died_before_it_tagged_it_goes_with_its_stack() -> None:
    """The description says whose it is, where no tag does yet."""
    with _world(held="") as world:
        makes = world.arrive(_stack("A"))
        world.advance(makes, before="tag_role")
        world.crash(makes, again=False)
        world.let_all_leave()

        assert ROLE not in world.account.roles


def test_a_role_that_somebody_made_in_place_of_ours_stays_theirs() -> None:
    """Ours goes before it is tagged, by a delete that comes twice; a service makes the next."""
    with _world(held="B") as world:
        world.stacks[0].removal = "REQUIRE"
        leaves = world.leave(world.stacks[0])
        world.advance(leaves)
        makes = world.arrive(_stack("A"))
        world.advance(makes, before="tag_role")
        world.advance(world.deliver_again(leaves))
        assert world.role is None
        world.step("a service makes the role", world.make_theirs)
        world.advance(makes)
        world.let_all_leave()

        assert world.role is world.theirs
