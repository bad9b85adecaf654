"""The pytest plugin that gives the tests of this folder their account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integ.sandbox import Sandbox

PLUGIN = "slr-constructs-sandbox"


class Opened:
    """Provides the account that the command has opened."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        # pytest registers a plugin under this name
        self.__name__ = PLUGIN

    @pytest.fixture(scope="session")
    def sandbox(self) -> Sandbox:
        """Return the account."""
        return self._sandbox
