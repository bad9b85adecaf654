"""The settings of the functions below a scope: role, network, log, limits and code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aws_cdk import Stack, Stage

from slr_constructs._errors import check, check_kind
from slr_constructs._registry import key_of
from slr_constructs._usage_error import UsageError
from slr_constructs.handler.slr_handler.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_ec2, aws_iam, aws_logs, aws_sqs
    from constructs import IConstruct

_CONCURRENCY = Rule(
    code="FunctionConcurrency",
    allowed="a whole number, 1 or more",
    holds=lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 1,
)
#: The fields of a `SubnetSelection`.
_SELECTION = (
    "availability_zones",
    "one_per_az",
    "subnet_filters",
    "subnet_group_name",
    "subnets",
    "subnet_type",
)


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """The settings of one function; the defaults are those of a function that is not configured."""

    role: aws_iam.IRole | None = None
    vpc: aws_ec2.IVpc | None = None
    subnets: aws_ec2.SelectedSubnets | None = None
    security_groups: Sequence[aws_ec2.ISecurityGroup] = ()
    log_group: aws_logs.ILogGroup | None = None
    permissions_boundary: aws_iam.IManagedPolicy | None = None
    dead_letter_queue: aws_sqs.IQueue | None = None
    reserved_concurrent_executions: int | None = None
    inline_code: bool = False


@dataclass(slots=True)
class _Known:
    """What this process knows about functions, by the keys of scopes."""

    settings: dict[str, FunctionSettings] = field(default_factory=dict)
    #: The first stack below a scope that has a function.
    used: dict[str, Stack] = field(default_factory=dict)


_KNOWN = _Known()


class ServiceLinkedRoleFunction:
    """The Lambda functions of slr-constructs, one in each stack that has a feature or a role."""

    @staticmethod
    def configure(
        scope: IConstruct,
        *,
        role: aws_iam.IRole | None = None,
        vpc: aws_ec2.IVpc | None = None,
        vpc_subnets: aws_ec2.SubnetSelection | None = None,
        security_groups: Sequence[aws_ec2.ISecurityGroup] | None = None,
        log_group: aws_logs.ILogGroup | None = None,
        permissions_boundary: aws_iam.IManagedPolicy | None = None,
        dead_letter_queue: aws_sqs.IQueue | None = None,
        reserved_concurrent_executions: int | None = None,
        inline_code: bool = False,
    ) -> None:
        """Configure the functions of all stacks below a scope.

        Call it before the first feature or role is defined in one of these stacks. If several
        scopes around a stack are configured, only the settings of the nearest one apply.

        Args:
            scope: The app, a stage or a stack. Nested stacks are below their parent.

            role: The execution role of the functions. Give it the permissions that `slr-constructs
                policy --function` prints. The library adds none, and so defines no policies. Add
                policies as parts of the construct `role`, because the function depends on it.
                Default: each function has a role of its own, with only the permissions that the
                stack needs.

            vpc: The VPC that the functions are connected to. They need a route to the internet,
                because the addresses of IAM and of CloudFormation's response URLs are public. The
                functions, and so all custom resources, are created after the routes and deleted
                before them. Default: the functions are in no VPC.

            vpc_subnets: The subnets of the functions, none of which may be public, because Lambda
                gives functions no public address. Default: the private subnets of the VPC.

            security_groups: The security groups of the functions, which must allow outbound HTTPS.
                Default: each function has a security group of its own, which allows all outbound
                traffic.

            log_group: The log group of the functions, for example with another retention, with a
                key, or with `RemovalPolicy.RETAIN` to keep the log after the stack. Default: each
                function has a log group of its own, which keeps events for 30 days, and which is
                deleted with the stack.

            permissions_boundary: The permissions boundary of the functions' roles. Default: the
                roles have no boundary, except one that CDK's `PermissionsBoundary` applies.

            dead_letter_queue: The standard queue that receives an event if the function fails or
                is throttled until Lambda gives up. An event contains CloudFormation's response
                URL. While the URL is valid, a reader of the queue can report a result for the
                custom resource. Default: Lambda discards such events.

            reserved_concurrent_executions: How many events each function handles at the same time,
                1 or more. CloudFormation may send as many events at once as the stack has custom
                resources. Lambda discards an event that waits for more than 300 seconds, and then
                the custom resource fails. Default: as many as the account allows.

            inline_code: Write the functions' code into the templates, so that no bucket is needed.
                This adds about 32,000 bytes to a template. Default: the code is an asset. If the
                synthesizer of a stack has no place for assets (`BootstraplessSynthesizer`, and
                without a bucket for assets also `ProductStack` and the `StackSetStack` of
                cdk-stacksets), the code is inline.

        Raises:
            UsageError: A prop has a value of another type (`PropKind`); a stack below the scope
                already has a function (`FunctionConfiguredLate`); the scope is already configured
                (`FunctionConfiguredTwice`); `permissions_boundary` is set together with `role`
                (`FunctionBoundary`); `vpc_subnets` or `security_groups` are set without `vpc`
                (`FunctionVpc`); a subnet is public (`FunctionSubnets`); the queue is a FIFO queue
                (`FunctionDeadLetterQueue`); or the concurrency is not a whole number, 1 or more
                (`FunctionConcurrency`).
        """
        # an app has no path
        at = getattr(getattr(scope, "node", None), "path", None) or "ServiceLinkedRoleFunction"
        check_kind(at, "scope", scope, "an App, a Stage or a Stack", Stage, Stack)
        for prop, value, allowed, kind in (
            # the name of a property that only the L2s have
            ("role", role, "an IRole", "assume_role_action"),
            ("vpc", vpc, "an IVpc", "isolated_subnets"),
            ("log_group", log_group, "an ILogGroup", "log_group_arn"),
            (
                "permissions_boundary",
                permissions_boundary,
                "an IManagedPolicy",
                "managed_policy_arn",
            ),
            ("dead_letter_queue", dead_letter_queue, "an IQueue", "queue_arn"),
            ("vpc_subnets", vpc_subnets, "a SubnetSelection", "subnet_group_name"),
        ):
            check_kind(at, prop, value, allowed, kind, optional=True)
        allowed = "a list of ISecurityGroup values"
        check_kind(at, "security_groups", security_groups, allowed, list, tuple, optional=True)
        for each in security_groups or ():
            check_kind(at, "security_groups", each, allowed, "allow_all_outbound")
        check(
            _CONCURRENCY,
            reserved_concurrent_executions,
            at=at,
            prop="reserved_concurrent_executions",
        )
        if role is not None and permissions_boundary is not None:
            raise UsageError(
                "FunctionBoundary",
                at=at,
                prop="permissions_boundary",
                allowed="omitted if role is set (set the boundary of that role instead)",
                got=permissions_boundary,
            )
        check_kind(at, "inline_code", inline_code, "True or False", bool)
        parts_of_vpc = {"vpc_subnets": vpc_subnets, "security_groups": security_groups}
        for prop, part in parts_of_vpc.items():
            if vpc is None and part is not None:
                raise UsageError(
                    "FunctionVpc", at=at, prop=prop, allowed="omitted without vpc", got=part
                )
        if dead_letter_queue is not None and dead_letter_queue.fifo:
            raise UsageError(
                "FunctionDeadLetterQueue",
                at=at,
                prop="dead_letter_queue",
                allowed="a standard queue, because Lambda does not send to FIFO queues",
                got=dead_letter_queue,
            )
        key = key_of(scope)
        if key in _KNOWN.used:
            raise UsageError.relation(
                "FunctionConfiguredLate",
                at=at,
                text=(
                    f"{_KNOWN.used[key].node.path} already has a function. Configure functions"
                    " before you define features and roles."
                ),
            )
        if key in _KNOWN.settings:
            raise UsageError.relation(
                "FunctionConfiguredTwice",
                at=at,
                text="Functions are already configured for this scope. Configure them only once.",
            )
        _KNOWN.settings[key] = FunctionSettings(
            role=role,
            vpc=vpc,
            subnets=None if vpc is None else _select(at, vpc, vpc_subnets),
            security_groups=security_groups or (),
            log_group=log_group,
            permissions_boundary=permissions_boundary,
            dead_letter_queue=dead_letter_queue,
            reserved_concurrent_executions=reserved_concurrent_executions,
            inline_code=inline_code,
        )


def _select(
    at: str, vpc: aws_ec2.IVpc, selection: aws_ec2.SubnetSelection | None
) -> aws_ec2.SelectedSubnets:
    """Return the subnets of the functions; CDK raises an error if the VPC has none of them."""
    given = {} if selection is None else {name: getattr(selection, name) for name in _SELECTION}
    selected = vpc.select_subnets(**given)
    if selected.has_public:
        raise UsageError(
            "FunctionSubnets",
            at=at,
            prop="vpc_subnets",
            allowed="private subnets, because functions get no public address",
            got=vpc,
        )
    return selected


def settings_of(stack: Stack) -> FunctionSettings:
    """Return the settings of a stack's function; they cannot be changed afterwards."""
    keys = [key_of(each) for each in stack.node.scopes]
    for key in keys:
        _KNOWN.used.setdefault(key, stack)
    # from the stack to the app
    found = (_KNOWN.settings[key] for key in reversed(keys) if key in _KNOWN.settings)
    return next(found, FunctionSettings())
