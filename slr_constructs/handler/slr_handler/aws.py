"""All calls to AWS: the clients, and the retries.

botocore does not retry, because a Create or Update must ask CloudFormation before each attempt
whether it is still wanted. So this module retries throttling, 5xx and broken connections, and waits
until a new policy, role or owner is visible.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore import exceptions
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

from .cloudformation import log

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from .clock import Clock

    #: returns whether an error may be temporary, because a resource is new; None: no error is.
    RetryIf = Callable[[Exception], bool] | None

    class OnEvent(Protocol):
        """A callback for events."""

        def __call__(self, event: str, **details: object) -> None:
            """Process one event."""


#: in seconds. They limit how long after a question to CloudFormation a change takes effect.
_CONNECT, _READ = 3, 15
_QUESTION_CONNECT, _QUESTION_READ = 2, 3


def _config(connect: int, read: int) -> Config:
    return Config(connect_timeout=connect, read_timeout=read, retries={"total_max_attempts": 1})


_CONFIG = _config(_CONNECT, _READ)
_QUESTION_CONFIG = _config(_QUESTION_CONNECT, _QUESTION_READ)

#: after this time, every caller of IAM reads a change of tags. AWS does not document a limit.
READABLE_SECONDS = 6
#: after this time, a request that CloudFormation no longer waits for changes nothing more, and its
#: last change is readable: it has asked two questions, and then made one call.
SETTLED_SECONDS = 2 * (_QUESTION_CONNECT + _QUESTION_READ) + _CONNECT + _READ + READABLE_SECONDS

#: the service did not respond.
UNREACHABLE = (exceptions.ConnectionError, exceptions.HTTPClientError)

#: the codes of throttling and timeouts that botocore's `standard` mode retries, and IAM's own.
_BUSY = frozenset(
    {
        "ConcurrentModification",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_NOT_FOUND_CODES = frozenset({"NotFoundException", "ResourceNotFoundException", "NoSuchEntity"})
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "ForbiddenException", "UnauthorizedClientException"}
)

_READS = ("get_", "list_", "describe_")

_CLIENT_ERRORS = range(400, 500)
_RETRYABLE = frozenset({429, *range(500, 600)})
_NOT_FOUND = 404

#: IAM creates no role for this principal. Users report it with the code of a denial.
_NO_TEMPLATE = "cannot find service linked role template"


@functools.cache
def client(service: str, region: str | None = None) -> Any:  # noqa: ANN401 - boto3 creates its clients at run time
    """Return the client of a service. Lambda reuses it between runs.

    Args:
        service: The boto3 name of the service.

        region: The region. None: the region of the function.
    """
    config = _QUESTION_CONFIG if service == "cloudformation" else _CONFIG
    return boto3.client(service, region_name=region, config=config)


def regions(service: str) -> list[str]:
    """Return the regions of a service, in the partition of the function."""
    here = client(service).meta
    known: list[str] = boto3.Session().get_available_regions(service, here.partition)
    # boto3 may be older than the service
    return sorted(known) or [here.region_name]


def dns_suffix(partition: str) -> str:
    """Return the domain of a partition, such as `amazonaws.com`."""
    known = botocore.session.get_session().get_data("partitions")["partitions"]
    return next(str(each["outputs"]["dnsSuffix"]) for each in known if each["id"] == partition)


def code(error: Exception) -> str:
    """Return the error code of the service, or the kind of error if it did not respond."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__


def message(error: Exception) -> str:
    """Return the error message of the service, or of botocore if the service did not respond."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Message", ""))
    return str(error)


def error_text(error: Exception) -> str:
    """Return the text that follows "… failed": what to check, the code and the message."""
    check = ""
    if is_denied(error):
        check = " (check the permissions and the service control policies)"
    return f"{check}: {code(error)}: {message(error)}"


def _status(error: Exception) -> int:
    if not isinstance(error, ClientError):
        return 0
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_not_found(error: Exception) -> bool:
    """Return whether an error means that the resource does not exist."""
    # the model of mediatailor has no errors, so its 404 has no code
    return code(error) in _NOT_FOUND_CODES or _status(error) == _NOT_FOUND


def is_unknown_service(error: Exception) -> bool:
    """Return whether IAM creates no service-linked role for a principal."""
    return _NO_TEMPLATE in message(error).lower()


def is_denied(error: Exception) -> bool:
    """Return whether an error means that the caller does not have the permission."""
    return code(error) in _DENIED and not is_unknown_service(error)


def is_busy(error: Exception) -> bool:
    """Return whether an error means that the service is temporarily unavailable or throttling."""
    return code(error) in _BUSY or _status(error) in _RETRYABLE


@dataclass(frozen=True, slots=True)
class Retries:
    """For how many seconds a call is retried, by the reason of its failure."""

    #: a new policy or role is usually visible within seconds. A permanent denial is reported within
    #: a minute: after one call was denied for that long, the next one fails at once.
    denied: float = 40
    #: Terraform waits 60 seconds for a new Voice Connector (internal/service/chime/find.go).
    new_target: float = 90
    busy: float = 120
    unreachable: float = 120


NO_RETRIES = Retries(0, 0, 0, 0)


class Api:
    """One AWS service, whose calls end within the time of one run.

    Args:
        service: The boto3 client of the service.

        clock: The time that the run has.

        on_event: Receives an event for each call and each retry.
            Default: writes them to the log.

        retries: How long calls are retried.
            Default: as `Retries` says.

        before_change: Called before each attempt of each call that may change a resource. It may
            raise an error.
            Default: nothing is called.
    """

    def __init__(
        self,
        service: Any,  # noqa: ANN401 - boto3 creates its clients at run time
        clock: Clock,
        *,
        on_event: OnEvent = log,
        retries: Retries = Retries(),
        before_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = service
        self._clock = clock
        self._on_event = on_event
        self._retries = retries
        #: shared by all calls.
        self._denied_left = retries.denied
        self._before_change = before_change
        #: whether a call may have changed a resource, which a failed create must then clean up.
        self.changed = False

    def call(
        self,
        operation: str,
        *,
        retry_if: RetryIf = None,
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
            ConnectionError, HTTPClientError: The service cannot be reached or did not respond.
            ParamValidationError: The parameters do not match the service's model.
        """
        waited = 0.0
        pause = 1.0
        changes = not operation.startswith(_READS)
        while True:
            if changes:
                self._before_change()
            before, self.changed = self.changed, self.changed or changes
            try:
                response: dict[str, Any] = getattr(self._client, operation)(**parameters)
            except (ClientError, *UNREACHABLE) as error:
                if _status(error) in _CLIENT_ERRORS:
                    self.changed = before
                retry_seconds = self._retry_seconds(error, retry_if, waited)
                seconds = self._clock.vary(pause)
                if waited + seconds > retry_seconds or seconds >= self._clock.left():
                    raise
                if is_denied(error):
                    self._denied_left -= seconds
                self._on_event("retry", operation=operation, code=code(error), seconds=seconds)
            except ParamValidationError:
                self.changed = before
                raise
            else:
                self._on_event("call", operation=operation)
                return response
            self._clock.wait(seconds)
            waited += seconds
            pause = min(pause * 2, 10)

    def _retry_seconds(self, error: Exception, retry_if: RetryIf, waited: float) -> float:
        if isinstance(error, UNREACHABLE):
            return self._retries.unreachable
        if is_busy(error):
            return self._retries.busy
        if is_denied(error):
            return waited + self._denied_left
        if retry_if is not None and retry_if(error):
            return self._retries.new_target
        return 0
