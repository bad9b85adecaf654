"""Many stacks at once: every run of the handler in its own thread, one call at a time.

A run hands over the baton before each call to AWS and at each wait, so only one thread runs at any
moment and whoever chooses the next step decides the whole order. Time passes only when all agree
to wait: a run that is about to call is held up for some seconds at most, as a call may be.
"""

from __future__ import annotations

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
from tests.handler.account import Account, Role, refusal
from tests.handler.clocks import EPOCH, RUN_SECONDS
from tests.handler.events import lease_of, request, stack_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.handler.slr_handler.lifecycle import Answer, Request

ROLE = catalogue.CHIME_VOICE_CONNECTOR.role_name
PROPERTIES = {
    "RoleName": ROLE,
    "ServicePrincipal": catalogue.CHIME_VOICE_CONNECTOR.service_principal,
    "Removal": "WHEN_UNUSED",
    "Creation": "IAM",
}
#: no call of a run that lives takes longer.
STALL_SECONDS = 20
#: Lambda's pause before it delivers an event again to a function that died.
RETRY_SECONDS = 60
#: a thread that does not hand the baton back within this real time is stuck.
STUCK_SECONDS = 20


class AbandonedError(BaseException):
    """The run dies here; not an `Exception`, so that nothing in the handler sees it."""


@dataclass(slots=True)
class Stack:
    """One stack, as CloudFormation knows it."""

    name: str
    region: str
    state: str = "absent"
    #: the runs of its current event that have not ended.
    runs: int = 0
    answer: Answer | None = None
    #: whether its feature uses the role, as long as it is held.
    uses: bool = False

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
        return self.region, f"arn:aws:chime:{self.region}:123456789012:vc/{self.name}"


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


@dataclass(slots=True)
class Actor:
    """One run of the handler."""

    name: str
    stack: Stack
    asked: Request
    token: str
    ready_at: float
    doing: str = "begin"
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    thread: threading.Thread | None = None
    answer: Answer | None = None
    ended: bool = False
    dies: bool = False
    throttled: bool = False


class World:
    """An account, its stacks and the runs that are under way."""

    def __init__(self, stacks: list[Stack]) -> None:
        self.time = 0.0
        self.stacks = stacks
        self.account = Account(now=lambda: self.time)
        self.account.before_call = self._before_call
        self.account.on_deletion = self._check_deletion
        self.actors: list[Actor] = []
        self.trace: list[str] = []
        self.violations: list[str] = []
        self._current: Actor | None = None
        self._back = threading.Semaphore(0)
        self._serial = 0
        self._later: list[tuple[float, Callable[[], object], str]] = []
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        """Take the place of AWS."""
        for target, name, value in (
            (aws, "client", lambda _service: self.account.iam()),
            (aws, "log", mock.Mock()),
            (service_linked_role, "log", mock.Mock()),
            (service_linked_role, "secrets", SimpleNamespace(token_hex=self._token)),
        ):
            self._exits.enter_context(mock.patch.object(target, name, value))
        return self

    def __exit__(self, *_: object) -> None:
        """Let no thread outlive the world."""
        for actor in self.actors:
            if not actor.ended:
                actor.dies = True
                self._resume(actor)
        self._exits.close()

    # steps

    def steps(self) -> dict[str, Callable[[], None]]:
        """Return what may happen next with the runs that there are."""
        ready = [each for each in self._living() if each.ready_at <= self.time]
        steps: dict[str, Callable[[], None]] = {
            f"{each.name}: {each.doing}": lambda each=each: self._resume(each)  # type: ignore[misc]
            for each in ready
        }
        soonest = self._soonest()
        held_up = min((each.ready_at for each in ready), default=float("inf"))
        if soonest is not None and soonest <= held_up + STALL_SECONDS:
            steps["time passes"] = self._pass_time
        return steps

    def crashes(self) -> dict[str, Callable[[], None]]:
        """Return which runs may die; Lambda delivers their event again, later."""
        return {
            f"{each.name} dies": lambda each=each: self._crash(each)  # type: ignore[misc]
            for each in self._living()
        }

    def throttles(self) -> dict[str, Callable[[], None]]:
        """Return which calls may be throttled."""
        return {
            f"{each.name} is throttled": lambda each=each: self._throttle(each)  # type: ignore[misc]
            for each in self._living()
            if each.ready_at <= self.time and each.doing != "begin"
        }

    def deliveries(self) -> dict[str, Callable[[], None]]:
        """Return which events may be delivered a second time."""
        return {
            f"{each.name} is delivered twice": lambda each=each: self._deliver(  # type: ignore[misc]
                each.stack, each.asked
            )
            for each in self._living()
            if each.stack.runs == 1
        }

    def arrivals(self) -> dict[str, Callable[[], None]]:
        """Return which stacks may arrive, or leave."""
        arrive = {
            f"{each.name} arrives": lambda each=each: self.arrive(each)
            for each in self.stacks
            if each.state == "absent"
        }
        return arrive | self.departures()

    def departures(self) -> dict[str, Callable[[], None]]:
        """Return which stacks may leave."""
        # a create that is delivered twice may end after CloudFormation has gone on; a delete
        # that overtakes it would leave a lease that nobody drops
        return {
            f"{each.name} leaves": lambda each=each: self.leave(each)  # type: ignore[misc]
            for each in self.stacks
            if each.state == "held" and each.runs == 0
        }

    def step(self, label: str, act: Callable[[], None]) -> None:
        """Do one thing, and see that nothing is wrong after it."""
        self.trace.append(f"{self.time:g} {label}")
        act()
        self.account.settle()
        self.check()

    def check(self) -> None:
        """Fail if a promise is broken."""
        for stack in self.stacks:
            if stack.state != "held":
                continue
            role = self.account.roles.get(ROLE)
            if role is None:
                self.violations.append(f"{stack.name} holds a role that is not there")
            elif stack.lease not in role.tags:
                self.violations.append(f"{stack.name} holds a role without its lease")
        assert self.violations == [], "\n".join([*self.violations, *self.trace])

    # stacks

    def arrive(self, stack: Stack) -> None:
        """CloudFormation creates the stack's resource."""
        stack.state = "arriving"
        self._ask(stack, "Create", None)

    def leave(self, stack: Stack) -> None:
        """CloudFormation deletes the stack's resource; its feature was removed before."""
        stack.state = "leaving"
        role = self.account.roles.get(ROLE)
        if role is not None and stack.use in role.used:
            # the service may take a while to let go
            self._later.append(
                (self.time + 15, lambda: role.used.discard(stack.use), "the service lets go")
            )
        assert stack.answer is not None
        self._ask(stack, "Delete", stack.answer.physical_id)

    def settle_in(self, stack: Stack) -> None:
        """Let a stack hold the role already."""
        role = self.account.roles.get(ROLE)
        if role is None:
            role = self.account.add(ROLE, **{service_linked_role.MADE_TAG: "true"})
        role.tags[stack.lease] = stack.id
        asked = request("Create", "Custom::ServiceLinkedRole", PROPERTIES, stack=stack.id)
        stack.answer = mock.Mock(physical_id=asked.properties["RoleName"])
        self._hold(stack)

    def _hold(self, stack: Stack) -> None:
        stack.state = "held"
        if stack.uses:
            self.account.roles[ROLE].used.add(stack.use)

    def _ask(self, stack: Stack, kind: str, physical_id: str | None) -> None:
        stack.answer = None
        asked = request(
            kind,
            "Custom::ServiceLinkedRole",
            PROPERTIES,
            stack=stack.id,
            physical_id=physical_id,
        )
        self._deliver(stack, asked)

    def _answered(self, actor: Actor) -> None:
        stack = actor.stack
        stack.runs -= 1
        answer = actor.answer
        if answer is None or stack.answer is not None:
            return  # it died, or another run has answered already
        stack.answer = answer
        if answer.failed and not answer.reason.startswith("IAM does not show"):
            self.violations.append(f"{actor.name} failed: {answer.reason}")
        if actor.asked.type == "Delete":
            stack.state = "absent" if answer.failed else "gone"
            return
        if answer.failed:
            # CloudFormation rolls back
            self.leave(stack)
            return
        if ROLE not in self.account.roles:
            self.violations.append(f"{stack.name} has arrived, and finds no role")
            return
        self._hold(stack)

    def _check_deletion(self, role: Role) -> None:
        holders = [
            stack.name
            for stack in self.stacks
            if stack.state == "held" and stack.lease in role.tags
        ]
        if holders:
            self.violations.append(f"the role of {holders} was deleted")

    # runs

    def _living(self) -> list[Actor]:
        return [actor for actor in self.actors if not actor.ended]

    def _soonest(self) -> float | None:
        times = [each.ready_at for each in self._living()]
        times += [at for at, _, _ in self._later]
        times += [
            task.due
            for task in self.account.tasks.values()
            if task.status in ("NOT_STARTED", "IN_PROGRESS")
        ]
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

    def _deliver(self, stack: Stack, asked: Request) -> None:
        stack.runs += 1
        self._serial += 1
        name = f"{asked.type} {stack.name} {self._serial}"
        actor = Actor(name, stack, asked, self.next_token(self._serial), self.time)
        actor.thread = threading.Thread(target=self._run, args=(actor,), daemon=True)
        self.actors.append(actor)
        actor.thread.start()

    def next_token(self, serial: int) -> str:
        """Return what tells the marks of one run from those of others."""
        return f"{serial:032}"

    def _crash(self, actor: Actor) -> None:
        actor.dies = True
        # counted until its retry has begun, so that the stack does not go on without it
        actor.stack.runs += 1

        def deliver_again() -> None:
            actor.stack.runs -= 1
            self._deliver(actor.stack, actor.asked)

        self._later.append((self.time + RETRY_SECONDS, deliver_again, "Lambda tries again"))
        self._resume(actor)

    def _throttle(self, actor: Actor) -> None:
        actor.throttled = True
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

    def _token(self, _bytes: int) -> str:
        assert self._current is not None
        return self._current.token
