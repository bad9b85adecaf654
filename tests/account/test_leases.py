"""Leases: who holds which role, and none is taken of a stack that may be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import EndpointConnectionError

from slr_constructs import catalogue
from slr_constructs.account.access import AccountError
from slr_constructs.account.leases import drop, put_back, read_leases, take
from slr_constructs.account.roles import Lease
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
    """Let a stack of some status hold the role, and return the lease as it was read long ago."""
    account = world.account(ACCOUNT)
    stack = account.add_stack("app", "eu-west-1", status=status)
    account.add_role(MEDIATAILOR, tags={TAG: stack, "team": "video"})
    return Lease(NAME, TAG, stack, StackState.GONE)


def test_leases_are_read_by_role_and_stack(world: World) -> None:
    """In the order of the roles that are asked about, each with the state of its stack."""
    account = world.account(ACCOUNT)
    there, gone, gone_too = (
        account.add_stack(name, region, status=status)
        for name, region, status in (
            ("there", "eu-west-1", "UPDATE_COMPLETE"),
            ("gone", "us-east-1", "DELETE_COMPLETE"),
            ("gone-too", "us-east-1", "DELETE_COMPLETE"),
        )
    )
    account.add_role(
        MEDIATAILOR, tags={f"{LEASE_TAG}b": gone, f"{LEASE_TAG}a": there, f"{LEASE_TAG}c": "x"}
    )
    account.add_role(MEDIAPACKAGE, tags={f"{LEASE_TAG}d": gone_too, "team": "video"})
    asked = (MEDIAPACKAGE, catalogue.CHIME_MESSAGING, MEDIATAILOR)

    read = read_leases(specimens.signed_in(), asked)

    assert [(each.role_name, each.stack, each.state) for each in read.leases] == [
        (MEDIAPACKAGE.role_name, gone_too, StackState.GONE),
        (NAME, there, StackState.EXISTS),
        (NAME, gone, StackState.GONE),
        (NAME, "x", StackState.UNKNOWN),
    ]
    assert not read.failures


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
def test_a_role_that_cannot_be_read_is_told_of(error: Exception, why: str, world: World) -> None:
    """And the leases on the others are read."""
    _leased(world)
    world.account(ACCOUNT).add_role(MEDIAPACKAGE)

    def on_call(call: Call) -> None:
        if call.operation == "GetRole" and call.parameters["RoleName"] != NAME:
            raise error

    world.on_call = on_call

    read = read_leases(specimens.signed_in(), (MEDIAPACKAGE, MEDIATAILOR), at_once=2)

    assert read.failures == {MEDIAPACKAGE.role_name: why}
    assert [each.tag for each in read.leases] == [TAG]


def test_leases_are_read_so_many_calls_at_once(world: World) -> None:
    """Whatever the number of roles and leases."""
    for definition in catalogue.ALL:
        tags = {f"{LEASE_TAG}{number}": "arn" for number in range(20)}
        world.account(ACCOUNT).add_role(definition, tags=tags)

    read = read_leases(specimens.signed_in(), catalogue.ALL, at_once=2)

    assert len(read.leases) == 20 * len(catalogue.ALL)
    assert world.most_at_once <= 2


def test_a_lease_of_a_stack_that_is_gone_is_dropped(world: World) -> None:
    """And nothing else is taken from the role."""
    lease = _leased(world)

    assert drop(specimens.signed_in(), lease)
    assert world.account(ACCOUNT).roles[NAME].tags == {"team": "video"}


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_FAILED"])
def test_a_lease_of_a_stack_that_is_there_is_not_dropped(status: str, world: World) -> None:
    """What was read a while ago is looked up again."""
    lease = _leased(world, status)
    before = dict(world.account(ACCOUNT).roles[NAME].tags)

    assert not drop(specimens.signed_in(), lease)
    assert world.account(ACCOUNT).roles[NAME].tags == before


def test_a_lease_that_nobody_can_tell_of_is_not_dropped(world: World) -> None:
    """It counts as one of a stack that is there."""
    lease = _leased(world)
    world.account(ACCOUNT).denied.add("cloudformation:DescribeStacks")

    assert not drop(specimens.signed_in(), lease)
    assert TAG in world.account(ACCOUNT).roles[NAME].tags


def test_the_stack_is_looked_up_right_before_the_lease_is_dropped(world: World) -> None:
    """No call is between the two."""
    drop(specimens.signed_in(), _leased(world))

    assert [call.operation for call in world.calls] == ["DescribeStacks", "UntagRole"]


def test_a_lease_is_taken_whoever_holds_it(world: World) -> None:
    """Nobody is asked; it is put back as it was."""
    lease = _leased(world, "CREATE_COMPLETE")
    tags = world.account(ACCOUNT).roles[NAME].tags

    take(specimens.signed_in(), lease)
    assert [call.operation for call in world.calls] == ["UntagRole"]
    assert world.account(ACCOUNT).roles[NAME].tags == {"team": "video"}

    put_back(specimens.signed_in(), lease)
    assert world.account(ACCOUNT).roles[NAME].tags == tags


def test_a_lease_of_a_role_that_is_gone_is_gone(world: World) -> None:
    """Which is what was asked for."""
    lease = _leased(world)
    world.account(ACCOUNT).roles.clear()

    take(specimens.signed_in(), lease)

    assert drop(specimens.signed_in(), lease)


@pytest.mark.parametrize("action", ["UntagRole", "TagRole"])
def test_says_which_lease_cannot_be_changed(action: str, world: World) -> None:
    """Its stack, its role, and why; the credentials are in none of it."""
    lease = _leased(world)
    world.account(ACCOUNT).denied.add(f"iam:{action}")
    change = take if action == "UntagRole" else put_back

    with pytest.raises(AccountError, match="AccessDenied: User: ") as caught:
        change(specimens.signed_in(), lease)

    assert str(caught.value).startswith(f"the lease of app on {NAME} cannot be ")


def test_a_silent_iam_does_not_take_a_lease(world: World) -> None:
    """Nor does it crash."""
    lease = _leased(world)

    def on_call(call: Call) -> None:
        if call.service == "iam":
            raise EndpointConnectionError(endpoint_url="https://iam.amazonaws.com/")

    world.on_call = on_call

    with pytest.raises(AccountError, match="cannot be dropped: Could not connect"):
        drop(specimens.signed_in(), lease)
