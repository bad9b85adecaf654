"""Real boto3 clients with botocore's Stubber, which validates each call with the service model."""

from __future__ import annotations

import functools
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import boto3
import botocore.session
from botocore import xform_name
from botocore.stub import Stubber

if TYPE_CHECKING:
    from collections.abc import Iterable

#: the waits between attempts are 1, 2, 4, 8, 10, 10... seconds.
TRIES_WHEN_DENIED = 7
TRIES_WHEN_NEW = 12
TRIES_WHEN_BUSY = 15


@functools.cache
def _client(service: str) -> Any:  # noqa: ANN401 - boto3 creates its clients at run time
    return boto3.client(service, region_name="us-east-1")


@functools.cache
def _operations(service: str) -> dict[str, str]:
    # without a client, which would look for credentials while tests are collected
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): name for name in model.operation_names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An expected call and its response."""

    service: str
    method: str
    params: dict[str, Any]
    response: dict[str, Any] = field(default_factory=dict)
    #: the code and status of an error.
    refused: tuple[str, int] | None = None

    @property
    def operation(self) -> str:
        """The name of the operation in the service model."""
        return _operations(self.service)[self.method]

    def refuse(self, code: str, status: int, times: int = 1) -> list[Call]:
        """Return the same call with an error, *times* times."""
        refused = Call(
            service=self.service, method=self.method, params=self.params, refused=(code, status)
        )
        return [refused] * times


class StubbedAws:
    """All services. An unexpected call fails the test."""

    def __init__(self, exits: ExitStack) -> None:
        self._exits = exits
        self._stubbers: dict[str, Stubber] = {}

    @classmethod
    def opened(cls) -> tuple[Self, ExitStack]:
        """Return the services, and the exit stack that closes them."""
        exits = ExitStack()
        return cls(exits), exits

    def client(self, service: str, _region: str | None = None) -> Any:  # noqa: ANN401 - as boto3's own
        """Return a service's client, as `aws.client` does."""
        self._stubber(service)
        return _client(service)

    def expect(self, calls: Iterable[Call]) -> None:
        """Expect these calls, in this order, with these parameters."""
        for call in calls:
            stubber = self._stubber(call.service)
            if call.refused is None:
                stubber.add_response(call.method, call.response, call.params)
                continue
            code, status = call.refused
            stubber.add_client_error(
                call.method,
                service_error_code=code,
                service_message="AWS says no",
                http_status_code=status,
                expected_params=call.params,
            )

    def assert_all_called(self) -> None:
        """Fail if an expected call was not made."""
        for stubber in self._stubbers.values():
            stubber.assert_no_pending_responses()

    def _stubber(self, service: str) -> Stubber:
        if service not in self._stubbers:
            self._stubbers[service] = self._exits.enter_context(Stubber(_client(service)))
        return self._stubbers[service]
