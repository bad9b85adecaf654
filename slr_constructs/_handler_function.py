"""The function of a stack, its permissions, and the custom resources that it handles.

It is not a `Provider` of CDK, which has a function of its own for each custom resource type.

Every custom resource has its own permissions: it depends on an `AWS::IAM::RolePolicy` next to it,
which is named after the target of the custom resource. So the permissions exist before the first
call and until the last one. When a feature is removed, CloudFormation deletes the custom resource
before its policy. When the target is replaced, CloudFormation replaces the policy too, and deletes
the old policy after the clean-up of the old target. A single policy for the whole function would
lose a permission in the same update that needs it. Only the permissions that every run needs are in
the role itself. An app can configure another role (`_function_settings`), which has its permissions
already.

If the construct id of a feature changes, the name of its policy does not. So CloudFormation refuses
the new policy, before the deletion of the old feature could disable the new one. But a new custom
resource can take over a role, or an owner outside of the stack, before the old one is deleted: it
has a lease or a mark of its own. So the policy next to it has another name for each path.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk
from aws_cdk import AssetStaging, CfnResource, Token
from constructs import Construct

from slr_constructs._arn import substitute
from slr_constructs._errors import check_contract
from slr_constructs._function_role import define_role
from slr_constructs._function_settings import settings_of
from slr_constructs._l1 import attribute_of, define_l1
from slr_constructs._permissions import (
    connect_to_vpc,
    in_one_statement,
    read_own_stack,
    send_to_queue,
    use_key_of_queue,
    write_own_log,
)
from slr_constructs._registry import parts_of, place_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from constructs import IDependable

    from slr_constructs._permissions import Arn, Permission
    from slr_constructs.handler.slr_handler.contract import Contract

_ID = "ServiceLinkedRoleFunction"
_HANDLER = Path(__file__).parent / "handler"

_FUNCTION_SECONDS = 900
_FUNCTION_MEGABYTES = 256
_LOG_DAYS = 30
#: CloudFormation waits this long for a response (by default, an hour).
_SERVICE_TIMEOUT_SECONDS = 1200
#: Lambda starts no run later than this after an event (by default, six hours), so every run ends
#: while CloudFormation still waits.
_EVENT_SECONDS = _SERVICE_TIMEOUT_SECONDS - _FUNCTION_SECONDS
#: Lambda waits one minute before the first retry after a crash, and two minutes before the second,
#: so both fit into that time.
_RETRIES = 2

_POLICY_NAME_CHARACTERS = 128

_LOG_GROUP = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"


class HandlerFunction(Construct):
    """The function that handles the custom resources of a stack."""

    @classmethod
    def of(cls, scope: Construct) -> HandlerFunction:
        """Return the stack's function; define it on first use."""
        return parts_of(scope).one(cls, lambda stack: cls(stack, _ID))

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        place_in(self, parts_of(scope))
        self._settings = settings_of(parts_of(self).stack)
        log_group, log_arns = self._log_group()
        self._role = define_role(
            self,
            [
                in_one_statement(write_own_log(*log_arns), read_own_stack({"Ref": "AWS::StackId"})),
                *self._permissions(),
            ],
            given=self._settings.role,
            boundary=self._settings.permissions_boundary,
        )
        vpc_configuration, network = self._network()
        queue = self._settings.dead_letter_queue
        function = define_l1(
            "aws_lambda",
            "CfnFunction",
            self,
            "Resource",
            description="Manages service-linked roles",
            runtime="python3.14",
            handler="slr_handler.entrypoint.handler",
            code=self._code(),
            timeout=_FUNCTION_SECONDS,
            memorySize=_FUNCTION_MEGABYTES,
            role=self._role.arn,
            loggingConfig={"logGroup": log_group},
            reservedConcurrentExecutions=self._settings.reserved_concurrent_executions,
            deadLetterConfig=None if queue is None else {"targetArn": queue.queue_arn},
            vpcConfig=vpc_configuration,
        )
        if before := [*self._role.before, *network]:
            function.node.add_dependency(*before)
        self._events = define_l1(
            "aws_lambda",
            "CfnEventInvokeConfig",
            self,
            "Events",
            functionName=function.ref,
            qualifier="$LATEST",
            maximumEventAgeInSeconds=_EVENT_SECONDS,
            maximumRetryAttempts=_RETRIES,
        )
        self._service_token = attribute_of(function, "attrArn")

    def define(
        self,
        scope: Construct,
        id: str,
        wanted: Contract,
        *,
        target: Any,  # noqa: ANN401 - a string or an intrinsic
        permissions: Sequence[Permission],
        given_name: Any = None,  # noqa: ANN401 - the value of any property
        props: dict[str, str] | None = None,
    ) -> CfnResource:
        """Define a custom resource that depends on its permissions and on the limits of events.

        Args:
            scope: The construct that needs the custom resource.

            id: The construct id of the custom resource. The id of its policy is `<id>Policy`.

            wanted: The contract that the function receives.

            target: The name of the target, which changes when the target is replaced.

            permissions: The permissions that the function needs for the target.

            given_name: The name that the app gives the target, if `target` is a reference to it.

            props: The name of the prop for each field of the contract that has another name.

        Raises:
            UsageError: The contract breaks a rule, or the function's policy would exceed IAM's
                quota (`FunctionPolicyTooLarge`).
        """
        check_contract(wanted, at=scope, props=props)
        kind = wanted.RESOURCE_TYPE.removeprefix("Custom::").removesuffix("CleanUp")
        if wanted.can_be_taken_over:
            kind = f"{kind}-{_digest_of_path(scope)}"
        name = _policy_name(kind, target, given_name)
        policy = self._role.allow(scope, f"{id}Policy", name, permissions)
        resource = CfnResource(
            scope,
            id,
            type=wanted.RESOURCE_TYPE,
            properties={
                "ServiceToken": self._service_token,
                # an integer, because CDK's own validation warns about the string of the L2
                "ServiceTimeout": _SERVICE_TIMEOUT_SECONDS,
                **wanted.to_properties(),
            },
        )
        if policy is not None:
            resource.add_resource_dependency(policy)
        # CloudFormation sends no event before the limits apply
        resource.add_resource_dependency(self._events)
        return resource

    def _log_group(self) -> tuple[str, list[Arn]]:
        """Return the name of the function's log group, and its two ARNs."""
        given = self._settings.log_group
        if given is not None:
            name = given.log_group_name
            return name, [substitute(_LOG_GROUP, name), substitute(_LOG_GROUP, f"{name}:*")]
        logs = define_l1("aws_logs", "CfnLogGroup", self, "Logs", retentionInDays=_LOG_DAYS)
        return logs.ref, [
            {"Fn::Sub": f"{_LOG_GROUP}${{{logs.logical_id}}}"},
            {"Fn::Sub": f"${{{logs.logical_id}.Arn}}"},
        ]

    def _permissions(self) -> Iterator[Permission]:
        """Yield the permissions that the function needs because of its settings."""
        queue = self._settings.dead_letter_queue
        if queue is not None:
            yield send_to_queue(queue.queue_arn)
            if queue.encryption_master_key is not None:
                yield use_key_of_queue(queue.encryption_master_key.key_arn)
        if self._settings.vpc is not None:
            yield connect_to_vpc()

    def _network(self) -> tuple[dict[str, list[str]] | None, list[IDependable]]:
        """Return the VPC configuration of the function, and what the function depends on for it.

        The function, and so every custom resource, is created after the routes to the internet and
        the rules of the security groups, and deleted before them.
        """
        vpc, subnets = self._settings.vpc, self._settings.subnets
        if vpc is None or subnets is None:
            return None, []
        groups = self._settings.security_groups or [
            aws_cdk.aws_ec2.SecurityGroup(self, "SecurityGroup", vpc=vpc)
        ]
        configuration = {
            "subnetIds": subnets.subnet_ids,
            "securityGroupIds": [each.security_group_id for each in groups],
        }
        return configuration, [subnets.internet_connectivity_established, *groups]

    def _code(self) -> dict[str, str]:
        """Return the location of the function's code, which the deployment uploads.

        `aws_s3_assets.Asset` does the same, and also defines an unused bucket.
        """
        code = AssetStaging(
            self,
            "Code",
            source_path=str(_HANDLER),
            exclude=["**/__pycache__", "**/*.pyc", "**/.*"],
        )
        stack = parts_of(self).stack
        location = stack.synthesizer.add_file_asset(
            source_hash=code.asset_hash,
            packaging=code.packaging,
            file_name=code.relative_staged_path(stack),
            display_name=f"{_ID}/Code",
        )
        return {"s3Bucket": location.bucket_name, "s3Key": location.object_key}


def _digest_of_path(scope: Construct) -> str:
    """Return a digest of a path within its stack, which changes with the logical ids below it."""
    path = scope.node.path.removeprefix(parts_of(scope).stack.node.path)
    return hashlib.sha256(path.encode()).hexdigest()[:8]


def _policy_name(kind: str, target: Any, given_name: Any) -> Any:  # noqa: ANN401 - or intrinsics
    """Return a policy name that IAM accepts and that changes when the target is replaced."""
    known = target if given_name is None else given_name
    if isinstance(known, str) and "${" not in known:
        name = f"{kind}-{known}"
        if len(name) > _POLICY_NAME_CHARACTERS or not re.fullmatch(r"[\w+=,.@-]+", name, re.ASCII):
            return f"{kind}-{hashlib.sha256(known.encode()).hexdigest()}"
    if not isinstance(target, str):
        # the name of an L1 is a string, and CloudFormation resolves the token in it
        return Token.as_string(substitute(f"{kind}-", target))
    return f"{kind}-{target}"
