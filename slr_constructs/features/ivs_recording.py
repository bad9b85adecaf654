"""IVS recording: live channels, to S3.

CloudFormation has the recording configuration and the channel's reference to it, so both are
native where the channel is in the app; an existing channel is changed by the stack's function.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from aws_cdk import Duration, Stack, aws_ivs, aws_s3
from constructs import Construct

from slr_constructs import catalogue, rights
from slr_constructs.errors import UsageError, check, check_kind
from slr_constructs.handler.slr_handler import contract, rules
from slr_constructs.ordering import use_role
from slr_constructs.provider import Provider, last_part
from slr_constructs.service_linked_role import ServiceLinkedRole, role_for
from slr_constructs.stack_parts import Feature, claim, put_in_order, set_twice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import CfnResource


class Resolution(Enum):
    """How large a picture is; IVS takes the nearest that the channel has."""

    FULL_HD = "FULL_HD"
    HD = "HD"
    SD = "SD"
    LOWEST_RESOLUTION = "LOWEST_RESOLUTION"


class ThumbnailStorage(Enum):
    """How thumbnails are kept in the bucket."""

    #: Each under its own name, one after the other.
    SEQUENTIAL = "SEQUENTIAL"

    #: The latest alone, under one name.
    LATEST = "LATEST"


@dataclass(frozen=True, slots=True)
class Renditions:
    """Which renditions of a stream are recorded."""

    selection: str
    resolutions: tuple[Resolution, ...] = ()

    @classmethod
    def all(cls) -> Renditions:
        """Record every rendition."""
        return cls("ALL")

    @classmethod
    def none(cls) -> Renditions:
        """Record no rendition: thumbnails alone."""
        return cls("NONE")

    @classmethod
    def custom(cls, *resolutions: Resolution) -> Renditions:
        """Record these renditions, one or more."""
        return cls("CUSTOM", resolutions)


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """Whether and how often a picture of the stream is kept."""

    mode: str
    every: Duration | None = None
    resolution: Resolution | None = None
    storage: tuple[ThumbnailStorage, ...] = ()

    @classmethod
    def disabled(cls) -> Thumbnails:
        """Keep no pictures."""
        return cls("DISABLED")

    @classmethod
    def interval(
        cls,
        every: Duration | None = None,
        *,
        resolution: Resolution | None = None,
        storage: Sequence[ThumbnailStorage] = (),
    ) -> Thumbnails:
        """Keep a picture every so often.

        Args:
            every: How often, 1 to 60 seconds. Default: every 60 seconds.

            resolution: How large. Default: as large as the stream.

            storage: How they are kept. Default: sequentially.
        """
        return cls("INTERVAL", every, resolution, tuple(storage))


class IvsRecordingConfiguration(Feature):
    """Record IVS channels to a bucket.

    Defines `AWS::IVS::RecordingConfiguration`, `<id>/Resource`. It is created after the role, and
    deleted after the channels it records and before the role. Nothing about it can be updated:
    CloudFormation replaces it, and moves the channels of the app to the new one.

    Args:
        bucket: Where recordings go, in the region of the channel. A bucket policy that it has
            already is created first: IVS adds to it.

        name: Its name, which need not be unique. Default: none.

        reconnect_window: How long a broadcast may be interrupted and still go on in the same
            recording, 0 to 300 seconds. Default: not at all.

        renditions: Which renditions are recorded. Default: all.

        thumbnails: Whether and how often a picture is kept. Default: every 60 seconds.

        role: The role `AWSServiceRoleForIVSRecordToS3`. Default: that of the stack, declared on
            first use.

    Raises:
        UsageError: A prop breaks its rule (`IvsRecordingName`, `IvsReconnectWindow`,
            `IvsThumbnailInterval`), `Renditions.custom` names no rendition (`IvsRenditions`), or
            the role is another one (`RoleOfAnotherService`).
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        bucket: aws_s3.IBucket,
        name: str | None = None,
        reconnect_window: Duration | None = None,
        renditions: Renditions | None = None,
        thumbnails: Thumbnails | None = None,
        role: ServiceLinkedRole | None = None,
    ) -> None:
        super().__init__(scope, id)
        l1 = aws_ivs.CfnRecordingConfiguration
        check_kind(bucket, "bucket_name", at=self, prop="bucket", allowed="a bucket")
        check(rules.IVS_RECORDING_NAME, name, at=self, prop="name")
        window = self._seconds("reconnect_window", reconnect_window)
        check(rules.IVS_RECONNECT_WINDOW, window, at=self, prop="reconnect_window")
        rendition_configuration = self._renditions(renditions)
        thumbnail_configuration = self._thumbnails(thumbnails)
        self._role = role_for(self, role, catalogue.IVS_RECORD_TO_S3)
        self._resource = l1(
            self,
            "Resource",
            name=name,
            destination_configuration=l1.DestinationConfigurationProperty(
                s3=l1.S3DestinationConfigurationProperty(bucket_name=bucket.bucket_name)
            ),
            recording_reconnect_window_seconds=window,
            rendition_configuration=rendition_configuration,
            thumbnail_configuration=thumbnail_configuration,
        )
        use_role(self._role, self._resource)
        if bucket.policy is not None:
            self._resource.node.add_dependency(bucket.policy)

    @property
    def recording_configuration_arn(self) -> str:
        """The recording configuration's ARN."""
        return self._resource.attr_arn

    @property
    def resource(self) -> aws_ivs.CfnRecordingConfiguration:
        """The recording configuration; whatever depends on it goes before it does."""
        return self._resource

    @property
    def role(self) -> ServiceLinkedRole:
        """The role that writes to the bucket."""
        return self._role

    def record(self, channel: aws_ivs.CfnChannel | str) -> CfnResource:
        """Record a channel.

        A channel of the app gets its native property; no function is needed. An existing channel
        gets a custom resource that points it here on create, and takes that back on delete. IVS
        changes no live channel: the function waits for it to end, and then says so.

        Args:
            channel: The channel in this app, or the ARN of an existing one.

        Returns:
            What ends the recording when it is deleted: the channel itself, or the custom resource.

        Raises:
            UsageError: The ARN is not that of a channel (`IvsChannelArn`), or the channel is
                recorded already (`FeatureSetTwice`).
        """
        check_kind(
            channel,
            aws_ivs.CfnChannel,
            str,
            at=self,
            prop="channel",
            allowed="a CfnChannel or the ARN of one",
        )
        if isinstance(channel, str):
            return self._record_existing(channel)
        if channel.recording_configuration_arn:
            raise set_twice(self, "channel", channel, "recorded by one recording configuration")
        channel.recording_configuration_arn = self._resource.attr_arn
        # it waits for this, to which it refers
        put_in_order(channel)
        return channel

    def _record_existing(self, channel_arn: str) -> CfnResource:
        check(rules.IVS_CHANNEL_ARN, channel_arn, at=self, prop="channel")
        wanted = contract.IvsChannelRecording(
            channel_arn=channel_arn, recording_configuration_arn=self._resource.attr_arn
        )
        claim(self, wanted, "channel", channel_arn)
        # named after the channel: with a number for a name, channels that change places would
        # each undo what the other did
        known = json.dumps(Stack.of(self).resolve(channel_arn), sort_keys=True)
        scope = Construct(self, f"Channel{hashlib.sha256(known.encode()).hexdigest()[:8]}")
        return Provider.of(self).define(
            scope,
            "Resource",
            wanted,
            thing=last_part(channel_arn),
            rights=[rights.record_ivs_channel(channel_arn)],
        )

    def _renditions(
        self, renditions: Renditions | None
    ) -> aws_ivs.CfnRecordingConfiguration.RenditionConfigurationProperty | None:
        check_kind(
            renditions,
            Renditions,
            at=self,
            prop="renditions",
            allowed="a Renditions",
            optional=True,
        )
        if renditions is None:
            return None
        for each in renditions.resolutions:
            check_kind(each, Resolution, at=self, prop="renditions", allowed="of Resolution")
        if renditions.selection == "CUSTOM" and not renditions.resolutions:
            raise UsageError(
                "IvsRenditions",
                at=self,
                prop="renditions",
                allowed="one resolution or more if custom",
                got=renditions.resolutions,
            )
        return aws_ivs.CfnRecordingConfiguration.RenditionConfigurationProperty(
            rendition_selection=renditions.selection,
            renditions=[each.value for each in renditions.resolutions] or None,
        )

    def _thumbnails(
        self, thumbnails: Thumbnails | None
    ) -> aws_ivs.CfnRecordingConfiguration.ThumbnailConfigurationProperty | None:
        check_kind(
            thumbnails,
            Thumbnails,
            at=self,
            prop="thumbnails",
            allowed="a Thumbnails",
            optional=True,
        )
        if thumbnails is None:
            return None
        every = self._seconds("thumbnails", thumbnails.every)
        check(rules.IVS_THUMBNAIL_INTERVAL, every, at=self, prop="thumbnails")
        return aws_ivs.CfnRecordingConfiguration.ThumbnailConfigurationProperty(
            recording_mode=thumbnails.mode,
            target_interval_seconds=every,
            resolution=thumbnails.resolution.value if thumbnails.resolution else None,
            storage=[each.value for each in thumbnails.storage] or None,
        )

    def _seconds(self, prop: str, duration: Duration | None) -> float | None:
        check_kind(duration, Duration, at=self, prop=prop, allowed="a Duration", optional=True)
        return None if duration is None else duration.to_seconds(integral=False)
