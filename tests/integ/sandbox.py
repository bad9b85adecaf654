"""A sandbox account: the caller's credentials, the checks before a run, and its region."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3

from slr_constructs import catalogue
from slr_constructs.account.access import CALL_ERRORS, AccountError, reason, sign_in
from slr_constructs.account.audit import audit
from slr_constructs.cli.prompts import can_ask, typed
from slr_constructs.cli.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slr_constructs.account.access import Account
    from slr_constructs.account.audit import Audit

#: the roles that a run creates and deletes. An older role is not changed.
DEFINITIONS = tuple(
    each
    for each in catalogue.ALL
    if each.superseded_by is None and catalogue.resource_types_of(each)
)
#: the domains of AWS endpoints in its partitions end with these.
_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
_BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
_MAX_NAMES = 5


@dataclass
class Sandbox:
    """An account and region in which resources may be created and deleted.

    Args:
        account: The account.

        region: The region of all resources.

        environment: The environment of processes that use the account.
    """

    account: Account
    region: str
    environment: Mapping[str, str] = field(repr=False)
    #: for clients that are independent of the library, with the same credentials.
    _session: boto3.Session = field(default_factory=boto3.Session, repr=False)
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 creates its clients at run time
        """Return the client of a service."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service, region_name=self.region)
        return self._clients[service]

    @cached_property
    def emulated(self) -> bool:
        """Whether any service is not AWS itself."""
        services = {
            operation.partition(":")[0]
            for each in catalogue.RESOURCE_TYPES
            for operation in (each.calls.configure.operation, each.calls.list.operation)
        }
        hosts = (
            urlsplit(self.client(each).meta.endpoint_url).hostname or ""
            for each in ("cloudformation", "iam", "logs", "sts", *services)
        )
        return not all(host.endswith(_AWS) for host in hosts)

    @property
    def place(self) -> str:
        """The account and region, for messages."""
        where = "an EMULATED account, not AWS" if self.emulated else "AWS account"
        return f"{where} {self.account.id}, {self.region}"


def open_sandbox() -> Sandbox:
    """Sign in with the caller's credentials.

    Raises:
        Refusal: No credentials are found, AWS refuses them, or a service is not in the region.
    """
    try:
        account = sign_in()
    except AccountError as error:
        raise Refusal(str(error)) from None
    offered = set.intersection(*({*(each.regions or ())} for each in DEFINITIONS))
    region = account.home_region
    if region not in offered:
        raise Refusal(
            f"the region must offer all services of the five features, got {region}. Set"
            f" AWS_DEFAULT_REGION to {' or '.join(sorted(offered))}"
        )
    regions = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    return Sandbox(account, region, {**os.environ, **regions})


def refuse_if_in_use(sandbox: Sandbox, *, bootstrapped: bool) -> None:
    """Check that a run takes nothing away from the account.

    Args:
        sandbox: The account.

        bootstrapped: Whether the run needs the resources of `cdk bootstrap`.

    Raises:
        Refusal: The account has one of the roles, or a resource that uses one; or it could not be
            read; or it is not bootstrapped.
    """
    found = audit(sandbox.account, DEFINITIONS)
    number = sandbox.account.id
    if problem := _in_use(found):
        raise Refusal(f"account {number} {problem}. Use an account without them")
    if not found.complete:
        first = found.failures[0]
        raise Refusal(f"account {number} cannot be read: {first.resource}: {first.reason}")
    if bootstrapped:
        try:
            sandbox.client("ssm").get_parameter(Name=_BOOTSTRAP)
        except CALL_ERRORS as error:
            why = f"account {number} has no parameter {_BOOTSTRAP} ({reason(error)})"
            raise Refusal(f"{why}. Run: cdk bootstrap aws://{number}/{sandbox.region}") from None


def _in_use(found: Audit) -> str:
    usages = [target.arn for report in found.roles for target in report.usages]
    if usages:
        more = f" and {len(usages) - _MAX_NAMES} more" if len(usages) > _MAX_NAMES else ""
        return f"has resources that use the roles: {', '.join(usages[:_MAX_NAMES])}{more}"
    roles = [report.definition.role_name for report in found.roles if report.role is not None]
    return f"has roles that a run would delete: {', '.join(roles)}" if roles else ""


def confirm(sandbox: Sandbox, plan: str, *, yes: bool) -> None:
    """Ask for the account id before anything is changed, unless `yes` is true.

    Raises:
        Refusal: The command has no terminal to ask on, or something else was typed.
    """
    if yes:
        return
    if not can_ask():
        raise Refusal(f"cannot ask for confirmation without a terminal. Set YES=1 to {plan}")
    if not typed(sandbox.account.id, plan):
        raise Refusal(f"{sandbox.account.id} was not typed. Nothing was changed")
