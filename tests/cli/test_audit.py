"""`slr-constructs audit`: text, JSON and CSV reports, errors, terminals and interruptions."""

from __future__ import annotations

import csv
import json
import re
import signal
import threading
import time
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import catalogue
from slr_constructs.handler.slr_handler.marks import MARK_TAG
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CREATED_MARK,
    CREATED_TAG,
    KEPT_TAG,
    LEASE_TAG,
)
from tests.cli.commands import run_command
from tests.cli.terminals import COLUMNS, Terminal, call, call_here, text
from tests.fake_services import features
from tests.fake_services.connected import ACCOUNT
from tests.fake_services.server import serve
from tests.fake_services.wire import Refused
from tests.fake_services.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.wire import Call

OTHER = "444455556666"
THIRD = "777788889999"
IVS = catalogue.IVS_RECORD_TO_S3.role_name
CSV_HEADER = "account,role_name,region,kind,name,arn,configuration,stack_name,role_exists,failure"
_TIME = re.compile(r'"time": "[^"]+"')
DUBLIN, VIRGINIA = "eu-west-1", "us-east-1"
LOGS = {"LogConfiguration": {"PercentEnabled": 10, "EnabledLoggingStrategies": ["VENDED_LOGS"]}}
UNKNOWN_REGION = (
    "--region must be a region that has a service of these roles"
    f" ({', '.join(catalogue.IVS_RECORD_TO_S3.regions or ())}), got 'eu-west-9'"
)
INVALID_ROLE_NAME = (
    "--organization-role must be the name of an IAM role that exists in all accounts, got"
    " 'arn:aws:iam::1:role/Audit'"
)
#: a name that is longer than a terminal is wide.
LONG = "-".join(f"{number:03}" for number in range(32))


run = partial(run_command, "audit")


def audited_accounts(*arguments: object) -> list[dict[str, Any]]:
    """Return the accounts of the JSON report."""
    accounts: list[dict[str, Any]] = json.loads(run(*arguments, "--format", "json").stdout)[
        "accounts"
    ]
    return accounts


def denial(action: str, account: str = ACCOUNT) -> str:
    """Return the error text of AWS for a denied call."""
    return (
        f"User: arn:aws:iam::{account}:user/operator is not authorized to perform: {action} on"
        f" resource: * because no identity-based policy allows the {action} action"
    )


@pytest.fixture
def used(world: World, account: FakeAccount) -> World:
    """Give an account with leases on the MediaTailor role, and usages of it in two regions."""
    existing = account.add_stack("Live", DUBLIN)
    deleted = account.add_stack("Old", DUBLIN, status="DELETE_COMPLETE")
    account.add_role(
        catalogue.MEDIATAILOR,
        description=f"logs of ads {CREATED_MARK}",
        tags={
            CREATED_TAG: "true",
            f"{LEASE_TAG}aa": existing,
            f"{LEASE_TAG}bb": deleted,
            f"{LEASE_TAG}cc": "unknown stack",
        },
        created=datetime(2024, 5, 1, 10, 20, 30, tzinfo=UTC),
        last_used=(datetime(2026, 11, 20, tzinfo=UTC), DUBLIN),
        inline=["First", "Second"],
    )
    tags = {"Tags": {"aws:cloudformation:stack-id": existing}}
    add = world.features.add
    add(features.PLAYBACK_CONFIGURATION, ACCOUNT, DUBLIN, "ads", LOGS | tags)
    add(features.PLAYBACK_CONFIGURATION, ACCOUNT, DUBLIN, "silent", {})
    add(features.LINEAR_CHANNEL, ACCOUNT, VIRGINIA, "news", _as_run())
    return world


def _as_run() -> dict[str, Any]:
    return {"LogConfiguration": {"LogTypes": ["AS_RUN"]}}


# text


@pytest.mark.usefixtures("used")
def test_text_has_all_details_of_a_role() -> None:
    """Its state, creator, leases and usages, and what blocks its deletion."""
    result = run("mediatailor")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "account 111122223333\n"
        "  read           21 regions\n"
        "\n"
        "AWSServiceRoleForMediaTailor\n"
        "  created        2024-05-01, last used 2026-11-20 in eu-west-1\n"
        "  created by     slr-constructs\n"
        "  description    logs of ads (created by slr-constructs)\n"
        "  policy         AWSMediaTailorServiceRolePolicy (as expected)\n"
        "  inline policy  First, Second\n"
        "  lease          Live in eu-west-1 (stack exists)\n"
        "  lease          Old in eu-west-1 (stack deleted)\n"
        "  lease          unknown stack (stack state unknown)\n"
        "  usages         2 in 2 of 21 regions\n"
        "  deletion       blocked by 2 usages and 2 leases\n"
        "\n"
        "  region     kind                    name  configuration"
        "                                         stack\n"
        "  eu-west-1  playback configuration  ads"
        "   10 % of sessions, vended logs only, may use the role  Live\n"
        "  us-east-1  MediaTailor channel     news  logs AS_RUN"
        "                                           -\n"
    )


@pytest.mark.usefixtures("world")
def test_roles_that_do_not_exist_are_listed() -> None:
    """All roles of the catalogue; usages of an older role count for the role that replaces it."""
    assert run().stdout == (
        "account 111122223333\n"
        "  read           22 regions\n"
        "\n"
        "AWSServiceRoleForAmazonChimeVoiceConnector\n"
        "  exists         no\n"
        "  usages         none in 10 regions\n"
        "\n"
        "AWSServiceRoleForChimeSDKMessaging\n"
        "  exists         no\n"
        "  usages         none in 2 regions\n"
        "\n"
        "AmazonChimeServiceChatStreamingAccess\n"
        "  exists         no; AWSServiceRoleForChimeSDKMessaging replaces it\n"
        "\n"
        "AWSServiceRoleForIVSRecordToS3\n"
        "  exists         no\n"
        "  usages         none in 7 regions\n"
        "\n"
        "AWSServiceRoleForMediaTailor\n"
        "  exists         no\n"
        "  usages         none in 21 regions\n"
        "\n"
        "AWSServiceRoleForMediaPackage\n"
        "  exists         no\n"
        "  usages         none in 20 regions\n"
        "\n"
        "AWSServiceRoleForAmazonChimeSDKMediaPipelines\n"
        "  exists         no\n"
        "  usages         unknown, because the catalogue has no resource types that use this role\n"
        "\n"
        "AWSServiceRoleForAmazonChimeTranscription\n"
        "  exists         no\n"
        "  usages         unknown, because the catalogue has no resource types that use this role\n"
    )


@pytest.mark.usefixtures("waits")
def test_the_policy_is_compared_with_the_expected_one(account: FakeAccount) -> None:
    """The expected policy, other policies, no policy, and no expected policy."""
    account.add_role(catalogue.MEDIATAILOR)
    account.add_role(catalogue.MEDIAPACKAGE, policies=["Other", "More"])
    account.add_role(catalogue.CHIME_MESSAGING, policies=[])
    account.add_role(catalogue.CHIME_MESSAGING_LEGACY, policies=["Older"])
    lines = run("mediatailor", "mediapackage", "chime-messaging", "--region", VIRGINIA).stdout

    assert [line.split(maxsplit=1)[1] for line in lines.splitlines() if "  policy" in line] == [
        "AWSMediaTailorServiceRolePolicy (as expected)",
        "Other, More (expected: MediaPackageServiceRolePolicy)",
        "none (expected: AmazonChimeSDKMessagingServiceRolePolicy)",
        "Older (the catalogue has no expected policy)",
    ]


def test_the_reason_why_a_role_was_kept_is_shown(account: FakeAccount) -> None:
    """The stack was deleted with the log of its function."""
    tags = {CREATED_TAG: "true", KEPT_TAG: "2026-11-30: it is in use in eu-west-1: arn:a"}
    account.add_role(catalogue.IVS_RECORD_TO_S3, tags=tags)

    assert (
        "  created by     slr-constructs\n"
        "  kept           2026-11-30: it is in use in eu-west-1: arn:a\n"
        "  policy"
    ) in run("ivs", "--region", DUBLIN).stdout
    ((role,),) = (each["roles"] for each in audited_accounts("ivs", "--region", DUBLIN))
    assert role["kept"] == tags[KEPT_TAG]


def test_a_role_without_usages_and_leases_is_not_blocked(account: FakeAccount) -> None:
    """Its creator is unknown too."""
    account.add_role(catalogue.IVS_RECORD_TO_S3)

    assert run("ivs", "--region", DUBLIN).stdout == (
        "account 111122223333\n"
        "  read           1 region\n"
        "\n"
        "AWSServiceRoleForIVSRecordToS3\n"
        "  created        2025-01-15, no recorded use\n"
        "  created by     the service or another tool\n"
        "  policy         IVSRecordToS3 (as expected)\n"
        "  usages         none in 1 region\n"
        "  deletion       no known usage or lease blocks it\n"
    )


def test_usages_of_a_role_that_does_not_exist_are_listed(
    world: World, account: FakeAccount
) -> None:
    """The feature is still enabled. A last use without a region is shown without it."""
    when = datetime(2026, 1, 2, tzinfo=UTC)
    account.add_role(catalogue.CHIME_VOICE_CONNECTOR)
    configuration = {"StreamingConfiguration": {"DataRetentionInHours": 24, "Disabled": True}}
    world.features.add(
        features.VOICE_CONNECTOR, ACCOUNT, DUBLIN, "abcdefghijklmnopqrstuv", configuration
    )
    account.roles.clear()
    account.add_role(catalogue.MEDIAPACKAGE, last_used=(when, ""))

    assert run("chime-voice-connector", "mediapackage", "--region", DUBLIN).stdout == (
        "account 111122223333\n"
        "  read           1 region\n"
        "\n"
        "AWSServiceRoleForAmazonChimeVoiceConnector\n"
        "  exists         no\n"
        "  usages         1 in 1 of 1 region\n"
        "\n"
        "  region     kind             name                    "
        "configuration                         stack\n"
        "  eu-west-1  Voice Connector  abcdefghijklmnopqrstuv  "
        "configured, disabled, retention 24 h  -\n"
        "\n"
        "AWSServiceRoleForMediaPackage\n"
        "  created        2025-01-15, last used 2026-01-02\n"
        "  created by     the service or another tool\n"
        "  policy         MediaPackageServiceRolePolicy (as expected)\n"
        "  usages         none in 1 region\n"
        "  deletion       no known usage or lease blocks it\n"
    )


def test_usages_count_for_an_older_role_too(world: World, account: FakeAccount) -> None:
    """If both roles exist, it is unknown which one the service uses."""
    _add_app_instance(world, account, "chat")
    account.roles.clear()
    account.add_role(catalogue.CHIME_MESSAGING_LEGACY)

    current, older = audited_accounts("chime-messaging", "--region", VIRGINIA)[0]["roles"]
    assert (current["exists"], current["blocked"], older["exists"], older["blocked"]) == (
        *(False, True),
        *(True, True),
    )
    assert current["usages"] == older["usages"] != []

    account.roles.clear()
    current, older = audited_accounts("chime-messaging", "--region", VIRGINIA)[0]["roles"]
    assert (len(current["usages"]), older["usages"], older["blocked"]) == (1, [], False)
    (only,) = audited_accounts("chime-messaging-legacy", "--region", VIRGINIA)[0]["roles"]
    assert only["role_name"] == catalogue.CHIME_MESSAGING_LEGACY.role_name


def _add_app_instance(world: World, account: FakeAccount, name: str) -> None:
    account.add_role(catalogue.CHIME_MESSAGING)
    stream = f"arn:aws:kinesis:{VIRGINIA}:{ACCOUNT}:stream/chime-messaging-a"
    configuration = {"StreamingConfigurations": [{"DataType": "Channel", "ResourceArn": stream}]}
    world.features.add(
        features.APP_INSTANCE, ACCOUNT, VIRGINIA, "a1", {"Name": name} | configuration
    )


def test_resources_of_one_name_have_their_id(world: World, account: FakeAccount) -> None:
    """The names of app instances are not unique."""
    account.add_role(catalogue.CHIME_MESSAGING)
    stream = f"arn:aws:kinesis:{VIRGINIA}:{ACCOUNT}:stream/chime-messaging-a"
    data = {"StreamingConfigurations": [{"DataType": "Channel", "ResourceArn": stream}]}
    for each in ("a1", "a2"):
        world.features.add(features.APP_INSTANCE, ACCOUNT, VIRGINIA, each, {"Name": "chat"} | data)
    for words in (("audit",), ("release", "--dry-run")):
        shown = run_command(words[0], "chime-messaging", *words[1:]).stdout
        assert "  chat (a1)  " in shown
        assert "  chat (a2)  " in shown


@pytest.mark.parametrize("form", [[], ["--format", "csv"]], ids=["text", "csv"])
def test_control_characters_in_names_are_replaced(
    world: World, account: FakeAccount, form: list[str]
) -> None:
    """The name of an app instance can contain escape sequences for terminals."""
    _add_app_instance(world, account, "a\x1b[2Jb\nc")
    account.roles[catalogue.CHIME_MESSAGING.role_name].description = "x\x07y"
    result = run("chime-messaging", "--region", VIRGINIA, *form)

    assert "a\ufffd[2Jb\ufffdc" in result.stdout
    assert "\x1b" not in result.stdout
    assert "\x07" not in result.stdout


# JSON and CSV


@pytest.mark.usefixtures("used")
def test_json_has_all_details() -> None:
    """Times are in UTC, and unknown values are null."""
    result = run("mediatailor", "--region", VIRGINIA, "--region", DUBLIN, "--format", "json")
    stack = rf"arn:aws:cloudformation:{DUBLIN}:{ACCOUNT}:stack/%s/[0-9a-f-]{{36}}"
    ids = {name: re.findall(stack % name, result.stdout)[0] for name in ("Live", "Old")}

    assert (result.exit_code, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    assert datetime.fromisoformat(report.pop("time")).tzinfo is not None
    assert report.pop("version") == version("slr-constructs")
    assert report == {
        "complete": True,
        "partial": False,
        "accounts": [
            {
                "account": ACCOUNT,
                "name": None,
                "complete": True,
                "notes": [],
                "regions_read": [DUBLIN, VIRGINIA],
                "regions_disabled": [],
                "failures": [],
                "roles": [
                    {
                        "role_name": "AWSServiceRoleForMediaTailor",
                        "short_name": "mediatailor",
                        "service_principal": "mediatailor.amazonaws.com",
                        "arn": catalogue.MEDIATAILOR.arn(partition="aws", account=ACCOUNT),
                        "exists": True,
                        "created": "2024-05-01T10:20:30Z",
                        "last_used": "2026-11-20T00:00:00Z",
                        "last_used_region": DUBLIN,
                        "description": "logs of ads (created by slr-constructs)",
                        "created_by_slr_constructs": True,
                        "kept": None,
                        "deletion_locks": [],
                        "attached_policies": [
                            "arn:aws:iam::aws:policy/aws-service-role/AWSMediaTailorServiceRolePolicy"
                        ],
                        "inline_policies": ["First", "Second"],
                        "expected_policy": "AWSMediaTailorServiceRolePolicy",
                        "has_expected_policy": True,
                        "blocked": True,
                        "used_by_unknown": False,
                        "leases": [
                            {
                                "stack": ids["Live"],
                                "stack_name": "Live",
                                "region": DUBLIN,
                                "state": "exists",
                                "tag": f"{LEASE_TAG}aa",
                            },
                            {
                                "stack": ids["Old"],
                                "stack_name": "Old",
                                "region": DUBLIN,
                                "state": "deleted",
                                "tag": f"{LEASE_TAG}bb",
                            },
                            {
                                "stack": "unknown stack",
                                "stack_name": "unknown stack",
                                "region": None,
                                "state": "unknown",
                                "tag": f"{LEASE_TAG}cc",
                            },
                        ],
                        "marks": [],
                        "usages": [
                            {
                                "kind": "playback configuration",
                                "region": DUBLIN,
                                "name": "ads",
                                "id": "ads",
                                "arn": f"arn:aws:mediatailor:{DUBLIN}:{ACCOUNT}"
                                ":playbackConfiguration/ads",
                                "configuration": (
                                    "10 % of sessions, vended logs only, may use the role"
                                ),
                                "settings": LOGS["LogConfiguration"],
                                "usage": "may use",
                                "stack": ids["Live"],
                                "stack_name": "Live",
                            },
                            {
                                "kind": "MediaTailor channel",
                                "region": VIRGINIA,
                                "name": "news",
                                "id": "news",
                                "arn": f"arn:aws:mediatailor:{VIRGINIA}:{ACCOUNT}:channel/news",
                                "configuration": "logs AS_RUN",
                                "settings": {"LogTypes": ["AS_RUN"]},
                                "usage": "uses",
                                "stack": None,
                                "stack_name": None,
                            },
                        ],
                    }
                ],
            }
        ],
    }


def test_marks_are_shown_with_their_resource(account: FakeAccount, world: World) -> None:
    """With the stack that has set the mark, and its state."""
    account.add_role(catalogue.MEDIATAILOR)
    target = world.features.add(features.PLAYBACK_CONFIGURATION, account.id, DUBLIN, "ads")
    target.set_tags({f"{MARK_TAG}a": account.add_stack("Live", DUBLIN)})

    result = run("mediatailor")

    assert "mark           Live on playback configuration ads in eu-west-1 (stack exists)" in (
        result.stdout
    )
    (report,) = json.loads(run("mediatailor", "--format", "json").stdout)["accounts"]
    assert [each["stack_name"] for each in report["roles"][0]["marks"]] == ["Live"]


@pytest.mark.usefixtures("world")
def test_json_of_a_role_that_does_not_exist_has_the_same_keys() -> None:
    """Programs need not check which keys exist."""
    (role,) = audited_accounts("ivs", "--region", DUBLIN)[0]["roles"]

    assert role == {
        "role_name": "AWSServiceRoleForIVSRecordToS3",
        "short_name": "ivs-record-to-s3",
        "service_principal": "ivs.amazonaws.com",
        "arn": None,
        "exists": False,
        "created": None,
        "last_used": None,
        "last_used_region": None,
        "description": None,
        "created_by_slr_constructs": None,
        "kept": None,
        "deletion_locks": [],
        "attached_policies": [],
        "inline_policies": [],
        "expected_policy": "IVSRecordToS3",
        "has_expected_policy": None,
        "blocked": False,
        "used_by_unknown": False,
        "leases": [],
        "marks": [],
        "usages": [],
    }


@pytest.mark.usefixtures("used")
def test_csv_has_a_line_for_each_usage() -> None:
    """The columns are always the same."""
    result = run("mediatailor", "--format", "csv")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        f"{CSV_HEADER}\n"
        "111122223333,AWSServiceRoleForMediaTailor,eu-west-1,playback configuration,ads,"
        "arn:aws:mediatailor:eu-west-1:111122223333:playbackConfiguration/ads,"
        '"10 % of sessions, vended logs only, may use the role",Live,yes,\n'
        "111122223333,AWSServiceRoleForMediaTailor,us-east-1,MediaTailor channel,news,"
        "arn:aws:mediatailor:us-east-1:111122223333:channel/news,logs AS_RUN,,yes,\n"
    )


@pytest.mark.parametrize("begin", ["=", "+", "-", "@"])
def test_csv_has_no_formulas(world: World, account: FakeAccount, begin: str) -> None:
    """A spreadsheet would execute a name that starts like a formula."""
    name = f'{begin}HYPERLINK("https://example.com","a")'
    _add_app_instance(world, account, name)
    row, older = csv.DictReader(
        run("chime-messaging", "--region", VIRGINIA, "--format", "csv").stdout.splitlines()
    )
    assert older["role_exists"] == "no"

    assert row["name"] == f"'{name}"
    (role, _) = audited_accounts("chime-messaging", "--region", VIRGINIA)[0]["roles"]
    assert role["usages"][0]["name"] == name


@pytest.mark.parametrize(
    "form", [[], ["--format", "json"], ["--format", "csv"]], ids=["text", "json", "csv"]
)
def test_passwords_are_not_in_the_output(
    world: World, account: FakeAccount, form: list[str]
) -> None:
    """MediaPackage returns the passwords of ingest endpoints in every list of channels."""
    account.add_role(catalogue.MEDIAPACKAGE)
    endpoint = {"Id": "1", "Url": "https://in", "Username": "sesame", "Password": "open"}
    data = {"HlsIngest": {"IngestEndpoints": [endpoint]}, "EgressAccessLogs": {}}
    world.features.add(features.LIVE_CHANNEL, ACCOUNT, DUBLIN, "live", data)
    result = run("mediapackage", "--region", DUBLIN, *form)

    assert "egress to the default log group" in result.stdout
    for secret in ("sesame", "open", "testing", "Password"):
        assert secret not in result.output


@pytest.mark.parametrize(
    "form", [[], ["--format", "json"], ["--format", "csv"]], ids=["text", "json", "csv"]
)
@pytest.mark.usefixtures("used")
def test_output_is_written_to_a_file(tmp_path: Path, form: list[str]) -> None:
    """The file has the same content as stdout."""
    file = tmp_path / "audit"
    arguments = ("mediatailor", "--region", DUBLIN, *form)
    result = run(*arguments, "--output", file)

    assert (result.exit_code, result.output) == (0, "")
    assert _TIME.sub("", file.read_text()) == _TIME.sub("", run(*arguments).stdout)


# failures


def test_failures_are_reported_and_everything_else_is_read(used: World) -> None:
    """Each failure is a line on stderr, and the exit status is 1."""
    used.account(ACCOUNT).denied |= {
        f"mediatailor:ListChannels@{VIRGINIA}",
        f"mediatailor:ListPlaybackConfigurations@{DUBLIN}",
    }
    arguments = ("mediatailor", "--region", VIRGINIA, "--region", DUBLIN)
    result = run(*arguments)
    reason = "AccessDeniedException: " + denial("mediatailor:List{}")

    assert result.exit_code == 1
    assert result.stderr == (
        f"slr-constructs: playback configurations: not read in eu-west-1:"
        f" {reason.replace('{}', 'PlaybackConfigurations')}\n"
        f"slr-constructs: MediaTailor channels: not read in us-east-1:"
        f" {reason.replace('{}', 'Channels')}\n"
        "slr-constructs: 0 of 1 account was read completely\n"
    )
    lines = result.stdout.splitlines()
    assert lines[1] == "  read           2 regions, incomplete (2 failures)"
    assert lines[-2:] == [
        "  usages         none in 2 regions, incomplete",
        "  deletion       blocked by 2 leases",
    ]
    assert audited_accounts(*arguments)[0]["failures"] == [
        {
            "region": DUBLIN,
            "resource": "playback configurations",
            "reason": reason.replace("{}", "PlaybackConfigurations"),
        },
        {
            "region": VIRGINIA,
            "resource": "MediaTailor channels",
            "reason": reason.replace("{}", "Channels"),
        },
    ]


def test_blocked_is_unknown_if_something_cannot_be_read(
    account: FakeAccount,
) -> None:
    """A usage may exist that was not read."""
    account.add_role(catalogue.IVS_RECORD_TO_S3)
    account.denied.add("ivs:ListChannels")
    result = run("ivs", "--region", DUBLIN)

    assert result.exit_code == 1
    assert result.stdout.endswith(
        "  deletion       unknown, because not everything could be read\n"
    )
    assert audited_accounts("ivs", "--region", DUBLIN)[0]["roles"][0]["blocked"] is None


def test_exists_is_unknown_if_the_role_cannot_be_read(account: FakeAccount) -> None:
    """The role may exist."""
    account.add_role(catalogue.IVS_RECORD_TO_S3)
    account.denied.add("iam:GetRole")
    result = run("ivs", "--region", DUBLIN)

    assert result.exit_code == 1
    assert result.stderr == (
        "slr-constructs: the role AWSServiceRoleForIVSRecordToS3: not read: AccessDenied:"
        f" {denial('iam:GetRole')}\n"
        "slr-constructs: 0 of 1 account was read completely\n"
    )
    assert result.stdout == (
        "account 111122223333\n"
        "  read           1 region, incomplete (1 failure)\n"
        "\n"
        "AWSServiceRoleForIVSRecordToS3\n"
        "  exists         unknown, because the role cannot be read\n"
        "  usages         none in 1 region\n"
    )
    (role,) = audited_accounts("ivs", "--region", DUBLIN)[0]["roles"]
    assert (role["exists"], role["blocked"]) == (None, None)


def test_regions_that_are_not_enabled_are_not_failures(account: FakeAccount) -> None:
    """They are listed, and the exit status is 0."""
    account.disabled_regions = {"af-south-1", "ap-southeast-4"}
    result = run("mediatailor")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1:3] == [
        "  read           19 regions",
        "  not enabled    af-south-1, ap-southeast-4",
    ]
    assert "  usages         none in 19 regions" in result.stdout
    assert audited_accounts("mediatailor")[0]["regions_disabled"] == [
        "af-south-1",
        "ap-southeast-4",
    ]


@pytest.mark.usefixtures("used")
def test_calls_run_one_after_the_other_on_request(world: World) -> None:
    """With --at-once 1."""
    run("mediatailor", "--at-once", 1)

    assert world.most_at_once == 1


# several accounts


@pytest.fixture
def organization(world: World, account: FakeAccount) -> World:
    """Give an organization of three accounts. The role of one account cannot be assumed."""
    account.name = "managers"
    second = world.account(OTHER, "video")
    second.assumable.add("Audit")
    second.add_role(catalogue.IVS_RECORD_TO_S3)
    world.account(THIRD, "closed")
    return world


def refused(account: str) -> str:
    """Return the error text for an account whose role cannot be assumed."""
    role = f"arn:aws:iam::{account}:role/Audit"
    return (
        f"{role} cannot be assumed: AccessDenied: User: arn:aws:iam::{ACCOUNT}:user/operator is not"
        f" authorized to perform: sts:AssumeRole on resource: {role}"
    )


@pytest.mark.usefixtures("organization")
def test_an_organization_is_reported_account_by_account() -> None:
    """Your own account needs no role. An account whose role cannot be assumed is a failure."""
    result = run("ivs", "--region", DUBLIN, "--organization-role", "Audit")

    assert result.exit_code == 1
    assert result.stderr == (
        f"slr-constructs: the account: not read in account {THIRD}: {refused(THIRD)}\n"
        "slr-constructs: 2 of 3 accounts were read completely\n"
    )
    assert result.stdout == (
        "account 111122223333  managers\n"
        "  read           1 region\n"
        "\n"
        "AWSServiceRoleForIVSRecordToS3\n"
        "  exists         no\n"
        "  usages         none in 1 region\n"
        "\n"
        "account 444455556666  video\n"
        "  read           1 region\n"
        "\n"
        "AWSServiceRoleForIVSRecordToS3\n"
        "  created        2025-01-15, no recorded use\n"
        "  created by     the service or another tool\n"
        "  policy         IVSRecordToS3 (as expected)\n"
        "  usages         none in 1 region\n"
        "  deletion       no known usage or lease blocks it\n"
        "\n"
        "account 777788889999  closed\n"
        "  read           0 regions, incomplete (1 failure)\n"
    )


def test_accounts_are_reported_in_the_order_of_the_organization(organization: World) -> None:
    """The order does not depend on which account is read first."""
    others = threading.Event()

    def wait(call: Call) -> None:
        if call.operation == "GetRole":
            if call.account == OTHER:
                others.set()
            else:
                assert others.wait(30)

    organization.on_call = wait
    accounts = audited_accounts("ivs", "--region", DUBLIN, "--organization-role", "Audit")

    assert [(each["account"], each["name"]) for each in accounts] == [
        (ACCOUNT, "managers"),
        (OTHER, "video"),
        (THIRD, "closed"),
    ]
    assert accounts[2] == {
        "account": THIRD,
        "name": "closed",
        "complete": False,
        "notes": [],
        "regions_read": [],
        "regions_disabled": [],
        "failures": [{"region": None, "resource": "the account", "reason": refused(THIRD)}],
        "roles": [],
    }


def test_single_accounts_of_an_organization_can_be_read(organization: World) -> None:
    """Each is read once. The permission to list all accounts is not needed."""
    organization.account(ACCOUNT).denied.add("organizations:ListAccounts")
    arguments = ("ivs", "--organization-role", "Audit", "--region", DUBLIN)
    result = run(
        *arguments, "--format", "csv", "--account", OTHER, "--account", ACCOUNT, "--account", OTHER
    )

    assert (result.exit_code, result.stderr) == (
        0,
        "slr-constructs: 2 of 2 accounts were read completely\n",
    )
    assert not any(call.service == "organizations" for call in organization.calls)
    assert sum(call.operation == "AssumeRole" for call in organization.calls) == 1
    assert result.stdout == (f"{CSV_HEADER}\n{OTHER},{IVS},,,,,,,yes,\n{ACCOUNT},{IVS},,,,,,,no,\n")


def test_fails_if_the_organization_cannot_be_read(account: FakeAccount) -> None:
    """The error is one sentence on stderr, and the exit status is 2."""
    account.organization = False
    result = run("--organization-role", "Audit")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "slr-constructs: the accounts of the organization cannot be listed:"
        " AWSOrganizationsNotInUseException: Your account is not a member of an organization.\n"
    )


# credentials


def test_fails_if_there_are_no_credentials(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is one sentence on stderr, and the exit status is 2."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    result = run()

    assert (result.exit_code, result.stdout, world.calls) == (2, "", [])
    assert result.stderr == (
        "slr-constructs: cannot sign in to AWS: Unable to locate credentials\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["mediatailer"], "unknown role 'mediatailer'. Did you mean mediatailor?"),
        (
            ["ivs", "--region", "eu-west-9"],
            UNKNOWN_REGION,
        ),
        (["--profile", "missing"], "The config profile (missing) could not be found"),
        (["--role-arn", "Reader"], "--role-arn must be the ARN of a role, got 'Reader'"),
        (
            ["--role-arn", f"arn:aws:iam::{OTHER}:role/Audit"],
            refused(OTHER),
        ),
        (
            ["--organization-role", "arn:aws:iam::1:role/Audit"],
            INVALID_ROLE_NAME,
        ),
        (
            ["--account", OTHER],
            "--account requires --organization-role, the IAM role to assume in the account",
        ),
        (
            ["--organization-role", "Audit", "--account", "video"],
            "--account must be an account id of 12 digits, got 'video'",
        ),
        (["-o", "/nonexistent/audit"], "/nonexistent/audit cannot be written"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
@pytest.mark.usefixtures("world")
def test_fails_if_an_argument_is_invalid(arguments: list[str], sentence: str) -> None:
    """The error is one sentence on stderr, and the exit status is 2."""
    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"slr-constructs: {sentence}\n"


@pytest.mark.parametrize("number", [0, 257])
def test_fails_if_at_once_is_out_of_range(number: int) -> None:
    """The message is click's, and the exit status is 2."""
    result = run("--at-once", number)

    assert result.exit_code == 2
    assert f"{number} is not in the range 1<=x<=256." in result.stderr


# terminals


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """Give a terminal of 80 columns."""
    with Terminal() as opened:
        yield opened


def _add_long_names(world: World) -> None:
    """Use names of 128 characters everywhere, which is the maximum for stacks."""
    account = world.account(ACCOUNT, LONG)
    for definition in catalogue.ALL:
        account.add_role(definition, description=f"{LONG} {LONG}", policies=[LONG], inline=[LONG])
        account.roles[definition.role_name].tags = {
            f"{LEASE_TAG}aa": account.add_stack(f"x{LONG}", "ap-northeast-1")
        }
    stream = f"arn:aws:kinesis:{VIRGINIA}:{ACCOUNT}:stream/chime-messaging-a"
    resources: dict[Any, tuple[str, dict[str, Any]]] = {
        features.VOICE_CONNECTOR: (
            "abcdefghijklmnopqrstuv",
            {"Name": LONG, "StreamingConfiguration": {"DataRetentionInHours": 1}},
        ),
        features.APP_INSTANCE: (
            "a1",
            {
                "Name": LONG,
                "StreamingConfigurations": [{"DataType": "Channel", "ResourceArn": stream}],
            },
        ),
        features.RECORDING_CONFIGURATION: (
            "abcdef",
            {"name": LONG, "destinationConfiguration": {"s3": {"bucketName": LONG}}},
        ),
        features.PLAYBACK_CONFIGURATION: (LONG, LOGS),
        features.LINEAR_CHANNEL: (LONG, _as_run()),
        features.LIVE_CHANNEL: (
            LONG,
            {"EgressAccessLogs": {"LogGroupName": f"/aws/MediaPackage/{LONG}"}},
        ),
        features.PACKAGING_GROUP: (LONG, {"EgressAccessLogs": {}}),
    }
    for kind, (name, data) in resources.items():
        world.features.add(kind, ACCOUNT, VIRGINIA, name, data)


def test_long_names_fit_a_terminal_of_80_columns(world: World, terminal: Terminal) -> None:
    """Long texts are wrapped and complete. Only terminals get colors."""
    _add_long_names(world)
    status = call_here(terminal, ["audit", "--region", VIRGINIA])
    written = terminal.close()
    plain = run("--region", VIRGINIA).stdout
    shown = text(written).splitlines()

    assert status == 0
    assert "\x1b[1m" in written
    assert max(map(len, shown)) <= COLUMNS
    assert "…" not in written
    assert "\x1b" not in plain
    assert all(line == line.rstrip() for line in plain.splitlines())
    # each name is as complete as without a terminal
    digits = [re.sub(r"\D", "", each) for each in (plain, "".join(shown))]
    assert sorted(digits[0]) == sorted(digits[1])
    assert any(
        line.count(LONG) == 1 and "playback configuration" in line for line in plain.splitlines()
    )


@pytest.mark.usefixtures("used")
def test_a_terminal_shows_the_same_text_as_a_file(terminal: Terminal, tmp_path: Path) -> None:
    """The text is equal if it fits the terminal. The progress line is removed."""
    file = tmp_path / "audit"
    assert (
        call_here(terminal, ["audit", "ivs", "mediatailor", "--region", VIRGINIA, "-o", file]) == 0
    )
    assert call_here(terminal, ["audit", "ivs", "mediatailor", "--region", VIRGINIA]) == 0
    written = terminal.close()

    assert "0/0 lists, 0 s, 0 usages, 0 resources" in written
    assert text(written) == file.read_text()


def test_a_narrow_terminal_has_a_table_for_each_kind(used: World, terminal: Terminal) -> None:
    """The columns are wider without the kind. Names that are too long are wrapped."""
    used.features.add(features.PLAYBACK_CONFIGURATION, ACCOUNT, DUBLIN, "b" * 40, LOGS)
    assert (
        call_here(terminal, ["audit", "mediatailor", "--region", DUBLIN, "--region", VIRGINIA]) == 0
    )
    lines = text(terminal.close())

    assert lines.endswith(
        "  deletion       blocked by 3 usages and 2 leases\n"
        "\n"
        "  playback configuration\n"
        "    region     name                          configuration                 stack\n"
        "    eu-west-1  ads                           10 % of sessions, vended      Live\n"
        "                                             logs only, may use the role\n"
        "    eu-west-1  bbbbbbbbbbbbbbbbbbbbbbbbbbbb  10 % of sessions, vended      -\n"
        "               bbbbbbbbbbbb                  logs only, may use the role\n"
        "  MediaTailor channel\n"
        "    region     name  configuration  stack\n"
        "    us-east-1  news  logs AS_RUN    -\n"
    )


def test_progress_has_all_counts(
    organization: World, terminal: Terminal, waits: list[float]
) -> None:
    """Accounts, lists, resources, usages, retries and failures."""
    # botocore retries once by itself
    busy = iter([1, 2])

    def refuse(call: Call) -> None:
        if call.operation == "ListChannels" and call.account == ACCOUNT and next(busy, None):
            raise Refused("ThrottlingException", "slow down", 429)
        if call.operation == "ListRecordingConfigurations":
            raise Refused("AccessDeniedException", "no", 403)
        if call.operation == "GetRole":
            # long enough to be seen
            threading.Event().wait(0.4)

    organization.on_call = refuse
    status = call_here(
        terminal,
        ["audit", "ivs", "--region", DUBLIN, "--organization-role", "Audit", "--format", "csv"],
    )
    written = terminal.close()

    assert (status, any(0.5 <= each <= 1.5 for each in waits)) == (1, True)
    assert re.search(
        r" [0-3]/3 accounts, \d/\d lists, \d s, 0 usages, [1-3] failed, 1 retried, 0 resources\n",
        written,
    )
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h")


def test_there_is_no_progress_without_a_terminal(
    used: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Colors on request do not change that."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = run("mediatailor", "--region", DUBLIN)
    assert (result.stderr, len(used.calls) > 0) == ("", True)


def test_there_is_no_progress_on_a_dumb_terminal(
    used: World, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dumb terminal cannot remove the line."""
    monkeypatch.setenv("TERM", "dumb")
    assert call_here(terminal, ["audit", "mediatailor", "--region", DUBLIN, "--format", "csv"]) == 0
    assert terminal.close().splitlines()[0] == CSV_HEADER
    assert used.calls


# interruption


def _interrupt_at(world: World, operation: str, account: str = ACCOUNT) -> None:
    def interrupt(call: Call) -> None:
        if (call.operation, call.account) == (operation, account):
            raise KeyboardInterrupt

    world.on_call = interrupt


def test_an_interruption_before_anything_was_read_reports_only_that(world: World) -> None:
    """Also that nothing was changed."""
    _interrupt_at(world, "GetCallerIdentity")
    result = run("ivs", "--region", DUBLIN)

    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == ("slr-constructs: interrupted; nothing was read; nothing was changed\n")


def test_an_interruption_reports_what_was_read(world: World, account: FakeAccount) -> None:
    """The report is marked as partial, and nothing in it is more certain than it is."""
    account.add_role(catalogue.IVS_RECORD_TO_S3)
    _interrupt_at(world, "ListChannels")
    arguments = ("ivs", "mediatailor", "--region", DUBLIN, "--at-once", 1)
    result = run(*arguments)
    assert result.exit_code == 130
    assert result.stderr.endswith(
        "slr-constructs: the rest of the account: not read: the command was interrupted\n"
        "slr-constructs: 0 of 1 account was read completely\n"
        "slr-constructs: interrupted; 0 of 4 lists were read; nothing was changed\n"
    )
    assert "none in 1 region, incomplete" in result.stdout
    assert result.stdout.endswith("\n\nThis report is partial, because the command was stopped.\n")
    report = json.loads(run(*arguments, "--format", "json").stdout)
    assert (report["complete"], report["partial"]) == (False, True)
    (only,) = report["accounts"]
    assert only["failures"][-1] == {
        "region": None,
        "resource": "the rest of the account",
        "reason": "the command was interrupted",
    }
    assert {each["blocked"] for each in only["roles"]} == {None}
    rows = list(csv.DictReader(run(*arguments, "--format", "csv").stdout.splitlines()))
    assert rows[-1]["failure"] == "the rest of the account: not read: the command was interrupted"
    assert {row["role_exists"] for row in rows} <= {"yes", "unknown", ""}


@pytest.mark.parametrize("form", ["text", "json", "csv"])
def test_an_interruption_reports_every_account_once(
    organization: World, tmp_path: Path, form: str
) -> None:
    """Those that were read, those that were not finished, and those that were not started."""
    organization.account(THIRD).assumable.add("Audit")
    organization.account(OTHER).denied.add("ivs:ListChannels")
    read = threading.Event()

    def interrupt(call: Call) -> None:
        if call.account == OTHER and call.operation == "ListRecordingConfigurations":
            read.wait(30)
            raise KeyboardInterrupt
        if call.account == THIRD and call.operation == "ListRecordingConfigurations":
            read.set()

    organization.on_call = interrupt
    file = tmp_path / "audit"
    result = run(
        *("ivs", "--region", DUBLIN, "--organization-role", "Audit"), "--format", form, "-o", file
    )
    assert result.exit_code == 130
    text = file.read_text()
    assert all(each in text for each in (ACCOUNT, OTHER, THIRD))
    if form == "json":
        accounts = json.loads(text)["accounts"]
        assert [each["account"] for each in accounts] == [ACCOUNT, OTHER, THIRD]
        assert not accounts[1]["complete"]


# expired credentials


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException"])
def test_expired_credentials_stop_the_audit(world: World, code: str) -> None:
    """The report is partial, and says what to do. No further calls are made."""

    def expire(call: Call) -> None:
        if call.operation == "ListChannels":
            raise Refused(code, "The security token included in the request is expired", 403)

    world.on_call = expire
    result = run("mediatailor", "--at-once", 1)
    assert result.exit_code == 1
    why = (
        f"the credentials have expired ({code}: The security token included in the request is"
        " expired). Sign in again, and run the command again\n"
    )
    assert result.stderr.splitlines(keepends=True)[-3:] == [
        f"slr-constructs: the rest of the account: not read: {why}",
        "slr-constructs: 0 of 1 account was read completely\n",
        f"slr-constructs: {why}",
    ]
    assert sum(call.operation == "ListChannels" for call in world.calls) == 1


def test_expired_credentials_stop_the_audit_of_an_organization(organization: World) -> None:
    """At the next account whose role is assumed."""

    def expire(call: Call) -> None:
        if call.operation == "AssumeRole":
            raise Refused("ExpiredToken", "expired", 403)

    organization.on_call = expire
    result = run("ivs", "--region", DUBLIN, "--organization-role", "Audit")
    assert result.exit_code == 1
    assert result.stderr.count("Sign in again") == 2
    assert " of 3 accounts were read completely\n" in result.stderr


def test_failures_are_grouped_over_regions_and_accounts(organization: World) -> None:
    """JSON has each of them."""
    organization.account(THIRD).assumable.add("Audit")
    for each in (ACCOUNT, OTHER, THIRD):
        organization.account(each).denied |= {
            "mediatailor:ListChannels",
            "iam:GetRole",
            "account:ListRegions",
        }
    organization.account(THIRD).denied.add(f"mediatailor:ListPlaybackConfigurations@{DUBLIN}")
    arguments = ("mediatailor", "--organization-role", "Audit")
    lines = run(*arguments).stderr.splitlines()
    everywhere = f"{ACCOUNT}, {OTHER} and {THIRD}"
    examples = (
        f"the role AWSServiceRoleForMediaTailor: not read in {everywhere}",
        f"MediaTailor channels: not read in 21 regions of {everywhere}",
    )
    starts = [
        f"{everywhere}: the list of enabled regions cannot be read, so",
        *(f"{each}: for example, AccessDenied" for each in examples),
        f"playback configurations: not read in eu-west-1 of account {THIRD}: AccessDenied",
        "0 of 3 accounts were read completely",
    ]
    for start in starts:
        assert sum(line.startswith(f"slr-constructs: {start}") for line in lines) == 1, lines
    failures = [each["failures"] for each in audited_accounts(*arguments)]
    assert [*map(len, failures)] == [22, 22, 23]


def test_an_interruption_cleans_the_terminal_and_does_not_wait() -> None:
    """The command prints one sentence, shows the cursor, and does not wait for calls."""
    world = World()
    _add_long_names(world)
    hanging, released = threading.Event(), threading.Event()

    def hang(call: Call) -> None:
        if call.region == VIRGINIA and call.operation == "ListChannels":
            hanging.set()
            released.wait(60)

    world.on_call = hang
    with serve(world) as url, Terminal() as terminal:
        command = call(url, ["audit", "mediatailor"], stderr=terminal.end)
        assert hanging.wait(60)
        terminal.wait_for(" lists, ")
        command.send_signal(signal.SIGINT)
        before = time.monotonic()
        output, _ = command.communicate(timeout=60)
        took = time.monotonic() - before
        released.set()
        written = terminal.close()

    assert command.returncode == 130
    assert output.endswith(b"This report is partial, because the command was stopped.\n")
    assert took < 10
    assert written.endswith("\n")
    assert re.search(
        r"slr-constructs: interrupted; \d+ of 42 lists were read; nothing was changed\n$",
        written,
    )
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
    # where the progress was
    assert text(written).startswith("slr-constructs: the rest of the account: not read: ")
