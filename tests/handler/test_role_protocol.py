"""The protocol of leases and marks, driven at random through whatever an account may see.

Stacks in two regions come, change and go; runs take turns at every call to AWS, die, are throttled
and are delivered twice; somebody else makes the role, uses it and lets go of it. After every
step: no role is deleted that is in use or held; a role that we made is gone once all have left and
nothing uses it; and a role that we did not make stays as it was. `World.check` says so in full.

What the protocol does not promise is kept out by preconditions, each with its reason. Tags are
never refused here: a stack without a lease is protected by IAM's own check of use and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.handler.interleaving import DELIVERIES, Actor, Stack, World, use_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

REGIONS = ("us-east-1", "eu-west-1")
#: at a time; and all in all, so that each has a letter.
STACKS = 4
LETTERS = ascii_uppercase
#: a deletion that takes longer than a mark counts that nobody renews.
SLOW_SECONDS = 350
#: more at a time, and none of them gets on.
RUNS = 6

SETTINGS = settings(
    max_examples=4 * settings().max_examples,
    stateful_step_count=60,
    deadline=None,
    database=None,
    derandomize=True,
    report_multiple_bugs=False,
    # the lines that a failing run has in common are those of this model
    phases=[Phase.generate, Phase.shrink],
    # a machine that is shared with others may be slow for reasons of its own
    suppress_health_check=[HealthCheck.too_slow],
)

regions = st.sampled_from(REGIONS)
# the default more often than the others
removals = st.sampled_from(["WHEN_UNUSED", "WHEN_UNUSED", "KEEP", "REQUIRE"])
#: how far a run goes on alone.
calls_made = st.integers(0, 12)
CALLS = (
    "get_role",
    "create_service_linked_role",
    "tag_role",
    "untag_role",
    "delete_service_linked_role",
    "get_service_linked_role_deletion_status",
)


@dataclass(slots=True)
class Explored:
    """Where the machine has been."""

    states: set[tuple[object, ...]] = field(default_factory=set)
    steps: int = 0
    runs: int = 0

    def __str__(self) -> str:
        """Return it as a line."""
        return (
            f"role protocol: {len(self.states):,} distinct states in {self.steps:,} steps of"
            f" {self.runs:,} runs, {STACKS} stacks, {len(REGIONS)} regions"
        )


def one_of(choices: Callable[[Any], list[str]]) -> SearchStrategy[str]:
    """Draw a name from those that the machine has at that moment."""
    return st.runner().flatmap(lambda machine: st.sampled_from(choices(machine)))


class RoleProtocol(RuleBasedStateMachine):
    """An account, and what may happen in it."""

    explored: ClassVar[Explored]

    def __init__(self) -> None:
        super().__init__()
        self.explored.runs += 1
        self.world = World()
        self.world.after_step = self.count
        self.world.__enter__()
        self.at_once = False

    def count(self) -> None:
        """Remember where a step has led."""
        self.explored.steps += 1
        self.explored.states.add(self.world.state())

    # what there is to choose from

    def living(self) -> list[str]:
        """Return the runs that have not ended."""
        return [each.name for each in self.world.living()]

    def calling(self) -> list[str]:
        """Return the runs that are about to call AWS."""
        return [each.name for each in self.world.ready() if "_" in each.doing]

    def mortal(self) -> list[str]:
        """Return the runs that may die."""
        # a mark counts for five minutes after a run died: a deletion that takes longer may then
        # hit a stack that has arrived since, and no tag can tell
        slow = self.world.account.deletion_seconds == SLOW_SECONDS
        return [
            each.name for each in self.world.living() if not (slow and each.asked.type == "Delete")
        ]

    def events(self) -> list[str]:
        """Return the runs whose event may be delivered a second time."""
        # a create or an update that arrives after the delete has begun takes a lease that nobody
        # drops: the function cannot tell it from the create of the same stack, and keeps no memory
        return [
            each.name
            for each in self.world.actors
            if each.stack.runs <= 1
            and (each.asked.type == "Delete" or each.stack.holds or each.stack.state == "arriving")
        ]

    def users(self) -> list[str]:
        """Return who may use the role."""
        held = [each.name for each in self.world.stacks if each.state == "held"]
        return held if self.world.role is None else ["somebody", *held]

    def as_made(self) -> list[str]:
        """Return the stacks that hold the role and were never updated; once each is enough."""
        return [each.name for each in self.world.stacks if each.state == "held" and not each.before]

    def may_leave(self) -> list[str]:
        """Return the stacks that may leave."""
        return [each.name for each in self.world.may_leave()]

    def run(self, name: str) -> Actor:
        """Return a run by its name."""
        return next(each for each in self.world.actors if each.name == name)

    def stack(self, name: str) -> Stack:
        """Return a stack by its name."""
        return next(each for each in self.world.stacks if each.name == name)

    def new_stack(self, region: str, removal: str, description: str | None = None) -> Stack:
        """Return a stack with a name of its own."""
        return Stack(LETTERS[len(self.world.stacks)], region, removal, description)

    def room(self) -> bool:
        """Tell whether another stack may come."""
        there = [each for each in self.world.stacks if each.there]
        return len(there) < STACKS and len(self.world.stacks) < len(LETTERS)

    # how the account is

    @initialize(
        holders=st.lists(st.tuples(regions, removals), max_size=STACKS - 1),
        hidden_reads=st.integers(0, 2),
        deletion_seconds=st.sampled_from([0, 0, 7, 7, 25, 25, SLOW_SECONDS]),
        # the protocol waits three seconds for a tag to become readable; IAM promises no bound
        tag_seconds=st.integers(0, 3),
        marks=st.integers(0, 9),
        at_once=st.booleans(),
    )
    def begin(
        self,
        *,
        holders: list[tuple[str, str]],
        hidden_reads: int,
        deletion_seconds: int,
        tag_seconds: int,
        marks: int,
        at_once: bool,
    ) -> None:
        """Some hold the role already; how fast IAM is; which mark is first; how all leave."""
        self.world.account.hidden_reads = hidden_reads
        self.world.account.deletion_seconds = deletion_seconds
        self.world.account.tag_seconds = tag_seconds
        self.world.seed = marks
        self.at_once = at_once
        for region, removal in holders:
            self.world.settle_in(self.new_stack(region, removal))

    # somebody else

    @precondition(lambda self: self.world.role is None)
    @rule()
    def somebody_makes_the_role(self) -> None:
        """A service or a person makes it."""
        self.world.step("somebody makes the role", self.world.make_theirs)

    @precondition(lambda self: self.users())
    @rule(user=one_of(users), region=regions)
    def uses_the_role(self, user: str, region: str) -> None:
        """Something in a stack that holds the role uses it, or in none; or does so no more."""
        what = use_of(region, user) if user == "somebody" else self.stack(user).use
        self.world.use_or_let_go(what)

    # stacks

    @precondition(lambda self: self.room())
    @rule(
        region=regions,
        removal=removals,
        description=st.sampled_from([None, "For the show"]),
        calls=calls_made,
    )
    def arrives(self, region: str, removal: str, description: str | None, calls: int) -> None:
        """A stack is made, and its run makes some calls."""
        run = self.world.arrive(self.new_stack(region, removal, description))
        self.world.advance(run, calls=calls)

    @precondition(lambda self: self.as_made())
    @rule(stack=one_of(as_made), removal=removals, calls=calls_made)
    def is_updated(self, stack: str, removal: str, calls: int) -> None:
        """A stack chooses another removal."""
        self.world.advance(self.world.update(self.stack(stack), removal), calls=calls)

    @precondition(lambda self: self.may_leave())
    @rule(stack=one_of(may_leave), calls=calls_made)
    def leaves(self, stack: str, calls: int) -> None:
        """A stack is deleted; again, if that has failed before."""
        self.world.advance(self.world.leave(self.stack(stack)), calls=calls)

    # runs

    @precondition(lambda self: self.living())
    @rule(run=one_of(living), calls=calls_made.filter(bool))
    def goes_on(self, run: str, calls: int) -> None:
        """A run makes some calls while the others stand still, for as long as they may."""
        self.world.advance(self.run(run), calls=calls)

    @precondition(lambda self: self.living())
    @rule(run=one_of(living), before=st.sampled_from(CALLS))
    def goes_on_until(self, run: str, before: str) -> None:
        """A run stops just before that call, if it makes it."""
        self.world.advance(self.run(run), before=before)

    @precondition(lambda self: self.living())
    @rule(calls=st.integers(1, 40))
    def all_go_on(self, calls: int) -> None:
        """All runs make calls in turns."""
        self.world.take_turns(calls)

    @precondition(lambda self: self.world.time_may_pass())
    @rule()
    def time_passes(self) -> None:
        """Nobody calls, until something is due."""
        self.world.pass_time()

    @precondition(lambda self: self.calling())
    @rule(run=one_of(calling))
    def is_throttled(self, run: str) -> None:
        """AWS has too many calls at once."""
        self.world.throttle(self.run(run))

    @precondition(lambda self: self.mortal())
    @rule(run=one_of(mortal), calls=calls_made, again=st.booleans())
    def dies(self, run: str, calls: int, *, again: bool) -> None:
        """A run makes some calls and ends; Lambda tries again, or has done so often enough."""
        actor = self.run(run)
        self.world.advance(actor, calls=calls)
        if not actor.ended:
            self.world.crash(actor, again=again and actor.delivery < DELIVERIES)

    @precondition(lambda self: self.events() and len(self.living()) < RUNS)
    @rule(run=one_of(events), calls=calls_made)
    def is_delivered_twice(self, run: str, calls: int) -> None:
        """Lambda delivers an event at least once."""
        self.world.advance(self.world.deliver_again(self.run(run)), calls=calls)

    # the end

    def teardown(self) -> None:
        """Let all leave, and see what they leave behind."""
        try:
            if not self.world.violations:
                for what in sorted(self.world.role.used if self.world.role else ()):
                    self.world.use_or_let_go(what)
                self.world.let_all_leave(at_once=self.at_once)
        finally:
            self.world.__exit__()


@pytest.mark.hypothesis
def test_the_role_outlives_whoever_needs_it_and_no_longer(
    record_property: Callable[[str, object], None],
) -> None:
    """No role is deleted that is in use or held, ours goes with the last one, and theirs stays."""

    class Exploration(RoleProtocol):
        explored = Explored()

    run_state_machine_as_test(Exploration, settings=SETTINGS)

    record_property("summary", str(Exploration.explored))
    assert len(Exploration.explored.states) > Exploration.explored.steps / 10
