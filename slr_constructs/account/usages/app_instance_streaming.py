"""App instances with streaming configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.account.usages.kind import Kind, Settings, TargetResource
from slr_constructs.catalogue import app_instance_streaming as catalogue
from slr_constructs.handler.slr_handler.operations import app_instance_streaming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slr_constructs.handler.slr_handler.context import Context

_MEMBER = "StreamingConfigurations"


class AppInstance(Kind):
    """An app instance. Its streaming configurations take a second call."""

    resource_type = catalogue.APP_INSTANCE
    arn_member = "AppInstanceArn"
    restorable = (_MEMBER,)
    consequence = "its channels and messages are not streamed to Kinesis"

    def settings_in(self, item: Mapping[str, Any]) -> Settings:
        """Return the streaming configurations."""
        return {_MEMBER: item[_MEMBER]} if item.get(_MEMBER) else {}

    def describe_settings(self, settings: Settings) -> str:
        """Return the data types that are streamed."""
        return f"streaming {' and '.join(sorted(each['DataType'] for each in settings[_MEMBER]))}"

    def configure(self, context: Context, target: TargetResource, settings: Settings) -> str:
        """Configure streaming again."""
        app_instance_streaming.put(target.id, settings[_MEMBER], context)
        return target.arn


KINDS = (AppInstance(),)
