"""The settings of the function: one place for a stack, a stage or an app."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, cast

import pytest
from aws_cdk import (
    App,
    Aws,
    CfnCondition,
    CfnParameter,
    Fn,
    NestedStack,
    RemovalPolicy,
    Stack,
    Stage,
    Validations,
    aws_ec2,
    aws_iam,
    aws_kms,
    aws_logs,
    aws_mediapackage,
    aws_sqs,
)
from cdk_nag import HIPAASecurityChecks, NIST80053R5Checks
from constructs import Construct
from moto.iam.aws_managed_policies import aws_managed_policies_data

from slr_constructs import (
    MediaPackageAccessLogging,
    MediaTailorAsRunLogging,
    ServiceLinkedRole,
    ServiceLinkedRoleFunction,
    UsageError,
    VoiceConnectorStreaming,
    catalogue,
)
from slr_constructs._handler_function import HandlerFunction
from slr_constructs.testing import template_of
from tests.features.every_feature import RECIPES
from tests.features.graph import (
    FUNCTION,
    Template,
    custom_ids,
    function_statements,
    id_of,
    ids_of,
    is_first,
    listed,
    properties_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aws_cdk.aws_lambda import CfnFunction

CONNECTOR = "a" * 22
FUNCTION_PATH = "Stack/ServiceLinkedRoleFunction"
#: the policies of a role.
POLICIES = {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"}


def stream(scope: Construct) -> Template:
    """Define the smallest feature, and return the template of its stack."""
    VoiceConnectorStreaming(scope, "Streaming", voice_connector=CONNECTOR)
    return template_of(Stack.of(scope))


def configured(stack: Stack, **settings: Any) -> dict[str, Any]:  # noqa: ANN401 - any setting
    """Configure the function of a stack, and return its properties."""
    ServiceLinkedRoleFunction.configure(stack, **settings)
    return properties_of(stream(stack), FUNCTION)


def types_in(template: Template) -> set[str]:
    """Return the types of the resources of a template."""
    return {each["Type"] for each in template["Resources"].values()}


def test_without_settings_a_configured_stack_has_the_same_template(stack: Stack) -> None:
    """The defaults are those of a function that is not configured."""
    other = Stack(App(), "Stack")
    ServiceLinkedRoleFunction.configure(other)

    assert json.dumps(stream(other)) == json.dumps(stream(stack))


def test_a_given_role_gets_no_policies(stack: Stack) -> None:
    """The app gives the role its permissions."""
    role = aws_iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/functions")
    ServiceLinkedRoleFunction.configure(stack, role=role)

    for number, (name, recipe) in enumerate(RECIPES.items()):
        recipe.define(Construct(stack, name), chr(ord("a") + number), None)

    template = template_of(stack)
    assert not types_in(template) & {*POLICIES, "AWS::IAM::Role"}
    assert properties_of(template, FUNCTION)["Role"] == role.role_arn


def test_the_custom_resources_are_deleted_before_the_policies_of_a_given_role(
    stack: Stack,
) -> None:
    """The policies that are parts of the role exist during every call of the function."""
    role = aws_iam.Role(stack, "Role", assumed_by=aws_iam.ServicePrincipal("lambda.amazonaws.com"))
    role.add_to_policy(aws_iam.PolicyStatement(actions=["iam:GetRole"], resources=["*"]))
    ServiceLinkedRoleFunction.configure(stack, role=role)

    template = stream(stack)
    for custom in custom_ids(template):
        assert is_first(template, id_of(template, "AWS::IAM::Policy"), custom)


def test_a_given_role_works_with_an_owner_that_has_a_condition(stack: Stack) -> None:
    """The clean-up resource has the condition of its owner, and no policy is defined."""
    condition = CfnCondition(stack, "Condition", expression=Fn.condition_equals("a", "b"))
    channel = aws_mediapackage.CfnChannel(stack, "Channel", id="live")
    channel.cfn_options.condition = condition
    role = aws_iam.Role.from_role_name(stack, "Role", "functions")
    ServiceLinkedRoleFunction.configure(stack, role=role)

    MediaPackageAccessLogging(stack, "Logs", channel=channel)

    template = template_of(stack)
    clean_up = id_of(template, "Custom::MediaPackageChannelLoggingCleanUp")
    assert template["Resources"][clean_up]["Condition"] == "Condition"


def test_the_function_is_connected_to_the_private_subnets_of_a_vpc(stack: Stack) -> None:
    """It has a security group of its own."""
    vpc = aws_ec2.Vpc(stack, "Vpc", max_azs=2)

    found = configured(stack, vpc=vpc)["VpcConfig"]

    assert found["SubnetIds"] == stack.resolve([each.subnet_id for each in vpc.private_subnets])
    group = id_of(template_of(stack), "AWS::EC2::SecurityGroup")
    assert found["SecurityGroupIds"] == [{"Fn::GetAtt": [group, "GroupId"]}]


def test_custom_resources_are_deleted_before_the_routes_to_the_internet(stack: Stack) -> None:
    """They are also created after them: the function must reach IAM and the response URL."""
    vpc = aws_ec2.Vpc(stack, "Vpc", max_azs=2)
    ServiceLinkedRoleFunction.configure(stack, vpc=vpc)

    template = stream(stack)
    needed = [
        each
        for kind in (
            "AWS::EC2::InternetGateway",
            "AWS::EC2::NatGateway",
            "AWS::EC2::Route",
            "AWS::EC2::SecurityGroup",
            "AWS::EC2::SubnetRouteTableAssociation",
            "AWS::EC2::VPCGatewayAttachment",
        )
        for each in ids_of(template, kind)
    ]
    assert len(needed) == 1 + 2 + 4 + 1 + 4 + 1
    for custom in custom_ids(template):
        assert [each for each in needed if not is_first(template, each, custom)] == []


def test_the_subnets_and_security_groups_of_a_vpc_can_be_chosen(stack: Stack) -> None:
    """Rules of a group that are resources are deleted after the custom resources."""
    vpc = aws_ec2.Vpc(stack, "Vpc", max_azs=2)
    group = aws_ec2.SecurityGroup(stack, "Group", vpc=vpc, allow_all_outbound=False)
    group.connections.allow_to(group, aws_ec2.Port.HTTPS)
    subnets = aws_ec2.SubnetSelection(subnets=vpc.private_subnets[:1])

    found = configured(stack, vpc=vpc, vpc_subnets=subnets, security_groups=[group])["VpcConfig"]

    template = template_of(stack)
    assert found["SubnetIds"] == [stack.resolve(vpc.private_subnets[0].subnet_id)]
    assert found["SecurityGroupIds"] == [stack.resolve(group.security_group_id)]
    for custom in custom_ids(template):
        assert is_first(template, id_of(template, "AWS::EC2::SecurityGroupEgress"), custom)


def test_a_function_in_a_vpc_has_the_permissions_of_the_managed_policy(stack: Stack) -> None:
    """AWS publishes the actions on EC2 in `AWSLambdaVPCAccessExecutionRole`."""
    ServiceLinkedRoleFunction.configure(stack, vpc=aws_ec2.Vpc(stack, "Vpc"))
    published = json.loads(aws_managed_policies_data)["AWSLambdaVPCAccessExecutionRole"]
    (statement,) = published["Document"]["Statement"]

    actions = {each for each in statement["Action"] if each.startswith("ec2:")}
    assert {
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": "*",
    } in function_statements(stream(stack))


def test_the_log_group_of_the_app_is_used_and_may_be_kept(stack: Stack) -> None:
    """Without a log group of its own, the function may write to that of the app."""
    key = aws_kms.Key(stack, "Key")
    logs = aws_logs.LogGroup(stack, "Log", encryption_key=key, removal_policy=RemovalPolicy.RETAIN)

    found = configured(stack, log_group=logs)

    template = template_of(stack)
    name = {"Ref": id_of(template, "AWS::Logs::LogGroup")}
    assert found["LoggingConfig"] == {"LogGroup": name}
    assert template["Resources"][name["Ref"]]["DeletionPolicy"] == "Retain"
    prefix = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${Name}"
    assert [
        {"Fn::Sub": [prefix, {"Name": name}]},
        {"Fn::Sub": [prefix, {"Name": {"Fn::Join": ["", [name, ":*"]]}}]},
        {"Ref": "AWS::StackId"},
    ] in [each["Resource"] for each in function_statements(template)]


def test_the_role_of_the_function_has_a_permissions_boundary(stack: Stack) -> None:
    """Only a role of the function itself gets it."""
    boundary = aws_iam.ManagedPolicy.from_managed_policy_arn(stack, "Boundary", "arn:boundary")
    ServiceLinkedRoleFunction.configure(stack, permissions_boundary=boundary)

    role = properties_of(stream(stack), "AWS::IAM::Role")
    assert role["PermissionsBoundary"] == "arn:boundary"


@pytest.mark.parametrize("encrypted", [False, True])
def test_events_that_are_given_up_go_to_the_dead_letter_queue(
    stack: Stack,
    encrypted: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The role may send to the queue, and use its key."""
    key = aws_kms.Key(stack, "Key") if encrypted else None
    queue = aws_sqs.Queue(stack, "Queue", encryption_master_key=key)

    found = configured(stack, dead_letter_queue=queue)

    assert found["DeadLetterConfig"] == {"TargetArn": stack.resolve(queue.queue_arn)}
    statements = function_statements(template_of(stack))
    assert ("sqs:SendMessage", stack.resolve(queue.queue_arn)) in [
        (each["Action"], each["Resource"]) for each in statements
    ]
    with_key = [each["Resource"] for each in statements if "kms:Decrypt" in each["Action"]]
    assert with_key == ([stack.resolve(key.key_arn)] if key else [])


def test_the_concurrency_of_the_function_can_be_reserved(stack: Stack) -> None:
    """A token is accepted."""
    assert configured(stack, reserved_concurrent_executions=5)["ReservedConcurrentExecutions"] == 5
    other = Stack(App(), "Other")
    number = CfnParameter(other, "Number", type="Number").value_as_number
    assert configured(other, reserved_concurrent_executions=number)[
        "ReservedConcurrentExecutions"
    ] == {"Ref": "Number"}


def test_the_settings_of_the_nearest_scope_apply() -> None:
    """They apply to all stacks below the scope, also to nested stacks and stages."""
    app = App()
    stage = Stage(app, "Stage")
    stacks = {
        1: Stack(app, "One"),
        2: Stack(app, "Two"),
        3: Stack(stage, "Three"),
        4: Stack(stage, "Four"),
    }
    ServiceLinkedRoleFunction.configure(app, reserved_concurrent_executions=1)
    ServiceLinkedRoleFunction.configure(stacks[2], reserved_concurrent_executions=2)
    ServiceLinkedRoleFunction.configure(stage, reserved_concurrent_executions=3)
    ServiceLinkedRoleFunction.configure(stacks[4], reserved_concurrent_executions=4)
    nested = NestedStack(stacks[4], "Nested")

    functions = [HandlerFunction.of(each) for each in (*stacks.values(), nested)]

    resources = [cast("CfnFunction", each.node.find_child("Resource")) for each in functions]
    assert [each.reserved_concurrent_executions for each in resources] == [1, 2, 3, 4, 4]


def test_a_stack_without_a_function_ignores_the_settings(stack: Stack) -> None:
    """A security group and policies are defined only with a function."""
    vpc = aws_ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["us-east-1a"],
        private_subnet_ids=["subnet-1"],
    )
    ServiceLinkedRoleFunction.configure(stack, vpc=vpc)
    ServiceLinkedRole.from_existing(stack, "Imported", catalogue.MEDIAPACKAGE)

    assert "Resources" not in template_of(stack)


def test_fails_when_a_stack_below_the_scope_already_has_a_function() -> None:
    """The function would not have the settings."""
    app = App()
    stack = Stack(app, "Stack")
    stream(stack)

    assert refused(stack) == (
        "Stack: Stack already has a function. Configure functions before you define features and"
        " roles. [FunctionConfiguredLate]"
    )
    assert refused(app).startswith("ServiceLinkedRoleFunction: Stack already has a function.")
    ServiceLinkedRoleFunction.configure(Stack(app, "Later"))


def test_fails_when_a_scope_is_configured_twice(stack: Stack) -> None:
    """The settings are in one place."""
    ServiceLinkedRoleFunction.configure(stack)

    assert refused(stack) == (
        "Stack: Functions are already configured for this scope. Configure them only once."
        " [FunctionConfiguredTwice]"
    )


WRONG: dict[str, tuple[Callable[[Stack], dict[str, Any]], str]] = {
    "role": (lambda _: {"role": "arn"}, "role must be an IRole, got 'arn' [PropKind]"),
    "another role": (
        lambda stack: {"role": ServiceLinkedRole.from_existing(stack, "R", catalogue.MEDIATAILOR)},
        "role must be an IRole, got Stack/R [PropKind]",
    ),
    "vpc": (lambda _: {"vpc": "vpc-1"}, "vpc must be an IVpc, got 'vpc-1' [PropKind]"),
    "log_group": (
        lambda stack: {"log_group": aws_logs.CfnLogGroup(stack, "Log")},
        "log_group must be an ILogGroup, got Stack/Log [PropKind]",
    ),
    "permissions_boundary": (
        lambda _: {"permissions_boundary": 1},
        "permissions_boundary must be an IManagedPolicy, got 1 [PropKind]",
    ),
    "dead_letter_queue": (
        lambda stack: {"dead_letter_queue": aws_sqs.CfnQueue(stack, "Queue")},
        "dead_letter_queue must be an IQueue, got Stack/Queue [PropKind]",
    ),
    "vpc_subnets": (
        lambda _: {"vpc_subnets": []},
        "vpc_subnets must be a SubnetSelection, got [] [PropKind]",
    ),
    "security_groups": (
        lambda _: {"security_groups": "sg-1"},
        "security_groups must be a list of ISecurityGroup values, got 'sg-1' [PropKind]",
    ),
    "a security group": (
        lambda _: {"security_groups": ["sg-1"]},
        "security_groups must be a list of ISecurityGroup values, got 'sg-1' [PropKind]",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_fails_when_a_setting_has_another_type(stack: Stack, name: str) -> None:
    """The message names the setting, and nothing is configured."""
    settings, message = WRONG[name]

    assert refused(stack, **settings(stack)) == f"Stack: {message}"
    ServiceLinkedRoleFunction.configure(stack)


def refused(scope: Any, **settings: Any) -> str:  # noqa: ANN401 - any setting
    """Return the message of the error for settings."""
    with pytest.raises(UsageError) as caught:
        ServiceLinkedRoleFunction.configure(scope, **settings)
    return str(caught.value)


@pytest.mark.parametrize("number", [0, -1, 1.5, True])
def test_fails_when_the_concurrency_is_no_whole_number(stack: Stack, number: float) -> None:
    """Without any concurrency, Lambda would run no event."""
    assert refused(stack, reserved_concurrent_executions=number) == (
        "Stack: reserved_concurrent_executions must be a whole number, 1 or more, got"
        f" {number} [FunctionConcurrency]"
    )


def test_fails_when_a_given_role_should_get_a_boundary(stack: Stack) -> None:
    """The role belongs to the app, and may be outside of it."""
    role = aws_iam.Role.from_role_name(stack, "Role", "functions")
    boundary = aws_iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "boundary")

    assert refused(stack, role=role, permissions_boundary=boundary) == (
        "Stack: permissions_boundary must be omitted if role is set (set the boundary of that role"
        " instead), got Stack/Boundary [FunctionBoundary]"
    )


def test_fails_when_a_security_group_has_no_vpc(stack: Stack) -> None:
    """The same is true for subnets."""
    assert refused(stack, security_groups=[]) == (
        "Stack: security_groups must be omitted without vpc, got [] [FunctionVpc]"
    )


def test_fails_when_the_subnets_are_public(stack: Stack) -> None:
    """The function could not reach the internet."""
    vpc = aws_ec2.Vpc(stack, "Vpc")
    subnets = aws_ec2.SubnetSelection(subnet_type=aws_ec2.SubnetType.PUBLIC)

    assert refused(stack, vpc=vpc, vpc_subnets=subnets) == (
        "Stack: vpc_subnets must be private subnets, because functions get no public address, got"
        " Stack/Vpc [FunctionSubnets]"
    )


def test_fails_when_the_dead_letter_queue_is_a_fifo_queue(stack: Stack) -> None:
    """Lambda accepts only a standard queue."""
    assert refused(stack, dead_letter_queue=aws_sqs.Queue(stack, "Queue", fifo=True)) == (
        "Stack: dead_letter_queue must be a standard queue, because Lambda does not send to FIFO"
        " queues, got Stack/Queue [FunctionDeadLetterQueue]"
    )


@pytest.mark.parametrize("scope", [None, "Stack", Construct(Stack(App(), "S"), "Construct")])
def test_fails_when_the_scope_is_no_stack_and_has_no_stacks(scope: Any) -> None:  # noqa: ANN401
    """A construct in a stack has no function of its own."""
    with pytest.raises(UsageError, match=r"scope must be an App, a Stage or a Stack, got .*Kind"):
        ServiceLinkedRoleFunction.configure(scope)


def test_a_precreated_role_replaces_the_role_of_the_function(tmp_path: Path) -> None:
    """CDK defines no role and no policies, and reports the permissions that the role needs."""
    app = App(outdir=str(tmp_path))
    aws_iam.Role.customize_roles(app, use_precreated_roles={f"{FUNCTION_PATH}/Role": "functions"})
    stack = Stack(app, "Stack")
    MediaTailorAsRunLogging(stack, "Logs", channel=Fn.import_value("Linear"))

    template = stream(stack)
    app.synth()

    assert not types_in(template) & {*POLICIES, "AWS::IAM::Role"}
    arn = f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/functions"
    assert properties_of(template, FUNCTION)["Role"] == stack.resolve(arn)
    (role,) = json.loads((tmp_path / "iam-policy-report.json").read_text())["roles"]
    assert role["roleConstructPath"] == f"{FUNCTION_PATH}/Role"
    allowed = {
        (action, resource)
        for each in role["identityPolicyStatements"]
        for action in listed(each["Action"])
        for resource in listed(each["Resource"])
    }
    role_arn = "arn:(PARTITION):iam::(ACCOUNT):role/aws-service-role"
    assert allowed >= {
        ("cloudformation:DescribeStacks", "(AWS::StackId)"),
        (
            "iam:CreateServiceLinkedRole",
            f"{role_arn}/mediatailor.amazonaws.com/AWSServiceRoleForMediaTailor",
        ),
        ("chime:ListSipMediaApplications", "*"),
        (
            "chime:PutVoiceConnectorStreamingConfiguration",
            f"arn:(PARTITION):chime:(REGION):(ACCOUNT):vc/{CONNECTOR}",
        ),
    }
    assert "mediatailor:ConfigureLogsForChannel" in {action for action, _ in allowed}


def test_fails_when_no_precreated_role_is_named(tmp_path: Path) -> None:
    """CDK names the path of the role."""
    app = App(outdir=str(tmp_path))
    aws_iam.Role.customize_roles(app)
    VoiceConnectorStreaming(Stack(app, "Stack"), "Streaming", voice_connector=CONNECTOR)

    app.synth()

    (role,) = json.loads((tmp_path / "iam-policy-report.json").read_text())["roles"]
    assert (role["roleConstructPath"], role["missing"]) == (f"{FUNCTION_PATH}/Role", True)
    errors = json.loads((tmp_path / "Stack.metadata.json").read_text())
    assert "You must provide a precreated role name" in json.dumps(errors)


def test_a_report_without_precreated_roles_does_not_change_the_template(stack: Stack) -> None:
    """`prevent_synthesis=False` only writes a report."""
    other = Stack(App(), "Stack")
    aws_iam.Role.customize_roles(other, prevent_synthesis=False)

    assert json.dumps(stream(other)) == json.dumps(stream(stack))


@pytest.mark.parametrize("given", [True, False], ids=["role", "no role"])
def test_a_configured_function_passes_the_packs_of_cdk_nag(
    tmp_path: Path,
    given: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Without a role of the app, the only finding is that the role has inline policies."""
    app = App(outdir=str(tmp_path))
    shared, stack = Stack(app, "Shared"), Stack(app, "Stack")
    key = aws_kms.Key(shared, "Key", enable_key_rotation=True)
    vpc = aws_ec2.Vpc.from_vpc_attributes(
        shared,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["us-east-1a"],
        private_subnet_ids=["subnet-1"],
    )
    ServiceLinkedRoleFunction.configure(
        app,
        role=aws_iam.Role.from_role_name(shared, "Role", "functions") if given else None,
        vpc=vpc,
        log_group=aws_logs.LogGroup(shared, "Log", encryption_key=key),
        dead_letter_queue=aws_sqs.Queue(
            shared, "Queue", encryption_master_key=key, enforce_ssl=True
        ),
        reserved_concurrent_executions=5,
    )
    Validations.of(app).add_plugins(NIST80053R5Checks(app), HIPAASecurityChecks(app))
    VoiceConnectorStreaming(stack, "Streaming", voice_connector=CONNECTOR)

    with nullcontext() if given else pytest.raises(RuntimeError):
        app.synth()

    report = json.loads((tmp_path / "validation-report.json").read_text())
    # a pack without findings has no report; `test_aspects` has the findings without settings
    found = {
        (each["ruleName"], construct["constructPath"])
        for plugin in report["pluginReports"]
        if plugin["pluginName"] in {"NIST.800.53.R5", "HIPAA.Security"}
        for each in plugin["violations"]
        for construct in each["violatingConstructs"]
    }
    packs = () if given else ("NIST.800.53.R5", "HIPAA.Security")
    assert found == {(f"{pack}-IAMNoInlinePolicy", f"{FUNCTION_PATH}/Role") for pack in packs}
