"""IAM, as far as service-linked roles need it.

AWS's word: codes and texts of refusals, 50 tags on a role, the form of a deletion task's id, one
task at a time for a role, the states of a task, and `RoleUsageList`. Our model: a deletion looks at
the whole account when it is polled for the last time, and a change is readable at once.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from slr_constructs import catalogue
from slr_constructs.catalogue import RoleCreation
from tests.fake_services.paging import page
from tests.fake_services.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tests.fake_services.accounts import FakeAccount, FakeRole
    from tests.fake_services.features import Features
    from tests.fake_services.wire import Call

    Data = dict[str, Any]

TAGS_PER_ROLE = 50
_MADE_BY_IAM = {
    definition.service_principal: definition
    for definition in catalogue.ALL
    if definition.creation is RoleCreation.IAM
}


@dataclass(slots=True)
class _Deletion:
    account: FakeAccount
    role: FakeRole
    polls: int = 0
    status: str = "IN_PROGRESS"
    reason: Data = field(default_factory=dict)


class Iam:
    """The operations of IAM; whoever calls them holds the lock of the features.

    Args:
        features: What uses a role.

        now: Tells when a role is made.
    """

    def __init__(self, features: Features, now: Callable[[], datetime]) -> None:
        self._features = features
        self._now = now
        #: by the account's id and the task's.
        self._deletions: dict[tuple[str, str], _Deletion] = {}
        self.operations: dict[str, Callable[[FakeAccount, Call, int], Data]] = {
            "CreateServiceLinkedRole": self._create,
            "DeleteServiceLinkedRole": self._delete,
            "GetRole": self._get,
            "GetServiceLinkedRoleDeletionStatus": self._deletion_status,
            "ListAttachedRolePolicies": self._list_attached_policies,
            "ListRolePolicies": self._list_inline_policies,
            "TagRole": self._tag,
            "UntagRole": self._untag,
            "UpdateRoleDescription": self._describe,
        }

    def _get(self, account: FakeAccount, call: Call, _size: int) -> Data:
        return {"Role": _shown(_role(account, call))}

    def _list_attached_policies(self, account: FakeAccount, call: Call, size: int) -> Data:
        attached = [
            {
                "PolicyName": name,
                "PolicyArn": f"arn:aws:iam::aws:policy/aws-service-role/{name}",
            }
            for name in _role(account, call).policies
        ]
        return _listed("AttachedPolicies", attached, call, size)

    def _list_inline_policies(self, account: FakeAccount, call: Call, size: int) -> Data:
        return _listed("PolicyNames", _role(account, call).inline, call, size)

    def _create(self, account: FakeAccount, call: Call, _size: int) -> Data:
        principal = call.parameters["AWSServiceName"]
        definition = _MADE_BY_IAM.get(principal)
        if definition is None:
            text = f"Service role for {principal} cannot be created by IAM"
            raise Refused("InvalidInput", text)
        if definition.role_name in account.roles:
            text = (
                f"Service role name {definition.role_name} has been taken in this account, please"
                " try a different suffix."
            )
            raise Refused("InvalidInput", text)
        role = account.add_role(
            definition, description=call.parameters.get("Description", ""), created=self._now()
        )
        return {"Role": _shown(role)}

    def _tag(self, account: FakeAccount, call: Call, _size: int) -> Data:
        role = _role(account, call)
        wanted = role.tags | {tag["Key"]: tag["Value"] for tag in call.parameters["Tags"]}
        if len(wanted) > TAGS_PER_ROLE:
            text = f"Cannot exceed quota for TagsPerRole: {TAGS_PER_ROLE}"
            raise Refused("LimitExceeded", text, 409)
        role.tags = wanted
        return {}

    def _untag(self, account: FakeAccount, call: Call, _size: int) -> Data:
        role = _role(account, call)
        gone = call.parameters["TagKeys"]
        role.tags = {key: value for key, value in role.tags.items() if key not in gone}
        return {}

    def _describe(self, account: FakeAccount, call: Call, _size: int) -> Data:
        role = _role(account, call)
        role.description = call.parameters["Description"]
        return {"Role": _shown(role)}

    def _delete(self, account: FakeAccount, call: Call, _size: int) -> Data:
        role = _role(account, call)
        for (_, task), deletion in self._deletions.items():
            if deletion.role is role and deletion.status == "IN_PROGRESS":
                return {"DeletionTaskId": task}
        task = f"task{role.definition.path}{role.name}/{uuid.uuid4()}"
        self._deletions[account.id, task] = _Deletion(account, role)
        return {"DeletionTaskId": task}

    def _deletion_status(self, account: FakeAccount, call: Call, _size: int) -> Data:
        task = call.parameters["DeletionTaskId"]
        deletion = self._deletions.get((account.id, task))
        if deletion is None:
            raise Refused("NoSuchEntity", f"Deletion task {task} cannot be found.", 404)
        deletion.polls += 1
        if deletion.status == "IN_PROGRESS" and deletion.polls > account.in_use_polls:
            self._decide(deletion)
        reason = {"Reason": deletion.reason} if deletion.reason else {}
        return {"Status": deletion.status, **reason}

    def _decide(self, deletion: _Deletion) -> None:
        account, role = deletion.account, deletion.role
        uses = self._features.uses(account.id, role.name)
        if account.failing_deletions:
            deletion.reason = account.failing_deletions.pop(0)
        elif uses:
            deletion.reason = {
                "Reason": "The role has resources that use it.",
                "RoleUsageList": [
                    {"Region": region, "Resources": arns} for region, arns in uses.items()
                ],
            }
        if deletion.reason:
            deletion.status = "FAILED"
            return
        deletion.status = "SUCCEEDED"
        if account.roles.get(role.name) is role:
            self._features.role_deleted(account.id, role.name)
            del account.roles[role.name]


def _role(account: FakeAccount, call: Call) -> FakeRole:
    name = call.parameters["RoleName"]
    if name not in account.roles:
        raise Refused("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
    return account.roles[name]


def _shown(role: FakeRole) -> Data:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": role.definition.service_principal},
        "Action": "sts:AssumeRole",
    }
    used = {}
    if role.last_used is not None:
        when, where = role.last_used
        used = {"LastUsedDate": when, "Region": where}
    shown = {
        "Path": role.definition.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": quote(
            json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        ),
        "MaxSessionDuration": 3600,
        "RoleLastUsed": used,
    }
    if role.description:
        shown["Description"] = role.description
    if role.tags:
        shown["Tags"] = [{"Key": key, "Value": value} for key, value in role.tags.items()]
    return shown


def _listed(member: str, things: list[Any], call: Call, size: int) -> Data:
    most = min(size, call.parameters.get("MaxItems", size))
    found, rest = page(call, things, call.parameters.get("Marker"), most)
    more = {} if rest is None else {"Marker": rest}
    return {member: found, "IsTruncated": rest is not None, **more}
