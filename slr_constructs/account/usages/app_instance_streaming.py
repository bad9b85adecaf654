"""App instances with streaming configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.account.usages.kind import (
    Kind,
    Listing,
    Settings,
    TargetResource,
    call_or_empty,
    last_part,
)
from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.operations import app_instance_streaming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.account.access import Region
    from slr_constructs.handler.slr_handler.run import Run

_MEMBER = "StreamingConfigurations"


class AppInstance(Kind):
    """An app instance. Its streaming configurations take a second call."""

    name = "app instance"
    service = "chime-sdk-messaging"
    resource_types = ("AWS::Chime::AppInstance", contract.AppInstanceStreaming.RESOURCE_TYPE)
    consequence = "its channels and messages are not streamed to Kinesis"
    listing = Listing("chime-sdk-identity", "list_app_instances", "AppInstances", page_size=50)

    def parse_item(self, region: str, item: Mapping[str, Any]) -> TargetResource:
        """Return the app instance, without settings."""
        arn = item["AppInstanceArn"]
        return TargetResource(self, region, arn, arn, item.get("Name") or last_part(arn))

    def read_settings(self, region: Region, target: TargetResource) -> Settings | None:
        """Read the streaming configurations."""
        api = region.api(self.service)
        response = call_or_empty(
            api, "get_messaging_streaming_configurations", AppInstanceArn=target.arn
        )
        streams = response.get(_MEMBER)
        return {_MEMBER: streams} if streams else None

    def describe_settings(self, settings: Settings) -> str:
        """Return the data types that are streamed."""
        return f"streaming {' and '.join(sorted(each['DataType'] for each in settings[_MEMBER]))}"

    def disable(self, run: Run, target: TargetResource) -> str:
        """Delete all streaming configurations."""
        return app_instance_streaming.remove(_contract(target), run)

    def configure(self, region: Region, target: TargetResource, settings: Settings) -> str:
        """Configure streaming again."""
        region.api(self.service).call(
            "put_messaging_streaming_configurations", AppInstanceArn=target.arn, **settings
        )
        return target.arn

    def custom_resource_ids(self, target: TargetResource) -> Sequence[str]:
        """Return the physical id of our custom resource."""
        return (_contract(target).physical_id,)


def _contract(target: TargetResource) -> contract.AppInstanceStreaming:
    return contract.AppInstanceStreaming(app_instance_arn=target.arn)
