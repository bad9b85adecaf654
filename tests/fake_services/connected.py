"""A world that boto3 calls in this process, for fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import botocore.handlers

from tests.fake_services.world import World

if TYPE_CHECKING:
    import pytest

ACCOUNT = "111122223333"


def sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the credentials of the account, and remove all other AWS settings."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def connect(monkeypatch: pytest.MonkeyPatch) -> World:
    """Return AWS with one account. Every session created from now on calls it."""
    world = World()
    world.account(ACCOUNT)
    connected = [*botocore.handlers.BUILTIN_HANDLERS, ("before-send", world.before_send)]
    monkeypatch.setattr(botocore.handlers, "BUILTIN_HANDLERS", connected)
    return world
