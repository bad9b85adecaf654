"""App instance streaming, which has no CloudFormation resource type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws import code, error_text, is_denied, is_not_found
from ..context import OperationError
from ..contract import AppInstanceStreaming
from ..marks import MarkedFeature, Owner, TagApi

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..aws import Api, RetryIf
    from ..context import Context
    from ..marks import Settings

_VERIFY_SECONDS = 60


def _is_transient(error: Exception) -> bool:
    # Chime returns "Unable to access Kinesis stream" and "Unable to create service linked role"
    # until the stream, the role and the function's new permissions are visible to it
    return is_not_found(error) or code(error) == "BadRequestException"


def configure(wanted: AppInstanceStreaming, context: Context) -> str:
    """Replace the list of streaming configurations."""
    streams = _streams(wanted)
    _replace(wanted.app_instance_arn, streams, context)
    return _outcome(wanted)


def _outcome(wanted: AppInstanceStreaming) -> str:
    return f"streaming of {wanted.app_instance_arn} is enabled for {' and '.join(_streams(wanted))}"


def _streams(wanted: AppInstanceStreaming) -> dict[str, str]:
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
    return streams


def _replace(
    app_instance_arn: str,
    streams: dict[str, str],
    context: Context,
    retry_if: RetryIf = _is_transient,
) -> None:
    api = context.api("chime-sdk-messaging")
    instance: dict[str, Any] = {"AppInstanceArn": app_instance_arn}
    # no documentation says whether a put removes the data types that it does not name
    if set(_configured(api, instance)) - set(streams):
        api.call("delete_messaging_streaming_configurations", **instance)
    configurations = [
        {"DataType": data_type, "ResourceArn": arn} for data_type, arn in streams.items()
    ]
    put(app_instance_arn, configurations, context, retry_if)


def put(
    app_instance_arn: str,
    configurations: Sequence[dict[str, str]],
    context: Context,
    retry_if: RetryIf = _is_transient,
) -> None:
    """Configure streaming in the form of the API."""
    context.api("chime-sdk-messaging").call(
        "put_messaging_streaming_configurations",
        retry_if=retry_if,
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


def _configured(api: Api, instance: dict[str, Any]) -> dict[str, str]:
    """Return the streams by data type."""
    try:
        response = api.call("get_messaging_streaming_configurations", **instance)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return {}
    configurations = response.get("StreamingConfigurations", [])
    return {each["DataType"]: each["ResourceArn"] for each in configurations}


def _exists(api: Api, instance: dict[str, Any]) -> bool:
    try:
        api.call("get_messaging_streaming_configurations", **instance)
    except ClientError as error:
        return not is_not_found(error)
    return True


class _Streaming(MarkedFeature[AppInstanceStreaming]):
    """Streaming. Each data type is a setting, because it may belong to others."""

    noun = "streaming"

    def read(self, name: str, context: Context, retry_if: RetryIf) -> Owner:
        """Read the streams; an app instance may have none."""
        tags = self.tags.read(context, name, retry_if)
        api = context.api("chime-sdk-messaging")
        return Owner(name, tags, dict(_configured(api, {"AppInstanceArn": name})))

    def asked(self, wanted: AppInstanceStreaming) -> Settings:
        """Return the asked streams by data type."""
        return dict(_streams(wanted))

    def write(self, name: str, settings: Settings, context: Context, retry_if: RetryIf) -> None:
        """Replace the streams, or delete them if none is left."""
        if settings:
            _replace(name, settings, context, retry_if and _is_transient)
        else:
            remove(AppInstanceStreaming.of_target(name), context)

    def outcome(self, wanted: AppInstanceStreaming) -> str:
        """Return what is streamed."""
        return _outcome(wanted)


STREAMING = _Streaming(
    AppInstanceStreaming,
    TagApi("chime-sdk-identity", "ResourceARN", is_list=True),
    configure=configure,
    remove=remove,
)

FEATURES = (STREAMING,)
OPERATIONS = (STREAMING.operation,)
