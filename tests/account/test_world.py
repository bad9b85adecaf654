"""The fake services respond to boto3 like AWS: error codes, texts, pages and types."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from slr_constructs import catalogue
from tests.account.conftest import ACCOUNT
from tests.fake_services import features
from tests.fake_services.wire import Call, Refused

if TYPE_CHECKING:
    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.features import Kind
    from tests.fake_services.world import World

OTHER = "444455556666"
MEDIATAILOR = catalogue.MEDIATAILOR
NAME = MEDIATAILOR.role_name
ONE_TRY = Config(retries={"total_max_attempts": 1})


@pytest.fixture
def account(world: World) -> FakeAccount:
    """Return the account of the calls."""
    return world.account(ACCOUNT)


def _client(service: str, region: str = "us-east-1", **settings: Any) -> Any:  # noqa: ANN401
    return boto3.client(service, region_name=region, config=ONE_TRY, **settings)


def _keys(access_key: str) -> dict[str, str]:
    return dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), access_key)


def _refused(call: Any, **parameters: Any) -> tuple[int, str, str]:  # noqa: ANN401
    """Return the status, code and text of an error."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    error = answer["Error"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


# IAM


def test_a_role_is_returned_with_all_properties(account: FakeAccount) -> None:
    """Dates are dates; description, last use and tags are those of the role."""
    used = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    created = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    account.add_role(
        MEDIATAILOR,
        description="logs & <more>",
        tags={"team": "video"},
        created=created,
        last_used=(used, "eu-west-1"),
    )
    role = _client("iam").get_role(RoleName=NAME)["Role"]
    assert role["CreateDate"] == created
    assert role["Description"] == "logs & <more>"
    assert role["RoleLastUsed"] == {"LastUsedDate": used, "Region": "eu-west-1"}
    assert role["Tags"] == [{"Key": "team", "Value": "video"}]
    assert role["Arn"] == MEDIATAILOR.arn(partition="aws", account=ACCOUNT)
    statement = role["AssumeRolePolicyDocument"]["Statement"][0]
    assert statement["Principal"] == {"Service": MEDIATAILOR.service_principal}


def test_a_role_without_description_and_tags_has_no_such_members(account: FakeAccount) -> None:
    """The last use is present and empty."""
    account.add_role(MEDIATAILOR)
    role = _client("iam").get_role(RoleName=NAME)["Role"]
    assert not {"Description", "Tags"} & role.keys()
    assert not role["RoleLastUsed"]


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


def test_policies_are_listed_in_pages(account: FakeAccount, world: World) -> None:
    """The catalogue's policy is attached, and inline policies are listed."""
    account.add_role(MEDIATAILOR, inline=["a", "b", "c"])
    world.page_size = 2
    iam = _client("iam")
    attached = iam.list_attached_role_policies(RoleName=NAME)["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == [MEDIATAILOR.managed_policy]
    pages = [*iam.get_paginator("list_role_policies").paginate(RoleName=NAME)]
    assert [page["PolicyNames"] for page in pages] == [["a", "b"], ["c"]]


def test_tags_and_the_description_change(account: FakeAccount) -> None:
    """Added tags exist, and removed tags do not."""
    role = account.add_role(MEDIATAILOR, tags={"old": "1"})
    iam = _client("iam")
    iam.tag_role(RoleName=NAME, Tags=[{"Key": "new", "Value": "2"}])
    iam.untag_role(RoleName=NAME, TagKeys=["old", "never"])
    iam.update_role_description(RoleName=NAME, Description="said")
    assert (role.tags, role.description) == ({"new": "2"}, "said")


def test_a_role_has_50_tags_at_most(account: FakeAccount) -> None:
    """A 51st tag is refused, and a new value of an existing tag is not."""
    account.add_role(MEDIATAILOR, tags={str(number): "" for number in range(50)})
    iam = _client("iam")
    iam.tag_role(RoleName=NAME, Tags=[{"Key": "0", "Value": "again"}])
    refused = _refused(iam.tag_role, RoleName=NAME, Tags=[{"Key": "one", "Value": ""}])
    assert refused[:2] == (409, "LimitExceeded")


def test_iam_creates_a_role_once(account: FakeAccount) -> None:
    """The second time its name is taken."""
    iam = _client("iam")
    parameters = {"AWSServiceName": MEDIATAILOR.service_principal, "Description": "created"}
    created = iam.create_service_linked_role(**parameters)["Role"]
    assert created["CreateDate"] - datetime.now(UTC) < timedelta(minutes=1)
    assert account.roles[NAME].description == "created"
    text = (
        f"Service role name {NAME} has been taken in this account, please try a different suffix."
    )
    assert _refused(iam.create_service_linked_role, **parameters) == (400, "InvalidInput", text)


@pytest.mark.parametrize(
    "principal", [catalogue.IVS_RECORD_TO_S3.service_principal, "unheard-of.amazonaws.com"]
)
@pytest.mark.usefixtures("world")
def test_iam_does_not_create_every_role(principal: str) -> None:
    """It refuses roles that only their service creates, and unknown principals."""
    refused = _refused(_client("iam").create_service_linked_role, AWSServiceName=principal)
    assert refused[:2] == (400, "InvalidInput")


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


def test_a_role_in_use_is_not_deleted(account: FakeAccount, world: World) -> None:
    """The deletion fails and lists the usages."""
    account.add_role(MEDIATAILOR)
    logs = {"LogConfiguration": {"PercentEnabled": 10}}
    target = world.features.add(features.PLAYBACK_CONFIGURATION, ACCOUNT, "eu-west-1", "ads", logs)
    account.in_use_polls = 0
    iam = _client("iam")
    task = iam.delete_service_linked_role(RoleName=NAME)["DeletionTaskId"]
    answer = iam.get_service_linked_role_deletion_status(DeletionTaskId=task)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"]["RoleUsageList"] == [{"Region": "eu-west-1", "Resources": [target.arn]}]
    assert NAME in account.roles


def test_a_planned_failure_of_a_deletion_happens_once(account: FakeAccount) -> None:
    """After the task has ended, a new one can start."""
    account.add_role(MEDIATAILOR)
    account.in_use_polls = 0
    account.failing_deletions.append({"Reason": "try again later"})
    iam = _client("iam")
    said = []
    for _ in range(2):
        task = iam.delete_service_linked_role(RoleName=NAME)["DeletionTaskId"]
        answer = iam.get_service_linked_role_deletion_status(DeletionTaskId=task)
        said.append((answer["Status"], answer.get("Reason", {}).get("Reason")))
    assert said == [("FAILED", "try again later"), ("SUCCEEDED", None)]


@pytest.mark.usefixtures("world")
def test_an_unknown_deletion_is_no_such_entity() -> None:
    """The task does not exist."""
    call = _client("iam").get_service_linked_role_deletion_status
    assert _refused(call, DeletionTaskId="task/none")[:2] == (404, "NoSuchEntity")


# CloudFormation


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


# STS, Organizations and Account Management


def test_the_caller_is_identified_by_the_access_key(world: World) -> None:
    """The account of the environment, and that of the credentials of a client."""
    world.account(OTHER)
    assert _client("sts").get_caller_identity()["Account"] == ACCOUNT
    other = _client("sts", **_keys(OTHER))
    assert other.get_caller_identity()["Arn"] == f"arn:aws:iam::{OTHER}:user/operator"


def test_a_role_is_assumed_in_another_account(world: World) -> None:
    """Its credentials are for that account, and expire in an hour."""
    world.account(OTHER).assumable.add("audit")
    world.account(OTHER).add_role(MEDIATAILOR)
    answer = _client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{OTHER}:role/path/audit", RoleSessionName="me"
    )
    credentials = answer["Credentials"]
    left = credentials["Expiration"] - datetime.now(UTC)
    assert timedelta(minutes=59) < left < timedelta(minutes=61)
    keys = {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }
    assert _client("iam", **keys).get_role(RoleName=NAME)["Role"]["RoleName"] == NAME
    caller = _client("sts", **keys).get_caller_identity()["Arn"]
    assert caller == f"arn:aws:sts::{OTHER}:assumed-role/audit/me"


def test_a_role_without_trust_is_not_assumed(world: World) -> None:
    """The call is denied, as for a role that does not exist."""
    world.account(OTHER)
    parameters = {"RoleArn": f"arn:aws:iam::{OTHER}:role/audit", "RoleSessionName": "me"}
    status, code, text = _refused(_client("sts").assume_role, **parameters)
    assert (status, code) == (403, "AccessDenied")
    assert "is not authorized to perform: sts:AssumeRole on resource:" in text


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("service", "method", "code"),
    [
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("ivs", "list_channels", "UnrecognizedClientException"),
    ],
)
def test_an_unknown_access_key_is_refused(service: str, method: str, code: str) -> None:
    """With the error of the protocol."""
    client = _client(service, **_keys("unknown"))
    assert _refused(getattr(client, method))[:2] == (403, code)


def test_accounts_of_the_organization_are_listed_in_pages(world: World) -> None:
    """Twenty on a page, only members."""
    for number in range(24):
        world.account(str(444455556666 + number), f"team {number}")
    world.account("999999999999", organization=False)
    pages = [*_client("organizations").get_paginator("list_accounts").paginate()]
    assert [len(page["Accounts"]) for page in pages] == [20, 5]
    second = pages[0]["Accounts"][1]
    assert (second["Id"], second["Name"], second["Status"]) == (OTHER, "team 0", "ACTIVE")
    assert second["JoinedTimestamp"].tzinfo is not None


def test_an_account_can_be_without_an_organization(account: FakeAccount) -> None:
    """Then the list is an error."""
    account.organization = False
    refused = _refused(_client("organizations").list_accounts)
    assert refused[:2] == (400, "AWSOrganizationsNotInUseException")


def test_regions_are_listed_in_pages_with_their_status(account: FakeAccount, world: World) -> None:
    """Enabled by default, opted in, or disabled."""
    account.disabled_regions.add("eu-south-2")
    world.page_size = 10
    pages = [*_client("account").get_paginator("list_regions").paginate()]
    assert [len(page["Regions"]) for page in pages] == [10, 10, 10, 4]
    returned = {
        region["RegionName"]: region["RegionOptStatus"]
        for page in pages
        for region in page["Regions"]
    }
    assert returned["us-east-1"] == "ENABLED_BY_DEFAULT"
    assert returned["af-south-1"] == "ENABLED"
    assert returned["eu-south-2"] == "DISABLED"
    wanted = _client("account").list_regions(RegionOptStatusContains=["DISABLED"])
    assert [region["RegionName"] for region in wanted["Regions"]] == ["eu-south-2"]


# the services of the features

KINDS: tuple[tuple[Kind, str], ...] = (
    (features.VOICE_CONNECTOR, "list_voice_connectors"),
    (features.APP_INSTANCE, "list_app_instances"),
    (features.RECORDING_CONFIGURATION, "list_recording_configurations"),
    (features.IVS_CHANNEL, "list_channels"),
    (features.PLAYBACK_CONFIGURATION, "list_playback_configurations"),
    (features.LINEAR_CHANNEL, "list_channels"),
    (features.LIVE_CHANNEL, "list_channels"),
    (features.PACKAGING_GROUP, "list_packaging_groups"),
)


@pytest.mark.parametrize(
    ("kind", "method"), KINDS, ids=[f"{kind.service} {kind.resource}" for kind, _ in KINDS]
)
def test_resources_are_listed_in_pages_of_their_region(
    kind: Kind, method: str, account: FakeAccount, world: World
) -> None:
    """Pages have the size of the world, without resources of other regions or accounts."""
    account.add_role(kind.definition)
    names = [f"thing-{number}" for number in range(5)]
    for name in names:
        world.features.add(kind, ACCOUNT, "us-east-1", name)
    world.features.add(kind, ACCOUNT, "eu-central-1", "elsewhere")
    world.account(OTHER).add_role(kind.definition)
    world.features.add(kind, OTHER, "us-east-1", "another's")
    world.page_size = 2
    # botocore has paginators for only some of these lists
    given = "nextToken" if kind.service == "ivs" else "NextToken"
    pages = [getattr(_client(kind.service), method)()]
    while given in pages[-1]:
        pages.append(getattr(_client(kind.service), method)(**{given: pages[-1][given]}))
    assert [len(page[kind.listed]) for page in pages] == [2, 2, 1]
    listed = [target[kind.arn_member] for page in pages for target in page[kind.listed]]
    assert len(set(listed)) == 5
    elsewhere = getattr(_client(kind.service, "eu-central-1"), method)()
    assert len(elsewhere[kind.listed]) == 1


def test_an_enabled_feature_is_disabled(account: FakeAccount, world: World) -> None:
    """The services apply the change."""
    account.add_role(MEDIATAILOR)
    logs = {"LogConfiguration": {"LogTypes": ["AS_RUN"]}}
    target = world.features.add(features.LINEAR_CHANNEL, ACCOUNT, "us-east-1", "linear", logs)
    _client("mediatailor").configure_logs_for_channel(ChannelName="linear", LogTypes=[])
    assert not target.on
    assert world.features.uses(ACCOUNT, NAME) == {}


def test_a_service_creates_its_role_with_the_feature(account: FakeAccount) -> None:
    """IVS does, because IAM cannot."""
    _client("ivs").create_recording_configuration(
        destinationConfiguration={"s3": {"bucketName": "recordings"}}
    )
    assert catalogue.IVS_RECORD_TO_S3.role_name in account.roles


# permissions

_DENIED = (403, "AccessDenied")
_DENIED_BY_EXCEPTION = (403, "AccessDeniedException")
_FORBIDDEN = (403, "ForbiddenException")
#: service, method, parameters, action, and the error text.
DENIALS: tuple[tuple[str, str, dict[str, Any], str, tuple[int, str]], ...] = (
    ("iam", "get_role", {"RoleName": NAME}, "iam:GetRole", _DENIED),
    ("cloudformation", "describe_stacks", {}, "cloudformation:DescribeStacks", _DENIED),
    (
        "organizations",
        "list_accounts",
        {},
        "organizations:ListAccounts",
        (400, "AccessDeniedException"),
    ),
    ("account", "list_regions", {}, "account:ListRegions", _DENIED_BY_EXCEPTION),
    ("ivs", "list_channels", {}, "ivs:ListChannels", _DENIED_BY_EXCEPTION),
    ("mediatailor", "list_channels", {}, "mediatailor:ListChannels", _DENIED_BY_EXCEPTION),
    ("mediapackage", "list_channels", {}, "mediapackage:ListChannels", _FORBIDDEN),
    ("chime-sdk-voice", "list_voice_connectors", {}, "chime:ListVoiceConnectors", _FORBIDDEN),
    ("chime-sdk-identity", "list_app_instances", {}, "chime:ListAppInstances", _FORBIDDEN),
)


@pytest.mark.parametrize(
    ("call", "action", "refusal"),
    [(each[:3], *each[3:]) for each in DENIALS],
    ids=[action for _, _, _, action, _ in DENIALS],
)
def test_a_denied_action_has_the_error_of_the_service(
    call: tuple[str, str, dict[str, Any]], action: str, refusal: tuple[int, str], world: World
) -> None:
    """The text names the caller and the action."""
    world.account(ACCOUNT).denied.add(action)
    service, method, parameters = call
    *said, text = _refused(getattr(_client(service), method), **parameters)
    assert tuple(said) == refusal
    assert text.startswith(
        f"User: arn:aws:iam::{ACCOUNT}:user/operator is not authorized to perform: {action} on"
    )


def test_an_action_can_be_denied_in_one_region(account: FakeAccount) -> None:
    """Other regions respond."""
    account.denied.add("mediatailor:ListChannels@eu-west-1")
    assert _client("mediatailor").list_channels()["Items"] == []
    refused = _refused(_client("mediatailor", "eu-west-1").list_channels)
    assert refused[1] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("service", "method", "code"),
    [
        ("mediatailor", "list_channels", "UnrecognizedClientException"),
        ("cloudformation", "describe_stacks", "InvalidClientTokenId"),
    ],
)
def test_a_disabled_region_refuses_the_access_key(
    service: str, method: str, code: str, account: FakeAccount
) -> None:
    """The global services of the account respond."""
    account.disabled_regions.add("af-south-1")
    text = "The security token included in the request is invalid."
    refused = _refused(getattr(_client(service, "af-south-1"), method))
    assert refused == (403, code, text)
    assert _client("sts", "af-south-1").get_caller_identity()["Account"] == ACCOUNT


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


# what tests can change


def test_calls_are_recorded(world: World) -> None:
    """With service, operation, parameters, account and region."""
    _client("ivs", "eu-west-1").list_channels(maxResults=7)
    assert world.calls == [Call("ivs", "ListChannels", {"maxResults": 7}, ACCOUNT, "eu-west-1")]


def test_a_test_can_refuse_a_call(world: World) -> None:
    """The service returns the error in its protocol."""

    def refuse(call: Call) -> None:
        raise Refused("Throttling", f"Rate exceeded for {call.operation}", 400)

    world.on_call = refuse
    refused = _refused(_client("cloudformation").describe_stacks)
    assert refused == (400, "Throttling", "Rate exceeded for DescribeStacks")


def test_a_test_can_break_the_connection(world: World) -> None:
    """The caller gets the exception of botocore."""

    def break_off(_call: Call) -> None:
        raise ReadTimeoutError(endpoint_url="https://ivs.us-east-1.api.aws")

    world.on_call = break_off
    with pytest.raises(ReadTimeoutError):
        _client("ivs").list_channels()


def test_retries_of_botocore_do_not_take_time(world: World, waits: list[float]) -> None:
    """A throttled call is sent again, and the pause is recorded."""
    refusals = [Refused("TooManyRequestsException", "slow down", 429)]

    def refuse_once(_call: Call) -> None:
        if refusals:
            raise refusals.pop()

    world.on_call = refuse_once
    config = Config(retries={"mode": "standard", "total_max_attempts": 2})
    boto3.client("ivs", config=config).list_channels()
    assert len(world.calls) == 2
    assert len(waits) == 1


def test_calls_are_processed_concurrently(world: World) -> None:
    """A call that waits does not block others."""
    together = threading.Barrier(4, timeout=10)

    def wait_for_the_others(_call: Call) -> None:
        together.wait()

    world.on_call = wait_for_the_others
    clients = [_client("ivs") for _ in range(4)]
    threads = [threading.Thread(target=client.list_channels) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.most_at_once == 4
    assert len(world.calls) == 4
