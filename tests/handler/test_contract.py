"""The contract: the function reads the same values that the construct wrote."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.contract import Contract, ContractError
from slr_constructs.handler.slr_handler.operations import OPERATIONS
from tests.handler.lifecycles import CONNECTOR, LIFECYCLES, Lifecycle

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTRACTS = [operation.contract for operation in OPERATIONS.values()]
VOICE = {
    "VoiceConnectorId": CONNECTOR,
    "DataRetentionInHours": "24",
    "NotificationTargets": ["SNS"],
}
each_lifecycle = pytest.mark.parametrize(
    "lifecycle", LIFECYCLES, ids=lambda row: row.resource_type.removeprefix("Custom::")
)


def _as_delivered(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value as CloudFormation delivers it: every scalar is a string."""
    if isinstance(value, list):
        return [_as_delivered(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _delivered(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _as_delivered(value) for name, value in properties.items()}


@each_lifecycle
def test_properties_survive_the_delivery(lifecycle: Lifecycle) -> None:
    """Numbers, booleans and lists are restored, although they are delivered as strings."""
    wanted = lifecycle.contract.from_properties(lifecycle.properties)

    assert lifecycle.contract.from_properties(_delivered(wanted.to_properties())) == wanted


@each_lifecycle
def test_id_names_the_target_and_not_its_settings(lifecycle: Lifecycle) -> None:
    """The id changes only with the owner."""
    one = lifecycle.contract.from_properties(lifecycle.properties)
    other = lifecycle.contract.from_properties(lifecycle.other_properties)

    assert one.physical_id == lifecycle.physical_id
    assert other.physical_id == lifecycle.other_physical_id


@pytest.mark.parametrize("each", CONTRACTS, ids=lambda each: each.__name__)
def test_contracts_are_frozen_and_name_their_type(each: type[Contract]) -> None:
    """A contract is immutable; its resource type is the name of its class."""
    lifecycle = next(row for row in LIFECYCLES if row.contract is each)
    wanted = each.from_properties(lifecycle.properties)

    assert f"Custom::{each.__name__}" == each.RESOURCE_TYPE
    with pytest.raises(FrozenInstanceError):
        setattr(wanted, fields(each)[0].name, "other")


@pytest.mark.parametrize("each", CONTRACTS, ids=lambda each: each.__name__)
def test_every_field_has_a_rule_and_a_unique_name(each: type[Contract]) -> None:
    """A field without a rule would not be validated."""
    names = [contract.property_name(field.name) for field in fields(each)]

    assert len(set(names)) == len(names)
    assert [
        field.name
        for field in fields(each)
        if not str(field.type).startswith("bool") and "rule" not in field.metadata
    ] == []


@each_lifecycle
def test_a_contract_of_a_target_has_its_id_and_nothing_else(lifecycle: Lifecycle) -> None:
    """It is enough for a removal."""
    wanted = lifecycle.contract.of_target(lifecycle.name)

    assert contract.identity_of(lifecycle.contract) == contract.property_name(lifecycle.owner)
    assert wanted.physical_id == lifecycle.physical_id
    others = {
        field.name: getattr(wanted, field.name)
        for field in fields(wanted)
        if field.name != lifecycle.owner
    }
    assert [name for name, value in others.items() if value is not None] == (
        ["enabled"] if "enabled" in others else []
    )


def test_property_names_have_the_case_of_cloudformation() -> None:
    """`snake_case` becomes `PascalCase`."""
    assert contract.property_name("data_retention_in_hours") == "DataRetentionInHours"


@pytest.mark.parametrize(
    ("text", "read"),
    [("true", True), ("True", True), ("false", False), (True, True)],
    ids=["lower", "title", "false", "boolean"],
)
def test_booleans_are_read_from_text(text: object, read: object) -> None:
    """CloudFormation delivers `true` as a string."""
    wanted = contract.VoiceConnectorStreaming.from_properties({**VOICE, "Enabled": text})

    assert wanted.enabled is read


def test_none_is_omitted() -> None:
    """CloudFormation does not have null values."""
    wanted = contract.VoiceConnectorStreaming.from_properties(VOICE)

    assert wanted.media_insights_configuration_arn is None
    assert wanted.to_properties() == {
        "VoiceConnectorId": CONNECTOR,
        "DataRetentionInHours": 24,
        "Enabled": True,
        "NotificationTargets": ["SNS"],
    }


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        (
            "Enabled",
            "maybe",
            "enabled must be true or false, got 'maybe' [Boolean]",
        ),
        (
            "DataRetentionInHours",
            "a day",
            (
                "data_retention_in_hours must be a whole number of hours, 0 or more, got 'a day'"
                " [DataRetentionWholeHours]"
            ),
        ),
        (
            "NotificationTargets",
            "SNS",
            (
                "notification_targets must be one to three of EventBridge, SNS and SQS, each once,"
                " got 'SNS' [NotificationTargets]"
            ),
        ),
        (
            "NotificationTargets",
            [],
            (
                "notification_targets must be one to three of EventBridge, SNS and SQS, each once,"
                " got () [NotificationTargets]"
            ),
        ),
    ],
)
def test_fails_when_a_value_is_invalid(name: str, value: object, words: str) -> None:
    """The error names the resource type, the field, the constraint and the value."""
    with pytest.raises(ContractError) as error:
        contract.VoiceConnectorStreaming.from_properties({**VOICE, name: value})

    assert str(error.value) == f"Custom::VoiceConnectorStreaming: {words}"


def test_a_delete_accepts_invalid_properties() -> None:
    """An older template may have other properties and values."""
    wanted = contract.VoiceConnectorStreaming.from_properties(
        {**VOICE, "DataRetentionInHours": "forever", "Retired": "yes"}, strict=False
    )

    assert wanted.voice_connector_id == CONNECTOR
