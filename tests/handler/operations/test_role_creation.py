"""Creating a role, as the function and `slr-constructs restore` do, without a lease."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler.context import Context, OperationError
from slr_constructs.handler.slr_handler.contract import ServiceLinkedRole
from slr_constructs.handler.slr_handler.operations import service_linked_role
from tests.handler.events import ACCOUNT

if TYPE_CHECKING:
    from tests.handler.account import Account
    from tests.handler.clocks import FakeClock

ROLE = "AWSServiceRoleForMediaTailor"
PRINCIPAL = "mediatailor.amazonaws.com"


@pytest.fixture
def events() -> list[tuple[str, dict[str, Any]]]:
    """Return the events of the operation, without calls and retries."""
    return []


@pytest.fixture
def context(clock: FakeClock, events: list[tuple[str, dict[str, Any]]]) -> Context:
    """Return a context without a stack."""

    def on_event(event: str, **details: object) -> None:
        if event not in {"call", "retry"}:
            events.append((event, details))

    return Context(clock, account=ACCOUNT, on_event=on_event)


def _wanted(creation: str = "IAM", principal: str = PRINCIPAL) -> ServiceLinkedRole:
    return ServiceLinkedRole(
        role_name=ROLE, service_principal=principal, removal="KEEP", creation=creation
    )


@pytest.mark.parametrize("description", ["Logs", ""])
def test_a_role_is_created_with_its_description(
    description: str, account: Account, context: Context
) -> None:
    """IAM refuses an empty description, so it is omitted."""
    assert service_linked_role.create(_wanted(), description, context) is True

    role = service_linked_role.read(ROLE, context)
    assert role is not None
    assert role.description == description
    (parameters,) = [each for method, each in account.calls if method.startswith("create_")]
    assert ("Description" in parameters) == bool(description)


def test_an_existing_role_is_not_created(account: Account, context: Context) -> None:
    """IAM says that its name has been taken."""
    account.add(ROLE)

    assert service_linked_role.create(_wanted(), "", context) is False


def test_a_role_that_only_its_service_creates_is_not_created(
    account: Account, context: Context
) -> None:
    """IAM refuses its principal."""
    account.refuse("create_service_linked_role", "InvalidInput", 400)

    assert service_linked_role.create(_wanted("SERVICE"), "", context) is None


def test_a_role_with_another_name_is_refused(context: Context, account: Account) -> None:
    """IAM may create another role for the principal."""
    with pytest.raises(OperationError, match=f"not {ROLE}. Correct the role definition"):
        service_linked_role.create(
            _wanted(principal="voiceconnector.chime.amazonaws.com"), "", context
        )

    assert ROLE not in account.roles


def test_a_role_that_iam_does_not_create_is_refused(context: Context, account: Account) -> None:
    """No call is made."""
    with pytest.raises(OperationError, match="Declare the role that replaced it"):
        service_linked_role.create(_wanted("NEVER"), "", context)

    assert account.calls == []


def test_a_role_is_readable_after_three_reads_in_a_row(
    account: Account, context: Context, clock: FakeClock
) -> None:
    """IAM may return a new role once and not the next time."""
    account.add(ROLE)
    account.refuse("get_role", "NoSuchEntity", 404, times=1)
    account.refuse("get_role", "NoSuchEntity", 404, times=1, skip=2)

    role = service_linked_role.wait_until_readable(ROLE, context)

    assert role is not None
    assert account.methods() == ["get_role"] * 7
    assert clock.waits == [2, 3, 3, 3, 3, 3]


@pytest.mark.usefixtures("account")
def test_a_role_that_stays_unreadable_is_none(context: Context, clock: FakeClock) -> None:
    """After a minute."""
    assert service_linked_role.wait_until_readable(ROLE, context) is None
    assert 55 < clock.elapsed <= 60


def test_a_new_role_is_waited_for(
    account: Account,
    context: Context,
    clock: FakeClock,
    events: list[tuple[str, dict[str, Any]]],
) -> None:
    """Until every service sees it, once."""
    service_linked_role.create(_wanted(), "", context)
    role = service_linked_role.read(ROLE, context)
    assert role is not None

    assert service_linked_role.wait_until_visible(role, context) is True
    assert service_linked_role.wait_until_visible(role, context) is False

    assert clock.waits == [15]
    assert events == [("waiting", {"seconds": 15, "reason": "the role is new"})]
    assert account.methods() == ["create_service_linked_role", "get_role"]
