"""The one seam to AWS: clients made on first use, and calls that are patient where they should be.

botocore's `standard` mode retries throttling and 5xx for the codes in its lists. Two kinds are
left to us: codes in none of them (`ThrottledClientException`, 429, of the Chime SDK services;
`ConcurrentModification` of IAM), and refusals that only mean that something just made (the
function's own rights, a role, an owner) is not visible everywhere yet.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

from .lifecycle import log

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from .clock import Clock

    class Tell(Protocol):
        """Is told what happens."""

        def __call__(self, event: str, **details: object) -> None:
            """Take one event."""


#: short enough that a call that hangs cannot cost the answer its time.
_CONFIG = Config(
    connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4}
)

_BUSY = frozenset({"Throttling", "ThrottlingException", "ConcurrentModification"})
_GONE = frozenset({"NotFoundException", "ResourceNotFoundException", "NoSuchEntity"})
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "ForbiddenException", "UnauthorizedClientException"}
)

#: a new policy or role is usually visible within seconds; a person waits for the reason of a
#: refusal that is meant, so it comes within a minute.
_SETTLING_SECONDS = 40
_BUSY_SECONDS = 120
_READS = ("get_", "list_", "describe_")

_REFUSED = range(400, 500)
_TRY_AGAIN = frozenset({429, *range(500, 600)})
_NOT_FOUND = 404


@functools.cache
def client(service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """Return the one client of a service; Lambda reuses it between runs."""
    return boto3.client(service, config=_CONFIG)


def code(error: ClientError) -> str:
    """Return the service's own code for an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message(error: ClientError) -> str:
    """Return the service's own words for an error."""
    return str(error.response.get("Error", {}).get("Message", ""))


def told(error: ClientError) -> str:
    """Return an error as a person reads it: who may be meant, the code, and the service's words."""
    why = " (the function's rights or a service control policy)" if denied(error) else ""
    return f"{why}: {code(error)}: {message(error)}"


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def gone(error: ClientError) -> bool:
    """Tell whether an error says that the thing asked for is not there."""
    # mediatailor models no errors at all, so its 404 has no code to go by
    return code(error) in _GONE or _status(error) == _NOT_FOUND


def denied(error: ClientError) -> bool:
    """Tell whether an error says that the caller may not."""
    return code(error) in _DENIED


def busy(error: ClientError) -> bool:
    """Tell whether an error says that the service is too busy, or out of order, for now."""
    return code(error) in _BUSY or _status(error) in _TRY_AGAIN


class Api:
    """One service, called within the time of one run.

    Args:
        service: A boto3 client of it.

        clock: The time there is.

        tell: Is told of calls and of waiting: an event, and its details.

        settling_seconds: How long a denial may be one of rights that are as new as the rest; 0 for
            rights that somebody has had before.
    """

    def __init__(
        self,
        service: Any,  # noqa: ANN401 - boto3 makes its clients at run time
        clock: Clock,
        *,
        tell: Tell = log,
        settling_seconds: float = _SETTLING_SECONDS,
    ) -> None:
        self._client = service
        self._clock = clock
        self._tell = tell
        #: rights that one call waited for in vain are not waited for by the next.
        self._settling_left = settling_seconds
        #: whether anything may have been changed, so that a failed create knows what it left.
        self.changed = False

    def call(
        self,
        operation: str,
        *,
        settling: Callable[[ClientError], bool] | None = None,
        **parameters: Any,  # noqa: ANN401 - the service model checks them
    ) -> dict[str, Any]:
        """Call an operation until it answers.

        Args:
            operation: A method of the boto3 client.

            settling: Tells which refusals may pass by themselves, because something was made
                just now. Denials may too, while the function's rights are as new as the rest.

            parameters: Those of the operation.

        Raises:
            ClientError: The service refused, for longer than the refusal could pass.
            ParamValidationError: The service's model does not know the parameters.
        """
        waited = 0.0
        pause = 1.0
        while True:
            before, self.changed = self.changed, self.changed or not operation.startswith(_READS)
            try:
                answer: dict[str, Any] = getattr(self._client, operation)(**parameters)
            except ClientError as error:
                if _status(error) in _REFUSED:
                    self.changed = before
                patience = self._patience(error, settling, waited)
                if waited + pause > patience or pause >= self._clock.left():
                    raise
                if denied(error):
                    self._settling_left -= pause
                self._tell("waiting", operation=operation, code=code(error), seconds=pause)
            except ParamValidationError:
                self.changed = before
                raise
            else:
                self._tell("called", operation=operation)
                return answer
            self._clock.wait(pause)
            waited += pause
            pause = min(pause * 2, 10)

    def _patience(
        self, error: ClientError, settling: Callable[[ClientError], bool] | None, waited: float
    ) -> float:
        if busy(error):
            return _BUSY_SECONDS
        if denied(error):
            return waited + self._settling_left
        if settling is not None and settling(error):
            return _SETTLING_SECONDS
        return 0
