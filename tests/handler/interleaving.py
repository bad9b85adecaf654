"""Many stacks at once: every run of the handler has its own thread, and only one thread runs.

A run stops before each call to AWS and at each wait, so the test that chooses the next step
controls the whole order. Time passes only while all runs wait: a run that is about to call is
delayed by some seconds at most, like a slow call.

CloudFormation works in parallel. When a resource fails, it cancels those in progress: two seconds
later it sends the Delete of a Create, or the Update back to the old properties, while the first run
still runs (aws-cloudformation/cloudformation-coverage-roadmap#1730, aws/aws-cdk#36951). After a
Delete has a response, the permissions of its custom resource are deleted; after the last one, those
of the function. Our model: IAM and the services use a change of permissions at once.
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
from slr_constructs.handler.slr_handler.aws import READABLE_SECONDS
from slr_constructs.handler.slr_handler.clock import Clock, OutOfTimeError
from slr_constructs.handler.slr_handler.cloudformation import Response
from slr_constructs.handler.slr_handler.entrypoint import respond
from slr_constructs.handler.slr_handler.operations import service_linked_role
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CREATED_MARK,
    CREATED_TAG,
    DELETION_LOCK_TAG,
    KEPT_TAG,
    LEASE_TAG,
)
from tests.handler.account import Account, refusal
from tests.handler.clocks import EPOCH, RUN_SECONDS
from tests.handler.events import lease_of, stack_id
from tests.handler.events import request as new_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.handler.slr_handler.cloudformation import Request
    from tests.fake_services.service_linked_roles import Role

ROLE = catalogue.CHIME_VOICE_CONNECTOR.role_name
#: the longest time of a call, unless the run crashes; a question to CloudFormation takes less.
STALL_SECONDS = 18
QUESTION_SECONDS = 5
#: the time from a cancellation to the request that follows it.
CANCEL_SECONDS = 2
#: Lambda's pause before it delivers an event again after a crash.
RETRY_SECONDS = 60
#: the deliveries of Lambda, and the time that CloudFormation waits for a response.
DELIVERIES = 3
GIVE_UP_SECONDS = 1200
#: the time until a service reports that a disabled feature does not use the role.
USAGE_SECONDS = 15
#: the shortest time of the attempts to delete a role in use.
RETRY_IN_USE_SECONDS = 240
#: a thread that does not stop within this real time is stuck.
STUCK_SECONDS = 120

#: the description and tags of a role that slr-constructs did not create.
THEIR_DESCRIPTION = "Created by the service"
THEIR_TAGS = {"owner": "another team"}


class AbandonedError(BaseException):
    """The run crashes here. Not an `Exception`, so that the handler does not catch it."""


@dataclass(slots=True, eq=False)
class Stack:
    """A custom resource of a stack, usually its only one, and its state in CloudFormation."""

    name: str
    region: str
    removal: str = "WHEN_UNUSED"
    description: str | None = None
    #: the Voice Connector whose streaming it configures; None if it is a role.
    connector: str | None = None
    #: the resource of the same stack that is created before this one.
    needs: Stack | None = None
    #: absent, creating, deployed, updating, rolling back, updating back, cleaning (the target that
    #: an update replaced is removed), deleting, stuck (its delete failed) or deleted.
    state: str = "absent"
    #: whether CloudFormation undoes an operation of the stack.
    rolls_back: bool = False
    #: its current request.
    request: Request | None = None
    #: the response to the current request.
    response: Response | None = None
    #: the number of its runs that have not ended, or that will start after a crash.
    runs: int = 0
    #: whether an update of the stack has not ended.
    is_updated: bool = False
    #: the removal setting and the Voice Connector before the update, for a rollback.
    before: str = ""
    connector_before: str | None = None
    physical_resource_id: str = ""
    #: the physical id and the Voice Connector that the last update has replaced.
    replaced: tuple[str, str] | None = None
    #: the Voice Connectors of its permissions.
    allowed: set[str] = field(default_factory=set)
    #: the time of its creation, and of the last response that CloudFormation accepted.
    created: float = float("-inf")
    responded: float = float("-inf")

    @property
    def id(self) -> str:
        """The id of the stack."""
        return stack_id(self.name, self.region)

    @property
    def logical_id(self) -> str:
        """The logical id of the custom resource."""
        return "Thing" if self.connector is None else "Streaming"

    @property
    def lease(self) -> str:
        """The tag of its lease."""
        return lease_of(self.id)

    @property
    def usage(self) -> tuple[str, str]:
        """The resource of the stack that uses the role."""
        return usage_of(self.region, self.name)

    @property
    def has_role(self) -> bool:
        """Whether a successful response said that it has the role."""
        return self.connector is None and self.state in ("deployed", "updating", "updating back")

    @property
    def exists(self) -> bool:
        """Whether CloudFormation has not deleted it."""
        return self.state not in ("absent", "deleted")

    @property
    def status(self) -> str:
        """The status of the custom resource, as CloudFormation returns it."""
        return {
            "creating": "CREATE_IN_PROGRESS",
            "deployed": "CREATE_COMPLETE",
            "updating": "UPDATE_IN_PROGRESS",
            "updating back": "UPDATE_IN_PROGRESS",
            "cleaning": "UPDATE_COMPLETE",
            "rolling back": "CREATE_FAILED",
            "deleting": "DELETE_IN_PROGRESS",
            "stuck": "DELETE_FAILED",
            "deleted": "DELETE_COMPLETE",
        }[self.state]

    @property
    def stack_status(self) -> str:
        """The status of the stack, as CloudFormation returns it."""
        if self.state == "cleaning":
            return f"UPDATE_{'ROLLBACK_' if self.rolls_back else ''}COMPLETE_CLEANUP_IN_PROGRESS"
        if self.is_updated:
            return f"UPDATE_{'ROLLBACK_' if self.rolls_back else ''}IN_PROGRESS"
        if self.rolls_back:
            return "ROLLBACK_IN_PROGRESS"
        return f"{'DELETE' if self.state == 'deleting' else 'CREATE'}_IN_PROGRESS"

    @property
    def properties(self) -> dict[str, Any]:
        """The resource properties in its template."""
        if self.connector is not None:
            return voice_properties(self.connector)
        properties = {
            "RoleName": ROLE,
            "ServicePrincipal": catalogue.CHIME_VOICE_CONNECTOR.service_principal,
            "Removal": self.removal,
            "Creation": "IAM",
        }
        if self.description is None:
            return properties
        return {**properties, "Description": self.description}


def voice_properties(connector: str) -> dict[str, Any]:
    """Return the properties of a custom resource that configures streaming."""
    return {
        "VoiceConnectorId": connector,
        "DataRetentionInHours": "24",
        "Enabled": "true",
        "NotificationTargets": ["EventBridge"],
    }


def usage_of(region: str, name: str) -> tuple[str, str]:
    """Return a resource that uses the role."""
    return region, f"arn:aws:chime:{region}:123456789012:vc/{name}"


class WorldClock(Clock):
    """The time of the world for one run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._end = world.time + RUN_SECONDS

    def left(self) -> float:
        """Return the seconds left."""
        return self._end - self._world.time

    def wait(self, seconds: float) -> None:
        """Stop the run until that time has passed."""
        if seconds >= self.left():
            raise OutOfTimeError
        self._world.pause(until=self._world.time + seconds, doing=f"wait {seconds:g}")

    def now(self) -> int:  # type: ignore[override] # the real one reads the system clock
        """Return the time of the world since the epoch."""
        return EPOCH + int(self._world.time)


@dataclass(slots=True, eq=False)
class Actor:
    """One run of the handler."""

    name: str
    stack: Stack
    request: Request
    token: str
    began: float
    ready_at: float
    delivery: int = 1
    doing: str = "begin"
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    thread: threading.Thread | None = None
    response: Response | None = None
    ended: bool = False
    crashes: bool = False
    #: whether it has called CreateServiceLinkedRole.
    creates: bool = False
    throttled: bool = False
    #: whether it has called without permission.
    denied: bool = False


@dataclass(frozen=True, slots=True)
class _Client:
    """The boto3 client of CloudFormation or Chime in a run."""

    world: World

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        """Return a method of the client."""
        return lambda **params: self.world.respond_to(method, params)


class World:
    """An account, its stacks and their runs."""

    def __init__(self) -> None:
        self.time = 0.0
        self.stacks: list[Stack] = []
        self.account = Account(now=lambda: self.time)
        self.account.caller = lambda: self._current
        #: the streaming configurations, by Voice Connector.
        self.streaming: dict[str, dict[str, Any]] = {}
        self.account.before_call = self._before_call
        self.account.on_change = self._check_deletion
        self.actors: list[Actor] = []
        self.trace: list[str] = []
        #: the broken guarantees.
        self.violations: list[str] = []
        #: called after each step.
        self.after_step: Callable[[], None] = lambda: None
        #: the role that slr-constructs did not create.
        self.theirs: Role | None = None
        #: the roles of slr-constructs that a deleted stack asked to keep.
        self.final: set[Role | None] = set()
        #: the roles that a stack with KEEP left in its rollback, and that later stacks may delete.
        self.left: set[Role | None] = set()
        #: determines which deletion lock is the first by name.
        self.seed = 0
        self._leases: set[str] = set()
        self._current: Actor | None = None
        self._back = threading.Semaphore(0)
        self._later: list[tuple[float, Callable[[], object], str]] = []
        #: delivers an event; a test may deliver it late or twice.
        self.on_send: Callable[[Stack, Request], None] = self.deliver
        #: from its creation until then, the permissions of a resource are not visible.
        self.policy_seconds = 0.0
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        """Replace AWS."""
        for target, name, value in (
            (aws, "client", lambda service, *_: self._client(service)),
            # the log, which these tests do not read
            (sys, "stdout", mock.Mock()),
            (service_linked_role, "secrets", SimpleNamespace(token_hex=self._token)),
        ):
            self._exits.enter_context(mock.patch.object(target, name, value))
        return self

    def __exit__(self, *_: object) -> None:
        """End all threads."""
        for actor in self.running():
            assert actor.thread is not None
            actor.crashes = True
            actor.go.release()
            actor.thread.join(STUCK_SECONDS)
        self._exits.close()

    # state

    @property
    def role(self) -> Role | None:
        """The role as it is now."""
        return self.account.roles.get(ROLE)

    def running(self) -> list[Actor]:
        """Return the runs that have not ended."""
        return [actor for actor in self.actors if not actor.ended]

    def ready(self) -> list[Actor]:
        """Return the runs that can continue now."""
        return [each for each in self.running() if each.ready_at <= self.time]

    def deletable(self) -> list[Stack]:
        """Return the stacks that can be deleted."""
        # a second run of a create may have a call in progress when the first one responds; nothing
        # tells a delete to wait for it, unless the stack rolls back
        return [
            each
            for each in self.stacks
            if each.state in ("deployed", "stuck")
            and (each.runs == 0 or self.time > each.responded + STALL_SECONDS + QUESTION_SECONDS)
        ]

    def time_may_pass(self) -> bool:
        """Return whether an event is due later, and no run would be delayed too long."""
        soonest = self._soonest()
        latest = min(
            (
                each.ready_at
                + (QUESTION_SECONDS if each.doing.startswith("describe_") else STALL_SECONDS)
                for each in self.ready()
            ),
            default=float("inf"),
        )
        return soonest is not None and soonest <= latest

    def state(self) -> tuple[object, ...]:
        """Return the state without names, order and time."""
        role = self.role
        tags = {} if role is None else role.tags
        stale = EPOCH + self.time - service_linked_role._STALE_SECONDS
        locks = {
            tag.removeprefix(DELETION_LOCK_TAG): int(since) > stale
            for tag, since in tags.items()
            if tag.startswith(DELETION_LOCK_TAG)
        }
        used = set() if role is None else role.used
        runs: dict[Stack, list[tuple[object, ...]]] = {stack: [] for stack in self.stacks}
        for actor in self.running():
            runs[actor.stack].append(
                (
                    actor.request.request_type,
                    actor.doing.split(maxsplit=1)[0],
                    actor.ready_at <= self.time,
                    locks.pop(actor.token, None),
                )
            )
        stacks = sorted(
            (
                stack.region,
                stack.removal,
                stack.state,
                stack.lease in tags,
                stack.usage in used,
                stack.runs - len(runs[stack]),
                tuple(sorted(map(repr, runs[stack]))),
            )
            for stack in self.stacks
            if stack.exists or runs[stack]
        )
        shown = None
        if role is not None:
            shown = (
                role is self.theirs,
                tags.get(CREATED_TAG, "").partition(" ")[0],
                KEPT_TAG in tags,
                role.description.endswith(CREATED_MARK),
                role.hidden_reads,
                len(used),
                any(task.role is role and task.undecided for task in self.account.tasks.values()),
                tuple(sorted(locks.values())),
            )
        return shown, tuple(stacks)

    # steps

    def step(self, label: str, act: Callable[[], object]) -> None:
        """Do one action, and check the guarantees after it."""
        if label:
            self.trace.append(f"{self.time:g} {label}")
        act()
        self.account.settle()
        self.check()
        self.after_step()

    def resume(self, actor: Actor) -> None:
        """Let a run make its next call, or continue after its wait."""
        self.step(f"{actor.name}: {actor.doing}", lambda: self._resume(actor))

    def throttle(self, actor: Actor) -> None:
        """Throttle the next call of a run."""
        actor.throttled = True
        self.step(f"{actor.name}: {actor.doing} is throttled", lambda: self._resume(actor))

    def pass_time(self) -> None:
        """Let time pass until the next event is due."""
        self.step("", self._pass_time)

    def crash(self, actor: Actor, *, again: bool) -> None:
        """Let a run crash. Its event is delivered again, or CloudFormation times out."""
        self.step(f"{actor.name} crashes before {actor.doing}", lambda: self._crash(actor, again))

    def deliver_again(self, actor: Actor) -> Actor:
        """Deliver the event of a run a second time."""
        self.step(
            f"{actor.name} is delivered twice", lambda: self.deliver(actor.stack, actor.request)
        )
        return self.actors[-1]

    def advance(self, actor: Actor, *, before: str = "", calls: float = float("inf")) -> None:
        """Resume only this run until it is about to make that call, made that many, or ended."""
        while not actor.ended and actor.doing != before and calls > 0:
            if actor.ready_at <= self.time:
                self.resume(actor)
                calls -= 1
            elif self.time_may_pass():
                self.pass_time()
            else:
                return  # its wait would delay the others too long

    def take_turns(self, calls: float = float("inf")) -> None:
        """Resume all runs in turns."""
        while calls > 0:
            for actor in self.ready():
                self.resume(actor)
                calls -= 1
            if self.ready():
                continue
            if not self.time_may_pass():
                return
            self.pass_time()

    def delete_all(self, *, at_once: bool = False) -> None:
        """Delete every stack, and let every run end."""
        self.take_turns()
        # a delete with REQUIRE fails while other stacks have leases
        for _ in self.stacks:
            for stack in self.deletable():
                self.delete(stack)
                if not at_once:
                    self.take_turns()
            self.take_turns()
            # IAM may still show the last lease
            self.after(READABLE_SECONDS, lambda: None, "you wait")
            self.take_turns()
        for stack in self.stacks:
            if stack.exists:
                self.violations.append(f"{stack.name} cannot be deleted")
        assert not self.violations, self.report()

    def toggle_usage(self, usage: tuple[str, str]) -> None:
        """Let a resource start or stop using the role."""
        role = self.role
        assert role is not None
        if usage in role.used:
            self.step(f"{usage[1]} stops using the role", lambda: role.used.discard(usage))
        else:
            self.step(f"{usage[1]} uses the role", lambda: role.used.add(usage))

    def report(self) -> str:
        """Return the broken guarantees, and the steps until then."""
        return "\n".join([*self.violations, *self.trace])

    def check(self) -> None:
        """Fail if a guarantee is broken."""
        role = self.role
        tags = {} if role is None else role.tags
        for stack in self.stacks:
            if stack.connector is not None:
                continue
            if stack.has_role and role is None:
                self.violations.append(f"{stack.name} has a role that does not exist")
            elif stack.has_role and stack.lease not in tags:
                self.violations.append(f"{stack.name} has a role without a lease")
        self._leases = {tag for tag in tags if tag.startswith(LEASE_TAG)}
        if role is not None and role is self.theirs:
            self._check_theirs(role)
        if not any(stack.exists or stack.runs for stack in self.stacks):
            self._check_all_deleted(role)
        assert not self.violations, self.report()

    def _check_theirs(self, role: Role) -> None:
        # a stack with a description changes it
        allowed = {THEIR_DESCRIPTION, *(stack.description for stack in self.stacks)}
        ours = (LEASE_TAG, DELETION_LOCK_TAG)
        if role.description not in allowed:
            self.violations.append(f"their role has the description {role.description!r}")
        if {tag: role.tags[tag] for tag in role.tags if not tag.startswith(ours)} != THEIR_TAGS:
            self.violations.append(f"their role has the tags {role.tags}")

    def _check_all_deleted(self, role: Role | None) -> None:
        """Check the role after all stacks were deleted."""
        if role is None:
            return
        if self._leases:
            self.violations.append("all stacks are deleted, and a lease is left")
        for actor in self.actors:
            # a run without permissions and a crashed run cannot remove its lock, and a run that
            # ended while IAM is deleting the role must not; the next run that sees it removes it
            excused = (
                actor.crashes
                or actor.denied
                or (actor.response and "still deleting" in actor.response.reason)
            )
            if DELETION_LOCK_TAG + actor.token in role.tags and not excused:
                self.violations.append(
                    f"all stacks are deleted, and the lock of {actor.name} is left"
                )
        if role is not self.theirs and not role.used and not self._may_stay(role):
            self.violations.append("all stacks are deleted, and our unused role exists")

    def _may_stay(self, role: Role) -> bool:
        if role in self.final | self.left:
            return True
        # WHEN_UNUSED waits for a limited time, which is checked with the response: then IAM may be
        # still deleting the role, or have refused
        tasks = [task for task in self.account.tasks.values() if task.role is role]
        return bool(tasks) and tasks[-1].status != "SUCCEEDED"

    def _check_deletion_request(self, actor: Actor) -> None:
        removal = actor.request.resource_properties["Removal"]
        if removal == "KEEP":
            self.violations.append(f"{actor.name} asked IAM to delete a role that must be kept")
        # in a rollback, REQUIRE acts as WHEN_UNUSED
        if removal == "REQUIRE" and not self._undoes(actor.request, actor.stack):
            return
        if self.role in self.final:
            self.violations.append(f"{actor.name} asked IAM to delete a role that is kept for good")
        # only REQUIRE deletes a role that slr-constructs did not create
        if self.theirs is not None and self.role is self.theirs:
            self.violations.append(f"{actor.name} asked IAM to delete a role that is not ours")

    def _undoes(self, request: Request, stack: Stack) -> bool:
        """Return whether a delete undoes a create that failed."""
        return stack.rolls_back or request.physical_resource_id != ROLE

    def _check_deletion(self, what: str, role: Role) -> None:
        if what != "delete":
            return
        names = [stack.name for stack in self.stacks if stack.has_role]
        if names:
            self.violations.append(f"the role of {', '.join(names)} was deleted")
        if role.used:
            self.violations.append("a role in use was deleted")

    # stacks

    def create(self, stack: Stack) -> Actor:
        """Let CloudFormation create the resource of a stack, and return the run."""
        self.begin_create(stack)
        return self.actors[-1]

    def update(self, stack: Stack, removal: str) -> Actor:
        """Let CloudFormation update the removal setting of a stack, and return the run."""
        stack.before, stack.removal = stack.removal, removal
        self._begin_update(stack, f"{stack.name} is updated to {removal}")
        return self.actors[-1]

    def delete(self, stack: Stack) -> Actor:
        """Let CloudFormation delete the resource of a stack, and return the run."""
        self.begin_delete(stack)
        return self.actors[-1]

    def begin_create(self, stack: Stack) -> None:
        """Let CloudFormation create the resource of a stack."""
        if stack not in self.stacks:
            self.stacks.append(stack)
        stack.state = "creating"
        stack.created = self.time
        stack.allowed = {*filter(None, [stack.connector])}
        description = "" if stack.description is None else f" ({stack.description})"
        self.step(
            f"{stack.name} is created in {stack.region} with {stack.removal}{description}",
            lambda: self._send(stack, "Create", None),
        )

    def begin_update_of_connector(self, stack: Stack, connector: str) -> None:
        """Let CloudFormation configure another Voice Connector in place of the current one."""
        stack.connector_before, stack.connector = stack.connector, connector
        stack.allowed.add(connector)
        self._begin_update(stack, f"{stack.name} is updated to {connector}")

    def _begin_update(self, stack: Stack, label: str) -> None:
        stack.state = "updating"
        stack.is_updated = True
        self.step(label, lambda: self._send(stack, "Update", stack.physical_resource_id))

    def begin_delete(self, stack: Stack) -> None:
        """Let CloudFormation delete the resource of a stack that you delete, after its feature."""
        stack.rolls_back = False
        self._begin_delete(stack)

    def _begin_delete(self, stack: Stack) -> None:
        stack.state = "deleting"
        role = self.role
        if role is not None and stack.usage in role.used:
            self.after(USAGE_SECONDS, lambda: role.used.discard(stack.usage), "the usage ends")
        self.step(
            f"{stack.name} is deleted",
            lambda: self._send(stack, "Delete", stack.physical_resource_id),
        )

    def fail(self, stack: Stack) -> None:
        """Let another resource of the stack fail, so that CloudFormation undoes the operation."""
        self.step(f"another resource of {stack.name} fails", lambda: self._fail(stack))

    def end_update(self, stack: Stack) -> None:
        """End an update that succeeded, or its rollback: remove the target that is not needed."""
        self.step(f"the update of {stack.name} ends", lambda: self._clean_up(stack))

    def _members(self, stack: Stack) -> list[Stack]:
        """Return the resources of the same stack, the first one to delete first."""
        return [each for each in reversed(self.stacks) if each.id == stack.id]

    def _fail(self, stack: Stack) -> None:
        for each in self._members(stack):
            each.rolls_back = True
            if each.state == "creating":
                each.state = "rolling back"
                each.physical_resource_id = f"{each.name}-{each.logical_id}-1QX"
            if each.is_updated:
                each.state = "updating back"
            # a response to the cancelled request is ignored
            each.request = None
        self.after(CANCEL_SECONDS, lambda: self._undo(stack), f"CloudFormation undoes {stack.name}")

    def _undo(self, stack: Stack) -> None:
        """Send the next request of a rollback."""
        members = self._members(stack)
        if any(each.is_updated for each in members):
            for each in members:
                if each.state == "updating back":
                    each.connector, each.connector_before = each.connector_before, each.connector
                    each.removal, each.before = each.before or each.removal, ""
                    self._send(each, "Update", each.physical_resource_id)
            return
        for each in members:
            if each.state in ("deployed", "rolling back"):
                self._begin_delete(each)
            if each.state not in ("absent", "deleted"):
                return

    def _clean_up(self, stack: Stack) -> None:
        if stack.replaced is None:
            self._finish_update(stack)
            return
        stack.state = "cleaning"
        physical_resource_id, connector = stack.replaced
        self._send(stack, "Delete", physical_resource_id, voice_properties(connector))

    def _finish_update(self, stack: Stack) -> None:
        stack.state, stack.replaced = "deployed", None
        stack.is_updated = stack.rolls_back = False
        stack.allowed = {*filter(None, [stack.connector])}

    def add_with_lease(self, stack: Stack) -> None:
        """Add a stack that has a lease already."""
        if stack not in self.stacks:
            self.stacks.append(stack)
        role = self.role or self.account.add(ROLE, **{CREATED_TAG: "true"})
        role.tags[stack.lease] = stack.id
        stack.state = "deployed"
        stack.physical_resource_id = ROLE

    def create_theirs(self) -> None:
        """Let a service or a person create the role."""
        self.theirs = self.account.add(ROLE, THEIR_DESCRIPTION, **THEIR_TAGS)
        self.theirs.created = self.time

    def _send(
        self,
        stack: Stack,
        kind: str,
        physical_resource_id: str | None,
        properties: dict[str, Any] | None = None,
    ) -> None:
        stack.response = None
        before = stack.connector_before
        stack.request = new_request(
            kind,
            "Custom::ServiceLinkedRole"
            if stack.connector is None
            else "Custom::VoiceConnectorStreaming",
            properties or stack.properties,
            stack=stack.id,
            logical_id=stack.logical_id,
            physical_resource_id=physical_resource_id,
            old_properties=None if kind != "Update" or before is None else voice_properties(before),
        )
        self.on_send(stack, stack.request)

    def _end(self, actor: Actor) -> None:
        stack, response = actor.stack, actor.response
        stack.runs -= 1
        # CloudFormation accepts the first response to its current request
        if response is not None and actor.request is stack.request and stack.response is None:
            self._check_response(actor, response)
            if self.role is not None and "its removal setting is KEEP" in response.reason:
                self.final |= {self.role} - {self.theirs}
            if self.role is not None and "with KEEP its function may not" in response.reason:
                self.left.add(self.role)
            stack.response = response
            self._on_response(stack, actor.request.request_type, response)

    def _check_response(self, actor: Actor, response: Response) -> None:
        required = (
            actor.request.request_type == "Delete"
            and actor.request.resource_properties.get("Removal") == "REQUIRE"
            and not self._undoes(actor.request, actor.stack)
        )
        if (
            response.failed
            and not required
            and not response.reason.startswith("IAM does not return")
        ):
            self.violations.append(f"{actor.name} failed: {response.reason}")
        if "it is in use" in response.reason and self.time - actor.began < RETRY_IN_USE_SECONDS:
            self.violations.append(
                f"{actor.name} stopped its attempts too early: {response.reason}"
            )

    def _on_response(self, stack: Stack, kind: str, response: Response) -> None:
        stack.responded = self.time
        if stack.state == "cleaning":
            self._finish_update(stack)
            return
        before, stack.physical_resource_id = (
            stack.physical_resource_id,
            response.physical_resource_id,
        )
        if kind == "Delete":
            stack.state = "stuck" if response.failed else "deleted"
            if stack.rolls_back:
                self._undo(stack)
        elif response.failed:
            self._fail(stack)
            if kind == "Create":
                # its response has the physical id, and it is not cancelled
                stack.state, stack.physical_resource_id = (
                    "rolling back",
                    response.physical_resource_id,
                )
        else:
            replaced = stack.connector_before
            if kind == "Update" and before != stack.physical_resource_id and replaced is not None:
                stack.replaced = before, replaced
            went_back, stack.state = stack.state == "updating back", "deployed"
            if went_back or (kind == "Update" and stack.connector is None):
                self._clean_up(stack)
            for each in self.stacks:
                if each.needs is stack and each.state == "absent" and not stack.rolls_back:
                    self.begin_create(each)

    # runs

    def after(self, seconds: float, act: Callable[[], object], label: str) -> None:
        """Act later."""
        self._later.append((self.time + seconds, act, label))

    def _soonest(self) -> float | None:
        times = [each.ready_at for each in self.running()]
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

    def deliver(self, stack: Stack, request: Request, delivery: int = 1) -> None:
        """Start a run for an event."""
        stack.runs += 1
        serial = len(self.actors) + 1
        name = f"{request.request_type} {stack.name} {serial}"
        # of two locks the first by name is kept, which may not be that of the first run
        token = hashlib.sha256(f"{self.seed} {serial}".encode()).hexdigest()[:32]
        actor = Actor(name, stack, request, token, self.time, self.time, delivery)
        actor.thread = threading.Thread(target=self._run, args=(actor,), daemon=True)
        self.actors.append(actor)
        actor.thread.start()

    def _crash(self, actor: Actor, again: bool) -> None:  # noqa: FBT001 - passed on by `crash`
        stack, request = actor.stack, actor.request
        actor.crashes = True
        # counted until its retry has started, so that the stack waits for it
        stack.runs += 1

        def deliver_again() -> None:
            stack.runs -= 1
            self.deliver(stack, request, actor.delivery + 1)

        def give_up() -> None:
            stack.runs -= 1
            if stack.request is request and stack.response is None:
                # CloudFormation's own physical id, because there was no response
                known = stack.physical_resource_id or f"{stack.name}-{stack.logical_id}-1QX"
                self._on_response(stack, request.request_type, Response(known, "", failed=True))

        if again:
            self.after(RETRY_SECONDS, deliver_again, f"{actor.name} is delivered again")
        else:
            self.after(GIVE_UP_SECONDS, give_up, f"CloudFormation times out for {actor.name}")
        self._resume(actor)

    def _resume(self, actor: Actor) -> None:
        self._current = actor
        actor.go.release()
        assert self._back.acquire(timeout=STUCK_SECONDS), f"{actor.name} is stuck"
        self._current = None
        if actor.ended:
            assert actor.thread is not None
            actor.thread.join()
            self._end(actor)

    # in the thread of a run

    def _run(self, actor: Actor) -> None:
        try:
            actor.go.acquire()
            if not actor.crashes:
                actor.response = respond(actor.request, WorldClock(self))
        except AbandonedError:
            pass
        finally:
            actor.ended = True
            self._back.release()

    def pause(self, *, until: float, doing: str) -> None:
        """Stop this run until it is resumed."""
        actor = self._current
        assert actor is not None
        actor.ready_at = until
        actor.doing = doing
        self._back.release()
        actor.go.acquire()
        if actor.crashes:
            raise AbandonedError

    def _before_call(self, method: str, params: dict[str, Any]) -> None:
        self.pause(until=self.time, doing=method)
        actor = self._current
        assert actor is not None
        if not self._is_allowed(actor.stack, method, params.get("VoiceConnectorId")):
            actor.denied = True
            raise refusal(method, "AccessDenied", 403, "Not authorized")
        if actor.throttled:
            actor.throttled = False
            raise refusal(method, "Throttling", 400, "Rate exceeded")
        if method == "create_service_linked_role":
            actor.creates = True
        if method == "delete_service_linked_role":
            self._check_deletion_request(actor)

    def _is_allowed(self, stack: Stack, method: str, connector: str | None) -> bool:
        if self.time < stack.created + self.policy_seconds:
            return False
        if method.startswith("describe_"):
            return any(each.exists for each in self._members(stack))
        return stack.exists and (connector is None or connector in stack.allowed)

    def _client(self, service: str) -> Any:  # noqa: ANN401 - as boto3's own
        return self.account.iam() if service == "iam" else _Client(self)

    def respond_to(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Return the response of CloudFormation or Chime to a run."""
        self._before_call(method, params)
        connector = params.get("VoiceConnectorId", "")
        match method:
            case "describe_stack_resource":
                status = self._described(params["StackName"], params["LogicalResourceId"]).status
                return {"StackResourceDetail": {"ResourceStatus": status}}
            case "describe_stacks":
                status = self._described(params["StackName"]).stack_status
                return {"Stacks": [{"StackStatus": status}]}
            case "put_voice_connector_streaming_configuration":
                if self.role is None:
                    self.violations.append(f"{connector} streams without a role")
                else:
                    self.role.used.add(usage_of("us-east-1", connector))
                self.streaming[connector] = params["StreamingConfiguration"]
            case "delete_voice_connector_streaming_configuration":
                if self.role is not None:
                    self.role.used.discard(usage_of("us-east-1", connector))
                self.streaming.pop(connector, None)
            case "get_voice_connector_streaming_configuration":
                found = self.streaming.get(connector)
                return {} if found is None else {"StreamingConfiguration": found}
        return {}

    def _described(self, stack_id: str, logical_id: str = "") -> Stack:
        return next(
            each
            for each in self.stacks
            if each.id == stack_id and logical_id in ("", each.logical_id)
        )

    def _token(self, _bytes: int) -> str:
        assert self._current is not None
        return self._current.token
