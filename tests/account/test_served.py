"""The fake services over HTTP, and the account that they serve."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from slr_constructs import catalogue
from tests.fake_services.seeded import ACCOUNT, seeded
from tests.fake_services.server import environment, serve
from tests.fake_services.world import World

if TYPE_CHECKING:
    from tests.fake_services.wire import Call

_ROOT = Path(__file__).parents[2]
_SECONDS = 30


def _client(service: str, url: str) -> Any:  # noqa: ANN401 - boto3 creates its clients at run time
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client(service, endpoint_url=url, config=config)


@pytest.mark.parametrize(
    ("service", "method", "member"),
    [
        ("iam", "list_attached_role_policies", "AttachedPolicies"),
        ("organizations", "list_accounts", "Accounts"),
        ("account", "list_regions", "Regions"),
        ("mediapackage", "list_channels", "Channels"),
        ("chime-sdk-voice", "list_voice_connectors", "VoiceConnectors"),
    ],
)
def test_clients_get_responses_over_http(service: str, method: str, member: str) -> None:
    """In every protocol, with several calls of one client."""
    name = catalogue.MEDIATAILOR.role_name
    parameters = {"RoleName": name} if service == "iam" else {}
    with serve(seeded(800, 80)) as url:
        client = _client(service, url)
        for _ in range(2):
            assert getattr(client, method)(**parameters)[member]
        if service == "iam":
            with pytest.raises(ClientError, match="NoSuchEntity"):
                client.get_role(RoleName="none")


def test_an_exception_closes_the_connection() -> None:
    """If a test raises an exception for a call, its client sees a closed connection."""

    def break_off(_call: Call) -> None:
        raise TimeoutError

    world = World()
    world.account(ACCOUNT)
    world.on_call = break_off
    with serve(world) as url, pytest.raises(ConnectionClosedError):
        _client("sts", url).get_caller_identity()


@pytest.mark.parametrize(("resources", "using"), [(800, 80), (801, 42), (16, 16), (40, 0)])
def test_the_account_has_the_requested_resources_and_usages(resources: int, using: int) -> None:
    """A recorded channel is enabled, too, although it does not use the role itself."""
    world = seeded(resources, using)
    targets = [*world.features._targets.values()]
    recorded = [target for target in targets if target.data.get("recordingConfigurationArn")]
    assert len(targets) == resources
    assert sum(target.on for target in targets) + len(recorded) == using
    arns = {target.arn for target in targets}
    assert {target.data["recordingConfigurationArn"] for target in recorded} <= arns


def test_the_account_is_the_same_in_every_run() -> None:
    """Resources, ARNs, stacks and tags."""
    first, second = (seeded(400, 40) for _ in range(2))
    for world in (first, second):
        assert len(world.account(ACCOUNT).roles) == 7
    values = [
        [(target.arn, target.data) for target in world.features._targets.values()]
        for world in (first, second)
    ]
    assert values[0] == values[1]
    assert [*first.account(ACCOUNT).stacks] == [*second.account(ACCOUNT).stacks]


def test_the_resources_are_in_many_regions_and_some_in_stacks() -> None:
    """A third of them are. The tags or the stack resources have the id of every stack."""
    world = seeded(800, 80)
    regions = Counter(target.region for target in world.features._targets.values())
    assert len(regions) > 20
    in_stacks = [
        physical_id
        for stack in world.account(ACCOUNT).stacks.values()
        for _, resource_type, physical_id in stack.resources
        if not resource_type.startswith("Custom::")
    ]
    assert 250 < len(in_stacks) < 290


def test_more_usages_than_resources_are_an_error() -> None:
    """The error contains the range."""
    with pytest.raises(ValueError, match="using must be 0 to 8, got 9"):
        seeded(8, 9)


def test_the_command_serves_until_its_input_ends() -> None:
    """The first line is the URL. The environment follows."""
    command = [sys.executable, "-m", "tests.fake_services.server", "--resources", "80"]
    with subprocess.Popen(
        [*command, "--print-env"],
        cwd=_ROOT,
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert process.stdout.readline() == f"export AWS_ENDPOINT_URL={url}\n"
        assert _client("sts", url).get_caller_identity()["Account"] == ACCOUNT
        process.stdin.close()
        assert process.wait(_SECONDS) == 0


def test_the_environment_contains_the_account() -> None:
    """Settings of the user are not read."""
    values = environment("http://127.0.0.1:1")
    assert values["AWS_ACCESS_KEY_ID"] == ACCOUNT
    assert values["AWS_CONFIG_FILE"] == "/nonexistent"
