"""`slr-constructs audit`: what is read, what is said of it, and what is not."""

from __future__ import annotations

import csv
import json
import re
import signal
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from slr_constructs import catalogue
from slr_constructs.cli.command_line import slr_constructs
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    LEASE_TAG,
    MADE_MARK,
    MADE_TAG,
)
from tests.cli.terminals import COLUMNS, Terminal, call, call_here, text
from tests.fake_services import features
from tests.fake_services.connected import ACCOUNT
from tests.fake_services.server import serve
from tests.fake_services.wire import Refused
from tests.fake_services.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.wire import Call

OTHER = "444455556666"
THIRD = "777788889999"
DUBLIN, VIRGINIA = "eu-west-1", "us-east-1"
LOGS = {"LogConfiguration": {"PercentEnabled": 10, "EnabledLoggingStrategies": ["VENDED_LOGS"]}}
NOWHERE = (
    "--region eu-west-9: nothing that uses these roles is offered there; it is in"
    f" {', '.join(catalogue.IVS_RECORD_TO_S3.regions or ())}"
)
NO_ROLE_NAME = (
    "--organization-role takes the name of a role, which is the same in all accounts, got"
    " 'arn:aws:iam::1:role/Audit'"
)
#: longer than any terminal is wide.
LONG = "-".join(f"{number:03}" for number in range(32))


def run(*arguments: object) -> Result:
    """Call the command."""
    return CliRunner().invoke(
        slr_constructs, ["audit", *map(str, arguments)], prog_name="slr-constructs"
    )


def told(*arguments: object) -> list[dict[str, Any]]:
    """Return the accounts, as JSON has them."""
    accounts: list[dict[str, Any]] = json.loads(run(*arguments, "--json").stdout)["accounts"]
    return accounts


def denial(action: str, account: str = ACCOUNT) -> str:
    """Return what AWS says of a call that is denied."""
    return (
        f"User: arn:aws:iam::{account}:user/operator is not authorized to perform: {action} on"
        f" resource: * because no identity-based policy allows the {action} action"
    )


@pytest.fixture
def used(world: World, account: FakeAccount) -> World:
    """Give an account whose MediaTailor role is held, and used in two regions."""
    there = account.add_stack("Live", DUBLIN)
    gone = account.add_stack("Old", DUBLIN, status="DELETE_COMPLETE")
    account.add_role(
        catalogue.MEDIATAILOR,
        description=f"logs of ads {MADE_MARK}",
        tags={
            MADE_TAG: "true",
            f"{LEASE_TAG}aa": there,
            f"{LEASE_TAG}bb": gone,
            f"{LEASE_TAG}cc": "what nobody knows",
        },
        created=datetime(2024, 5, 1, 10, 20, 30, tzinfo=UTC),
        last_used=(datetime(2026, 11, 20, tzinfo=UTC), DUBLIN),
        inline=["First", "Second"],
    )
    tags = {"Tags": {"aws:cloudformation:stack-id": there}}
    add = world.features.add
    add(features.PLAYBACK_CONFIGURATION, ACCOUNT, DUBLIN, "ads", LOGS | tags)
    add(features.PLAYBACK_CONFIGURATION, ACCOUNT, DUBLIN, "silent", {})
    add(features.LINEAR_CHANNEL, ACCOUNT, VIRGINIA, "news", _as_run())
    return world


def _as_run() -> dict[str, Any]:
    return {"LogConfiguration": {"LogTypes": ["AS_RUN"]}}


# to read


@pytest.mark.usefixtures("used")
def test_a_role_is_told_with_all_that_there_is_to_it() -> None:
    """Whether it is there, whose it is, who holds it, what uses it, what is in the way."""
    result = run("mediatailor")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "account 111122223333\n"
        "  read           21 regions\n"
        "\n"
        "AWSServiceRoleForMediaTailor\n"
        "  there since    2024-05-01, last used 2026-11-20 in eu-west-1\n"
        "  made by        slr-constructs\n"
        "  description    logs of ads (made by slr-constructs)\n"
        "  policy         AWSMediaTailorServiceRolePolicy, as known\n"
        "  inline policy  First, Second\n"
        "  held by        Live in eu-west-1 (exists)\n"
        "  held by        Old in eu-west-1 (gone)\n"
        "  held by        what nobody knows (unknown)\n"
        "  used by        2 in 2 of 21 regions\n"
        "  deletion       blocked by what uses it (2) and stacks that hold it (2)\n"
        "\n"
        "  region     kind                    name  on                                   stack\n"
        "  eu-west-1  playback configuration  ads   10 % of sessions, vended logs alone  Live\n"
        "  us-east-1  MediaTailor channel     news  logs AS_RUN                          -\n"
    )


@pytest.mark.usefixtures("world")
def test_an_account_without_roles_has_nothing_to_tell() -> None:
    """All roles of the catalogue are looked for; an older one goes by the one in its place."""
    assert run().stdout == (
        "account 111122223333\n"
        "  read           22 regions\n"
        "\n"
        "AWSServiceRoleForAmazonChimeVoiceConnector\n"
        "  there          no\n"
        "  used by        nothing in 10 regions\n"
        "\n"
        "AWSServiceRoleForChimeSDKMessaging\n"
        "  there          no\n"
        "  used by        nothing in 2 regions\n"
        "\n"
        "AmazonChimeServiceChatStreamingAccess\n"
        "  there          no; it is the older name of AWSServiceRoleForChimeSDKMessaging\n"
        "\n"
        "AWSServiceRoleForIVSRecordToS3\n"
        "  there          no\n"
        "  used by        nothing in 7 regions\n"
        "\n"
        "AWSServiceRoleForMediaTailor\n"
        "  there          no\n"
        "  used by        nothing in 21 regions\n"
        "\n"
        "AWSServiceRoleForMediaPackage\n"
        "  there          no\n"
        "  used by        nothing in 20 regions\n"
    )


@pytest.mark.usefixtures("waits")
def test_a_policy_is_compared_with_the_one_that_is_known(account: FakeAccount) -> None:
    """As known, another one, none at all, and none known."""
    account.add_role(catalogue.MEDIATAILOR)
    account.add_role(catalogue.MEDIAPACKAGE, policies=["Other", "More"])
    account.add_role(catalogue.CHIME_MESSAGING, policies=[])
    account.add_role(catalogue.CHIME_MESSAGING_LEGACY, policies=["Older"])
    lines = run("mediatailor", "mediapackage", "chime-messaging", "--region", VIRGINIA).stdout

    assert [line.split(maxsplit=1)[1] for line in lines.splitlines() if "  policy" in line] == [
        "AWSMediaTailorServiceRolePolicy, as known",
        "Other, More; the catalogue knows MediaPackageServiceRolePolicy",
        "none; the catalogue knows AmazonChimeSDKMessagingServiceRolePolicy",
        "Older; the catalogue knows none",
    ]


def test_a_role_that_nothing_holds_can_go(account: FakeAccount) -> None:
    """As far as anybody knows; who made it, nobody tells, either."""
    account.add_role(catalogue.IVS_RECORD_TO_S3)

    assert run("ivs", "--region", DUBLIN).stdout == (
        "account 111122223333\n"
        "  read           1 region\n"
        "\n"
        "AWSServiceRoleForIVSRecordToS3\n"
        "  there since    2025-01-15, no use of it is known\n"
        "  made by        its service, or somebody\n"
        "  policy         IVSRecordToS3, as known\n"
        "  used by        nothing in 1 region\n"
        "  deletion       nothing known stands against it\n"
    )


def test_what_uses_a_role_that_is_gone_is_told(world: World, account: FakeAccount) -> None:
    """The feature is on all the same; and a last use may have no region."""
    when = datetime(2026, 1, 2, tzinfo=UTC)
    account.add_role(catalogue.CHIME_VOICE_CONNECTOR)
    on = {"StreamingConfiguration": {"DataRetentionInHours": 24, "Disabled": True}}
    world.features.add(features.VOICE_CONNECTOR, ACCOUNT, DUBLIN, "abcdefghijklmnopqrstuv", on)
    account.roles.clear()
    account.add_role(catalogue.MEDIAPACKAGE, last_used=(when, ""))

    assert run("chime-voice-connector", "mediapackage", "--region", DUBLIN).stdout == (
        "account 111122223333\n"
        "  read           1 region\n"
        "\n"
        "AWSServiceRoleForAmazonChimeVoiceConnector\n"
        "  there          no\n"
        "  used by        1 in 1 of 1 region\n"
        "\n"
        "  region     kind             name                    on                               "
        "stack\n"
        "  eu-west-1  Voice Connector  abcdefghijklmnopqrstuv  configured, disabled, kept 24 h  -\n"
        "\n"
        "AWSServiceRoleForMediaPackage\n"
        "  there since    2025-01-15, last used 2026-01-02\n"
        "  made by        its service, or somebody\n"
        "  policy         MediaPackageServiceRolePolicy, as known\n"
        "  used by        nothing in 1 region\n"
        "  deletion       nothing known stands against it\n"
    )


def test_an_older_role_is_used_by_what_uses_the_one_in_its_place(
    world: World, account: FakeAccount
) -> None:
    """If it is there: nobody can tell which of the two a service takes."""
    _add_app_instance(world, account, "chat")
    account.roles.clear()
    account.add_role(catalogue.CHIME_MESSAGING_LEGACY)

    current, older = told("chime-messaging", "--region", VIRGINIA)[0]["roles"]
    assert (current["there"], current["blocked"], older["there"], older["blocked"]) == (
        *(False, True),
        *(True, True),
    )
    assert current["users"] == older["users"] != []

    account.roles.clear()
    current, older = told("chime-messaging", "--region", VIRGINIA)[0]["roles"]
    assert (len(current["users"]), older["users"], older["blocked"]) == (1, [], False)
    (alone,) = told("chime-messaging-legacy", "--region", VIRGINIA)[0]["roles"]
    assert alone["role_name"] == catalogue.CHIME_MESSAGING_LEGACY.role_name


def _add_app_instance(world: World, account: FakeAccount, name: str) -> None:
    account.add_role(catalogue.CHIME_MESSAGING)
    stream = f"arn:aws:kinesis:{VIRGINIA}:{ACCOUNT}:stream/chime-messaging-a"
    on = {"StreamingConfigurations": [{"DataType": "Channel", "ResourceArn": stream}]}
    world.features.add(features.APP_INSTANCE, ACCOUNT, VIRGINIA, "a1", {"Name": name} | on)


@pytest.mark.parametrize("form", [[], ["--csv"]], ids=["text", "csv"])
def test_names_do_nothing_to_a_terminal(
    world: World, account: FakeAccount, form: list[str]
) -> None:
    """Whoever may name an app instance may name it anything."""
    _add_app_instance(world, account, "a\x1b[2Jb\nc")
    account.roles[catalogue.CHIME_MESSAGING.role_name].description = "x\x07y"
    result = run("chime-messaging", "--region", VIRGINIA, *form)

    assert "a\ufffd[2Jb\ufffdc" in result.stdout
    assert "\x1b" not in result.stdout
    assert "\x07" not in result.stdout


# for programs


@pytest.mark.usefixtures("used")
def test_json_has_all_that_there_is() -> None:
    """With times in UTC, and null for what nobody knows."""
    result = run("mediatailor", "--region", VIRGINIA, "--region", DUBLIN, "--json")
    stack = rf"arn:aws:cloudformation:{DUBLIN}:{ACCOUNT}:stack/%s/[0-9a-f-]{{36}}"
    ids = {name: re.findall(stack % name, result.stdout)[0] for name in ("Live", "Old")}

    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == {
        "accounts": [
            {
                "account": ACCOUNT,
                "name": None,
                "complete": True,
                "regions_read": [DUBLIN, VIRGINIA],
                "regions_disabled": [],
                "failures": [],
                "roles": [
                    {
                        "role_name": "AWSServiceRoleForMediaTailor",
                        "short_name": "mediatailor",
                        "principal": "mediatailor.amazonaws.com",
                        "arn": catalogue.MEDIATAILOR.arn(partition="aws", account=ACCOUNT),
                        "there": True,
                        "created": "2024-05-01T10:20:30Z",
                        "last_used": "2026-11-20T00:00:00Z",
                        "last_used_region": DUBLIN,
                        "description": "logs of ads (made by slr-constructs)",
                        "made_by_slr_constructs": True,
                        "attached_policies": [
                            "arn:aws:iam::aws:policy/aws-service-role/AWSMediaTailorServiceRolePolicy"
                        ],
                        "inline_policies": ["First", "Second"],
                        "known_policy": "AWSMediaTailorServiceRolePolicy",
                        "policy_as_known": True,
                        "blocked": True,
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
                                "state": "gone",
                                "tag": f"{LEASE_TAG}bb",
                            },
                            {
                                "stack": "what nobody knows",
                                "stack_name": "what nobody knows",
                                "region": None,
                                "state": "unknown",
                                "tag": f"{LEASE_TAG}cc",
                            },
                        ],
                        "users": [
                            {
                                "kind": "playback configuration",
                                "region": DUBLIN,
                                "name": "ads",
                                "id": "ads",
                                "arn": f"arn:aws:mediatailor:{DUBLIN}:{ACCOUNT}"
                                ":playbackConfiguration/ads",
                                "on": "10 % of sessions, vended logs alone",
                                "settings": LOGS["LogConfiguration"],
                                "stack": ids["Live"],
                                "stack_name": "Live",
                            },
                            {
                                "kind": "MediaTailor channel",
                                "region": VIRGINIA,
                                "name": "news",
                                "id": "news",
                                "arn": f"arn:aws:mediatailor:{VIRGINIA}:{ACCOUNT}:channel/news",
                                "on": "logs AS_RUN",
                                "settings": {"LogTypes": ["AS_RUN"]},
                                "stack": None,
                                "stack_name": None,
                            },
                        ],
                    }
                ],
            }
        ]
    }


@pytest.mark.usefixtures("world")
def test_json_of_a_role_that_is_not_there_has_the_same_keys() -> None:
    """So that nobody has to ask which."""
    (role,) = told("ivs", "--region", DUBLIN)[0]["roles"]

    assert role == {
        "role_name": "AWSServiceRoleForIVSRecordToS3",
        "short_name": "ivs-record-to-s3",
        "principal": "ivs.amazonaws.com",
        "arn": None,
        "there": False,
        "created": None,
        "last_used": None,
        "last_used_region": None,
        "description": None,
        "made_by_slr_constructs": None,
        "attached_policies": [],
        "inline_policies": [],
        "known_policy": "IVSRecordToS3",
        "policy_as_known": None,
        "blocked": False,
        "leases": [],
        "users": [],
    }


@pytest.mark.usefixtures("used")
def test_csv_has_a_line_for_each_use() -> None:
    """And the same columns always."""
    result = run("mediatailor", "--csv")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "account,role,region,kind,name,arn,on,stack\n"
        "111122223333,AWSServiceRoleForMediaTailor,eu-west-1,playback configuration,ads,"
        "arn:aws:mediatailor:eu-west-1:111122223333:playbackConfiguration/ads,"
        '"10 % of sessions, vended logs alone",Live\n'
        "111122223333,AWSServiceRoleForMediaTailor,us-east-1,MediaTailor channel,news,"
        "arn:aws:mediatailor:us-east-1:111122223333:channel/news,logs AS_RUN,\n"
    )


@pytest.mark.usefixtures("world")
def test_csv_of_nothing_is_a_header() -> None:
    """Which programs can read."""
    assert run("ivs", "--csv").stdout == "account,role,region,kind,name,arn,on,stack\n"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@"])
def test_csv_has_no_formulas(world: World, account: FakeAccount, begin: str) -> None:
    """A spreadsheet would carry out what anybody who names things has written."""
    name = f'{begin}HYPERLINK("https://example.com","a")'
    _add_app_instance(world, account, name)
    (row,) = csv.DictReader(
        run("chime-messaging", "--region", VIRGINIA, "--csv").stdout.splitlines()
    )

    assert row["name"] == f"'{name}"
    (role, _) = told("chime-messaging", "--region", VIRGINIA)[0]["roles"]
    assert role["users"][0]["name"] == name


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]], ids=["text", "json", "csv"])
def test_passwords_that_services_list_are_nowhere(
    world: World, account: FakeAccount, form: list[str]
) -> None:
    """MediaPackage has those of its ingest endpoints in every list of channels."""
    account.add_role(catalogue.MEDIAPACKAGE)
    endpoint = {"Id": "1", "Url": "https://in", "Username": "sesame", "Password": "open"}
    data = {"HlsIngest": {"IngestEndpoints": [endpoint]}, "EgressAccessLogs": {}}
    world.features.add(features.LIVE_CHANNEL, ACCOUNT, DUBLIN, "live", data)
    result = run("mediapackage", "--region", DUBLIN, *form)

    assert "egress to its default" in result.stdout
    for secret in ("sesame", "open", "testing", "Password"):
        assert secret not in result.output


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]], ids=["text", "json", "csv"])
@pytest.mark.usefixtures("used")
def test_the_answer_may_be_written(tmp_path: Path, form: list[str]) -> None:
    """It is the same one."""
    file = tmp_path / "audit"
    arguments = ("mediatailor", "--region", DUBLIN, *form)
    result = run(*arguments, "--output", file)

    assert (result.exit_code, result.output) == (0, "")
    assert file.read_text() == run(*arguments).stdout


# what is not read


def test_what_is_not_read_is_told_and_the_rest_is_read(used: World) -> None:
    """A line each on the error stream, and 1."""
    used.account(ACCOUNT).denied |= {
        f"mediatailor:ListChannels@{VIRGINIA}",
        f"mediatailor:ListPlaybackConfigurations@{DUBLIN}",
    }
    arguments = ("mediatailor", "--region", VIRGINIA, "--region", DUBLIN)
    result = run(*arguments)
    why = "AccessDeniedException: " + denial("mediatailor:List{}")

    assert result.exit_code == 1
    assert result.stderr == (
        f"slr-constructs: eu-west-1: playback configurations were not read:"
        f" {why.replace('{}', 'PlaybackConfigurations')}\n"
        f"slr-constructs: us-east-1: MediaTailor channels were not read:"
        f" {why.replace('{}', 'Channels')}\n"
    )
    lines = result.stdout.splitlines()
    assert lines[1] == "  read           2 regions; not all of it: 2 failures"
    assert lines[-2:] == [
        "  used by        nothing in 2 regions, as far as that could be read",
        "  deletion       blocked by stacks that hold it (2)",
    ]
    assert told(*arguments)[0]["failures"] == [
        {
            "region": DUBLIN,
            "what": "playback configurations",
            "why": why.replace("{}", "PlaybackConfigurations"),
        },
        {
            "region": VIRGINIA,
            "what": "MediaTailor channels",
            "why": why.replace("{}", "Channels"),
        },
    ]


def test_whether_a_role_can_go_is_not_known_while_something_was_not_read(
    account: FakeAccount,
) -> None:
    """Nothing was found, and that says nothing."""
    account.add_role(catalogue.IVS_RECORD_TO_S3)
    account.denied.add("ivs:ListChannels")
    result = run("ivs", "--region", DUBLIN)

    assert result.exit_code == 1
    assert result.stdout.endswith("  deletion       not known: not all was read\n")
    assert told("ivs", "--region", DUBLIN)[0]["roles"][0]["blocked"] is None


def test_whether_a_role_is_there_is_not_known_while_it_was_not_read(account: FakeAccount) -> None:
    """It may well be there."""
    account.add_role(catalogue.IVS_RECORD_TO_S3)
    account.denied.add("iam:GetRole")
    result = run("ivs", "--region", DUBLIN)

    assert result.exit_code == 1
    assert result.stderr == (
        "slr-constructs: the role AWSServiceRoleForIVSRecordToS3 was not read: AccessDenied:"
        f" {denial('iam:GetRole')}\n"
    )
    assert result.stdout == (
        "account 111122223333\n"
        "  read           1 region; not all of it: 1 failure\n"
        "\n"
        "AWSServiceRoleForIVSRecordToS3\n"
        "  there          not known: it was not read\n"
        "  used by        nothing in 1 region\n"
    )
    (role,) = told("ivs", "--region", DUBLIN)[0]["roles"]
    assert (role["there"], role["blocked"]) == (None, None)


def test_regions_that_are_not_enabled_are_told_and_no_failure(account: FakeAccount) -> None:
    """There is nothing to read."""
    account.disabled_regions = {"af-south-1", "ap-southeast-4"}
    result = run("mediatailor")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1:3] == [
        "  read           19 regions",
        "  not enabled    af-south-1, ap-southeast-4",
    ]
    assert "  used by        nothing in 19 regions" in result.stdout
    assert told("mediatailor")[0]["regions_disabled"] == ["af-south-1", "ap-southeast-4"]


@pytest.mark.usefixtures("used")
def test_calls_may_be_one_after_the_other(world: World) -> None:
    """With --at-once 1."""
    run("mediatailor", "--at-once", 1)

    assert world.most_at_once == 1


# several accounts


@pytest.fixture
def organization(world: World, account: FakeAccount) -> World:
    """Give an organization of three accounts, one of which lets nobody in."""
    account.name = "managers"
    second = world.account(OTHER, "video")
    second.assumable.add("Audit")
    second.add_role(catalogue.IVS_RECORD_TO_S3)
    world.account(THIRD, "closed")
    return world


def refused(account: str) -> str:
    """Return why an account lets nobody in."""
    role = f"arn:aws:iam::{account}:role/Audit"
    return (
        f"{role} cannot be assumed: AccessDenied: User: arn:aws:iam::{ACCOUNT}:user/operator is not"
        f" authorized to perform: sts:AssumeRole on resource: {role}"
    )


@pytest.mark.usefixtures("organization")
def test_an_organization_is_told_account_by_account() -> None:
    """The caller's own without a role; one that cannot be entered is a failure of that one."""
    result = run("ivs", "--region", DUBLIN, "--organization-role", "Audit")

    assert result.exit_code == 1
    assert result.stderr == (
        f"slr-constructs: {THIRD}: the account was not read: {refused(THIRD)}\n"
    )
    assert result.stdout == (
        "account 111122223333  managers\n"
        "  read           1 region\n"
        "\n"
        "AWSServiceRoleForIVSRecordToS3\n"
        "  there          no\n"
        "  used by        nothing in 1 region\n"
        "\n"
        "account 444455556666  video\n"
        "  read           1 region\n"
        "\n"
        "AWSServiceRoleForIVSRecordToS3\n"
        "  there since    2025-01-15, no use of it is known\n"
        "  made by        its service, or somebody\n"
        "  policy         IVSRecordToS3, as known\n"
        "  used by        nothing in 1 region\n"
        "  deletion       nothing known stands against it\n"
        "\n"
        "account 777788889999  closed\n"
        "  read           nothing; not all of it: 1 failure\n"
    )


def test_accounts_are_told_in_the_order_of_the_organization(organization: World) -> None:
    """Whichever is read first."""
    others = threading.Event()

    def wait(call: Call) -> None:
        if call.operation == "GetRole":
            if call.account == OTHER:
                others.set()
            else:
                assert others.wait(30)

    organization.on_call = wait
    accounts = told("ivs", "--region", DUBLIN, "--organization-role", "Audit")

    assert [(each["account"], each["name"]) for each in accounts] == [
        (ACCOUNT, "managers"),
        (OTHER, "video"),
        (THIRD, "closed"),
    ]
    assert accounts[2] == {
        "account": THIRD,
        "name": "closed",
        "complete": False,
        "regions_read": [],
        "regions_disabled": [],
        "failures": [{"region": None, "what": "the account", "why": refused(THIRD)}],
        "roles": [],
    }


def test_single_accounts_of_an_organization_may_be_read(organization: World) -> None:
    """Each once, and without the right to list them all."""
    organization.account(ACCOUNT).denied.add("organizations:ListAccounts")
    asked = ("ivs", "--organization-role", "Audit", "--region", DUBLIN)
    result = run(*asked, "--csv", "--account", OTHER, "--account", ACCOUNT, "--account", OTHER)

    assert (result.exit_code, result.stderr) == (0, "")
    assert not any(call.service == "organizations" for call in organization.calls)
    assert sum(call.operation == "AssumeRole" for call in organization.calls) == 1
    assert result.stdout == "account,role,region,kind,name,arn,on,stack\n"


def test_fails_when_the_organization_cannot_be_read(account: FakeAccount) -> None:
    """In one sentence, and 2."""
    account.organization = False
    result = run("--organization-role", "Audit")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "slr-constructs: the organization cannot be read: AWSOrganizationsNotInUseException: Your"
        " account is not a member of an organization.\n"
    )


# whose account


def test_a_role_may_be_assumed_first(world: World) -> None:
    """The account is the role's."""
    world.account(OTHER).assumable.add("Reader")
    (read,) = told("ivs", "--region", DUBLIN, "--role-arn", f"arn:aws:iam::{OTHER}:role/Reader")

    assert read["account"] == OTHER


def test_a_profile_may_be_named(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of the AWS configuration."""
    world.account(OTHER)
    file = tmp_path / "credentials"
    file.write_text(f"[other]\naws_access_key_id = {OTHER}\naws_secret_access_key = testing\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    (read,) = told("ivs", "--region", DUBLIN, "--profile", "other")

    assert read["account"] == OTHER


def test_fails_when_there_are_no_credentials(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence, and 2."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    result = run()

    assert (result.exit_code, result.stdout, world.calls) == (2, "", [])
    assert result.stderr == (
        "slr-constructs: AWS cannot be signed in to: Unable to locate credentials\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["mediatailer"], "no role is called 'mediatailer': did you mean mediatailor?"),
        (
            ["ivs", "--region", "eu-west-9"],
            NOWHERE,
        ),
        (["--profile", "nobody"], "The config profile (nobody) could not be found"),
        (["--role-arn", "Reader"], "--role-arn takes the ARN of a role, got 'Reader'"),
        (
            ["--role-arn", f"arn:aws:iam::{OTHER}:role/Audit"],
            refused(OTHER),
        ),
        (
            ["--organization-role", "arn:aws:iam::1:role/Audit"],
            NO_ROLE_NAME,
        ),
        (
            ["--account", OTHER],
            "--account needs --organization-role, the role through which the account is read",
        ),
        (
            ["--organization-role", "Audit", "--account", "video"],
            "--account takes the 12 digits of an account, got 'video'",
        ),
        (["--json", "--csv"], "--json and --csv are two answers: ask for one of them"),
        (["-o", "/nonexistent/audit"], "/nonexistent/audit cannot be written"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
@pytest.mark.usefixtures("world")
def test_fails_when_something_is_asked_for_that_is_not_there(
    arguments: list[str], sentence: str
) -> None:
    """In one sentence, and 2."""
    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"slr-constructs: {sentence}\n"


@pytest.mark.parametrize("number", [0, 257])
def test_fails_when_too_much_or_nothing_is_asked_at_once(number: int) -> None:
    """With click's words, and 2."""
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
    """Let everything have a name of 128 characters, which is the most that a stack may have."""
    account = world.account(ACCOUNT, LONG)
    for definition in catalogue.ALL:
        account.add_role(definition, description=f"{LONG} {LONG}", policies=[LONG], inline=[LONG])
        account.roles[definition.role_name].tags = {
            f"{LEASE_TAG}aa": account.add_stack(f"x{LONG}", "ap-northeast-1")
        }
    stream = f"arn:aws:kinesis:{VIRGINIA}:{ACCOUNT}:stream/chime-messaging-a"
    on: dict[Any, tuple[str, dict[str, Any]]] = {
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
    for kind, (name, data) in on.items():
        world.features.add(kind, ACCOUNT, VIRGINIA, name, data)


def test_a_terminal_of_80_columns_is_enough_whatever_the_names(
    world: World, terminal: Terminal
) -> None:
    """What is long is folded, and nothing of it is lost; and colours stay on terminals."""
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
    # as much of each name as there is off the terminal
    digits = [re.sub(r"\D", "", each) for each in (plain, "".join(shown))]
    assert sorted(digits[0]) == sorted(digits[1])
    assert any(
        line.count(LONG) == 1 and "playback configuration" in line for line in plain.splitlines()
    )


@pytest.mark.usefixtures("used")
def test_a_terminal_shows_what_a_file_has(terminal: Terminal, tmp_path: Path) -> None:
    """Where there is room, to the letter; the progress before it leaves nothing."""
    file = tmp_path / "audit"
    assert (
        call_here(terminal, ["audit", "ivs", "mediatailor", "--region", VIRGINIA, "-o", file]) == 0
    )
    assert call_here(terminal, ["audit", "ivs", "mediatailor", "--region", VIRGINIA]) == 0
    written = terminal.close()

    assert "0/0 lists, 0 s, 0 uses, 0 things" in written
    assert text(written) == file.read_text()


def test_a_narrow_table_is_told_kind_by_kind(used: World, terminal: Terminal) -> None:
    """Which leaves more room for names; and a name that is too long goes on below."""
    used.features.add(features.PLAYBACK_CONFIGURATION, ACCOUNT, DUBLIN, "b" * 40, LOGS)
    assert (
        call_here(terminal, ["audit", "mediatailor", "--region", DUBLIN, "--region", VIRGINIA]) == 0
    )
    lines = text(terminal.close())

    assert lines.endswith(
        "  deletion       blocked by what uses it (3) and stacks that hold it (2)\n"
        "\n"
        "  playback configuration\n"
        "    region     name                          on                            stack\n"
        "    eu-west-1  ads                           10 % of sessions, vended      Live\n"
        "                                             logs alone\n"
        "    eu-west-1  bbbbbbbbbbbbbbbbbbbbbbbbbbbb  10 % of sessions, vended      -\n"
        "               bbbbbbbbbbbb                  logs alone\n"
        "  MediaTailor channel\n"
        "    region     name  on           stack\n"
        "    us-east-1  news  logs AS_RUN  -\n"
    )


def test_progress_tells_what_is_worth_knowing(
    organization: World, terminal: Terminal, waits: list[float]
) -> None:
    """Accounts, lists, things, what uses a role, waits for busy services and failures."""
    # botocore asks once more by itself
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
        terminal, ["audit", "ivs", "--region", DUBLIN, "--organization-role", "Audit", "--csv"]
    )
    written = terminal.close()

    assert (status, 1.0 in waits) == (1, True)
    assert re.search(
        r" [0-3]/3 accounts, \d/\d lists, \d s, 0 uses, [1-3] failed, 1 wait, 0 things\n", written
    )
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h")


def test_there_is_no_progress_off_a_terminal(used: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where colours are wanted, either, and not on a terminal that can only write lines."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = run("mediatailor", "--region", DUBLIN)
    assert (result.stderr, len(used.calls) > 0) == ("", True)


def test_there_is_no_progress_on_a_terminal_that_can_only_write(
    used: World, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could not be taken away again."""
    monkeypatch.setenv("TERM", "dumb")
    assert call_here(terminal, ["audit", "mediatailor", "--region", DUBLIN, "--csv"]) == 0
    assert terminal.close().splitlines()[0] == "account,role,region,kind,name,arn,on,stack"
    assert used.calls


# interrupted


@pytest.mark.parametrize(
    ("operation", "read"),
    [("GetCallerIdentity", "nothing was read"), ("ListChannels", "0 of 2 lists were read")],
)
def test_whoever_interrupts_is_told_how_far_it_was(world: World, operation: str, read: str) -> None:
    """At whatever call it is; and that nothing was changed."""

    def interrupt(call: Call) -> None:
        if call.operation == operation:
            raise KeyboardInterrupt

    world.on_call = interrupt
    result = run("ivs", "--region", DUBLIN, "--at-once", 1)

    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == f"slr-constructs: interrupted; {read}, and nothing was changed\n"


def test_an_interruption_leaves_the_terminal_clean_and_waits_for_nobody() -> None:
    """One sentence, the cursor is back, and calls that hang are left to hang."""
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

    assert (command.returncode, output) == (130, b"")
    assert took < 10
    assert written.endswith("\n")
    assert re.search(
        r"slr-constructs: interrupted; \d+ of 42 lists were read, and nothing was changed\n$",
        written,
    )
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
    # where the progress was
    assert text(written).startswith("slr-constructs: interrupted")
