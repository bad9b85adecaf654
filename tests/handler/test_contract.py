"""The contract: what a construct says is what the function reads, in spite of the journey."""

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
    """Return a value as CloudFormation hands it on: every scalar is a string."""
    if isinstance(value, list):
        return [_as_delivered(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _delivered(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _as_delivered(value) for name, value in properties.items()}


@each_lifecycle
def test_what_is_sent_is_what_is_read(lifecycle: Lifecycle) -> None:
    """Numbers, booleans and lists come back as they left, though they travel as strings."""
    wanted = lifecycle.contract.from_properties(lifecycle.properties)

    assert lifecycle.contract.from_properties(_delivered(wanted.to_properties())) == wanted


@each_lifecycle
def test_id_names_the_thing_and_not_its_settings(lifecycle: Lifecycle) -> None:
    """The id changes with the owner, and with nothing else."""
    one = lifecycle.contract.from_properties(lifecycle.properties)
    other = lifecycle.contract.from_properties(lifecycle.other_properties)

    assert one.physical_id == lifecycle.physical_id
    assert other.physical_id == lifecycle.other_physical_id


@pytest.mark.parametrize("each", CONTRACTS, ids=lambda each: each.__name__)
def test_contracts_are_frozen_and_name_their_type(each: type[Contract]) -> None:
    """A contract is a value; its resource type is its class's name."""
    lifecycle = next(row for row in LIFECYCLES if row.contract is each)
    wanted = each.from_properties(lifecycle.properties)

    assert f"Custom::{each.__name__}" == each.RESOURCE_TYPE
    with pytest.raises(FrozenInstanceError):
        setattr(wanted, fields(each)[0].name, "other")


@pytest.mark.parametrize("each", CONTRACTS, ids=lambda each: each.__name__)
def test_every_field_has_a_rule_and_a_name_of_its_own(each: type[Contract]) -> None:
    """A field without a rule would be sent on unseen."""
    names = [contract.property_name(field.name) for field in fields(each)]

    assert len(set(names)) == len(names)
    assert [
        field.name
        for field in fields(each)
        if field.type != "bool" and "rule" not in field.metadata
    ] == []


def test_a_bare_contract_has_no_id() -> None:
    """Each resource type says for itself what names its thing."""
    with pytest.raises(NotImplementedError):
        _ = Contract().physical_id


def test_field_names_travel_in_cloudformations_own_case() -> None:
    """`snake_case` becomes `PascalCase`."""
    assert contract.property_name("data_retention_in_hours") == "DataRetentionInHours"


@pytest.mark.parametrize(
    ("text", "read"),
    [("true", True), ("True", True), ("false", False), (True, True)],
    ids=["lower", "title", "false", "boolean"],
)
def test_booleans_are_read_from_text(text: object, read: object) -> None:
    """CloudFormation delivers `true` as a string, and so does a template written by hand."""
    wanted = contract.VoiceConnectorStreaming.from_properties({**VOICE, "Enabled": text})

    assert wanted.enabled is read


@pytest.mark.parametrize(("text", "read"), [("24", 24), (24, 24)], ids=["text", "number"])
def test_numbers_are_read_from_text(text: object, read: int) -> None:
    """The text `"24"` is refused by botocore where the model says integer."""
    wanted = contract.VoiceConnectorStreaming.from_properties(
        {**VOICE, "DataRetentionInHours": text}
    )

    assert wanted.data_retention_in_hours == read


def test_what_is_none_is_left_out() -> None:
    """CloudFormation has no null."""
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
def test_fails_when_a_value_breaks_its_rule(name: str, value: object, words: str) -> None:
    """The refusal names the resource type, the field, what is allowed and what came."""
    with pytest.raises(ContractError) as error:
        contract.VoiceConnectorStreaming.from_properties({**VOICE, name: value})

    assert str(error.value) == f"Custom::VoiceConnectorStreaming: {words}"


def test_a_delete_reads_what_would_be_refused() -> None:
    """An older template may have said more, or what is not allowed any more."""
    wanted = contract.VoiceConnectorStreaming.from_properties(
        {**VOICE, "DataRetentionInHours": "forever", "Retired": "yes"}, strict=False
    )

    assert wanted.voice_connector_id == CONNECTOR


def test_fails_when_the_owner_is_missing_even_on_delete() -> None:
    """Without its owner there is nothing to remove."""
    with pytest.raises(ContractError) as error:
        contract.VoiceConnectorStreaming.from_properties({}, strict=False)

    assert str(error.value) == (
        "Custom::VoiceConnectorStreaming: voice_connector_id must be given, got None"
        " [MissingProperty]"
    )
