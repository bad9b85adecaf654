"""Requests and responses, by botocore's service models.

From AWS, by those models: the operations, the formats of requests and responses, required
members, and the codes and statuses of errors. Our model: the texts of the errors, that a pattern
matches a whole value, the codes of IAM, STS and CloudFormation for invalid input (their lists of
common errors), and the code of a denied call if the model of an operation lists none.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from botocore.validate import ParamValidator
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.serialize import TimestampSerializer, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.datastructures import Headers, MultiDict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import ServiceModel, Shape
    from moto.core.parse import RequestDict

Response = tuple[int, dict[str, str], bytes]

_JSON = "application/x-amz-json-1.1"
_REST_JSON = "application/json"
_NO_CONTENT = 204

#: all of them sign as `chime`.
_CHIME_SERVICES = ("chime-sdk-voice", "chime-sdk-messaging", "chime-sdk-identity")

_SIGNING_THEIR_OWN_NAME = ("ivs", "mediatailor", "mediapackage", "mediapackage-vod")

#: the services of the features.
SERVICES = (*_CHIME_SERVICES, *_SIGNING_THEIR_OWN_NAME)

#: the error code of each service for invalid input.
INVALID = {
    **dict.fromkeys(_CHIME_SERVICES, ("BadRequestException", 400)),
    "ivs": ("ValidationException", 400),
    # the only exception in its model, which no operation lists
    "mediatailor": ("BadRequestException", 400),
    "mediapackage": ("UnprocessableEntityException", 422),
    "mediapackage-vod": ("UnprocessableEntityException", 422),
    "iam": ("ValidationError", 400),
    "sts": ("ValidationError", 400),
    "cloudformation": ("ValidationError", 400),
    "organizations": ("InvalidInputException", 400),
    "logs": ("InvalidParameterException", 400),
}


class Refused(Exception):  # noqa: N818 - an answer of the service, and no error of the fake's
    """An error response of a service.

    Args:
        code: The error code; empty for a service that sends none.

        message: The error text.

        status: The HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code or status}: {message}")
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class Call:
    """One operation of a service, named as its boto3 client, for one account and region."""

    service: str
    operation: str
    parameters: dict[str, Any]
    account: str
    region: str


def invalid(service: str, message: str) -> Refused:
    """Return the error for invalid input."""
    code, status = INVALID.get(service, ("ValidationException", 400))
    return Refused(code, message, status)


def denied(service: str, operation: str, who: str, action: str) -> Refused:
    """Return the error for a caller without a permission."""
    model = _model(service)
    listed = {shape.name for shape in model.operation_model(operation).error_shapes}
    known = (code for code in ("AccessDeniedException", "ForbiddenException") if code in listed)
    message = (
        f"User: {who} is not authorized to perform: {action} on resource: * because no"
        f" identity-based policy allows the {action} action"
    )
    if str(model.protocol) == "query":
        return Refused("AccessDenied", message, 403)
    return Refused(next(known, "AccessDeniedException"), message, _forbidden(service))


def unrecognized(service: str) -> Refused:
    """Return the error for an unknown access key."""
    query = str(_model(service).protocol) == "query"
    code = "InvalidClientTokenId" if query else "UnrecognizedClientException"
    message = "The security token included in the request is invalid."
    return Refused(code, message, _forbidden(service))


def _forbidden(service: str) -> int:
    # AWS JSON has one status for all errors of the caller
    return 400 if str(_model(service).protocol) == "json" else 403


@functools.lru_cache(maxsize=4096)
def service_of(signing_name: str, path: str) -> str | None:
    """Return the client that signs with this name and requests this path, if it is of a feature."""
    if signing_name == "chime":
        routes = [
            (len(route.literal), service)
            for service in _CHIME_SERVICES
            for route in _routes(service)
            if route.pattern.fullmatch(path)
        ]
        return max(routes)[1] if routes else None
    return signing_name if signing_name in _SIGNING_THEIR_OWN_NAME else None


def read(  # noqa: PLR0917 - in the order in which MiniStack hands a request over
    service: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    query: Mapping[str, Any],
    *,
    account: str,
    region: str,
) -> Call:
    """Parse a request.

    Args:
        service: The boto3 client.

        method: The HTTP method.

        path: The path, percent-encoded or not.

        headers: The headers, in upper or lower case.

        body: The body.

        query: The parameters of the URL: each a string, or a list of them.

        account: The account of the caller.

        region: The region of the call.

    Raises:
        Refused: The operation does not exist, or its model does not allow the parameters.
    """
    model = _model(service)
    protocol = str(model.protocol)
    labels: Mapping[str, str] = {}
    values = MultiDict(query)
    if protocol == "query":
        values = MultiDict(parse_qsl(body.decode(), keep_blank_values=True)) or values
        operation = str(values.get("Action", ""))
    elif protocol == "json":
        operation = Headers(dict(headers)).get("X-Amz-Target", "").rpartition(".")[2]
    else:
        operation, labels = _route(service, method, path, _operation_in(query))
    if operation not in model.operation_names:
        raise Refused("UnknownOperationException", f"{service} has no operation {operation}")
    asked = model.operation_model(operation)
    request: RequestDict = {
        "method": method,
        "url_path": path,
        "url_params": dict(labels),
        "values": values,
        "headers": Headers(dict(headers)),
        "body": body,
    }
    try:
        parameters = PROTOCOL_PARSERS[protocol](asked).parse(request)
    except (AttributeError, RequestParserError, TypeError, ValueError) as error:
        raise invalid(service, f"the request cannot be read: {error}") from error
    check(service, operation, parameters)
    return Call(service, operation, parameters, account, region)


def check(service: str, operation: str, parameters: dict[str, Any]) -> None:
    """Validate parameters by the model of the operation.

    Raises:
        Refused: A parameter is missing, has the wrong type or length, or is not allowed.
    """
    shape = input_of(service, operation)
    if shape is None:
        return
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        raise invalid(service, report.generate_report())
    broken = "; ".join(_invalid(shape, parameters, ""))
    if broken:
        raise invalid(service, broken)


def input_of(service: str, operation: str) -> Shape:
    """Return the model of an operation's parameters."""
    return _model(service).operation_model(operation).input_shape


def answer(call: Call, result: dict[str, Any]) -> Response:
    """Serialize a response, with the members that its model has."""
    model = _model(call.service)
    asked = model.operation_model(call.operation)
    protocol = str(model.protocol)
    if protocol == "rest-json" and _all_in_body(asked.output_shape):
        # long lists are most of the output of a fake, and moto takes ten times as long for them
        content = json.dumps(_plain(asked.output_shape, result)).encode()
        return int(asked.http.get("responseCode", 200)), {"Content-Type": _REST_JSON}, content
    written = get_serializer_class(call.service, protocol)(asked).serialize(result)
    body = written["body"]
    status = int(written["status_code"])
    if status == _NO_CONTENT:
        return status, {}, b""
    return status, dict(written["headers"]), body.encode() if isinstance(body, str) else body


def refusal(service: str, refused: Refused) -> Response:
    """Serialize an error response."""
    code, message = refused.code, refused.message
    match str(_model(service).protocol):
        case "query":
            body = (
                "<ErrorResponse><Error><Type>Sender</Type>"
                f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
                "</Error></ErrorResponse>"
            )
            return refused.status, {"Content-Type": "text/xml"}, body.encode()
        case "json":
            content = json.dumps({"__type": code, "message": message})
            return refused.status, {"Content-Type": _JSON}, content.encode()
        case _:
            headers = {"Content-Type": _REST_JSON}
            if code:
                headers["x-amzn-ErrorType"] = code
            return refused.status, headers, json.dumps({"message": message}).encode()


@functools.cache
def _all_in_body(shape: Shape | None) -> bool:
    """Return whether a response is a JSON object without other parts."""
    return (
        shape is not None
        and "payload" not in shape.serialization
        and not any("location" in member.serialization for member in shape.members.values())
    )


def _plain(shape: Shape, value: Any) -> Any:  # noqa: ANN401 - whatever an answer may hold
    """Return a value as JSON: the members that its model has, by the names of the model."""
    match shape.type_name:
        case "structure":
            return {
                member.serialization.get("name", name): _plain(member, value[name])
                for name, member in shape.members.items()
                if value.get(name) is not None
            }
        case "list":
            return [_plain(shape.member, each) for each in value]
        case "map":
            return {key: _plain(shape.value, each) for key, each in value.items()}
        case "timestamp":
            written: dict[str, Any] = {}
            TimestampSerializer("unixtimestamp").serialize(written, value, shape, "it")
            return written["it"]
        case _:
            return value


def _operation_in(query: Mapping[str, Any]) -> str | None:
    """Return the parameter with which some operations of the same path are told apart."""
    given = query.get("operation")
    return given[0] if isinstance(given, list) else given


@dataclass(frozen=True, slots=True)
class _Route:
    operation: str
    named: str | None
    method: str
    literal: str
    labels: tuple[str, ...]
    pattern: re.Pattern[str]


@functools.cache
def _model(service: str) -> ServiceModel:
    return get_service_model(service)


@functools.cache
def _routes(service: str) -> tuple[_Route, ...]:
    model = _model(service)
    routes = []
    for operation in model.operation_names:
        trait = model.operation_model(operation).http_trait
        # every second part is the name of a label
        parts = re.split(r"\{([^}]+)\}", trait.path)
        literals, labels = parts[::2], tuple(parts[1::2])
        # a decoded path contains the slash of an ARN
        pattern = re.compile("(.+)".join(map(re.escape, literals)))
        named = trait.query_args.get("operation")
        literal = "".join(literals)
        routes.append(_Route(operation, named, trait.method, literal, labels, pattern))
    return tuple(routes)


@functools.lru_cache(maxsize=4096)
def _route(
    service: str, method: str, path: str, named: str | None
) -> tuple[str, Mapping[str, str]]:
    """Return the operation with the most specific path, and the labels of the path."""
    found = [
        (route, match)
        for route in _routes(service)
        if route.method == method
        and route.named in (None, named)
        and (match := route.pattern.fullmatch(path))
    ]
    if not found:
        raise Refused("UnknownOperationException", f"{service} has no {method} {path}", 404)
    route, match = max(found, key=lambda each: (len(each[0].literal), each[0].named is not None))
    values = map(unquote, match.groups())
    return route.operation, dict(zip(route.labels, values, strict=True))


def _invalid(
    shape: Shape,
    value: Any,  # noqa: ANN401 - whatever a request may hold
    where: str,
) -> Iterator[str]:
    """Validate what botocore does not: maximums, allowed values and patterns."""
    match shape.type_name:
        case "structure":
            for member, each in value.items():
                yield from _invalid(shape.members[member], each, f"{where}.{member}")
        case "list":
            for number, each in enumerate(value):
                yield from _invalid(shape.member, each, f"{where}[{number}]")
            yield from _too_large(shape, len(value), where)
        case "map":
            yield from _too_large(shape, len(value), where)
        case "string":
            yield from _too_large(shape, len(value), where)
            allowed = shape.metadata.get("enum")
            if allowed and value not in allowed:
                yield f"{where}: {value!r} is not one of {allowed}"
            pattern = _pattern(shape.metadata.get("pattern", ""))
            if pattern and not pattern.fullmatch(value):
                yield f"{where}: {value!r} does not match {pattern.pattern}"
        case "integer" | "long":
            yield from _too_large(shape, value, where)


def _too_large(shape: Shape, size: int, where: str) -> Iterator[str]:
    largest = shape.metadata.get("max")
    if largest is not None and size > largest:
        yield f"{where}: {size} is more than {largest}"


@functools.cache
def _pattern(pattern: str) -> re.Pattern[str] | None:
    # Python does not support Unicode character classes, as in the patterns of tags
    if not pattern or r"\p{" in pattern:
        return None
    # the model of IVS's tags allows only one letter before the slash, which no ARN has
    return re.compile(pattern.replace(":[a-z-]/", ":[a-z-]+/"))
