"""Another resource fails while CloudFormation waits for the function.

Documented by AWS: CloudFormation works on independent resources at the same time, and Lambda
delivers an event at least once, perhaps late. Reported by users: CloudFormation cancels the
resources in progress, and sends a Delete about two seconds later, with a physical id that it
generated, while the function still runs (aws-cloudformation/cloudformation-coverage-roadmap issues
1730 and 1814, aws/aws-cdk pull request 36951). It sends an Update with the old properties after a
cancelled update. Our model: `emulator/wait_conditions.py`, and how late events and responses are.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import itertools
import json
import math
import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulated.emulator.behaviour import Refusal, Slow
from tests.emulated.recipes import EXISTING, failing_after, prepared
from tests.emulated.verdict import left
from tests.fake_services import wire
from tests.features.every_feature import RECIPES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from tests.emulated.emulator.behaviour import Fault
    from tests.emulated.emulator.functions import Run
    from tests.emulated.journal import Entry
    from tests.emulated.stacks import Account, Begun, Ended, Template
    from tests.fake_services.wire import Call

#: longer than a second, so that a whole second lies between two calls.
_CALL_SECONDS = 1.25
#: longer than a run, its retries and all delays take.
_LATER = 7200
_SEEDS = 60
_SEEDS_A_TEST = 15
#: a seed with two deliveries of each event.
_REPEATED = 7


def _story(account: Account, since: int = 0) -> str:
    entries = account.emulator.journal.of(account.id)[since:]
    shown = [str(each)[:260] for each in entries if each.what not in {"log", "resource"}]
    return "\n".join(("", *shown))


def _left(account: Account) -> list[str]:
    # IVS creates this role for itself
    return [each for each in left(account) if not each.endswith("AWSServiceRoleForIVSRecordToS3")]


def _to_the_end(account: Account, begin: Callable[[], Begun]) -> tuple[Ended, list[Entry]]:
    """Run an operation from a whole minute on, until every run of the function has ended."""
    entries: list[Entry] = []
    clock, listeners = account.emulator.clock, account.emulator.journal.listeners
    with account.emulator.paused() as actor:
        clock.sleep(actor, -clock.now() % 60)
        listeners.append(entries.append)
        begun = begin()
        clock.sleep(actor, _LATER)
        listeners.remove(entries.append)
    return begun.end(), entries


def _moments(entries: Sequence[Entry], requests: Collection[str]) -> list[int]:
    """Return one second before each call, and after the last call, of the requests' runs."""
    times = [each.time for each in entries if each.what in {"event", "call", "response"}]
    of_request = {
        each.time
        for each in entries
        if each.what != "event" and each.details.get("request", each.action) in requests
    }
    return [
        math.floor(before - times[0]) + 1
        for before, after in itertools.pairwise(times)
        if after in of_request and after - before >= 1
    ]


def _count(account: Account, tally: Callable[..., None], **counts: int) -> None:
    journal = account.emulator.journal
    happened = {
        what: len(journal.of(account.id, what)) for what in ("cancelled", "ignored", "dropped")
    }
    tally("cancellation", **counts, **happened, left_over=0)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_create_that_is_cancelled_at_any_call_leaves_nothing(
    recipe: str, account: Account, tally: Callable[..., None]
) -> None:
    """The role has no lease and is deleted, and the feature is disabled."""
    template = prepared(account, recipe)
    before = _left(account)
    account.emulator.behaviour.call_seconds = lambda: _CALL_SECONDS
    ended, entries = _to_the_end(account, lambda: account.begin_deploy(template))
    assert ended.succeeded, _story(account)
    assert account.destroy(template).succeeded
    moments = _moments(entries, {"Create"})
    for seconds in moments:
        _fails(account, failing_after(template, seconds), before, f"after {seconds} seconds")
    cancelled = account.emulator.journal.of(account.id, "cancelled")
    assert len(cancelled) == len(moments), _story(account)
    _count(account, tally, creates=len(moments))


def _fails(account: Account, failing: Template, before: list[str], where: str) -> None:
    """Deploy and delete a stack that fails, and check that nothing is left."""
    known = len(account.emulator.journal.of(account.id))
    ended, _ = _to_the_end(account, lambda: account.begin_deploy(failing))
    story = f"{where}: {ended}{_story(account, known)}"
    assert ended.status == "ROLLBACK_COMPLETE", story
    assert _left(account) == before, story
    assert account.destroy(failing).succeeded, story


class _Seed:
    """The random behaviour of AWS of one seed, while a stack is created and fails.

    The function's policies are not visible at first. Lambda delivers Creates twice and late, and
    Deletes a little late. Calls and their responses are slow, within the timeouts of the function's
    clients.
    """

    def __init__(self, account: Account, seed: int) -> None:
        self._account = account
        self._choose = choose = random.Random(f"cancellation {seed}")  # noqa: S311 - no secret
        self._began = account.emulator.clock.now()
        self._hidden = choose.choice((0, 0, 0, 6, 20))
        self._slow = choose.choice((0.0, 0.0, 0.2))
        self._starts = choose.choice(((0,), (0,), (0, 0, 3, 9), (0, 5, 40, 200, 400)))
        self._latencies = choose.choice(((0.05,), (0.05, 0.3, 1.25), (0.3, 1.25, 4.5)))
        behaviour = account.emulator.behaviour
        behaviour.chance = choose
        behaviour.order_seed = str(seed)
        behaviour.deliveries = choose.choice((1, 1, 2))
        behaviour.call_seconds = lambda: choose.choice(self._latencies)
        behaviour.start_seconds = self._start
        behaviour.fault = self._fault
        self.recipe = choose.choice([*RECIPES])
        self.seconds = choose.randint(1, choose.choice((10, 20, 40, 500)))

    def _start(self, event: Mapping[str, Any]) -> float:
        late = self._choose.choice(self._starts)
        return late if event["RequestType"] == "Create" else min(late, 10)

    def _fault(self, run: Run, call: Call) -> Fault | None:
        if (
            run.request == "Create"
            and self._account.emulator.clock.now() < self._began + self._hidden
        ):
            denied = wire.denied(call.service, call.operation, "the function", call.operation)
            return Refusal(denied.code, denied.message, denied.status)
        # a question to CloudFormation has a shorter timeout than this
        slow = call.service != "cloudformation" and self._choose.random() < self._slow
        return Slow(10.0) if slow else None


@pytest.mark.parametrize("first", range(0, _SEEDS, _SEEDS_A_TEST))
def test_late_slow_and_repeated_runs_of_a_cancelled_create_leave_nothing(
    first: int, new_account: Callable[[], Account], tally: Callable[..., None]
) -> None:
    """Recipe, moment of the failure, order, deliveries and delays are random."""
    for number in range(first, first + _SEEDS_A_TEST):
        account = new_account()
        seed = _Seed(account, number)
        template = prepared(account, seed.recipe)
        before = _left(account)
        behaviour = account.emulator.behaviour
        _fails(account, failing_after(template, seed.seconds), before, f"seed {number}")
        repeated = behaviour.deliveries - 1
        _count(account, tally, creates=1, delivered_twice=repeated)


def test_a_seed_can_be_repeated(new_account: Callable[[], Account]) -> None:
    """The same seed gives the same journal with the same times."""
    journals = []
    for _ in range(2):
        account = new_account()
        seed = _Seed(account, _REPEATED)
        template = failing_after(prepared(account, seed.recipe), seed.seconds)
        _, entries = _to_the_end(account, functools.partial(account.begin_deploy, template))
        journals.append(
            [
                (each.time - entries[0].time, each.what, each.action, each.logical_id)
                for each in entries
            ]
        )
    assert [entry[1] for entry in journals[0]].count("cancelled") == 1
    assert journals[0] == journals[1]


@pytest.mark.parametrize("recipe", EXISTING)
def test_an_update_to_another_owner_that_is_cancelled_at_any_call_changes_nothing(
    recipe: str, account: Account, tally: Callable[..., None]
) -> None:
    """The feature is configured on the previous owner, and disabled on the other one."""
    here, there = (prepared(account, recipe, letter) for letter in "ab")
    before = _left(account)
    account.emulator.behaviour.call_seconds = lambda: _CALL_SECONDS
    assert account.deploy(here).succeeded
    ended, entries = _to_the_end(account, lambda: account.begin_deploy(there))
    assert ended.succeeded, _story(account)
    assert account.deploy(here).succeeded
    settings = _settings(account)
    moments = _moments(entries, {"Create", "Update"})
    for seconds in moments:
        known = len(account.emulator.journal.of(account.id))
        failing = failing_after(there, seconds)
        ended, _ = _to_the_end(account, functools.partial(account.begin_deploy, failing))
        story = f"after {seconds} seconds: {ended}{_story(account, known)}"
        assert ended.status == "UPDATE_ROLLBACK_COMPLETE", story
        assert _settings(account) == settings, story
    assert account.destroy(here).succeeded
    assert _left(account) == before
    assert len(account.emulator.journal.of(account.id, "cancelled")) == len(moments) > 0
    _count(account, tally, updates=len(moments))


def _settings(account: Account) -> dict[str, str]:
    """Return the settings of all owners, by ARN."""
    return {
        target.arn: json.dumps(target.data, sort_keys=True)
        for target in account.emulator.features._targets.values()
        if target.account == account.id
    }


def _without_questions(template: Template) -> Template:
    """Return a template whose function may not ask CloudFormation."""
    body = copy.deepcopy(dict(template.body))

    def strip(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(actions := value.get("Action"), list):
                actions[:] = [each for each in actions if not each.startswith("cloudformation:")]
            strip([*value.values()])
        elif isinstance(value, list):
            for each in value:
                strip(each)

    strip(body)
    return dataclasses.replace(template, body=body)


def test_without_the_permission_to_ask_the_function_works_and_logs_it(
    account: Account, tally: Callable[..., None]
) -> None:
    """A service control policy, for example, may take the permission away."""
    template = _without_questions(prepared(account, "existing-sessions"))
    before = _left(account)

    assert account.deploy(template).succeeded, _story(account)

    journal = account.emulator.journal
    denied = [
        each.details["status"]
        for each in journal.of(account.id, "call")
        if each.action.startswith("cloudformation:")
    ]
    assert set(denied) == {403}
    logged = [each.details["line"]["event"] for each in journal.of(account.id, "log")]
    assert "cancellation not noticed" in logged
    assert account.destroy(template).succeeded, _story(account)
    assert _left(account) == before
    tally("cancellation", without_permission=1)
