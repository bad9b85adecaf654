"""One example for each resource type of the catalogue.

Tests of tables that derive from `RESOURCE_TYPES` use these examples, so a new type needs one new
entry here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.catalogue import RESOURCE_TYPES, ResourceType, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Example:
    """The smallest resource of a type that uses the role, and the parameters of its API calls."""

    #: the properties that a template needs; they enable the feature if the type has a property for
    #: it.
    properties: Mapping[str, Any]
    #: the parameters of the operation that configures the feature, without the identifier.
    configure: Mapping[str, Any]
    #: the parameters of the operation that removes it, without the identifier.
    remove: Mapping[str, Any] = field(default_factory=dict)
    #: whether a resource with the properties uses the role.
    usage: Usage = Usage.USES
    #: more properties, and whether a resource with only these uses the role.
    usages: tuple[tuple[Mapping[str, Any], Usage], ...] = ()


_RECORDING = "arn:aws:ivs:us-east-1:111122223333:recording-configuration/AbCdEf1G2hij"
_LOG = {"LogGroupName": "/aws/MediaPackage/a"}

#: by resource type.
EXAMPLES = {
    "AWS::Chime::VoiceConnector": Example(
        {"Name": "lines", "RequireEncryption": True},
        configure={"StreamingConfiguration": {"DataRetentionInHours": 1, "Disabled": False}},
    ),
    "AWS::Chime::SipMediaApplication": Example(
        {"AwsRegion": "us-east-1", "Name": "menu", "Endpoints": [{"LambdaArn": "arn"}]},
        configure={"AwsRegion": "us-east-1", "Name": "menu", "Endpoints": [{"LambdaArn": "arn"}]},
        # its Lambda function decides whether it synthesizes speech
        usage=Usage.MAY_USE,
        usages=(({}, Usage.MAY_USE),),
    ),
    "AWS::Chime::AppInstance": Example(
        {"Name": "chat"},
        configure={"StreamingConfigurations": [{"DataType": "Channel", "ResourceArn": "arn"}]},
    ),
    "AWS::IVS::Channel": Example(
        {"RecordingConfigurationArn": _RECORDING},
        configure={"recordingConfigurationArn": _RECORDING},
        remove={"recordingConfigurationArn": ""},
        usages=(({"RecordingConfigurationArn": ""}, Usage.DOES_NOT_USE),),
    ),
    "AWS::IVS::RecordingConfiguration": Example(
        {"DestinationConfiguration": {"S3": {"BucketName": "recordings"}}},
        configure={"destinationConfiguration": {"s3": {"bucketName": "recordings"}}},
        usages=(({}, Usage.USES),),
    ),
    "AWS::MediaTailor::PlaybackConfiguration": Example(
        {
            "Name": "ads",
            "AdDecisionServerUrl": "https://ads.example.com",
            "VideoContentSourceUrl": "https://video.example.com",
            "LogConfiguration": {
                "PercentEnabled": 100,
                "EnabledLoggingStrategies": ["LEGACY_CLOUDWATCH"],
            },
        },
        configure={"PercentEnabled": 5},
        remove={"PercentEnabled": 0},
        usages=tuple(
            ({"LogConfiguration": logs}, usage)
            for logs, usage in (
                ({"PercentEnabled": 0}, Usage.DOES_NOT_USE),
                ({"PercentEnabled": "0"}, Usage.DOES_NOT_USE),
                ({"PercentEnabled": 1}, Usage.USES),
                ({"PercentEnabled": {"Ref": "Percent"}}, Usage.MAY_USE),
                # AWS does not document whether vended logs use the role
                (
                    {"PercentEnabled": 9, "EnabledLoggingStrategies": ["VENDED_LOGS"]},
                    Usage.MAY_USE,
                ),
                (
                    {
                        "PercentEnabled": 9,
                        "EnabledLoggingStrategies": ["VENDED_LOGS", "LEGACY_CLOUDWATCH"],
                    },
                    Usage.USES,
                ),
            )
        ),
    ),
    "AWS::MediaTailor::Channel": Example(
        {
            "ChannelName": "linear",
            "Outputs": [{"ManifestName": "index", "SourceGroup": "hls"}],
            "PlaybackMode": "LOOP",
            "LogConfiguration": {"LogTypes": ["AS_RUN"]},
        },
        configure={"LogTypes": ["AS_RUN"]},
        remove={"LogTypes": []},
        usages=(
            ({"LogConfiguration": {"LogTypes": []}}, Usage.DOES_NOT_USE),
            ({"LogConfiguration": {"LogTypes": {"Ref": "Types"}}}, Usage.MAY_USE),
        ),
    ),
    "AWS::MediaPackage::Channel": Example(
        {"Id": "a", "IngressAccessLogs": {}, "EgressAccessLogs": {}},
        configure={"EgressAccessLogs": {}},
        usages=(
            ({"IngressAccessLogs": _LOG}, Usage.USES),
            ({"EgressAccessLogs": _LOG}, Usage.USES),
            ({"IngressAccessLogs": {"Ref": "Logs"}, "EgressAccessLogs": _LOG}, Usage.USES),
        ),
    ),
    "AWS::MediaPackage::PackagingGroup": Example(
        {"Id": "a", "EgressAccessLogs": {}},
        configure={"EgressAccessLogs": {}},
        usages=(({"EgressAccessLogs": _LOG}, Usage.USES),),
    ),
}

#: the types with a property that enables the feature.
NATIVE_TYPES = tuple(each for each in RESOURCE_TYPES if each.usage is not None)


class _Requested(dict[str, Any]):
    """Properties that record which of them are read."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as dict itself
        self.names.add(name)
        return super().get(name, default)


def feature_properties(target: ResourceType) -> list[str]:
    """Return the properties of a native type that decide whether it uses the role."""
    properties = _Requested()
    assert target.usage is not None
    target.usage(properties)
    return sorted(properties.names)


def usages_of(target: ResourceType) -> list[tuple[Mapping[str, Any], Usage]]:
    """Return properties of a native type, each with the expected usage of the role."""
    example = EXAMPLES[target.type]
    found = [(example.properties, example.usage), *example.usages]
    for name in feature_properties(target):
        found += [({name: each}, Usage.DOES_NOT_USE) for each in ("", {"Ref": "AWS::NoValue"})]
        found += [({name: {"Fn::If": ["A", {}, {}]}}, Usage.MAY_USE)]
    return found


#: run a test for each type.
each_type = pytest.mark.parametrize("target", RESOURCE_TYPES, ids=lambda each: each.type)
each_native_type = pytest.mark.parametrize("target", NATIVE_TYPES, ids=lambda each: each.type)
#: run a test for each expected usage of each native type.
each_usage = pytest.mark.parametrize(
    ("target", "properties", "usage"),
    [
        pytest.param(each, *usage, id=f"{each.type}-{number}")
        for each in NATIVE_TYPES
        for number, usage in enumerate(usages_of(each))
    ],
)
