"""The guard applies its rules to every resource type of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import catalogue
from slr_constructs.catalogue.resource_type import Usage
from slr_constructs.guard.check import check
from tests.templates.apps import plain

if TYPE_CHECKING:
    from slr_constructs.catalogue import ResourceType
    from slr_constructs.catalogue.resource_type import Limit

#: for each type with a property that enables a feature, properties that enable it.
ENABLED: dict[str, dict[str, Any]] = {
    "AWS::IVS::Channel": {
        "RecordingConfigurationArn": "arn:aws:ivs:us-east-1:111122223333:recording-configuration/a"
    },
    "AWS::IVS::RecordingConfiguration": {"DestinationConfiguration": {"S3": {"BucketName": "b"}}},
    "AWS::MediaTailor::PlaybackConfiguration": {
        "Name": "ads",
        "LogConfiguration": {"PercentEnabled": 5},
    },
    "AWS::MediaTailor::Channel": {"LogConfiguration": {"LogTypes": ["AS_RUN"]}},
    "AWS::MediaPackage::Channel": {"Id": "live", "EgressAccessLogs": {}},
    "AWS::MediaPackage::PackagingGroup": {"Id": "shows", "EgressAccessLogs": {}},
}
NATIVE = [each for each in catalogue.RESOURCE_TYPES if each.usage is not None]
LIMITS = [(each, limit) for each in catalogue.RESOURCE_TYPES for limit in each.limits]


def rules(known: ResourceType, properties: dict[str, Any]) -> set[str]:
    """Return the ids of the rules that a resource of a type breaks."""
    return {each.rule.id for each in check(plain(A={"Type": known.type, "Properties": properties}))}


@pytest.mark.parametrize("known", NATIVE, ids=lambda each: each.type)
def test_a_resource_that_uses_a_role_needs_it_and_a_clean_up_resource(known: ResourceType) -> None:
    """If it uses the role through another resource, that one needs the role."""
    properties = ENABLED[known.type]
    assert known.usage is not None
    assert known.usage(properties) is Usage.USES

    assert rules(known, properties) == {
        *(() if known.uses_through else ("RoleNotDeclared",)),
        *(("CleanUpMissing",) if known.needs_clean_up else ()),
    }


@pytest.mark.parametrize(
    ("known", "limit"),
    LIMITS,
    ids=[f"{each.type}-{'.'.join(limit.path)}" for each, limit in LIMITS],
)
def test_every_limit_is_checked(known: ResourceType, limit: Limit) -> None:
    """No limit allows this value."""
    value: Any = "?!"
    for part in reversed(limit.path):
        value = {part: value}

    assert "InvalidPropertyValue" in rules(known, ENABLED[known.type] | value)
