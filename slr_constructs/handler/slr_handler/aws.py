"""All calls to AWS: the clients, and the retries that botocore does not do.

botocore's `standard` mode retries throttling and 5xx for the codes in its lists. This module also
retries other codes (`ThrottledClientException`, 429, of the Chime SDK services, and
`ConcurrentModification` of IAM) and waits until a new policy, role or owner is visible.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

from .cloudformation import log

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from .clock import Clock

    class OnEvent(Protocol):
        """A callback for events."""

        def __call__(self, event: str, **details: object) -> None:
            """Process one event."""


#: short timeouts, so that time for the response is left even if a call hangs.
_CONFIG = Config(
    connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4}
)

_BUSY = frozenset({"Throttling", "ThrottlingException", "ConcurrentModification"})
_NOT_FOUND_CODES = frozenset({"NotFoundException", "ResourceNotFoundException", "NoSuchEntity"})
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "ForbiddenException", "UnauthorizedClientException"}
)

#: a new policy or role is usually visible within seconds. A permanent denial is reported within a
#: minute.
_PROPAGATION_SECONDS = 40
_BUSY_SECONDS = 120
_READS = ("get_", "list_", "describe_")

_CLIENT_ERRORS = range(400, 500)
_RETRYABLE = frozenset({429, *range(500, 600)})
_NOT_FOUND = 404


@functools.cache
def client(service: str, region: str | None = None) -> Any:  # noqa: ANN401 - boto3 creates its clients at run time
    """Return the client of a service. Lambda reuses it between runs.

    Args:
        service: The boto3 name of the service.

        region: The region. None: the region of the function.
    """
    return boto3.client(service, region_name=region, config=_CONFIG)


def regions(service: str) -> list[str]:
    """Return the regions of a service, in the partition of the function."""
    here = client(service).meta
    known: list[str] = boto3.Session().get_available_regions(service, here.partition)
    # boto3 may be older than the service
    return sorted(known) or [here.region_name]


def code(error: ClientError) -> str:
    """Return the error code of the service."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message(error: ClientError) -> str:
    """Return the error message of the service."""
    return str(error.response.get("Error", {}).get("Message", ""))


def error_text(error: ClientError) -> str:
    """Return the text that follows "… failed": what to check, the code and the message."""
    check = ""
    if is_denied(error):
        check = " (check the permissions and the service control policies)"
    return f"{check}: {code(error)}: {message(error)}"


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_not_found(error: ClientError) -> bool:
    """Return whether an error means that the resource does not exist."""
    # the model of mediatailor has no errors, so its 404 has no code
    return code(error) in _NOT_FOUND_CODES or _status(error) == _NOT_FOUND


def is_denied(error: ClientError) -> bool:
    """Return whether an error means that the caller does not have the permission."""
    return code(error) in _DENIED


def is_busy(error: ClientError) -> bool:
    """Return whether an error means that the service is temporarily unavailable or throttling."""
    return code(error) in _BUSY or _status(error) in _RETRYABLE


class Api:
    """One AWS service, whose calls end within the time of one run.

    Args:
        service: The boto3 client of the service.

        clock: The time that the run has.

        on_event: Receives an event for each call and each retry.
            Default: writes them to the log.

        propagation_seconds: How long calls are retried because a permission or a resource is new.
            Use 0 if both exist already.
            Default: 40 seconds; for denied calls, in total for all calls.

        busy_seconds: How long a call is retried because the service is busy.
            Default: 120 seconds.
    """

    def __init__(
        self,
        service: Any,  # noqa: ANN401 - boto3 creates its clients at run time
        clock: Clock,
        *,
        on_event: OnEvent = log,
        propagation_seconds: float = _PROPAGATION_SECONDS,
        busy_seconds: float = _BUSY_SECONDS,
    ) -> None:
        self._client = service
        self._clock = clock
        self._on_event = on_event
        #: shared by all calls: after one call was denied for that long, the next fails at once.
        self._propagation_left = propagation_seconds
        self._propagation_seconds = propagation_seconds
        self._busy_seconds = busy_seconds
        #: whether a call may have changed a resource, which a failed create must then clean up.
        self.changed = False

    def call(
        self,
        operation: str,
        *,
        retry_if: Callable[[ClientError], bool] | None = None,
        **parameters: Any,  # noqa: ANN401 - the service model checks them
    ) -> dict[str, Any]:
        """Call an operation, and retry temporary errors.

        Args:
            operation: A method of the boto3 client.

            retry_if: Returns whether an error may be temporary, because a resource is new.
                Default: retries only throttling and denials.

            parameters: The parameters of the operation.

        Raises:
            ClientError: The service returned an error that is not temporary.
            ParamValidationError: The parameters do not match the service's model.
        """
        waited = 0.0
        pause = 1.0
        while True:
            before, self.changed = self.changed, self.changed or not operation.startswith(_READS)
            try:
                response: dict[str, Any] = getattr(self._client, operation)(**parameters)
            except ClientError as error:
                if _status(error) in _CLIENT_ERRORS:
                    self.changed = before
                retry_seconds = self._retry_seconds(error, retry_if, waited)
                if waited + pause > retry_seconds or pause >= self._clock.left():
                    raise
                if is_denied(error):
                    self._propagation_left -= pause
                self._on_event("retry", operation=operation, code=code(error), seconds=pause)
            except ParamValidationError:
                self.changed = before
                raise
            else:
                self._on_event("call", operation=operation)
                return response
            self._clock.wait(pause)
            waited += pause
            pause = min(pause * 2, 10)

    def _retry_seconds(
        self, error: ClientError, retry_if: Callable[[ClientError], bool] | None, waited: float
    ) -> float:
        if is_busy(error):
            return self._busy_seconds
        if is_denied(error):
            return waited + self._propagation_left
        if retry_if is not None and retry_if(error):
            return self._propagation_seconds
        return 0
