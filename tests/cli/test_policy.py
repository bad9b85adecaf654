"""`slr-constructs policy`: the permissions of deployments, functions and account commands."""

from __future__ import annotations

import importlib
import json
import re
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, DefaultStackSynthesizer, Stack, aws_kinesis
from constructs import Construct

from slr_constructs import (
    AppInstanceStreaming,
    ServiceLinkedRole,
    VoiceConnectorStreaming,
    catalogue,
)
from slr_constructs import _permissions as permissions
from slr_constructs.catalogue import ResourceType, resource_types_of
from slr_constructs.catalogue.resource_type import OnRelease, action_of
from slr_constructs.cli.role_argument import ROLES
from slr_constructs.testing import template_of
from tests.cli.commands import run_command
from tests.features.every_feature import ACCOUNT, RECIPES
from tests.features.graph import (
    FUNCTION,
    ONLY_OWN_TAGS,
    ROLE,
    function_statements,
    id_of,
    listed,
)
from tests.published import arns_of, iam_actions, schema_of
from tests.resource_types import each_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from slr_constructs.catalogue import RoleDefinition

Statement = dict[str, Any]

PLACE = ("--account", ACCOUNT, "--region", "us-east-1")
#: IAM's quota, without white space.
MANAGED_POLICY_CHARACTERS = 6144
OWN_TYPES = (
    "AWS::Lambda::Function",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::Logs::LogGroup",
)


run = partial(run_command, "policy")


def statements(*arguments: str) -> dict[str, Statement]:
    """Return the statements of a policy by their Sids."""
    result = run(*arguments)
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["Version"] == "2012-10-17"
    found = {each.pop("Sid"): each for each in document["Statement"]}
    assert len(found) == len(document["Statement"])
    return found


def actions(allowed: Iterable[Statement]) -> set[str]:
    """Return the actions that statements allow."""
    return {action for each in allowed for action in listed(each["Action"])}


def pairs(allowed: Iterable[Statement]) -> set[tuple[str, str]]:
    """Return each action with each resource that statements allow."""
    return {
        (action, resource)
        for each in allowed
        for action in listed(each["Action"])
        for resource in listed(each["Resource"])
    }


def characters(*arguments: str) -> int:
    """Return the size of a policy, as IAM counts it."""
    document = json.loads(run(*arguments).stdout)
    return len(json.dumps(document, separators=(",", ":")))


def define_all_features(definition: RoleDefinition, stack: Stack) -> None:
    """Define every feature of a role, with every option that needs a permission of its own."""
    ServiceLinkedRole(stack, "Role", definition=definition)
    today = definition.superseded_by or definition.role_name
    for number, (name, recipe) in enumerate(RECIPES.items()):
        if recipe.definition.role_name == today:
            recipe.define(Construct(stack, name), chr(ord("a") + number), None)
    if definition is catalogue.CHIME_VOICE_CONNECTOR:
        VoiceConnectorStreaming(
            stack,
            "Analysed",
            voice_connector="z" * 22,
            media_insights_configuration=(
                f"arn:aws:chime:us-east-1:{ACCOUNT}:media-insights-pipeline-configuration/calls"
            ),
        )
    if today == catalogue.CHIME_MESSAGING.role_name:
        encrypted = aws_kinesis.Stream(
            stack,
            "Encrypted",
            stream_name="chime-messaging-encrypted",
            shard_count=2,
            encryption=aws_kinesis.StreamEncryption.KMS,
        )
        AppInstanceStreaming(
            stack,
            "Secret",
            app_instance=f"arn:aws:chime:us-east-1:{ACCOUNT}:app-instance/secret",
            channels=encrypted,
            channel_messages=None,
        )


def rendered(definition: RoleDefinition) -> list[Statement]:
    """Return every statement that the constructs give a function for a role and its features."""
    stack = Stack(App(), "Stack")
    define_all_features(definition, stack)
    return function_statements(template_of(stack))


def arns(statement: Statement) -> Iterator[str]:
    """Return the resources of a statement whose ARNs are known before a deployment."""
    pseudo = {"Partition": "aws", "Region": "us-east-1", "AccountId": ACCOUNT}
    for each in listed(statement["Resource"]):
        text = each.get("Fn::Sub", "") if isinstance(each, dict) else each
        text, names = text if isinstance(text, list) else (text, {})
        for name in names:
            text = text.replace(f"${{{name}}}", "some-id")
        if text and ".Arn}" not in text:
            text = re.sub(r"\$\{AWS::(\w+)\}", lambda found: pseudo[found[1]], text)
            # CloudFormation builds names from the name of the stack and the logical id
            yield re.sub(r"\$\{(\w+)\}", r"Stack-\1-1A2B", text)


# --- the function ----------------------------------------------------------------------------


@pytest.mark.parametrize("short", ROLES)
def test_the_function_policy_has_exactly_the_actions_of_the_constructs(short: str) -> None:
    """The actions are those that all features of the role need together."""
    asked = rendered(ROLES[short])

    assert actions(statements("--function", short).values()) == actions(asked)


@pytest.mark.parametrize("short", ROLES)
def test_the_function_policy_covers_the_resources_of_the_constructs(short: str) -> None:
    """Every ARN that is known before a deployment is covered, with the same condition.

    The condition on tags may be added, because the function changes only the tags that it allows.
    """
    allowed = statements("--function", short, *PLACE).values()

    asked = [
        (action, arn, statement.get("Condition"))
        for statement in rendered(ROLES[short])
        for action in listed(statement["Action"])
        for arn in arns(statement)
        # one statement may have actions of several services
        if any(re.fullmatch(form, arn) for form in arns_of(action) or [".*"])
    ]
    assert asked
    for action, arn, condition in asked:
        assert any(
            action in listed(each["Action"])
            and each.get("Condition") in (condition, ONLY_OWN_TAGS)
            and any(fnmatchcase(arn, pattern) for pattern in listed(each["Resource"]))
            for each in allowed
        ), (action, arn)


def test_the_complete_policy_of_a_function() -> None:
    """The role with its exact name, the features by kind, and the function's log and stack."""
    role = (
        f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ivs.amazonaws.com"
        "/AWSServiceRoleForIVSRecordToS3"
    )
    assert statements("--function", "ivs", *PLACE) == {
        "CreateIVSRecordToS3Role": {
            "Effect": "Allow",
            "Action": "iam:CreateServiceLinkedRole",
            "Resource": role,
            "Condition": {"StringEquals": {"iam:AWSServiceName": "ivs.amazonaws.com"}},
        },
        "ManageRoles": {
            "Effect": "Allow",
            "Action": [
                "iam:DeleteServiceLinkedRole",
                "iam:GetRole",
                "iam:GetServiceLinkedRoleDeletionStatus",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateRoleDescription",
            ],
            "Resource": [role, f"arn:aws:iam::{ACCOUNT}:role/AWSServiceRoleForIVSRecordToS3"],
            "Condition": ONLY_OWN_TAGS,
        },
        "ConfigureWithIVSRecordToS3Role": {
            "Effect": "Allow",
            "Action": [
                "ivs:GetChannel",
                "ivs:TagResource",
                "ivs:UntagResource",
                "ivs:UpdateChannel",
            ],
            "Resource": f"arn:aws:ivs:us-east-1:{ACCOUNT}:channel/*",
            "Condition": ONLY_OWN_TAGS,
        },
        "WriteFunctionLog": {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [
                f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:*-ServiceLinkedRole*",
                f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:*-ServiceLinkedRole*:*",
            ],
        },
        "ReadFunctionStack": {
            "Effect": "Allow",
            "Action": ["cloudformation:DescribeStackResource", "cloudformation:DescribeStacks"],
            "Resource": f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/*",
        },
    }


def test_the_older_messaging_role_is_managed_and_the_current_one_is_created() -> None:
    """The service creates the current role when the feature is configured."""
    found = statements("--function", "chime-messaging-legacy")

    resources = found["ManageRoles"]["Resource"]
    assert any("AmazonChimeServiceChatStreamingAccess" in each for each in resources)
    assert "CreateAmazonChimeServiceChatStreamingAccessRole" not in found
    assert found["CreateChimeSDKMessagingRole"]["Condition"] == {
        "StringEquals": {"iam:AWSServiceName": "messaging.chime.amazonaws.com"}
    }


def test_the_function_policy_allows_all_keys() -> None:
    """A stream can be encrypted with any key."""
    found = statements("--function", "chime-messaging", *PLACE)

    assert found["AppInstanceStreamKeys"]["Resource"] == "arn:aws:kms:us-east-1:*:key/*"


def test_the_boundary_of_all_functions_fits_into_a_managed_policy() -> None:
    """One document for all roles with features."""
    current = [short for short in ROLES if resource_types_of(ROLES[short])]

    assert characters("--function", *current, *PLACE) <= MANAGED_POLICY_CHARACTERS


# --- deployment -------------------------------------------------------------------------------


@pytest.mark.parametrize("short", ["chime-voice", "chime-messaging", "ivs", "mediatailor"])
def test_the_deployment_policy_has_the_statements_of_the_user_guide(short: str) -> None:
    """The statements are those of the grant methods."""
    found = statements("--deploy", short, *PLACE)
    definition = next(ROLES[name] for name in ROLES if name.startswith(short))
    sid = definition.role_name.removeprefix("AWSServiceRoleFor") + "Role"
    role = definition.arn(partition="aws", account=ACCOUNT)

    create, give_policies = permissions.allow_create(definition, role)
    assert found[f"Create{sid}"] == create.render()
    assert found[f"AttachPoliciesTo{sid}"] == give_policies.render()
    assert found[f"Edit{sid}"] == permissions.allow_edit(role).render()
    assert found[f"Delete{sid}"] == permissions.allow_delete(role).render()


def test_the_deployment_policy_does_not_create_the_older_messaging_role() -> None:
    """IAM would create another role for its principal."""
    found = statements("--deploy", "chime-messaging-legacy")

    assert "iam:CreateServiceLinkedRole" not in actions(found.values())
    assert "iam:DeleteServiceLinkedRole" in actions(found.values())


@pytest.mark.parametrize("short", ROLES)
def test_the_deployment_policy_has_the_calls_of_the_handlers_of_native_types(short: str) -> None:
    """All actions of the schemas, except for list handlers and for actions on unknown roles.

    SIP media applications have more purposes than the feature: they need `lambda:AddPermission`.
    """
    definition = ROLES[short]
    allowed = actions(statements("--deploy", short).values())
    types = resource_types_of(definition)
    native = {each.type for each in types if each.on_release is not OnRelease.KEEPS}
    assert not [each for each in allowed if "SipMedia" in each or each == "lambda:AddPermission"]
    if definition.creation is not catalogue.RoleCreation.NEVER:
        native.add("AWS::IAM::ServiceLinkedRole")

    left_out = {
        (kind, action)
        for kind in native
        for name, handler in schema_of(kind)["handlers"].items()
        for action in handler["permissions"]
        if name != "list" and action not in allowed
    }

    assert left_out == {
        "ivs-record-to-s3": {("AWS::IVS::RecordingConfiguration", "sts:AssumeRole")},
    }.get(short, set())


def test_the_deployment_policy_passes_only_the_function_role() -> None:
    """Passing or assuming other roles would allow privilege escalation."""
    found = statements("--deploy", *ROLES)

    passing = [sid for sid, each in found.items() if "iam:PassRole" in listed(each["Action"])]
    assert passing == ["PassFunctionRole"]
    assert "sts:AssumeRole" not in actions(found.values())


def test_the_deployment_policy_has_the_calls_for_the_function() -> None:
    """The other actions are for features that the function and its log group do not use."""
    allowed = actions(statements("--deploy", "mediatailor").values())
    called = {
        action
        for kind in OWN_TYPES
        for name, handler in schema_of(kind)["handlers"].items()
        for action in handler["permissions"]
        if name != "list"
    }

    # the schemas of cfn-lint before 1.58 do not have this one
    assert called - allowed - {"lambda:AssociateRuntimeAlias"} == {
        # networks and file systems
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "elasticfilesystem:DescribeMountTargets",
        "s3files:ListMountTargets",
        # keys
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        # layers, code signing configurations, and what no reference knows
        "lambda:GetCodeSigningConfig",
        "lambda:GetLayerVersion",
        "lambda:PassCapacityProvider",
        # the boundary; attaching policies is only allowed for the service-linked role
        "iam:DeleteRolePermissionsBoundary",
        "iam:PutRolePermissionsBoundary",
        # deliveries, and policies that are the account's
        "firehose:TagDeliveryStream",
        "logs:CreateLogDelivery",
        "logs:DeleteIndexPolicy",
        "logs:DeleteResourcePolicy",
        "logs:PutIndexPolicy",
        "logs:PutResourcePolicy",
        "s3:REST.PUT.OBJECT",
    }


def test_the_complete_statements_for_the_function() -> None:
    """Each statement has narrow resources and a Sid that describes it."""
    found = statements("--deploy", "ivs", *PLACE, "--partition", "aws-us-gov")
    role = f"arn:aws-us-gov:iam::{ACCOUNT}:role/*-ServiceLinkedRole*"
    log = f"arn:aws-us-gov:logs:us-east-1:{ACCOUNT}:log-group:*-ServiceLinkedRole*"

    assert list(found) == [
        "CreateIVSRecordToS3Role",
        "AttachPoliciesToIVSRecordToS3Role",
        "EditIVSRecordToS3Role",
        "DeleteIVSRecordToS3Role",
        "NativeIVSRecordToS3Role",
        "IVSChannel",
        "IVSRecordingConfiguration",
        "IVSRecordingConfigurationBuckets",
        "Function",
        "FunctionCode",
        "FunctionRole",
        "PassFunctionRole",
        "FunctionLog",
        "DescribeLogs",
    ]
    assert found["Function"]["Resource"] == (
        f"arn:aws-us-gov:lambda:us-east-1:{ACCOUNT}:function:*-ServiceLinkedRole*"
    )
    assert {
        "lambda:DeleteFunctionEventInvokeConfig",
        "lambda:GetFunctionEventInvokeConfig",
        "lambda:InvokeFunction",
        "lambda:PutFunctionEventInvokeConfig",
        "lambda:UpdateFunctionEventInvokeConfig",
    } <= {*found["Function"]["Action"]}
    assert found["FunctionCode"] == {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": f"arn:aws-us-gov:s3:::cdk-*-assets-{ACCOUNT}-us-east-1/*",
    }
    assert found["FunctionRole"]["Resource"] == role
    assert "iam:AttachRolePolicy" not in found["FunctionRole"]["Action"]
    assert found["PassFunctionRole"] == {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": role,
        "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    }
    assert found["FunctionLog"]["Resource"] == [log, f"{log}:*"]
    assert found["DescribeLogs"]["Resource"] == "*"
    assert found["IVSRecordingConfigurationBuckets"] == {
        "Effect": "Allow",
        "Action": ["s3:GetBucketLocation", "s3:ListBucket"],
        "Resource": "arn:aws-us-gov:s3:::*",
    }


def test_the_deployment_policy_covers_the_types_of_the_function() -> None:
    """They are the types that a stack has in addition to the custom resources."""
    stack = Stack(App(), "Stack")
    ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR)

    types = {each["Type"] for each in template_of(stack)["Resources"].values()}
    assert types - {ROLE} == {*OWN_TYPES}


def test_resource_names_match_the_constructs() -> None:
    """CloudFormation builds names from the name of the stack and the logical id."""
    stack = Stack(App(), "Stack")
    ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR)

    template = template_of(stack)
    for kind in (FUNCTION, "AWS::IAM::Role", "AWS::Logs::LogGroup"):
        assert fnmatchcase(f"Stack-{id_of(template, kind)}-1A2B", "*-ServiceLinkedRole*")


def test_the_code_is_read_from_the_bootstrap_bucket() -> None:
    """With any qualifier of the bootstrap stack."""
    bucket = DefaultStackSynthesizer.DEFAULT_FILE_ASSETS_BUCKET_NAME

    assert bucket == "cdk-${Qualifier}-assets-${AWS::AccountId}-${AWS::Region}"


@pytest.mark.parametrize("short", ROLES)
def test_the_deployment_policy_of_one_role_fits_into_a_managed_policy(short: str) -> None:
    """It can be attached unchanged, without a warning."""
    assert characters("--deploy", short, *PLACE) <= MANAGED_POLICY_CHARACTERS
    assert run("--deploy", short, *PLACE).stderr == ""


def test_warns_if_a_document_is_too_long_for_a_managed_policy() -> None:
    """The document is printed anyway."""
    result = run("--deploy", *ROLES)

    assert result.exit_code == 0
    assert re.fullmatch(
        r"slr-constructs: the policy has \d{5} characters without white space, but a managed policy"
        r" must not have more than 6144\. Name fewer roles at a time\n",
        result.stderr,
    )
    assert json.loads(result.stdout)["Statement"]


# --- account commands -------------------------------------------------------------------------

ACCOUNT_OPTIONS = ("--audit", "--leases", "--release", "--restore")
ROLES_OF_ACCOUNT = f"arn:aws:iam::{ACCOUNT}:role"


@pytest.mark.parametrize("short", ROLES)
def test_an_audit_reads_and_changes_nothing(short: str) -> None:
    """Each action is a get, list or describe action."""
    verbs = {action.partition(":")[2] for action in actions(statements("--audit", short).values())}

    assert verbs
    assert {verb for verb in verbs if not verb.startswith(("Get", "List", "Describe"))} == set()


@pytest.mark.parametrize("option", ["--leases", "--release"])
@pytest.mark.parametrize("short", ROLES)
def test_a_command_that_reads_the_account_first_includes_the_audit(short: str, option: str) -> None:
    """Its own statements do not replace those of the audit."""
    whole = statements(option, short, *PLACE)

    assert statements("--audit", short, *PLACE).items() <= whole.items()


@pytest.mark.parametrize("option", ACCOUNT_OPTIONS)
def test_actions_are_allowed_on_resource_types_of_the_reference(option: str) -> None:
    """An action without resource types is allowed on a star."""
    wrong = [
        (action, resource)
        for statement in statements(option, *ROLES, *PLACE).values()
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
        if not _authorized_on(action, resource, listed(statement["Resource"]))
    ]

    assert wrong == []


def _authorized_on(action: str, resource: str, beside: list[str]) -> bool:
    forms = arns_of(action)
    if resource == "*" or not forms:
        return resource == "*"
    # of statements with several kinds, one is enough
    return any(re.fullmatch(form, each) for form in forms for each in (resource, *beside))


def test_the_complete_policy_of_an_audit() -> None:
    """The role with and without its path, the regions, the stacks, and the list actions."""
    name = "AWSServiceRoleForMediaTailor"

    assert statements("--audit", "mediatailor", *PLACE) == {
        "FindMediaTailorRole": {
            "Effect": "Allow",
            "Action": ["iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
            "Resource": [
                f"{ROLES_OF_ACCOUNT}/aws-service-role/mediatailor.amazonaws.com/{name}",
                f"{ROLES_OF_ACCOUNT}/{name}",
            ],
        },
        "FindRegions": {"Effect": "Allow", "Action": "account:ListRegions", "Resource": "*"},
        "FindStacks": {
            "Effect": "Allow",
            "Action": ["cloudformation:DescribeStackResources", "cloudformation:DescribeStacks"],
            "Resource": "*",
        },
        "ListRoleUsages": {
            "Effect": "Allow",
            "Action": ["mediatailor:ListChannels", "mediatailor:ListPlaybackConfigurations"],
            "Resource": "*",
        },
    }


def test_the_complete_policy_to_drop_leases_and_marks() -> None:
    """The policy of an audit, and the removal of tags from roles and from owners."""
    channels = f"arn:aws:ivs:us-east-1:{ACCOUNT}:channel/*"
    role = f"{ROLES_OF_ACCOUNT}/aws-service-role/ivs.amazonaws.com/AWSServiceRoleForIVSRecordToS3"
    audit = statements("--audit", "ivs", *PLACE)

    found = statements("--leases", "ivs", *PLACE)

    assert {sid: each for sid, each in found.items() if sid not in audit} == {
        "ReleaseIVSRecordToS3Role": {
            "Effect": "Allow",
            "Action": "iam:UntagRole",
            "Resource": role,
        },
        "UnmarkIVSChannel": {
            "Effect": "Allow",
            "Action": "ivs:UntagResource",
            "Resource": channels,
        },
    }


def test_the_complete_policy_of_a_release() -> None:
    """The policy of an audit, and the actions of the release in their order."""
    role = f"{ROLES_OF_ACCOUNT}/aws-service-role/ivs.amazonaws.com/AWSServiceRoleForIVSRecordToS3"
    channels = f"arn:aws:ivs:us-east-1:{ACCOUNT}:channel/*"
    recorders = f"arn:aws:ivs:us-east-1:{ACCOUNT}:recording-configuration/*"

    found = statements("--release", "ivs", *PLACE)

    assert list(found) == [
        "FindIVSRecordToS3Role",
        "FindRegions",
        "FindStacks",
        "ListRoleUsages",
        "RemoveIVSChannel",
        "RemoveIVSRecordingConfiguration",
        "ReleaseIVSRecordToS3Role",
        "DeleteIVSRecordToS3Role",
    ]
    audit = statements("--audit", "ivs", *PLACE)
    assert {sid: each for sid, each in found.items() if sid not in audit} == {
        "RemoveIVSChannel": {
            "Effect": "Allow",
            "Action": ["ivs:GetChannel", "ivs:UpdateChannel"],
            "Resource": channels,
        },
        "RemoveIVSRecordingConfiguration": {
            "Effect": "Allow",
            "Action": ["ivs:DeleteRecordingConfiguration", "ivs:GetRecordingConfiguration"],
            "Resource": recorders,
        },
        "ReleaseIVSRecordToS3Role": {
            "Effect": "Allow",
            "Action": ["iam:TagRole", "iam:UntagRole"],
            "Resource": role,
            "Condition": ONLY_OWN_TAGS,
        },
        "DeleteIVSRecordToS3Role": {
            "Effect": "Allow",
            "Action": [
                "iam:DeleteServiceLinkedRole",
                "iam:GetServiceLinkedRoleDeletionStatus",
            ],
            "Resource": role,
        },
    }


def test_the_complete_policy_of_a_restore() -> None:
    """The role, its feature, and the streams that the service writes to for its caller."""
    name = "AWSServiceRoleForChimeSDKMessaging"
    role = f"{ROLES_OF_ACCOUNT}/aws-service-role/messaging.chime.amazonaws.com/{name}"
    instances = f"arn:aws:chime:us-east-1:{ACCOUNT}:app-instance/*"

    assert statements("--restore", "chime-messaging", *PLACE) == {
        "DescribeStacks": {
            "Effect": "Allow",
            "Action": "cloudformation:DescribeStacks",
            "Resource": "*",
        },
        "ReadChimeSDKMessagingRole": {
            "Effect": "Allow",
            "Action": "iam:GetRole",
            "Resource": [role, f"{ROLES_OF_ACCOUNT}/{name}"],
        },
        "RestoreChimeSDKMessagingRole": {
            "Effect": "Allow",
            "Action": "iam:TagRole",
            "Resource": role,
        },
        "CreateChimeSDKMessagingRole": {
            "Effect": "Allow",
            "Action": "iam:CreateServiceLinkedRole",
            "Resource": role,
            "Condition": {"StringLike": {"iam:AWSServiceName": "messaging.chime.amazonaws.com"}},
        },
        "AttachPoliciesToChimeSDKMessagingRole": {
            "Effect": "Allow",
            "Action": ["iam:AttachRolePolicy", "iam:PutRolePolicy"],
            "Resource": role,
        },
        "ConfigureChimeAppInstance": {
            "Effect": "Allow",
            "Action": [
                "chime:GetMessagingStreamingConfigurations",
                "chime:PutMessagingStreamingConfigurations",
            ],
            "Resource": instances,
        },
        "AppInstanceStreams": {
            "Effect": "Allow",
            "Action": ["kinesis:DescribeStream", "kinesis:PutRecord", "kinesis:PutRecords"],
            "Resource": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/chime-messaging-*",
        },
        "AppInstanceStreamKeys": {
            "Effect": "Allow",
            "Action": "kms:GenerateDataKey",
            "Resource": "arn:aws:kms:us-east-1:*:key/*",
        },
    }


@pytest.mark.parametrize("option", ACCOUNT_OPTIONS)
@pytest.mark.parametrize("short", ROLES)
def test_the_account_policy_of_one_role_fits_into_a_managed_policy(short: str, option: str) -> None:
    """It can be attached unchanged."""
    assert characters(option, short, *PLACE) <= MANAGED_POLICY_CHARACTERS


def test_the_audit_of_all_current_roles_fits_into_a_managed_policy() -> None:
    """One policy is enough for an auditor."""
    current = [short for short in ROLES if ROLES[short].superseded_by is None]

    assert characters("--audit", *current, *PLACE) <= MANAGED_POLICY_CHARACTERS
    assert run("--audit", *current, *PLACE).stderr == ""


def test_the_older_messaging_role_is_audited_with_the_current_one_and_never_created() -> None:
    """The audit of the current role includes the older one. No permission creates the older one."""
    assert "FindAmazonChimeServiceChatStreamingAccessRole" in statements(
        "--audit", "chime-messaging"
    )
    allowed = actions(statements("--restore", "chime-messaging-legacy").values())
    role = statements("--restore", "chime-messaging-legacy")["CreateChimeSDKMessagingRole"]
    assert "iam:AttachRolePolicy" not in allowed
    assert role["Condition"] == {
        "StringEquals": {"iam:AWSServiceName": "messaging.chime.amazonaws.com"}
    }


# --- all policies ----------------------------------------------------------------------------


@each_type
def test_the_policies_allow_the_calls_for_every_type(target: ResourceType) -> None:
    """Each call is allowed on the ARN of the type, list actions on a star."""
    calls = target.calls
    arn = target.identifier.arn(partition="aws", region="us-east-1", account=ACCOUNT, name="a")
    configure = [calls.configure.operation, calls.remove]
    needed = {
        "--function": configure if target.contracts.all else [],
        "--audit": [] if calls.list.has_settings else [calls.describe],
        "--release": [calls.describe, calls.remove],
        "--restore": [calls.describe, calls.configure.operation],
    }
    if target.on_release is OnRelease.KEEPS:
        needed |= {"--release": [], "--restore": []}
    # a restore looks for resources that an interrupted one created
    listing = ["--audit", "--release"] + ["--restore"] * (target.on_release is OnRelease.DELETES)

    for option, operations in needed.items():
        allowed = pairs(statements(option, target.role.role_name, *PLACE).values())
        for operation in operations:
            action = action_of(operation)
            assert any(fnmatchcase(arn, on) for each, on in allowed if each == action), operation
        if option in listing:
            assert (action_of(calls.list.operation), "*") in allowed
        if option == "--restore" or (option == "--function" and operations):
            required = {action for each in target.requirements for action in each.actions}
            assert required <= {action for action, _ in allowed}


ALL_OPTIONS = ("--deploy", "--function", *ACCOUNT_OPTIONS)


@pytest.mark.parametrize("option", ALL_OPTIONS)
def test_every_action_exists(option: str) -> None:
    """In the service authorization reference that cfn-lint includes."""
    allowed = actions(statements(option, *ROLES).values())

    assert {action for action in allowed if action.lower() not in iam_actions()} == set()


@pytest.mark.parametrize("option", ALL_OPTIONS)
def test_several_roles_make_one_document_without_duplicates(option: str) -> None:
    """Common statements occur once, and list actions are in one statement."""
    together = statements(option, *ROLES)
    apart = [statements(option, short) for short in ROLES]

    assert {*together} == {sid for each in apart for sid in each}
    assert pairs(together.values()) == set().union(*(pairs(each.values()) for each in apart))
    assert len({json.dumps(each) for each in together.values()}) == len(together)
    assert statements(option, "ivs", "IVS", "ivs.amazonaws.com") == statements(option, "ivs")


@pytest.mark.parametrize("option", ALL_OPTIONS)
def test_a_sid_has_only_letters_and_digits(option: str) -> None:
    """IAM rejects other characters."""
    assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in statements(option, *ROLES))


@pytest.mark.parametrize("option", ALL_OPTIONS)
def test_by_default_every_account_and_region_is_allowed(option: str) -> None:
    """ARNs have a star without the option."""
    found = statements(option, "mediatailor")

    places = {
        tuple(arn.split(":")[3:5])
        for each in found.values()
        for arn in listed(each["Resource"])
        if arn != "*"
    }
    # IAM is in no region, and buckets are in no account
    assert ("", "*") in places
    assert places <= {("", "*"), ("*", "*"), ("", "")}


@pytest.mark.parametrize(
    ("flags", "got"),
    [
        ([], "none"),
        (["--deploy", "--function"], "--deploy and --function"),
        (["--release", "--audit"], "--release and --audit"),
    ],
    ids=["none", "two", "two that overlap"],
)
def test_fails_without_exactly_one_purpose(flags: list[str], got: str) -> None:
    """The policies are for different principals."""
    result = run("ivs", *flags)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        "slr-constructs: policy requires exactly one of --deploy, --function, --audit, --leases,"
        f" --release, --restore, got {got}\n"
    )


def test_output_is_written_to_a_file(tmp_path: Path) -> None:
    """The file has the same content as stdout."""
    file = tmp_path / "policy.json"
    result = run("--audit", "ivs", "-o", str(file))

    assert (result.exit_code, result.output) == (0, "")
    assert file.read_text() == run("--audit", "ivs").stdout


def test_fails_without_a_role() -> None:
    """The error lists all roles."""
    result = run("--deploy")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        "slr-constructs: policy --deploy requires one or more roles. The catalogue has:"
        " chime-voice-connector, chime-messaging,"
        " chime-messaging-legacy, ivs-record-to-s3, mediatailor, mediapackage,"
        " chime-media-pipelines, chime-transcription\n"
    )


def test_fails_if_a_role_is_unknown() -> None:
    """Nothing is printed for the other roles."""
    result = run("--function", "ivs", "mediatailr")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        "slr-constructs: unknown role 'mediatailr'. Did you mean mediatailor?\n"
    )


def test_fails_if_cfn_lint_has_no_schema_of_a_resource_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An older cfn-lint does not have the schemas of new types."""
    command = importlib.import_module("slr_constructs.policies.deployment")
    monkeypatch.setattr(command, "_NATIVE_ROLE", "AWS::IAM::NotYet")

    result = run("--deploy", "ivs")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        "slr-constructs: the installed cfn-lint has no schema of AWS::IAM::NotYet. Update"
        " cfn-lint\n"
    )
