"""Leases: the stacks that hold roles. The lease of a stack that may exist is never released."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import EndpointConnectionError

from slr_constructs import catalogue
from slr_constructs.account.access import AccountError
from slr_constructs.account.iam_role import Lease
from slr_constructs.account.leases import (
    read_leases,
    release_lease,
    release_orphaned_lease,
    restore_lease,
)
from slr_constructs.account.stacks import StackState
from slr_constructs.handler.slr_handler.operations.service_linked_role import LEASE_TAG
from tests.account import specimens
from tests.account.conftest import ACCOUNT
from tests.fake_services.wire import Call, Refused

if TYPE_CHECKING:
    from tests.fake_services.world import World

MEDIATAILOR, MEDIAPACKAGE = catalogue.MEDIATAILOR, catalogue.MEDIAPACKAGE
NAME = MEDIATAILOR.role_name
TAG = f"{LEASE_TAG}1"


def _leased(world: World, status: str = "DELETE_COMPLETE") -> Lease:
    """Let a stack with a status hold the role, and return the lease as if it was read long ago."""
    account = world.account(ACCOUNT)
    stack = account.add_stack("app", "eu-west-1", status=status)
    account.add_role(MEDIATAILOR, tags={TAG: stack, "team": "video"})
    return Lease(NAME, TAG, stack, StackState.DELETED)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        pytest.param(Refused("AccessDenied", "you may not", 403), "AccessDenied: you may not"),
        pytest.param(
            EndpointConnectionError(endpoint_url="https://x"),
            'Could not connect to the endpoint URL: "https://x"',
        ),
    ],
    ids=["denied", "silent"],
)
def test_a_role_that_cannot_be_read_is_reported(error: Exception, why: str, world: World) -> None:
    """The leases on other roles are read."""
    _leased(world)
    world.account(ACCOUNT).add_role(MEDIAPACKAGE)

    def on_call(call: Call) -> None:
        if call.operation == "GetRole" and call.parameters["RoleName"] != NAME:
            raise error

    world.on_call = on_call

    read = read_leases(specimens.signed_in(), (MEDIAPACKAGE, MEDIATAILOR), at_once=2)

    assert [(each.role, each.reason) for each in read.failures] == [(MEDIAPACKAGE.role_name, why)]
    assert [each.tag for each in read.leases] == [TAG]


def test_at_once_limits_the_concurrent_calls(world: World) -> None:
    """With any number of roles and leases."""
    for definition in catalogue.ALL:
        tags = {f"{LEASE_TAG}{number}": "arn" for number in range(20)}
        world.account(ACCOUNT).add_role(definition, tags=tags)

    read = read_leases(specimens.signed_in(), catalogue.ALL, at_once=2)

    assert len(read.leases) == 20 * len(catalogue.ALL)
    assert world.most_at_once <= 2


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_FAILED"])
def test_the_lease_of_an_existing_stack_is_kept(status: str, world: World) -> None:
    """The state of the stack is read again."""
    lease = _leased(world, status)
    before = dict(world.account(ACCOUNT).roles[NAME].tags)

    assert not release_orphaned_lease(specimens.signed_in(), lease)
    assert world.account(ACCOUNT).roles[NAME].tags == before


def test_the_lease_of_an_unknown_stack_is_kept(world: World) -> None:
    """It counts as the lease of an existing stack."""
    lease = _leased(world)
    world.account(ACCOUNT).denied.add("cloudformation:DescribeStacks")

    assert not release_orphaned_lease(specimens.signed_in(), lease)
    assert TAG in world.account(ACCOUNT).roles[NAME].tags


def test_the_stack_is_read_right_before_its_lease_is_released(world: World) -> None:
    """No other call is between the two."""
    release_orphaned_lease(specimens.signed_in(), _leased(world))

    assert [call.operation for call in world.calls] == ["DescribeStacks", "UntagRole"]


def test_an_active_lease_can_be_released(world: World) -> None:
    """Without a confirmation. The lease can be restored."""
    lease = _leased(world, "CREATE_COMPLETE")
    tags = world.account(ACCOUNT).roles[NAME].tags

    release_lease(specimens.signed_in(), lease)
    assert [call.operation for call in world.calls] == ["UntagRole"]
    assert world.account(ACCOUNT).roles[NAME].tags == {"team": "video"}

    restore_lease(specimens.signed_in(), lease)
    assert world.account(ACCOUNT).roles[NAME].tags == tags


def test_the_lease_of_a_deleted_role_needs_no_release(world: World) -> None:
    """The result is the same."""
    lease = _leased(world)
    world.account(ACCOUNT).roles.clear()

    release_lease(specimens.signed_in(), lease)

    assert release_orphaned_lease(specimens.signed_in(), lease)


@pytest.mark.parametrize("action", ["UntagRole", "TagRole"])
def test_an_error_names_the_lease_that_cannot_be_changed(action: str, world: World) -> None:
    """Its stack, its role and the reason, without credentials."""
    lease = _leased(world)
    world.account(ACCOUNT).denied.add(f"iam:{action}")
    change = release_lease if action == "UntagRole" else restore_lease

    with pytest.raises(AccountError, match="AccessDenied: User: ") as caught:
        change(specimens.signed_in(), lease)

    assert str(caught.value).startswith(f"the lease of app on {NAME} cannot be ")


def test_a_lease_cannot_be_released_without_a_response_of_iam(world: World) -> None:
    """The error is an AccountError."""
    lease = _leased(world)

    def on_call(call: Call) -> None:
        if call.service == "iam":
            raise EndpointConnectionError(endpoint_url="https://iam.amazonaws.com/")

    world.on_call = on_call

    with pytest.raises(AccountError, match="cannot be released: Could not connect"):
        release_orphaned_lease(specimens.signed_in(), lease)
