"""App instance streaming, which has no CloudFormation resource type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws import code, error_text, is_denied, is_not_found
from ..context import OperationError
from ..contract import AppInstanceStreaming
from ..operation import Operation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..aws import Api
    from ..context import Context

_VERIFY_SECONDS = 60


def configure(wanted: AppInstanceStreaming, context: Context) -> str:
    """Replace the list of streaming configurations."""
    api = context.api("chime-sdk-messaging")
    instance: dict[str, Any] = {"AppInstanceArn": wanted.app_instance_arn}
    streams = {
        data_type: arn
        for data_type, arn in (
            ("Channel", wanted.channels_stream_arn),
            ("ChannelMessage", wanted.channel_messages_stream_arn),
        )
        if arn is not None
    }
    if not streams:
        text = (
            f"{wanted.app_instance_arn} has no stream. Set channels_stream_arn,"
            " channel_messages_stream_arn or both"
        )
        raise OperationError(text)
    # no documentation says whether a put removes the data types that it does not name
    if set(_configured(api, instance)) - set(streams):
        api.call("delete_messaging_streaming_configurations", **instance)
    configurations = [
        {"DataType": data_type, "ResourceArn": arn} for data_type, arn in streams.items()
    ]
    put(wanted.app_instance_arn, configurations, context)
    return f"streaming of {wanted.app_instance_arn} is enabled for {' and '.join(streams)}"


def put(app_instance_arn: str, configurations: Sequence[dict[str, str]], context: Context) -> None:
    """Configure streaming in the form of the API."""
    context.api("chime-sdk-messaging").call(
        "put_messaging_streaming_configurations",
        retry_if=_is_transient,
        AppInstanceArn=app_instance_arn,
        StreamingConfigurations=configurations,
    )


def remove(wanted: AppInstanceStreaming, context: Context) -> str:
    """Delete all streaming configurations and verify the deletion."""
    api = context.api("chime-sdk-messaging")
    instance: dict[str, Any] = {"AppInstanceArn": wanted.app_instance_arn}
    for _ in context.attempts(within=_VERIFY_SECONDS):
        try:
            api.call("delete_messaging_streaming_configurations", **instance)
        except ClientError as error:
            # the model of this operation has no error for an instance that does not exist
            if not is_not_found(error) and _exists(api, instance):
                raise
            return f"{wanted.app_instance_arn} does not exist, so it has no streaming to disable"
        try:
            if not _configured(api, instance):
                return f"streaming of {wanted.app_instance_arn} is disabled"
        except ClientError as error:
            if not is_denied(error):
                raise
            # the deletion needs no permission to verify it
            return (
                f"streaming of {wanted.app_instance_arn} was deleted, but not verified"
                f"{error_text(error)}"
            )
    message = (
        f"streaming of {wanted.app_instance_arn} was deleted, but Chime still reports it."
        " Wait a few minutes and try again"
    )
    raise OperationError(message)


def _configured(api: Api, instance: dict[str, Any]) -> list[str]:
    try:
        response = api.call("get_messaging_streaming_configurations", **instance)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return []
    return [each["DataType"] for each in response.get("StreamingConfigurations", [])]


def _exists(api: Api, instance: dict[str, Any]) -> bool:
    try:
        api.call("get_messaging_streaming_configurations", **instance)
    except ClientError as error:
        return not is_not_found(error)
    return True


def _is_transient(error: Exception) -> bool:
    # Chime returns "Unable to access Kinesis stream" and "Unable to create service linked role"
    # until the stream, the role and the function's new permissions are visible to it
    return is_not_found(error) or code(error) == "BadRequestException"


OPERATIONS = (Operation(AppInstanceStreaming, configure, remove),)
