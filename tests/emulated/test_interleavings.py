"""Two stacks, two regions, one account and its one role.

Our model: an outsider is whatever else of the account has to do with the role. It makes it before
the stacks come, or uses it for a while, or makes it as a service does that finds it missing. The
second delivery of an event has ended before CloudFormation asks the next thing of its stack.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import itertools
import random
import re
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from slr_constructs import catalogue
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CLOSING_TAG,
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
    from tests.emulated.emulator.journal import Entry
    from tests.emulated.stacks import Account, Begun, Ended, Template
    from tests.fake_services.service_linked_roles import Role
    from tests.fake_services.wire import Call

_SEEDS = 200
_SEEDS_A_TEST = 20
_REGIONS = ("us-east-1", "eu-west-1")
_DEFINITION = catalogue.MEDIATAILOR
_ROLE = "Custom::ServiceLinkedRole"
_OUTSIDER = "arn:aws:mediatailor:eu-central-1:111122223333:playbackConfiguration/theirs"
_THEIRS = "Made by the service"
#: powers of two, so that sums of times are the same whenever they begin.
_TICK = 2.0**-6
_APART = 2.0**-10
#: why a stack whose role has to go with it may stay.
_REQUIRED = re.compile(
    r"AWSServiceRoleFor\w+ is required to go with this stack, but it is"
    r" (held by arn:aws:cloudformation:|in use in eu-central-1: arn:aws:mediatailor:)"
)


@functools.cache
def _synthesized(recipe: str) -> Template:
    return synthesized(lambda stack: RECIPES[recipe].define(stack, "a", None))


def _template(
    removal: str, description: str | None = None, *, recipe: str = "sessions"
) -> Template:
    """Return a small stack: a feature on an owner of its own, and its role."""
    template = _synthesized(recipe)
    body = copy.deepcopy(dict(template.body))
    (role,) = (each for each in body["Resources"].values() if each["Type"] == _ROLE)
    role["Properties"]["Removal"] = removal
    if description is not None:
        role["Properties"]["Description"] = description
    return dataclasses.replace(template, body=body)


@dataclass(slots=True)
class _Stack:
    """One of the two, and what it still has to go through; None is to be deleted."""

    account: Account
    region: str
    removal: str
    plan: deque[Template | None]
    pauses: Iterator[float]
    next: float
    begun: Begun | None = None
    there: bool = False
    ended: list[Ended] = field(default_factory=list)

    @property
    def idle(self) -> bool:
        """Whether nothing goes on and nothing is left to do."""
        return self.begun is None and not self.plan and not self._runs()

    def go_on(self, now: float) -> None:
        """Take note of the end of an operation, or begin the next one if it is time."""
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
        self.there = ended.status != "DELETE_COMPLETE"
        if ended.status == "DELETE_FAILED":
            # it can be deleted and nothing else, once the others are gone
            self.plan.clear()

    def _runs(self) -> bool:
        running = self.account.emulator._functions.running.values()
        return any(run.function.region == self.region for run in list(running))


@dataclass(slots=True)
class _Outsider:
    """What else there is in the account."""

    account: Account
    #: whether it makes the role where it is missing, as services do.
    makes: bool
    begins: float
    ends: float
    uses: bool = False
    #: the role that it has made.
    role: Role | None = None

    def make_role(self) -> None:
        """Make the role, as its service does."""
        roles = self.account.emulator.roles
        roles.make(self.account.id, _DEFINITION, description=_THEIRS)
        self.role = roles.role(self.account.id, _DEFINITION.role_name)

    def go_on(self, now: float) -> None:
        """Begin to use the role, or end."""
        emulator, account, name = self.account.emulator, self.account.id, _DEFINITION.role_name
        used = (account, name, "eu-central-1", _OUTSIDER)
        if self.begins <= now < self.ends and not self.uses:
            if self.makes and not emulator.roles.exists(account, name):
                self.make_role()
            if emulator.roles.exists(account, name):
                emulator.features.add_use(*used)
                self.uses = True
        elif now >= self.ends and self.uses:
            emulator.features.remove_use(*used)
            self.uses = False


class _Seed:
    """What one seed stands for, played in an account that has nothing in it."""

    def __init__(self, account: Account, seed: int) -> None:
        self._account = account
        self._emulator = account.emulator
        self._emulator.reset()
        self._choose = choose = random.Random(f"interleaving {seed}")  # noqa: S311 - no secret
        #: what the journal says of it.
        self.entries: list[Entry] = []
        self._start = start = account.emulator.clock.now()
        #: what the outsider's role may be described by in the end.
        self._descriptions = {_THEIRS}
        behaviour = account.emulator.behaviour
        slowest = choose.choice((8, 32, 128))
        behaviour.call_seconds = lambda: choose.randint(1, slowest) * _TICK
        behaviour.deletion_seconds = choose.choice((1, 3, 8, 20))
        behaviour.chance = choose
        kind = choose.choice(("good day", "good day", "twice", "crash"))
        self._twice = kind == "twice"
        behaviour.deliveries = 2 if self._twice else 1
        self._crash_at = choose.randrange(40) if kind == "crash" else None
        self._crash = Crash(done=choose.random() < 0.5)
        self._calls = itertools.count()
        behaviour.fault = self._fault
        outsider = choose.choice(("none", "none", "made it", "uses it", "makes it"))
        begins = start + choose.randrange(60)
        ends = begins + (choose.randrange(10, 90) if outsider in {"uses it", "makes it"} else 0)
        self._outsider = _Outsider(account, outsider == "makes it", begins, ends)
        self._outsider_first = outsider == "made it"
        # a role that has to go goes also if it was only adopted
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

    def play(self) -> None:
        """Let everything happen, and everybody leave."""
        with self._heard(), self._emulator.standing_still() as actor:
            if self._outsider_first:
                self._outsider.make_role()
            self._pass(actor)
            for stack in self.stacks:
                if stack.there:
                    stack.plan.append(None)
            self._pass(actor)
            if self._role() not in (None, self._outsider.role):
                # kept because it was used; the next one that comes and goes takes it away
                self._check_kept()
                self.stacks[0].plan.extend((_template("WHEN_UNUSED"), None))
                self._pass(actor)

    @contextmanager
    def _heard(self) -> Iterator[None]:
        listeners = self._emulator.journal.listeners
        listeners.append(self.entries.append)
        try:
            yield
        finally:
            listeners.remove(self.entries.append)

    def _pass(self, actor: str) -> None:
        clock = self._emulator.clock
        while not self._over(clock.now()):
            self._outsider.go_on(clock.now())
            for stack in self.stacks:
                stack.go_on(clock.now())
                if stack.begun is not None:
                    # who begins goes on alone until it waits
                    clock.sleep(actor, _APART)
            begins = any(stack.begun is None for stack in self.stacks)
            clock.sleep(actor, 0.25 if begins else 1)

    def _over(self, now: float) -> bool:
        outsider = self._outsider
        gone = now >= outsider.ends and not outsider.uses
        return gone and all(stack.idle for stack in self.stacks)

    def _role(self) -> Role | None:
        return self._emulator.roles.role(self._account.id, _DEFINITION.role_name)

    def _check_kept(self) -> None:
        answers = [
            entry
            for entry in self.entries
            if entry.what == "answer" and entry.type == _ROLE and entry.action == "Delete"
        ]
        assert f"eu-central-1: {_OUTSIDER}" in answers[-1].details["reason"], self.story()

    def check(self) -> None:
        """Hold what happened against what has to happen."""
        story = self.story()
        entries = self.entries
        for stack in self.stacks:
            for ended in stack.ended:
                required = stack.removal == "REQUIRE" and ended.status == "DELETE_FAILED"
                assert ended.well or (required and any(map(_REQUIRED.search, ended.reasons))), (
                    f"{ended}\n{story}"
                )
            assert stack.ended[-1].status == "DELETE_COMPLETE", story
        crashes = [entry for entry in entries if entry.what == "ended"]
        crashed = self._crash_at is not None and next(self._calls) > self._crash_at
        assert [entry.details["why"] for entry in crashes] == ["it crashed"] * crashed, story
        # the later one of two deliveries may find the rights gone, for which the other one had time
        spared = {"ended", "lost log"} if self._twice else {"ended"}
        rest = [entry for entry in entries if entry.what not in spared]
        assert broken(rest) == [], story
        deletions = [
            entry for entry in entries if (entry.what, entry.action) == ("role", "deleted")
        ]
        assert [entry.details["uses"] for entry in deletions] == [{}] * len(deletions), story
        role = self._role()
        # ours is gone, and theirs is as it was
        assert role is self._outsider.role, story
        if role is not None:
            assert role.description in self._descriptions, story
            assert not [tag for tag in role.tags if tag.startswith((LEASE_TAG, CLOSING_TAG))], story
            self._emulator.roles.delete(self._account.id, _DEFINITION.role_name)
        for region in _REGIONS:
            assert left(self._account, region) == [], story

    def story(self) -> str:
        """Return what a person has to know of it, a line for each thing that happened."""
        lines = [
            f"{entry.time - self._start:8.2f} {str(entry).partition(' ')[2]}"
            for entry in self.entries
            if entry.what not in {"event", "log", "resource"}
        ]
        return "\n".join(("", *lines))


_MADE_UP = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|\d{12}|-[0-9A-Za-z]{10,}")


def _alike(seed: _Seed) -> list[str]:
    """Return the journal without what is made up anew every time: ids and account numbers."""
    return [
        f"{entry.time - seed._start:.6f} {entry.what} {entry.region} {entry.action}"
        f" {_MADE_UP.sub('~', entry.type + entry.details.get('reason', ''))}"
        f" {entry.details.get('status')}"
        for entry in seed.entries
    ]


@pytest.mark.parametrize("first", range(0, _SEEDS, _SEEDS_A_TEST))
def test_nobody_loses_a_role_and_the_last_one_takes_it_away(
    first: int, account: Account, tally: Callable[..., None]
) -> None:
    """Whatever the two do, whenever they do it, and whoever else uses or has made the role."""
    for number in range(first, first + _SEEDS_A_TEST):
        seed = _Seed(account, number)
        try:
            seed.play()
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
            refused_to_go=sum(not ended.well for stack in seed.stacks for ended in stack.ended),
            left_over=0,
        )


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_seed_can_be_played_again(
    number: int, new_account: Callable[[], Account], tally: Callable[..., None]
) -> None:
    """The same seed is the same journal, to the moment."""
    journals = []
    for _ in range(2):
        seed = _Seed(new_account(), number)
        seed.play()
        journals.append(_alike(seed))
    assert journals[0] == journals[1]
    tally("interleavings", played_again=1)


@dataclass(frozen=True, slots=True)
class _Overlap:
    """How one left while another arrived."""

    left: Ended
    arrived: Ended
    entries: Sequence[Entry]

    def __str__(self) -> str:
        return "\n".join((f"{self.left} {self.arrived}", *map(str, self.entries)))

    def first(self, what: str, action: str) -> float:
        """Return when something happened for the first time."""
        return min(each.time for each in self.entries if (each.what, each.action) == (what, action))

    def last(self, what: str, action: str) -> float:
        """Return when something happened for the last time."""
        return max(each.time for each in self.entries if (each.what, each.action) == (what, action))

    @property
    def made_again(self) -> bool:
        """Whether the role went, and came back."""
        return any((entry.what, entry.action) == ("role", "made") for entry in self.entries)


def _overlap(
    account: Account, template: Template, leaves: str, arrives: str, after: float
) -> _Overlap:
    """Let a stack leave one region, and arrive in another so many seconds later, or earlier."""
    emulator = account.emulator
    entries: list[Entry] = []
    begin = [
        functools.partial(account.begin_destroy, template, leaves),
        functools.partial(account.begin_deploy, template, arrives),
    ]
    order = (1, 0) if after < 0 else (0, 1)
    begun: dict[int, Begun] = {}
    with emulator.standing_still() as actor:
        # a role that was made just now is waited for; that is another time
        emulator.clock.sleep(actor, 120 - emulator.clock.now() % 60)
        emulator.journal.listeners.append(entries.append)
        begun[order[0]] = begin[order[0]]()
        emulator.clock.sleep(actor, abs(after) + _APART)
        begun[order[1]] = begin[order[1]]()
    left_it, arrived = begun[0].end(), begun[1].end()
    emulator.journal.listeners.remove(entries.append)
    return _Overlap(left_it, arrived, entries)


#: in seconds. A feature that is a custom resource as well comes one call after its role: a role
#: that goes in between would be missed.
_CALL_SECONDS = 0.75
_ARRIVAL_SECONDS = 6
#: by removal setting: how long the last one takes to leave.
_TEARDOWN_SECONDS = {"KEEP": 8, "WHEN_UNUSED": 18, "REQUIRE": 18}


@pytest.mark.parametrize("removal", _TEARDOWN_SECONDS)
def test_who_arrives_while_the_last_one_leaves_has_the_role(
    removal: str, account: Account, tally: Callable[..., None]
) -> None:
    """At whatever moment of the teardown; or the teardown begins at any moment of the arrival."""
    emulator, name = account.emulator, catalogue.CHIME_VOICE_CONNECTOR.role_name
    emulator.behaviour.call_seconds = lambda: _CALL_SECONDS
    emulator.behaviour.deletion_seconds = 1
    stack = _template(removal, recipe="voice")
    here, there = _REGIONS
    assert account.deploy(stack, here).well
    given_way = made_again = refused = 0
    steps = range(-2 * _ARRIVAL_SECONDS, 2 * _TEARDOWN_SECONDS[removal] + 1)
    for step in steps:
        overlap = _overlap(account, stack, here, there, step / 2)
        story = f"{removal}, {step / 2} seconds after: {overlap}"
        assert broken(overlap.entries) == [], story
        assert overlap.arrived.status == "CREATE_COMPLETE", story
        # present, held, and used
        marks = [tag for tag in emulator.roles.tags(account.id, name) if ":made" not in tag]
        assert [tag.startswith(LEASE_TAG) for tag in marks] == [True], story
        assert list(emulator.features.uses(account.id, name)) == [there], story
        if step in {steps[0], steps[-1]}:
            # the sweep begins before the one and ends after the other
            first, second = ("Create", "Delete") if step < 0 else ("Delete", "Create")
            assert overlap.last("answer", first) <= overlap.first("event", second), story
        made_again += overlap.made_again
        given_way += not overlap.made_again
        if not overlap.left.well:
            refused += 1
            assert removal == "REQUIRE", story
            assert any(map(_REQUIRED.search, overlap.left.reasons)), story
            # the holder first, and then what was refused while it held the role
            assert account.destroy(stack, there).well, story
            assert account.destroy(stack, here).well, story
            assert account.deploy(stack, there).well, story
        here, there = there, here
    assert account.destroy(stack, here).well
    if removal == "KEEP":
        assert made_again == 0
        assert emulator.roles.exists(account.id, name)
        emulator.roles.delete(account.id, name)
    else:
        # both ways out of it were seen
        assert made_again
        assert given_way
    for region in _REGIONS:
        assert left(account, region) == []
    tally(
        "arrival",
        arrivals=len(steps),
        role_made_again=made_again,
        role_kept=given_way,
        refused_to_go=refused,
        left_over=0,
    )
