"""Service-linked roles in MiniStack.

MiniStack has its own, with invented names and a deletion that ends at once, even if the role is in
use (`ministack/services/iam.py`, `_create_service_linked_role`). The model of
`tests/fake_services/service_linked_roles.py` replaces them. Other code of MiniStack, such as the
lists of roles and of their policies, reads MiniStack's own store; each role has a copy there.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ministack.core.responses import get_account_id, get_region
from ministack.services import iam

from slr_constructs import catalogue
from slr_constructs.catalogue import RoleCreation, RoleDefinition
from tests.fake_services import wire
from tests.fake_services.iam import carry_out
from tests.fake_services.service_linked_roles import (
    CREATED_BY_IAM,
    OPERATIONS,
    AccountRoles,
    IamError,
    tag_list,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.emulated.emulator.behaviour import Behaviour
    from tests.emulated.emulator.clock import Clock
    from tests.emulated.journal import Journal
    from tests.fake_services.service_linked_roles import Data, Role

    _Handler = Callable[[Mapping[str, Any]], wire.Response]

_CREATED_TODAY = CREATED_BY_IAM | {
    # what IAM creates for this principal today is not the role of the catalogue
    "chime.amazonaws.com": RoleDefinition("AWSServiceRoleForAmazonChime", "chime.amazonaws.com")
}
_EVERY_ROLE = _CREATED_TODAY | {
    definition.service_principal: definition
    for definition in catalogue.ALL
    if definition.creation is RoleCreation.SERVICE
}


class ServiceLinkedRoles:
    """The roles of all accounts.

    Args:
        clock: The time.

        journal: Records every creation and deletion.

        behaviour: What IAM does at the moment.

        uses: Returns the usages of a role of an account: ARNs by region.
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
        self._accounts: dict[str, AccountRoles] = {}

    # for services and tests

    def exists(self, account: str, role_name: str) -> bool:
        """Return whether an account has a role."""
        return self.role(account, role_name) is not None

    def role(self, account: str, role_name: str) -> Role | None:
        """Return a role."""
        return self._of(account).roles.get(role_name)

    def of(self, account: str) -> list[str]:
        """Return the names of the service-linked roles of an account."""
        return sorted(self._of(account).roles)

    def tags(self, account: str, role_name: str) -> dict[str, str]:
        """Return a role's tags; none if the role does not exist."""
        role = self.role(account, role_name)
        return {} if role is None else dict(role.tags)

    def make(self, account: str, definition: RoleDefinition, *, description: str = "") -> None:
        """Create a role."""
        self._of(account).create(definition, description)

    def delete(self, account: str, role_name: str) -> None:
        """Delete a role, even if it is in use."""
        roles = self._of(account)
        roles.delete(roles.find(role_name))

    # for callers of IAM

    def install(self) -> None:
        """Take the place of MiniStack's own operations."""
        handlers: dict[str, _Handler] = iam._IAM_HANDLERS
        for operation in OPERATIONS:
            own = handlers[operation]
            handlers[operation] = functools.partial(self._respond, operation, own)

    def _respond(self, operation: str, own: _Handler, params: Mapping[str, Any]) -> wire.Response:
        account = get_account_id()
        roles = self._of(account)
        role_name = iam._p(params, "RoleName")
        if role_name in iam._roles and role_name not in roles.roles:
            # any other role is MiniStack's own
            return own(params)
        names = ("AWSServiceName", "CustomSuffix", "DeletionTaskId", "Description", "RoleName")
        parameters = {name: iam._p(params, name) for name in names} | {
            "Tags": iam._extract_tags(params),
            "TagKeys": iam._extract_tag_keys(params),
        }
        call = wire.Call("iam", operation, parameters, account, get_region())
        try:
            return wire.answer(call, carry_out(roles, call, size=0))
        except wire.Refused as refused:
            return wire.refusal("iam", refused)

    # what the model depends on

    def _of(self, account: str) -> AccountRoles:
        """Return the roles of an account, with the behaviour of the moment."""
        if account not in self._accounts:
            self._accounts[account] = AccountRoles(
                account,
                now=self._clock.now,
                uses=lambda role: self._uses(account, role.name),
                planned_failure=self._planned_failure,
                on_change=functools.partial(self._change, account),
            )
        roles, behaviour = self._accounts[account], self._behaviour
        roles.definitions = _EVERY_ROLE if behaviour.creates_every_role else _CREATED_TODAY
        roles.accepts_suffixes = behaviour.accepts_suffixes
        refusal = behaviour.unknown_principal
        roles.unknown_principal = (
            None if refusal is None else IamError(refusal.code, refusal.message, refusal.status)
        )
        roles.delay_seconds = behaviour.own_changes_seconds
        # every call is then another caller, which does not see changes at once
        roles.caller = object if behaviour.own_changes_seconds else _one_caller
        roles.hidden_reads = behaviour.hidden_reads
        roles.deletion_seconds = behaviour.deletion_seconds
        roles.forgets_tasks = behaviour.forgets_deletions
        roles.settle()
        return roles

    def _planned_failure(self, _role: Role) -> Data | None:
        planned = self._behaviour.deletions.pop(0) if self._behaviour.deletions else None
        if planned != "FAILED":
            return None
        return {"Reason": "An internal error has occurred. Try again later."}

    def _change(self, account: str, what: str, role: Role) -> None:
        if what == "delete":
            iam._roles.pop_scoped(account, None, role.name)
            self._journal.add(
                "role",
                account,
                "deleted",
                type=role.name,
                tags=dict(role.tags),
                uses=dict(self._uses(account, role.name)),
            )
            return
        # IAM's dates have no fractions of a second
        role.created = int(role.created)
        shown = self._accounts[account].shown(role)
        kept = shown | {
            "CreateDate": f"{shown['CreateDate']:%Y-%m-%dT%H:%M:%SZ}",
            "AssumeRolePolicyDocument": unquote(shown["AssumeRolePolicyDocument"]),
            "Tags": tag_list(role.tags),
            "AttachedPolicies": [],
            "InlinePolicies": {},
        }
        iam._roles.set_scoped(account, None, role.name, kept)
        if what == "create":
            self._journal.add("role", account, "created", type=role.name)


def _one_caller() -> None:
    """Return the caller of every call."""


def role_name_of(principal: str) -> str:
    """Return the name of the role that IAM creates for a principal."""
    definition = _EVERY_ROLE.get(principal)
    return "unknown" if definition is None else definition.role_name
