"""Roles as IAM returns them, and their leases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from slr_constructs import catalogue
from slr_constructs.account.iam_role import Lease, Role, read_role
from slr_constructs.catalogue import RoleDefinition
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CREATED_MARK,
    CREATED_TAG,
    KEPT_TAG,
    LEASE_TAG,
)
from tests.account import specimens
from tests.account.conftest import ACCOUNT
from tests.fake_services.accounts import LONG_AGO
from tests.fake_services.wire import Call, Refused

if TYPE_CHECKING:
    from tests.fake_services.world import World

MEDIATAILOR = catalogue.MEDIATAILOR
NAME = MEDIATAILOR.role_name
POLICY = f"arn:aws:iam::aws:policy/aws-service-role/{MEDIATAILOR.managed_policy}"


def _read(definition: RoleDefinition = MEDIATAILOR) -> Role:
    role = read_role(specimens.signed_in(), definition)
    assert role is not None
    return role


def test_reads_all_properties_of_a_role(world: World) -> None:
    """Its dates, description, tags and policies."""
    used = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    world.account(ACCOUNT).add_role(
        MEDIATAILOR,
        description="logs",
        tags={"team": "video"},
        last_used=(used, "eu-west-1"),
        inline=["bucket"],
    )

    assert _read() == Role(
        definition=MEDIATAILOR,
        arn=MEDIATAILOR.arn(partition="aws", account=ACCOUNT),
        created=LONG_AGO,
        last_used=used,
        last_used_region="eu-west-1",
        description="logs",
        tags={"team": "video"},
        attached_policies=(POLICY,),
        inline_policies=("bucket",),
    )


def test_reads_a_role_without_optional_properties(world: World) -> None:
    """Never used, without a description, tags and policies."""
    world.account(ACCOUNT).add_role(MEDIATAILOR, policies=())

    role = _read()

    assert (role.last_used, role.last_used_region, role.description) == (None, None, "")
    assert (role.tags, role.attached_policies, role.inline_policies) == ({}, (), ())


def test_reads_all_policies(world: World) -> None:
    """IVS writes one for each bucket, and IAM lists them in pages."""
    inline = [f"bucket-{number}" for number in range(9)]
    world.account(ACCOUNT).add_role(MEDIATAILOR, inline=inline, policies=["a", "b", "c"])
    world.page_size = 2

    role = _read()

    assert role.inline_policies == tuple(inline)
    assert [arn.rpartition("/")[2] for arn in role.attached_policies] == ["a", "b", "c"]


@pytest.mark.usefixtures("world")
def test_a_role_that_does_not_exist_is_none() -> None:
    """It is not a failure."""
    assert read_role(specimens.signed_in(), MEDIATAILOR) is None


@pytest.mark.parametrize("operation", ["GetRole", "ListAttachedRolePolicies", "ListRolePolicies"])
def test_a_role_that_is_deleted_while_it_is_read_is_none(operation: str, world: World) -> None:
    """With any of the calls."""
    account = world.account(ACCOUNT)
    account.add_role(MEDIATAILOR)

    def on_call(call: Call) -> None:
        if call.operation == operation:
            account.roles.clear()

    world.on_call = on_call

    assert read_role(specimens.signed_in(), MEDIATAILOR) is None


@pytest.mark.parametrize("operation", ["GetRole", "ListAttachedRolePolicies", "ListRolePolicies"])
def test_a_role_that_cannot_be_read_raises(
    operation: str, world: World, waits: list[float]
) -> None:
    """Immediately, without retries."""
    world.account(ACCOUNT).add_role(MEDIATAILOR)
    world.account(ACCOUNT).denied.add(f"iam:{operation}")

    with pytest.raises(ClientError, match="AccessDenied"):
        read_role(specimens.signed_in(), MEDIATAILOR)

    assert not waits


@pytest.mark.parametrize(
    ("tags", "description", "created"),
    [
        ({CREATED_TAG: "true"}, "", True),
        ({CREATED_TAG: "used without a lease"}, "", True),
        ({}, f"Role of logs {CREATED_MARK}", True),
        ({}, f"{CREATED_MARK} not", False),
        ({}, "", False),
    ],
    ids=["tagged", "other-tag", "described", "described-otherwise", "neither"],
)
def test_recognizes_a_role_that_slr_constructs_created(
    tags: dict[str, str], description: str, world: World, *, created: bool
) -> None:
    """By its tag or, before it has the tag, by its description."""
    world.account(ACCOUNT).add_role(MEDIATAILOR, tags=tags, description=description)

    assert _read().created_by_library is created


@pytest.mark.parametrize(
    ("tags", "kept"),
    [
        ({}, None),
        ({CREATED_TAG: "true"}, None),
        ({CREATED_TAG: "true", KEPT_TAG: "2026-11-30: it is in use"}, "2026-11-30: it is in use"),
        (
            {CREATED_TAG: "kept for arn:a", KEPT_TAG: "2026-11-30: it is in use"},
            "arn:a was deleted with the removal setting KEEP",
        ),
        (
            {CREATED_TAG: "used without a lease"},
            "a stack may use it without a lease, because IAM rejected its tag",
        ),
    ],
    ids=["not-ours", "ours", "in-use", "keep", "without-a-lease"],
)
def test_returns_why_a_role_was_kept(tags: dict[str, str], kept: str | None, world: World) -> None:
    """A reason that is permanent comes first."""
    world.account(ACCOUNT).add_role(MEDIATAILOR, tags=tags)

    assert _read().kept == kept


@pytest.mark.parametrize(
    ("definition", "policies", "known"),
    [
        (MEDIATAILOR, [MEDIATAILOR.managed_policy], True),
        (MEDIATAILOR, ["Other"], False),
        (MEDIATAILOR, [MEDIATAILOR.managed_policy, "Other"], False),
        (MEDIATAILOR, [], False),
        (RoleDefinition(NAME, MEDIATAILOR.service_principal), ["Other"], None),
    ],
    ids=["known", "other", "one-more", "none", "not-known"],
)
def test_compares_the_policy_with_the_catalogue(
    definition: RoleDefinition, policies: list[str], world: World, *, known: bool | None
) -> None:
    """A role that is not in the catalogue can have any policy."""
    world.account(ACCOUNT).add_role(definition, policies=policies)

    assert _read(definition).has_expected_policy is known


def test_leases_are_in_the_order_of_their_stacks(world: World) -> None:
    """With any order of the tags. Other tags are not leases."""
    tags = {
        f"{LEASE_TAG}3": "arn:b",
        CREATED_TAG: "true",
        f"{LEASE_TAG}2": "arn:a",
        "team": "video",
        f"{LEASE_TAG}1": "arn:b",
    }
    world.account(ACCOUNT).add_role(MEDIATAILOR, tags=tags)

    assert _read().leases() == [
        Lease(NAME, f"{LEASE_TAG}2", "arn:a"),
        Lease(NAME, f"{LEASE_TAG}1", "arn:b"),
        Lease(NAME, f"{LEASE_TAG}3", "arn:b"),
    ]


def test_a_busy_iam_is_retried(world: World, waits: list[float]) -> None:
    """The lists of botocore do not have IAM's own error code for this."""
    world.account(ACCOUNT).add_role(MEDIATAILOR)
    busy = iter(range(5))

    def on_call(_call: Call) -> None:
        if next(busy, None) is not None:
            raise Refused("Throttling", "Rate exceeded")

    world.on_call = on_call

    assert _read().arn.endswith(NAME)
    assert waits
