"""The properties of the function's custom resources: one frozen dataclass per resource type.

The constructs and the function both import this file, so a renamed field is a type error.
CloudFormation delivers every number and boolean as a string; `from_properties` converts them back.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Self

from . import rules
from .rules import Rule, refusal


class ContractError(ValueError):
    """The properties of a request are invalid. No AWS API was called."""


def _ruled(rule: Rule, **kwargs: Any) -> Any:  # noqa: ANN401 - as dataclasses.field itself
    return field(metadata={"rule": rule}, **kwargs)


def property_name(field_name: str) -> str:
    """Return the CloudFormation property of a field: `RoleName` for `role_name`."""
    return "".join(part.capitalize() for part in field_name.split("_"))


def _boolean(text: object) -> object:
    return {"true": True, "false": False}.get(str(text).lower(), text)


def _number(text: object) -> object:
    try:
        return int(str(text))
    except ValueError:
        return text


def _strings(value: object) -> object:
    return tuple(map(str, value)) if isinstance(value, list | tuple) else value


_FROM_TEXT = {"int": _number, "bool": _boolean, "tuple[str, ...]": _strings}
_BOOLEAN = Rule("Boolean", "true or false", lambda value: isinstance(value, bool))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The properties of one custom resource."""

    RESOURCE_TYPE: ClassVar[str]

    @property
    def physical_id(self) -> str:
        """A unique id of the target. It changes only with the target."""
        raise NotImplementedError

    def to_properties(self) -> dict[str, Any]:
        """Return the properties for a template, without those that are None."""
        values = ((each.name, getattr(self, each.name)) for each in fields(self))
        return {
            property_name(name): list(value) if isinstance(value, tuple) else value
            for name, value in values
            if value is not None
        }

    @classmethod
    def from_properties(cls, properties: dict[str, Any], *, strict: bool = True) -> Self:
        """Create a contract from the properties of a request.

        Args:
            properties: `ResourceProperties` as CloudFormation sent them.

            strict: Reject unknown properties and invalid values. A delete is not strict, because
                the template may be of an older version.

        Raises:
            ContractError: A property is missing, unknown or invalid.
        """
        known = {property_name(each.name): each for each in fields(cls)}
        unknown = sorted(set(properties) - set(known) - {"ServiceToken", "ServiceTimeout"})
        if unknown and strict:
            raise ContractError(
                refusal(
                    cls.RESOURCE_TYPE,
                    unknown[0],
                    "omitted",
                    properties[unknown[0]],
                    "UnknownProperty",
                )
            )
        values: dict[str, Any] = {}
        for name, each in known.items():
            if name not in properties:
                if each.default is MISSING:
                    raise ContractError(
                        refusal(cls.RESOURCE_TYPE, each.name, "given", None, "MissingProperty")
                    )
                continue
            kind = str(each.type).removesuffix(" | None")
            value = _FROM_TEXT.get(kind, str)(properties[name])
            rule = _BOOLEAN if kind == "bool" else each.metadata["rule"]
            if strict and not rule.holds(value):
                raise ContractError(
                    refusal(cls.RESOURCE_TYPE, each.name, rule.allowed, value, rule.code)
                )
            values[each.name] = value
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLinkedRole(Contract):
    """Create or adopt a role, hold a lease on it, and release the lease."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::ServiceLinkedRole"

    role_name: str = _ruled(rules.ROLE_NAME)
    service_principal: str = _ruled(rules.SERVICE_PRINCIPAL)
    removal: str = _ruled(rules.ROLE_REMOVAL)
    creation: str = _ruled(rules.ROLE_CREATION)
    description: str | None = _ruled(rules.ROLE_DESCRIPTION, default=None)

    @property
    def physical_id(self) -> str:
        """The role's name, which is unique in the account."""
        return self.role_name


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceConnectorStreaming(Contract):
    """Stream a Voice Connector's media to Kinesis Video Streams."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::VoiceConnectorStreaming"

    voice_connector_id: str = _ruled(rules.VOICE_CONNECTOR_ID)
    data_retention_in_hours: int = _ruled(rules.DATA_RETENTION)
    enabled: bool = True
    notification_targets: tuple[str, ...] = _ruled(rules.NOTIFICATION_TARGETS)
    media_insights_configuration_arn: str | None = _ruled(rules.MEDIA_INSIGHTS_ARN, default=None)

    @property
    def physical_id(self) -> str:
        """The Voice Connector, which has one streaming configuration."""
        return f"{self.voice_connector_id}/streaming-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppInstanceStreaming(Contract):
    """Stream an app instance's channels and messages to Kinesis."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::AppInstanceStreaming"

    app_instance_arn: str = _ruled(rules.APP_INSTANCE_ARN)
    channels_stream_arn: str | None = _ruled(rules.MESSAGING_STREAM_ARN, default=None)
    channel_messages_stream_arn: str | None = _ruled(rules.MESSAGING_STREAM_ARN, default=None)

    @property
    def physical_id(self) -> str:
        """The app instance, which has one list of streaming configurations."""
        return f"{self.app_instance_arn}/streaming-configurations"


@dataclass(frozen=True, slots=True, kw_only=True)
class IvsChannelRecording(Contract):
    """Record an IVS channel that is not in the app."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::IvsChannelRecording"

    channel_arn: str = _ruled(rules.IVS_CHANNEL_ARN)
    recording_configuration_arn: str = _ruled(rules.IVS_RECORDING_CONFIGURATION_ARN)

    @property
    def physical_id(self) -> str:
        """The channel, which has one recording configuration."""
        return f"{self.channel_arn}/recording-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTailorSessionLoggingCleanUp(Contract):
    """Set the percentage of a playback configuration to 0 on delete; change nothing before."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaTailorSessionLoggingCleanUp"

    playback_configuration_name: str = _ruled(rules.PLAYBACK_CONFIGURATION_NAME)

    @property
    def physical_id(self) -> str:
        """The playback configuration, which has one log configuration."""
        return f"playbackConfiguration/{self.playback_configuration_name}/log-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTailorSessionLogging(MediaTailorSessionLoggingCleanUp):
    """Log the sessions of a playback configuration that is not in the app."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaTailorSessionLogging"

    percent_enabled: int = _ruled(rules.PERCENT_ENABLED)
    ads_interaction_publish_opt_in_event_types: tuple[str, ...] | None = _ruled(
        rules.EVENT_TYPES, default=None
    )
    ads_interaction_exclude_event_types: tuple[str, ...] | None = _ruled(
        rules.EVENT_TYPES, default=None
    )
    manifest_service_publish_opt_in_event_types: tuple[str, ...] | None = _ruled(
        rules.EVENT_TYPES, default=None
    )
    manifest_service_exclude_event_types: tuple[str, ...] | None = _ruled(
        rules.EVENT_TYPES, default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTailorAsRunLoggingCleanUp(Contract):
    """Remove the log types of a channel on delete; change nothing before."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaTailorAsRunLoggingCleanUp"

    channel_name: str = _ruled(rules.MEDIATAILOR_CHANNEL_NAME)

    @property
    def physical_id(self) -> str:
        """The channel, which has one log configuration."""
        return f"channel/{self.channel_name}/log-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTailorAsRunLogging(MediaTailorAsRunLoggingCleanUp):
    """Write the as-run log of a channel that is not in the app."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaTailorAsRunLogging"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTailorLogRetention(Contract):
    """Create log groups with fixed names if they do not exist, and set their retention."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaTailorLogRetention"

    log_group_names: tuple[str, ...] = _ruled(rules.LOG_GROUP_NAMES)
    retention_in_days: int = _ruled(rules.RETENTION_DAYS)

    @property
    def physical_id(self) -> str:
        """The names of the groups, which the account and region share."""
        return "log-retention/" + "+".join(self.log_group_names)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPackageChannelLoggingCleanUp(Contract):
    """Disable the access logs of a live channel on delete; change nothing before."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaPackageChannelLoggingCleanUp"

    channel_id: str = _ruled(rules.MEDIAPACKAGE_ID)

    @property
    def physical_id(self) -> str:
        """The channel, which has one pair of access logs."""
        return f"channels/{self.channel_id}/access-logs"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPackageChannelLogging(MediaPackageChannelLoggingCleanUp):
    """Write the access logs of a live channel that is not in the app."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaPackageChannelLogging"

    ingress: str = _ruled(rules.CHANNEL_ACCESS_LOG)
    egress: str = _ruled(rules.CHANNEL_ACCESS_LOG)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPackagePackagingGroupLoggingCleanUp(Contract):
    """Disable the access log of a packaging group on delete; change nothing before."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaPackagePackagingGroupLoggingCleanUp"

    packaging_group_id: str = _ruled(rules.MEDIAPACKAGE_ID)

    @property
    def physical_id(self) -> str:
        """The packaging group, which has one access log."""
        return f"packaging-groups/{self.packaging_group_id}/access-logs"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPackagePackagingGroupLogging(MediaPackagePackagingGroupLoggingCleanUp):
    """Write the access log of a packaging group that is not in the app."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaPackagePackagingGroupLogging"

    egress: str = _ruled(rules.PACKAGING_GROUP_ACCESS_LOG)
