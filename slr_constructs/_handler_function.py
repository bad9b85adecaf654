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
import inspect
import re
from typing import TYPE_CHECKING, Any

import aws_cdk
from aws_cdk import AssetStaging, CfnResource, Token
from constructs import Construct

from slr_constructs import _function_definition as definition
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
from slr_constructs._template_size import warn_about_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from constructs import IDependable

    from slr_constructs._permissions import Arn, Permission
    from slr_constructs.handler.slr_handler.contract import Contract

_POLICY_NAME_CHARACTERS = 128

#: What synthesizers without a place for assets answer: CDK's own for stacks without bootstrap
#: resources, that of cdk-stacksets, and that of Service Catalog's products.
_NO_PLACE = re.compile("Cannot add assets|Asset Bucket must be provided")


class HandlerFunction(Construct):
    """The function that handles the custom resources of a stack."""

    @classmethod
    def of(cls, scope: Construct) -> HandlerFunction:
        """Return the stack's function; define it on first use."""
        return parts_of(scope).one(cls, lambda stack: cls(stack, definition.ID))

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
            **_props(definition.FUNCTION),
            **self._code(),
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
            **_props(definition.EVENTS),
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
            kind = definition.kind_at(kind, _path_in_stack(scope))
        name = _policy_name(kind, target, given_name)
        policy = self._role.allow(scope, f"{id}Policy", name, permissions)
        resource = CfnResource(
            scope,
            id,
            type=wanted.RESOURCE_TYPE,
            properties={
                "ServiceToken": self._service_token,
                # an integer, because CDK's own validation warns about the string of the L2
                "ServiceTimeout": definition.SERVICE_TIMEOUT_SECONDS,
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
            arn = definition.LOG_GROUP_ARN
            return name, [substitute(arn, name), substitute(arn, f"{name}:*")]
        logs = define_l1("aws_logs", "CfnLogGroup", self, "Logs", **_props(definition.LOG_GROUP))
        return logs.ref, [*definition.own_log_arns(logs.logical_id)]

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

    def _code(self) -> dict[str, Any]:
        """Return the code and its handler: an asset, or the code itself without a place for it."""
        location = None if self._settings.inline_code else self._uploaded_code()
        if location is not None:
            return {"code": location, "handler": definition.ASSET_HANDLER}
        warn_about_size(parts_of(self).stack)
        return {
            "code": {"zipFile": definition.inline_code()},
            "handler": definition.INLINE_HANDLER,
        }

    def _uploaded_code(self) -> dict[str, str] | None:
        """Return the location that the deployment uploads the code to; None if it has none.

        `aws_s3_assets.Asset` does the same, and also defines an unused bucket.

        Raises:
            RuntimeError: The synthesizer refuses the asset for another reason.
        """
        code = AssetStaging(
            self,
            "Code",
            source_path=str(definition.HANDLER),
            exclude=["**/__pycache__", "**/*.pyc", "**/.*"],
        )
        stack = parts_of(self).stack
        add = stack.synthesizer.add_file_asset
        # a synthesizer of another library may be older than this name, which commands print
        name: dict[str, Any] = {"display_name": f"{definition.ID}/Code"}
        if "display_name" not in inspect.signature(add).parameters:
            name = {}
        try:
            location = add(
                source_hash=code.asset_hash,
                packaging=code.packaging,
                file_name=code.relative_staged_path(stack),
                **name,
            )
        except RuntimeError as error:
            # CDK has no method that asks a synthesizer for it
            if _NO_PLACE.search(str(error)) is None:
                raise
            self.node.try_remove_child("Code")
            return None
        return {"s3Bucket": location.bucket_name, "s3Key": location.object_key}


def _props(properties: dict[str, Any]) -> dict[str, Any]:
    """Return properties of CloudFormation with the names of the L1's props in jsii."""
    return {f"{name[0].lower()}{name[1:]}": value for name, value in properties.items()}


def _path_in_stack(scope: Construct) -> str:
    """Return the path within the stack, which changes with the logical ids below it."""
    return scope.node.path.removeprefix(parts_of(scope).stack.node.path)


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
