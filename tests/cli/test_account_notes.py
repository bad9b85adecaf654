"""What somebody lacks a right for, and all the same read everything."""

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
    "slr-constructs: which regions are enabled was not read, so all are asked, and one that is not"
    " is a failure: AccessDeniedException: User: "
)


@pytest.mark.parametrize(
    "arguments", [["audit", "ivs"], ["release", "ivs", "--dry-run"]], ids=["audit", "release"]
)
def test_says_so_if_it_may_not_read_which_regions_are_enabled(
    arguments: list[str], world: World
) -> None:
    """Whatever is read without it is read, so the exit status is that of all."""
    world.account(ACCOUNT).add_role(catalogue.IVS_RECORD_TO_S3)
    world.account(ACCOUNT).denied.add("account:ListRegions")

    result = CliRunner().invoke(slr_constructs, arguments)

    assert result.exit_code == 0
    assert result.stderr.startswith(NOTE)
    assert result.stderr.count("\n") == 1


def test_says_of_which_account_it_does_not_know_the_regions(world: World) -> None:
    """Of an organization, there are several."""
    account = world.account(ACCOUNT)
    account.denied.add("account:ListRegions")
    arguments = ["audit", "ivs", "--organization-role", "Audit", "--account", ACCOUNT]

    result = CliRunner().invoke(slr_constructs, arguments)

    assert result.exit_code == 0
    assert f"slr-constructs: {ACCOUNT}: which regions are enabled was not read" in result.stderr
