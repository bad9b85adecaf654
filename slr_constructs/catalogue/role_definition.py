"""The facts about a service-linked role, as a type."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import TypeAlias

from slr_constructs._usage_error import UsageError
from slr_constructs.handler.slr_handler import rules

#: the type of the metadata in a cloud assembly by which a construct imports a role; its data is the
#: name of the role.
IMPORTED = "slr-constructs:imported-role"


#: the services that document a custom suffix, and the names of their roles without it. The name of
#: a role with a suffix is `<name>_<suffix>`. Other services, such as Amazon Connect and Amazon
#: Lex V2, choose a suffix themselves when they create a role.
#: Source: Amazon EC2 Auto Scaling User Guide, "Service-linked roles for Amazon EC2 Auto Scaling".
CUSTOM_SUFFIX_SERVICES = {"autoscaling.amazonaws.com": "AWSServiceRoleForAutoScaling"}


class RoleCreation(Enum):
    """How the role is created."""

    IAM = "IAM"
    """IAM creates the role (`iam:CreateServiceLinkedRole`), as its documentation says."""

    SERVICE = "SERVICE"
    """The service creates the role with its feature. IAM is tried first, without a guarantee."""

    NEVER = "NEVER"
    """The role is not created: IAM now creates another role for this principal.

    An existing role can be adopted.
    """


Condition: TypeAlias = tuple[str, str, tuple[str, ...]]
"""Operator, condition key and values. One of the values must match."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the policy of a role."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """The statement of one source."""

    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A fact about which sources disagree, and the source that is used."""

    about: str
    claims: tuple[Claim, ...]
    followed: str


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """The facts about a service-linked role: how to create, use and delete it.

    Only the first two arguments are required:

        RoleDefinition("AWSServiceRoleForX", "x.amazonaws.com")

    A name that IAM does not accept raises a `UsageError`, and so does a custom suffix for a service
    that documents none.

    Operations have the form `client:Operation`, with the name of the boto3 client. The prefix of
    the IAM action may differ: the action of `chime-sdk-voice:...` is `chime:...`.

    Args:
        role_name: The name of the role, which the service chooses. With a custom suffix, the
            attribute has the complete name; the argument may omit the suffix.

        service_principal: The service that assumes the role. Case-sensitive.

        custom_suffix: The part of the name after the name that the service chooses and an
            underscore. Only EC2 Auto Scaling documents that you can choose it, so that an account
            has several roles of the service.
            Default: the role has no suffix, unless `role_name` includes one.

        feature: The feature that needs the role, as a short phrase.
            Default: no feature is shown.

        creation: How the role is created.
            Default: IAM creates the role, as for most services.

        regions: The regions, in all partitions, that offer at least one of the `created_by`
            services, sorted. The role itself is global.
            Default: regions are not checked.

        managed_policy: The AWS managed policy of the role.
            Default: the policy is unknown.

        statements: The statements of the role's policy.
            Default: the statements are unknown.

        created_by: The operations that cause the service to create the role.
            Default: the operations are unknown.

        clean_up: The operations that disable the feature. The role can be deleted after they were
            called for all resources of the account, in all regions.
            Default: the operations are unknown.

        log_groups: The default log groups of the service.
            Default: the service writes no logs, or its log groups are unknown.

        documentation: The URLs of the AWS pages about the role.
            Default: no pages are listed.

        contradictions: The facts about which sources disagree.
            Default: no contradiction is known.

        superseded_by: The name of the role that replaced this one.
            Default: the role is current.

        created_instead: The name of the role that IAM creates for the service principal, if it is
            another one.
            Default: IAM creates this role, or no role.
    """

    role_name: str
    service_principal: str
    _: KW_ONLY
    custom_suffix: str | None = None
    feature: str = ""
    creation: RoleCreation = RoleCreation.IAM
    regions: tuple[str, ...] | None = None
    managed_policy: str | None = None
    statements: tuple[Statement, ...] = ()
    created_by: tuple[str, ...] = ()
    clean_up: tuple[str, ...] = ()
    log_groups: tuple[str, ...] = ()
    documentation: tuple[str, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    superseded_by: str | None = None
    created_instead: str | None = None

    def __post_init__(self) -> None:
        """Reject names that IAM does not accept, and add the suffix to the name of the role."""
        self._check("role_name", rules.ROLE_NAME)
        self._check("service_principal", rules.SERVICE_PRINCIPAL)
        own_name = CUSTOM_SUFFIX_SERVICES.get(self.service_principal)
        name, suffix = self.role_name, self.custom_suffix
        if suffix is None:
            if own_name is not None and name.startswith(f"{own_name}_"):
                self._set(custom_suffix=name.removeprefix(f"{own_name}_") or None)
            return
        self._check("custom_suffix", rules.CUSTOM_SUFFIX)
        if own_name is None:
            known = " or ".join(CUSTOM_SUFFIX_SERVICES)
            raise UsageError(
                "CustomSuffix",
                at="RoleDefinition",
                prop="custom_suffix",
                allowed=f"omitted for {self.service_principal} (only {known} documents one)",
                got=suffix,
            )
        complete = f"{own_name}_{suffix}"
        if name not in (own_name, complete):
            raise UsageError(
                "RoleName",
                at="RoleDefinition",
                prop="role_name",
                allowed=f"{own_name} if custom_suffix is given for {self.service_principal}",
                got=name,
            )
        self._set(role_name=complete)
        self._check("role_name", rules.ROLE_NAME)

    def _check(self, prop: str, rule: rules.Rule) -> None:
        value = getattr(self, prop)
        if not rule.holds(value):
            raise UsageError(
                rule.code, at="RoleDefinition", prop=prop, allowed=rule.allowed, got=value
            )

    def _set(self, **values: str | None) -> None:
        # the instance is frozen for everyone else
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def path(self) -> str:
        """The IAM path of the role."""
        return f"/aws-service-role/{self.service_principal}/"

    def arn(self, *, partition: str, account: str) -> str:
        """Return the ARN of the role in one account.

        The arguments are not validated, so `${AWS::Partition}` and tokens are accepted.
        """
        return f"arn:{partition}:iam::{account}:role{self.path}{self.role_name}"
