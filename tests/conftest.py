"""Fixtures for all tests: those that the library ships, and a stack."""

from __future__ import annotations

import pytest
from aws_cdk import App, Stack

pytest_plugins = ["slr_constructs.testing.plugin", "pytester"]


@pytest.fixture
def stack() -> Stack:
    """Return an empty stack in an app of its own."""
    return Stack(App(), "Stack")
