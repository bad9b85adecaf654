"""The one function of a stack: what it is, what it may do, and what it outlives."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, NestedStack, Stack, aws_mediapackage
from aws_cdk.aws_logs import RetentionDays
from constructs import Construct

from slr_constructs import (
    MediaPackageAccessLogging,
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    ServiceLinkedRole,
    UsageError,
    catalogue,
)
from slr_constructs.handler.slr_handler import operations
from slr_constructs.handler.slr_handler.contract import MediaTailorAsRunLoggingRelease
from slr_constructs.handler.slr_handler.operations import OPERATIONS
from slr_constructs.provider import Provider, arn, last_part, substitute
from slr_constructs.rights import Right
from slr_constructs.stack_parts import parts_of
from slr_constructs.testing import resources_of, template_of
from tests.features.every_feature import RECIPES
from tests.features.graph import (
    FUNCTION,
    NATIVE_ROLE,
    ROLE,
    Template,
    actions_of,
    custom_ids,
    id_of,
    ids_of,
    is_first,
    listed,
    policy_of,
    properties_of,
)

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

POLICY = "AWS::IAM::RolePolicy"

HOLD = {
    "iam:CreateServiceLinkedRole",
    "iam:DeleteServiceLinkedRole",
    "iam:GetRole",
    "iam:GetServiceLinkedRoleDeletionStatus",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateRoleDescription",
}
CONFIGURE_PLAYBACK = {"mediatailor:ConfigureLogsForPlaybackConfiguration"}
CONFIGURE_CHANNEL = {"mediatailor:ConfigureLogsForChannel"}
CONFIGURE_LIVE = {"mediapackage:ConfigureLogs"}
CONFIGURE_VOD = {"mediapackage-vod:ConfigureLogs"}

#: the IAM actions of the API calls that the function makes for each resource type.
CALLS = {
    "Custom::ServiceLinkedRole": HOLD,
    "Custom::VoiceConnectorStreaming": {
        "chime:DeleteVoiceConnectorStreamingConfiguration",
        "chime:GetVoiceConnectorStreamingConfiguration",
        "chime:PutVoiceConnectorStreamingConfiguration",
    },
    "Custom::AppInstanceStreaming": {
        "chime:DeleteMessagingStreamingConfigurations",
        "chime:GetMessagingStreamingConfigurations",
        "chime:PutMessagingStreamingConfigurations",
    },
    "Custom::IvsChannelRecording": {"ivs:GetChannel", "ivs:UpdateChannel"},
    "Custom::MediaTailorSessionLogging": CONFIGURE_PLAYBACK,
    "Custom::MediaTailorSessionLoggingRelease": CONFIGURE_PLAYBACK,
    "Custom::MediaTailorAsRunLogging": CONFIGURE_CHANNEL,
    "Custom::MediaTailorAsRunLoggingRelease": CONFIGURE_CHANNEL,
    "Custom::MediaTailorLogRetention": {"logs:CreateLogGroup", "logs:PutRetentionPolicy"},
    "Custom::MediaPackageChannelLogging": CONFIGURE_LIVE,
    "Custom::MediaPackageChannelLoggingRelease": CONFIGURE_LIVE,
    "Custom::MediaPackagePackagingGroupLogging": CONFIGURE_VOD,
    "Custom::MediaPackagePackagingGroupLoggingRelease": CONFIGURE_VOD,
}
#: what the services ask of whoever makes those calls.
PASSED_ON = {
    "Custom::AppInstanceStreaming": {
        "kinesis:DescribeStream",
        "kinesis:PutRecord",
        "kinesis:PutRecords",
    },
}
OPERATION_FILES = {
    "service_linked_role": ["Custom::ServiceLinkedRole"],
    "voice_connector_streaming": ["Custom::VoiceConnectorStreaming"],
    "app_instance_streaming": ["Custom::AppInstanceStreaming"],
    "ivs_recording": ["Custom::IvsChannelRecording"],
    "mediatailor_logging": [name for name in CALLS if "MediaTailor" in name],
    "mediapackage_logging": [name for name in CALLS if "MediaPackage" in name],
}


def define_everything(stack: Stack) -> None:
    """Define every feature, with an owner of the app and with an existing one."""
    for number, (name, recipe) in enumerate(RECIPES.items()):
        recipe.define(Construct(stack, name), chr(ord("a") + number), None)
    week = RetentionDays.ONE_WEEK
    MediaTailorSessionLogging(stack, "Sessions", playback_configuration="ads", log_retention=week)
    MediaTailorAsRunLogging(stack, "AsRun", channel="linear", log_retention=week)


def log_channels(stack: Stack, count: int) -> None:
    """Define rights for so many channels."""
    for number in range(count):
        MediaTailorAsRunLogging(stack, f"Logs{number}", channel=f"linear{number}")


@pytest.fixture(scope="module")
def everything() -> Template:
    """Return the template of a stack that has it all."""
    stack = Stack(App(), "Stack")
    define_everything(stack)
    return template_of(stack)


def test_a_stack_with_everything_has_every_resource_type(everything: Template) -> None:
    """The tests of that stack leave nothing out."""
    kinds = {everything["Resources"][each]["Type"] for each in custom_ids(everything)}

    assert kinds == set(OPERATIONS) == set(CALLS)


def test_a_stack_with_everything_has_one_function(everything: Template) -> None:
    """Of ours and of CDK's: nothing else in the stack has one."""
    assert len(ids_of(everything, FUNCTION)) == 1


def test_nothing_that_deletes_outlives_what_it_needs(everything: Template) -> None:
    """A custom resource goes before its rights, the function, the function's role and its logs."""
    logs = properties_of(everything, FUNCTION)["LoggingConfig"]["LogGroup"]["Ref"]
    role = properties_of(everything, FUNCTION)["Role"]["Fn::GetAtt"][0]
    (log_rights,) = (
        each
        for each in ids_of(everything, POLICY)
        if everything["Resources"][each]["Properties"]["PolicyName"] == "Logs"
    )

    for custom in custom_ids(everything):
        for needed in (policy_of(everything, custom), id_of(everything, FUNCTION)):
            assert is_first(everything, needed, custom)
        for needed in (role, logs, log_rights):
            assert is_first(everything, needed, custom)


def test_the_rights_of_a_custom_resource_are_what_its_operation_calls(
    everything: Template,
) -> None:
    """Every action is there, and no other."""
    for custom in custom_ids(everything):
        kind = everything["Resources"][custom]["Type"]

        assert actions_of(everything, custom) == CALLS[kind] | PASSED_ON.get(kind, set()), kind


@pytest.mark.parametrize("name", OPERATION_FILES)
def test_the_actions_are_the_calls_that_an_operations_file_makes(name: str) -> None:
    """A call that is added there needs a right here."""
    path = Path(operations.__file__).parent / f"{name}.py"
    called = {
        node.args[0].value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "call"
        and isinstance(node.args[0], ast.Constant)
    }

    camel = {re.sub("(^|_)([a-z])", lambda found: found[2].upper(), str(each)) for each in called}
    allowed = {action for kind in OPERATION_FILES[name] for action in CALLS[kind]}
    assert camel == {action.partition(":")[2] for action in allowed}


def test_every_policy_is_that_of_a_custom_resource_or_of_the_log(everything: Template) -> None:
    """No right lasts without somebody who needs it."""
    used = {policy_of(everything, each) for each in custom_ids(everything)}

    (other,) = set(ids_of(everything, POLICY)) - used
    assert everything["Resources"][other]["Properties"]["PolicyName"] == "Logs"
    assert len(used) == len(custom_ids(everything))


def test_every_policy_has_a_name_of_its_own(everything: Template) -> None:
    """They are all policies of one role."""
    names = [
        str(everything["Resources"][each]["Properties"]["PolicyName"])
        for each in ids_of(everything, POLICY)
    ]

    assert len(set(names)) == len(names)


def test_no_action_is_named_by_a_star(everything: Template) -> None:
    """Rights are written to the letter."""
    for policy in ids_of(everything, POLICY):
        for statement in _document_of(everything, policy)["Statement"]:
            assert not [action for action in listed(statement["Action"]) if "*" in action]


def test_no_resource_is_named_by_a_star_but_an_existing_live_channel(everything: Template) -> None:
    """Its ARN cannot be told from its id."""
    starred = [
        str(each)
        for policy in ids_of(everything, POLICY)
        for statement in _document_of(everything, policy)["Statement"]
        for each in listed(statement["Resource"])
        if "*" in str(each)
    ]

    (existing_channel,) = starred
    assert existing_channel == str(
        {
            "Fn::Sub": "arn:${AWS::Partition}:mediapackage:${AWS::Region}:${AWS::AccountId}"
            ":channels/*"
        }
    )


def test_cloudformation_waits_for_an_answer_for_twenty_minutes(everything: Template) -> None:
    """An integer: CDK's own validation warns of a string."""
    for custom in custom_ids(everything):
        timeout = everything["Resources"][custom]["Properties"]["ServiceTimeout"]
        assert timeout == 1200
        assert isinstance(timeout, int)


def test_every_custom_resource_is_served_by_the_function(everything: Template) -> None:
    """By its ARN, which is what CloudFormation calls."""
    for custom in custom_ids(everything):
        assert everything["Resources"][custom]["Properties"]["ServiceToken"] == {
            "Fn::GetAtt": [id_of(everything, FUNCTION), "Arn"]
        }


def test_no_function_where_every_role_is_native_or_imported(stack: Stack) -> None:
    """Roles alone need none."""
    ServiceLinkedRole(stack, "Native", definition=catalogue.MEDIATAILOR, native=True)
    ServiceLinkedRole.from_existing(stack, "Imported", catalogue.MEDIAPACKAGE)

    template = template_of(stack)
    assert [each["Type"] for each in template["Resources"].values()] == [NATIVE_ROLE]


def test_a_release_needs_the_function_even_with_a_native_role(stack: Stack) -> None:
    """Switching off before the owner goes is what CloudFormation cannot do."""
    ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIAPACKAGE, native=True)

    channel = aws_mediapackage.CfnChannel(stack, "Channel", id="live")
    MediaPackageAccessLogging(stack, "Logs", channel=channel)

    assert len(ids_of(template_of(stack), FUNCTION)) == 1


def test_nested_stacks_have_functions_of_their_own(stack: Stack) -> None:
    """A parent's function would be gone, or be missing, at the wrong time."""
    nested = NestedStack(stack, "Nested")

    assert Provider.of(Construct(stack, "Scope")) is Provider.of(stack)
    assert Provider.of(nested) is not Provider.of(stack)


def test_the_function_runs_python_alone(stack: Stack) -> None:
    """On the newest Python that Lambda has, with time for a role to go."""
    Provider.of(stack)

    properties = properties_of(template_of(stack), FUNCTION)
    assert properties["Runtime"] == "python3.14"
    assert properties["Handler"] == "slr_handler.entrypoint.handler"
    assert properties["Timeout"] == 900
    assert properties["MemorySize"] == 256
    assert "Layers" not in properties


def test_the_log_group_of_the_function_goes_with_the_stack(stack: Stack) -> None:
    """It is the function's own, and keeps a month."""
    Provider.of(stack)

    template = template_of(stack)
    logs = id_of(template, "AWS::Logs::LogGroup")
    assert template["Resources"][logs] == {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"RetentionInDays": 30},
        "UpdateReplacePolicy": "Delete",
        "DeletionPolicy": "Delete",
    }
    assert properties_of(template, FUNCTION)["LoggingConfig"] == {"LogGroup": {"Ref": logs}}


def test_the_function_may_write_to_its_log_group_alone(stack: Stack) -> None:
    """A group that has gone with the stack is not made again by a late line."""
    Provider.of(stack)

    template = template_of(stack)
    assert _document_of(template, id_of(template, POLICY))["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": [id_of(template, "AWS::Logs::LogGroup"), "Arn"]},
        }
    ]


def test_the_role_of_the_function_is_lambdas(stack: Stack) -> None:
    """Nobody else may assume it, and no managed policy is attached."""
    Provider.of(stack)

    assert properties_of(template_of(stack), "AWS::IAM::Role") == {
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


def test_the_asset_is_the_handler_without_what_python_leaves_behind(stack: Stack) -> None:
    """Compiled files differ from machine to machine, and the asset's hash must not."""
    Provider.of(stack)

    directory = Path(App.of(stack).synth().directory)  # type: ignore[union-attr]
    (asset,) = directory.glob("asset.*")
    files = [each.relative_to(asset) for each in asset.rglob("*") if each.is_file()]
    assert Path("slr_handler/entrypoint.py") in files
    assert {each.suffix for each in files} == {".py"}


def test_a_policy_name_that_would_be_too_long_is_shortened(stack: Stack) -> None:
    """IAM takes 128 characters, and a channel's name may have more."""
    MediaTailorAsRunLogging(stack, "Logs", channel="linear-" * 20)

    kind = "MediaTailorAsRunLogging"
    template = template_of(stack)
    policy = template["Resources"][policy_of(template, id_of(template, f"Custom::{kind}"))]
    assert re.fullmatch(rf"{kind}-[0-9a-f]{{64}}", policy["Properties"]["PolicyName"])


def test_an_arn_has_the_name_in_it_or_beside_it() -> None:
    """A token cannot stand within the text of an `Fn::Sub`."""
    text = "arn:${AWS::Partition}:ivs:${AWS::Region}:${AWS::AccountId}:channel/"

    assert arn("ivs", "channel/", "abc") == {"Fn::Sub": f"{text}abc"}
    assert arn("ivs", "channel/", "${Token[X.1]}") == {
        "Fn::Sub": [f"{text}${{Name}}", {"Name": "${Token[X.1]}"}]
    }
    assert substitute("a-", {"Ref": "B"}) == {"Fn::Sub": ["a-${Name}", {"Name": {"Ref": "B"}}]}


def test_the_last_part_of_an_arn_is_what_stands_behind_its_slash() -> None:
    """Of a token CloudFormation takes it."""
    assert last_part("arn:aws:ivs:us-east-1:1:channel/abc") == "abc"
    assert last_part("abc") == "abc"
    assert last_part("${Token[X.1]}") == {"Fn::Select": [1, {"Fn::Split": ["/", "${Token[X.1]}"]}]}


def test_fails_when_the_rights_do_not_fit_into_one_role(stack: Stack) -> None:
    """IAM's quota for inline policies cannot be raised, and a deployment would fail halfway."""
    with pytest.raises(UsageError) as refused:
        log_channels(stack, 100)

    assert re.fullmatch(
        r"Stack/Logs\d\d: stack must be small enough for its function's rights to fit into the"
        r" 10240 characters of IAM's quota \(use several stacks, or nested ones\),"
        r" got '10[2-4]\d\d characters or more' \[FunctionRights\]",
        str(refused.value),
    )


def test_the_rights_of_fifty_channels_fit_into_one_role(stack: Stack) -> None:
    """What is refused is more than most stacks have."""
    log_channels(stack, 50)

    assert len(parts_of(stack).features) == 50


def test_resources_of_the_function(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """What the first custom resource of a stack brings with it."""
    assert resources_of(Provider.of(stack)) == template_snapshot


def test_resources_of_a_custom_resource(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """What each adds: itself, and its rights beside it."""
    scope = Construct(stack, "Scope")

    Provider.of(stack).define(
        scope,
        "Release",
        MediaTailorAsRunLoggingRelease(channel_name="linear"),
        thing="linear",
        rights=[Right(actions=["mediatailor:ConfigureLogsForChannel"], resources=["arn"])],
    )

    assert resources_of(scope) == template_snapshot


def test_the_role_and_its_feature_share_nothing_but_the_function(everything: Template) -> None:
    """Every role is held once, however many features use it."""
    assert len(ids_of(everything, ROLE)) == len({each.definition for each in RECIPES.values()})


def _document_of(template: Template, policy: str) -> dict[str, Any]:
    document: dict[str, Any] = template["Resources"][policy]["Properties"]["PolicyDocument"]
    return document
