"""Service-linked roles as IAM keeps them.

The emulator has its own, with made-up names and a deletion that is done at once whoever uses the
role (`ministack/services/iam.py`, `_create_service_linked_role`). What stands here instead:

- AWS's word: the names, the paths, the code and text for a role that exists, the form of a deletion
  task's id, the states of a task, that there is one at a time for a role, and `RoleUsageList`
  (IAM's API reference and user guide);
- our model: that a deletion takes some seconds and looks at the account when it ends, and that a
  role hides from some reads at first.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from ministack.core.responses import get_account_id
from ministack.services import iam

from slr_constructs import catalogue
from slr_constructs.catalogue import RoleCreation, RoleDefinition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.emulated.emulator.behaviour import Behaviour
    from tests.emulated.emulator.clock import Clock
    from tests.emulated.emulator.journal import Journal

_Response = tuple[int, dict[str, str], bytes]

_BY_PRINCIPAL = {
    definition.service_principal: definition
    for definition in catalogue.ALL
    if definition.creation is not RoleCreation.NEVER
} | {
    # what IAM makes for this principal today is not the role that the catalogue names
    "chime.amazonaws.com": RoleDefinition("AWSServiceRoleForAmazonChime", "chime.amazonaws.com")
}

_HIDDEN = "_hidden_reads"


@dataclass(slots=True)
class _Deletion:
    account: str
    role_name: str
    ends: float
    status: str = "IN_PROGRESS"
    reason: str = ""
    usage: Mapping[str, list[str]] | None = None


class ServiceLinkedRoles:
    """The roles of all accounts.

    Args:
        clock: Tells when a deletion ends.

        journal: Is told of every role made and deleted.

        behaviour: What IAM does on this day.

        uses: What uses a role of an account: ARNs by region.
    """

    def __init__(
        self,
        clock: Clock,
        journal: Journal,
        behaviour: Behaviour,
        uses: Callable[[str, str], Mapping[str, list[str]]],
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._behaviour = behaviour
        self._uses = uses
        self._deletions: dict[str, _Deletion] = {}
        self._get_role = iam._IAM_HANDLERS["GetRole"]

    # what services and tests ask

    def exists(self, account: str, role_name: str) -> bool:
        """Tell whether an account has a role."""
        return self.role(account, role_name) is not None

    def role(self, account: str, role_name: str) -> dict[str, Any] | None:
        """Return a role as the emulator keeps it."""
        self._end_deletions()
        found: dict[str, Any] | None = iam._roles.get_scoped(account, None, role_name)
        return found

    def of(self, account: str) -> list[str]:
        """Return the names of the service-linked roles of an account."""
        self._end_deletions()
        return sorted(
            name
            for (owner, name), role in list(iam._roles._data.items())
            if owner == account and role["Path"].startswith("/aws-service-role/")
        )

    def tags(self, account: str, role_name: str) -> dict[str, str]:
        """Return a role's tags; none if there is no such role."""
        role = self.role(account, role_name) or {"Tags": []}
        return {tag["Key"]: tag["Value"] for tag in role["Tags"]}

    def make(self, account: str, definition: RoleDefinition, *, description: str = "") -> None:
        """Make a role, for whoever asks."""
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": definition.service_principal},
            "Action": "sts:AssumeRole",
        }
        role = {
            "RoleName": definition.role_name,
            "Arn": definition.arn(partition="aws", account=account),
            "RoleId": iam._gen_id("AROA"),
            "CreateDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._clock.now())),
            "Path": definition.path,
            "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
            "Description": description,
            "MaxSessionDuration": 3600,
            "AttachedPolicies": [],
            "InlinePolicies": {},
            "Tags": [],
        }
        iam._roles.set_scoped(account, None, definition.role_name, role)
        self._journal.add("role", account, "made", type=definition.role_name)

    def delete(self, account: str, role_name: str) -> None:
        """Delete a role, whoever uses it."""
        tags = self.tags(account, role_name)
        iam._roles.pop_scoped(account, None, role_name)
        self._journal.add(
            "role",
            account,
            "deleted",
            type=role_name,
            tags=tags,
            uses=dict(self._uses(account, role_name)),
        )

    # what IAM is asked

    def install(self) -> None:
        """Answer for the emulator's own operations."""
        iam._IAM_HANDLERS.update(
            CreateServiceLinkedRole=self._create,
            DeleteServiceLinkedRole=self._start_deletion,
            GetServiceLinkedRoleDeletionStatus=self._deletion_status,
            GetRole=self._read,
        )

    def _create(self, params: Mapping[str, Any]) -> _Response:
        account = get_account_id()
        principal = iam._p(params, "AWSServiceName")
        definition = _BY_PRINCIPAL.get(principal)
        if definition is None or (
            definition.creation is RoleCreation.SERVICE and not self._behaviour.makes_every_role
        ):
            text = f"Service role for {principal} cannot be created by IAM"
            return _error(400, "InvalidInput", text)
        name = definition.role_name
        if self.exists(account, name):
            text = (
                f"Service role name {name} has been taken in this account, please try a different"
                " suffix."
            )
            return _error(400, "InvalidInput", text)
        self.make(account, definition, description=iam._p(params, "Description"))
        role = iam._roles.get_scoped(account, None, name)
        body = f"<Role>{iam._role_xml(name)}</Role>"
        role[_HIDDEN] = self._behaviour.hidden_reads
        return _answer("CreateServiceLinkedRole", body)

    def _read(self, params: Mapping[str, Any]) -> _Response:
        role = self.role(get_account_id(), iam._p(params, "RoleName"))
        if role is not None and role.get(_HIDDEN, 0) > 0:
            role[_HIDDEN] -= 1
            return _gone(role["RoleName"])
        response: _Response = self._get_role(params)
        return response

    def _start_deletion(self, params: Mapping[str, Any]) -> _Response:
        account = get_account_id()
        name = iam._p(params, "RoleName")
        role = self.role(account, name)
        if role is None:
            return _gone(name)
        going_on = (
            task
            for task, each in self._deletions.items()
            if (each.account, each.role_name, each.status) == (account, name, "IN_PROGRESS")
        )
        task = next(going_on, None)
        if task is None:
            task = f"task{role['Path']}{name}/{uuid.uuid4()}"
            ends = self._clock.now() + self._behaviour.deletion_seconds
            self._deletions[task] = _Deletion(account, name, ends)
        return _answer("DeleteServiceLinkedRole", f"<DeletionTaskId>{task}</DeletionTaskId>")

    def _deletion_status(self, params: Mapping[str, Any]) -> _Response:
        self._end_deletions()
        task = iam._p(params, "DeletionTaskId")
        deletion = self._deletions.get(task)
        if deletion is None:
            return _error(404, "NoSuchEntity", f"Deletion task {task} cannot be found.")
        reason = ""
        if deletion.status == "FAILED":
            usage = "".join(
                f"<member><Region>{region}</Region><Resources>"
                + "".join(f"<member>{escape(resource)}</member>" for resource in resources)
                + "</Resources></member>"
                for region, resources in sorted((deletion.usage or {}).items())
            )
            reason = (
                f"<Reason><Reason>{escape(deletion.reason)}</Reason>"
                f"<RoleUsageList>{usage}</RoleUsageList></Reason>"
            )
        return _answer(
            "GetServiceLinkedRoleDeletionStatus", f"<Status>{deletion.status}</Status>{reason}"
        )

    def _end_deletions(self) -> None:
        now = self._clock.now()
        for task, deletion in list(self._deletions.items()):
            if deletion.status == "IN_PROGRESS" and deletion.ends <= now:
                self._end(deletion)
                if self._behaviour.forgets_deletions:
                    del self._deletions[task]

    def _end(self, deletion: _Deletion) -> None:
        planned = self._behaviour.deletions.pop(0) if self._behaviour.deletions else None
        usage = self._uses(deletion.account, deletion.role_name)
        if planned == "FAILED" or usage:
            deletion.status = "FAILED"
            deletion.usage = usage
            deletion.reason = (
                "The role has resources that use it."
                if usage
                else "An internal error has occurred. Try again later."
            )
            return
        deletion.status = "SUCCEEDED"
        if iam._roles.get_scoped(deletion.account, None, deletion.role_name) is not None:
            self.delete(deletion.account, deletion.role_name)


def role_name_of(principal: str) -> str:
    """Return the name of the role that IAM makes for a principal."""
    definition = _BY_PRINCIPAL.get(principal)
    return "unknown" if definition is None else definition.role_name


def _answer(operation: str, body: str) -> _Response:
    name = f"{operation}Response"
    response: _Response = iam._xml(
        200, name, f"<{operation}Result>{body}</{operation}Result>", ns="iam"
    )
    return response


def _error(status: int, code: str, text: str) -> _Response:
    response: _Response = iam._error(status, code, text, ns="iam")
    return response


def _gone(role_name: str) -> _Response:
    return _error(404, "NoSuchEntity", f"The role with name {role_name} cannot be found.")
