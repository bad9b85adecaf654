"""Fixtures for all tests: those that the library ships, and a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Stack

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

pytest_plugins = ["slr_constructs.testing.plugin", "pytester"]


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
