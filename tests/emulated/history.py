"""What happened to roles, features and their owners, from the entries of an account's journal.

The journal has what really happened in the emulator: whether a feature is enabled comes from the
service that has it, and who created or deleted a role comes from the calls to IAM. The templates
give the names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slr_constructs.pictures.labels import short_name
from slr_constructs.templates.role_usage import Mark
from slr_constructs.templates.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slr_constructs.templates.app import App, Stack
    from tests.emulated.journal import Entry

_ROLE = "Custom::ServiceLinkedRole"
_REFUSED = 400
#: the suffix that CDK adds to the names of constructs.
_HASH = re.compile(r"(Resource)?[0-9A-F]{8}$")
_STACK = re.compile(r":stack/([^/]+)/")


@dataclass(frozen=True, slots=True)
class Event:
    """An event that a reader wants to know about."""

    stack: str
    #: since CloudFormation began to work on the stack.
    seconds: float
    #: "role", "feature", "owner", "failed", "rollback" or "ignored".
    part: str
    text: str


@dataclass(slots=True)
class RoleRecord:
    """One life of a role, from its creation to its deletion."""

    name: str
    #: the stack; None if the role existed before.
    created_by: str | None
    shared_with: list[str] = field(default_factory=list)
    #: the stack; None if the role exists.
    deleted_by: str | None = None


@dataclass(slots=True)
class FeatureRecord:
    """A feature, and the times at which it was enabled and disabled, since its stack began."""

    name: str
    stack: str
    enabled: float
    disabled: float | None = None


class History:
    """The history of an account.

    Args:
        app: The stacks, which give the names of resources and features.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._roles: list[RoleRecord] = []
        self._features: list[FeatureRecord] = []
        #: the stack and logical id of each resource that a service has, by ARN.
        self._resources: dict[str, tuple[str, str]] = {}
        #: the entries of services since the last resource of a stack, by stack.
        self._pending: dict[str, list[Entry]] = {}
        self._enabled: dict[str, FeatureRecord] = {}
        #: the stacks that have each role.
        self._holders: dict[str, list[str]] = {}
        #: the role that was created last.
        self._created = ""
        #: the stack that asked IAM to delete each role.
        self._deleting: dict[str, str] = {}
        #: when CloudFormation began to work on each stack.
        self._began: dict[str, float] = {}

    @property
    def roles(self) -> list[RoleRecord]:
        """The lives of all roles, in the order of the stacks that created them."""
        return sorted(self._roles, key=lambda each: self._place(each.created_by))

    @property
    def features(self) -> list[FeatureRecord]:
        """All features, in the order of their stacks."""
        return sorted(self._features, key=lambda each: self._place(each.stack))

    def add(self, entries: Sequence[Entry]) -> list[Event]:
        """Add the entries of one command, and return their events.

        The events of each stack are in chronological order. The stacks are in the order of the app,
        because CloudFormation works on several stacks at once.
        """
        self._began = {}
        for entry in entries:
            if entry.stack:
                self._began.setdefault(entry.stack, entry.time)
        cancelled = {_resource(entry) for entry in entries if entry.what == "cancelled"}
        events = [
            event
            for entry in entries
            for event in self._events(entry, is_cancelled=_resource(entry) in cancelled)
        ]
        return sorted(events, key=lambda event: self._place(event.stack))

    def _events(self, entry: Entry, *, is_cancelled: bool) -> Iterator[Event]:
        if entry.what == "feature":
            yield from self._feature(entry)
        elif entry.what == "resource":
            yield from self._resource(entry)
        elif entry.what == "role":
            self._role(entry)
        elif entry.what == "call":
            yield from self._call(entry, is_cancelled=is_cancelled)
        elif entry.what == "response":
            yield from self._response(entry)
        elif is_cancelled:
            yield from self._cancelled(entry)

    # features and owners

    def _feature(self, entry: Entry) -> Iterator[Event]:
        if entry.type in self._resources:
            yield from self._changed(entry)
        elif entry.stack:
            # CloudFormation is creating the resource, whose logical id follows
            self._pending.setdefault(entry.stack, []).append(entry)

    def _resource(self, entry: Entry) -> Iterator[Event]:
        stack = self._stack(entry)
        if Mark.OWNER in stack.marks.get(entry.logical_id, ()) and entry.action != "update":
            yield self._event(
                entry, "owner", f"{name_of(stack, entry.logical_id)}: {entry.action}d"
            )
        for pending in self._pending.pop(entry.stack, []):
            self._resources[pending.type] = entry.stack, entry.logical_id
            yield from self._changed(pending)

    def _changed(self, entry: Entry) -> Iterator[Event]:
        """Report that a feature is enabled or disabled."""
        stack_name, logical_id = self._resources[entry.type]
        seconds = entry.time - self._began.setdefault(stack_name, entry.time)
        if entry.action == "on":
            name = _feature_name(self._app.stacks[stack_name], logical_id)
            record = FeatureRecord(name, stack_name, seconds)
            self._enabled[entry.type] = record
            self._features.append(record)
            yield Event(stack_name, seconds, "feature", f"{name}: enabled")
        # a resource that is the feature itself stops using the role when it is deleted
        elif entry.action in {"off", "delete"} and not entry.details["on"]:
            disabled = self._enabled.pop(entry.type, None)
            if disabled is not None:
                disabled.disabled = seconds
                yield Event(stack_name, seconds, "feature", f"{disabled.name}: disabled")

    # roles

    def _role(self, entry: Entry) -> None:
        if entry.action == "created":
            # the call that follows names the stack
            self._created = entry.type
        else:
            record = self._last(entry.type)
            if record is not None:
                record.deleted_by = self._deleting[entry.type]

    def _call(self, entry: Entry, *, is_cancelled: bool) -> Iterator[Event]:
        if entry.details["status"] >= _REFUSED:
            return
        if entry.action == "iam:CreateServiceLinkedRole":
            self._roles.append(RoleRecord(self._created, entry.stack))
            if is_cancelled:
                yield self._event(entry, "role", f"{self._created}: created, but not usable yet")
        elif entry.action == "iam:DeleteServiceLinkedRole":
            self._deleting[entry.details["parameters"]["RoleName"]] = entry.stack

    def _response(self, entry: Entry) -> Iterator[Event]:
        reason = entry.details["reason"]
        if entry.details["status"] != "SUCCESS":
            name = name_of(self._stack(entry), entry.logical_id)
            yield self._event(entry, "failed", f"{name}: {reason}")
        elif entry.type == _ROLE:
            role = self._role_name(entry)
            outcome_of = self._given_up if entry.action == "Delete" else self._acquired
            outcome = outcome_of(entry, role) or reason.removeprefix(f"{role} ")
            yield self._event(entry, "role", f"{role}: {outcome}")

    def _acquired(self, entry: Entry, role: str) -> str | None:
        """Return how a stack got its role; None for the function's own words."""
        record, holders = self._last(role), self._holders.setdefault(role, [])
        others = [each for each in holders if each != entry.stack]
        holders[:] = [*others, entry.stack]
        if entry.details["reason"].endswith("is created"):
            return f"created, usable after {round(entry.details['seconds'])} s"
        if not entry.details["reason"].endswith("is adopted"):
            return None
        if record is None or record.deleted_by is not None:
            record = RoleRecord(role, None)
            self._roles.append(record)
        record.shared_with.append(entry.stack)
        return f"adopted, shared with {listed(others)}" if others else "adopted, it existed before"

    def _given_up(self, entry: Entry, role: str) -> str | None:
        """Return what happened to the role of a stack; None for the function's own words."""
        record, held = self._last(role), self._holders.get(role, [])
        held[:] = [each for each in held if each != entry.stack]
        if record is not None and record.deleted_by is not None:
            own = record.deleted_by == entry.stack
            return "deleted" if own else f"deleted already, by {record.deleted_by}"
        holders = _STACK.findall(entry.details["reason"])
        if not holders:
            return None
        have = "has" if len(holders) == 1 else "have"
        return f"kept, because {listed(holders)} still {have} a lease on it"

    def _last(self, role: str) -> RoleRecord | None:
        """Return the last life of a role; None if no stack had it."""
        return next((each for each in reversed(self._roles) if each.name == role), None)

    def _role_name(self, entry: Entry) -> str:
        (name,) = [
            role.name for role in self._stack(entry).roles if role.logical_id == entry.logical_id
        ]
        return name

    # a request that CloudFormation cancelled

    def _cancelled(self, entry: Entry) -> Iterator[Event]:
        stack = self._stack(entry)
        name = name_of(stack, entry.logical_id)
        if entry.what == "cancelled":
            failed = name_of(stack, entry.details["failed"])
            yield self._event(entry, "failed", f"{failed}: {entry.details['why']}")
            yield self._event(entry, "failed", f"{name}: {entry.details['reason']}")
        elif entry.what == "event" and entry.action == "Delete":
            yield self._event(entry, "rollback", f"{name}: CloudFormation requests its deletion")
        elif entry.what == "ignored":
            text = f"the function's response to the cancelled {entry.action.lower()} is too late"
            yield self._event(entry, "ignored", f"{name}: {text}")

    # names

    def _stack(self, entry: Entry) -> Stack:
        return self._app.stacks[entry.stack]

    def _place(self, stack: str | None) -> int:
        return -1 if stack is None else [*self._app.stacks].index(stack)

    def _event(self, entry: Entry, part: str, text: str) -> Event:
        return Event(entry.stack, entry.time - self._began[entry.stack], part, text)


def _resource(entry: Entry) -> tuple[str, str, str]:
    return entry.region, entry.stack, entry.logical_id


def name_of(stack: Stack, logical_id: str) -> str:
    """Return the name of a construct; a template without paths has only logical ids."""
    return short_name(stack, logical_id) if stack.path(logical_id) else _HASH.sub("", logical_id)


def _feature_name(stack: Stack, logical_id: str) -> str:
    """Return the name of the feature that a resource has."""
    name = name_of(stack, logical_id)
    for usage in stack.usages.values():
        if logical_id in usage.owners:
            return f"{usage.feature} of {name}"
        if logical_id == usage.logical_id:
            return f"{usage.feature} ({name})"
    return name
