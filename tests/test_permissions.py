"""The permissions that the constructs and the command line share."""

from __future__ import annotations

from aws_cdk import Stack, aws_iam

from slr_constructs import ServiceLinkedRole, catalogue
from slr_constructs import _permissions as permissions
from slr_constructs._permissions import Permission
from slr_constructs.catalogue import RoleDefinition
from slr_constructs.testing import template_of
from tests.features.graph import properties_of

ROLE = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"


def test_a_permission_is_rendered_as_cdk_minimizes_it() -> None:
    """A single value is a string, several values are a list, and actions are sorted."""
    assert Permission(actions=["b:B", "a:A"], resources=["one"]).render() == {
        "Effect": "Allow",
        "Action": ["a:A", "b:B"],
        "Resource": "one",
    }
    assert Permission(
        actions=["a:A"], resources=["one", "two"], condition={"Bool": {}}
    ).render() == {
        "Effect": "Allow",
        "Action": "a:A",
        "Resource": ["one", "two"],
        "Condition": {"Bool": {}},
    }


def test_a_role_is_created_only_for_its_service() -> None:
    """The statement names the service in a condition, in addition to the ARN."""
    own = RoleDefinition("AWSServiceRoleForX", "x.amazonaws.com")

    (permission,) = permissions.create_role(own, ROLE)

    assert permission.render() == {
        "Effect": "Allow",
        "Action": "iam:CreateServiceLinkedRole",
        "Resource": ROLE,
        "Condition": {"StringEquals": {"iam:AWSServiceName": "x.amazonaws.com"}},
    }


def test_a_role_that_iam_no_longer_creates_needs_no_permission() -> None:
    """IAM would create another role for the same principal."""
    assert permissions.create_role(catalogue.CHIME_MESSAGING_LEGACY, ROLE) == []


def test_grants_are_those_of_the_user_guide(stack: Stack) -> None:
    """The three grants have exactly the three permissions for people and pipelines."""
    role = ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR)
    people = aws_iam.Group(stack, "People")
    for grant in (role.grant_create, role.grant_edit, role.grant_delete):
        grant(people)

    document = properties_of(template_of(stack), "AWS::IAM::Policy")["PolicyDocument"]
    expected = [
        *permissions.allow_create(catalogue.MEDIATAILOR, role.role_arn),
        permissions.allow_edit(role.role_arn),
        permissions.allow_delete(role.role_arn),
    ]
    assert document["Statement"] == stack.resolve([permission.render() for permission in expected])
