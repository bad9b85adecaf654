"""Missing permissions that do not make an audit incomplete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from slr_constructs import catalogue
from slr_constructs.cli.command_line import slr_constructs
from tests.fake_services.connected import ACCOUNT

if TYPE_CHECKING:
    from tests.fake_services.world import World

NOTE = (
    "slr-constructs: the list of enabled regions cannot be read, so every region is read, and a"
    " region that is not enabled is reported as a failure: AccessDeniedException: User: "
)


@pytest.mark.parametrize(
    "arguments",
    [["audit", "ivs"], ["leases", "ivs", "--marks"], ["release", "ivs", "--dry-run"]],
    ids=["audit", "leases", "release"],
)
def test_reports_that_enabled_regions_cannot_be_read(arguments: list[str], world: World) -> None:
    """Everything else is read, so the exit status is 0."""
    world.account(ACCOUNT).add_role(catalogue.IVS_RECORD_TO_S3)
    world.account(ACCOUNT).denied.add("account:ListRegions")

    result = CliRunner().invoke(slr_constructs, arguments)

    assert result.exit_code == 0
    assert result.stderr.startswith(NOTE)
    assert result.stderr.count("\n") == 1


def test_reports_the_account_whose_enabled_regions_cannot_be_read(world: World) -> None:
    """An organization has several accounts."""
    account = world.account(ACCOUNT)
    account.denied.add("account:ListRegions")
    arguments = ["audit", "ivs", "--organization-role", "Audit", "--account", ACCOUNT]

    result = CliRunner().invoke(slr_constructs, arguments)

    assert result.exit_code == 0
    assert (
        f"slr-constructs: account {ACCOUNT}: the list of enabled regions cannot be read"
    ) in result.stderr
