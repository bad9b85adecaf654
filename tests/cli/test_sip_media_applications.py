"""Account commands and SIP media applications, which may use the role of Voice Connectors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import catalogue
from slr_constructs.account.usages import KINDS
from slr_constructs.account.usages.kind import TargetResource
from slr_constructs.handler.slr_handler.clock import Clock
from slr_constructs.handler.slr_handler.context import Context
from tests.account import specimens
from tests.account.rehearsal import REGIONS, at_first, changing, few_regions, let_time_pass
from tests.cli.commands import run_command
from tests.fake_services import features
from tests.fake_services.connected import ACCOUNT

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.wire import Call
    from tests.fake_services.world import World

ROLE = catalogue.CHIME_VOICE_CONNECTOR
FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:answer"


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    few_regions(monkeypatch)
    let_time_pass(monkeypatch)


@pytest.fixture
def menu(world: World, account: FakeAccount) -> features.TargetResource:
    """Give an account with the role and a SIP media application."""
    account.add_role(ROLE)
    return add(world, "menu")


def add(world: World, name: str, region: str = REGIONS[0]) -> features.TargetResource:
    """Add a SIP media application."""
    data = {"Name": name, "AwsRegion": region, "Endpoints": [{"LambdaArn": FUNCTION}]}
    return world.features.add(
        features.SIP_MEDIA_APPLICATION, ACCOUNT, region, f"id-of-{name}", data
    )


def run(command: str, *arguments: str) -> Result:
    """Call a command for the role."""
    return run_command(command, "chime-voice-connector", *arguments)


def exists(account: FakeAccount) -> bool:
    """Return whether the role exists."""
    return ROLE.role_name in account.roles


def test_audit_lists_them(menu: features.TargetResource) -> None:
    """The report says that they may use the role, and by which function."""
    shown = run("audit")

    assert shown.exit_code == 0
    rows = [line.split("  ") for line in shown.stdout.splitlines() if "SIP media" in line]
    (row,) = ([cell.strip() for cell in each if cell] for each in rows)
    assert row == [
        REGIONS[0],
        "SIP media application",
        "menu (id-of-menu)",
        "calls answer, may use the role",
        "-",
    ]
    assert "blocked by 1 usage" in shown.stdout

    (report,) = json.loads(run("audit", "--format", "json").stdout)["accounts"][0]["roles"]
    (usage,) = report["usages"]
    assert usage["arn"] == menu.arn
    assert (usage["kind"], usage["usage"]) == ("SIP media application", "may use")


def test_audit_names_the_stack_of_an_application(
    menu: features.TargetResource, account: FakeAccount
) -> None:
    """CloudFormation's physical id is the ARN [schema]."""
    resource = ("Phone", "AWS::Chime::SipMediaApplication", menu.arn)
    account.add_stack("phones", REGIONS[0], resources=[resource])

    assert "phones" in run("audit").stdout


@pytest.mark.usefixtures("menu")
def test_release_refuses_to_delete_the_role(account: FakeAccount) -> None:
    """It does not delete an application, because callers would not reach anything."""
    planned, refused = run("release", "--dry-run"), run("release", "--yes")

    assert (planned.exit_code, refused.exit_code) == (1, 2)
    assert (
        f"SIP media application menu in {REGIONS[0]} may use the role: without the role, its"
        " actions Speak and SpeakAndGetDigits fail. Delete it, or add --despite-usage id-of-menu"
    ) in " ".join(planned.stdout.split())
    assert "Disables" not in planned.stdout
    assert exists(account)


@pytest.mark.parametrize("by", ["name", "id", "ARN"])
def test_release_deletes_the_role_if_a_flag_names_the_application(
    menu: features.TargetResource, world: World, account: FakeAccount, by: str
) -> None:
    """The application is not changed."""
    name = {"name": "menu", "id": "id-of-menu", "ARN": menu.arn}[by]
    result = run("release", "--yes", "--despite-usage", name)

    assert result.exit_code == 0, result.output
    assert "does not change SIP media application menu" in result.stdout
    assert not exists(account)
    assert world.features.find(features.SIP_MEDIA_APPLICATION, ACCOUNT, REGIONS[0], "id-of-menu")
    assert "DeleteSipMediaApplication" not in changing(world)


@pytest.mark.usefixtures("menu")
def test_every_application_must_be_named(world: World) -> None:
    """Applications may have the same name."""
    add(world, "queue", REGIONS[1])

    result = run("release", "--yes", "--despite-usage", "menu")

    assert result.exit_code == 2
    assert "--despite-usage id-of-queue" in result.stdout


@pytest.mark.usefixtures("menu")
def test_fails_when_the_flag_names_something_else(account: FakeAccount) -> None:
    """A typing error must not look like a permission."""
    result = run("release", "--yes", "--despite-usage", "menus")

    assert result.exit_code == 2
    assert result.stderr == (
        "slr-constructs: --despite-usage must be a resource that uses the role and that release"
        " does not change, got 'menus'\n"
    )
    assert exists(account)


def test_release_finds_an_application_that_was_created_after_the_plan(
    world: World, account: FakeAccount
) -> None:
    """Disabling may take long, so the applications are listed again before IAM is asked."""
    account.add_role(ROLE)
    specimens.VOICE_CONNECTOR.add(world, 1, region=REGIONS[0])

    def create(_call: Call) -> None:
        add(world, "menu", REGIONS[1])

    at_first(world, "DeleteVoiceConnectorStreamingConfiguration", create)

    result = run("release", "--yes", "--wait", "1")

    assert result.exit_code == 1, result.output
    assert f"it may be used by SipMediaApplications in {REGIONS[1]}" in result.stdout
    assert exists(account)


def test_a_kept_resource_cannot_be_configured_again() -> None:
    """A release never changes it, so no state file contains one."""
    kind = KINDS["SIP media application"]
    target = TargetResource(kind, REGIONS[0], "id", "arn", "menu")
    context: Any = Context(Clock(1), account=ACCOUNT)

    with pytest.raises(NotImplementedError):
        kind.configure(context, target, {})
