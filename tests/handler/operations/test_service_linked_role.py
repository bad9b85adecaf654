"""The role: created or adopted, kept by leases, and deleted with the last lease."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import catalogue
from slr_constructs.handler.slr_handler.aws import READABLE_SECONDS
from slr_constructs.handler.slr_handler.entrypoint import respond
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CREATED_MARK,
    CREATED_TAG,
    DELETION_LOCK_TAG,
    KEPT_TAG,
    LEASE_TAG,
)
from tests.handler.clocks import EPOCH, FakeClock
from tests.handler.events import ACCOUNT, lease_of, request, stack_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.handler.slr_handler.cloudformation import Response
    from tests.fake_services.service_linked_roles import Role
    from tests.handler.account import Account
    from tests.handler.stack_status import StackStatus

ROLE = catalogue.CHIME_VOICE_CONNECTOR.role_name
PRINCIPAL = catalogue.CHIME_VOICE_CONNECTOR.service_principal
PROPERTIES = {
    "RoleName": ROLE,
    "ServicePrincipal": PRINCIPAL,
    "Removal": "WHEN_UNUSED",
    "Creation": "IAM",
}
LEASE = lease_of(stack_id())
OTHER_LEASE = lease_of(stack_id("Other"))
LEASES = {LEASE: stack_id()}
OTHER_LEASES = {OTHER_LEASE: stack_id("Other")}
CREATED = {CREATED_TAG: "true"}
KEPT_FOR_STACK = {CREATED_TAG: f"kept for {stack_id()}"}
#: sorts before, and after, any deletion lock of a run.
FIRST_LOCK = f"{DELETION_LOCK_TAG}!"
LAST_LOCK = f"{DELETION_LOCK_TAG}~"
NOW = str(EPOCH)
LONG_AGO = str(EPOCH - 300)
CONNECTOR = "arn:aws:chime:us-east-1:123456789012:vc/abc"
NOT_DELETED_YET = "The stack does not wait longer. If that deletion fails, the role stays"
OTHER_CONNECTOR = "arn:aws:chime:eu-west-1:123456789012:vc/def"


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that uses the role."""

    account: Account
    clock: FakeClock

    def acquire_lease(self, kind: str = "Create", **properties: str) -> Response:
        """Send a create or an update."""
        wanted = {**PROPERTIES, **properties}
        return respond(request(kind, "Custom::ServiceLinkedRole", wanted), self.clock)

    def release_lease(self, **properties: str) -> Response:
        """Send a delete."""
        wanted = {**PROPERTIES, **properties}
        delete = request("Delete", "Custom::ServiceLinkedRole", wanted, physical_resource_id=ROLE)
        return respond(delete, self.clock)

    @property
    def role(self) -> Role:
        """The role as it is now."""
        return self.account.roles[ROLE]

    def locks(self) -> dict[str, str]:
        """Return the deletion locks on the role."""
        return {tag: at for tag, at in self.role.tags.items() if tag.startswith(DELETION_LOCK_TAG)}

    def before(self, method: str, change: Callable[[], object]) -> None:
        """Change something before every call of a method."""

        def before_call(called: str, _params: dict[str, Any]) -> None:
            if called == method:
                change()

        self.account.before_call = before_call

    def when(self, seconds: float, change: Callable[[], object]) -> None:
        """Change something before the first call after that many seconds."""
        changes = [change]

        def before_call(_method: str, _params: dict[str, Any]) -> None:
            if self.clock.elapsed >= seconds and changes:
                changes.pop()()

        self.account.before_call = before_call


@pytest.fixture
def stack(account: Account, clock: FakeClock) -> Stack:
    """Give a stack in an account without roles."""
    return Stack(account, clock)


def _succeeded(response: Response) -> str:
    assert not response.failed, response.reason
    return response.reason


def _of_auto_scaling(**properties: str) -> dict[str, str]:
    return {
        "RoleName": "AWSServiceRoleForAutoScaling_keys",
        "ServicePrincipal": "autoscaling.amazonaws.com",
        "CustomSuffix": "keys",
        **properties,
    }


def test_creates_a_role_with_a_custom_suffix(stack: Stack) -> None:
    """IAM gets the suffix, and the lease is on the role with the complete name."""
    _succeeded(stack.acquire_lease(**_of_auto_scaling()))

    assert list(stack.account.roles) == ["AWSServiceRoleForAutoScaling_keys"]
    assert LEASE in stack.account.roles["AWSServiceRoleForAutoScaling_keys"].tags


def test_adopts_a_role_with_a_custom_suffix(stack: Stack) -> None:
    """A role of the same service without the suffix is another role."""
    for name in ("AWSServiceRoleForAutoScaling_keys", "AWSServiceRoleForAutoScaling"):
        stack.account.add(name)

    _succeeded(stack.acquire_lease(**_of_auto_scaling()))

    assert "create_service_linked_role" not in stack.account.methods()
    assert LEASE in stack.account.roles["AWSServiceRoleForAutoScaling_keys"].tags
    assert stack.account.roles["AWSServiceRoleForAutoScaling"].tags == {}


def test_fails_when_iam_refuses_the_custom_suffix(stack: Stack) -> None:
    """The template may be written by hand. IAM's reason is reported."""
    response = stack.acquire_lease(CustomSuffix="keys", RoleName=f"{ROLE}_keys")

    assert f"Custom suffix is not allowed for {PRINCIPAL}" in _failed(response)
    assert stack.account.roles == {}


def _failed(response: Response) -> str:
    assert response.failed, response.reason
    return response.reason


# acquire


def test_creates_the_role_and_acquires_a_lease(stack: Stack) -> None:
    """The tags say that slr-constructs created the role, and that this stack uses it."""
    assert _succeeded(stack.acquire_lease()) == f"{ROLE} is created"
    assert stack.role.tags == CREATED | LEASES
    assert stack.role.description == (
        f"Service-linked role, shared by the stacks of this account {CREATED_MARK}"
    )


def test_waits_after_it_created_the_role(stack: Stack) -> None:
    """IAM returns a new role before it is visible to every service."""
    stack.acquire_lease()

    assert stack.clock.elapsed == 15


def test_waits_after_another_created_the_role(stack: Stack) -> None:
    """A stack that adopts a new role waits like the stack that created it."""
    stack.account.add(ROLE, "Created by the service").created = -4

    assert _succeeded(stack.acquire_lease()) == f"{ROLE} exists and is adopted"
    assert stack.clock.elapsed == 11


def test_a_clock_that_is_behind_does_not_extend_the_wait(stack: Stack) -> None:
    """The clocks of IAM and of the function may differ."""
    stack.account.add(ROLE, "Created by the service").created = 600

    stack.acquire_lease()

    assert stack.clock.elapsed == READABLE_SECONDS + 15


def test_adopts_an_existing_role(stack: Stack) -> None:
    """It gets a lease but not the created tag, and it is already visible to every service."""
    stack.account.add(ROLE, "Created by the service")

    assert _succeeded(stack.acquire_lease()) == f"{ROLE} exists and is adopted"
    assert stack.role.tags == LEASES
    assert stack.role.description == "Created by the service"
    assert stack.clock.elapsed == READABLE_SECONDS
    assert stack.account.methods() == ["get_role", "tag_role", "get_role"]


def test_adopts_a_role_whose_name_iam_reports_as_taken(stack: Stack) -> None:
    """GetRole may not return a role yet that another stack has just created."""
    stack.account.add(ROLE).hidden_reads = 3

    assert _succeeded(stack.acquire_lease()) == f"{ROLE} exists and is adopted"
    assert stack.role.tags == LEASES
    assert 15 not in stack.clock.waits


def test_completes_the_work_of_a_run_that_crashed(stack: Stack) -> None:
    """The description shows that slr-constructs created a role without tags."""
    stack.account.add(ROLE, f"Anything {CREATED_MARK}")

    stack.acquire_lease()

    assert stack.role.tags == CREATED | LEASES


def test_completes_the_work_of_a_second_delivery(stack: Stack) -> None:
    """Its run acquired the lease, but did not notice that the role was created again."""
    stack.account.add(ROLE, f"Anything {CREATED_MARK}", **LEASES)

    stack.acquire_lease()

    assert stack.role.tags == CREATED | LEASES


def test_acquiring_a_lease_twice_changes_nothing(stack: Stack) -> None:
    """An event that is delivered twice finds its lease."""
    stack.acquire_lease()
    first = dict(stack.role.tags)
    done = len(stack.account.calls)
    stack.acquire_lease()

    assert stack.role.tags == first
    assert stack.account.methods()[done:] == ["get_role"] * 2


@pytest.mark.parametrize(
    ("code", "status", "text"),
    [
        ("InvalidInput", 400, "Custom suffix is not allowed for chime.amazonaws.com"),
        ("LimitExceeded", 409, f"Service role name {ROLE} has been taken in this account"),
        ("InvalidInput", 400, f"Service role name {ROLE} has been taken in another account"),
    ],
    ids=["other-text", "other-code", "almost-the-text"],
)
def test_fails_when_iam_returns_another_error(
    code: str, status: int, text: str, stack: Stack
) -> None:
    """IAM has no code for "already exists", so both the code and the message must match."""
    stack.account.refuse("create_service_linked_role", code, status, text)

    assert _failed(stack.acquire_lease()) == (
        f"iam:CreateServiceLinkedRole failed for {ROLE} ({PRINCIPAL}) in account {ACCOUNT}:"
        f" {code}: {text}"
    )


NO_TEMPLATE = "Cannot find Service Linked Role template for new.amazonaws.com"


@pytest.mark.parametrize(("code", "status"), [("AccessDenied", 403), ("InvalidInput", 400)])
def test_names_a_principal_for_which_iam_has_no_role(code: str, status: int, stack: Stack) -> None:
    """Users report both codes. It is not a denial, so it is reported at once."""
    stack.account.refuse("create_service_linked_role", code, status, NO_TEMPLATE)

    assert _failed(stack.acquire_lease(ServicePrincipal="new.amazonaws.com")) == (
        "IAM knows no service-linked role for the service principal new.amazonaws.com. Correct the"
        f" role definition of {ROLE}: {code}: {NO_TEMPLATE}"
    )
    assert stack.clock.elapsed < 1


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidInput"])
def test_leaves_a_role_without_a_template_to_its_service(code: str, stack: Stack) -> None:
    """Under either code, and at once."""
    stack.account.refuse("create_service_linked_role", code, 403, NO_TEMPLATE)

    assert "so the service must create it" in _succeeded(stack.acquire_lease(Creation="SERVICE"))
    assert stack.clock.elapsed < 1


def test_does_not_adopt_an_ordinary_role(stack: Stack) -> None:
    """IAM's names are unique across paths."""
    stack.account.add(ROLE)
    shown = stack.account.shown

    def ordinary(role: Role) -> dict[str, Any]:
        return shown(role) | {"Path": "/"}

    stack.account.shown = ordinary  # type: ignore[method-assign]

    assert _failed(stack.acquire_lease()) == (
        f"{ROLE} in account {ACCOUNT} is not a service-linked role: its path is /. Delete it, and"
        " create a role of another name in its place"
    )
    assert _succeeded(stack.release_lease(Removal="REQUIRE")) == (
        f"{ROLE} does not exist, but an ordinary role has its name"
    )
    assert stack.role.tags == {}


def test_fails_when_creation_is_denied(stack: Stack) -> None:
    """The reason names the role, action, account and likely causes, within a minute."""
    stack.account.refuse("create_service_linked_role", "AccessDenied", 403)
    response = stack.acquire_lease()

    assert _failed(response) == (
        f"iam:CreateServiceLinkedRole failed for {ROLE} ({PRINCIPAL}) in account {ACCOUNT} (check"
        " the permissions and the service control policies): AccessDenied: AWS says no"
    )
    assert response.physical_resource_id == "nothing-created:Thing"
    assert stack.clock.elapsed <= 60


def test_does_not_create_a_role_that_only_the_service_creates(stack: Stack) -> None:
    """Not every service guarantees that IAM creates its role."""
    reason = _succeeded(
        stack.acquire_lease(Creation="SERVICE", ServicePrincipal="new.amazonaws.com")
    )

    assert reason == (
        f"{ROLE} is not created yet: IAM does not create it for new.amazonaws.com, so the service"
        " must create it"
    )
    assert stack.account.roles == {}


def test_creates_a_role_that_iam_creates_without_a_guarantee(stack: Stack) -> None:
    """If IAM creates the role, it gets the created tag like any other role."""
    _succeeded(stack.acquire_lease(Creation="SERVICE"))

    assert stack.role.tags == CREATED | LEASES


def test_adopts_a_role_that_the_service_created_later(stack: Stack) -> None:
    """The service has created it before the next update."""
    stack.account.add(ROLE)

    _succeeded(
        stack.acquire_lease("Update", Creation="SERVICE", ServicePrincipal="new.amazonaws.com")
    )

    assert stack.role.tags == LEASES


def test_fails_when_creation_is_denied_without_a_guarantee(stack: Stack) -> None:
    """Only an InvalidInput of IAM means that the service must create the role."""
    stack.account.refuse("create_service_linked_role", "AccessDenied", 403)

    assert "service control policies" in _failed(stack.acquire_lease(Creation="SERVICE"))


def test_fails_when_a_retired_role_does_not_exist(stack: Stack) -> None:
    """IAM would create another role for its principal."""
    assert _failed(stack.acquire_lease(Creation="NEVER")) == (
        f"{ROLE} does not exist in account {ACCOUNT}, and IAM now creates another role for"
        f" {PRINCIPAL}. Declare the role that replaced it"
    )
    assert stack.account.methods() == ["get_role"]


def test_adopts_a_retired_role(stack: Stack) -> None:
    """An account in which the role exists may use it."""
    stack.account.add(ROLE)

    _succeeded(stack.acquire_lease(Creation="NEVER"))

    assert stack.role.tags == LEASES


def test_fails_when_iam_creates_another_role(stack: Stack) -> None:
    """Your own definition may be wrong; the reason names the role that IAM created."""
    response = stack.acquire_lease(RoleName="AWSServiceRoleForTea")

    assert _failed(response) == (
        f"IAM created {ROLE} for {PRINCIPAL}, not AWSServiceRoleForTea. Correct the role"
        f" definition, and delete {ROLE} if it is not used"
    )
    assert response.physical_resource_id == "AWSServiceRoleForTea"
    assert (
        _succeeded(stack.release_lease(RoleName="AWSServiceRoleForTea"))
        == "AWSServiceRoleForTea does not exist"
    )


@pytest.mark.parametrize("reads", [1, 5, 20])
def test_waits_until_iam_returns_the_role(reads: int, stack: Stack) -> None:
    """Several consecutive reads must return it."""
    stack.account.hidden_reads = reads

    assert _succeeded(stack.acquire_lease()) == f"{ROLE} is created"
    assert stack.role.tags == CREATED | LEASES


def test_waits_until_iam_returns_the_role_consistently(stack: Stack) -> None:
    """The next read may reach a server that does not have the role yet."""
    # not found, created, found once, not found, and then found three times
    stack.account.refuse("get_role", "NoSuchEntity", 404, skip=2, times=1)

    assert _succeeded(stack.acquire_lease()) == f"{ROLE} is created"
    assert stack.account.methods().count("get_role") == 7


def test_fails_when_iam_does_not_return_the_role(stack: Stack) -> None:
    """The response is in time. It has the role's own id, because the role was created."""
    stack.account.hidden_reads = 10_000
    response = stack.acquire_lease()

    assert _failed(response) == (
        f"IAM does not return {ROLE} consistently in account {ACCOUNT}: the role is new, or another"
        " stack is deleting it. Try again"
    )
    assert response.physical_resource_id == ROLE


def test_acquiring_fails_when_reading_the_role_is_denied(stack: Stack) -> None:
    """The function must read the role to acquire a lease."""
    stack.account.refuse("get_role", "AccessDenied", 403)
    response = stack.acquire_lease()

    assert "GetRole failed (check the permissions and the service" in _failed(response)
    assert response.physical_resource_id == "nothing-created:Thing"
    assert stack.clock.elapsed <= 60


@pytest.mark.parametrize("reads", [0, 1, 2])
def test_release_succeeds_when_reading_the_role_is_denied(reads: int, stack: Stack) -> None:
    """The lease and the lock can be removed without reading the role."""
    stack.acquire_lease()
    begun = stack.clock.elapsed
    stack.account.refuse("get_role", "AccessDenied", 403, skip=reads)

    assert _succeeded(stack.release_lease()) == (
        f"{ROLE} is kept: IAM does not show it (check the permissions and the service control"
        " policies): AccessDenied: AWS says no"
    )
    assert stack.role.tags == CREATED
    assert stack.clock.elapsed - begun <= 60


def test_a_role_to_keep_has_a_lease_if_it_cannot_be_read(stack: Stack) -> None:
    """Without reading the role, it is unknown whether slr-constructs created it."""
    stack.acquire_lease()
    stack.account.refuse("get_role", "AccessDenied", 403)

    assert _succeeded(stack.release_lease(Removal="KEEP")) == (
        f"{ROLE} is kept: IAM does not show it (check the permissions and the service control"
        " policies): AccessDenied: AWS says no. The lease of the stack stays on it, so that no"
        " other stack deletes it"
    )
    assert stack.role.tags == CREATED | LEASES


def test_require_fails_when_reading_the_role_is_denied(stack: Stack) -> None:
    """The role must be deleted, so the stack must not be."""
    stack.acquire_lease()
    stack.account.refuse("get_role", "AccessDenied", 403)

    assert _failed(stack.release_lease(Removal="REQUIRE")).startswith(
        f"{ROLE} must be deleted with this stack, but IAM does not show it"
    )


def test_release_fails_when_iam_does_not_respond(stack: Stack) -> None:
    """Only a denial is permanent; after any other error the deletion can be tried again."""
    stack.acquire_lease()
    stack.account.refuse("get_role", "ServiceFailure", 500)

    assert "GetRole failed: ServiceFailure" in _failed(stack.release_lease())


# description


def test_sets_the_given_description(stack: Stack) -> None:
    """The created mark is removed once the tag exists."""
    _succeeded(stack.acquire_lease(Description="Calls of the contact centre"))
    created = next(params for method, params in stack.account.calls if method.startswith("create"))

    assert created["Description"] == f"Calls of the contact centre {CREATED_MARK}"
    assert stack.role.description == "Calls of the contact centre"
    assert stack.role.tags == CREATED | LEASES


def test_a_longest_description_has_room_for_the_mark(stack: Stack) -> None:
    """IAM accepts 1000 characters."""
    _succeeded(stack.acquire_lease(Description="d" * 1000))
    created = next(params for method, params in stack.account.calls if method.startswith("create"))

    assert len(created["Description"]) == 1000
    assert created["Description"].endswith(f"d {CREATED_MARK}")
    assert stack.role.description == "d" * 1000


def test_changes_the_description_of_an_adopted_role_only_if_given(stack: Stack) -> None:
    """The description belongs to the account, unless the construct sets one."""
    stack.account.add(ROLE, "Created by the service")
    stack.acquire_lease()
    before = stack.role.description
    _succeeded(stack.acquire_lease("Update", Description="Ours"))
    after = stack.role.description
    _succeeded(stack.acquire_lease("Update", Description="Ours"))

    assert (before, after) == ("Created by the service", "Ours")
    assert stack.account.methods().count("update_role_description") == 1


def test_fails_when_changing_the_description_is_denied(stack: Stack) -> None:
    """The reason names the call, within a minute."""
    stack.account.add(ROLE)
    stack.account.refuse("update_role_description", "AccessDenied", 403)

    assert "UpdateRoleDescription failed" in _failed(stack.acquire_lease(Description="Ours"))
    assert stack.clock.elapsed <= 60


# leases that IAM rejects


@pytest.mark.parametrize(
    ("code", "status"), [("AccessDenied", 403), ("LimitExceeded", 409), ("InvalidInput", 400)]
)
def test_keeps_a_role_that_cannot_be_tagged(code: str, status: int, stack: Stack) -> None:
    """The stack does not fail without a lease, and the reason names the consequence."""
    stack.account.refuse("tag_role", code, status)
    held = _succeeded(stack.acquire_lease())
    released = _succeeded(stack.release_lease())

    assert held == (
        f"{ROLE} exists. It will be kept, because IAM rejected a change to its tags ({code})"
    )
    assert released == f"{ROLE} is kept: it was not created by slr-constructs"
    assert stack.role.tags == {}
    assert stack.role.description == "Service-linked role, shared by the stacks of this account"


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchEntity"])
def test_keeps_a_role_whose_tags_and_description_cannot_be_changed(code: str, stack: Stack) -> None:
    """The stack does not fail, although the created mark cannot be removed either."""
    stack.account.refuse("tag_role", "AccessDenied", 403)
    stack.account.refuse("update_role_description", code, 403)

    assert "It will be kept" in _succeeded(stack.acquire_lease())
    assert (
        _succeeded(stack.release_lease())
        == f"{ROLE} is kept: IAM rejected a change to its tags (AccessDenied)"
    )


def test_reports_denied_tags_within_a_minute(stack: Stack) -> None:
    """The retries for new permissions are limited for all tags together."""
    stack.account.add(ROLE, **CREATED, **OTHER_LEASES)
    stack.account.refuse("tag_role", "AccessDenied", 403)

    assert "IAM rejected a change to its tags" in _succeeded(stack.acquire_lease())
    assert stack.clock.elapsed <= 60


def test_a_stack_without_a_lease_keeps_the_role_permanently(stack: Stack) -> None:
    """The tags do not show when the role is unused, so it is not deleted."""
    fifty = {f"tag-{number}": "" for number in range(48)} | CREATED | OTHER_LEASES
    stack.account.add(ROLE, **fifty)

    assert "IAM rejected a change to its tags (LimitExceeded)" in _succeeded(stack.acquire_lease())
    assert stack.role.tags[CREATED_TAG] == "used without a lease"
    del stack.role.tags[OTHER_LEASE]
    assert _succeeded(stack.release_lease()) == (
        f"{ROLE} is kept: a stack may use it without a lease, because IAM rejected its tag"
    )


def test_a_later_lease_does_not_restore_the_created_tag(stack: Stack) -> None:
    """The tag has precedence over the mark in the description."""
    stack.account.add(ROLE, CREATED_MARK, **{CREATED_TAG: "used without a lease"})

    _succeeded(stack.acquire_lease())

    assert stack.role.tags == {CREATED_TAG: "used without a lease"} | LEASES


def test_a_stack_without_a_lease_waits_for_a_deletion(stack: Stack) -> None:
    """A role that another stack is deleting cannot be used, with or without a lease."""
    stack.account.add(ROLE, **{FIRST_LOCK: NOW})
    stack.account.refuse("tag_role", "LimitExceeded", 409)
    stack.when(20, stack.account.roles.clear)

    assert "It will be kept" in _succeeded(stack.acquire_lease())
    assert "create_service_linked_role" in stack.account.methods()


# one stack is created while another is deleted


def test_waits_for_a_deletion_and_creates_the_role_again(stack: Stack) -> None:
    """A role that is being deleted cannot be used."""
    stack.account.add(ROLE, **CREATED, **{FIRST_LOCK: NOW})
    stack.when(20, stack.account.roles.clear)

    assert _succeeded(stack.acquire_lease()) == f"{ROLE} is created"
    assert stack.role.tags == CREATED | LEASES


def test_waits_for_a_deletion_that_is_cancelled(stack: Stack) -> None:
    """The stack that is deleted sees the lease and removes its lock."""
    stack.account.add(ROLE, **CREATED, **{FIRST_LOCK: NOW})
    stack.when(20, lambda: stack.role.tags.pop(FIRST_LOCK))

    assert _succeeded(stack.acquire_lease()) == f"{ROLE} exists and is adopted"
    assert stack.role.tags == CREATED | LEASES


def test_a_role_that_is_deleted_after_it_is_tagged_is_created_again(stack: Stack) -> None:
    """The function reads the lease again, because it may be deleted with the role."""
    stack.account.add(ROLE)

    def delete() -> None:
        role = stack.account.roles.get(ROLE)
        if role is not None and role.number == 1 and LEASE in role.tags:
            stack.account.roles.clear()

    stack.before("get_role", delete)

    assert _succeeded(stack.acquire_lease()) == f"{ROLE} is created"


def test_waits_until_the_lease_is_readable(stack: Stack) -> None:
    """A lease is effective when other stacks can read it."""
    stack.account.add(ROLE)

    def hide() -> None:
        if stack.account.methods().count("get_role") == 1:
            stack.role.tags.clear()

    stack.before("get_role", hide)

    _succeeded(stack.acquire_lease())
    assert stack.role.tags == LEASES


@pytest.mark.parametrize("since", [LONG_AGO, "0", "soon", ""])
def test_removes_the_lock_of_a_run_that_crashed(since: str, stack: Stack) -> None:
    """A deletion lock that is not renewed is ignored."""
    stack.account.add(ROLE, **{FIRST_LOCK: since})

    assert _succeeded(stack.acquire_lease()) == f"{ROLE} exists and is adopted"
    assert stack.clock.elapsed == READABLE_SECONDS
    assert stack.role.tags == LEASES


@pytest.mark.parametrize("removal", ["KEEP", "WHEN_UNUSED"])
def test_release_removes_the_lock_of_a_run_that_crashed(removal: str, stack: Stack) -> None:
    """Any run that sees it removes it, because a role has at most 50 tags."""
    stack.account.add(ROLE, **{FIRST_LOCK: LONG_AGO}, **LEASES, **OTHER_LEASES)

    assert "is kept" in _succeeded(stack.release_lease(Removal=removal))
    assert stack.role.tags == OTHER_LEASES


def test_waits_for_a_lock_until_it_is_stale(stack: Stack) -> None:
    """Five minutes are longer than the time between two renewals."""
    stack.account.add(ROLE, **{FIRST_LOCK: NOW})

    _succeeded(stack.acquire_lease())

    assert 300 <= stack.clock.elapsed <= 320


# release


def test_the_last_stack_deletes_the_role(stack: Stack) -> None:
    """It releases its lease, locks the role and deletes it."""
    stack.acquire_lease()
    done = len(stack.account.calls)

    assert _succeeded(stack.release_lease()) == f"{ROLE} is deleted"
    assert stack.account.roles == {}
    assert stack.account.methods()[done:] == [
        "get_role",
        "untag_role",
        "get_role",
        "tag_role",
        "get_role",
        "delete_service_linked_role",
        "get_service_linked_role_deletion_status",
    ]


def test_release_of_a_missing_role_succeeds(stack: Stack) -> None:
    """The role may have been deleted manually."""
    assert _succeeded(stack.release_lease()) == f"{ROLE} does not exist"
    assert stack.account.methods() == ["get_role"]


def test_release_succeeds_when_the_role_is_deleted_meanwhile(stack: Stack) -> None:
    """A lease that was deleted with its role is released."""
    stack.acquire_lease()
    stack.before("untag_role", stack.account.roles.clear)

    assert _succeeded(stack.release_lease()) == f"{ROLE} does not exist"


@pytest.mark.parametrize("method", ["tag_role", "delete_service_linked_role"])
def test_a_role_that_is_deleted_by_another_is_deleted(method: str, stack: Stack) -> None:
    """It does not matter who deleted it."""
    stack.acquire_lease()
    stack.before(method, stack.account.roles.clear)

    assert _succeeded(stack.release_lease()) == f"{ROLE} is deleted"


def test_keeps_the_role_with_keep(stack: Stack) -> None:
    """The role stays, and the created tag names the stack that asked for it."""
    stack.acquire_lease()
    begun = stack.clock.elapsed

    assert (
        _succeeded(stack.release_lease(Removal="KEEP"))
        == f"{ROLE} is kept: its removal setting is KEEP"
    )
    assert stack.role.tags == KEPT_FOR_STACK
    assert stack.clock.elapsed - begun == READABLE_SECONDS


def test_keep_is_final(stack: Stack) -> None:
    """A later stack with WHEN_UNUSED does not delete the role, and one with REQUIRE does."""
    stack.acquire_lease()
    stack.release_lease(Removal="KEEP")
    stack.acquire_lease()

    assert _succeeded(stack.release_lease()) == (
        f"{ROLE} is kept: {stack_id()} was deleted with the removal setting KEEP"
    )
    assert stack.role.tags == KEPT_FOR_STACK
    stack.acquire_lease()
    assert _succeeded(stack.release_lease(Removal="REQUIRE")) == f"{ROLE} is deleted"


def test_the_created_tag_undoes_keep(stack: Stack) -> None:
    """README.md names this tag and this value."""
    stack.acquire_lease()
    stack.release_lease(Removal="KEEP")
    stack.role.tags[CREATED_TAG] = "true"

    assert _succeeded(stack.release_lease()) == f"{ROLE} is deleted"


def test_an_update_from_keep_has_its_normal_effect(stack: Stack) -> None:
    """Only the deletion of the stack makes the setting final."""
    stack.acquire_lease(Removal="KEEP")
    stack.acquire_lease("Update")

    assert _succeeded(stack.release_lease()) == f"{ROLE} is deleted"


def test_keep_changes_the_created_tag_before_it_releases_the_lease(stack: Stack) -> None:
    """So another run that reads no lease reads the tag."""
    stack.acquire_lease()
    done = len(stack.account.calls)
    changed: list[float] = []
    stack.before("untag_role", lambda: changed.append(stack.clock.elapsed))
    begun = stack.clock.elapsed

    stack.release_lease(Removal="KEEP")

    assert stack.account.methods()[done:] == ["get_role", "tag_role", "untag_role"]
    assert [each - begun for each in changed] == [READABLE_SECONDS]


def test_keep_continues_after_a_crash(stack: Stack) -> None:
    """The created tag was changed, and the lease was not released."""
    stack.account.add(ROLE, **KEPT_FOR_STACK, **LEASES)

    assert "its removal setting is KEEP" in _succeeded(stack.release_lease(Removal="KEEP"))
    assert stack.role.tags == KEPT_FOR_STACK


def test_keep_does_not_tag_a_role_that_slr_constructs_did_not_create(stack: Stack) -> None:
    """No stack with WHEN_UNUSED deletes it anyway."""
    stack.account.add(ROLE, "Created by the service")
    stack.acquire_lease()

    assert "its removal setting is KEEP" in _succeeded(stack.release_lease(Removal="KEEP"))
    assert stack.role.tags == {}


@pytest.mark.parametrize(("code", "status"), [("AccessDenied", 403), ("LimitExceeded", 409)])
def test_keep_leaves_its_lease_if_the_created_tag_cannot_be_changed(
    code: str, status: int, stack: Stack
) -> None:
    """The lease protects the role, and the deletion does not fail."""
    stack.account.add(ROLE, CREATED_MARK, **LEASES)
    stack.account.refuse("tag_role", code, status)

    assert _succeeded(stack.release_lease(Removal="KEEP")) == (
        f"{ROLE} is kept: IAM rejected a change to its tags ({code}). The lease of the stack stays"
        " on it, so that no other stack deletes it"
    )
    assert stack.role.tags == LEASES


# rollbacks


@pytest.fixture
def rolled_back(stack: Stack, stack_status: StackStatus) -> Stack:
    """Give a stack whose creation is rolled back."""
    stack_status.stack = "ROLLBACK_IN_PROGRESS"
    return stack


@pytest.mark.parametrize(
    "status", ["ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"]
)
def test_a_rollback_keeps_a_role_that_existed_before(
    status: str, stack: Stack, stack_status: StackStatus
) -> None:
    """REQUIRE is for the deletion of a stack that had the role."""
    stack.account.add(ROLE, "Created by the service")
    stack.acquire_lease()
    stack_status.stack = status

    assert _succeeded(stack.release_lease(Removal="REQUIRE")) == (
        f"{ROLE} is kept: it was not created by slr-constructs, and the stack rolls back, so that"
        " REQUIRE does not apply"
    )
    assert stack.role.tags == {}


def test_the_rollback_of_a_cancelled_create_keeps_a_role_that_existed_before(
    stack: Stack,
) -> None:
    """CloudFormation made up the physical id, so its status is not needed."""
    stack.account.add(ROLE, "Created by the service", **LEASES)
    wanted = {**PROPERTIES, "Removal": "REQUIRE"}
    delete = request(
        "Delete", "Custom::ServiceLinkedRole", wanted, physical_resource_id="Stack-Thing-1QX"
    )

    assert "REQUIRE does not apply" in _succeeded(respond(delete, stack.clock))
    assert stack.role.tags == {}


def test_an_update_that_fails_keeps_the_other_role_that_existed_before(stack: Stack) -> None:
    """CloudFormation never deletes the role of a failed update to another role."""
    stack.account.add(ROLE, "Created by the service")
    stack.account.refuse("update_role_description", "AccessDenied", 403)
    update = request(
        "Update",
        "Custom::ServiceLinkedRole",
        {**PROPERTIES, "Removal": "REQUIRE", "Description": "Ours"},
        physical_resource_id="AWSServiceRoleForTea",
    )

    assert "UpdateRoleDescription failed" in _failed(respond(update, stack.clock))
    assert stack.role.tags == {}


@pytest.mark.parametrize("removal", ["WHEN_UNUSED", "REQUIRE"])
def test_a_rollback_deletes_a_role_that_the_stack_created(removal: str, rolled_back: Stack) -> None:
    """It leaves nothing behind."""
    rolled_back.acquire_lease()

    assert _succeeded(rolled_back.release_lease(Removal=removal)) == f"{ROLE} is deleted"


def test_a_rollback_with_keep_leaves_a_role_that_later_stacks_may_delete(
    rolled_back: Stack,
) -> None:
    """The function has no permission to delete it, and the stack never had the role."""
    rolled_back.acquire_lease()

    assert _succeeded(rolled_back.release_lease(Removal="KEEP")) == (
        f"{ROLE} is kept: the stack rolls back, and with KEEP its function may not delete the role"
    )
    assert rolled_back.role.tags == CREATED


def test_a_rollback_with_keep_releases_its_lease_on_a_role_that_iam_does_not_show(
    rolled_back: Stack,
) -> None:
    """No tag has to say that later stacks keep the role."""
    rolled_back.acquire_lease()
    rolled_back.account.refuse("get_role", "AccessDenied", 403)

    assert "is kept: IAM does not show it" in _succeeded(rolled_back.release_lease(Removal="KEEP"))
    assert rolled_back.role.tags == CREATED


def test_a_rollback_does_not_fail_because_of_other_leases(rolled_back: Stack) -> None:
    """A stack that is created at the same time needs the role."""
    rolled_back.acquire_lease()
    rolled_back.role.tags |= OTHER_LEASES

    assert "these stacks have a lease" in _succeeded(rolled_back.release_lease(Removal="REQUIRE"))
    assert rolled_back.role.tags == CREATED | OTHER_LEASES


def test_a_required_deletion_keeps_an_adopted_role_if_it_may_be_a_rollback(
    stack: Stack, stack_status: StackStatus
) -> None:
    """CloudFormation does not answer, and a rollback must not fail."""
    stack.account.add(ROLE, "Created by the service")
    stack.acquire_lease()
    stack_status.refused = "AccessDenied"

    assert _succeeded(stack.release_lease(Removal="REQUIRE")) == (
        f"{ROLE} is kept: it was not created by slr-constructs, and the stack may roll back, so"
        " that REQUIRE does not apply"
    )
    assert stack.role.tags == {}


def test_keep_is_final_if_it_may_be_a_rollback(stack: Stack, stack_status: StackStatus) -> None:
    """A role that stays does no harm."""
    stack.acquire_lease()
    stack_status.refused = "AccessDenied"

    stack.release_lease(Removal="KEEP")

    assert stack.role.tags == KEPT_FOR_STACK


# the reason why a role was kept


DENIED_DELETION = "iam:DeleteServiceLinkedRole failed: AccessDenied: AWS says no"


def _kept(stack: Stack) -> str:
    """Return the reason on the role, without its date."""
    today = f"{datetime.fromtimestamp(stack.clock.now(), UTC):%Y-%m-%d}: "
    assert stack.role.tags[KEPT_TAG].startswith(today)
    return stack.role.tags[KEPT_TAG].removeprefix(today)


def test_the_reason_stays_on_the_role(stack: Stack) -> None:
    """The log of the function is deleted with the stack."""
    stack.acquire_lease()
    stack.account.refuse("delete_service_linked_role", "AccessDenied", 403, "Nobody may (here)")
    stack.release_lease()

    assert _kept(stack) == "iam:DeleteServiceLinkedRole failed: AccessDenied: Nobody may here"
    assert stack.role.tags.keys() == {CREATED_TAG, KEPT_TAG}


def test_a_long_reason_is_shortened(stack: Stack) -> None:
    """IAM accepts 256 characters: letters, digits, spaces and some signs."""
    stack.acquire_lease()
    stack.role.used = {("us-east-1", f"{CONNECTOR}{n}\u00e9'\u2028") for n in range(20)}
    stack.release_lease()

    value = stack.role.tags[KEPT_TAG]
    assert len(value) == 256
    assert value.endswith("...")
    assert all(each in "_.:/=+-@" or unicodedata.category(each)[0] in "LNZ" for each in value)
    assert _kept(stack).startswith(f"it is in use in us-east-1: {CONNECTOR}0")


def test_the_next_lease_removes_the_reason(stack: Stack) -> None:
    """The role is not kept any more, but used."""
    stack.acquire_lease()
    stack.role.tags[KEPT_TAG] = "2026-11-30: it was in use"

    stack.acquire_lease()

    assert stack.role.tags == CREATED | LEASES


def test_the_reason_makes_room_for_a_lease(stack: Stack) -> None:
    """A role has at most 50 tags."""
    fifty = {f"tag-{number}": "" for number in range(48)} | CREATED
    stack.account.add(ROLE, **fifty, **{KEPT_TAG: "2026-11-30: it was in use"})

    assert _succeeded(stack.acquire_lease()) == f"{ROLE} exists and is adopted"
    assert stack.role.tags == fifty | LEASES


def test_a_reason_that_was_written_meanwhile_is_removed(stack: Stack) -> None:
    """The other stack removed its lock just before this one read the role again."""
    stack.account.add(ROLE, **CREATED, **{FIRST_LOCK: NOW})

    def keep() -> None:
        if LEASE in stack.role.tags:
            stack.role.tags.pop(FIRST_LOCK)
            stack.role.tags[KEPT_TAG] = "2026-11-30: it was in use"
            stack.account.before_call = lambda _method, _params: None

    stack.before("get_role", keep)

    assert _succeeded(stack.acquire_lease()) == f"{ROLE} exists and is adopted"
    assert stack.role.tags == CREATED | LEASES


def test_a_deletion_succeeds_if_the_reason_cannot_be_written(stack: Stack) -> None:
    """Only the log has it then."""
    stack.acquire_lease()
    stack.account.refuse("delete_service_linked_role", "AccessDenied", 403)
    # the lock is the first tag
    stack.account.refuse("tag_role", "LimitExceeded", 409, skip=1)

    assert _succeeded(stack.release_lease()) == f"{ROLE} is kept: {DENIED_DELETION}"
    assert stack.role.tags == CREATED


def test_no_reason_is_written_that_audit_shows_anyway(stack: Stack) -> None:
    """Audit shows leases, and whether slr-constructs created the role."""
    stack.acquire_lease()
    stack.role.tags |= OTHER_LEASES

    stack.release_lease()

    assert stack.role.tags == CREATED | OTHER_LEASES


def test_a_required_deletion_that_fails_writes_no_reason(stack: Stack) -> None:
    """The stack exists, and its events have the reason."""
    stack.acquire_lease()
    stack.account.refuse("delete_service_linked_role", "AccessDenied", 403)

    _failed(stack.release_lease(Removal="REQUIRE"))

    assert stack.role.tags == CREATED


def test_keeps_a_role_that_it_did_not_create(stack: Stack) -> None:
    """An adopted role is left as it was before."""
    stack.account.add(ROLE, "Created by the service")
    stack.acquire_lease()

    assert (
        _succeeded(stack.release_lease()) == f"{ROLE} is kept: it was not created by slr-constructs"
    )
    assert stack.role.tags == {}


def test_keeps_a_role_with_leases_of_other_stacks(stack: Stack) -> None:
    """The reason names the stacks."""
    stack.acquire_lease()
    third = {lease_of(stack_id("Third", "eu-west-1")): stack_id("Third", "eu-west-1")}
    stack.role.tags |= OTHER_LEASES | third

    assert _succeeded(stack.release_lease()) == (
        f"{ROLE} is kept: these stacks have a lease on it: {stack_id('Third', 'eu-west-1')},"
        f" {stack_id('Other')}"
    )
    assert stack.role.tags == CREATED | OTHER_LEASES | third


@pytest.mark.parametrize("removal", ["KEEP", "WHEN_UNUSED", "REQUIRE"])
def test_a_renamed_construct_has_its_own_lease(removal: str, stack: Stack) -> None:
    """The new resource acquires its lease before the old one releases its own.

    The stack needs the role, so the removal setting of the old resource does not matter.
    """
    stack.acquire_lease()
    renamed = lease_of(stack_id(), "Renamed")
    stack.role.tags[renamed] = stack_id()

    assert (
        _succeeded(stack.release_lease(Removal=removal))
        == f"{ROLE} is kept: the stack has another lease on it"
    )
    assert stack.role.tags == CREATED | {renamed: stack_id()}


def test_require_deletes_an_adopted_role(stack: Stack) -> None:
    """REQUIRE also deletes a role that slr-constructs did not create."""
    stack.account.add(ROLE)
    stack.acquire_lease()

    assert _succeeded(stack.release_lease(Removal="REQUIRE")) == f"{ROLE} is deleted"
    assert stack.account.roles == {}


def test_require_fails_when_other_stacks_have_leases(stack: Stack) -> None:
    """REQUIRE does not delete a role that other stacks use."""
    stack.acquire_lease()
    stack.role.tags |= OTHER_LEASES

    assert _failed(stack.release_lease(Removal="REQUIRE")) == (
        f"{ROLE} must be deleted with this stack, but these stacks have a lease on it:"
        f" {stack_id('Other')}"
    )
    assert stack.role.tags == CREATED | OTHER_LEASES


@pytest.mark.parametrize("seconds", [1.0, 30.0, 200.0])
def test_waits_for_a_deletion(seconds: float, stack: Stack) -> None:
    """A task is not started, then in progress, and finally succeeded or failed."""
    stack.acquire_lease()
    stack.account.deletion_seconds = seconds

    assert _succeeded(stack.release_lease()) == f"{ROLE} is deleted"
    assert stack.account.methods().count("delete_service_linked_role") == 1


def test_renews_its_lock_while_it_waits(stack: Stack) -> None:
    """An old lock would be ignored like that of a run that crashed."""
    stack.acquire_lease()
    stack.account.deletion_seconds = 280
    ages: list[int] = []
    stack.before(
        "get_service_linked_role_deletion_status",
        lambda: ages.extend(stack.clock.now() - int(at) for at in stack.locks().values()),
    )

    assert _succeeded(stack.release_lease()) == f"{ROLE} is deleted"
    assert len(ages) > 20
    assert max(ages) < 70


def test_leaves_no_lock_on_a_role_that_is_created_again(stack: Stack) -> None:
    """A late renewal may lock the next role of that name."""
    stack.acquire_lease()
    stack.account.deletion_seconds = 65

    def create_again() -> None:
        role = stack.account.roles.get(ROLE)
        if stack.account.tasks and role is not None and role.number == 1:
            stack.account.add(ROLE, **CREATED, **OTHER_LEASES)

    stack.before("tag_role", create_again)

    assert _succeeded(stack.release_lease()) == f"{ROLE} is deleted"
    assert stack.role.tags == CREATED | OTHER_LEASES


@pytest.mark.parametrize("still_exists", [True, False], ids=["still-exists", "deleted"])
def test_reads_the_role_when_iam_forgets_the_deletion(stack: Stack, *, still_exists: bool) -> None:
    """IAM may forget the task of a fast deletion before its status is read."""
    stack.acquire_lease()
    stack.account.refuse("get_service_linked_role_deletion_status", "NoSuchEntity", 404, times=1)
    if still_exists:
        stack.role.used.add(("us-east-1", CONNECTOR))
        stack.when(70, stack.role.used.clear)

    assert _succeeded(stack.release_lease()) == f"{ROLE} is deleted"
    count = stack.account.methods().count("delete_service_linked_role")
    assert count > 1 if still_exists else count == 1


def test_retries_until_the_service_reports_no_usage(stack: Stack) -> None:
    """A deletion may fail for minutes after the feature was disabled."""
    stack.acquire_lease()
    stack.role.used.add(("us-east-1", CONNECTOR))
    stack.when(60, stack.role.used.clear)

    assert _succeeded(stack.release_lease()) == f"{ROLE} is deleted"
    assert [task.status for task in stack.account.tasks.values()][:2] == ["FAILED"] * 2
    assert list(stack.account.tasks.values())[-1].status == "SUCCEEDED"


def test_keeps_a_role_in_use_and_names_the_usages(stack: Stack) -> None:
    """After five minutes, the reason names regions and resources."""
    stack.acquire_lease()
    stack.role.used |= {("us-east-1", CONNECTOR), ("eu-west-1", OTHER_CONNECTOR)}
    begun = stack.clock.elapsed

    assert _succeeded(stack.release_lease()) == (
        f"{ROLE} is kept: it is in use in eu-west-1: {OTHER_CONNECTOR}; us-east-1: {CONNECTOR}"
    )
    assert 240 < stack.clock.elapsed - begun <= 300 + 2 * READABLE_SECONDS
    assert stack.role.tags.keys() == {CREATED_TAG, KEPT_TAG}


def test_fails_when_a_required_role_stays_in_use(stack: Stack) -> None:
    """REQUIRE retries until the time is over, and the reason has the same list."""
    stack.acquire_lease()
    stack.role.used.add(("eu-west-1", OTHER_CONNECTOR))

    assert _failed(stack.release_lease(Removal="REQUIRE")) == (
        f"{ROLE} must be deleted with this stack, but it is in use in eu-west-1: {OTHER_CONNECTOR}"
    )
    assert stack.clock.left() < 60
    assert stack.role.tags == CREATED


def test_reports_the_reason_of_iam_without_usages(stack: Stack) -> None:
    """A service may not report what uses the role."""
    stack.acquire_lease()
    stack.role.used.add(("us-east-1", CONNECTOR))
    stack.account.reason = {"Reason": "One or more resources use the role."}

    assert _succeeded(stack.release_lease()) == (
        f"{ROLE} is kept: IAM could not delete it: One or more resources use the role."
    )


@pytest.mark.parametrize(
    ("reported", "reason"),
    [
        ({}, "IAM could not delete it: the service reported no reason"),
        ({"RoleUsageList": []}, "IAM could not delete it: the service reported no reason"),
        (
            {"RoleUsageList": [{"Region": "us-east-1"}]},
            "it is in use in us-east-1: (not reported)",
        ),
        (
            {"RoleUsageList": [{"Region": "us-east-1", "Resources": []}]},
            "it is in use in us-east-1: (not reported)",
        ),
        (
            {"RoleUsageList": [{"Resources": [CONNECTOR]}]},
            f"it is in use in (region not reported): {CONNECTOR}",
        ),
    ],
    ids=["no-reason", "no-usage", "no-resources", "empty-resources", "no-region"],
)
def test_reports_that_the_service_reported_little(
    reported: dict[str, Any], reason: str, stack: Stack
) -> None:
    """A service might return all of the resources, a few of them, or none."""
    stack.acquire_lease()
    stack.role.used.add(("us-east-1", CONNECTOR))
    stack.account.reason = reported

    assert _succeeded(stack.release_lease()) == f"{ROLE} is kept: {reason}"


def test_cancels_the_deletion_for_a_new_lease(stack: Stack) -> None:
    """The function looks for leases before each attempt, and removes its lock."""
    stack.acquire_lease()
    stack.role.used.add(("us-east-1", CONNECTOR))
    stack.when(60, lambda: stack.role.tags.update(OTHER_LEASES))

    assert (
        _succeeded(stack.release_lease())
        == f"{ROLE} is kept: these stacks have a lease on it: {stack_id('Other')}"
    )
    assert stack.role.tags == CREATED | OTHER_LEASES


def test_removes_its_lock_for_an_earlier_lock(stack: Stack) -> None:
    """Two concurrent requests could delete a role that was created in between."""
    stack.account.add(ROLE, **CREATED, **{FIRST_LOCK: NOW})
    stack.when(20, stack.account.roles.clear)

    assert _succeeded(stack.release_lease()) == f"{ROLE} is deleted"
    assert "delete_service_linked_role" not in stack.account.methods()
    assert stack.account.methods().count("untag_role") > 0


def test_continues_when_the_other_lock_is_removed(stack: Stack) -> None:
    """Of two concurrent locks, the first by name is kept."""
    stack.account.add(ROLE, **CREATED, **{LAST_LOCK: NOW})
    stack.when(20, lambda: stack.role.tags.pop(LAST_LOCK))

    assert _succeeded(stack.release_lease()) == f"{ROLE} is deleted"
    assert "untag_role" not in stack.account.methods()


def test_continues_when_the_other_run_has_crashed(stack: Stack) -> None:
    """A lock that is not renewed is ignored here too."""
    stack.account.add(ROLE, **CREATED, **{FIRST_LOCK: str(EPOCH - 200)})

    assert _succeeded(stack.release_lease()) == f"{ROLE} is deleted"
    assert 100 <= stack.clock.elapsed <= 160


def test_keeps_a_role_that_another_stack_continues_to_delete(stack: Stack) -> None:
    """A run that removed its lock does not set it again."""
    stack.account.add(ROLE, **CREATED, **{FIRST_LOCK: str(EPOCH + 10_000)})

    assert _succeeded(stack.release_lease()) == (
        f"{ROLE} is not deleted yet: another stack is deleting it. {NOT_DELETED_YET}"
    )
    assert list(stack.locks()) == [FIRST_LOCK]
    assert KEPT_TAG not in stack.role.tags


def test_locks_a_role_that_was_created_again(stack: Stack) -> None:
    """A lock is deleted with its role, so the function locks the new role."""
    stack.acquire_lease()
    replaced: list[Role] = []

    def replace() -> None:
        if ROLE in stack.account.roles and stack.locks() and not replaced:
            del stack.account.roles[ROLE]
            replaced.append(stack.account.add(ROLE, **CREATED))

    stack.before("get_role", replace)

    assert _succeeded(stack.release_lease()) == f"{ROLE} is deleted"
    assert stack.account.methods()[-5:] == [
        "get_role",
        "tag_role",
        "get_role",
        "delete_service_linked_role",
        "get_service_linked_role_deletion_status",
    ]


def test_keeps_the_role_when_it_cannot_lock_it_again(stack: Stack) -> None:
    """Without a lock it could delete a role that another stack adopts."""
    stack.account.add(ROLE, **CREATED, **{LAST_LOCK: NOW})
    stack.account.refuse("tag_role", "LimitExceeded", 409, skip=1)

    assert (
        _succeeded(stack.release_lease())
        == f"{ROLE} is kept: IAM rejected a change to its tags (LimitExceeded)"
    )


@pytest.mark.parametrize("method", ["untag_role", "tag_role"])
def test_keeps_the_role_when_changing_its_tags_is_denied(method: str, stack: Stack) -> None:
    """Without a lock, the function does not delete a role that others may need."""
    stack.acquire_lease()
    begun = stack.clock.elapsed
    stack.account.refuse(method, "AccessDenied", 403)

    assert (
        _succeeded(stack.release_lease())
        == f"{ROLE} is kept: IAM rejected a change to its tags (AccessDenied)"
    )
    assert stack.clock.elapsed - begun <= 60
    assert "delete_service_linked_role" not in stack.account.methods()


@pytest.mark.parametrize("method", ["untag_role", "tag_role"])
def test_require_fails_when_changing_the_tags_is_denied(method: str, stack: Stack) -> None:
    """The reason says why the role was not deleted."""
    stack.acquire_lease()
    stack.account.refuse(method, "AccessDenied", 403)

    assert _failed(stack.release_lease(Removal="REQUIRE")) == (
        f"{ROLE} must be deleted with this stack, but IAM rejected a change to its tags"
        " (AccessDenied)"
    )


def test_keeps_the_role_when_its_deletion_is_denied(stack: Stack) -> None:
    """A permanent denial is reported within a minute."""
    stack.acquire_lease()
    begun = stack.clock.elapsed
    stack.account.refuse("delete_service_linked_role", "AccessDenied", 403)

    assert _succeeded(stack.release_lease()) == (
        f"{ROLE} is kept: iam:DeleteServiceLinkedRole failed: AccessDenied: AWS says no"
    )
    assert stack.clock.elapsed - begun <= 60
    assert stack.role.tags.keys() == {CREATED_TAG, KEPT_TAG}


def test_fails_when_the_deletion_of_a_required_role_is_denied(stack: Stack) -> None:
    """REQUIRE reports the same, as early."""
    stack.acquire_lease()
    begun = stack.clock.elapsed
    stack.account.refuse("delete_service_linked_role", "AccessDenied", 403)

    assert "iam:DeleteServiceLinkedRole failed" in _failed(stack.release_lease(Removal="REQUIRE"))
    assert stack.clock.elapsed - begun <= 60


def test_retries_after_a_temporary_error(stack: Stack) -> None:
    """IAM limits the number of concurrent deletions."""
    stack.acquire_lease()
    stack.account.refuse("delete_service_linked_role", "LimitExceeded", 409, times=3)

    assert _succeeded(stack.release_lease()) == f"{ROLE} is deleted"


@pytest.mark.parametrize("deleted", [True, False], ids=["deleted", "still-exists"])
def test_reads_the_role_when_the_status_is_denied(stack: Stack, *, deleted: bool) -> None:
    """The lock stays on a role that IAM may still delete."""
    stack.acquire_lease()
    begun = stack.clock.elapsed
    stack.account.deletion_seconds = 10 if deleted else 500
    stack.account.refuse("get_service_linked_role_deletion_status", "AccessDenied", 403)
    reason = _succeeded(stack.release_lease())

    assert stack.clock.elapsed - begun <= 60
    if deleted:
        assert reason == f"{ROLE} is deleted"
    else:
        assert reason == (
            f"{ROLE} is not deleted yet: the status of its deletion cannot be read: AccessDenied:"
            f" AWS says no. {NOT_DELETED_YET}"
        )
        assert len(stack.locks()) == 1


def test_leaves_its_lock_on_a_role_that_is_still_being_deleted(stack: Stack) -> None:
    """After five minutes. A stack that is created now waits until the role is deleted."""
    stack.acquire_lease()
    begun = stack.clock.elapsed
    stack.account.deletion_seconds = 10_000

    assert _succeeded(stack.release_lease()) == (
        f"{ROLE} is not deleted yet: IAM is still deleting it. {NOT_DELETED_YET}"
    )
    assert 240 < stack.clock.elapsed - begun <= 300 + 2 * READABLE_SECONDS
    assert list(stack.locks().values()) == [str(stack.clock.now())]
    assert _kept(stack) == "IAM is still deleting it"


def test_a_required_deletion_waits_for_iam_to_the_end(stack: Stack) -> None:
    """The stack must not be deleted without its role."""
    stack.acquire_lease()
    stack.account.deletion_seconds = 10_000

    assert _failed(stack.release_lease(Removal="REQUIRE")) == (
        f"{ROLE} must be deleted with this stack, but IAM is still deleting it"
    )
    assert stack.clock.left() < 60
    assert len(stack.locks()) == 1


def test_the_attempts_and_the_last_deletion_take_five_minutes_together(stack: Stack) -> None:
    """The last deletion starts late, and takes long."""
    stack.acquire_lease()
    begun = stack.clock.elapsed
    stack.role.used.add(("us-east-1", CONNECTOR))

    def last() -> None:
        stack.role.used.clear()
        stack.account.deletion_seconds = 10_000

    stack.when(begun + 200, last)

    assert "IAM is still deleting it" in _succeeded(stack.release_lease())
    assert 240 < stack.clock.elapsed - begun <= 300 + 2 * READABLE_SECONDS


def test_fails_when_the_time_is_too_short(account: Account) -> None:
    """The response is in time, and the next attempt completes the delete."""
    account.add(ROLE, **CREATED, **LEASES)
    late = Stack(account, FakeClock(2))

    assert "ran out of time" in _failed(late.release_lease())
    assert _succeeded(Stack(account, FakeClock()).release_lease()) == f"{ROLE} is deleted"


def test_tags_have_valid_lengths(stack: Stack) -> None:
    """IAM accepts keys of 128 characters and values of 256."""
    stack.acquire_lease()
    stack.account.deletion_seconds = 10_000
    keys = list(stack.role.tags)
    stack.release_lease()
    keys += stack.role.tags

    assert max(map(len, keys)) <= 128
    ours = (LEASE_TAG, DELETION_LOCK_TAG, CREATED_TAG, KEPT_TAG)
    assert all(key.startswith(ours) for key in keys)
    assert max(map(len, [*stack.role.tags.values(), *KEPT_FOR_STACK.values()])) <= 256


def test_the_longest_stack_id_fits_into_the_created_tag(stack: Stack) -> None:
    """The name of a stack has at most 128 characters, and its last part is a UUID."""
    longest = stack_id("S" * 128, "us-gov-west-1").replace(":aws:", ":aws-us-gov:")
    longest = longest.rpartition("/")[0] + "/" + "0" * 36
    stack.account.add(ROLE, **CREATED)
    delete = request(
        "Delete",
        "Custom::ServiceLinkedRole",
        {**PROPERTIES, "Removal": "KEEP"},
        physical_resource_id=ROLE,
        stack=longest,
    )

    _succeeded(respond(delete, stack.clock))

    assert stack.role.tags[CREATED_TAG] == f"kept for {longest}"
    assert len(stack.role.tags[CREATED_TAG]) <= 256
