"""The protocol of leases and deletion locks in random orders of events.

Stacks in two regions are created, updated and deleted; another resource of a stack fails, so that
CloudFormation cancels its creation or update; runs take turns at every call to AWS, crash, are
throttled and are delivered twice, even after their stack was deleted; a service or a person creates
the role and uses it. After every step: no role is deleted that is in use or has a lease; a role
that slr-constructs created is deleted after all stacks are deleted and nothing uses it; and any
other role stays unchanged. `World.check` has all checks.

Preconditions exclude what the protocol does not guarantee, each with its reason. Tags are never
rejected here: only IAM's own check of usages protects a stack without a lease.
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

from tests.handler.interleaving import DELIVERIES, Actor, Stack, World, usage_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

REGIONS = ("us-east-1", "eu-west-1")
#: the number of stacks at a time; the letters limit the total number.
STACKS = 4
LETTERS = ascii_uppercase
#: a deletion that takes longer than a lock is valid without a renewal.
SLOW_SECONDS = 350
#: with more runs at a time, each makes too little progress.
RUNS = 6

SETTINGS = settings(
    max_examples=4 * settings().max_examples,
    stateful_step_count=60,
    deadline=None,
    database=None,
    derandomize=True,
    report_multiple_bugs=False,
    # explaining a failure would only show lines of this model
    phases=[Phase.generate, Phase.shrink],
    # a shared machine may be slow
    suppress_health_check=[HealthCheck.too_slow],
)

regions = st.sampled_from(REGIONS)
# the default is drawn more often
removals = st.sampled_from(["WHEN_UNUSED", "WHEN_UNUSED", "KEEP", "REQUIRE"])
#: how many calls a run makes while the others stand still.
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
    """The explored states."""

    states: set[tuple[object, ...]] = field(default_factory=set)
    steps: int = 0
    runs: int = 0

    def __str__(self) -> str:
        """Return a summary line."""
        return (
            f"role protocol: {len(self.states):,} distinct states in {self.steps:,} steps of"
            f" {self.runs:,} runs, {STACKS} stacks, {len(REGIONS)} regions"
        )


def one_of(choices: Callable[[Any], list[str]]) -> SearchStrategy[str]:
    """Draw one of the current names of the machine."""
    return st.runner().flatmap(lambda machine: st.sampled_from(choices(machine)))


class RoleProtocol(RuleBasedStateMachine):
    """An account and its possible events."""

    explored: ClassVar[Explored]

    def __init__(self) -> None:
        super().__init__()
        self.explored.runs += 1
        self.world = World()
        self.world.after_step = self.count
        self.world.__enter__()
        self.at_once = False

    def count(self) -> None:
        """Record the state after a step."""
        self.explored.steps += 1
        self.explored.states.add(self.world.state())

    # choices

    def running(self) -> list[str]:
        """Return the runs that have not ended."""
        return [each.name for each in self.world.running()]

    def calling(self) -> list[str]:
        """Return the runs that are about to call AWS."""
        return [each.name for each in self.world.ready() if "_" in each.doing]

    def crashable(self) -> list[str]:
        """Return the runs that may crash."""
        # the lock of a run that crashed ends: a slower deletion may then delete the role of a stack
        # that was created since, and tags cannot prevent that
        slow = self.world.account.deletion_seconds == SLOW_SECONDS
        return [
            each.name
            for each in self.world.running()
            if not (slow and each.request.request_type == "Delete")
        ]

    def events(self) -> list[str]:
        """Return the runs whose event may be delivered a second time."""
        return [each.name for each in self.world.actors if each.stack.runs <= 1]

    def in_progress(self) -> list[str]:
        """Return the stacks that CloudFormation creates or updates."""
        return [each.name for each in self.world.stacks if each.state in ("creating", "updating")]

    def users(self) -> list[str]:
        """Return the names of possible usages of the role."""
        deployed = [each.name for each in self.world.stacks if each.state == "deployed"]
        return deployed if self.world.role is None else ["other", *deployed]

    def never_updated(self) -> list[str]:
        """Return the deployed stacks that were never updated; one update each is enough."""
        return [
            each.name for each in self.world.stacks if each.state == "deployed" and not each.before
        ]

    def deletable(self) -> list[str]:
        """Return the stacks that can be deleted."""
        return [each.name for each in self.world.deletable()]

    def run(self, name: str) -> Actor:
        """Return the run with a name."""
        return next(each for each in self.world.actors if each.name == name)

    def stack(self, name: str) -> Stack:
        """Return the stack with a name."""
        return next(each for each in self.world.stacks if each.name == name)

    def new_stack(self, region: str, removal: str, description: str | None = None) -> Stack:
        """Return a stack with a new name."""
        return Stack(LETTERS[len(self.world.stacks)], region, removal, description)

    def room(self) -> bool:
        """Return whether another stack can be created."""
        existing = [each for each in self.world.stacks if each.exists]
        return len(existing) < STACKS and len(self.world.stacks) < len(LETTERS)

    # the account

    @initialize(
        deployed=st.lists(st.tuples(regions, removals), max_size=STACKS - 1),
        hidden_reads=st.integers(0, 2),
        deletion_seconds=st.sampled_from([0, 0, 7, 7, 25, 25, SLOW_SECONDS]),
        # the protocol waits six seconds for a change to become readable; IAM guarantees no limit
        delay_seconds=st.integers(0, 5),
        seed=st.integers(0, 9),
        at_once=st.booleans(),
    )
    def begin(
        self,
        *,
        deployed: list[tuple[str, str]],
        hidden_reads: int,
        deletion_seconds: int,
        delay_seconds: int,
        seed: int,
        at_once: bool,
    ) -> None:
        """Deploy some stacks; set the delays of IAM, the order of locks and the last deletes."""
        self.world.account.hidden_reads = hidden_reads
        self.world.account.deletion_seconds = deletion_seconds
        self.world.account.delay_seconds = delay_seconds
        self.world.seed = seed
        self.at_once = at_once
        for region, removal in deployed:
            self.world.add_with_lease(self.new_stack(region, removal))

    # a service or a person

    @precondition(lambda self: self.world.role is None)
    @rule()
    def another_party_creates_the_role(self) -> None:
        """A service or a person creates the role."""
        self.world.step("another party creates the role", self.world.create_theirs)

    @precondition(lambda self: self.users())
    @rule(user=one_of(users), region=regions)
    def uses_the_role(self, user: str, region: str) -> None:
        """A resource, of a deployed stack or of none, starts or stops using the role."""
        usage = usage_of(region, user) if user == "other" else self.stack(user).usage
        self.world.toggle_usage(usage)

    # stacks

    @precondition(lambda self: self.room())
    @rule(
        region=regions,
        removal=removals,
        description=st.sampled_from([None, "For the show"]),
        calls=calls_made,
    )
    def is_created(self, region: str, removal: str, description: str | None, calls: int) -> None:
        """A stack is created, and its run makes some calls."""
        run = self.world.create(self.new_stack(region, removal, description))
        self.world.advance(run, calls=calls)

    @precondition(lambda self: self.never_updated())
    @rule(stack=one_of(never_updated), removal=removals, calls=calls_made)
    def is_updated(self, stack: str, removal: str, calls: int) -> None:
        """A stack changes its removal setting."""
        self.world.advance(self.world.update(self.stack(stack), removal), calls=calls)

    @precondition(lambda self: self.deletable())
    @rule(stack=one_of(deletable), calls=calls_made)
    def is_deleted(self, stack: str, calls: int) -> None:
        """A stack is deleted, or deleted again after a failure."""
        self.world.advance(self.world.delete(self.stack(stack)), calls=calls)

    @precondition(lambda self: self.in_progress())
    @rule(stack=one_of(in_progress))
    def is_cancelled(self, stack: str) -> None:
        """Another resource of the stack fails, while a run may still work."""
        self.world.fail(self.stack(stack))

    # runs

    @precondition(lambda self: self.running())
    @rule(run=one_of(running), calls=calls_made.filter(bool))
    def continues(self, run: str, calls: int) -> None:
        """A run makes some calls while the others stand still, within the limit."""
        self.world.advance(self.run(run), calls=calls)

    @precondition(lambda self: self.running())
    @rule(run=one_of(running), before=st.sampled_from(CALLS))
    def continues_until(self, run: str, before: str) -> None:
        """A run stops just before that call, if it makes it."""
        self.world.advance(self.run(run), before=before)

    @precondition(lambda self: self.running())
    @rule(calls=st.integers(1, 40))
    def all_continue(self, calls: int) -> None:
        """All runs make calls in turns."""
        self.world.take_turns(calls)

    @precondition(lambda self: self.world.time_may_pass())
    @rule()
    def time_passes(self) -> None:
        """No run calls until the next event is due."""
        self.world.pass_time()

    @precondition(lambda self: self.calling())
    @rule(run=one_of(calling))
    def is_throttled(self, run: str) -> None:
        """AWS throttles a call."""
        self.world.throttle(self.run(run))

    @precondition(lambda self: self.crashable())
    @rule(run=one_of(crashable), calls=calls_made, again=st.booleans())
    def crashes(self, run: str, calls: int, *, again: bool) -> None:
        """A run makes some calls and crashes. Lambda may deliver its event again."""
        actor = self.run(run)
        self.world.advance(actor, calls=calls)
        if not actor.ended:
            self.world.crash(actor, again=again and actor.delivery < DELIVERIES)

    @precondition(lambda self: self.events() and len(self.running()) < RUNS)
    @rule(run=one_of(events), calls=calls_made)
    def is_delivered_twice(self, run: str, calls: int) -> None:
        """Lambda delivers an event at least once."""
        self.world.advance(self.world.deliver_again(self.run(run)), calls=calls)

    # the end

    def teardown(self) -> None:
        """Delete all stacks, and check what they leave behind."""
        try:
            if not self.world.violations:
                for usage in sorted(self.world.role.used if self.world.role else ()):
                    self.world.toggle_usage(usage)
                self.world.delete_all(at_once=self.at_once)
        finally:
            self.world.__exit__()


@pytest.mark.no_cover  # coverage would take most of the time, and other tests cover the branches
@pytest.mark.hypothesis
def test_the_role_exists_exactly_as_long_as_it_is_needed(
    record_property: Callable[[str, object], None],
) -> None:
    """No needed role is deleted, our unused role is deleted, and other roles are kept."""

    class Exploration(RoleProtocol):
        explored = Explored()

    run_state_machine_as_test(Exploration, settings=SETTINGS)

    record_property("summary", str(Exploration.explored))
    assert len(Exploration.explored.states) > Exploration.explored.steps / 10
