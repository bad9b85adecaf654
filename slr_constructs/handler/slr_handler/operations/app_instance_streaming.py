"""App instance streaming, which has no CloudFormation type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws import code, gone
from ..run import RefusedError

if TYPE_CHECKING:
    from ..aws import Api
    from ..contract import AppInstanceStreaming
    from ..run import Run

_VERIFY_SECONDS = 60


def put(wanted: AppInstanceStreaming, run: Run) -> str:
    """Put the whole wanted list of streaming configurations."""
    api = run.api("chime-sdk-messaging")
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
        text = f"{wanted.app_instance_arn} must be given a stream for channels or channel messages"
        raise RefusedError(text)
    # whether a put takes away the data types it does not name is documented nowhere: look
    if set(_configured(api, instance)) - set(streams):
        api.call("delete_messaging_streaming_configurations", **instance)
    api.call(
        "put_messaging_streaming_configurations",
        settling=_may_pass,
        StreamingConfigurations=[
            {"DataType": data_type, "ResourceArn": arn} for data_type, arn in streams.items()
        ],
        **instance,
    )
    return f"streamed of {wanted.app_instance_arn}: {' and '.join(streams)}"


def remove(wanted: AppInstanceStreaming, run: Run) -> str:
    """Delete all streaming configurations and make sure that they are gone."""
    api = run.api("chime-sdk-messaging")
    instance: dict[str, Any] = {"AppInstanceArn": wanted.app_instance_arn}
    for _ in run.tries(within=_VERIFY_SECONDS):
        try:
            api.call("delete_messaging_streaming_configurations", **instance)
        except ClientError as error:
            if not gone(error):
                raise
            return f"{wanted.app_instance_arn} is gone, and its streaming with it"
        if not _configured(api, instance):
            return f"nothing of {wanted.app_instance_arn} is streamed any more"
    message = (
        f"streaming of {wanted.app_instance_arn} was deleted, but Chime still shows it;"
        " wait a few minutes and delete again"
    )
    raise RefusedError(message)


def _configured(api: Api, instance: dict[str, Any]) -> list[str]:
    try:
        answer = api.call("get_messaging_streaming_configurations", **instance)
    except ClientError as error:
        if not gone(error):
            raise
        return []
    return [each["DataType"] for each in answer.get("StreamingConfigurations", [])]


def _may_pass(error: ClientError) -> bool:
    # chime answers "Unable to access Kinesis stream" and "Unable to create service linked role"
    # while the stream, the role or the function's rights are too new to be seen
    return gone(error) or code(error) == "BadRequestException"
