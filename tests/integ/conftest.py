"""The tests are collected only if `make test-aws` has opened an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cdk_command_line import CommandLine
from tests.integ.opened import PLUGIN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integ.opened import Opened
    from tests.integ.sandbox import Sandbox


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Ignore the tests of this folder without an account."""
    is_test = collection_path.name.startswith("test_")
    return True if is_test and not config.pluginmanager.has_plugin(PLUGIN) else None


@pytest.fixture(scope="session")
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Return the account of the command."""
    opened: Opened = request.config.pluginmanager.getplugin(PLUGIN)
    return opened.sandbox


@pytest.fixture(scope="session")
def cdk(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Return the CDK command line with all stacks synthesized."""
    place = f"aws://{sandbox.account.id}/{sandbox.region}"
    cdk = CommandLine(
        sandbox.environment, place, tmp_path_factory.mktemp("cdk"), app="tests.integ.stacks"
    )
    cdk.synth()
    return cdk
