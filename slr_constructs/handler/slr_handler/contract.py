"""The properties of the function's custom resources: one frozen dataclass per resource type.

The constructs and the function both import this file, so a renamed field is a type error.
CloudFormation delivers every number and boolean as a string; `from_properties` converts them back.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Self

from . import rules
from .rules import Rule, refusal

#: starts the key of every tag of slr-constructs. The function's policies allow it to change only
#: these tags.
TAG_PREFIX = "slr-constructs:"


class ContractError(ValueError):
    """The properties of a request are invalid. No AWS API was called."""


#: CloudFormation's own properties, and the tags that Aspects add to every custom resource.
_IGNORED = {"ServiceToken", "ServiceTimeout", "Tags"}


def _ruled(rule: Rule, **kwargs: Any) -> Any:  # noqa: ANN401 - as dataclasses.field itself
    return field(metadata={"rule": rule}, **kwargs)


def property_name(field_name: str) -> str:
    """Return the CloudFormation property of a field: `RoleName` for `role_name`."""
    return "".join(part.capitalize() for part in field_name.split("_"))


def identity_of(contract: type[Contract]) -> str:
    """Return the property of a custom resource that names its target.

    If its value changes, CloudFormation replaces the custom resource.
    """
    return property_name(fields(contract)[0].name)


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
    #: the pattern of the physical id, with the name of the target, which is the first field.
    PHYSICAL_ID: ClassVar[str] = "{}"
    #: whether the owner is always outside of the stack.
    IS_OUTSIDE: ClassVar[bool] = False

    @property
    def target(self) -> str:
        """The name of the target, which is the first field."""
        name: str = getattr(self, fields(self)[0].name)
        return name

    @property
    def physical_id(self) -> str:
        """A unique id of what is configured. It changes only with the target."""
        return self.PHYSICAL_ID.format(self.target)

    @property
    def marks_owner(self) -> bool:
        """Whether the stack marks the owner, because the owner is outside of it."""
        return self.IS_OUTSIDE

    @property
    def can_be_taken_over(self) -> bool:
        """Whether another custom resource of the stack can take over the target in one update."""
        return self.marks_owner

    @property
    def is_complete(self) -> bool:
        """Whether no required property is missing, which only a delete allows."""
        required = (each.name for each in fields(self) if each.default is MISSING)
        return all(getattr(self, name) is not None for name in required)

    @classmethod
    def of_target(cls, name: str) -> Self:
        """Return a contract for the removal from a target. All other properties are None."""
        return cls.from_properties({identity_of(cls): name}, strict=False)

    @classmethod
    def of_delete(cls, properties: dict[str, Any], physical_id: str) -> Self:
        """Return a contract for a delete, which needs only the name of the target.

        If the properties do not have it, because they are of another version, the physical id does.
        """
        before, _, after = cls.PHYSICAL_ID.partition("{}")
        named = {identity_of(cls): physical_id.removeprefix(before).removesuffix(after)}
        return cls.from_properties(named | properties, strict=False)

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

            strict: Reject missing, unknown and invalid properties. A delete is not strict, because
                the template may be of another version: it needs only the name of the target, and
                other missing properties are None.

        Raises:
            ContractError: A property is missing, unknown or invalid.
        """
        known = {property_name(each.name): each for each in fields(cls)}
        unknown = sorted(set(properties) - set(known) - _IGNORED)
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
                    # the first field is the name of the target
                    if strict or not values:
                        raise ContractError(
                            refusal(cls.RESOURCE_TYPE, each.name, "given", None, "MissingProperty")
                        )
                    values[each.name] = None
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
    #: the end of the role's name, for a service with several roles.
    custom_suffix: str | None = _ruled(rules.CUSTOM_SUFFIX, default=None)
    description: str | None = _ruled(rules.ROLE_DESCRIPTION, default=None)
    #: the operations that list resources which may use the role without IAM knowing it.
    usage_lists: tuple[str, ...] | None = _ruled(rules.LIST_OPERATIONS, default=None)

    @property
    def can_be_taken_over(self) -> bool:
        """True: the other one acquires a lease of its own before this one releases its lease."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceConnectorStreaming(Contract):
    """Stream a Voice Connector's media to Kinesis Video Streams."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::VoiceConnectorStreaming"
    PHYSICAL_ID: ClassVar[str] = "{}/streaming-configuration"

    voice_connector_id: str = _ruled(rules.VOICE_CONNECTOR_ID)
    data_retention_in_hours: int = _ruled(rules.DATA_RETENTION)
    enabled: bool = True
    notification_targets: tuple[str, ...] = _ruled(rules.NOTIFICATION_TARGETS)
    media_insights_configuration_arn: str | None = _ruled(rules.MEDIA_INSIGHTS_ARN, default=None)
    #: omitted for an owner in the stack, which needs no mark.
    outside_of_stack: bool | None = None

    @property
    def marks_owner(self) -> bool:
        """Whether the stack marks the owner, because the owner is outside of it."""
        return bool(self.outside_of_stack)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppInstanceStreaming(Contract):
    """Stream an app instance's channels and messages to Kinesis."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::AppInstanceStreaming"
    PHYSICAL_ID: ClassVar[str] = "{}/streaming-configurations"

    app_instance_arn: str = _ruled(rules.APP_INSTANCE_ARN)
    channels_stream_arn: str | None = _ruled(rules.MESSAGING_STREAM_ARN, default=None)
    channel_messages_stream_arn: str | None = _ruled(rules.MESSAGING_STREAM_ARN, default=None)
    #: omitted for an owner in the stack, which needs no mark.
    outside_of_stack: bool | None = None

    @property
    def marks_owner(self) -> bool:
        """Whether the stack marks the owner, because the owner is outside of it."""
        return bool(self.outside_of_stack)

    @property
    def is_complete(self) -> bool:
        """Whether a stream is given, which only a delete does not require."""
        return bool(self.channels_stream_arn or self.channel_messages_stream_arn)


@dataclass(frozen=True, slots=True, kw_only=True)
class IvsChannelRecording(Contract):
    """Record an IVS channel that is not in the app."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::IvsChannelRecording"
    IS_OUTSIDE: ClassVar[bool] = True
    PHYSICAL_ID: ClassVar[str] = "{}/recording-configuration"

    channel_arn: str = _ruled(rules.IVS_CHANNEL_ARN)
    recording_configuration_arn: str = _ruled(rules.IVS_RECORDING_CONFIGURATION_ARN)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTailorSessionLoggingCleanUp(Contract):
    """Set the percentage of a playback configuration to 0 on delete; change nothing before."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaTailorSessionLoggingCleanUp"
    PHYSICAL_ID: ClassVar[str] = "playbackConfiguration/{}/log-configuration"

    playback_configuration_name: str = _ruled(rules.PLAYBACK_CONFIGURATION_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTailorSessionLogging(MediaTailorSessionLoggingCleanUp):
    """Log the sessions of a playback configuration that is not in the app."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaTailorSessionLogging"
    IS_OUTSIDE: ClassVar[bool] = True

    percent_enabled: int = _ruled(rules.PERCENT_ENABLED)
    enabled_logging_strategies: tuple[str, ...] | None = _ruled(
        rules.LOGGING_STRATEGIES, default=None
    )
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
    PHYSICAL_ID: ClassVar[str] = "channel/{}/log-configuration"

    channel_name: str = _ruled(rules.MEDIATAILOR_CHANNEL_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTailorAsRunLogging(MediaTailorAsRunLoggingCleanUp):
    """Write the as-run log of a channel that is not in the app."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaTailorAsRunLogging"
    IS_OUTSIDE: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPackageChannelLoggingCleanUp(Contract):
    """Disable the access logs of a live channel on delete; change nothing before."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaPackageChannelLoggingCleanUp"
    PHYSICAL_ID: ClassVar[str] = "channels/{}/access-logs"

    channel_id: str = _ruled(rules.MEDIAPACKAGE_ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPackageChannelLogging(MediaPackageChannelLoggingCleanUp):
    """Write the access logs of a live channel that is not in the app."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaPackageChannelLogging"
    IS_OUTSIDE: ClassVar[bool] = True

    ingress: str = _ruled(rules.CHANNEL_ACCESS_LOG)
    egress: str = _ruled(rules.CHANNEL_ACCESS_LOG)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPackagePackagingGroupLoggingCleanUp(Contract):
    """Disable the access log of a packaging group on delete; change nothing before."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaPackagePackagingGroupLoggingCleanUp"
    PHYSICAL_ID: ClassVar[str] = "packaging-groups/{}/access-logs"

    packaging_group_id: str = _ruled(rules.MEDIAPACKAGE_ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPackagePackagingGroupLogging(MediaPackagePackagingGroupLoggingCleanUp):
    """Write the access log of a packaging group that is not in the app."""

    RESOURCE_TYPE: ClassVar[str] = "Custom::MediaPackagePackagingGroupLogging"
    IS_OUTSIDE: ClassVar[bool] = True

    egress: str = _ruled(rules.PACKAGING_GROUP_ACCESS_LOG)
