"""The role: made or adopted, held by leases, and deleted by the last one to leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import catalogue
from slr_constructs.handler.slr_handler.entrypoint import answer_to
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CLOSING_TAG,
    LEASE_TAG,
    MADE_MARK,
    MADE_TAG,
)
from tests.handler.clocks import EPOCH, FakeClock
from tests.handler.events import ACCOUNT, lease_of, request, stack_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.handler.slr_handler.lifecycle import Answer
    from tests.fake_services.service_linked_roles import Role
    from tests.handler.account import Account

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
HELD = {LEASE: stack_id()}
HELD_BY_OTHER = {OTHER_LEASE: stack_id("Other")}
MADE = {MADE_TAG: "true"}
#: sorts before, and after, any mark that a run makes.
FIRST_CLOSER = f"{CLOSING_TAG}!"
LAST_CLOSER = f"{CLOSING_TAG}~"
NOW = str(EPOCH)
LONG_AGO = str(EPOCH - 300)
CONNECTOR = "arn:aws:chime:us-east-1:123456789012:vc/abc"
OTHER_CONNECTOR = "arn:aws:chime:eu-west-1:123456789012:vc/def"


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that holds the role."""

    account: Account
    clock: FakeClock

    def hold(self, kind: str = "Create", **properties: str) -> Answer:
        """Send a create or an update."""
        wanted = {**PROPERTIES, **properties}
        return answer_to(request(kind, "Custom::ServiceLinkedRole", wanted), self.clock)

    def let_go(self, **properties: str) -> Answer:
        """Send a delete."""
        wanted = {**PROPERTIES, **properties}
        asked = request("Delete", "Custom::ServiceLinkedRole", wanted, physical_id=ROLE)
        return answer_to(asked, self.clock)

    @property
    def role(self) -> Role:
        """The role as it is now."""
        return self.account.roles[ROLE]

    def closing(self) -> dict[str, str]:
        """Return the closing marks on the role."""
        return {tag: at for tag, at in self.role.tags.items() if tag.startswith(CLOSING_TAG)}

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


def _done(answer: Answer) -> str:
    assert not answer.failed, answer.reason
    return answer.reason


def _failed(answer: Answer) -> str:
    assert answer.failed, answer.reason
    return answer.reason


# holding


def test_makes_the_role_and_holds_it(stack: Stack) -> None:
    """The role is marked as ours, and as held by this stack."""
    assert _done(stack.hold()) == f"{ROLE} is made"
    assert stack.role.tags == MADE | HELD
    assert stack.role.description == (
        f"Service-linked role, shared by the stacks of this account {MADE_MARK}"
    )


def test_settles_after_it_made_the_role(stack: Stack) -> None:
    """IAM shows a new role before every service sees it."""
    stack.hold()

    assert stack.clock.elapsed == 15


def test_settles_after_another_made_the_role(stack: Stack) -> None:
    """Who adopts a role that is a moment old waits as its maker does."""
    stack.account.add(ROLE, "Made by the service").created = -4

    assert _done(stack.hold()) == f"{ROLE} is there already, and adopted"
    assert stack.clock.elapsed == 11


def test_a_clock_that_is_behind_costs_no_more_than_the_settling(stack: Stack) -> None:
    """IAM's time and the function's are two."""
    stack.account.add(ROLE, "Made by the service").created = 600

    stack.hold()

    assert stack.clock.elapsed == 15


def test_adopts_a_role_that_is_there(stack: Stack) -> None:
    """It is held as well, but it is not ours; and it has been seen by everybody."""
    stack.account.add(ROLE, "Made by the service")

    assert _done(stack.hold()) == f"{ROLE} is there already, and adopted"
    assert stack.role.tags == HELD
    assert stack.role.description == "Made by the service"
    assert stack.clock.elapsed == 0
    assert stack.account.methods() == ["get_role", "tag_role", "get_role"]


def test_adopts_a_role_that_iam_calls_taken(stack: Stack) -> None:
    """GetRole may not show yet what another has made a moment ago."""
    stack.account.add(ROLE).hidden_reads = 3

    assert _done(stack.hold()) == f"{ROLE} is there already, and adopted"
    assert stack.role.tags == HELD
    assert 15 not in stack.clock.waits


def test_finishes_what_a_run_that_died_began(stack: Stack) -> None:
    """A role that was made and not tagged is known for ours by its description."""
    stack.account.add(ROLE, f"Anything {MADE_MARK}")

    stack.hold()

    assert stack.role.tags == MADE | HELD


def test_finishes_what_a_second_delivery_began(stack: Stack) -> None:
    """Its lease is there, but whoever took it did not see that the role was made again."""
    stack.account.add(ROLE, f"Anything {MADE_MARK}", **HELD)

    stack.hold()

    assert stack.role.tags == MADE | HELD


def test_holding_twice_changes_nothing(stack: Stack) -> None:
    """An event that is delivered twice finds its lease."""
    stack.hold()
    first = dict(stack.role.tags)
    done = len(stack.account.calls)
    stack.hold()

    assert stack.role.tags == first
    assert stack.account.methods()[done:] == ["get_role"]


@pytest.mark.parametrize(
    ("code", "status", "text"),
    [
        ("InvalidInput", 400, "Custom suffix is not allowed for chime.amazonaws.com"),
        ("LimitExceeded", 409, f"Service role name {ROLE} has been taken in this account"),
        ("InvalidInput", 400, f"Service role name {ROLE} has been taken in another account"),
    ],
    ids=["other-text", "other-code", "almost-the-text"],
)
def test_fails_when_iam_refuses_for_another_reason(
    code: str, status: int, text: str, stack: Stack
) -> None:
    """IAM has no code for "exists already", so code and words must both say so."""
    stack.account.refuse("create_service_linked_role", code, status, text)

    assert _failed(stack.hold()) == (
        f"IAM refused iam:CreateServiceLinkedRole for {ROLE} ({PRINCIPAL}) in account {ACCOUNT}:"
        f" {code}: {text}"
    )


def test_fails_when_creation_is_denied(stack: Stack) -> None:
    """The sentence names role, action, account and the likely causes, within a minute."""
    stack.account.refuse("create_service_linked_role", "AccessDenied", 403)
    answer = stack.hold()

    assert _failed(answer) == (
        f"IAM refused iam:CreateServiceLinkedRole for {ROLE} ({PRINCIPAL}) in account {ACCOUNT}"
        " (the function's rights or a service control policy): AccessDenied: AWS says no"
    )
    assert answer.physical_id == "nothing-made:Thing"
    assert stack.clock.elapsed <= 60


def test_leaves_to_the_service_what_iam_does_not_make(stack: Stack) -> None:
    """Not every service promises that IAM makes its role."""
    reason = _done(stack.hold(Creation="SERVICE", ServicePrincipal="new.amazonaws.com"))

    assert reason == (f"{ROLE} is left to the service: IAM does not make it for new.amazonaws.com")
    assert stack.account.roles == {}


def test_makes_what_iam_makes_though_it_was_not_promised(stack: Stack) -> None:
    """What IAM makes today is ours as any other."""
    _done(stack.hold(Creation="SERVICE"))

    assert stack.role.tags == MADE | HELD


def test_adopts_what_was_left_to_the_service(stack: Stack) -> None:
    """The service has made it by the next update."""
    stack.account.add(ROLE)

    _done(stack.hold("Update", Creation="SERVICE", ServicePrincipal="new.amazonaws.com"))

    assert stack.role.tags == HELD


def test_fails_when_creation_is_denied_though_it_was_not_promised(stack: Stack) -> None:
    """Only IAM's own "no" leaves the role to the service."""
    stack.account.refuse("create_service_linked_role", "AccessDenied", 403)

    assert "service control policy" in _failed(stack.hold(Creation="SERVICE"))


def test_fails_when_a_retired_role_is_not_there(stack: Stack) -> None:
    """IAM would make another role for its principal."""
    assert _failed(stack.hold(Creation="NEVER")) == (
        f"{ROLE} is not in account {ACCOUNT}, and IAM makes another role for {PRINCIPAL} today;"
        " declare the current role"
    )
    assert stack.account.methods() == ["get_role"]


def test_adopts_a_retired_role(stack: Stack) -> None:
    """An account that has it may use it."""
    stack.account.add(ROLE)

    _done(stack.hold(Creation="NEVER"))

    assert stack.role.tags == HELD


def test_fails_when_iam_makes_another_role(stack: Stack) -> None:
    """A definition of the user's own may be wrong; what IAM made is named."""
    answer = stack.hold(RoleName="AWSServiceRoleForTea")

    assert _failed(answer) == (
        f"IAM made {ROLE} for {PRINCIPAL}, not AWSServiceRoleForTea; correct the definition, and"
        f" delete {ROLE} if nothing else uses it"
    )
    assert answer.physical_id == "AWSServiceRoleForTea"
    assert _done(stack.let_go(RoleName="AWSServiceRoleForTea")) == "AWSServiceRoleForTea is gone"


@pytest.mark.parametrize("reads", [1, 5, 20])
def test_waits_until_iam_shows_the_role(reads: int, stack: Stack) -> None:
    """Several reads in a row must show it."""
    stack.account.hidden_reads = reads

    assert _done(stack.hold()) == f"{ROLE} is made"
    assert stack.role.tags == MADE | HELD


def test_waits_until_iam_shows_the_role_steadily(stack: Stack) -> None:
    """One read may come from a server that knows, and the next one from another."""
    # not there, made, seen once, not seen, and then seen three times
    stack.account.refuse("get_role", "NoSuchEntity", 404, skip=2, times=1)

    assert _done(stack.hold()) == f"{ROLE} is made"
    assert stack.account.methods().count("get_role") == 7


def test_fails_when_iam_does_not_show_the_role(stack: Stack) -> None:
    """It says so in time, and with the role's own id, for the role was made."""
    stack.account.hidden_reads = 10_000
    answer = stack.hold()

    assert _failed(answer) == (
        f"IAM does not show {ROLE} steadily in account {ACCOUNT}: it is new, or another stack is"
        " deleting it; try again"
    )
    assert answer.physical_id == ROLE


def test_fails_when_the_role_may_not_be_read(stack: Stack) -> None:
    """Without reading there is neither holding nor letting go."""
    stack.account.refuse("get_role", "AccessDenied", 403)
    held = stack.hold()
    let_go = stack.let_go()

    assert "GetRole was refused (the function's rights or a service control" in _failed(held)
    assert "GetRole was refused (the function's rights or a service control" in _failed(let_go)
    assert held.physical_id == "nothing-made:Thing"
    assert stack.clock.elapsed <= 120


# description


def test_describes_the_role_as_the_user_said(stack: Stack) -> None:
    """Our mark is there while it is needed, and not longer."""
    _done(stack.hold(Description="Calls of the contact centre"))
    created = next(params for method, params in stack.account.calls if method.startswith("create"))

    assert created["Description"] == f"Calls of the contact centre {MADE_MARK}"
    assert stack.role.description == "Calls of the contact centre"
    assert stack.role.tags == MADE | HELD


def test_a_longest_description_has_room_for_the_mark(stack: Stack) -> None:
    """IAM takes 1000 characters."""
    _done(stack.hold(Description="d" * 1000))
    created = next(params for method, params in stack.account.calls if method.startswith("create"))

    assert len(created["Description"]) == 1000
    assert created["Description"].endswith(f"d {MADE_MARK}")
    assert stack.role.description == "d" * 1000


def test_changes_the_description_of_an_adopted_role_only_if_told(stack: Stack) -> None:
    """The description belongs to the account; whoever gives one wants it."""
    stack.account.add(ROLE, "Made by the service")
    stack.hold()
    untold = stack.role.description
    _done(stack.hold("Update", Description="Ours"))
    told = stack.role.description
    _done(stack.hold("Update", Description="Ours"))

    assert (untold, told) == ("Made by the service", "Ours")
    assert stack.account.methods().count("update_role_description") == 1


def test_fails_when_the_description_may_not_be_changed(stack: Stack) -> None:
    """The reason names the call, within a minute."""
    stack.account.add(ROLE)
    stack.account.refuse("update_role_description", "AccessDenied", 403)

    assert "UpdateRoleDescription was refused" in _failed(stack.hold(Description="Ours"))
    assert stack.clock.elapsed <= 60


# leases that IAM refuses


@pytest.mark.parametrize(
    ("code", "status"), [("AccessDenied", 403), ("LimitExceeded", 409), ("InvalidInput", 400)]
)
def test_keeps_a_role_that_cannot_be_tagged(code: str, status: int, stack: Stack) -> None:
    """A stack does not fail for a lease, and says what that means."""
    stack.account.refuse("tag_role", code, status)
    held = _done(stack.hold())
    let_go = _done(stack.let_go())

    assert held == f"{ROLE} is there; IAM refused its tags ({code}), so it will be kept"
    assert let_go == f"{ROLE} is kept: it was not made by this library"
    assert stack.role.tags == {}
    assert stack.role.description == "Service-linked role, shared by the stacks of this account"


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchEntity"])
def test_keeps_a_role_that_can_be_neither_tagged_nor_described(code: str, stack: Stack) -> None:
    """What cannot be written down fails nothing; the mark cannot be taken away either."""
    stack.account.refuse("tag_role", "AccessDenied", 403)
    stack.account.refuse("update_role_description", code, 403)

    assert "so it will be kept" in _done(stack.hold())
    assert _done(stack.let_go()) == f"{ROLE} is kept: IAM refused its tags (AccessDenied)"


def test_tells_of_tags_that_are_denied_within_a_minute(stack: Stack) -> None:
    """Rights are waited for once, not for each tag."""
    stack.account.add(ROLE, **MADE, **HELD_BY_OTHER)
    stack.account.refuse("tag_role", "AccessDenied", 403)

    assert "IAM refused its tags" in _done(stack.hold())
    assert stack.clock.elapsed <= 60


def test_a_holder_without_a_lease_keeps_the_role_for_good(stack: Stack) -> None:
    """Nobody can tell when the last one has left, so the role is ours to delete no more."""
    fifty = {f"tag-{number}": "" for number in range(48)} | MADE | HELD_BY_OTHER
    stack.account.add(ROLE, **fifty)

    assert "IAM refused its tags (LimitExceeded)" in _done(stack.hold())
    assert stack.role.tags[MADE_TAG] == "held without a lease"
    del stack.role.tags[OTHER_LEASE]
    assert _done(stack.let_go()) == (f"{ROLE} is kept: a stack whose lease IAM refused may hold it")


def test_a_holder_without_a_lease_does_not_make_the_role_ours_again(stack: Stack) -> None:
    """The mark in the description does not outweigh what a tag says since."""
    stack.account.add(ROLE, MADE_MARK, **{MADE_TAG: "held without a lease"})

    _done(stack.hold())

    assert stack.role.tags == {MADE_TAG: "held without a lease"} | HELD


def test_a_holder_without_a_lease_waits_for_one_that_leaves(stack: Stack) -> None:
    """A role that another stack is about to delete is not there, lease or no lease."""
    stack.account.add(ROLE, **{FIRST_CLOSER: NOW})
    stack.account.refuse("tag_role", "LimitExceeded", 409)
    stack.when(20, stack.account.roles.clear)

    assert "so it will be kept" in _done(stack.hold())
    assert "create_service_linked_role" in stack.account.methods()


# one arrives while another leaves


def test_waits_for_one_that_leaves_and_makes_the_role_again(stack: Stack) -> None:
    """A role that is being deleted is of no use."""
    stack.account.add(ROLE, **MADE, **{FIRST_CLOSER: NOW})
    stack.when(20, stack.account.roles.clear)

    assert _done(stack.hold()) == f"{ROLE} is made"
    assert stack.role.tags == MADE | HELD


def test_waits_for_one_that_leaves_and_gives_way(stack: Stack) -> None:
    """Whoever leaves sees the lease and takes its mark away."""
    stack.account.add(ROLE, **MADE, **{FIRST_CLOSER: NOW})
    stack.when(20, lambda: stack.role.tags.pop(FIRST_CLOSER))

    assert _done(stack.hold()) == f"{ROLE} is there already, and adopted"
    assert stack.role.tags == MADE | HELD


def test_a_role_that_goes_before_it_is_tagged_is_made_again(stack: Stack) -> None:
    """A role that is gone does not refuse its tags."""
    stack.account.add(ROLE)

    def before_call(method: str, _params: dict[str, Any]) -> None:
        if method == "tag_role" and stack.role.number == 1:
            stack.account.roles.clear()

    stack.account.before_call = before_call

    assert _done(stack.hold()) == f"{ROLE} is made"
    assert stack.role.tags == MADE | HELD


def test_a_role_that_goes_after_it_is_tagged_is_made_again(stack: Stack) -> None:
    """A lease is looked at once more, for it may be gone with its role."""
    stack.account.add(ROLE)

    def before_call(method: str, _params: dict[str, Any]) -> None:
        role = stack.account.roles.get(ROLE)
        if method == "get_role" and role is not None and role.number == 1 and LEASE in role.tags:
            stack.account.roles.clear()

    stack.account.before_call = before_call

    assert _done(stack.hold()) == f"{ROLE} is made"


def test_a_lease_that_is_not_readable_yet_is_waited_for(stack: Stack) -> None:
    """A stack holds the role once others can see that it does."""
    stack.account.add(ROLE)

    def before_call(method: str, _params: dict[str, Any]) -> None:
        if method == "get_role" and stack.account.methods().count("get_role") == 1:
            stack.role.tags.clear()

    stack.account.before_call = before_call

    _done(stack.hold())
    assert stack.role.tags == HELD


@pytest.mark.parametrize("since", [LONG_AGO, "0", "soon", ""])
def test_ignores_the_mark_of_a_run_that_died(since: str, stack: Stack) -> None:
    """A mark that nobody renews counts for nothing."""
    stack.account.add(ROLE, **{FIRST_CLOSER: since})

    assert _done(stack.hold()) == f"{ROLE} is there already, and adopted"
    assert stack.clock.elapsed == 0


def test_waits_for_a_mark_until_it_is_that_of_a_run_that_died(stack: Stack) -> None:
    """Five minutes are longer than any two renewals are apart."""
    stack.account.add(ROLE, **{FIRST_CLOSER: NOW})

    _done(stack.hold())

    assert 300 <= stack.clock.elapsed <= 320


# letting go


def test_the_last_one_deletes_the_role(stack: Stack) -> None:
    """What was made is gone, after the lease and with the closing mark."""
    stack.hold()
    done = len(stack.account.calls)

    assert _done(stack.let_go()) == f"{ROLE} is deleted"
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


def test_letting_go_of_what_is_gone_succeeds(stack: Stack) -> None:
    """Somebody may have deleted the role by hand."""
    assert _done(stack.let_go()) == f"{ROLE} is gone"
    assert stack.account.methods() == ["get_role"]


def test_letting_go_of_what_goes_meanwhile_succeeds(stack: Stack) -> None:
    """A lease that is gone with its role is dropped."""
    stack.hold()

    def before_call(method: str, _params: dict[str, Any]) -> None:
        if method == "untag_role":
            stack.account.roles.clear()

    stack.account.before_call = before_call

    assert _done(stack.let_go()) == f"{ROLE} is gone"


@pytest.mark.parametrize("method", ["tag_role", "delete_service_linked_role"])
def test_a_role_that_goes_while_it_is_being_deleted_is_deleted(method: str, stack: Stack) -> None:
    """Whoever deleted it, it is gone."""
    stack.hold()

    def before_call(called: str, _params: dict[str, Any]) -> None:
        if called == method:
            stack.account.roles.clear()

    stack.account.before_call = before_call

    assert _done(stack.let_go()) == f"{ROLE} is deleted"


def test_keeps_the_role_if_told(stack: Stack) -> None:
    """KEEP drops the lease and leaves the role to the account."""
    stack.hold()

    assert _done(stack.let_go(Removal="KEEP")) == f"{ROLE} is kept: its removal setting is KEEP"
    assert stack.role.tags == MADE


def test_keeps_a_role_that_it_did_not_make(stack: Stack) -> None:
    """What was adopted goes back as it was."""
    stack.account.add(ROLE, "Made by the service")
    stack.hold()

    assert _done(stack.let_go()) == f"{ROLE} is kept: it was not made by this library"
    assert stack.role.tags == {}


def test_keeps_a_role_that_others_hold(stack: Stack) -> None:
    """The reason names the stacks."""
    stack.hold()
    third = {lease_of(stack_id("Third", "eu-west-1")): stack_id("Third", "eu-west-1")}
    stack.role.tags |= HELD_BY_OTHER | third

    assert _done(stack.let_go()) == (
        f"{ROLE} is kept: it is held by {stack_id('Third', 'eu-west-1')}, {stack_id('Other')}"
    )
    assert stack.role.tags == MADE | HELD_BY_OTHER | third


def test_a_renamed_construct_holds_for_itself(stack: Stack) -> None:
    """The new resource takes its lease before the old one drops its own."""
    stack.hold()
    renamed = lease_of(stack_id(), "Renamed")
    stack.role.tags[renamed] = stack_id()

    assert _done(stack.let_go()) == f"{ROLE} is kept: it is held by {stack_id()}"
    assert stack.role.tags == MADE | {renamed: stack_id()}


def test_of_two_that_leave_at_once_the_last_one_deletes(stack: Stack) -> None:
    """The lease of one that left meanwhile does not count."""
    stack.hold()
    stack.role.tags |= HELD_BY_OTHER

    def before_call(method: str, _params: dict[str, Any]) -> None:
        if method == "untag_role":
            stack.role.tags.pop(OTHER_LEASE, None)

    stack.account.before_call = before_call

    assert _done(stack.let_go()) == f"{ROLE} is deleted"


def test_requires_an_adopted_role_to_go(stack: Stack) -> None:
    """REQUIRE deletes what it did not make, too."""
    stack.account.add(ROLE)
    stack.hold()

    assert _done(stack.let_go(Removal="REQUIRE")) == f"{ROLE} is deleted"
    assert stack.account.roles == {}


def test_fails_when_a_required_role_is_held_by_others(stack: Stack) -> None:
    """REQUIRE does not take a role from others."""
    stack.hold()
    stack.role.tags |= HELD_BY_OTHER

    assert _failed(stack.let_go(Removal="REQUIRE")) == (
        f"{ROLE} is required to go with this stack, but it is held by {stack_id('Other')}"
    )
    assert stack.role.tags == MADE | HELD_BY_OTHER


@pytest.mark.parametrize("seconds", [1.0, 30.0, 200.0])
def test_waits_for_a_deletion(seconds: float, stack: Stack) -> None:
    """A task is not started, then in progress, and at last decided."""
    stack.hold()
    stack.account.deletion_seconds = seconds

    assert _done(stack.let_go()) == f"{ROLE} is deleted"
    assert stack.account.methods().count("delete_service_linked_role") == 1


def test_renews_its_mark_while_it_waits(stack: Stack) -> None:
    """A mark that is old is that of a run that died, and this one has not."""
    stack.hold()
    stack.account.deletion_seconds = 400
    ages: list[int] = []

    def before_call(method: str, _params: dict[str, Any]) -> None:
        if method.startswith("get_service"):
            ages.extend(stack.clock.now() - int(at) for at in stack.closing().values())

    stack.account.before_call = before_call

    assert _done(stack.let_go()) == f"{ROLE} is deleted"
    assert len(ages) > 20
    assert max(ages) < 70


def test_leaves_no_mark_on_a_role_that_is_made_again(stack: Stack) -> None:
    """A mark that is renewed late may meet the next role of that name."""
    stack.hold()
    stack.account.deletion_seconds = 65

    def before_call(method: str, _params: dict[str, Any]) -> None:
        role = stack.account.roles.get(ROLE)
        if method == "tag_role" and stack.account.tasks and role is not None and role.number == 1:
            stack.account.add(ROLE, **MADE, **HELD_BY_OTHER)

    stack.account.before_call = before_call

    assert _done(stack.let_go()) == f"{ROLE} is deleted"
    assert stack.role.tags == MADE | HELD_BY_OTHER


@pytest.mark.parametrize("still_there", [True, False], ids=["still-there", "gone"])
def test_the_role_decides_when_iam_forgets_the_deletion(stack: Stack, *, still_there: bool) -> None:
    """A quick deletion may be forgotten before it is asked for."""
    stack.hold()
    stack.account.refuse("get_service_linked_role_deletion_status", "NoSuchEntity", 404, times=1)
    if still_there:
        stack.role.used.add(("us-east-1", CONNECTOR))
        stack.when(70, stack.role.used.clear)

    assert _done(stack.let_go()) == f"{ROLE} is deleted"
    asked = stack.account.methods().count("delete_service_linked_role")
    assert asked > 1 if still_there else asked == 1


def test_asks_again_while_the_service_lets_go(stack: Stack) -> None:
    """A deletion may fail for minutes after the last use."""
    stack.hold()
    stack.role.used.add(("us-east-1", CONNECTOR))
    stack.when(60, stack.role.used.clear)

    assert _done(stack.let_go()) == f"{ROLE} is deleted"
    assert [task.status for task in stack.account.tasks.values()][:2] == ["FAILED"] * 2
    assert list(stack.account.tasks.values())[-1].status == "SUCCEEDED"


def test_keeps_a_role_in_use_and_says_where(stack: Stack) -> None:
    """Five minutes later the reason names regions and resources."""
    stack.hold()
    stack.role.used |= {("us-east-1", CONNECTOR), ("eu-west-1", OTHER_CONNECTOR)}
    begun = stack.clock.elapsed

    assert _done(stack.let_go()) == (
        f"{ROLE} is kept: it is in use in eu-west-1: {OTHER_CONNECTOR}; us-east-1: {CONNECTOR}"
    )
    assert 240 < stack.clock.elapsed - begun <= 310
    assert stack.role.tags == MADE


def test_fails_when_a_required_role_stays_in_use(stack: Stack) -> None:
    """REQUIRE asks for as long as there is time, and gives the same list."""
    stack.hold()
    stack.role.used.add(("eu-west-1", OTHER_CONNECTOR))

    assert _failed(stack.let_go(Removal="REQUIRE")) == (
        f"{ROLE} is required to go with this stack, but it is in use in eu-west-1:"
        f" {OTHER_CONNECTOR}"
    )
    assert stack.clock.left() < 60
    assert stack.role.tags == MADE


def test_says_what_iam_says_when_nothing_is_named(stack: Stack) -> None:
    """A service need not report what uses the role."""
    stack.hold()
    stack.role.used.add(("us-east-1", CONNECTOR))
    stack.account.reason = {"Reason": "One or more resources use the role."}

    assert _done(stack.let_go()) == (
        f"{ROLE} is kept: IAM could not delete it: One or more resources use the role."
    )


@pytest.mark.parametrize(
    ("answered", "said"),
    [
        ({}, "IAM could not delete it: the service did not say why"),
        ({"RoleUsageList": []}, "IAM could not delete it: the service did not say why"),
        (
            {"RoleUsageList": [{"Region": "us-east-1"}]},
            "it is in use in us-east-1: (not named)",
        ),
        (
            {"RoleUsageList": [{"Region": "us-east-1", "Resources": []}]},
            "it is in use in us-east-1: (not named)",
        ),
    ],
    ids=["no-reason", "no-usage", "no-resources", "empty-resources"],
)
def test_says_so_when_the_service_says_little(
    answered: dict[str, Any], said: str, stack: Stack
) -> None:
    """A service might return all of the resources, a few of them, or none."""
    stack.hold()
    stack.role.used.add(("us-east-1", CONNECTOR))
    stack.account.reason = answered

    assert _done(stack.let_go()) == f"{ROLE} is kept: {said}"


def test_gives_way_to_one_that_arrives(stack: Stack) -> None:
    """Whoever leaves looks for leases before each request, and takes its mark away."""
    stack.hold()
    stack.role.used.add(("us-east-1", CONNECTOR))
    stack.when(60, lambda: stack.role.tags.update(HELD_BY_OTHER))

    assert _done(stack.let_go()) == f"{ROLE} is kept: it is held by {stack_id('Other')}"
    assert stack.role.tags == MADE | HELD_BY_OTHER


def test_steps_back_from_one_that_closes_first(stack: Stack) -> None:
    """Two that ask IAM at once could delete a role that was made in between."""
    stack.account.add(ROLE, **MADE, **{FIRST_CLOSER: NOW})
    stack.when(20, stack.account.roles.clear)

    assert _done(stack.let_go()) == f"{ROLE} is deleted"
    assert "delete_service_linked_role" not in stack.account.methods()
    assert stack.account.methods().count("untag_role") > 0


def test_goes_on_once_the_other_steps_back(stack: Stack) -> None:
    """Of two that see each other, the first by name waits with its mark on."""
    stack.account.add(ROLE, **MADE, **{LAST_CLOSER: NOW})
    stack.when(20, lambda: stack.role.tags.pop(LAST_CLOSER))

    assert _done(stack.let_go()) == f"{ROLE} is deleted"
    assert "untag_role" not in stack.account.methods()


def test_goes_on_once_the_other_has_died(stack: Stack) -> None:
    """A mark that nobody renews counts for nothing, here too."""
    stack.account.add(ROLE, **MADE, **{FIRST_CLOSER: str(EPOCH - 200)})

    assert _done(stack.let_go()) == f"{ROLE} is deleted"
    assert 100 <= stack.clock.elapsed <= 160


def test_keeps_a_role_that_another_goes_on_deleting(stack: Stack) -> None:
    """Whoever has stepped back leaves no mark behind."""
    stack.account.add(ROLE, **MADE, **{FIRST_CLOSER: str(EPOCH + 10_000)})

    assert _done(stack.let_go()) == f"{ROLE} is kept: another stack is deleting it"
    assert list(stack.closing()) == [FIRST_CLOSER]


def test_marks_a_role_that_was_made_anew(stack: Stack) -> None:
    """A mark goes with its role, so it is on the role that is to be deleted."""
    stack.hold()
    replaced: list[Role] = []

    def before_call(method: str, _params: dict[str, Any]) -> None:
        closing = ROLE in stack.account.roles and stack.closing()
        if method == "get_role" and closing and not replaced:
            del stack.account.roles[ROLE]
            replaced.append(stack.account.add(ROLE, **MADE))

    stack.account.before_call = before_call

    assert _done(stack.let_go()) == f"{ROLE} is deleted"
    assert stack.account.methods()[-5:] == [
        "get_role",
        "tag_role",
        "get_role",
        "delete_service_linked_role",
        "get_service_linked_role_deletion_status",
    ]


def test_keeps_the_role_when_it_cannot_mark_it_again(stack: Stack) -> None:
    """Without a mark it could take the role from one that arrives."""
    stack.account.add(ROLE, **MADE, **{LAST_CLOSER: NOW})
    stack.account.refuse("tag_role", "LimitExceeded", 409, skip=1)

    assert _done(stack.let_go()) == f"{ROLE} is kept: IAM refused its tags (LimitExceeded)"


@pytest.mark.parametrize("method", ["untag_role", "tag_role"])
def test_keeps_the_role_when_its_tags_may_not_be_changed(method: str, stack: Stack) -> None:
    """A stack that cannot tell the others does not delete what they may need."""
    stack.hold()
    begun = stack.clock.elapsed
    stack.account.refuse(method, "AccessDenied", 403)

    assert _done(stack.let_go()) == f"{ROLE} is kept: IAM refused its tags (AccessDenied)"
    assert stack.clock.elapsed - begun <= 60
    assert "delete_service_linked_role" not in stack.account.methods()


@pytest.mark.parametrize("method", ["untag_role", "tag_role"])
def test_fails_when_a_required_role_may_not_be_tagged(method: str, stack: Stack) -> None:
    """REQUIRE says why the role is still there."""
    stack.hold()
    stack.account.refuse(method, "AccessDenied", 403)

    assert _failed(stack.let_go(Removal="REQUIRE")) == (
        f"{ROLE} is required to go with this stack, but IAM refused its tags (AccessDenied)"
    )


def test_keeps_the_role_when_its_deletion_is_denied(stack: Stack) -> None:
    """A denial does not pass with time, so it is told within a minute."""
    stack.hold()
    begun = stack.clock.elapsed
    stack.account.refuse("delete_service_linked_role", "AccessDenied", 403)

    assert _done(stack.let_go()) == (
        f"{ROLE} is kept: IAM refused iam:DeleteServiceLinkedRole: AccessDenied: AWS says no"
    )
    assert stack.clock.elapsed - begun <= 60
    assert stack.role.tags == MADE


def test_fails_when_the_deletion_of_a_required_role_is_denied(stack: Stack) -> None:
    """REQUIRE says the same, and as soon."""
    stack.hold()
    begun = stack.clock.elapsed
    stack.account.refuse("delete_service_linked_role", "AccessDenied", 403)

    assert "IAM refused iam:DeleteServiceLinkedRole" in _failed(stack.let_go(Removal="REQUIRE"))
    assert stack.clock.elapsed - begun <= 60


def test_asks_again_after_a_refusal_that_may_pass(stack: Stack) -> None:
    """IAM has a limit for deletions at a time."""
    stack.hold()
    stack.account.refuse("delete_service_linked_role", "LimitExceeded", 409, times=3)

    assert _done(stack.let_go()) == f"{ROLE} is deleted"


@pytest.mark.parametrize("gone", [True, False], ids=["gone", "still-there"])
def test_the_role_decides_when_the_status_is_denied(stack: Stack, *, gone: bool) -> None:
    """The mark stays on a role that IAM may delete yet."""
    stack.hold()
    begun = stack.clock.elapsed
    stack.account.deletion_seconds = 10 if gone else 500
    stack.account.refuse("get_service_linked_role_deletion_status", "AccessDenied", 403)
    reason = _done(stack.let_go())

    assert stack.clock.elapsed - begun <= 60
    if gone:
        assert reason == f"{ROLE} is deleted"
    else:
        assert reason == (
            f"{ROLE} is kept: IAM does not say how the deletion goes: AccessDenied: AWS says no"
        )
        assert len(stack.closing()) == 1


def test_leaves_its_mark_on_a_role_that_is_still_being_deleted(stack: Stack) -> None:
    """Whoever arrives now waits until the role is gone."""
    stack.hold()
    stack.account.deletion_seconds = 10_000

    assert _done(stack.let_go()) == f"{ROLE} is kept: IAM is still deleting it"
    assert len(stack.closing()) == 1
    assert stack.clock.left() > 0


def test_fails_when_there_is_no_time_to_leave(account: Account) -> None:
    """A delete that begins late is answered in time, and goes on when it is tried again."""
    account.add(ROLE, **MADE, **HELD)
    late = Stack(account, FakeClock(2))

    assert "ran out of time" in _failed(late.let_go())
    assert _done(Stack(account, FakeClock()).let_go()) == f"{ROLE} is deleted"


def test_leases_and_marks_fit_a_tag(stack: Stack) -> None:
    """IAM takes keys of 128 characters and values of 256."""
    stack.hold()
    stack.account.deletion_seconds = 10_000
    keys = list(stack.role.tags)
    stack.let_go()
    keys += stack.role.tags

    assert max(map(len, keys)) <= 128
    assert all(key.startswith((LEASE_TAG, CLOSING_TAG, MADE_TAG)) for key in keys)
