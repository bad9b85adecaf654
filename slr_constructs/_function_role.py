"""The role of a function, and how it gets its permissions."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import aws_cdk
from aws_cdk import Fn, Token

from slr_constructs._function_definition import POLICY_NAME, SERVICE, TRUST, document
from slr_constructs._l1 import attribute_of, define_l1
from slr_constructs._usage_error import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    # `aws_cdk` imports it on first use
    from aws_cdk import CfnResource, aws_iam
    from constructs import Construct, IDependable

    from slr_constructs._permissions import Permission

#: IAM's quota for all inline policies of a role together, without white space.
_POLICY_CHARACTERS = 10_240
_ID = "Role"
#: The context key of `aws_iam.Role.customize_roles`.
_CUSTOMIZE_ROLES = "@aws-cdk/iam:customizeRoles"


def define_role(
    function: Construct,
    permissions: Sequence[Permission],
    *,
    given: aws_iam.IRole | None,
    boundary: aws_iam.IManagedPolicy | None,
) -> GivenRole | OwnRole:
    """Return the role of a function.

    Args:
        function: The scope of a new role.

        permissions: The permissions that every run needs.

        given: The role, if it exists outside of the function.

        boundary: The permissions boundary of a new role.
    """
    if given is not None:
        return GivenRole(given)
    customized = function.node.try_get_context(_CUSTOMIZE_ROLES)
    # `prevent_synthesis=False` only writes a report; the role and its policies are defined
    if customized is not None and customized.get("preventSynthesis") is not False:
        return PrecreatedRole(function, permissions, boundary=boundary)
    return OwnRole(function, permissions, boundary=boundary)


class GivenRole:
    """A role that the app gives its permissions."""

    def __init__(self, role: aws_iam.IRole) -> None:
        self._role = role
        self.arn = role.role_arn
        #: What the function depends on: the role, and the policies that are parts of it.
        self.before: list[IDependable] = [role]

    def allow(
        self,
        scope: Construct,  # noqa: ARG002 - the parameters are those of the other roles
        id: str,  # noqa: ARG002
        name: Any,  # noqa: ANN401, ARG002
        permissions: Sequence[Permission],  # noqa: ARG002
    ) -> CfnResource | None:
        """Return None, because the role has its permissions."""
        return None


class PrecreatedRole(GivenRole):
    """A role that `customize_roles` replaces by an existing one.

    CDK refuses the role if the app names no existing role for its path, and writes the permissions
    to the file `iam-policy-report.txt`.
    """

    _role: aws_iam.Role

    def __init__(
        self,
        function: Construct,
        permissions: Sequence[Permission],
        *,
        boundary: aws_iam.IManagedPolicy | None,
    ) -> None:
        principal = aws_cdk.aws_iam.ServicePrincipal(SERVICE)
        role = aws_cdk.aws_iam.Role(
            function, _ID, assumed_by=principal, permissions_boundary=boundary
        )
        super().__init__(role)
        self._report(permissions)

    def allow(
        self,
        scope: Construct,  # noqa: ARG002
        id: str,  # noqa: ARG002
        name: Any,  # noqa: ANN401, ARG002
        permissions: Sequence[Permission],
    ) -> CfnResource | None:
        """Add permissions to the report, and return None."""
        self._report(permissions)
        return None

    def _report(self, permissions: Sequence[Permission]) -> None:
        for each in permissions:
            self._role.add_to_principal_policy(
                aws_cdk.aws_iam.PolicyStatement(
                    actions=sorted(each.actions),
                    resources=[*map(_readable, each.resources)],
                    conditions=each.condition,
                )
            )


class OwnRole:
    """A role of the function, with a policy for each custom resource."""

    def __init__(
        self,
        function: Construct,
        permissions: Sequence[Permission],
        *,
        boundary: aws_iam.IManagedPolicy | None,
    ) -> None:
        permitted = document(permissions)
        role = define_l1(
            "aws_iam",
            "CfnRole",
            function,
            _ID,
            assumeRolePolicyDocument=TRUST,
            policies=[{"policyName": POLICY_NAME, "policyDocument": permitted}],
            permissionsBoundary=None if boundary is None else boundary.managed_policy_arn,
        )
        self.arn = attribute_of(role, "attrArn")
        # the reference to the role is enough
        self.before: list[IDependable] = []
        self._function = function
        self._name = role.ref
        self._characters = _characters(permitted)

    def allow(
        self,
        scope: Construct,
        id: str,
        name: Any,  # noqa: ANN401 - a string or an intrinsic
        permissions: Sequence[Permission],
    ) -> CfnResource | None:
        """Define a policy of the role.

        Raises:
            UsageError: The role's policies would exceed IAM's quota (`FunctionPolicyTooLarge`).
        """
        permitted = document(permissions)
        self._characters += _characters(permitted)
        if self._characters > _POLICY_CHARACTERS:
            raise UsageError.relation(
                "FunctionPolicyTooLarge",
                at=scope,
                text=(
                    f"The policies of the function {self._function.node.path} would have at least"
                    f" {self._characters} characters, but IAM's quota for one role is"
                    f" {_POLICY_CHARACTERS}. Split the stack into several stacks or nested stacks."
                ),
            )
        return define_l1(
            "aws_iam",
            "CfnRolePolicy",
            scope,
            id,
            roleName=self._name,
            policyName=name,
            policyDocument=permitted,
        )


_PSEUDO = re.compile(r"\$\{(AWS::\w+)\}")


def _readable(resource: Any) -> str:  # noqa: ANN401 - a string or an intrinsic
    """Return a resource as text that CDK's report can show."""
    if isinstance(resource, str):
        return resource
    if "Ref" in resource:
        # the report shows only some pseudo parameters, in this form
        return f"({resource['Ref']})"
    given = resource["Fn::Sub"]
    text, variables = (given, {}) if isinstance(given, str) else given
    for name, value in variables.items():
        text = text.replace(f"${{{name}}}", Token.as_string(value))
    return _PSEUDO.sub(lambda found: Fn.ref(found[1]), text)


_SHORTEST = {
    "${AWS::Partition}": "aws",
    "${AWS::Region}": "us-east-1",
    "${AWS::AccountId}": "111122223333",
}


def _characters(permitted: object) -> int:
    """Return the minimum length of a policy; each token counts as one character."""
    text = json.dumps(_without_intrinsics(permitted), separators=(",", ":"))
    for pseudo, shortest in _SHORTEST.items():
        text = text.replace(pseudo, shortest)
    return len(re.sub(r"\$\{[^}]*\}", "x", text))


def _without_intrinsics(value: Any) -> Any:  # noqa: ANN401 - any part of a document
    if isinstance(value, dict):
        if "Fn::Sub" in value:
            text = value["Fn::Sub"]
            return text if isinstance(text, str) else text[0]
        return {key: _without_intrinsics(each) for key, each in value.items()}
    return [_without_intrinsics(each) for each in value] if isinstance(value, list) else value
