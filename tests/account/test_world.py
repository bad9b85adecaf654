"""Responses of the fake services that the other tests do not show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from slr_constructs import catalogue
from tests.account.conftest import ACCOUNT

if TYPE_CHECKING:
    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.world import World

MEDIATAILOR = catalogue.MEDIATAILOR
NAME = MEDIATAILOR.role_name
ONE_TRY = Config(retries={"total_max_attempts": 1})


@pytest.fixture
def account(world: World) -> FakeAccount:
    """Return the account of the calls."""
    return world.account(ACCOUNT)


def _client(service: str, region: str = "us-east-1") -> Any:  # noqa: ANN401
    return boto3.client(service, region_name=region, config=ONE_TRY)


def _refused(call: Any, **parameters: Any) -> tuple[int, str, str]:  # noqa: ANN401
    """Return the status, code and text of an error."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    error = answer["Error"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("get_role", {}),
        ("list_attached_role_policies", {}),
        ("list_role_policies", {}),
        ("tag_role", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("untag_role", {"TagKeys": ["a"]}),
        ("update_role_description", {"Description": "new"}),
        ("delete_service_linked_role", {}),
    ],
)
@pytest.mark.usefixtures("world")
def test_a_role_that_does_not_exist_is_no_such_entity(
    method: str, parameters: dict[str, Any]
) -> None:
    """For every operation on a role."""
    refused = _refused(getattr(_client("iam"), method), RoleName=NAME, **parameters)
    assert refused == (404, "NoSuchEntity", f"The role with name {NAME} cannot be found.")


def test_a_deletion_is_in_progress_first_and_then_done(account: FakeAccount) -> None:
    """Repeated requests return the same task, and the role exists until the task ends."""
    account.add_role(MEDIATAILOR)
    account.in_use_polls = 2
    iam = _client("iam")
    task = iam.delete_service_linked_role(RoleName=NAME)["DeletionTaskId"]
    assert task.startswith(f"task{MEDIATAILOR.path}{NAME}/")
    assert iam.delete_service_linked_role(RoleName=NAME)["DeletionTaskId"] == task
    poll = iam.get_service_linked_role_deletion_status
    for _ in range(2):
        assert poll(DeletionTaskId=task)["Status"] == "IN_PROGRESS"
        assert NAME in account.roles
    assert poll(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    assert NAME not in account.roles


@pytest.mark.usefixtures("world")
def test_an_unknown_deletion_is_no_such_entity() -> None:
    """The task does not exist."""
    call = _client("iam").get_service_linked_role_deletion_status
    assert _refused(call, DeletionTaskId="task/none")[:2] == (404, "NoSuchEntity")


def test_a_stack_is_found_by_name_and_by_id_in_its_region(account: FakeAccount) -> None:
    """A deleted stack is found only by its id."""
    here = account.add_stack("app", "eu-west-1")
    deleted = account.add_stack("deleted", "eu-west-1", status="DELETE_COMPLETE")
    describe = _client("cloudformation", "eu-west-1").describe_stacks
    for parameters in ("app", here):
        stack = describe(StackName=parameters)["Stacks"][0]
        assert (stack["StackId"], stack["StackStatus"]) == (here, "CREATE_COMPLETE")
    assert describe(StackName=deleted)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    text = "Stack with id deleted does not exist"
    assert _refused(describe, StackName="deleted") == (400, "ValidationError", text)
    elsewhere = _client("cloudformation").describe_stacks
    assert _refused(elsewhere, StackName=here)[1] == "ValidationError"


def test_stacks_are_listed_in_pages(account: FakeAccount, world: World) -> None:
    """Those of the region that are not deleted."""
    for number in range(3):
        account.add_stack(f"app-{number}", "us-east-1")
    account.add_stack("deleted", "us-east-1", status="DELETE_COMPLETE")
    world.page_size = 2
    pages = [*_client("cloudformation").get_paginator("describe_stacks").paginate()]
    assert [[stack["StackName"] for stack in page["Stacks"]] for page in pages] == [
        ["app-0", "app-1"],
        ["app-2"],
    ]


def test_the_stack_of_a_resource_is_found_by_its_physical_id(account: FakeAccount) -> None:
    """All resources of the stack are returned. A resource without a stack is an error."""
    resources = [
        ("Live", "AWS::MediaPackage::Channel", "live"),
        ("Vod", "AWS::MediaPackage::PackagingGroup", "vod"),
    ]
    stack = account.add_stack("app", "us-east-1", resources=resources)
    describe = _client("cloudformation").describe_stack_resources
    for parameters in ({"PhysicalResourceId": "live"}, {"StackName": "app"}):
        returned = [
            (each["StackId"], each["LogicalResourceId"], each["ResourceType"])
            for each in describe(**parameters)["StackResources"]
        ]
        assert returned == [(stack, *each[:2]) for each in resources]
    text = "Stack for none does not exist"
    assert _refused(describe, PhysicalResourceId="none") == (400, "ValidationError", text)


@pytest.mark.parametrize(
    ("service", "method", "action", "code"),
    [
        ("cloudformation", "describe_stacks", "cloudformation:DescribeStacks", "AccessDenied"),
        ("ivs", "list_channels", "ivs:ListChannels", "AccessDeniedException"),
        ("mediapackage", "list_channels", "mediapackage:ListChannels", "ForbiddenException"),
        (
            "chime-sdk-voice",
            "list_voice_connectors",
            "chime:ListVoiceConnectors",
            "ForbiddenException",
        ),
    ],
)
def test_a_denied_action_has_the_error_of_the_service(
    service: str, method: str, action: str, code: str, world: World
) -> None:
    """The text names the caller and the action."""
    world.account(ACCOUNT).denied.add(action)
    status, given, text = _refused(getattr(_client(service), method))
    assert (status, given) == (403, code)
    assert text.startswith(
        f"User: arn:aws:iam::{ACCOUNT}:user/operator is not authorized to perform: {action} on"
    )


@pytest.mark.parametrize(
    ("service", "method"),
    [("iam", "list_users"), ("sts", "get_session_token"), ("ivs", "list_stream_keys")],
)
@pytest.mark.usefixtures("world")
def test_an_operation_that_is_not_implemented_says_so(service: str, method: str) -> None:
    """No response is invented."""
    needed = {"channelArn": f"arn:aws:ivs:us-east-1:{ACCOUNT}:channel/a"}
    parameters = needed if service == "ivs" else {}
    refused = _refused(getattr(_client(service), method), **parameters)
    assert refused[1] == "UnknownOperationException"


@pytest.mark.usefixtures("world")
def test_parameters_that_the_model_does_not_allow_are_refused() -> None:
    """Also those that botocore itself accepts."""
    refused = _refused(_client("mediatailor").list_channels, MaxResults=101)
    assert refused[:2] == (400, "BadRequestException")
