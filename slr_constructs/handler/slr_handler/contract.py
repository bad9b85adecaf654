"""What a construct may ask of the function: one frozen dataclass for each resource type.

Both sides import this file, so a renamed field is a type error and not a silent loss.
CloudFormation delivers every number and boolean as a string; `from_properties` turns them back.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Self

from . import rules
from .rules import Rule, refusal


class ContractError(ValueError):
    """The properties of a request do not keep the contract; nothing was called."""


def _ruled(rule: Rule, **kwargs: Any) -> Any:  # noqa: ANN401 - as dataclasses.field itself
    return field(metadata={"rule": rule}, **kwargs)


def property_name(field_name: str) -> str:
    """Return the CloudFormation property a field travels as: `role_name` as `RoleName`."""
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
    """One custom resource's properties."""

    RESOURCE_TYPE: ClassVar[str]

    @property
    def physical_id(self) -> str:
        """Name this thing and no other; it changes only when the thing does."""
        raise NotImplementedError

    def to_properties(self) -> dict[str, Any]:
        """Return the properties for a template; what is None is left out."""
        values = ((each.name, getattr(self, each.name)) for each in fields(self))
        return {
            property_name(name): list(value) if isinstance(value, tuple) else value
            for name, value in values
            if value is not None
        }

    @classmethod
    def from_properties(cls, properties: dict[str, Any], *, strict: bool = True) -> Self:
        """Read a request's properties back.

        Args:
            properties: `ResourceProperties` as CloudFormation sent them.

            strict: Refuse what is unknown and what breaks a rule. A delete is read without it:
                an older version of the template may have said more, and must still go.

        Raises:
            ContractError: A property is missing, unknown or breaks its rule.
        """
        known = {property_name(each.name): each for each in fields(cls)}
        unknown = sorted(set(properties) - set(known) - {"ServiceToken", "ServiceTimeout"})
        if unknown and strict:
            raise ContractError(
                refusal(
                    cls.RESOURCE_TYPE,
                    unknown[0],
                    "left out",
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
    """Hold a role: make or adopt it, and let go of it."""

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
class MediaTailorSessionLoggingRelease(Contract):
    """Set a playback configuration's percentage to 0 on delete; nothing before."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaTailorSessionLoggingRelease"

    playback_configuration_name: str = _ruled(rules.PLAYBACK_CONFIGURATION_NAME)

    @property
    def physical_id(self) -> str:
        """The playback configuration, which has one log configuration."""
        return f"playbackConfiguration/{self.playback_configuration_name}/log-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTailorSessionLogging(MediaTailorSessionLoggingRelease):
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
class MediaTailorAsRunLoggingRelease(Contract):
    """Take a channel's log types away on delete; nothing before."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaTailorAsRunLoggingRelease"

    channel_name: str = _ruled(rules.MEDIATAILOR_CHANNEL_NAME)

    @property
    def physical_id(self) -> str:
        """The channel, which has one log configuration."""
        return f"channel/{self.channel_name}/log-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTailorAsRunLogging(MediaTailorAsRunLoggingRelease):
    """Write the as-run log of a channel that is not in the app."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaTailorAsRunLogging"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTailorLogRetention(Contract):
    """Make log groups of fixed names if absent, and set how long they keep events."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaTailorLogRetention"

    log_group_names: tuple[str, ...] = _ruled(rules.LOG_GROUP_NAMES)
    retention_in_days: int = _ruled(rules.RETENTION_DAYS)

    @property
    def physical_id(self) -> str:
        """The groups' names, which are shared by the account and region."""
        return "log-retention/" + "+".join(self.log_group_names)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPackageChannelLoggingRelease(Contract):
    """Disable a live channel's access logs on delete; nothing before."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaPackageChannelLoggingRelease"

    channel_id: str = _ruled(rules.MEDIAPACKAGE_ID)

    @property
    def physical_id(self) -> str:
        """The channel, which has one pair of access logs."""
        return f"channels/{self.channel_id}/access-logs"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPackageChannelLogging(MediaPackageChannelLoggingRelease):
    """Write the access logs of a live channel that is not in the app."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaPackageChannelLogging"

    ingress: str = _ruled(rules.CHANNEL_ACCESS_LOG)
    egress: str = _ruled(rules.CHANNEL_ACCESS_LOG)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPackagePackagingGroupLoggingRelease(Contract):
    """Disable a packaging group's access log on delete; nothing before."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaPackagePackagingGroupLoggingRelease"

    packaging_group_id: str = _ruled(rules.MEDIAPACKAGE_ID)

    @property
    def physical_id(self) -> str:
        """The packaging group, which has one access log."""
        return f"packaging-groups/{self.packaging_group_id}/access-logs"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPackagePackagingGroupLogging(MediaPackagePackagingGroupLoggingRelease):
    """Write the access log of a packaging group that is not in the app."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaPackagePackagingGroupLogging"

    egress: str = _ruled(rules.PACKAGING_GROUP_ACCESS_LOG)
