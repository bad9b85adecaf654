"""The function's process crashes or times out at any point of its work.

Documented by AWS: Lambda retries an event one minute and then two minutes after a failed run, and
CloudFormation waits for a response until `ServiceTimeout` and then rolls back. Our model: the call
at which a run crashes; that a call may take more time than a run has; and that a change of only
`ServiceTimeout` is an update.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.emulated.emulator.behaviour import Crash, Slow
from tests.emulated.recipes import RECIPE_OF, prepared
from tests.emulated.verdict import broken, left

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.emulated.emulator.behaviour import Fault
    from tests.emulated.emulator.functions import Run
    from tests.emulated.journal import Entry
    from tests.emulated.stacks import Account, Ended, Template
    from tests.fake_services.wire import Call

_ROLE = "Custom::ServiceLinkedRole"
#: the only recipe whose role is tested: the function does the same in all recipes.
_ROLE_RECIPE = "sessions"
#: the recipe that tests each type of custom resource; a clean-up resource does nothing on create.
_RECIPE_OF = {**RECIPE_OF, _ROLE: _ROLE_RECIPE}
_READS = ("Get", "List", "Describe")

_NO_RESPONSE = "CloudFormation did not receive a response from your Custom Resource"
_NO_TIME = "ran out of time. Try again: the function continues where it stopped"


def _updated(template: Template) -> Template:
    """Return a template that updates every custom resource."""
    body = copy.deepcopy(dict(template.body))
    for resource in body["Resources"].values():
        if resource["Type"].startswith("Custom::"):
            resource["Properties"]["ServiceTimeout"] += 1
        if resource["Type"] == _ROLE:
            resource["Properties"]["Description"] = "Another one"
    return dataclasses.replace(template, body=body)


def _is_tested(recipe: str, type: str) -> bool:
    return type != _ROLE or recipe == _ROLE_RECIPE


@dataclass(slots=True)
class _Once:
    """Injects a fault into one call of the first try of every event."""

    recipe: str
    number: int
    fault: Fault
    seen: Counter[str] = field(default_factory=Counter)
    hit: dict[str, str] = field(default_factory=dict)

    def __call__(self, run: Run, call: Call) -> Fault | None:
        """Return the fault of a call."""
        event = str(run.event["RequestId"])
        if event in self.hit or not _is_tested(self.recipe, run.type):
            return None
        self.seen[event] += 1
        if self.seen[event] <= self.number:
            return None
        self.hit[event] = f"{run.request} {run.type}: {call.operation}"
        return self.fault


@dataclass(slots=True)
class _Always:
    """Injects a fault into every try of the first event of a kind.

    The first try fails at its first call that changes something. Later tries fail at their first
    call, because each try continues where the previous one stopped, and could complete.
    """

    type: str
    request: str
    fault: Fault
    event: str | None = None

    def __call__(self, run: Run, call: Call) -> Fault | None:
        """Return the fault of a call."""
        if (run.type, run.request) != (self.type, self.request):
            return None
        if self.event is None and not call.operation.startswith(_READS):
            self.event = str(run.event["RequestId"])
        return self.fault if run.event["RequestId"] == self.event else None


def _story(account: Account, *ended: Ended) -> str:
    entries = account.emulator.journal.of(
        account.id, "call", "response", "role", "feature", "ended"
    )
    return "\n".join(("", *map(str, (*ended, *entries))))


def _crashes(account: Account) -> list[str]:
    return [entry.details["why"] for entry in account.emulator.journal.of(account.id, "ended")]


def _rest(account: Account) -> Sequence[Entry]:
    entries = account.emulator.journal.of(account.id)
    return [entry for entry in entries if entry.what != "ended"]


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("recipe", sorted({*_RECIPE_OF.values()}))
def test_after_a_crash_at_any_call_the_next_try_completes(
    recipe: str,
    done: bool,  # noqa: FBT001 - as pytest calls it
    new_account: Callable[[], Account],
    tally: Callable[..., None],
) -> None:
    """At each call of each create, update and delete, before or after the call is carried out."""
    account = new_account()
    template = prepared(account, recipe)
    before = left(account)
    hit: list[str] = []
    for number in itertools.count():
        # the last iteration has no fault, and all its calls are those of a normal run
        once = _Once(recipe, number, Crash(done=done))
        account.emulator.behaviour.fault = once
        account.emulator.behaviour.creates_every_role = True
        where = f"call {number} of {recipe}"
        for act, wanted in (
            (account.deploy, template),
            (account.deploy, _updated(template)),
            (account.destroy, template),
        ):
            ended = act(wanted)
            assert ended.succeeded, f"{where}: {once.hit}{_story(account, ended)}"
        hit += once.hit.values()
        assert _crashes(account) == ["it crashed"] * len(hit), where
        assert left(account) == before, f"{where}: {once.hit}{_story(account)}"
        if not once.hit:
            break
    assert broken(_rest(account)) == [], _story(account)
    called = {
        f"{entry.details['request']} {entry.type}: {entry.action.partition(':')[2]}"
        for entry in account.emulator.journal.of(account.id, "call")
        if _is_tested(recipe, entry.type)
    }
    assert called == {*hit}
    tally("crashes", kinds_of_call=0 if done else len(called), crashes=len(hit), left_over=0)


def test_the_rollback_deletes_a_role_of_a_create_without_a_response(account: Account) -> None:
    """The run ends between creating the role and tagging it, without a retry."""
    account.emulator.behaviour.fault = _Always(_ROLE, "Create", Slow(2000))
    template = prepared(account, _ROLE_RECIPE)
    assert account.deploy(template).status == "ROLLBACK_COMPLETE"
    assert account.emulator.roles.of(account.id) == [], _story(account)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        pytest.param(Crash(done=True), _NO_RESPONSE, id="crash"),
        pytest.param(Slow(2000), _NO_TIME, id="slow"),
    ],
)
@pytest.mark.parametrize("type", _RECIPE_OF)
def test_an_operation_that_cannot_complete_fails_and_the_next_attempt_completes(
    type: str, fault: Fault, why: str, account: Account, tally: Callable[..., None]
) -> None:
    """The stack reports a reason: create and update are rolled back, delete can be repeated."""
    behaviour = account.emulator.behaviour
    behaviour.creates_every_role = True
    template = prepared(account, _RECIPE_OF[type])
    before = left(account)
    failed = 0

    def attempt(
        request: str, act: Callable[[Template], Ended], wanted: Template, status: str
    ) -> bool:
        behaviour.fault = always = _Always(type, request, fault)
        ended = act(wanted)
        story = f"{request}: {_story(account, ended)}"
        if always.event is None:
            # the operation makes no call that could fail
            assert type.endswith("CleanUp"), story
            assert ended.succeeded, story
            return False
        assert ended.status == status, story
        assert any(why in reason for reason in ended.reasons), story
        return True

    if attempt("Create", account.deploy, template, "ROLLBACK_COMPLETE"):
        failed += 1
        assert account.destroy(template).succeeded, _story(account)
        assert left(account) == before, _story(account)
        assert account.deploy(template).succeeded, _story(account)
    failed += attempt("Update", account.deploy, _updated(template), "UPDATE_ROLLBACK_COMPLETE")
    assert attempt("Delete", account.destroy, template, "DELETE_FAILED")
    assert account.destroy(template).succeeded, _story(account)
    assert left(account) == before, _story(account)
    assert broken(_rest(account)) == [], _story(account)
    tally("crashes", operations_that_could_not_complete=failed + 1, left_over=0)
