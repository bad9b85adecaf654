"""The service-linked roles of an account, as a state machine of IAM.

It has no clock, no threads, no locks and no wire format. Three adapters translate for their
callers: `iam.py` (the fake services), `tests/emulated/emulator/service_linked_roles.py` (MiniStack)
and `tests/handler/account.py` (a boto3 client).

From AWS (IAM's API reference and user guide, and for the name with a custom suffix the user guide
of EC2 Auto Scaling): parameters and results, codes and texts of errors, 50 tags on a role, tag keys
that are compared without case, the form of a deletion task's id, one task at a time for a role, the
states of a task, and `RoleUsageList`. Our model: when a deletion ends, that it fails if the role is
in use at that moment, and that a caller reads its own changes at once, while others read them
later.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections import defaultdict
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from slr_constructs import catalogue
from slr_constructs.catalogue import RoleCreation, RoleDefinition
from slr_constructs.catalogue.role_definition import CUSTOM_SUFFIX_SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Data: TypeAlias = dict[str, Any]

TAGS_PER_ROLE = 50
#: a role is visible after this time, even if it was read less often than `hidden_reads`.
HIDDEN_SECONDS = 1000
#: a role that is not in the catalogue, and may have a custom suffix.
AUTO_SCALING = RoleDefinition("AWSServiceRoleForAutoScaling", "autoscaling.amazonaws.com")
#: the roles that IAM creates, by service principal.
CREATED_BY_IAM = {
    definition.service_principal: definition
    for definition in (*catalogue.ALL, AUTO_SCALING)
    if definition.creation is RoleCreation.IAM
}


class IamError(Exception):
    """An error response of IAM.

    Args:
        code: IAM's error code.

        message: IAM's text.

        status: The HTTP status.
    """

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def name_taken(role_name: str) -> IamError:
    """Return the error for the creation of a role that exists."""
    text = f"Service role name {role_name} has been taken in this account, please try a different"
    return IamError("InvalidInput", f"{text} suffix.", 400)


def role_not_found(role_name: str) -> IamError:
    """Return the error for an operation on a role that does not exist, or is not visible yet."""
    return IamError("NoSuchEntity", f"The role with name {role_name} cannot be found.", 404)


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in the form of IAM's API."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@dataclass(frozen=True, slots=True)
class Change:
    """A change that only its caller sees at first."""

    caller: object
    #: from then on, every caller sees it.
    visible: float
    #: the values of the changed tags before; None for a tag that did not exist.
    before: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Role:
    """A service-linked role."""

    definition: RoleDefinition
    #: distinguishes roles that had the same name one after another.
    number: int
    #: in seconds of the account's clock.
    created: float
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    #: the time and the region; None if the role was never used.
    last_used: tuple[datetime, str] | None = None
    #: names of AWS managed policies.
    policies: list[str] = field(default_factory=list)
    #: names of inline policies.
    inline: list[str] = field(default_factory=list)
    #: role usages: region and ARN of each. See `AccountRoles.uses`.
    used: set[tuple[str, str]] = field(default_factory=set)
    #: how many more reads do not show the role.
    hidden_reads: int = 0
    #: its creation, and the changes of its tags, in the order of time.
    creation: Change | None = None
    changes: list[Change] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The role's name."""
        return self.definition.role_name


@dataclass(slots=True)
class Task:
    """A deletion of a role."""

    role: Role
    requested: float
    due: float
    polls: int = 0
    status: str = "NOT_STARTED"
    #: IAM's `Reason`, if the deletion failed.
    reason: Data = field(default_factory=dict)

    @property
    def undecided(self) -> bool:
        """Whether the deletion has not ended."""
        return self.status in {"NOT_STARTED", "IN_PROGRESS"}


def _used(role: Role) -> dict[str, list[str]]:
    by_region: defaultdict[str, list[str]] = defaultdict(list)
    for region, arn in sorted(role.used):
        by_region[region].append(arn)
    return by_region


@dataclass(eq=False)
class AccountRoles:
    """The service-linked roles of one account, and their deletions.

    An operation takes effect at once or raises `IamError`. Only deletions take time: `settle` ends
    those that are due, and every operation calls it first.
    """

    id: str
    _: KW_ONLY
    #: the account's clock, in seconds.
    now: Callable[[], float]
    #: the zero of that clock, in seconds since 1970.
    epoch: float = 0
    #: the roles, by name.
    roles: dict[str, Role] = field(default_factory=dict)
    #: the deletions, by task id.
    tasks: dict[str, Task] = field(default_factory=dict)
    #: the roles that `CreateServiceLinkedRole` creates, by service principal.
    definitions: Mapping[str, RoleDefinition] = field(default_factory=lambda: CREATED_BY_IAM)
    #: whether each role may have a custom suffix, also of a service that documents none.
    accepts_suffixes: bool = False
    #: IAM's error for a principal without a role; None for the text that users report.
    unknown_principal: IamError | None = None
    #: how many reads do not show a role that IAM created.
    hidden_reads: int = 0
    #: how long a change is visible only to the caller that made it.
    delay_seconds: float = 0
    #: returns the caller of the current operation.
    caller: Callable[[], object] = lambda: None
    #: how long a deletion takes.
    deletion_seconds: float = 0
    #: how many polls find a deletion in progress; None if only `deletion_seconds` decides.
    in_use_polls: int | None = None
    #: a task is forgotten as soon as it has ended.
    forgets_tasks: bool = False
    #: returns the usages of a role: ARNs by region.
    uses: Callable[[Role], Mapping[str, Sequence[str]]] = _used
    #: returns the `Reason` with which a deletion fails, whatever `uses` says; None if it does not.
    planned_failure: Callable[[Role], Data | None] = lambda _role: None
    #: called after each "create" and "change" of a role, and before each "delete".
    on_change: Callable[[str, Role], None] = lambda _what, _role: None
    #: the deleted roles by name, which callers see for a while.
    _deleted: dict[str, tuple[Change, Role]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def call(self, operation: str, parameters: Data) -> Data:
        """Carry out an operation of IAM, with its parameters, and return its result.

        Raises:
            IamError: IAM refuses the operation.
        """
        self.settle()
        return OPERATIONS[operation](self, parameters)

    def create(
        self, definition: RoleDefinition, description: str = "", *, created: float | None = None
    ) -> Role:
        """Create a role, as IAM and the service of the role do.

        Args:
            definition: Its name and principal.

            description: Its description.
                Default: none.

            created: When, in seconds of the account's clock.
                Default: now.
        """
        policies = [*filter(None, [definition.managed_policy])]
        when = self.now() if created is None else created
        role = Role(definition, next(self._numbers), when, description, policies=policies)
        self.roles[role.name] = role
        self.on_change("create", role)
        return role

    def delete(self, role: Role) -> None:
        """Delete a role, even if it is in use."""
        self.on_change("delete", role)
        del self.roles[role.name]
        # the service deletes it, so no caller sees this at once
        self._deleted[role.name] = Change(self, self.now() + self.delay_seconds), role

    def find(self, role_name: str) -> Role:
        """Return a role.

        Raises:
            IamError: The role does not exist.
        """
        if role_name not in self.roles:
            raise role_not_found(role_name)
        return self.roles[role_name]

    def settle(self) -> None:
        """End the deletions that are due."""
        now, polls = self.now(), self.in_use_polls
        for task_id, task in list(self.tasks.items()):
            if not task.undecided:
                continue
            if polls is not None or now > task.requested:
                task.status = "IN_PROGRESS"
            if now >= task.due if polls is None else task.polls > polls:
                self._end(task)
                if self.forgets_tasks:
                    del self.tasks[task_id]

    def shown(self, role: Role) -> Data:
        """Return a role in the form of IAM's API."""
        definition = role.definition
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": definition.service_principal},
            "Action": "sts:AssumeRole",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        used = zip(("LastUsedDate", "Region"), role.last_used or (), strict=False)
        shown = {
            "Path": definition.path,
            "RoleName": role.name,
            "RoleId": f"AROA{role.number:016}",
            "Arn": definition.arn(partition="aws", account=self.id),
            "CreateDate": datetime.fromtimestamp(self.epoch + role.created, tz=UTC),
            "AssumeRolePolicyDocument": quote(document),
            "MaxSessionDuration": 3600,
            "RoleLastUsed": dict(used),
        }
        if role.description:
            shown["Description"] = role.description
        tags = self._visible_tags(role)
        if tags:
            shown["Tags"] = tag_list(tags)
        return shown

    def _is_visible(self, change: Change | None) -> bool:
        return change is None or change.visible <= self.now() or change.caller == self.caller()

    def _visible_tags(self, role: Role) -> dict[str, str]:
        tags: dict[str, str | None] = {**role.tags}
        seen: set[str] = set()
        for change in reversed(role.changes):
            if self._is_visible(change):
                seen |= change.before.keys()
            else:
                tags |= {key: old for key, old in change.before.items() if key not in seen}
        return {key: value for key, value in tags.items() if value is not None}

    def _visible_role(self, role_name: str) -> Role:
        role = self.roles.get(role_name)
        if role is not None and self._is_visible(role.creation):
            return role
        deletion, deleted = self._deleted.get(role_name, (None, None))
        if deleted is None or self._is_visible(deletion):
            raise role_not_found(role_name)
        return deleted

    def _get(self, request: Data) -> Data:
        role = self._visible_role(request["RoleName"])
        if role.hidden_reads > 0 and self.now() - role.created < HIDDEN_SECONDS:
            role.hidden_reads -= 1
            raise role_not_found(role.name)
        return {"Role": self.shown(role)}

    def _create(self, request: Data) -> Data:
        principal, suffix = request["AWSServiceName"], request.get("CustomSuffix") or None
        definition = self.definitions.get(principal)
        if definition is None:
            text = f"Cannot find Service Linked Role template for {principal}"
            raise self.unknown_principal or IamError("AccessDenied", text, 403)
        if suffix is not None:
            if principal not in CUSTOM_SUFFIX_SERVICES and not self.accepts_suffixes:
                text = f"Custom suffix is not allowed for {principal}"
                raise IamError("InvalidInput", text, 400)
            definition = replace(definition, role_name=f"{definition.role_name}_{suffix}")
        if definition.role_name in self.roles:
            raise name_taken(definition.role_name)
        role = self.create(definition, request.get("Description", ""))
        role.hidden_reads = self.hidden_reads
        role.creation = Change(self.caller(), self.now() + self.delay_seconds)
        return {"Role": self.shown(role)}

    def _describe(self, request: Data) -> Data:
        role = self.find(request["RoleName"])
        role.description = request["Description"]
        self.on_change("change", role)
        return {"Role": self.shown(role)}

    def _update(self, request: Data) -> Data:
        # the description is all that can be updated
        self._describe(request)
        return {}

    def _tag(self, request: Data) -> Data:
        role = self.find(request["RoleName"])
        tags = [*role.tags.items(), *((tag["Key"], tag["Value"]) for tag in request["Tags"])]
        wanted = dict({tag[0].lower(): tag for tag in tags}.values())
        if len(wanted) > TAGS_PER_ROLE:
            text = f"Cannot exceed quota for TagsPerRole: {TAGS_PER_ROLE}"
            raise IamError("LimitExceeded", text, 409)
        return self._set_tags(role, wanted)

    def _untag(self, request: Data) -> Data:
        role = self.find(request["RoleName"])
        unwanted = {key.lower() for key in request["TagKeys"]}
        kept = {key: value for key, value in role.tags.items() if key.lower() not in unwanted}
        return self._set_tags(role, kept)

    def _set_tags(self, role: Role, tags: dict[str, str]) -> Data:
        changed = dict(role.tags.items() ^ tags.items())
        before = {key: role.tags.get(key) for key in changed}
        role.changes.append(Change(self.caller(), self.now() + self.delay_seconds, before))
        role.tags = tags
        self.on_change("change", role)
        return {}

    def _start_deletion(self, request: Data) -> Data:
        role = self.find(request["RoleName"])
        for task_id, task in self.tasks.items():
            if task.role is role and task.undecided:
                return {"DeletionTaskId": task_id}
        now = self.now()
        task_id = f"task{role.definition.path}{role.name}/{uuid.UUID(int=next(self._numbers))}"
        self.tasks[task_id] = Task(role, now, now + self.deletion_seconds)
        return {"DeletionTaskId": task_id}

    def _deletion_status(self, request: Data) -> Data:
        task_id = request["DeletionTaskId"]
        task = self.tasks.get(task_id)
        if task is None:
            raise IamError("NoSuchEntity", f"Deletion task {task_id} cannot be found.", 404)
        task.polls += 1
        self.settle()
        return {"Status": task.status} | ({"Reason": task.reason} if task.reason else {})

    def _end(self, task: Task) -> None:
        role = task.role
        reason = self.planned_failure(role)
        if reason is None and (uses := self.uses(role)):
            usages = [{"Region": region, "Resources": [*arns]} for region, arns in uses.items()]
            reason = {"Reason": "The role has resources that use it.", "RoleUsageList": usages}
        if reason is not None:
            task.status, task.reason = "FAILED", reason
            return
        if self.roles.get(role.name) is role:
            self.delete(role)
        task.status = "SUCCEEDED"


OPERATIONS: Mapping[str, Callable[[AccountRoles, Data], Data]] = {
    "CreateServiceLinkedRole": AccountRoles._create,
    "DeleteServiceLinkedRole": AccountRoles._start_deletion,
    "GetRole": AccountRoles._get,
    "GetServiceLinkedRoleDeletionStatus": AccountRoles._deletion_status,
    "TagRole": AccountRoles._tag,
    "UntagRole": AccountRoles._untag,
    "UpdateRole": AccountRoles._update,
    "UpdateRoleDescription": AccountRoles._describe,
}
