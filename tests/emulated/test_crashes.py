"""The function's process goes, or its time does, in the middle of whatever it was doing.

AWS's word: that Lambda tries an event again, one minute and then two after a run that failed, that
CloudFormation waits for an answer as long as `ServiceTimeout` says, and that it rolls back then.
Our model: where a run crashes; that a call may take more time than a run has; and that a change of
`ServiceTimeout` alone is an update.
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
    from tests.emulated.emulator.journal import Entry
    from tests.emulated.stacks import Account, Ended, Template
    from tests.fake_services.wire import Call

_ROLE = "Custom::ServiceLinkedRole"
#: its role is looked at there, and in no other recipe: the function does the same for all of them.
_ROLE_RECIPE = "sessions"
#: the recipe in which each type of custom resource is looked at; a release does nothing on create.
_RECIPE_OF = {**RECIPE_OF, _ROLE: _ROLE_RECIPE}
_READS = ("Get", "List", "Describe")

_NO_ANSWER = "CloudFormation did not receive a response from your Custom Resource"
_NO_TIME = "ran out of time; trying again goes on from where it stopped"


def _updated(template: Template) -> Template:
    """Return a template that asks everything of the function once more."""
    body = copy.deepcopy(dict(template.body))
    for resource in body["Resources"].values():
        if resource["Type"].startswith("Custom::"):
            resource["Properties"]["ServiceTimeout"] += 1
        if resource["Type"] == _ROLE:
            resource["Properties"]["Description"] = "Another one"
    return dataclasses.replace(template, body=body)


def _looked_at(recipe: str, type: str) -> bool:
    return type != _ROLE or recipe == _ROLE_RECIPE


@dataclass(slots=True)
class _Once:
    """Strikes one call of the first try of every event."""

    recipe: str
    number: int
    fault: Fault
    seen: Counter[str] = field(default_factory=Counter)
    struck: dict[str, str] = field(default_factory=dict)

    def __call__(self, run: Run, call: Call) -> Fault | None:
        """Return what happens to a call."""
        event = str(run.event["RequestId"])
        if event in self.struck or not _looked_at(self.recipe, run.type):
            return None
        self.seen[event] += 1
        if self.seen[event] <= self.number:
            return None
        self.struck[event] = f"{run.request} {run.type}: {call.operation}"
        return self.fault


@dataclass(slots=True)
class _Always:
    """Strikes every try of the first event of a kind.

    The first of them at its first call that changes something, and the others at their first call:
    each would go on where the one before stopped, and might come to an end.
    """

    type: str
    request: str
    fault: Fault
    event: str | None = None

    def __call__(self, run: Run, call: Call) -> Fault | None:
        """Return what happens to a call."""
        if (run.type, run.request) != (self.type, self.request):
            return None
        if self.event is None and not call.operation.startswith(_READS):
            self.event = str(run.event["RequestId"])
        return self.fault if run.event["RequestId"] == self.event else None


def _story(account: Account, *ended: Ended) -> str:
    told = account.emulator.journal.of(account.id, "call", "answer", "role", "switch", "ended")
    return "\n".join(("", *map(str, (*ended, *told))))


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
    """Whether the call was carried out or not, for each call of each create, update and delete."""
    account = new_account()
    template = prepared(account, recipe)
    before = left(account)
    struck: list[str] = []
    for number in itertools.count():
        # the last time round nothing is struck any more, and all calls were those of a clean run
        once = _Once(recipe, number, Crash(done=done))
        account.emulator.behaviour.fault = once
        account.emulator.behaviour.makes_every_role = True
        where = f"call {number} of {recipe}"
        for act, wanted in (
            (account.deploy, template),
            (account.deploy, _updated(template)),
            (account.destroy, template),
        ):
            ended = act(wanted)
            assert ended.well, f"{where}: {once.struck}{_story(account, ended)}"
        struck += once.struck.values()
        assert _crashes(account) == ["it crashed"] * len(struck), where
        assert left(account) == before, f"{where}: {once.struck}{_story(account)}"
        if not once.struck:
            break
    assert broken(_rest(account)) == [], _story(account)
    asked = {
        f"{entry.details['request']} {entry.type}: {entry.action.partition(':')[2]}"
        for entry in account.emulator.journal.of(account.id, "call")
        if _looked_at(recipe, entry.type)
    }
    assert asked == {*struck}
    tally("crashes", kinds_of_call=0 if done else len(asked), crashes=len(struck), left_over=0)


def test_a_role_made_by_a_create_without_an_answer_goes_in_the_rollback(account: Account) -> None:
    """The run ends between making the role and tagging it, and there is no other try."""
    account.emulator.behaviour.fault = _Always(_ROLE, "Create", Slow(2000))
    template = prepared(account, _ROLE_RECIPE)
    assert account.deploy(template).status == "ROLLBACK_COMPLETE"
    assert account.emulator.roles.of(account.id) == [], _story(account)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        pytest.param(Crash(done=True), _NO_ANSWER, id="crash"),
        pytest.param(Slow(2000), _NO_TIME, id="slow"),
    ],
)
@pytest.mark.parametrize("type", _RECIPE_OF)
def test_an_operation_that_cannot_end_fails_and_the_next_attempt_completes(
    type: str, fault: Fault, why: str, account: Account, tally: Callable[..., None]
) -> None:
    """With a reason: a create and an update are rolled back, a stack can be deleted once more."""
    behaviour = account.emulator.behaviour
    behaviour.makes_every_role = True
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
            # nothing is called that could go wrong
            assert type.endswith("Release"), story
            assert ended.well, story
            return False
        assert ended.status == status, story
        assert any(why in reason for reason in ended.reasons), story
        return True

    if attempt("Create", account.deploy, template, "ROLLBACK_COMPLETE"):
        failed += 1
        assert account.destroy(template).well, _story(account)
        assert left(account) == before, _story(account)
        assert account.deploy(template).well, _story(account)
    failed += attempt("Update", account.deploy, _updated(template), "UPDATE_ROLLBACK_COMPLETE")
    assert attempt("Delete", account.destroy, template, "DELETE_FAILED")
    assert account.destroy(template).well, _story(account)
    assert left(account) == before, _story(account)
    assert broken(_rest(account)) == [], _story(account)
    tally("crashes", operations_that_could_not_end=failed + 1, left_over=0)
