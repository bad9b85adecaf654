"""App instances whose messages are streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.account.uses.kind import Kind, Listing, Settings, Thing, asked, last_part
from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.operations import app_instance_streaming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.account.access import Region
    from slr_constructs.handler.slr_handler.run import Run

_MEMBER = "StreamingConfigurations"


class AppInstance(Kind):
    """An app instance; one call more for each tells whether it is streamed."""

    name = "app instance"
    service = "chime-sdk-messaging"
    resource_types = ("AWS::Chime::AppInstance", contract.AppInstanceStreaming.RESOURCE_TYPE)
    loss = "its channels and messages are not streamed to Kinesis"
    listing = Listing("chime-sdk-identity", "list_app_instances", "AppInstances", of_a_page=50)

    def listed(self, region: str, item: Mapping[str, Any]) -> Thing:
        """Return an app instance, whatever it does."""
        arn = item["AppInstanceArn"]
        return Thing(self, region, arn, arn, item.get("Name") or last_part(arn))

    def look(self, region: Region, thing: Thing) -> Settings | None:
        """Read the streaming configurations."""
        api = region.api(self.service)
        answer = asked(api, "get_messaging_streaming_configurations", AppInstanceArn=thing.arn)
        streams = answer.get(_MEMBER)
        return {_MEMBER: streams} if streams else None

    def says(self, settings: Settings) -> str:
        """Say what is streamed."""
        return f"streaming {' and '.join(sorted(each['DataType'] for each in settings[_MEMBER]))}"

    def off(self, run: Run, thing: Thing) -> str:
        """Delete all streaming configurations."""
        return app_instance_streaming.remove(_contract(thing), run)

    def on(self, region: Region, thing: Thing, settings: Settings) -> str:
        """Put the streaming configurations."""
        region.api(self.service).call(
            "put_messaging_streaming_configurations", AppInstanceArn=thing.arn, **settings
        )
        return thing.arn

    def switched_by(self, thing: Thing) -> Sequence[str]:
        """Return that of our streaming configurations."""
        return (_contract(thing).physical_id,)


def _contract(thing: Thing) -> contract.AppInstanceStreaming:
    return contract.AppInstanceStreaming(app_instance_arn=thing.arn)
