"""Many stacks at once: every run of the handler in its own thread, one call at a time.

A run hands over the baton before each call to AWS and at each wait, so only one thread runs at any
moment and whoever chooses the next step decides the whole order. Time passes only when all agree
to wait: a run that is about to call is held up for some seconds at most, as a call may be.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self
from unittest import mock

from slr_constructs import catalogue
from slr_constructs.handler.slr_handler import aws
from slr_constructs.handler.slr_handler.clock import Clock, OutOfTimeError
from slr_constructs.handler.slr_handler.entrypoint import answer_to
from slr_constructs.handler.slr_handler.operations import service_linked_role
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CLOSING_TAG,
    LEASE_TAG,
    MADE_MARK,
    MADE_TAG,
)
from tests.handler.account import Account, refusal
from tests.handler.clocks import EPOCH, RUN_SECONDS
from tests.handler.events import lease_of, request, stack_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.handler.slr_handler.lifecycle import Answer, Request
    from tests.fake_services.service_linked_roles import Role

ROLE = catalogue.CHIME_VOICE_CONNECTOR.role_name
#: no call of a run that lives takes longer.
STALL_SECONDS = 20
#: Lambda's pause before it delivers an event again to a function that died.
RETRY_SECONDS = 60
#: Lambda tries so often, and CloudFormation waits so long for an answer.
DELIVERIES = 3
GIVE_UP_SECONDS = 1200
#: how long a service may take to let go of a role.
LET_GO_SECONDS = 15
#: whoever gives up a role in use has asked IAM for minutes.
PATIENCE_SECONDS = 240
#: a thread that does not hand the baton back within this real time is stuck.
STUCK_SECONDS = 120

#: what somebody else's role looks like.
THEIR_DESCRIPTION = "Made by the service"
THEIR_TAGS = {"owner": "somebody else"}


class AbandonedError(BaseException):
    """The run dies here; not an `Exception`, so that nothing in the handler sees it."""


@dataclass(slots=True, eq=False)
class Stack:
    """One stack, as CloudFormation knows it."""

    name: str
    region: str
    removal: str = "WHEN_UNUSED"
    description: str | None = None
    #: arriving, held, updating, rolling back, leaving, stuck (its delete failed) or gone.
    state: str = "absent"
    #: its current event.
    asked: Request | None = None
    #: the answer to it.
    answer: Answer | None = None
    #: the runs of any of its events that have not ended, or that will begin after a crash.
    runs: int = 0
    #: the removal settings to go back to when an update fails.
    before: str = ""
    physical_id: str = ""

    @property
    def id(self) -> str:
        """The stack's id."""
        return stack_id(self.name, self.region)

    @property
    def lease(self) -> str:
        """The tag by which it holds the role."""
        return lease_of(self.id)

    @property
    def use(self) -> tuple[str, str]:
        """What uses the role."""
        return use_of(self.region, self.name)

    @property
    def holds(self) -> bool:
        """Whether it was told that it has the role."""
        return self.state in ("held", "updating")

    @property
    def there(self) -> bool:
        """Whether it may need the role, now or soon."""
        return self.state not in ("absent", "gone")

    @property
    def properties(self) -> dict[str, str]:
        """What its template says."""
        said = {
            "RoleName": ROLE,
            "ServicePrincipal": catalogue.CHIME_VOICE_CONNECTOR.service_principal,
            "Removal": self.removal,
            "Creation": "IAM",
        }
        return said if self.description is None else {**said, "Description": self.description}


def use_of(region: str, name: str) -> tuple[str, str]:
    """Return something that uses the role."""
    return region, f"arn:aws:chime:{region}:123456789012:vc/{name}"


class BatonClock(Clock):
    """The world's time, as one run sees it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._end = world.time + RUN_SECONDS

    def left(self) -> float:
        """Return the seconds left."""
        return self._end - self._world.time

    def wait(self, seconds: float) -> None:
        """Hand the baton over until that time has passed."""
        if seconds >= self.left():
            raise OutOfTimeError
        self._world.pause(until=self._world.time + seconds, doing=f"wait {seconds:g}")

    def now(self) -> int:  # type: ignore[override] # the real one asks the machine
        """Return the world's time since the epoch."""
        return EPOCH + int(self._world.time)


@dataclass(slots=True, eq=False)
class Actor:
    """One run of the handler."""

    name: str
    stack: Stack
    asked: Request
    token: str
    began: float
    ready_at: float
    delivery: int = 1
    doing: str = "begin"
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    thread: threading.Thread | None = None
    answer: Answer | None = None
    ended: bool = False
    dies: bool = False
    #: whether it has asked IAM for the role.
    makes: bool = False
    throttled: bool = False


class World:
    """An account, its stacks and the runs that are under way."""

    def __init__(self) -> None:
        self.time = 0.0
        self.stacks: list[Stack] = []
        self.account = Account(now=lambda: self.time)
        self.account.before_call = self._before_call
        self.account.on_change = self._check_deletion
        self.actors: list[Actor] = []
        self.trace: list[str] = []
        #: the promises that are broken.
        self.violations: list[str] = []
        #: called after each step.
        self.after_step: Callable[[], None] = lambda: None
        #: the role that somebody else made.
        self.theirs: Role | None = None
        #: who dropped a lease last.
        self.last_to_leave: Stack | None = None
        #: decides whose mark is the first by name.
        self.seed = 0
        self._leases: set[str] = set()
        self._current: Actor | None = None
        self._back = threading.Semaphore(0)
        self._later: list[tuple[float, Callable[[], object], str]] = []
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        """Take the place of AWS."""
        for target, name, value in (
            (aws, "client", lambda _service: self.account.iam()),
            # the log, which nobody reads here
            (sys, "stdout", mock.Mock()),
            (service_linked_role, "secrets", SimpleNamespace(token_hex=self._token)),
        ):
            self._exits.enter_context(mock.patch.object(target, name, value))
        return self

    def __exit__(self, *_: object) -> None:
        """Let no thread outlive the world."""
        for actor in self.living():
            assert actor.thread is not None
            actor.dies = True
            actor.go.release()
            actor.thread.join(STUCK_SECONDS)
        self._exits.close()

    # what there is

    @property
    def role(self) -> Role | None:
        """The role as it is now."""
        return self.account.roles.get(ROLE)

    def living(self) -> list[Actor]:
        """Return the runs that have not ended."""
        return [actor for actor in self.actors if not actor.ended]

    def ready(self) -> list[Actor]:
        """Return the runs that wait for nothing but their turn."""
        return [each for each in self.living() if each.ready_at <= self.time]

    def may_leave(self) -> list[Stack]:
        """Return which stacks may leave."""
        # a create that is delivered twice may end after CloudFormation has gone on; a delete
        # that overtakes it would leave a lease that nobody drops
        return [each for each in self.stacks if each.state in ("held", "stuck") and each.runs == 0]

    def time_may_pass(self) -> bool:
        """Tell whether something is due later, and no run would be held up for too long."""
        soonest = self._soonest()
        held_up = min((each.ready_at for each in self.ready()), default=float("inf"))
        return soonest is not None and soonest <= held_up + STALL_SECONDS

    def state(self) -> tuple[object, ...]:
        """Return what tells one state from another: no names, no order, no clock."""
        role = self.role
        tags = {} if role is None else role.tags
        stale = EPOCH + self.time - service_linked_role._STALE_SECONDS
        marks = {
            tag.removeprefix(CLOSING_TAG): int(since) > stale
            for tag, since in tags.items()
            if tag.startswith(CLOSING_TAG)
        }
        used = set() if role is None else role.used
        runs: dict[Stack, list[tuple[object, ...]]] = {stack: [] for stack in self.stacks}
        for actor in self.living():
            runs[actor.stack].append(
                (
                    actor.asked.type,
                    actor.doing.split(maxsplit=1)[0],
                    actor.ready_at <= self.time,
                    marks.pop(actor.token, None),
                )
            )
        stacks = sorted(
            (
                stack.region,
                stack.removal,
                stack.state,
                stack.lease in tags,
                stack.use in used,
                stack.runs - len(runs[stack]),
                tuple(sorted(map(repr, runs[stack]))),
            )
            for stack in self.stacks
            if stack.there or runs[stack]
        )
        shown = None
        if role is not None:
            shown = (
                role is self.theirs,
                tags.get(MADE_TAG),
                role.description.endswith(MADE_MARK),
                role.hidden_reads,
                len(used),
                any(task.role is role and task.undecided for task in self.account.tasks.values()),
                tuple(sorted(marks.values())),
            )
        return shown, tuple(stacks)

    # steps

    def step(self, label: str, act: Callable[[], object]) -> None:
        """Do one thing, and see that nothing is wrong after it."""
        if label:
            self.trace.append(f"{self.time:g} {label}")
        act()
        self.account.settle()
        self.check()
        self.after_step()

    def go_on(self, actor: Actor) -> None:
        """Let a run make its next call, or go on after its wait."""
        self.step(f"{actor.name}: {actor.doing}", lambda: self._resume(actor))

    def throttle(self, actor: Actor) -> None:
        """Let a run's next call be throttled."""
        actor.throttled = True
        self.step(f"{actor.name}: {actor.doing} is throttled", lambda: self._resume(actor))

    def pass_time(self) -> None:
        """Let time pass until something is due."""
        self.step("", self._pass_time)

    def crash(self, actor: Actor, *, again: bool) -> None:
        """Let a run die; its event is delivered again, or CloudFormation waits in vain."""
        self.step(f"{actor.name} dies before {actor.doing}", lambda: self._crash(actor, again))

    def deliver_again(self, actor: Actor) -> Actor:
        """Deliver a run's event a second time."""
        self.step(
            f"{actor.name} is delivered twice", lambda: self._deliver(actor.stack, actor.asked)
        )
        return self.actors[-1]

    def advance(self, actor: Actor, *, before: str = "", calls: float = float("inf")) -> None:
        """Run one alone, until it is about to make that call, has made so many, or has ended."""
        while not actor.ended and actor.doing != before and calls > 0:
            if actor.ready_at <= self.time:
                self.go_on(actor)
                calls -= 1
            elif self.time_may_pass():
                self.pass_time()
            else:
                return  # it would wait for longer than the others may be held up

    def take_turns(self, calls: float = float("inf")) -> None:
        """Let all runs go on in turns."""
        while calls > 0:
            for actor in self.ready():
                self.go_on(actor)
                calls -= 1
            if self.ready():
                continue
            if not self.time_may_pass():
                return
            self.pass_time()

    def let_all_leave(self, *, at_once: bool = False) -> None:
        """Let every stack leave, and every run end."""
        self.take_turns()
        # a delete that requires the role to go fails for as long as others hold it
        for _ in self.stacks:
            for stack in self.may_leave():
                self.leave(stack)
                if not at_once:
                    self.take_turns()
            self.take_turns()
        for stack in self.stacks:
            if stack.there:
                self.violations.append(f"{stack.name} cannot leave")
        assert not self.violations, self.told()

    def use_or_let_go(self, what: tuple[str, str]) -> None:
        """Let something begin to use the role, or use it no more."""
        role = self.role
        assert role is not None
        if what in role.used:
            self.step(f"{what[1]} lets go of the role", lambda: role.used.discard(what))
        else:
            self.step(f"{what[1]} uses the role", lambda: role.used.add(what))

    def told(self) -> str:
        """Return what is wrong, and what has happened until then."""
        return "\n".join([*self.violations, *self.trace])

    def check(self) -> None:
        """Fail if a promise is broken."""
        role = self.role
        tags = {} if role is None else role.tags
        for stack in self.stacks:
            if stack.holds and role is None:
                self.violations.append(f"{stack.name} holds a role that is not there")
            elif stack.holds and stack.lease not in tags:
                self.violations.append(f"{stack.name} holds a role without its lease")
            if stack.lease in self._leases and stack.lease not in tags:
                self.last_to_leave = stack
        self._leases = {tag for tag in tags if tag.startswith(LEASE_TAG)}
        if role is not None and role is self.theirs:
            self._check_theirs(role)
        if not any(stack.there or stack.runs for stack in self.stacks):
            self._check_left_alone(role)
        assert not self.violations, self.told()

    def _check_theirs(self, role: Role) -> None:
        # a description is changed for whoever asks for one
        said = {THEIR_DESCRIPTION, *(stack.description for stack in self.stacks)}
        ours = (LEASE_TAG, CLOSING_TAG)
        if role.description not in said:
            self.violations.append(f"their role is described as {role.description!r}")
        if {tag: role.tags[tag] for tag in role.tags if not tag.startswith(ours)} != THEIR_TAGS:
            self.violations.append(f"their role is tagged {role.tags}")

    def _check_left_alone(self, role: Role | None) -> None:
        """All have left."""
        if role is None:
            return
        if self._leases:
            self.violations.append("all have left, and a lease is left")
        for actor in self.actors:
            # whoever died could not take its mark away, and whoever ran out of time while IAM
            # was at work must not: it counts for nothing soon
            excused = actor.dies or (actor.answer and "still deleting" in actor.answer.reason)
            if CLOSING_TAG + actor.token in role.tags and not excused:
                self.violations.append(f"all have left, and the mark of {actor.name} is left")
        if role is not self.theirs and not role.used and not self._may_stay(role):
            self.violations.append("all have left, nothing uses our role, and it is there")

    def _may_stay(self, role: Role) -> bool:
        # KEEP leaves the role to the account, if no other leaves after it
        if self.last_to_leave is not None and self.last_to_leave.removal == "KEEP":
            return True
        # WHEN_UNUSED waits for minutes and not for ever: that it does is seen when it gives up
        asked = [task for task in self.account.tasks.values() if task.role is role]
        return bool(asked) and asked[-1].status == "FAILED"

    def _check_asking(self, actor: Actor) -> None:
        removal = actor.asked.properties["Removal"]
        if removal == "KEEP":
            self.violations.append(f"{actor.name} asked IAM to delete a role that is to be kept")
        # REQUIRE is the one that says so of any role
        if self.theirs is not None and self.role is self.theirs and removal != "REQUIRE":
            self.violations.append(f"{actor.name} asked IAM to delete a role that is not ours")

    def _check_deletion(self, what: str, role: Role) -> None:
        if what != "delete":
            return
        holders = [stack.name for stack in self.stacks if stack.holds]
        if holders:
            self.violations.append(f"the role of {', '.join(holders)} was deleted")
        if role.used:
            self.violations.append("a role in use was deleted")

    # stacks

    def arrive(self, stack: Stack) -> Actor:
        """CloudFormation creates the stack's resource."""
        if stack not in self.stacks:
            self.stacks.append(stack)
        stack.state = "arriving"
        said = "" if stack.description is None else f" ({stack.description})"
        self.step(
            f"{stack.name} arrives in {stack.region} with {stack.removal}{said}",
            lambda: self._ask(stack, "Create", None),
        )
        return self.actors[-1]

    def update(self, stack: Stack, removal: str) -> Actor:
        """CloudFormation updates the stack's resource."""
        stack.state = "updating"
        stack.before, stack.removal = stack.removal, removal
        self.step(
            f"{stack.name} is updated to {removal}",
            lambda: self._ask(stack, "Update", stack.physical_id),
        )
        return self.actors[-1]

    def leave(self, stack: Stack) -> Actor:
        """CloudFormation deletes the stack's resource; its feature was removed before."""
        stack.state = "leaving"
        role = self.role
        if role is not None and stack.use in role.used:
            self._after(LET_GO_SECONDS, lambda: role.used.discard(stack.use), "the service lets go")
        self.step(f"{stack.name} leaves", lambda: self._ask(stack, "Delete", stack.physical_id))
        return self.actors[-1]

    def settle_in(self, stack: Stack) -> None:
        """Let a stack hold the role already."""
        if stack not in self.stacks:
            self.stacks.append(stack)
        role = self.role or self.account.add(ROLE, **{MADE_TAG: "true"})
        role.tags[stack.lease] = stack.id
        stack.state = "held"
        stack.physical_id = ROLE

    def make_theirs(self) -> None:
        """Let somebody else make the role."""
        self.theirs = self.account.add(ROLE, THEIR_DESCRIPTION, **THEIR_TAGS)
        self.theirs.created = self.time

    def _ask(self, stack: Stack, kind: str, physical_id: str | None) -> None:
        stack.answer = None
        stack.asked = request(
            kind,
            "Custom::ServiceLinkedRole",
            stack.properties,
            stack=stack.id,
            physical_id=physical_id,
        )
        self._deliver(stack, stack.asked)

    def _answered(self, actor: Actor) -> None:
        stack, answer = actor.stack, actor.answer
        stack.runs -= 1
        if answer is not None:
            self._check_answer(actor, answer)
            # CloudFormation takes the first answer to its present question
            if actor.asked is stack.asked and stack.answer is None:
                stack.answer = answer
                stack.physical_id = answer.physical_id
                self._told(stack, actor.asked.type, failed=answer.failed)
        self._roll_back(stack)

    def _check_answer(self, actor: Actor, answer: Answer) -> None:
        required = actor.asked.type == "Delete" and actor.asked.properties["Removal"] == "REQUIRE"
        if answer.failed and not required and not answer.reason.startswith("IAM does not show"):
            self.violations.append(f"{actor.name} failed: {answer.reason}")
        if "it is in use" in answer.reason and self.time - actor.began < PATIENCE_SECONDS:
            self.violations.append(f"{actor.name} gave up too soon: {answer.reason}")

    def _told(self, stack: Stack, kind: str, *, failed: bool) -> None:
        if kind == "Delete":
            stack.state = "stuck" if failed else "gone"
            # one whose create died before it took a lease has none to drop
            self.last_to_leave = self.last_to_leave or stack
        elif not failed:
            stack.state = "held"
        elif kind == "Create":
            stack.state = "rolling back"
        else:
            stack.state = "held"
            stack.removal = stack.before

    def _roll_back(self, stack: Stack) -> None:
        # not before its other runs have ended, see `may_leave`
        if stack.state == "rolling back" and stack.runs == 0:
            self.leave(stack)

    # runs

    def _after(self, seconds: float, act: Callable[[], object], label: str) -> None:
        self._later.append((self.time + seconds, act, label))

    def _soonest(self) -> float | None:
        times = [each.ready_at for each in self.living()]
        times += [at for at, _, _ in self._later]
        times += [task.due for task in self.account.tasks.values() if task.undecided]
        return min((at for at in times if at > self.time), default=None)

    def _pass_time(self) -> None:
        soonest = self._soonest()
        assert soonest is not None
        self.time = soonest
        due = [each for each in self._later if each[0] <= self.time]
        self._later = [each for each in self._later if each[0] > self.time]
        for _, act, label in due:
            self.trace.append(f"{self.time:g} {label}")
            act()

    def _deliver(self, stack: Stack, asked: Request, delivery: int = 1) -> None:
        stack.runs += 1
        serial = len(self.actors) + 1
        name = f"{asked.type} {stack.name} {serial}"
        # of two marks the first by name goes on, which need not be that of the first run
        token = hashlib.sha256(f"{self.seed} {serial}".encode()).hexdigest()[:32]
        actor = Actor(name, stack, asked, token, self.time, self.time, delivery)
        actor.thread = threading.Thread(target=self._run, args=(actor,), daemon=True)
        self.actors.append(actor)
        actor.thread.start()

    def _crash(self, actor: Actor, again: bool) -> None:  # noqa: FBT001 - passed on by `crash`
        stack, asked = actor.stack, actor.asked
        actor.dies = True
        # counted until its retry has begun, so that the stack does not go on without it
        stack.runs += 1

        def deliver_again() -> None:
            stack.runs -= 1
            self._deliver(stack, asked, actor.delivery + 1)

        def give_up() -> None:
            stack.runs -= 1
            if stack.asked is asked and stack.answer is None:
                # a physical id of CloudFormation's own, for the function has not said one
                stack.physical_id = stack.physical_id or f"{stack.name}-Thing-1QX"
                self._told(stack, asked.type, failed=True)
            self._roll_back(stack)

        if again:
            self._after(RETRY_SECONDS, deliver_again, f"{actor.name} is delivered again")
        else:
            self._after(GIVE_UP_SECONDS, give_up, f"{actor.name} is not waited for any more")
        self._resume(actor)

    def _resume(self, actor: Actor) -> None:
        self._current = actor
        actor.go.release()
        assert self._back.acquire(timeout=STUCK_SECONDS), f"{actor.name} is stuck"
        self._current = None
        if actor.ended:
            assert actor.thread is not None
            actor.thread.join()
            self._answered(actor)

    # within a run's thread

    def _run(self, actor: Actor) -> None:
        try:
            actor.go.acquire()
            if not actor.dies:
                actor.answer = answer_to(actor.asked, BatonClock(self))
        except AbandonedError:
            pass
        finally:
            actor.ended = True
            self._back.release()

    def pause(self, *, until: float, doing: str) -> None:
        """Hand the baton over, and go on when it comes back."""
        actor = self._current
        assert actor is not None
        actor.ready_at = until
        actor.doing = doing
        self._back.release()
        actor.go.acquire()
        if actor.dies:
            raise AbandonedError

    def _before_call(self, method: str, _params: dict[str, Any]) -> None:
        self.pause(until=self.time, doing=method)
        actor = self._current
        assert actor is not None
        if actor.throttled:
            actor.throttled = False
            raise refusal(method, "Throttling", 400, "Rate exceeded")
        if method == "create_service_linked_role":
            actor.makes = True
        if method == "delete_service_linked_role":
            self._check_asking(actor)

    def _token(self, _bytes: int) -> str:
        assert self._current is not None
        return self._current.token
