"""Fixtures for all tests: those that the library ships, and a stack."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

# As the Makefile exports it, for calls of pytest without make. It is set before the first import
# of CDK, because jsii starts its process then: with the Node of this environment, not with another
# one on the PATH, and with a cache that is not in the home folder.
_BIN = Path(sys.executable).parent
if os.environ["PATH"].split(os.pathsep)[0] != str(_BIN):
    os.environ["PATH"] = f"{_BIN}{os.pathsep}{os.environ['PATH']}"
os.environ.setdefault("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(_BIN.parent / "cache/jsii"))
os.environ.setdefault("CDK_HOME", str(_BIN.parent / "cache/cdk"))

import pytest  # noqa: E402
from aws_cdk import App, Stack  # noqa: E402

from tests.botocore_loader import share_botocore_data  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Generator

    from _pytest.terminal import TerminalReporter

pytest_plugins = ["slr_constructs.testing.plugin", "pytester"]


def pytest_configure() -> None:
    """Share what all tests of a process need."""
    share_botocore_data()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector away from modules, which stay until the process ends.

    CDK and botocore are so large that looking through them takes a fifth of the time of all tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture
def stack() -> Stack:
    """Return an empty stack in an app of its own."""
    return Stack(App(), "Stack")


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print what a test has recorded as its summary, and xdist has carried here."""
    for report in terminalreporter.getreports("passed"):
        for name, line in report.user_properties if report.when == "call" else ():
            if name == "summary":
                terminalreporter.write_line(str(line))
