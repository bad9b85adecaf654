"""The function of a stack: its properties, its permissions, and its order."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import (
    App,
    CfnParameter,
    CfnResource,
    NestedStack,
    Stack,
    aws_mediapackage,
    aws_s3_assets,
)
from constructs import Construct

from slr_constructs import (
    EnsureServiceLinkedRoles,
    MediaPackageAccessLogging,
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    ServiceLinkedRole,
    UsageError,
    catalogue,
)
from slr_constructs._arn import arn_of, last_part, substitute
from slr_constructs._function_definition import HANDLER
from slr_constructs._handler_function import HandlerFunction
from slr_constructs._permissions import Permission, configure_feature
from slr_constructs.catalogue import RESOURCE_TYPES
from slr_constructs.catalogue.ivs_recording import CHANNEL
from slr_constructs.catalogue.resource_type import action_of
from slr_constructs.handler.slr_handler.contract import MediaTailorAsRunLoggingCleanUp
from slr_constructs.handler.slr_handler.operations import OPERATIONS
from slr_constructs.testing import resources_of, template_of
from tests.features.every_feature import RECIPES, linear_channel, playback_configuration
from tests.features.graph import (
    EVENTS,
    FUNCTION,
    NATIVE_ROLE,
    ROLE,
    Template,
    actions_of,
    custom_ids,
    function_policies,
    function_statements,
    id_of,
    ids_of,
    is_first,
    listed,
    policy_of,
    properties_of,
)
from tests.published import arns_of, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from syrupy.assertion import SnapshotAssertion

POLICY = "AWS::IAM::RolePolicy"

MANAGE_ROLE = {
    "iam:CreateServiceLinkedRole",
    "iam:DeleteServiceLinkedRole",
    "iam:GetRole",
    "iam:GetServiceLinkedRoleDeletionStatus",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateRoleDescription",
}

#: The IAM actions of the API calls of the function for each resource type.
CALLS = {ROLE: MANAGE_ROLE} | {
    each.RESOURCE_TYPE: {*configure_feature(target, marks_owner=each.IS_OUTSIDE).actions}
    for target in RESOURCE_TYPES
    for each in target.contracts.all
}
#: Those for an owner outside of the stack, if the resource type is for both.
CALLS_OUTSIDE = {
    each.RESOURCE_TYPE: {*configure_feature(target, marks_owner=True).actions}
    for target in RESOURCE_TYPES
    for each in target.contracts.all
}
#: These calls are in `marks`, for all types.
TAG_CALLS = {"ListTagsForResource", "TagResource", "UntagResource"}
#: Additional permissions that the services require from the caller.
PASSED_ON = {
    "Custom::VoiceConnectorStreaming": set[str](),
    "Custom::AppInstanceStreaming": {
        "kinesis:DescribeStream",
        "kinesis:PutRecord",
        "kinesis:PutRecords",
    },
}
#: The resource types of each file of operations.
OPERATION_FILES: dict[str, list[str]] = defaultdict(list)
for kind, operation in OPERATIONS.items():
    # the operations of a marked feature are methods
    owner = getattr(operation.remove, "__self__", operation.remove)
    OPERATION_FILES[owner.__module__].append(kind)


def define_everything(stack: Stack) -> None:
    """Define every feature, with an owner of the app and with an existing one."""
    for number, (name, recipe) in enumerate(RECIPES.items()):
        recipe.define(Construct(stack, name), chr(ord("a") + number), None)


def log_channels(stack: Stack, count: int) -> None:
    """Define a policy for each of a number of channels."""
    for number in range(count):
        MediaTailorAsRunLogging(stack, f"Logs{number}", channel=f"linear{number}")


@pytest.fixture(scope="module")
def everything() -> Template:
    """Return the template of a stack that has every feature."""
    stack = Stack(App(), "Stack")
    define_everything(stack)
    return template_of(stack)


def test_a_stack_with_everything_has_every_resource_type(everything: Template) -> None:
    """The tests with that stack cover every resource type."""
    kinds = {everything["Resources"][each]["Type"] for each in custom_ids(everything)}

    assert kinds == set(OPERATIONS) == set(CALLS)


def test_a_stack_with_everything_has_one_function(everything: Template) -> None:
    """Neither the library nor CDK adds another function."""
    assert len(ids_of(everything, FUNCTION)) == 1


def test_a_custom_resource_is_deleted_before_the_resources_that_it_needs(
    everything: Template,
) -> None:
    """They are its policy, the function, and the function's role and log group."""
    logs = properties_of(everything, FUNCTION)["LoggingConfig"]["LogGroup"]["Ref"]
    role = properties_of(everything, FUNCTION)["Role"]["Fn::GetAtt"][0]

    for custom in custom_ids(everything):
        for needed in (policy_of(everything, custom), id_of(everything, FUNCTION), role, logs):
            assert is_first(everything, needed, custom)


def test_every_custom_resource_depends_on_the_limits_of_events(everything: Template) -> None:
    """CloudFormation sends no event before the limits apply, or after they are deleted."""
    events = id_of(everything, EVENTS)

    for custom in custom_ids(everything):
        assert events in everything["Resources"][custom]["DependsOn"]


def test_every_run_ends_while_cloudformation_waits_for_it(everything: Template) -> None:
    """A run that starts as late as possible still ends before CloudFormation stops waiting."""
    oldest = properties_of(everything, EVENTS)["MaximumEventAgeInSeconds"]
    longest = properties_of(everything, FUNCTION)["Timeout"]

    for custom in custom_ids(everything):
        waits = everything["Resources"][custom]["Properties"]["ServiceTimeout"]
        assert oldest + longest <= waits


def test_a_run_that_crashes_at_once_is_retried_twice(everything: Template) -> None:
    """Lambda waits one minute before the first retry, and two minutes before the second one."""
    events = properties_of(everything, EVENTS)

    assert events["MaximumRetryAttempts"] == 2
    assert events["MaximumEventAgeInSeconds"] >= 60 + 120


def test_the_limits_of_events_apply_to_the_function(everything: Template) -> None:
    """CloudFormation calls the function without a version or an alias."""
    events = properties_of(everything, EVENTS)

    assert events["FunctionName"] == {"Ref": id_of(everything, FUNCTION)}
    assert events["Qualifier"] == "$LATEST"
    schema = schema_of(EVENTS)["properties"]
    for name in ("MaximumEventAgeInSeconds", "MaximumRetryAttempts"):
        assert schema[name]["minimum"] <= events[name] <= schema[name]["maximum"]


def test_the_policy_of_a_custom_resource_allows_the_calls_of_its_operation(
    everything: Template,
) -> None:
    """It allows every action that is needed, and no other action."""
    for custom in custom_ids(everything):
        resource = everything["Resources"][custom]
        kind = resource["Type"]
        is_outside = resource["Properties"].get("OutsideOfStack", False)
        needed = (CALLS_OUTSIDE if is_outside else CALLS)[kind] | PASSED_ON.get(kind, set())
        needed |= {action_of(each) for each in resource["Properties"].get("UsageLists", ())}

        assert actions_of(everything, custom) == needed, kind


@pytest.mark.parametrize("name", OPERATION_FILES)
def test_the_actions_are_the_calls_of_an_operations_file(name: str) -> None:
    """A new call in the file needs a new permission."""
    texts = {
        node.value
        for node in ast.walk(ast.parse(inspect.getsource(sys.modules[name])))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    verbs = ("configure", "create", "delete", "describe", "get", "put", "tag", "untag", "update")
    called = {each for each in texts if re.fullmatch(rf"({'|'.join(verbs)})(_[a-z]+)+", each)}

    camel = {re.sub("(^|_)([a-z])", lambda found: found[2].upper(), each) for each in called}
    allowed = {action for kind in OPERATION_FILES[name] for action in CALLS[kind]}
    assert camel == {action.partition(":")[2] for action in allowed} - TAG_CALLS


def test_every_policy_belongs_to_a_custom_resource(everything: Template) -> None:
    """A permission does not exist longer than it is needed."""
    used = {policy_of(everything, each) for each in custom_ids(everything)}

    assert used == {*ids_of(everything, POLICY)}
    assert len(used) == len(custom_ids(everything))


def test_every_policy_has_a_unique_name(everything: Template) -> None:
    """They are all policies of the same role: the function's own one, and one for each resource."""
    assert len(function_policies(everything)) == 1 + len(custom_ids(everything))


def test_no_action_has_a_wildcard(everything: Template) -> None:
    """Each action has its full name."""
    for statement in function_statements(everything):
        assert not [action for action in listed(statement["Action"]) if "*" in action]


def test_only_what_an_existing_owner_may_have_has_a_wildcard(everything: Template) -> None:
    """The ARN of a live channel, and what other owners had before, cannot be derived."""
    with_wildcard = [
        str(each)
        for statement in function_statements(everything)
        for each in listed(statement["Resource"])
        # list actions have no resources
        if "*" in str(each) and each != "*"
    ]

    here = "${AWS::Region}:${AWS::AccountId}"
    assert sorted(set(with_wildcard)) == [
        str({"Fn::Sub": f"arn:${{AWS::Partition}}:{each}"})
        for each in (
            f"chime:{here}:media-insights-pipeline-configuration/*",
            f"kinesis:{here}:stream/chime-messaging-*",
            f"mediapackage:{here}:channels/*",
        )
    ]


def test_cloudformation_waits_for_a_response_for_twenty_minutes(everything: Template) -> None:
    """The timeout is an integer, because CDK's own validation warns about a string."""
    for custom in custom_ids(everything):
        timeout = everything["Resources"][custom]["Properties"]["ServiceTimeout"]
        assert timeout == 1200
        assert isinstance(timeout, int)


def test_the_function_handles_every_custom_resource(everything: Template) -> None:
    """CloudFormation calls the function by its ARN."""
    for custom in custom_ids(everything):
        assert everything["Resources"][custom]["Properties"]["ServiceToken"] == {
            "Fn::GetAtt": [id_of(everything, FUNCTION), "Arn"]
        }


def test_no_function_if_every_role_is_native_or_imported(stack: Stack) -> None:
    """Such roles need no function."""
    ServiceLinkedRole(stack, "Native", definition=catalogue.MEDIATAILOR, native=True)
    ServiceLinkedRole.from_existing(stack, "Imported", catalogue.MEDIAPACKAGE)

    template = template_of(stack)
    assert [each["Type"] for each in template["Resources"].values()] == [NATIVE_ROLE]


def test_a_clean_up_resource_needs_the_function_even_with_a_native_role(stack: Stack) -> None:
    """CloudFormation cannot disable a feature before it deletes the owner."""
    ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIAPACKAGE, native=True)

    channel = aws_mediapackage.CfnChannel(stack, "Channel", id="live")
    MediaPackageAccessLogging(stack, "Logs", channel=channel)

    assert len(ids_of(template_of(stack), FUNCTION)) == 1


def test_nested_stacks_have_their_own_functions(stack: Stack) -> None:
    """The function of the parent could be deleted too early or created too late."""
    nested = NestedStack(stack, "Nested")

    assert HandlerFunction.of(Construct(stack, "Scope")) is HandlerFunction.of(stack)
    assert HandlerFunction.of(nested) is not HandlerFunction.of(stack)


def test_the_function_uses_the_latest_python_without_layers(stack: Stack) -> None:
    """The timeout is long enough for the deletion of a role."""
    HandlerFunction.of(stack)

    properties = properties_of(template_of(stack), FUNCTION)
    assert properties["Runtime"] == "python3.14"
    assert properties["Handler"] == "slr_handler.entrypoint.handler"
    assert properties["Timeout"] == 900
    assert properties["MemorySize"] == 256
    assert "Layers" not in properties


def test_the_log_group_of_the_function_is_deleted_with_the_stack(stack: Stack) -> None:
    """CloudFormation deletes it by default. It keeps events for 30 days."""
    HandlerFunction.of(stack)

    template = template_of(stack)
    logs = id_of(template, "AWS::Logs::LogGroup")
    assert template["Resources"][logs] == {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"RetentionInDays": 30},
    }
    assert properties_of(template, FUNCTION)["LoggingConfig"] == {"LogGroup": {"Ref": logs}}


def test_the_function_may_only_write_its_log_and_read_its_stack(stack: Stack) -> None:
    """A late log line cannot create the log group again after the stack is deleted.

    Each action supports only ARNs of its own service, so one statement is as narrow as two.
    """
    HandlerFunction.of(stack)

    template = template_of(stack)
    logs = id_of(template, "AWS::Logs::LogGroup")
    assert function_statements(template) == [
        {
            "Effect": "Allow",
            "Action": [
                "cloudformation:DescribeStackResource",
                "cloudformation:DescribeStacks",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
            ],
            "Resource": [
                # with and without the suffix that the attribute has
                {
                    "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}"
                    f":log-group:${{{logs}}}"
                },
                {"Fn::Sub": f"${{{logs}.Arn}}"},
                {"Ref": "AWS::StackId"},
            ],
        }
    ]
    for action in function_statements(template)[0]["Action"]:
        kind = "stack/" if action.startswith("cloudformation:") else "log-group:"
        assert {form.partition(kind)[1] for form in arns_of(action)} == {kind}


def test_only_lambda_can_assume_the_role_of_the_function(stack: Stack) -> None:
    """The role has no managed policies."""
    HandlerFunction.of(stack)

    properties = properties_of(template_of(stack), "AWS::IAM::Role")
    del properties["Policies"]
    assert properties == {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                }
            ],
        }
    }


def test_the_asset_is_the_handler_without_compiled_files(stack: Stack) -> None:
    """Compiled files differ between machines, but the hash of the asset must not."""
    HandlerFunction.of(stack)

    directory = Path(App.of(stack).synth().directory)  # type: ignore[union-attr]
    (asset,) = directory.glob("asset.*")
    files = [each.relative_to(asset) for each in asset.rglob("*") if each.is_file()]
    assert Path("slr_handler/entrypoint.py") in files
    assert {each.suffix for each in files} == {".py"}


def test_the_code_has_the_key_that_an_asset_of_cdk_gives_it(stack: Stack) -> None:
    """The deployment does not upload it again, and shows the path of the asset."""
    HandlerFunction.of(stack)
    other = Stack(stack.node.root, "Other")  # type: ignore[arg-type]
    asset = aws_s3_assets.Asset(
        Construct(other, "ServiceLinkedRoleFunction"),
        "Code",
        path=str(HANDLER),
        exclude=["**/__pycache__", "**/*.pyc", "**/.*"],
    )

    code = properties_of(template_of(stack), FUNCTION)["Code"]
    assert code == other.resolve({"S3Bucket": asset.s3_bucket_name, "S3Key": asset.s3_object_key})
    assembly = App.of(stack).synth()  # type: ignore[union-attr]
    ours, theirs = (
        json.loads(Path(assembly.directory, f"{name}.assets.json").read_text())["files"]
        for name in ("Stack", "Other")
    )
    assert ours[asset.asset_hash] == theirs[asset.asset_hash]


def test_a_policy_name_that_would_be_too_long_is_shortened(stack: Stack) -> None:
    """IAM accepts 128 characters, but the name of a channel may be longer."""
    MediaTailorAsRunLogging(stack, "Logs", channel="linear-" * 20)

    kind = "MediaTailorAsRunLogging"
    template = template_of(stack)
    policy = template["Resources"][policy_of(template, id_of(template, f"Custom::{kind}"))]
    assert re.fullmatch(rf"{kind}-[0-9a-f]{{8}}-[0-9a-f]{{64}}", policy["Properties"]["PolicyName"])


_LONG_NAME = "a" * 200


def _live(stack: Stack, name: str) -> None:
    channel = aws_mediapackage.CfnChannel(stack, "Owner", id=name)
    MediaPackageAccessLogging(stack, "Feature", channel=channel)


def _vod(stack: Stack, name: str) -> None:
    group = aws_mediapackage.CfnPackagingGroup(stack, "Owner", id=name)
    MediaPackageAccessLogging(stack, "Feature", packaging_group=group)


def _as_run(stack: Stack, name: str) -> None:
    channel = linear_channel(stack)
    channel.channel_name = name
    MediaTailorAsRunLogging(stack, "Feature", channel=channel)


def _sessions(stack: Stack, name: str) -> None:
    playback = playback_configuration(stack)
    playback.name = name
    MediaTailorSessionLogging(stack, "Feature", playback_configuration=playback)


def _bare(stack: Stack, name: str) -> None:
    properties = {"Id": name, "EgressAccessLogs": {}}
    owner = CfnResource(stack, "Owner", type="AWS::MediaPackage::Channel", properties=properties)
    EnsureServiceLinkedRoles().apply_to(owner)


each_named_owner = pytest.mark.parametrize(
    ("define", "kind"),
    [
        (_live, "MediaPackageChannelLogging"),
        (_vod, "MediaPackagePackagingGroupLogging"),
        (_as_run, "MediaTailorAsRunLogging"),
        (_sessions, "MediaTailorSessionLogging"),
        (_bare, "MediaPackageChannelLogging"),
    ],
)


def _name_of_policy(define: Callable[[Stack, str], None], kind: str, name: str) -> Any:  # noqa: ANN401
    stack = Stack(App(), "Stack")
    define(stack, name)
    template = template_of(stack)
    policy = policy_of(template, id_of(template, f"Custom::{kind}CleanUp"))
    return template["Resources"][policy]["Properties"]["PolicyName"]


def test_each_type_with_a_clean_up_resource_is_named_by_a_property() -> None:
    """The tests of policy names cover all of them."""
    named = {each.type for each in RESOURCE_TYPES if each.needs_clean_up}

    assert named == {each.type for each in RESOURCE_TYPES if each.identifier.property is not None}
    assert len(named) == len(each_named_owner.args[1]) - 1


@each_named_owner
def test_a_policy_is_named_after_its_owner(define: Callable[[Stack, str], None], kind: str) -> None:
    """CloudFormation fills in the name of the owner, up to IAM's limit of 128 characters."""
    longest = "a" * (128 - len(kind) - 1)

    for name in ("a", longest):
        assert _name_of_policy(define, kind, name) == {
            "Fn::Join": ["", [f"{kind}-", {"Ref": "Owner"}]]
        }


@pytest.mark.parametrize("suffix", ["x", "y"])
@pytest.mark.parametrize("name", [_LONG_NAME, "live show ", "ä"], ids=["long", "space", "letter"])
@each_named_owner
def test_a_policy_name_that_iam_would_refuse_contains_a_hash(
    define: Callable[[Stack, str], None], kind: str, name: str, suffix: str
) -> None:
    """The hash changes with the name of the owner, and with it the policy is replaced."""
    digest = hashlib.sha256(f"{name}{suffix}".encode()).hexdigest()

    assert _name_of_policy(define, kind, f"{name}{suffix}") == f"{kind}-{digest}"


def test_a_policy_has_the_name_of_an_owner_that_is_known_only_at_deployment(stack: Stack) -> None:
    """CloudFormation fills in the name of the owner, whatever it is."""
    name = CfnParameter(stack, "Id").value_as_string
    _live(stack, f"{name}{_LONG_NAME}")

    template = template_of(stack)
    policy = policy_of(template, id_of(template, "Custom::MediaPackageChannelLoggingCleanUp"))
    assert template["Resources"][policy]["Properties"]["PolicyName"] == {
        "Fn::Join": ["", ["MediaPackageChannelLogging-", {"Ref": "Owner"}]]
    }


def test_an_arn_contains_the_name_or_a_variable_for_it() -> None:
    """The text of an `Fn::Sub` cannot contain a token."""
    text = "arn:${AWS::Partition}:ivs:${AWS::Region}:${AWS::AccountId}:channel/"

    assert arn_of(CHANNEL, "abc") == {"Fn::Sub": f"{text}abc"}
    assert arn_of(CHANNEL, "${Token[X.1]}") == {
        "Fn::Sub": [f"{text}${{Name}}", {"Name": "${Token[X.1]}"}]
    }
    assert substitute("a-", {"Ref": "B"}) == {"Fn::Sub": ["a-${Name}", {"Name": {"Ref": "B"}}]}


def test_the_last_part_of_an_arn_is_the_part_after_its_slash() -> None:
    """CloudFormation splits a token."""
    assert last_part("arn:aws:ivs:us-east-1:1:channel/abc") == "abc"
    assert last_part("abc") == "abc"
    assert last_part("${Token[X.1]}") == {"Fn::Select": [1, {"Fn::Split": ["/", "${Token[X.1]}"]}]}


def test_fails_when_the_policies_are_too_large_for_one_role(stack: Stack) -> None:
    """IAM's quota for inline policies cannot be increased, so the deployment would fail."""
    with pytest.raises(UsageError) as refused:
        log_channels(stack, 100)

    assert re.fullmatch(
        r"Stack/Logs\d\d: The policies of the function Stack/ServiceLinkedRoleFunction would have"
        r" at least 10[2-4]\d\d characters, but IAM's quota for one role is 10240\. Split the stack"
        r" into several stacks or nested stacks\. \[FunctionPolicyTooLarge\]",
        str(refused.value),
    )


def test_the_policies_of_twenty_five_existing_channels_fit_into_one_role(stack: Stack) -> None:
    """Most stacks have fewer features."""
    log_channels(stack, 25)

    assert len(function_policies(template_of(stack))) >= 25


def test_resources_of_the_function(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """The first custom resource of a stack adds these resources."""
    assert resources_of(HandlerFunction.of(stack)) == template_snapshot


def test_resources_of_a_custom_resource(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """Each custom resource adds itself and its policy."""
    scope = Construct(stack, "Scope")

    HandlerFunction.of(stack).define(
        scope,
        "CleanUp",
        MediaTailorAsRunLoggingCleanUp(channel_name="linear"),
        target="linear",
        permissions=[
            Permission(actions=["mediatailor:ConfigureLogsForChannel"], resources=["arn"])
        ],
    )

    assert resources_of(scope) == template_snapshot


def test_a_stack_has_one_role_for_all_features_of_a_service(everything: Template) -> None:
    """The stack has one lease on each role, for any number of features."""
    assert len(ids_of(everything, ROLE)) == len({each.definition for each in RECIPES.values()})
