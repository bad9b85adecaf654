"""Orders of calls that once broke the protocol of leases and deletion locks."""

from __future__ import annotations

from tests.handler.interleaving import ROLE, Stack, World


def _world(*, names: str) -> World:
    world = World()
    for name in names:
        world.add_with_lease(_stack(name))
    return world


def _stack(name: str) -> Stack:
    return Stack(name, "us-east-1")


def test_the_later_of_two_deleted_stacks_deletes_the_role() -> None:
    """Both read the role before one of them releases its lease."""
    with _world(names="AB") as world:
        runs = [world.delete(stack) for stack in world.stacks]
        for run in runs:
            world.advance(run, before="untag_role")
        world.delete_all()

        assert ROLE not in world.account.roles


def test_a_role_that_is_deleted_before_the_lease_is_created_again() -> None:
    """One stack finds the role, and another deletes it before the first one tags it."""
    with _world(names="A") as world:
        other = _stack("B")
        created = world.create(other)
        world.advance(created, before="tag_role")
        world.advance(world.delete(world.stacks[0]))
        world.advance(created)
        world.check()

        assert other.state == "deployed"
        assert other.response is not None
        assert not other.response.failed, other.response.reason


def test_a_late_deletion_does_not_delete_a_newer_role() -> None:
    """One deletes the role, a third stack creates it again, then the other asks IAM."""
    with _world(names="AB") as world:
        one, other = (world.delete(stack) for stack in list(world.stacks))
        for call in ("untag_role", "wait 3", "tag_role", "delete_service_linked_role"):
            world.advance(one, before=call)
            world.advance(other, before=call)
        world.advance(one)
        world.advance(world.create(_stack("C")))
        world.advance(other)
        world.delete_all()

        assert ROLE not in world.account.roles


def test_a_delete_that_is_delivered_twice_keeps_the_lock_of_its_other_run() -> None:
    """One run sees a new lease while the other is about to ask IAM."""
    with _world(names="A") as world:
        one = world.delete(world.stacks[0])
        world.advance(one, before="tag_role")
        twin = world.deliver_again(one)
        for call in ("tag_role", "get_role", "delete_service_linked_role"):
            world.advance(twin, before=call)
            world.advance(one, before=call)
        created = world.create(_stack("B"))
        for call in ("get_role", "tag_role", "get_role"):
            world.advance(created, before=call)
        for run in (twin, created, one):
            world.advance(run)
        world.delete_all()

        assert ROLE not in world.account.roles


def test_a_role_of_a_run_that_crashed_before_tagging_is_deleted_with_its_stack() -> None:
    """Without a tag, the description shows that slr-constructs created the role."""
    with _world(names="") as world:
        creates = world.create(_stack("A"))
        world.advance(creates, before="tag_role")
        world.crash(creates, again=False)
        world.delete_all()

        assert ROLE not in world.account.roles


def test_a_role_that_a_service_created_in_place_of_ours_is_kept() -> None:
    """A second run of a delete removes our untagged role; then a service creates the role."""
    with _world(names="B") as world:
        world.stacks[0].removal = "REQUIRE"
        deletes = world.delete(world.stacks[0])
        again = world.deliver_again(deletes)
        world.advance(deletes, before="get_service_linked_role_deletion_status")
        assert world.role is None
        creates = world.create(_stack("A"))
        world.advance(creates, before="tag_role")
        world.advance(again, before="get_service_linked_role_deletion_status")
        assert world.role is None
        world.step("a service creates the role", world.create_theirs)
        world.advance(creates)
        world.delete_all()

        assert world.role is world.theirs
