"""The permissions that the constructs and the command line share."""

from __future__ import annotations

import pytest
from aws_cdk import Stack, aws_iam

from slr_constructs import ServiceLinkedRole, catalogue, permissions
from slr_constructs.catalogue import RoleDefinition
from slr_constructs.permissions import Permission
from slr_constructs.testing import template_of
from tests.features.graph import properties_of
from tests.published import iam_actions

ROLE = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
EVERY_PERMISSION = {
    "write_own_log": permissions.write_own_log("arn"),
    "create_role": permissions.create_role(catalogue.MEDIATAILOR, "arn")[0],
    "acquire_role": permissions.acquire_role("arn", "arn"),
    "stream_voice_connector": permissions.stream_voice_connector("arn"),
    "stream_app_instance": permissions.stream_app_instance("arn"),
    "write_to_streams": permissions.write_to_streams("arn"),
    "encrypt_for_streams": permissions.encrypt_for_streams("arn"),
    "record_ivs_channel": permissions.record_ivs_channel("arn"),
    "log_sessions": permissions.log_sessions("arn"),
    "log_as_run": permissions.log_as_run("arn"),
    "set_log_retention": permissions.set_log_retention("arn"),
    "log_live_channel": permissions.log_live_channel("arn"),
    "log_packaging_group": permissions.log_packaging_group("arn"),
    "allow_create": permissions.allow_create(catalogue.MEDIATAILOR, "arn")[0],
    "allow_create, policies": permissions.allow_create(catalogue.MEDIATAILOR, "arn")[1],
    "allow_edit": permissions.allow_edit("arn"),
    "allow_delete": permissions.allow_delete("arn"),
    "find_role": permissions.find_role("arn", "arn"),
    "find_regions": permissions.find_regions(),
    "find_stacks": permissions.find_stacks(),
    "describe_stacks_of_leases": permissions.describe_stacks_of_leases(),
    "find_by_lists": permissions.find_by_lists("ivs:ListChannels"),
    "describe_voice_connectors": permissions.describe_voice_connectors("arn"),
    "describe_app_instances": permissions.describe_app_instances("arn"),
    "describe_ivs": permissions.describe_ivs("arn", "arn"),
    "describe_mediatailor": permissions.describe_mediatailor("arn", "arn"),
    "describe_mediapackage": permissions.describe_mediapackage("arn", "arn"),
    "remove_voice_connectors": permissions.remove_voice_connectors("arn"),
    "remove_app_instances": permissions.remove_app_instances("arn"),
    "update_ivs_channels": permissions.update_ivs_channels("arn"),
    "delete_recording_configurations": permissions.delete_recording_configurations("arn"),
    "release_role": permissions.release_role("arn"),
    "restore_role": permissions.restore_role("arn"),
    "configure_voice_connectors": permissions.configure_voice_connectors("arn", "arn"),
    "configure_app_instances": permissions.configure_app_instances("arn"),
    "create_recording_configurations": permissions.create_recording_configurations("arn"),
    "record_to_buckets": permissions.record_to_buckets("arn"),
}


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


def test_every_permission_is_tested() -> None:
    """The next test covers all functions of the module."""
    defined = {
        name
        for name, each in vars(permissions).items()
        if getattr(each, "__module__", "") == permissions.__name__
        and name.islower()
        and name[0] != "_"
    }

    assert defined == {name.partition(",")[0] for name in EVERY_PERMISSION}


@pytest.mark.parametrize("permission", EVERY_PERMISSION.values(), ids=EVERY_PERMISSION)
def test_every_action_exists(permission: Permission) -> None:
    """Every action is in the service authorization reference that cfn-lint ships."""
    assert {action.lower() for action in permission.actions} <= iam_actions()


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
