"""`slr-constructs policy`: what people, pipelines and the function of a stack may do."""

from __future__ import annotations

import importlib
import json
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, DefaultStackSynthesizer, Stack, aws_kinesis
from aws_cdk.aws_logs import RetentionDays
from click.testing import CliRunner
from constructs import Construct

from slr_constructs import (
    AppInstanceStreaming,
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    ServiceLinkedRole,
    VoiceConnectorStreaming,
    catalogue,
    rights,
)
from slr_constructs.cli.command_line import slr_constructs
from slr_constructs.cli.roles import ROLES
from slr_constructs.testing import template_of
from tests.features.every_feature import ACCOUNT, RECIPES
from tests.features.graph import FUNCTION, id_of, ids_of, listed
from tests.published import arns_of, iam_actions, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from click.testing import Result

    from slr_constructs.catalogue import RoleDefinition

Statement = dict[str, Any]

PLACE = ("--account", ACCOUNT, "--region", "us-east-1")
#: IAM's quota, white space not counted.
MANAGED_POLICY_CHARACTERS = 6144
OWN_TYPES = (
    "AWS::Lambda::Function",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::Logs::LogGroup",
)


def run(*arguments: str) -> Result:
    """Call the command."""
    return CliRunner().invoke(slr_constructs, ["policy", *arguments], prog_name="slr-constructs")


def statements(*arguments: str) -> dict[str, Statement]:
    """Return the statements of a policy by their Sids."""
    result = run(*arguments)
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["Version"] == "2012-10-17"
    found = {each.pop("Sid"): each for each in document["Statement"]}
    assert len(found) == len(document["Statement"])
    return found


def actions(said: Iterable[Statement]) -> set[str]:
    """Return all that statements allow."""
    return {action for each in said for action in listed(each["Action"])}


def characters(*arguments: str) -> int:
    """Return how long a policy is for IAM."""
    document = json.loads(run(*arguments).stdout)
    return len(json.dumps(document, separators=(",", ":")))


def define_all_that_uses(definition: RoleDefinition, stack: Stack) -> None:
    """Define every feature of a role, with every option that asks for a right of its own."""
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
            media_insights_configuration_arn=(
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
    if definition is catalogue.MEDIATAILOR:
        week = RetentionDays.ONE_WEEK
        MediaTailorSessionLogging(stack, "Ads", playback_configuration="b", log_retention=week)
        MediaTailorAsRunLogging(stack, "AsRun", channel="linear", log_retention=week)


def rendered(definition: RoleDefinition) -> list[Statement]:
    """Return every statement that the constructs give a function for a role and its features."""
    stack = Stack(App(), "Stack")
    define_all_that_uses(definition, stack)
    template = template_of(stack)
    return [
        statement
        for policy in ids_of(template, "AWS::IAM::RolePolicy")
        for statement in template["Resources"][policy]["Properties"]["PolicyDocument"]["Statement"]
    ]


def arns(statement: Statement) -> Iterator[str]:
    """Return the resources of a statement whose ARNs are known before a deployment."""
    pseudo = {"Partition": "aws", "Region": "us-east-1", "AccountId": ACCOUNT}
    for each in listed(statement["Resource"]):
        text = each.get("Fn::Sub", "") if isinstance(each, dict) else each
        text, names = text if isinstance(text, list) else (text, {})
        for name in names:
            text = text.replace(f"${{{name}}}", "some-id")
        if text:
            yield re.sub(r"\$\{AWS::(\w+)\}", lambda found: pseudo[found[1]], text)


# --- the function ----------------------------------------------------------------------------


@pytest.mark.parametrize("short", ROLES)
def test_the_function_gets_what_its_constructs_ask_for_and_no_more(short: str) -> None:
    """The policy is what all features of the role take together, action by action."""
    asked = rendered(ROLES[short])

    assert actions(statements("--function", short).values()) == actions(asked)


@pytest.mark.parametrize("short", ROLES)
def test_the_function_gets_it_where_its_constructs_ask_for_it(short: str) -> None:
    """Whatever has an ARN before a deployment is covered, under the same condition."""
    allowed = statements("--function", short, *PLACE).values()

    asked = [
        (action, arn, statement.get("Condition"))
        for statement in rendered(ROLES[short])
        for action in listed(statement["Action"])
        for arn in arns(statement)
    ]
    assert asked
    for action, arn, condition in asked:
        assert any(
            action in listed(each["Action"])
            and each.get("Condition") == condition
            and any(fnmatchcase(arn, pattern) for pattern in listed(each["Resource"]))
            for each in allowed
        ), (action, arn)


def test_the_policy_of_a_function_to_the_letter() -> None:
    """The role exactly, the features by kind, and the function's log."""
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
        "HoldIVSRecordToS3Role": {
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
        },
        "IvsChannelRecording": {
            "Effect": "Allow",
            "Action": ["ivs:GetChannel", "ivs:UpdateChannel"],
            "Resource": f"arn:aws:ivs:us-east-1:{ACCOUNT}:channel/*",
        },
        "WriteFunctionLog": {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:*-ServiceLinkedRole*:*",
        },
    }


def test_the_older_messaging_role_is_held_and_todays_is_made() -> None:
    """The service makes today's role when the feature is put, whichever the stack holds."""
    said = statements("--function", "chime-messaging-legacy")

    assert "HoldAmazonChimeServiceChatStreamingAccessRole" in said
    assert "CreateAmazonChimeServiceChatStreamingAccessRole" not in said
    assert said["CreateChimeSDKMessagingRole"]["Condition"] == {
        "StringEquals": {"iam:AWSServiceName": "messaging.chime.amazonaws.com"}
    }


def test_a_key_may_be_anothers() -> None:
    """A stream is encrypted with whichever key its owner chose."""
    said = statements("--function", "chime-messaging", *PLACE)

    assert said["AppInstanceStreamKeys"]["Resource"] == "arn:aws:kms:us-east-1:*:key/*"


def test_the_boundary_of_all_functions_fits_into_a_managed_policy() -> None:
    """All roles that are still made in one document."""
    current = [short for short in ROLES if ROLES[short].superseded_by is None]

    assert characters("--function", *current, *PLACE) <= MANAGED_POLICY_CHARACTERS


# --- whoever deploys -------------------------------------------------------------------------


@pytest.mark.parametrize("short", ["chime-voice", "chime-messaging", "ivs", "mediatailor"])
def test_whoever_deploys_may_do_with_the_role_what_the_user_guide_says(short: str) -> None:
    """The statements are those of the grants."""
    said = statements("--deploy", short, *PLACE)
    definition = next(ROLES[name] for name in ROLES if name.startswith(short))
    sid = definition.role_name.removeprefix("AWSServiceRoleFor") + "Role"
    role = definition.arn(partition="aws", account=ACCOUNT)

    create, give_policies = rights.let_create(definition, role)
    assert said[f"Create{sid}"] == create.render()
    assert said[f"GivePoliciesTo{sid}"] == give_policies.render()
    assert said[f"Edit{sid}"] == rights.let_edit(role).render()
    assert said[f"Delete{sid}"] == rights.let_delete(role).render()


def test_the_older_messaging_role_is_not_made_for_whoever_deploys() -> None:
    """IAM would make another role for its principal."""
    said = statements("--deploy", "chime-messaging-legacy")

    assert "iam:CreateServiceLinkedRole" not in actions(said.values())
    assert "iam:DeleteServiceLinkedRole" in actions(said.values())


@pytest.mark.parametrize("short", ROLES)
def test_whoever_deploys_may_what_the_handlers_of_the_native_types_call(short: str) -> None:
    """All that a schema lists, but for listing and for rights over roles that nobody named."""
    definition = ROLES[short]
    said = actions(statements("--deploy", short).values())
    native = set(definition.resource_types)
    if definition.creation is not catalogue.RoleCreation.NEVER:
        native.add("AWS::IAM::ServiceLinkedRole")

    left_out = {
        (kind, action)
        for kind in native
        for name, handler in schema_of(kind)["handlers"].items()
        for action in handler["permissions"]
        if name != "list" and action not in said
    }

    assert left_out == {
        "ivs-record-to-s3": {("AWS::IVS::RecordingConfiguration", "sts:AssumeRole")},
    }.get(short, set())


def test_only_the_functions_own_role_is_passed_and_none_is_assumed() -> None:
    """Any other would be a way to more rights."""
    said = statements("--deploy", *ROLES)

    passing = [sid for sid, each in said.items() if "iam:PassRole" in listed(each["Action"])]
    assert passing == ["PassFunctionRole"]
    assert "sts:AssumeRole" not in actions(said.values())


def test_whoever_deploys_may_what_the_functions_own_types_take() -> None:
    """The rest acts on what the function, its role and its log group have not."""
    said = actions(statements("--deploy", "mediatailor").values())
    called = {
        action
        for kind in OWN_TYPES
        for name, handler in schema_of(kind)["handlers"].items()
        for action in handler["permissions"]
        if name != "list"
    }

    # the schemas of cfn-lint before 1.58 do not have this one
    assert called - said - {"lambda:AssociateRuntimeAlias"} == {
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
        # the boundary; attaching policies is in, for the service-linked role alone
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


def test_the_parts_of_the_function_to_the_letter() -> None:
    """Narrow in what they are about, and each with a Sid that says so."""
    said = statements("--deploy", "ivs", *PLACE, "--partition", "aws-us-gov")
    role = f"arn:aws-us-gov:iam::{ACCOUNT}:role/*-ServiceLinkedRole*"
    log = f"arn:aws-us-gov:logs:us-east-1:{ACCOUNT}:log-group:*-ServiceLinkedRole*"

    assert list(said) == [
        "CreateIVSRecordToS3Role",
        "GivePoliciesToIVSRecordToS3Role",
        "EditIVSRecordToS3Role",
        "DeleteIVSRecordToS3Role",
        "NativeIVSRecordToS3Role",
        "IVSRecordingConfiguration",
        "IVSRecordingConfigurationBuckets",
        "IVSChannel",
        "Function",
        "FunctionCode",
        "FunctionRole",
        "PassFunctionRole",
        "FunctionLog",
        "DescribeLogs",
    ]
    assert said["Function"]["Resource"] == (
        f"arn:aws-us-gov:lambda:us-east-1:{ACCOUNT}:function:*-ServiceLinkedRole*"
    )
    assert "lambda:InvokeFunction" in said["Function"]["Action"]
    assert said["FunctionCode"] == {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": f"arn:aws-us-gov:s3:::cdk-*-assets-{ACCOUNT}-us-east-1/*",
    }
    assert said["FunctionRole"]["Resource"] == role
    assert "iam:AttachRolePolicy" not in said["FunctionRole"]["Action"]
    assert said["PassFunctionRole"] == {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": role,
        "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    }
    assert said["FunctionLog"]["Resource"] == [log, f"{log}:*"]
    assert said["DescribeLogs"]["Resource"] == "*"
    assert said["IVSRecordingConfigurationBuckets"] == {
        "Effect": "Allow",
        "Action": ["s3:GetBucketLocation", "s3:ListBucket"],
        "Resource": "arn:aws-us-gov:s3:::*",
    }


def test_the_names_are_those_of_what_the_constructs_define() -> None:
    """CloudFormation puts the logical id behind the stack's name."""
    stack = Stack(App(), "Stack")
    ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR)

    template = template_of(stack)
    for kind in (FUNCTION, "AWS::IAM::Role", "AWS::Logs::LogGroup"):
        assert fnmatchcase(f"Stack-{id_of(template, kind)}-1A2B", "*-ServiceLinkedRole*")


def test_the_functions_code_is_where_cdk_has_it() -> None:
    """In the bucket of the bootstrap, whatever its qualifier."""
    bucket = DefaultStackSynthesizer.DEFAULT_FILE_ASSETS_BUCKET_NAME

    assert bucket == "cdk-${Qualifier}-assets-${AWS::AccountId}-${AWS::Region}"


@pytest.mark.parametrize("short", ROLES)
def test_what_one_role_takes_fits_into_a_managed_policy(short: str) -> None:
    """So it can be attached as it is, and nothing is said about it."""
    assert characters("--deploy", short, *PLACE) <= MANAGED_POLICY_CHARACTERS
    assert run("--deploy", short, *PLACE).stderr == ""


def test_says_so_when_a_document_is_too_long_for_a_managed_policy() -> None:
    """The document is there all the same, for whoever puts it elsewhere."""
    result = run("--deploy", *ROLES)

    assert result.exit_code == 0
    assert re.fullmatch(
        r"slr-constructs: \d{5} characters without white space; a managed policy has 6144 at most,"
        r" so ask for fewer roles at a time\n",
        result.stderr,
    )
    assert json.loads(result.stdout)["Statement"]


# --- whoever reads and changes accounts -------------------------------------------------------

AN_ACCOUNT = ("--audit", "--release", "--restore")
ROLES_OF_ACCOUNT = f"arn:aws:iam::{ACCOUNT}:role"


@pytest.mark.parametrize("short", ROLES)
def test_an_audit_reads_and_changes_nothing(short: str) -> None:
    """Each action gets, lists or describes."""
    verbs = {action.partition(":")[2] for action in actions(statements("--audit", short).values())}

    assert verbs
    assert {verb for verb in verbs if not verb.startswith(("Get", "List", "Describe"))} == set()


@pytest.mark.parametrize("short", ROLES)
def test_a_release_includes_the_audit(short: str) -> None:
    """It looks before it lets go."""
    release = statements("--release", short, *PLACE)

    assert statements("--audit", short, *PLACE).items() <= release.items()


@pytest.mark.parametrize("whose", AN_ACCOUNT)
def test_an_action_is_allowed_where_the_reference_knows_it(whose: str) -> None:
    """On ARNs of its own kinds, or on a star; and on a star alone what knows no resource."""
    wrong = [
        (action, resource)
        for statement in statements(whose, *ROLES, *PLACE).values()
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


def test_the_policy_of_an_audit_to_the_letter() -> None:
    """The role with its path and without, the regions, the stacks, and the lists."""
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
        "ListMediaTailor": {
            "Effect": "Allow",
            "Action": ["mediatailor:ListChannels", "mediatailor:ListPlaybackConfigurations"],
            "Resource": "*",
        },
    }


def test_the_policy_of_a_release_to_the_letter() -> None:
    """The audit's, and what goes off, in the order in which it does."""
    role = f"{ROLES_OF_ACCOUNT}/aws-service-role/ivs.amazonaws.com/AWSServiceRoleForIVSRecordToS3"
    channels = f"arn:aws:ivs:us-east-1:{ACCOUNT}:channel/*"
    recorders = f"arn:aws:ivs:us-east-1:{ACCOUNT}:recording-configuration/*"

    said = statements("--release", "ivs", *PLACE)

    assert list(said) == [
        "FindIVSRecordToS3Role",
        "FindRegions",
        "FindStacks",
        "ListIvs",
        "LookAtIvs",
        "PointIvsChannels",
        "DeleteRecordingConfigurations",
        "LetGoOfIVSRecordToS3Role",
        "DeleteIVSRecordToS3Role",
    ]
    audit = statements("--audit", "ivs", *PLACE)
    assert {sid: each for sid, each in said.items() if sid not in audit} == {
        "LookAtIvs": {
            "Effect": "Allow",
            "Action": ["ivs:GetChannel", "ivs:GetRecordingConfiguration"],
            "Resource": [channels, recorders],
        },
        "PointIvsChannels": {
            "Effect": "Allow",
            "Action": "ivs:UpdateChannel",
            "Resource": channels,
        },
        "DeleteRecordingConfigurations": {
            "Effect": "Allow",
            "Action": "ivs:DeleteRecordingConfiguration",
            "Resource": recorders,
        },
        "LetGoOfIVSRecordToS3Role": {
            "Effect": "Allow",
            "Action": ["iam:TagRole", "iam:UntagRole"],
            "Resource": role,
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


def test_the_policy_of_a_restore_to_the_letter() -> None:
    """The role again, its feature, and the streams that the service writes to for its caller."""
    name = "AWSServiceRoleForChimeSDKMessaging"
    role = f"{ROLES_OF_ACCOUNT}/aws-service-role/messaging.chime.amazonaws.com/{name}"
    instances = f"arn:aws:chime:us-east-1:{ACCOUNT}:app-instance/*"

    assert statements("--restore", "chime-messaging", *PLACE) == {
        "LookUpStacks": {
            "Effect": "Allow",
            "Action": "cloudformation:DescribeStacks",
            "Resource": "*",
        },
        "FindChimeSDKMessagingRole": {
            "Effect": "Allow",
            "Action": ["iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
            "Resource": [role, f"{ROLES_OF_ACCOUNT}/{name}"],
        },
        "PutBackChimeSDKMessagingRole": {
            "Effect": "Allow",
            "Action": "iam:TagRole",
            "Resource": role,
        },
        "CreateChimeSDKMessagingRole": {
            "Effect": "Allow",
            "Action": "iam:CreateServiceLinkedRole",
            "Resource": role,
            "Condition": {"StringEquals": {"iam:AWSServiceName": "messaging.chime.amazonaws.com"}},
        },
        "GivePoliciesToChimeSDKMessagingRole": {
            "Effect": "Allow",
            "Action": ["iam:AttachRolePolicy", "iam:PutRolePolicy"],
            "Resource": role,
        },
        "LookAtAppInstances": {
            "Effect": "Allow",
            "Action": "chime:GetMessagingStreamingConfigurations",
            "Resource": instances,
        },
        "StartAppInstances": {
            "Effect": "Allow",
            "Action": "chime:PutMessagingStreamingConfigurations",
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


@pytest.mark.parametrize("whose", AN_ACCOUNT)
@pytest.mark.parametrize("short", ROLES)
def test_what_an_account_takes_for_one_role_fits_into_a_managed_policy(
    short: str, whose: str
) -> None:
    """So it can be attached as it is."""
    assert characters(whose, short, *PLACE) <= MANAGED_POLICY_CHARACTERS


def test_the_audit_of_all_current_roles_fits_into_a_managed_policy() -> None:
    """One policy is enough for whoever reads accounts."""
    current = [short for short in ROLES if ROLES[short].superseded_by is None]

    assert characters("--audit", *current, *PLACE) <= MANAGED_POLICY_CHARACTERS
    assert run("--audit", *current, *PLACE).stderr == ""


def test_the_older_messaging_role_is_audited_with_todays_and_restored_by_nobody() -> None:
    """Whoever asks for today's asks for both, and no right makes the older one."""
    assert "FindAmazonChimeServiceChatStreamingAccessRole" in statements(
        "--audit", "chime-messaging"
    )
    made = actions(statements("--restore", "chime-messaging-legacy").values())
    role = statements("--restore", "chime-messaging-legacy")["CreateChimeSDKMessagingRole"]
    assert "iam:AttachRolePolicy" not in made
    assert role["Condition"] == {
        "StringEquals": {"iam:AWSServiceName": "messaging.chime.amazonaws.com"}
    }


# --- all of them -----------------------------------------------------------------------------

EVERYBODY = ("--deploy", "--function", *AN_ACCOUNT)


@pytest.mark.parametrize("whose", EVERYBODY)
def test_every_action_exists(whose: str) -> None:
    """In the service authorization reference, as cfn-lint ships it."""
    said = actions(statements(whose, *ROLES).values())

    assert {action for action in said if action.lower() not in iam_actions()} == set()


@pytest.mark.parametrize("whose", EVERYBODY)
def test_several_roles_make_one_document_without_duplicates(whose: str) -> None:
    """What they share is said once, and an order of roles is kept."""
    together = statements(whose, *ROLES)

    apart: dict[str, Statement] = {}
    for short in ROLES:
        apart |= statements(whose, short)
    assert together == apart
    assert len({json.dumps(each) for each in together.values()}) == len(together)
    assert statements(whose, "ivs", "IVS", "ivs.amazonaws.com") == statements(whose, "ivs")


@pytest.mark.parametrize("whose", EVERYBODY)
def test_a_sid_has_letters_and_digits_alone(whose: str) -> None:
    """IAM takes no others."""
    assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in statements(whose, *ROLES))


@pytest.mark.parametrize("whose", EVERYBODY)
def test_unless_told_otherwise_every_account_and_region_is_meant(whose: str) -> None:
    """A star stands where the option would be."""
    said = statements(whose, "mediatailor")

    places = {
        tuple(arn.split(":")[3:5])
        for each in said.values()
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
def test_fails_when_it_is_not_said_for_whom(flags: list[str], got: str) -> None:
    """They are never one document: they are for different principals."""
    result = run("ivs", *flags)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        "slr-constructs: policy needs one of --deploy, --function, --audit, --release, --restore,"
        f" got {got}\n"
    )


def test_fails_when_no_role_is_named() -> None:
    """The sentence says which there are."""
    result = run("--deploy")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        "slr-constructs: policy needs a ROLE, or several: chime-voice-connector, chime-messaging,"
        " chime-messaging-legacy, ivs-record-to-s3, mediatailor, mediapackage\n"
    )


def test_fails_when_a_role_is_unknown() -> None:
    """Nothing is printed for those that are known."""
    result = run("--function", "ivs", "mediatailr")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        "slr-constructs: no role is called 'mediatailr': did you mean mediatailor?\n"
    )


def test_fails_when_cfn_lint_is_older_than_a_resource_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its schemas are those of the day of its release."""
    command = importlib.import_module("slr_constructs.policies.of_deployment")
    monkeypatch.setattr(command, "_NATIVE_ROLE", "AWS::IAM::NotYet")

    result = run("--deploy", "ivs")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        "slr-constructs: the cfn-lint that is installed has no schema of AWS::IAM::NotYet:"
        " update it\n"
    )
