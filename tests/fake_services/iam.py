"""IAM for the fake services: the model of service-linked roles, and lists of roles and policies.

From AWS: the managed policy of a service-linked role is under `aws-service-role/`, and `ListRoles`
returns roles without their tags and without their last use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_services import service_linked_roles
from tests.fake_services.paging import page
from tests.fake_services.service_linked_roles import IamError
from tests.fake_services.wire import Refused

if TYPE_CHECKING:
    from tests.fake_services.service_linked_roles import AccountRoles, Data
    from tests.fake_services.wire import Call

OPERATIONS = (
    *service_linked_roles.OPERATIONS,
    "ListAttachedRolePolicies",
    "ListRolePolicies",
    "ListRoles",
)
#: attributes of a role that its list does not have.
_NOT_LISTED = ("RoleLastUsed", "Tags")


def carry_out(roles: AccountRoles, call: Call, size: int) -> Data:
    """Carry out an operation. A page of a list has at most `size` entries.

    Raises:
        Refused: IAM refuses the operation.
    """
    try:
        match call.operation:
            case "ListAttachedRolePolicies":
                attached = [
                    {
                        "PolicyName": name,
                        "PolicyArn": f"arn:aws:iam::aws:policy/aws-service-role/{name}",
                    }
                    for name in roles.find(call.parameters["RoleName"]).policies
                ]
                return _listed("AttachedPolicies", attached, call, size)
            case "ListRolePolicies":
                inline = roles.find(call.parameters["RoleName"]).inline
                return _listed("PolicyNames", inline, call, size)
            case "ListRoles":
                shown = [roles.shown(each) for each in roles.roles.values()]
                listed = [
                    {name: value for name, value in role.items() if name not in _NOT_LISTED}
                    for role in shown
                    if role["Path"].startswith(call.parameters["PathPrefix"])
                ]
                return _listed("Roles", listed, call, size)
            case _:
                return roles.call(call.operation, call.parameters)
    except IamError as error:
        raise as_refused(error) from error


def as_refused(error: IamError) -> Refused:
    """Return an error of IAM as one of the fake services."""
    return Refused(error.code, error.message, error.status)


def _listed(member: str, entries: list[Any], call: Call, size: int) -> Data:
    most = min(size, call.parameters.get("MaxItems", size))
    found, rest = page(call, entries, call.parameters.get("Marker"), most)
    more = {} if rest is None else {"Marker": rest}
    return {member: found, "IsTruncated": rest is not None, **more}
