"""Policies that are too permissive, and policies without findings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import aws_iam

from slr_constructs import ServiceLinkedRole, catalogue
from slr_constructs.guard.rules.create_service_linked_role_anywhere import RULE, findings
from tests.templates.apps import plain, stack_of

if TYPE_CHECKING:
    from aws_cdk import Stack

ACTION = "iam:CreateServiceLinkedRole"
IVS = "arn:aws:iam::*:role/aws-service-role/ivs.amazonaws.com/*"
FOR_IVS = {"StringLike": {"iam:AWSServiceName": "ivs.amazonaws.com"}}


def statement(**parts: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a statement
    """Return a statement that is too permissive, with some parts replaced."""
    return {"Effect": "Allow", "Action": ACTION, "Resource": "*"} | parts


def found(body: dict[str, Any]) -> list[str]:
    """Return the locations of the findings about a resource."""
    return [each.location for each in findings(plain(Policy=body))]


def policy(*statements: object) -> dict[str, Any]:
    """Return a policy resource."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": document}}


def test_the_finding_names_the_policy() -> None:
    """The location is the policy document."""
    (finding,) = findings(plain(Policy=policy(statement())))

    assert finding.rule is RULE
    assert finding.text == "`Policy` allows `iam:CreateServiceLinkedRole` for every service"
    assert (finding.resource, finding.location) == ("Policy", "Properties/PolicyDocument")


@pytest.mark.parametrize(
    "parts",
    [
        {"Action": "IAM:createservicelinkedrole"},
        {"Action": ["s3:GetObject", ACTION]},
        {"Action": "iam:Create*"},
        {"Action": "iam:*ServiceLinked*"},
        {"Action": "iam:CreateServiceLinkedRol?"},
        {"Action": {"Fn::If": ["A", "iam:GetRole", [ACTION]]}},
        {"Resource": ["arn:aws:s3:::a", "*"]},
        {"Resource": "arn:aws:iam::*:role/*"},
        {"Resource": "arn:aws:iam::111122223333:role/aws-service-role/*"},
        {"Resource": "arn:*:iam::*:role/aws-service-role/*/AWSServiceRoleFor*"},
        {"Resource": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*"}},
        {"Resource": {"Fn::Sub": ["arn:${P}:iam::${AWS::AccountId}:role/*", {"P": "aws"}]}},
        {
            "Resource": {
                "Fn::Join": [
                    ":",
                    ["arn", {"Ref": "AWS::Partition"}, "iam:", {"Ref": "A"}, "role/*"],
                ]
            }
        },
        {"Resource": {"Fn::If": ["A", IVS, "*"]}},
        {"Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}},
        {"Condition": {"StringLike": {"iam:AWSServiceName": "*"}}},
        {"Condition": {"StringLike": {"iam:AWSServiceName": ["ivs.amazonaws.com", "*"]}}},
        {"Condition": {"StringLike": {"iam:AWSServiceName": "*.amazonaws.com"}}},
        {"Condition": {"StringLikeIfExists": {"iam:AWSServiceName": "?*.amazonaws.???"}}},
        {"Condition": {"ForAnyValue:StringLike": {"iam:AWSServiceName": ["*.amazon*"]}}},
        {"Condition": {"StringLike": {"iam:AWSServiceName": {"Fn::Sub": "*.${AWS::URLSuffix}"}}}},
        {
            "Condition": {
                "StringLike": {
                    "iam:AWSServiceName": {"Fn::Join": ["", ["*.", {"Ref": "AWS::URLSuffix"}]]}
                }
            }
        },
        {"Condition": {"StringNotEquals": {"iam:AWSServiceName": "ivs.amazonaws.com"}}},
        {"Condition": {"StringNotLike": {"iam:AWSServiceName": ["ivs.*", "ecs.*"]}}},
        {"Condition": {"ForAllValues:StringNotEqualsIgnoreCase": {"iam:AWSServiceName": "a"}}},
        {"Condition": {"Null": {"iam:AWSServiceName": "false"}}},
    ],
    ids=str,
)
def test_a_policy_for_every_service_is_found(parts: dict[str, Any]) -> None:
    """The statement may have many forms."""
    assert found(policy(statement(**parts))) == ["Properties/PolicyDocument"]


@pytest.mark.parametrize(
    "parts",
    [
        {"Effect": "Deny"},
        {"Effect": {"Ref": "Effect"}},
        {"Action": "iam:GetRole"},
        {"Action": {"Ref": "Action"}},
        # a policy for administrators
        {"Action": "*"},
        {"Action": "iam:*"},
        {"Action": [ACTION, "iam:*"]},
        {"Action": None, "NotAction": "organizations:*"},
        {"Resource": IVS},
        # brackets are not special in IAM patterns
        {"Resource": "[a]*"},
        {"Resource": "arn:aws:iam::*:role/aws-service-role/*/AWSServiceRoleForIVSRecordToS3"},
        {"Resource": "arn:aws:iam::*:policy/*"},
        {"Resource": {"Ref": "Role"}},
        {"Resource": {"Fn::GetAtt": ["Role", "Arn"]}},
        {"Resource": {"Fn::Sub": "arn:aws:iam::*:role/aws-service-role/${Service}/*"}},
        {"Resource": {"Fn::Sub": "arn:aws:iam::*:role/${!Literal}/*"}},
        {"Resource": {"Fn::Sub": [1]}},
        {"Resource": {"Fn::Join": ["/", {"Ref": "Parts"}]}},
        {"Resource": {"Fn::Join": [{"Ref": "Delimiter"}, ["*"]]}},
        {"Resource": {"Fn::Join": ["*"]}},
        {"Resource": 1},
        {"Resource": None, "NotResource": IVS},
        {"Condition": FOR_IVS},
        {"Condition": {"StringEquals": {"IAM:awsServiceName": ["ivs.amazonaws.com"]}}},
        {"Condition": {"ForAnyValue:StringLike": {"iam:AWSServiceName": {"Ref": "Service"}}}},
        {"Condition": {"StringLike": {"iam:AWSServiceName": "a*.amazonaws.com"}}},
        {"Condition": {"StringLike": {"iam:AWSServiceName": "*.chime.amazonaws.com"}}},
        {"Condition": {"StringLike": {"iam:AWSServiceName": {"Fn::Sub": "${A}.amazonaws.com"}}}},
        {
            "Condition": {
                "StringLike": {"iam:AWSServiceName": "ivs.*"},
                "StringNotLike": {"iam:AWSServiceName": "ecs.*"},
            }
        },
        {"Resource": "arn:aws:iam::*:role/aws-service-role/a*"},
        {"Condition": {"Fn::If": ["A", FOR_IVS, {"Ref": "AWS::NoValue"}]}},
        {"Condition": ["?"]},
    ],
    ids=str,
)
def test_other_statements_have_no_findings(parts: dict[str, Any]) -> None:
    """They name a role or a service, may do so, or are for administrators."""
    assert found(policy(statement(**parts))) == []


DOCUMENT = {"Statement": statement()}
NAMED = [{"PolicyName": "a", "PolicyDocument": DOCUMENT}]


@pytest.mark.parametrize(
    ("kind", "properties", "location"),
    [
        *(
            (f"AWS::IAM::{kind}", {"PolicyDocument": DOCUMENT}, "PolicyDocument")
            for kind in ("Policy", "ManagedPolicy", "RolePolicy", "UserPolicy", "GroupPolicy")
        ),
        *(
            (f"AWS::IAM::{kind}", {"Policies": NAMED}, "Policies")
            for kind in ("Role", "User", "Group")
        ),
        ("AWS::SSO::PermissionSet", {"InlinePolicy": DOCUMENT}, "InlinePolicy"),
        ("AWS::SSO::PermissionSet", {"InlinePolicy": json.dumps(DOCUMENT)}, "InlinePolicy"),
        ("AWS::Serverless::Function", {"Policies": DOCUMENT}, "Policies"),
        (
            "AWS::Serverless::Function",
            {"Policies": ["AWSXrayWriteOnlyAccess", DOCUMENT]},
            "Policies",
        ),
        (
            "AWS::IAM::Role",
            {"Policies": {"Fn::If": ["A", NAMED, {"Ref": "AWS::NoValue"}]}},
            "Policies",
        ),
    ],
    ids=str,
)
def test_every_property_with_policies_is_checked(
    kind: str, properties: dict[str, Any], location: str
) -> None:
    """The location is the property."""
    assert found({"Type": kind, "Properties": properties}) == [f"Properties/{location}"]


@pytest.mark.parametrize(
    "body",
    [
        {"Type": "AWS::IAM::Policy"},
        {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": 1}},
        {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": {"Statement": ["?", None]}}},
        {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": {"Fn::If": "?"}}},
        {"Type": "AWS::SSO::PermissionSet", "Properties": {"InlinePolicy": "[1]"}},
        {"Type": "AWS::SSO::PermissionSet", "Properties": {"InlinePolicy": "{"}},
        {"Type": "AWS::SSO::PermissionSet", "Properties": {"InlinePolicy": "[" * 100_000}},
        # a bucket policy does not allow anything on roles
        {"Type": "AWS::S3::BucketPolicy", "Properties": {"PolicyDocument": DOCUMENT}},
    ],
    ids=lambda body: str(body)[:80],
)
def test_invalid_and_other_policies_have_no_findings(body: dict[str, Any]) -> None:
    """The check does not raise."""
    assert found(body) == []


def test_many_wildcards_are_matched_fast() -> None:
    """The pattern does not backtrack."""
    assert found(policy(statement(Resource="*a" * 40 + "!"))) == []


def test_the_constructs_allow_only_their_roles() -> None:
    """The permissions of the function and `grant_create` have no findings."""

    def define(stack: Stack) -> None:
        role = ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR)
        role.grant_create(aws_iam.User(stack, "User"))

    assert list(findings(stack_of(define))) == []


def test_a_policy_of_a_cdk_construct_is_found() -> None:
    """The finding contains its construct path."""

    def define(stack: Stack) -> None:
        role = aws_iam.Role(
            stack, "Deployer", assumed_by=aws_iam.ServicePrincipal("codebuild.amazonaws.com")
        )
        role.add_to_policy(aws_iam.PolicyStatement(actions=[ACTION], resources=["*"]))

    (finding,) = findings(stack_of(define))

    assert finding.text.startswith("`Deployer/DefaultPolicy/Resource` allows")
