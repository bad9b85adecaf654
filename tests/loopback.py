"""No network: only loopback addresses can be connected to or looked up."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test if it connects to or looks up anything else."""
    connect = socket.socket.connect
    look_up: Callable[..., Any] = socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:  # noqa: ANN401 - as socket's
        if self.family != socket.AF_UNIX and not ip_address(address[0]).is_loopback:
            pytest.fail(f"the test tried to connect to {address}")
        connect(self, address)

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as socket's
        if host not in ("127.0.0.1", "localhost"):
            pytest.fail(f"the test tried to look up {host}")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
