"""The IAM of one account, in memory: service-linked roles, their tags, and their deletion.

It answers with the codes and words of AWS, and IAM's own model is asked about every parameter and
every answer. Of IAM's eventual consistency it knows a role's first reads and the age of its tags.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

from slr_constructs import catalogue
from tests.handler.clocks import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import OperationModel

TAGS_PER_ROLE = 50
#: no role hides for longer, however seldom it is read; a run lasts less.
_HIDDEN_SECONDS = 1000
_NAMES = {each.service_principal: each.role_name for each in reversed(catalogue.ALL)}


@functools.cache
def _operations() -> dict[str, OperationModel]:
    model = botocore.session.get_session().get_service_model("iam")
    return {xform_name(name): model.operation_model(name) for name in model.operation_names}


@dataclass(slots=True)
class Role:
    """A service-linked role."""

    name: str
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    #: what uses it: a region, and the ARN of something there.
    used: set[tuple[str, str]] = field(default_factory=set)
    hidden_reads: int = 0
    #: seconds after the start; long before, unless it is made here.
    created: float = -86_400
    #: tells one role from the next of the same name.
    number: int = 0
    #: its tags before each change, and until when they are shown in place of those since.
    before: list[tuple[float, dict[str, str]]] = field(default_factory=list)

    def shown(self, now: float) -> dict[str, Any]:
        """Return the role as GetRole shows it."""
        tags = next((tags for until, tags in self.before if until > now), self.tags)
        return {
            "Role": {
                "Path": "/aws-service-role/",
                "RoleName": self.name,
                "RoleId": f"AROA{self.number:016}",
                "Arn": f"arn:aws:iam::123456789012:role/aws-service-role/{self.name}",
                "CreateDate": datetime.fromtimestamp(EPOCH + self.created, tz=UTC),
                "Description": self.description,
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
        }


@dataclass(slots=True)
class Task:
    """One deletion."""

    role: Role
    asked: float
    due: float
    status: str = "NOT_STARTED"
    reason: dict[str, Any] = field(default_factory=dict)

    @property
    def undecided(self) -> bool:
        """Whether it goes on."""
        return self.status in ("NOT_STARTED", "IN_PROGRESS")


@dataclass(slots=True)
class Fault:
    """What a call answers instead of doing its work."""

    method: str
    code: str
    status: int
    message: str
    times: float
    skip: int
    done: bool


class Account:
    """One account."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self.now = now
        self.roles: dict[str, Role] = {}
        self.tasks: dict[str, Task] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        #: how long a deletion takes.
        self.deletion_seconds = 0.0
        #: reads for which a new role is not there yet.
        self.hidden_reads = 0
        #: seconds after which everybody reads a change of tags.
        self.tag_seconds = 0.0
        #: what a deletion of a role in use says instead of where it is used.
        self.reason: dict[str, Any] | None = None
        #: called when a role is deleted, before it is.
        self.on_deletion: Callable[[Role], None] = lambda _role: None
        #: called before each call.
        self.before_call: Callable[[str, dict[str, Any]], None] = lambda _method, _params: None
        self._faults: list[Fault] = []
        self._numbers = itertools.count(1)

    def iam(self) -> StandIn:
        """Return what stands in for a boto3 client."""
        return StandIn(self)

    def add(self, name: str, description: str = "", **tags: str) -> Role:
        """Put a role into the account, as its service or a person would."""
        role = Role(name, description, dict(tags), number=next(self._numbers))
        self.roles[name] = role
        return role

    def refuse(  # a fault has that many parts
        self,
        method: str,
        code: str,
        status: int,
        message: str = "AWS says no",
        *,
        times: float = float("inf"),
        skip: int = 0,
        done: bool = False,
    ) -> None:
        """Make a call fail that often, after that many that work; *done* fails after the work."""
        self._faults.append(Fault(method, code, status, message, times, skip, done))

    def methods(self) -> list[str]:
        """Return the names of the calls so far."""
        return [method for method, _ in self.calls]

    def settle(self) -> None:
        """Decide the deletions that are due."""
        for task in self.tasks.values():
            if not task.undecided:
                continue
            if self.now() > task.asked:
                task.status = "IN_PROGRESS"
            if self.now() >= task.due:
                self._decide(task)

    def call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Answer as IAM would."""
        model = _operations()[method]
        validate_parameters(params, model.input_shape)
        self.before_call(method, params)
        self.calls.append((method, params))
        self.settle()
        fault = self._fault(method)
        if fault is not None and not fault.done:
            raise refusal(model.name, fault.code, fault.status, fault.message)
        answer: dict[str, Any] = getattr(self, f"_{method}")(**params)
        if fault is not None:
            raise refusal(model.name, fault.code, fault.status, fault.message)
        if model.output_shape is not None:
            validate_parameters(answer, model.output_shape)
        return answer

    def _fault(self, method: str) -> Fault | None:
        for fault in self._faults:
            if fault.method != method or fault.times <= 0:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
        return None

    def _find(self, name: str, operation: str) -> Role:
        if name not in self.roles:
            raise refusal(
                operation, "NoSuchEntity", 404, f"The role with name {name} cannot be found."
            )
        return self.roles[name]

    def _get_role(self, *, RoleName: str) -> dict[str, Any]:  # noqa: N803 - IAM's own name
        role = self._find(RoleName, "GetRole")
        if role.hidden_reads > 0 and self.now() - role.created < _HIDDEN_SECONDS:
            role.hidden_reads -= 1
            raise refusal(
                "GetRole", "NoSuchEntity", 404, f"The role with name {RoleName} cannot be found."
            )
        return role.shown(self.now())

    def _create_service_linked_role(
        self,
        *,
        AWSServiceName: str,  # noqa: N803 - IAM's own name
        Description: str = "",  # noqa: N803 - IAM's own name
    ) -> dict[str, Any]:
        name = _NAMES.get(AWSServiceName)
        operation = "CreateServiceLinkedRole"
        if name is None:
            text = f"{AWSServiceName} is not a service principal with a service-linked role."
            raise refusal(operation, "InvalidInput", 400, text)
        if name in self.roles:
            text = (
                f"Service role name {name} has been taken in this account, please try a different"
                " suffix."
            )
            raise refusal(operation, "InvalidInput", 400, text)
        role = self.add(name, Description)
        role.hidden_reads = self.hidden_reads
        role.created = self.now()
        return role.shown(self.now())

    def _tag_role(
        self,
        *,
        RoleName: str,  # noqa: N803 - IAM's own name
        Tags: list[dict[str, str]],  # noqa: N803 - IAM's own name
    ) -> dict[str, Any]:
        role = self._find(RoleName, "TagRole")
        wanted = role.tags | {tag["Key"]: tag["Value"] for tag in Tags}
        if len(wanted) > TAGS_PER_ROLE:
            text = f"Cannot exceed quota for TagsPerRole: {TAGS_PER_ROLE}"
            raise refusal("TagRole", "LimitExceeded", 409, text)
        self._set_tags(role, wanted)
        return {}

    def _untag_role(
        self,
        *,
        RoleName: str,  # noqa: N803 - IAM's own name
        TagKeys: list[str],  # noqa: N803 - IAM's own name
    ) -> dict[str, Any]:
        role = self._find(RoleName, "UntagRole")
        self._set_tags(role, {key: value for key, value in role.tags.items() if key not in TagKeys})
        return {}

    def _set_tags(self, role: Role, tags: dict[str, str]) -> None:
        role.before.append((self.now() + self.tag_seconds, role.tags))
        role.tags = tags

    def _update_role_description(
        self,
        *,
        RoleName: str,  # noqa: N803 - IAM's own name
        Description: str,  # noqa: N803 - IAM's own name
    ) -> dict[str, Any]:
        role = self._find(RoleName, "UpdateRoleDescription")
        role.description = Description
        return role.shown(self.now())

    def _delete_service_linked_role(
        self,
        *,
        RoleName: str,  # noqa: N803 - IAM's own name
    ) -> dict[str, Any]:
        role = self._find(RoleName, "DeleteServiceLinkedRole")
        for name, task in self.tasks.items():
            if task.role is role and task.undecided:
                return {"DeletionTaskId": name}
        name = f"task/aws-service-role/service/{RoleName}/{len(self.tasks) + 1}"
        self.tasks[name] = Task(role, self.now(), self.now() + self.deletion_seconds)
        return {"DeletionTaskId": name}

    def _get_service_linked_role_deletion_status(
        self,
        *,
        DeletionTaskId: str,  # noqa: N803 - IAM's own name
    ) -> dict[str, Any]:
        if DeletionTaskId not in self.tasks:
            text = f"Deletion task {DeletionTaskId} cannot be found."
            raise refusal("GetServiceLinkedRoleDeletionStatus", "NoSuchEntity", 404, text)
        task = self.tasks[DeletionTaskId]
        return (
            {"Status": task.status, "Reason": task.reason}
            if task.reason
            else {"Status": task.status}
        )

    def _decide(self, task: Task) -> None:
        if task.role.used:
            task.status = "FAILED"
            task.reason = _usage(task.role) if self.reason is None else self.reason
            return
        if self.roles.get(task.role.name) is task.role:
            self.on_deletion(task.role)
            del self.roles[task.role.name]
        task.status = "SUCCEEDED"


def _usage(role: Role) -> dict[str, Any]:
    regions = sorted({region for region, _ in role.used})
    return {
        "Reason": "One or more resources use the role.",
        "RoleUsageList": [
            {"Region": region, "Resources": sorted(arn for at, arn in role.used if at == region)}
            for region in regions
        ],
    }


class StandIn:
    """What the handler takes for a boto3 client."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        """Return a method of the client."""
        if method not in _operations():
            raise AttributeError(method)

        def call(**params: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3's own
            return self._account.call(method, params)

        return call


def refusal(operation: str, code: str, status: int, text: str) -> ClientError:
    """Return the error that botocore raises for a refusal."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": text},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        operation,
    )
