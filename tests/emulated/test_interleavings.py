"""Two stacks in two regions of one account that share one role.

Our model: an outsider is any other actor of the account that concerns the role. It creates the role
before the stacks, or uses it for some time, or creates it like a service that needs the missing
role. The second delivery of an event ends before CloudFormation starts the stack's next operation.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import itertools
import math
import random
import re
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from slr_constructs import catalogue
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    DELETION_LOCK_TAG,
    LEASE_TAG,
)
from tests.emulated.emulator.behaviour import Crash
from tests.emulated.stacks import synthesized
from tests.emulated.verdict import broken, left
from tests.features.every_feature import RECIPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.emulated.emulator.behaviour import Fault
    from tests.emulated.emulator.functions import Run
    from tests.emulated.journal import Entry
    from tests.emulated.stacks import Account, Begun, Ended, Template
    from tests.fake_services.service_linked_roles import Role
    from tests.fake_services.wire import Call

_SEEDS = 200
_SEEDS_A_TEST = 20
_REGIONS = ("us-east-1", "eu-west-1")
_DEFINITION = catalogue.MEDIATAILOR
_ROLE = "Custom::ServiceLinkedRole"
_OUTSIDER = "arn:aws:mediatailor:eu-central-1:111122223333:playbackConfiguration/theirs"
_THEIRS = "Created by the service"
#: powers of two, so that sums of times are exact.
_TICK = 2.0**-6
_APART = 2.0**-10
#: the reasons for which the deletion of a stack with a required removal may fail.
_REQUIRED = re.compile(
    r"AWSServiceRoleFor\w+ must be deleted with this stack, but"
    r" (these stacks have a lease on it: |it is in use in eu-central-1: arn:aws:mediatailor:)"
)


@functools.cache
def _synthesized(recipe: str) -> Template:
    return synthesized(lambda stack: RECIPES[recipe].define(stack, "a", None))


def _template(
    removal: str, description: str | None = None, *, recipe: str = "sessions"
) -> Template:
    """Return a small stack: a feature on its own owner, and its role."""
    template = _synthesized(recipe)
    body = copy.deepcopy(dict(template.body))
    (role,) = (each for each in body["Resources"].values() if each["Type"] == _ROLE)
    role["Properties"]["Removal"] = removal
    if description is not None:
        role["Properties"]["Description"] = description
    return dataclasses.replace(template, body=body)


@dataclass(slots=True)
class _Stack:
    """One of the two stacks, and its remaining operations; None is a deletion."""

    account: Account
    region: str
    removal: str
    plan: deque[Template | None]
    pauses: Iterator[float]
    next: float
    begun: Begun | None = None
    exists: bool = False
    ended: list[Ended] = field(default_factory=list)

    @property
    def idle(self) -> bool:
        """Whether no operation is in progress or planned."""
        return self.begun is None and not self.plan and not self._runs()

    def advance(self, now: float) -> None:
        """Record the end of an operation, or begin the next one at its time."""
        if self.begun is not None:
            if self.account.emulator.ended(self.begun.stack_id) >= self.begun.operations:
                self._end(self.begun, now)
        elif self.plan and now >= self.next and not self._runs():
            wanted = self.plan.popleft()
            if wanted is None:
                template = _template(self.removal)
                self.begun = self.account.begin_destroy(template, self.region)
            else:
                self.begun = self.account.begin_deploy(wanted, self.region)

    def _end(self, begun: Begun, now: float) -> None:
        ended = begun.end()
        self.begun = None
        self.next = now + next(self.pauses)
        self.ended.append(ended)
        self.exists = ended.status != "DELETE_COMPLETE"
        if ended.status == "DELETE_FAILED":
            # now it can only be deleted, after the other usages have ended
            self.plan.clear()

    def _runs(self) -> bool:
        running = self.account.emulator._functions.running.values()
        return any(run.function.region == self.region for run in list(running))


@dataclass(slots=True)
class _Outsider:
    """Another actor in the account."""

    account: Account
    #: whether it creates the role if the role is missing, as services do.
    creates: bool
    begins: float
    ends: float
    uses: bool = False
    #: the role that it has created.
    role: Role | None = None

    def create_role(self) -> None:
        """Create the role, as its service does."""
        roles = self.account.emulator.roles
        roles.make(self.account.id, _DEFINITION, description=_THEIRS)
        self.role = roles.role(self.account.id, _DEFINITION.role_name)

    def advance(self, now: float) -> None:
        """Begin to use the role, or stop using it."""
        emulator, account, name = self.account.emulator, self.account.id, _DEFINITION.role_name
        used = (account, name, "eu-central-1", _OUTSIDER)
        if self.begins <= now < self.ends and not self.uses:
            if self.creates and not emulator.roles.exists(account, name):
                self.create_role()
            if emulator.roles.exists(account, name):
                emulator.features.add_use(*used)
                self.uses = True
        elif now >= self.ends and self.uses:
            emulator.features.remove_use(*used)
            self.uses = False


class _Seed:
    """The random scenario of one seed, run in an empty account."""

    def __init__(self, account: Account, seed: int) -> None:
        self._account = account
        self._emulator = account.emulator
        self._emulator.reset()
        self._choose = choose = random.Random(f"interleaving {seed}")  # noqa: S311 - no secret
        #: its entries in the journal.
        self.entries: list[Entry] = []
        self._start = start = account.emulator.clock.now()
        #: the possible final descriptions of the outsider's role.
        self._descriptions = {_THEIRS}
        behaviour = account.emulator.behaviour
        slowest = choose.choice((8, 32, 128))
        behaviour.call_seconds = lambda: choose.randint(1, slowest) * _TICK
        behaviour.deletion_seconds = choose.choice((1, 3, 8, 20))
        behaviour.chance = choose
        kind = choose.choice(("no fault", "no fault", "twice", "crash"))
        self._twice = kind == "twice"
        behaviour.deliveries = 2 if self._twice else 1
        self._crash_at = choose.randrange(40) if kind == "crash" else None
        self._crash = Crash(done=choose.random() < 0.5)
        self._calls = itertools.count()
        behaviour.fault = self._fault
        outsider = choose.choice(("none", "none", "created it", "uses it", "creates it"))
        begins = start + choose.randrange(60)
        ends = begins + (choose.randrange(10, 90) if outsider in {"uses it", "creates it"} else 0)
        self._outsider = _Outsider(account, outsider == "creates it", begins, ends)
        self._outsider_first = outsider == "created it"
        # a required removal also deletes a role that was only adopted
        removals = ["WHEN_UNUSED"] * 2
        if outsider in {"none", "uses it"} and choose.random() < 0.25:
            removals[choose.randrange(2)] = "REQUIRE"
        self.stacks = [
            _Stack(
                account,
                region,
                removal,
                deque(self._plan(removal)),
                (choose.randrange(120) / 4 for _ in itertools.count()),
                start + choose.randrange(160) / 4,
            )
            for region, removal in zip(_REGIONS, removals, strict=True)
        ]

    def _plan(self, removal: str) -> Sequence[Template | None]:
        plain = _template(removal)
        described = _template(removal, "for the logs")
        plans = ((plain, None), (plain, described, None), (plain, None) * 2)
        (plan,) = self._choose.choices(plans, (6, 3, 1))
        if described in plan:
            self._descriptions.add("for the logs")
        return plan

    def _fault(self, _run: Run, _call: Call) -> Fault | None:
        return self._crash if next(self._calls) == self._crash_at else None

    def run(self) -> None:
        """Run all operations, and delete all stacks."""
        with self._recorded(), self._emulator.paused() as actor:
            if self._outsider_first:
                self._outsider.create_role()
            self._pass(actor)
            for stack in self.stacks:
                if stack.exists:
                    stack.plan.append(None)
            self._pass(actor)
            if self._role() not in (None, self._outsider.role):
                # kept because it was in use; the next stack deletes it
                self._check_kept()
                self.stacks[0].plan.extend((_template("WHEN_UNUSED"), None))
                self._pass(actor)

    @contextmanager
    def _recorded(self) -> Iterator[None]:
        listeners = self._emulator.journal.listeners
        listeners.append(self.entries.append)
        try:
            yield
        finally:
            listeners.remove(self.entries.append)

    def _pass(self, actor: str) -> None:
        clock = self._emulator.clock
        while not self._over(clock.now()):
            self._outsider.advance(clock.now())
            for stack in self.stacks:
                stack.advance(clock.now())
                if stack.begun is not None:
                    # a new operation runs without others until it waits
                    clock.sleep(actor, _APART)
            begins = any(stack.begun is None for stack in self.stacks)
            clock.sleep(actor, 0.25 if begins else 1)

    def _over(self, now: float) -> bool:
        outsider = self._outsider
        ended = now >= outsider.ends and not outsider.uses
        return ended and all(stack.idle for stack in self.stacks)

    def _role(self) -> Role | None:
        return self._emulator.roles.role(self._account.id, _DEFINITION.role_name)

    def _check_kept(self) -> None:
        responses = [
            entry
            for entry in self.entries
            if entry.what == "response" and entry.type == _ROLE and entry.action == "Delete"
        ]
        assert f"eu-central-1: {_OUTSIDER}" in responses[-1].details["reason"], self.story()

    def check(self) -> None:
        """Check the result and all entries."""
        story = self.story()
        entries = self.entries
        for stack in self.stacks:
            for ended in stack.ended:
                required = stack.removal == "REQUIRE" and ended.status == "DELETE_FAILED"
                assert ended.succeeded or (
                    required and any(map(_REQUIRED.search, ended.reasons))
                ), f"{ended}\n{story}"
            assert stack.ended[-1].status == "DELETE_COMPLETE", story
        crashes = [entry for entry in entries if entry.what == "ended"]
        crashed = self._crash_at is not None and next(self._calls) > self._crash_at
        assert [entry.details["why"] for entry in crashes] == ["it crashed"] * crashed, story
        # the policies may already be deleted during the later one of two deliveries
        spared = {"ended", "lost log"} if self._twice else {"ended"}
        rest = [entry for entry in entries if entry.what not in spared]
        assert broken(rest) == [], story
        deletions = [
            entry for entry in entries if (entry.what, entry.action) == ("role", "deleted")
        ]
        assert [entry.details["uses"] for entry in deletions] == [{}] * len(deletions), story
        role = self._role()
        # our role is deleted, and their role is unchanged
        assert role is self._outsider.role, story
        if role is not None:
            assert role.description in self._descriptions, story
            assert not [
                tag for tag in role.tags if tag.startswith((LEASE_TAG, DELETION_LOCK_TAG))
            ], story
            self._emulator.roles.delete(self._account.id, _DEFINITION.role_name)
        for region in _REGIONS:
            assert left(self._account, region) == [], story

    def story(self) -> str:
        """Return a readable history, one line for each entry."""
        lines = [
            f"{entry.time - self._start:8.2f} {str(entry).partition(' ')[2]}"
            for entry in self.entries
            if entry.what not in {"event", "log", "resource"}
        ]
        return "\n".join(("", *lines))


_GENERATED = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|\d{12}|-[0-9A-Za-z]{10,}")


def _alike(seed: _Seed) -> list[str]:
    """Return the journal without generated ids and account numbers."""
    return [
        f"{entry.time - seed._start:.6f} {entry.what} {entry.region} {entry.action}"
        f" {_GENERATED.sub('~', entry.type + entry.details.get('reason', ''))}"
        f" {entry.details.get('status')}"
        for entry in seed.entries
    ]


@pytest.mark.parametrize("first", range(0, _SEEDS, _SEEDS_A_TEST))
def test_no_stack_loses_its_role_and_the_last_one_deletes_it(
    first: int, account: Account, tally: Callable[..., None]
) -> None:
    """Operations, times, and other usages and creators of the role are random."""
    for number in range(first, first + _SEEDS_A_TEST):
        seed = _Seed(account, number)
        try:
            seed.run()
            seed.check()
        except AssertionError as error:
            raise AssertionError(f"seed {number}: {error}") from error
        tally(
            "interleavings",
            seeds=1,
            operations=sum(len(stack.ended) for stack in seed.stacks),
            calls=sum(entry.what == "call" for entry in seed.entries),
            crashes=sum(entry.what == "ended" for entry in seed.entries),
            roles_deleted=sum(
                (entry.what, entry.action) == ("role", "deleted") for entry in seed.entries
            ),
            deletions_refused=sum(
                not ended.succeeded for stack in seed.stacks for ended in stack.ended
            ),
            left_over=0,
        )


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_seed_can_be_repeated(
    number: int, new_account: Callable[[], Account], tally: Callable[..., None]
) -> None:
    """The same seed gives the same journal with the same times."""
    journals = []
    for _ in range(2):
        seed = _Seed(new_account(), number)
        seed.run()
        journals.append(_alike(seed))
    assert journals[0] == journals[1]
    tally("interleavings", repeated=1)


@dataclass(frozen=True, slots=True)
class _Overlap:
    """The deletion of one stack while another is created."""

    left: Ended
    arrived: Ended
    entries: Sequence[Entry]

    def __str__(self) -> str:
        return "\n".join((f"{self.left} {self.arrived}", *map(str, self.entries)))

    def first(self, what: str, action: str) -> float:
        """Return the time of the first matching entry."""
        return min(each.time for each in self.entries if (each.what, each.action) == (what, action))

    def last(self, what: str, action: str) -> float:
        """Return the time of the last matching entry."""
        return max(each.time for each in self.entries if (each.what, each.action) == (what, action))

    @property
    def created_again(self) -> bool:
        """Whether the role was deleted and created again."""
        return any((entry.what, entry.action) == ("role", "created") for entry in self.entries)


def _overlap(
    account: Account, template: Template, leaves: str, arrives: str, after: float
) -> _Overlap:
    """Delete a stack in one region, and create it in another `after` seconds later, or earlier."""
    emulator = account.emulator
    entries: list[Entry] = []
    begin = [
        functools.partial(account.begin_destroy, template, leaves),
        functools.partial(account.begin_deploy, template, arrives),
    ]
    order = (1, 0) if after < 0 else (0, 1)
    begun: dict[int, Begun] = {}
    with emulator.paused() as actor:
        # the function waits for new roles; this test is about other delays
        emulator.clock.sleep(actor, 120 - emulator.clock.now() % 60)
        emulator.journal.listeners.append(entries.append)
        begun[order[0]] = begin[order[0]]()
        emulator.clock.sleep(actor, abs(after) + _APART)
        begun[order[1]] = begin[order[1]]()
    deleted, created = begun[0].end(), begun[1].end()
    emulator.journal.listeners.remove(entries.append)
    return _Overlap(deleted, created, entries)


#: in seconds. A feature that is a custom resource is created one call after its role, so that it
#: would fail if the role were deleted in between.
_CALL_SECONDS = 0.75
_ARRIVAL_SECONDS = 12
#: by removal setting: the duration of the last stack's deletion, which reads ten regions.
_TEARDOWN_SECONDS = {"KEEP": 13, "WHEN_UNUSED": 34, "REQUIRE": 34}


@pytest.mark.parametrize("removal", _TEARDOWN_SECONDS)
def test_a_stack_that_is_created_while_the_last_one_is_deleted_has_the_role(
    removal: str, account: Account, tally: Callable[..., None]
) -> None:
    """The creation starts at any moment of the deletion, or the other way round."""
    emulator, name = account.emulator, catalogue.CHIME_VOICE_CONNECTOR.role_name
    emulator.behaviour.call_seconds = lambda: _CALL_SECONDS
    emulator.behaviour.deletion_seconds = 1
    stack = _template(removal, recipe="voice")
    here, there = _REGIONS
    assert account.deploy(stack, here).succeeded
    kept = created_again = refused = 0
    # one start between any two calls
    steps = range(
        -math.ceil(_ARRIVAL_SECONDS / _CALL_SECONDS),
        math.ceil(_TEARDOWN_SECONDS[removal] / _CALL_SECONDS) + 1,
    )
    for step in steps:
        overlap = _overlap(account, stack, here, there, step * _CALL_SECONDS)
        story = f"{removal}, {step * _CALL_SECONDS} seconds after: {overlap}"
        assert broken(overlap.entries) == [], story
        assert overlap.arrived.status == "CREATE_COMPLETE", story
        # the role exists, has a lease, and is in use
        marks = [tag for tag in emulator.roles.tags(account.id, name) if ":created" not in tag]
        assert [tag.startswith(LEASE_TAG) for tag in marks] == [True], story
        assert list(emulator.features.uses(account.id, name)) == [there], story
        if step in {steps[0], steps[-1]}:
            # the first step ends before the deletion, and the last one starts after it
            first, second = ("Create", "Delete") if step < 0 else ("Delete", "Create")
            assert overlap.last("response", first) <= overlap.first("event", second), story
        created_again += overlap.created_again
        kept += not overlap.created_again
        if not overlap.left.succeeded:
            refused += 1
            assert removal == "REQUIRE", story
            assert any(map(_REQUIRED.search, overlap.left.reasons)), story
            # delete the stack with the lease first, and then the stack whose deletion failed
            assert account.destroy(stack, there).succeeded, story
            assert account.destroy(stack, here).succeeded, story
            assert account.deploy(stack, there).succeeded, story
        here, there = there, here
    assert account.destroy(stack, here).succeeded
    if removal == "KEEP":
        assert created_again == 0
        assert emulator.roles.exists(account.id, name)
        emulator.roles.delete(account.id, name)
    else:
        # both outcomes occurred
        assert created_again
        assert kept
    for region in _REGIONS:
        assert left(account, region) == []
    tally(
        "arrival",
        arrivals=len(steps),
        roles_created_again=created_again,
        roles_kept=kept,
        deletions_refused=refused,
        left_over=0,
    )
