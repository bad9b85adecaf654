"""Judge responses: only AWS can say that a list is empty, or that something does not exist.

A proxy or a portal may respond instead of AWS, and a response may be damaged on its way. botocore
reads many of these as a response without members, and quotes others in its errors, with the
credentials in them. No error of this module quotes a response.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from slr_constructs.account.calls import Call, identifiers_in
from slr_constructs.handler.slr_handler.aws import Api, code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import OperationModel, Shape

    from slr_constructs.account.calls import OnCall
    from slr_constructs.handler.slr_handler.aws import OnEvent, Retries
    from slr_constructs.handler.slr_handler.clock import Clock

#: the headers in which botocore's parsers find the request id.
_REQUEST_IDS = ("x-amzn-requestid", "x-amz-request-id", "x-amz-id-2")
#: by protocol: a part of the content type.
_CONTENT_TYPES = {"query": "xml", "json": "json", "rest-json": "json"}
#: the shape of a policy, which botocore has parsed.
_PARSED = "policyDocumentType"
_FIRST_ERROR = 300
#: such responses are retried, whether AWS or a proxy has sent them.
_TOO_MANY = 429
_FIRST_SERVER_ERROR = 500
#: by the type of a member in a service model: the Python type of its value.
_TYPES: dict[str, Any] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (float, int),
    "double": (float, int),
    "timestamp": datetime,
}


class InvalidResponseError(ResponseParserError):  # type: ignore[misc] # botocore has no types
    """A response that is not from AWS, or that cannot be read. The text does not quote it."""


class CheckedApi(Api):
    """An AWS service whose responses have the types of the service model.

    A member that is missing in a response raises `InvalidResponseError` when it is used.

    Args:
        service: As for `Api`.

        clock: As for `Api`.

        on_event: As for `Api`.

        retries: As for `Api`.

        account: The id of the account.

        on_call: Receives each call.
    """

    def __init__(
        self,
        service: Any,  # noqa: ANN401 - boto3 creates its clients at run time
        clock: Clock,
        *,
        on_event: OnEvent,
        retries: Retries,
        account: str,
        on_call: OnCall,
    ) -> None:
        super().__init__(service, clock, on_event=on_event, retries=retries)
        self._account = account
        self._on_call = on_call

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - the service model checks them
        """Call an operation, as `Api` does.

        Raises:
            InvalidResponseError: The response cannot be read.
        """
        began, start = datetime.now(UTC), time.monotonic()
        error: Exception | None = None
        response: dict[str, Any] = {}
        try:
            response = self._call(operation, parameters)
        except Exception as raised:
            error = raised
            # errors of botocore without a response have None
            response = getattr(raised, "response", None) or {}
            raise
        finally:
            meta = self._client.meta
            self._on_call(
                Call(
                    began,
                    time.monotonic() - start,
                    self._account,
                    meta.region_name,
                    meta.service_model.service_name,
                    operation,
                    identifiers_in(parameters),
                    None if error is None else code(error),
                    _request_id(response.get("ResponseMetadata", {})),
                )
            )
        return response

    def _call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        meta = self._client.meta
        model = meta.service_model.operation_model(meta.method_to_api_mapping[operation])
        try:
            response = super().call(operation, **parameters)
        except InvalidResponseError:
            raise
        except (ResponseParserError, AttributeError, LookupError, TypeError, ValueError):
            # botocore's parsers expect the structure of the service model
            raise InvalidResponseError(f"the response of {model.name} cannot be read") from None
        return response if model.output_shape is None else _checked(model.output_shape, response)


def _request_id(metadata: Mapping[str, Any]) -> str | None:
    # botocore does not copy it from the headers of all errors
    headers = metadata.get("HTTPHeaders", {})
    found = (metadata.get("RequestId"), *map(headers.get, _REQUEST_IDS))
    return next((each for each in found if each), None)


def check_responses(client: Any) -> None:  # noqa: ANN401 - boto3 creates its clients at run time
    """Check each response of a client before botocore parses it."""
    client.meta.events.register("before-parse", _check)


def _check(operation_model: OperationModel, response_dict: Mapping[str, Any], **_: object) -> None:
    """Refuse a response that is not from AWS.

    Raises:
        InvalidResponseError: It is not from AWS.
        ClientError: It is not from AWS, and its status says that another attempt may succeed.
    """
    status, headers, body = (response_dict[each] for each in ("status_code", "headers", "body"))
    problem = _problem(operation_model, status, headers, body)
    if problem is None:
        return
    text = f"the response is not from AWS: {problem}. A proxy may have sent it"
    if status == _TOO_MANY or status >= _FIRST_SERVER_ERROR:
        metadata = {"HTTPStatusCode": status}
        error = {"Code": str(status), "Message": text}
        raise ClientError({"Error": error, "ResponseMetadata": metadata}, operation_model.name)
    raise InvalidResponseError(text if status < _FIRST_ERROR else f"{status}: {text}")


def _problem(
    operation: OperationModel, status: int, headers: Mapping[str, str], body: bytes
) -> str | None:
    if not any(headers.get(name) for name in _REQUEST_IDS):
        return "it has no request id"
    output = operation.output_shape
    if not body and (status >= _FIRST_ERROR or output is None or not output.members):
        return None
    expected = _CONTENT_TYPES[operation.service_model.resolved_protocol]
    if expected not in headers.get("content-type", "").partition(";")[0].lower():
        return f"its content type is not that of {expected.upper()}"
    if expected == "json" and not _is_json(body):
        return "its content is not a JSON object"
    return None


def _is_json(body: bytes) -> bool:
    # botocore reads other content as a response without members, or as the text of an error
    try:
        return isinstance(json.loads(body), dict)
    except (RecursionError, ValueError):
        return False


class _Members(dict[str, Any]):
    """The members of a structure in a response."""

    __slots__ = ()

    def __missing__(self, name: str) -> NoReturn:
        raise InvalidResponseError(f"the response has no member {name}")


def _checked(shape: Shape, value: Any, name: str = "response") -> Any:  # noqa: ANN401 - any member
    """Return a member of a response, if it has the type of the service model.

    Raises:
        InvalidResponseError: It has another type.
    """
    kind = shape.type_name
    if shape.name == _PARSED:
        return value
    if not isinstance(value, _TYPES.get(kind, object)):
        raise InvalidResponseError(f"the response cannot be read: {name} is not a {kind}")
    if kind == "structure":
        members = shape.members
        return _Members(
            {
                # botocore adds metadata
                each: _checked(members[each], inner, each) if each in members else inner
                for each, inner in value.items()
            }
        )
    if kind == "list":
        return [_checked(shape.member, inner, name) for inner in value]
    if kind == "map":
        return {key: _checked(shape.value, inner, name) for key, inner in value.items()}
    return value
