"""A role that was used recently is not deleted if nothing known explains the use."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import catalogue
from tests.account import specimens
from tests.account.rehearsal import REGIONS, few_regions, let_time_pass
from tests.cli.commands import run_command
from tests.fake_services import features
from tests.fake_services.connected import ACCOUNT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.world import World

ROLE = catalogue.MEDIATAILOR
NAME = ROLE.role_name
REGION = REGIONS[0]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
UNKNOWN = "something unknown uses the role"

release = partial(run_command, "release", "mediatailor")


@pytest.fixture(autouse=True)
def _quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    few_regions(monkeypatch)
    let_time_pass(monkeypatch)


def add_role(account: FakeAccount, ago: timedelta = DAY, region: str = REGION) -> datetime:
    """Add the role, and return when it was last used."""
    when = datetime.now(UTC).replace(microsecond=0) - ago
    account.add_role(ROLE, last_used=(when, region))
    return when


def audited(*arguments: str) -> dict[str, Any]:
    """Return the role in the JSON report."""
    result = run_command("audit", "mediatailor", *arguments, "--format", "json")
    ((role,),) = ([*each["roles"]] for each in json.loads(result.stdout)["accounts"])
    found: dict[str, Any] = role
    return found


def write_state(path: Path, *, at: object, enabled: bool = False) -> None:
    """Write the state file of an earlier run that disabled a usage."""
    arn = f"arn:aws:mediatailor:{REGION}:{ACCOUNT}:playbackConfiguration/ads"
    names = {"region": REGION, "id": "ads", "arn": arn, "name": "ads"}
    settings = {"PercentEnabled": 5, "EnabledLoggingStrategies": ["LEGACY_CLOUDWATCH"]}
    lines: list[dict[str, Any]] = [
        {
            "format": "slr-constructs release",
            "version": 1,
            "account": ACCOUNT,
            "partition": "aws",
            "role_name": NAME,
        },
        {"disabled": "playback configuration", **names, "settings": settings, "at": at},
    ]
    if enabled:
        lines.append({"enabled": arn, "arn": arn, "at": at})
    path.write_text("".join(f"{json.dumps(each)}\n" for each in lines))


# release


def test_a_use_that_nothing_explains_blocks_the_release(account: FakeAccount) -> None:
    """The plan says when and where the role was used, and nothing is changed."""
    when = add_role(account)

    plan = release("--dry-run")
    result = release("--yes")

    assert (plan.exit_code, result.exit_code) == (1, 2)
    assert plan.stdout.endswith(
        "Blocked, because:\n\n"
        f"  {UNKNOWN}: it was last used on {when.date()} in {REGION}, and no usage in this plan or"
        " in the state file explains it. Find what uses it, or add --despite-recent-use\n\n"
    )
    assert NAME in account.roles


def test_a_region_is_not_always_known(account: FakeAccount) -> None:
    """IAM may omit it."""
    when = add_role(account, region="")

    assert f"it was last used on {when.date()}, and no usage" in release("--dry-run").stdout


def test_the_option_allows_the_release(account: FakeAccount) -> None:
    """If you know what used the role."""
    add_role(account)

    result = release("--yes", "--despite-recent-use")

    assert result.exit_code == 0, result.output
    assert UNKNOWN not in result.stdout
    assert NAME not in account.roles


@pytest.mark.parametrize(
    ("ago", "blocked"),
    [
        (MINUTE, True),
        (14 * DAY - MINUTE, True),
        (14 * DAY + MINUTE, False),
        # the clock of this machine may be wrong
        (-DAY, True),
    ],
    ids=["now", "nearly two weeks", "more than two weeks", "future"],
)
def test_a_use_matters_for_two_weeks(
    account: FakeAccount, ago: timedelta, *, blocked: bool
) -> None:
    """Then the role counts as unused. An audit has the same limit."""
    add_role(account, ago)

    assert release("--dry-run").exit_code == int(blocked)
    assert audited()["used_by_unknown"] is blocked


def test_a_role_that_was_never_used_can_be_released(account: FakeAccount) -> None:
    """IAM then has no last use."""
    account.add_role(ROLE)

    assert release("--dry-run").exit_code == 0
    assert audited()["used_by_unknown"] is False


def test_a_usage_in_the_plan_explains_the_use(world: World, account: FakeAccount) -> None:
    """It is disabled before the role is deleted."""
    add_role(account)
    specimens.PLAYBACK_CONFIGURATION.add(world, 1)

    result = release("--yes")

    assert result.exit_code == 0, result.output
    assert NAME not in account.roles


def test_a_usage_that_release_does_not_change_explains_the_use(
    world: World, account: FakeAccount
) -> None:
    """You must name it anyway."""
    definition = catalogue.CHIME_VOICE_CONNECTOR
    account.add_role(definition, last_used=(datetime.now(UTC), REGION))
    data = {"Name": "menu", "AwsRegion": REGION, "Endpoints": []}
    world.features.add(features.SIP_MEDIA_APPLICATION, ACCOUNT, REGION, "id-of-menu", data)

    result = run_command("release", definition.role_name, "--dry-run")

    assert "Blocked, because:" in result.stdout
    assert UNKNOWN not in result.stdout


def test_a_usage_of_the_role_that_replaced_it_does_not_explain_the_use(
    world: World, account: FakeAccount
) -> None:
    """Resources use the current role, if both exist."""
    older = catalogue.CHIME_MESSAGING_LEGACY
    account.add_role(catalogue.CHIME_MESSAGING)
    account.add_role(older, last_used=(datetime.now(UTC), REGION))
    specimens.APP_INSTANCE.add(world, 1)

    assert UNKNOWN in run_command("release", older.role_name, "--dry-run").stdout


@pytest.mark.parametrize(
    ("used", "blocked"),
    [(5 * DAY, False), (3 * DAY + MINUTE, False), (2 * DAY, True), (MINUTE, True)],
    ids=["before", "soon after", "later", "now"],
)
@pytest.mark.parametrize("enabled", [False, True])
def test_a_usage_in_the_state_file_explains_the_use_before(
    account: FakeAccount, tmp_path: Path, used: timedelta, *, enabled: bool, blocked: bool
) -> None:
    """But not a use more than a day after the earlier run disabled it."""
    add_role(account, used)
    when = datetime.now(UTC) - 4 * DAY
    write_state(tmp_path / "state", at=when.isoformat(), enabled=enabled)

    result = release("--dry-run", "--state", "state")

    assert result.exit_code == int(blocked), result.output
    assert (UNKNOWN in result.stdout) is blocked


@pytest.mark.parametrize("at", [None, "yesterday", "2026-01-01T00:00:00"])
def test_a_record_without_a_time_explains_nothing(
    account: FakeAccount, tmp_path: Path, at: object
) -> None:
    """Its settings are used anyway."""
    add_role(account)
    write_state(tmp_path / "state", at=at)

    result = release("--dry-run", "--state", "state")

    assert result.exit_code == 1
    assert UNKNOWN in result.stdout
    assert result.stderr == ""


def test_the_last_of_several_records_counts(account: FakeAccount, tmp_path: Path) -> None:
    """In any order."""
    add_role(account, 3 * DAY)
    path = tmp_path / "state"
    for days in (2, 9):
        write_state(path, at=(datetime.now(UTC) - days * DAY).isoformat())
        last = path.read_text().splitlines()[1]
        (tmp_path / f"line{days}").write_text(f"{last}\n")
    with path.open("a") as file:
        file.write((tmp_path / "line2").read_text() + (tmp_path / "line9").read_text())

    assert release("--dry-run", "--state", "state").exit_code == 0


def test_an_interrupted_release_continues(
    world: World, account: FakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run has disabled the usages; its state file explains the use."""
    del monkeypatch
    add_role(account, MINUTE)
    specimens.PLAYBACK_CONFIGURATION.add(world, 1)
    account.failing_deletions.extend([{"Reason": "in use"}] * 100)
    assert release("--yes", "--wait", "0").exit_code == 1
    assert NAME in account.roles
    account.failing_deletions.clear()

    result = release("--yes")

    assert result.exit_code == 0, result.output
    assert NAME not in account.roles


# audit


def test_the_audit_reports_an_unknown_use(account: FakeAccount) -> None:
    """As text and as JSON; it is not an error."""
    add_role(account)

    result = run_command("audit", "mediatailor")

    assert (result.exit_code, result.stderr) == (0, "")
    assert (
        f"  recent use     {UNKNOWN}: it was used within the last 14 days, and no known usage"
        " explains it\n"
    ) in result.stdout
    assert audited()["used_by_unknown"] is True


def test_a_usage_explains_the_use_in_an_audit(world: World, account: FakeAccount) -> None:
    """Then nothing is reported."""
    add_role(account)
    specimens.PLAYBACK_CONFIGURATION.add(world, 1)

    assert "recent use" not in run_command("audit", "mediatailor").stdout
    assert audited()["used_by_unknown"] is False


def test_an_audit_of_some_regions_does_not_know(account: FakeAccount) -> None:
    """A usage in another region may explain the use."""
    add_role(account)

    assert audited("--region", REGION)["used_by_unknown"] is None


def test_an_incomplete_audit_does_not_know(account: FakeAccount) -> None:
    """What was not read may explain the use. A release needs both options then."""
    add_role(account)
    account.denied.add("mediatailor:ListChannels")

    assert audited()["used_by_unknown"] is None
    assert "recent use" not in run_command("audit", "mediatailor").stdout
    assert release("--dry-run", "--despite-unreadable").exit_code == 1
    assert release("--dry-run", "--despite-unreadable", "--despite-recent-use").exit_code == 0


def test_a_role_that_the_catalogue_does_not_have_is_used_by_unknown(
    account: FakeAccount,
) -> None:
    """All of its usages are unknown."""
    definition = catalogue.CHIME_TRANSCRIPTION
    account.add_role(definition, last_used=(datetime.now(UTC), REGION))

    assert UNKNOWN in run_command("audit", "chime-transcription").stdout
    assert UNKNOWN in run_command("release", "chime-transcription", "--dry-run").stdout
