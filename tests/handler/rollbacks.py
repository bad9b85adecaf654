"""Operations of CloudFormation that fail while their runs still work, one for each seed.

A stack has a role and the streaming of a Voice Connector. It is created, or it is updated to
another Voice Connector, and another resource fails before a random step of its runs. Events start
late or twice, calls take up to `STALL_SECONDS`, IAM shows a change to others after some seconds,
and new permissions are visible after some seconds. A second stack uses the role or not. At the end
both stacks are deleted.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.handler.interleaving import DELIVERIES, Stack, World

if TYPE_CHECKING:
    from slr_constructs.handler.slr_handler.cloudformation import Request

BEFORE, AFTER = "a" * 22, "b" * 22
#: the longest time that Lambda keeps an event, from the template.
LATEST_SECONDS = 300
#: no operation of these stacks takes longer.
_OVER_SECONDS = 6000


@dataclass(slots=True)
class Counts:
    """What happened in a seed."""

    cancelled: int = 0
    late: int = 0
    delivered_twice: int = 0


class Rollback:
    """The scenario of one seed."""

    def __init__(self, seed: int) -> None:
        self.counts = Counts()
        self._choose = choose = random.Random(f"rollback {seed}")  # noqa: S311 - no secret
        self.world = world = World()
        world.seed = seed
        world.account.delay_seconds = choose.choice((0, 1, 3, 5, 5))
        world.account.deletion_seconds = choose.choice((0, 3, 7, 25))
        world.account.hidden_reads = choose.choice((0, 0, 2))
        world.policy_seconds = choose.choice((0, 0, 5, 12, 25))
        world.on_send = self._send
        self._twice = choose.choice((0, 0.3, 0.6))
        self._late = choose.choice((0, 0.3))
        #: how often a run that is ready waits for others.
        self._stalls = choose.choice((0, 0.5, 0.9))
        removal = choose.choice(("WHEN_UNUSED", "WHEN_UNUSED", "KEEP", "REQUIRE"))
        self.role = Stack("A", "us-east-1", removal)
        self.streaming = Stack("A", "us-east-1", connector=BEFORE, needs=self.role)
        self._other = Stack("B", "eu-west-1")
        self._before = choose.choice(("nothing", "their role", "another stack", "arrives"))
        self._is_update = choose.random() < 0.4
        #: how many steps the runs of the operation make before another resource fails.
        self._steps = choose.randrange(6 if self._is_update else 16)

    def _send(self, stack: Stack, request: Request) -> None:
        """Deliver an event, perhaps late, and perhaps twice."""
        choose = self._choose
        starts = 0.0
        if choose.random() < self._late:
            self.counts.late += 1
            starts = choose.choice((0.5, 3, 20, 33, 60, LATEST_SECONDS - 1))
        self._deliver(stack, request, starts)
        if choose.random() < self._twice:
            self.counts.delivered_twice += 1
            again = starts + choose.choice((0.01, 0.5, 2, 5, 20, 40, 100))
            self._deliver(stack, request, min(again, LATEST_SECONDS))

    def _deliver(self, stack: Stack, request: Request, seconds: float) -> None:
        if seconds == 0:
            self.world.deliver(stack, request)
            return
        # counted until it starts, so that the end waits for it
        stack.runs += 1

        def start() -> None:
            stack.runs -= 1
            self.world.deliver(stack, request, DELIVERIES)

        self.world.after(seconds, start, f"{request.request_type} of {stack.name} starts")

    def play(self) -> None:
        """Play the scenario, and check what is left."""
        with self.world as world:
            if self._before == "their role":
                world.create_theirs()
            world.stacks += [self.role, self.streaming]
            if self._before == "another stack":
                world.add_with_lease(self._other)
            elif self._before == "arrives":
                world.after(
                    self._choose.uniform(0, 60),
                    lambda: world.begin_create(self._other),
                    "B arrives",
                )
            if self._is_update:
                world.begin_create(self.role)
                self._run()
                world.begin_update_of_connector(self.streaming, AFTER)
            else:
                world.begin_create(self.role)
            self._run(until_failure=True)
            self._run()
            if self._is_update:
                self._check_streaming({BEFORE})
                world.begin_delete(self.streaming)
                self._run()
                world.begin_delete(self.role)
                self._run()
            if self._other.state == "deployed":
                world.begin_delete(self._other)
                self._run()
            if self.role.state == "stuck":
                # with REQUIRE, its first deletion failed because of the lease of the other stack
                world.begin_delete(self.role)
                self._run()
            self._check_streaming(set())
            world.check()
            self._check_role()
            assert not world.violations, world.report()
            assert {each.state for each in world.stacks} <= {"absent", "deleted"}, world.report()

    def _fail(self) -> None:
        stacks = (self.role, self.streaming)
        self.counts.cancelled += any(each.state in ("creating", "updating") for each in stacks)
        self.world.fail(self.role)

    def _check_role(self) -> None:
        """Check the role that is left.

        In a rollback, REQUIRE acts as WHEN_UNUSED, and KEEP leaves a role that others may delete.
        """
        world, removal = self.world, self.role.removal
        if world.theirs is not None and not (removal == "REQUIRE" and self._is_update):
            if world.role is not world.theirs:
                world.violations.append("their role was deleted")
        elif removal == "KEEP" and not self._is_update:
            if world.role in world.final:
                world.violations.append("the role is kept for good")
        elif removal == "KEEP":
            if world.role is None or world.role not in world.final:
                world.violations.append("the role is not kept for good")
        elif world.role is not None:
            world.violations.append("the role is left")

    def _check_streaming(self, expected: set[str]) -> None:
        world = self.world
        assert set(world.streaming) == expected, world.report()

    def _run(self, *, until_failure: bool = False) -> None:
        """Let every run make its calls in a random order, until all have ended."""
        world, choose = self.world, self._choose
        steps = self._steps
        while world.time < _OVER_SECONDS:
            if until_failure and steps == 0:
                self._fail()
                return
            ready = world.ready()
            may_wait = world.time_may_pass()
            if ready and not (may_wait and choose.random() < self._stalls):
                actor = choose.choice(ready)
                steps -= actor.stack is not self._other
                world.resume(actor)
            elif may_wait:
                world.pass_time()
            elif not ready:
                if until_failure:
                    self._fail()
                return
        raise AssertionError(f"it does not end\n{world.report()}")
