"""The rights that the constructs and the command line both ask for."""

from __future__ import annotations

import pytest
from aws_cdk import Stack, aws_iam

from slr_constructs import ServiceLinkedRole, catalogue, rights
from slr_constructs.catalogue import RoleDefinition
from slr_constructs.rights import Right
from slr_constructs.testing import template_of
from tests.features.graph import properties_of
from tests.published import iam_actions

ROLE = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
EVERY_RIGHT = {
    "write_own_log": rights.write_own_log("arn"),
    "create_role": rights.create_role(catalogue.MEDIATAILOR, "arn")[0],
    "hold_role": rights.hold_role("arn", "arn"),
    "stream_voice_connector": rights.stream_voice_connector("arn"),
    "stream_app_instance": rights.stream_app_instance("arn"),
    "write_to_streams": rights.write_to_streams("arn"),
    "encrypt_for_streams": rights.encrypt_for_streams("arn"),
    "record_ivs_channel": rights.record_ivs_channel("arn"),
    "log_sessions": rights.log_sessions("arn"),
    "log_as_run": rights.log_as_run("arn"),
    "keep_events": rights.keep_events("arn"),
    "log_live_channel": rights.log_live_channel("arn"),
    "log_packaging_group": rights.log_packaging_group("arn"),
    "let_create": rights.let_create(catalogue.MEDIATAILOR, "arn")[0],
    "let_create, policies": rights.let_create(catalogue.MEDIATAILOR, "arn")[1],
    "let_edit": rights.let_edit("arn"),
    "let_delete": rights.let_delete("arn"),
    "find_role": rights.find_role("arn", "arn"),
    "find_regions": rights.find_regions(),
    "find_stacks": rights.find_stacks(),
    "look_up_stacks": rights.look_up_stacks(),
    "find_by_lists": rights.find_by_lists("ivs:ListChannels"),
    "look_at_voice_connectors": rights.look_at_voice_connectors("arn"),
    "look_at_app_instances": rights.look_at_app_instances("arn"),
    "look_at_ivs": rights.look_at_ivs("arn", "arn"),
    "look_at_mediatailor": rights.look_at_mediatailor("arn", "arn"),
    "look_at_mediapackage": rights.look_at_mediapackage("arn", "arn"),
    "stop_voice_connectors": rights.stop_voice_connectors("arn"),
    "stop_app_instances": rights.stop_app_instances("arn"),
    "point_ivs_channels": rights.point_ivs_channels("arn"),
    "delete_recording_configurations": rights.delete_recording_configurations("arn"),
    "let_go_of_role": rights.let_go_of_role("arn"),
    "put_back_role": rights.put_back_role("arn"),
    "start_voice_connectors": rights.start_voice_connectors("arn", "arn"),
    "start_app_instances": rights.start_app_instances("arn"),
    "make_recording_configurations": rights.make_recording_configurations("arn"),
    "record_to_buckets": rights.record_to_buckets("arn"),
}


def test_a_right_is_rendered_as_cdk_minimizes_it() -> None:
    """One thing stands alone, many stand in a list, and actions are sorted."""
    assert Right(actions=["b:B", "a:A"], resources=["one"]).render() == {
        "Effect": "Allow",
        "Action": ["a:A", "b:B"],
        "Resource": "one",
    }
    assert Right(actions=["a:A"], resources=["one", "two"], condition={"Bool": {}}).render() == {
        "Effect": "Allow",
        "Action": "a:A",
        "Resource": ["one", "two"],
        "Condition": {"Bool": {}},
    }


def test_every_right_is_tested() -> None:
    """What the module defines is what the next test asks about."""
    defined = {
        name
        for name, each in vars(rights).items()
        if getattr(each, "__module__", "") == rights.__name__ and name.islower() and name[0] != "_"
    }

    assert defined == {name.partition(",")[0] for name in EVERY_RIGHT}


@pytest.mark.parametrize("right", EVERY_RIGHT.values(), ids=EVERY_RIGHT)
def test_every_action_exists(right: Right) -> None:
    """In the service authorization reference, as cfn-lint ships it."""
    assert {action.lower() for action in right.actions} <= iam_actions()


def test_a_role_is_made_for_its_service_alone() -> None:
    """The condition names it, beside the ARN."""
    own = RoleDefinition("AWSServiceRoleForX", "x.amazonaws.com")

    (right,) = rights.create_role(own, ROLE)

    assert right.render() == {
        "Effect": "Allow",
        "Action": "iam:CreateServiceLinkedRole",
        "Resource": ROLE,
        "Condition": {"StringEquals": {"iam:AWSServiceName": "x.amazonaws.com"}},
    }


def test_nobody_makes_a_role_that_iam_makes_no_longer() -> None:
    """IAM would make another one for the same principal."""
    assert rights.create_role(catalogue.CHIME_MESSAGING_LEGACY, ROLE) == []


def test_a_grant_says_what_the_user_guide_says(stack: Stack) -> None:
    """The three grants are the three rights for people and pipelines, and nothing else."""
    role = ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR)
    people = aws_iam.Group(stack, "People")
    for grant in (role.grant_create, role.grant_edit, role.grant_delete):
        grant(people)

    document = properties_of(template_of(stack), "AWS::IAM::Policy")["PolicyDocument"]
    said = [
        *rights.let_create(catalogue.MEDIATAILOR, role.role_arn),
        rights.let_edit(role.role_arn),
        rights.let_delete(role.role_arn),
    ]
    assert document["Statement"] == stack.resolve([right.render() for right in said])
