"""The pytest plugin that brings the account of the command to the tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integ.sandbox import Sandbox

PLUGIN = "slr-constructs-sandbox"


class Opened:
    """The account that the command has opened."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        # pytest registers a plugin under this name
        self.__name__ = PLUGIN
