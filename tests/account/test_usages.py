"""Usages of roles: each kind is found if enabled, can be disabled and configured again."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from slr_constructs import catalogue
from slr_constructs.account import usages
from slr_constructs.account.access import Account
from slr_constructs.account.usages.kind import TargetResource
from slr_constructs.catalogue import Usage
from slr_constructs.catalogue.resource_type import OnRelease
from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.clock import Clock
from slr_constructs.handler.slr_handler.context import Context, OperationError
from tests.account import specimens
from tests.account.conftest import ACCOUNT
from tests.account.specimens import RECORDING, REGION
from tests.fake_services.wire import Call, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import OperationModel

    from slr_constructs.account.access import Region
    from slr_constructs.account.usages.kind import Kind
    from slr_constructs.catalogue import RoleDefinition
    from tests.account.specimens import Specimen
    from tests.fake_services.world import World

every_specimen = pytest.mark.parametrize(
    "specimen", [pytest.param(each, id=each.name) for each in specimens.ALL]
)
every_kind = pytest.mark.parametrize(
    "kind", [pytest.param(kind, id=name) for name, kind in usages.KINDS.items()]
)
#: kinds whose list contains the settings.
_TOLD_BY_THE_LIST = [
    each for each in specimens.ALL if each.name not in {"Voice Connector", "app instance"}
]
_ACCOUNT_MODULES = Path(usages.__file__).parents[1]
_STACK_TAG = "aws:cloudformation:stack-id"
_PASSWORD = "hunter2hunter2"  # noqa: S105 - a password of this test


@pytest.fixture
def region(world: World) -> Region:
    """Return a region of an account with all roles and a recording configuration."""
    specimens.add_roles(world)
    specimens.add_recorder(world)
    return specimens.signed_in().region(REGION)


def _all(kind: Kind, region: Region) -> Iterator[TargetResource]:
    """Read all pages."""
    page = kind.read_page(region)
    yield from page.targets
    while page.next_token is not None:
        page = kind.read_page(region, page.next_token)
        yield from page.targets


def _found(kind: Kind, region: Region) -> list[TargetResource]:
    """Return the usages as an audit finds them."""
    return [
        usage
        for target in _all(kind, region)
        if target.arn != RECORDING
        and (usage := target if target.settings else kind.read_usage(region, target)) is not None
    ]


def _context(region: Region) -> Context:
    return Context(Clock(600), account=ACCOUNT, open_api=region.api)


def _settings(kind: Kind, region: Region, target: TargetResource) -> dict[str, Any] | None:
    """Read the current settings."""
    usage = kind.read_usage(region, target)
    return None if usage is None else usage.settings


def _uses(world: World, specimen: Specimen) -> list[str]:
    """Return the usages, without the resources that always exist."""
    by_region = world.features.uses(ACCOUNT, specimen.fake.definition.role_name)
    return [arn for arns in by_region.values() for arn in arns if arn != RECORDING]


# lists


@every_specimen
@pytest.mark.parametrize("size", [100, 7])
def test_a_list_is_read_to_its_end(
    specimen: Specimen, size: int, world: World, region: Region
) -> None:
    """All pages and all their items, each once."""
    world.page_size = size
    # besides the added resources, a list has at most the recording configuration
    there = {specimen.add(world, number).arn for number in range(25)}
    before = len(world.calls)

    targets = [each.arn for each in _all(specimen.kind, region) if each.arn != RECORDING]

    assert sorted(targets) == sorted(there)
    pages = -(-(25 + (specimen is specimens.RECORDING_CONFIGURATION)) // size)
    assert len(world.calls) - before == pages


@every_specimen
def test_a_page_has_the_maximum_size_of_the_service(
    specimen: Specimen, world: World, region: Region
) -> None:
    """So that few calls are needed."""
    specimen.kind.read_page(region)

    listing = specimen.kind.resource_type.calls.list
    call = world.calls[-1]
    assert f"{call.service}:{call.operation}" == listing.operation
    assert call.parameters == {listing.limit_parameter: listing.page_size}


@every_specimen
def test_a_page_has_the_number_of_its_items(
    specimen: Specimen, world: World, region: Region
) -> None:
    """Including disabled resources."""
    for number in range(6):
        specimen.add(world, number, on=number % 2 == 0)

    page = specimen.kind.read_page(region)

    assert page.item_count == 6 + (specimen is specimens.RECORDING_CONFIGURATION)
    assert page.next_token is None


@every_specimen
@pytest.mark.usefixtures("region")
def test_a_region_without_resources_has_an_empty_list(specimen: Specimen) -> None:
    """It is not a failure."""
    elsewhere = specimens.signed_in().region(
        "us-west-2" if specimen.fake.service == "ivs" else "eu-central-1"
    )

    assert [*_all(specimen.kind, elsewhere)] == []


@every_specimen
def test_a_resource_has_its_id_arn_name_and_region(
    specimen: Specimen, world: World, region: Region
) -> None:
    """The id that API calls take, the ARN, and a readable name."""
    kept = specimen.add(world, 1)

    (target,) = _found(specimen.kind, region)

    assert (target.kind, target.region, target.id, target.arn) == (
        specimen.kind,
        REGION,
        kept.id,
        kept.arn,
    )
    given = kept.data.get("Name", kept.data.get("name"))
    assert target.name == (given or specimen.last(1))


@pytest.mark.parametrize(
    ("specimen", "name"),
    [
        (specimens.VOICE_CONNECTOR, specimens.VOICE_CONNECTOR.last(1)),
        (specimens.APP_INSTANCE, specimens.APP_INSTANCE.last(1)),
        (specimens.IVS_CHANNEL, specimens.IVS_CHANNEL.last(1)),
        (specimens.RECORDING_CONFIGURATION, specimens.RECORDING_CONFIGURATION.last(1)),
    ],
    ids=lambda each: each.name if isinstance(each, specimens.Specimen) else "",
)
def test_a_resource_without_a_name_has_the_end_of_its_arn(
    specimen: Specimen, name: str, world: World, region: Region
) -> None:
    """Some names are optional."""
    data = {key: value for key, value in specimen.settings.items() if key != "name"}
    kept = specimen.kept(data)
    world.features.add(specimen.fake, ACCOUNT, REGION, specimen.last(1), kept)

    assert [target.name for target in _found(specimen.kind, region)] == [name]


# enable and disable


@every_specimen
def test_a_disabled_feature_is_not_found(specimen: Specimen, world: World, region: Region) -> None:
    """Neither in the list nor by reading it."""
    kept = specimen.add(world, 1, on=False)
    # a recording configuration is enabled while it exists
    on = [kept.arn] if specimen is specimens.RECORDING_CONFIGURATION else []

    assert [target.arn for target in _found(specimen.kind, region)] == on
    assert _uses(world, specimen) == on


@pytest.mark.parametrize(
    "specimen", [pytest.param(each, id=each.name) for each in _TOLD_BY_THE_LIST]
)
def test_a_list_with_settings_needs_no_second_call(
    specimen: Specimen, world: World, region: Region
) -> None:
    """Its items are complete."""
    specimen.add(world, 1, on=False)
    specimen.add(world, 2)

    assert all(target.settings is not None for target in _all(specimen.kind, region))


@every_specimen
def test_a_deleted_resource_has_no_settings(
    specimen: Specimen, world: World, region: Region
) -> None:
    """A resource that was deleted since it was listed is not a failure."""
    kept = specimen.add(world, 1)
    deleted = TargetResource(specimen.kind, REGION, kept.id, kept.arn, "deleted")
    key = (specimen.fake, ACCOUNT, REGION)
    del world.features._places[key][kept.id]
    del world.features._targets[*key, kept.id]

    assert _settings(specimen.kind, region, deleted) is None
    # disable has nothing to do and returns this
    assert kept.id in specimen.kind.disable(_context(region), deleted)


@every_specimen
def test_a_denied_read_does_not_mean_disabled(
    specimen: Specimen, world: World, region: Region
) -> None:
    """The state is unknown then."""
    kept = specimen.add(world, 1)
    target = TargetResource(specimen.kind, REGION, kept.id, kept.arn, "denied")

    def on_call(call: Call) -> None:
        raise Refused("AccessDeniedException", f"no {call.operation}", 403)

    world.on_call = on_call

    with pytest.raises(ClientError, match="AccessDenied"):
        _settings(specimen.kind, region, target)


@every_specimen
def test_a_feature_can_be_disabled_and_configured_again(
    specimen: Specimen, world: World, region: Region
) -> None:
    """The settings are complete, and a disabled feature does not use the role."""
    kind = specimen.kind
    created_again = kind.disabled_by_deletion
    # a recording configuration is created without an existing resource
    off = TargetResource(kind, REGION, "", "", "none")
    if not created_again:
        kept = specimen.add(world, 1, on=False)
        off = dataclasses.replace(off, id=kept.id, arn=kept.arn)

    arn = kind.configure(_context(region), off, specimen.settings)
    (on,) = _found(kind, region)
    settings = _settings(kind, region, on)
    assert (on.arn, settings) == (arn, specimen.settings)
    uses_role = specimen is not specimens.IVS_CHANNEL
    assert _uses(world, specimen) == [arn] * uses_role

    assert on.id in kind.disable(_context(region), on)
    assert _settings(kind, region, on) is None
    assert _found(kind, region) == []
    assert _uses(world, specimen) == []
    # a second call has the same result
    assert on.id in kind.disable(_context(region), on)

    back = kind.configure(_context(region), on, settings or {})
    (again,) = _found(kind, region)
    assert again.arn == back
    assert (back == arn) is not created_again
    assert _settings(kind, region, again) == settings
    assert _uses(world, specimen) == [back] * uses_role


@every_specimen
def test_the_settings_are_described_in_a_few_words(specimen: Specimen) -> None:
    """On one line."""
    said = {
        "Voice Connector": "streaming, retention 24 h",
        "app instance": "streaming Channel and ChannelMessage",
        "IVS channel": "recorded by recorder00000",
        "IVS recording configuration": "records to recordings",
        "playback configuration": "7 % of sessions",
        "MediaTailor channel": "logs AS_RUN",
        "MediaPackage channel": "ingress to /aws/MediaPackage/In; egress to /aws/MediaPackage/Out",
        "packaging group": "egress to /aws/MediaPackage/Vod",
    }

    assert specimen.kind.describe_settings(specimen.settings) == said[specimen.name]


@pytest.mark.parametrize(
    ("specimen", "settings", "said"),
    [
        pytest.param(
            specimens.VOICE_CONNECTOR, {"Disabled": True}, "configured, disabled, retention ? h",
            id="disabled",
        ),
        pytest.param(
            specimens.RECORDING_CONFIGURATION, {}, "records to ?", id="without-a-bucket"
        ),
        pytest.param(
            specimens.PLAYBACK_CONFIGURATION,
            {"PercentEnabled": 3, "EnabledLoggingStrategies": ["VENDED_LOGS"]},
            "3 % of sessions, vended logs only",
            id="vended-logs",
        ),
        pytest.param(
            specimens.PACKAGING_GROUP, {"EgressAccessLogs": {}}, "egress to the default log group",
            id="default-group",
        ),
    ],
)  # fmt: skip
def test_unusual_settings_are_described(
    specimen: Specimen, settings: dict[str, Any], said: str
) -> None:
    """Also if the service leaves out a member."""
    assert specimen.kind.describe_settings(settings) == said


# special cases


def test_a_disabled_streaming_configuration_is_a_usage(world: World, region: Region) -> None:
    """The AWS documentation deletes it before the role."""
    settings = {"DataRetentionInHours": 1, "Disabled": True}
    specimen = specimens.VOICE_CONNECTOR
    kept = specimen.add(world, 1, on=False, StreamingConfiguration=settings)

    (target,) = _found(specimen.kind, region)
    assert (target.arn, target.settings) == (kept.arn, settings)
    assert _uses(world, specimen) == [kept.arn]

    specimen.kind.disable(_context(region), target)
    assert _uses(world, specimen) == []


def test_an_empty_streaming_configuration_is_not_a_usage(world: World, region: Region) -> None:
    """It is not documented whether Chime returns one for a connector without streaming."""
    specimen = specimens.VOICE_CONNECTOR
    specimen.add(world, 1, on=False, StreamingConfiguration={})

    assert _found(specimen.kind, region) == []


def test_a_voice_connector_is_in_its_own_region(world: World, region: Region) -> None:
    """Even if another region lists it."""
    specimens.VOICE_CONNECTOR.add(world, 1, on=False, AwsRegion="us-west-2")

    assert [target.region for target in _all(specimens.VOICE_CONNECTOR.kind, region)] == [
        "us-west-2"
    ]


@pytest.mark.parametrize(
    ("strategies", "percent", "on"),
    [
        (["VENDED_LOGS"], 1, True),
        (["LEGACY_CLOUDWATCH", "VENDED_LOGS"], 100, True),
        (["VENDED_LOGS"], 0, False),
        ([], 0, False),
    ],
    ids=["vended", "both", "vended-off", "none"],
)
def test_any_percentage_above_0_is_a_usage_with_any_strategy(
    strategies: list[str], percent: int, world: World, region: Region, *, on: bool
) -> None:
    """The AWS documentation sets 0 percent on every playback configuration.

    It does not say whether vended logs use the role.
    """
    logs = {"PercentEnabled": percent, "EnabledLoggingStrategies": strategies}
    specimen = specimens.PLAYBACK_CONFIGURATION
    kept = specimen.add(world, 1, on=False, LogConfiguration=logs)

    found = _found(specimen.kind, region)

    assert [target.settings for target in found] == [logs] * on
    usage = Usage.MAY_USE if strategies == ["VENDED_LOGS"] else Usage.USES
    assert [target.usage for target in found] == [usage] * on
    assert [specimen.kind.read_usage(region, target) for target in found] == found
    assert _uses(world, specimen) == [kept.arn] * on
    for target in found:
        specimen.kind.disable(_context(region), target)
        assert _uses(world, specimen) == []
        specimen.kind.configure(_context(region), target, logs)
        assert _settings(specimen.kind, region, target) == logs


@pytest.mark.parametrize(
    ("specimen", "logs"),
    [
        (specimens.LIVE_CHANNEL, {"IngressAccessLogs": {}}),
        (specimens.LIVE_CHANNEL, {"EgressAccessLogs": {}}),
        (specimens.PACKAGING_GROUP, {"EgressAccessLogs": {}}),
    ],
    ids=["ingress", "egress", "vod"],
)
def test_an_access_log_without_a_name_is_a_usage(
    specimen: Specimen, logs: dict[str, Any], world: World, region: Region
) -> None:
    """It uses the default log group, also when restored. The other log stays disabled."""
    kept = specimen.add(world, 1, on=False, **logs)

    (target,) = _found(specimen.kind, region)
    assert target.settings == logs == _settings(specimen.kind, region, target)
    specimen.kind.disable(_context(region), target)
    assert _uses(world, specimen) == []
    specimen.kind.configure(_context(region), target, logs)

    assert _uses(world, specimen) == [kept.arn]
    assert _settings(specimen.kind, region, target) == logs


def test_passwords_of_a_channel_are_not_kept(world: World, region: Region) -> None:
    """A list of live channels contains those of the inputs."""
    ingest = {
        "IngestEndpoints": [
            {"Id": "1", "Password": _PASSWORD, "Url": "https://in.example.com", "Username": "me"}
        ]
    }
    specimens.LIVE_CHANNEL.add(world, 1, HlsIngest=ingest)
    client = boto3.client("mediapackage", region_name=REGION)
    assert _PASSWORD in str(client.list_channels())

    (target,) = _found(specimens.LIVE_CHANNEL.kind, region)

    assert _PASSWORD not in repr(target)
    assert _PASSWORD not in repr(_settings(specimens.LIVE_CHANNEL.kind, region, target))


def test_a_recording_configuration_is_created_only_with_its_own_tags(
    world: World, region: Region
) -> None:
    """Only AWS can set the tags of CloudFormation."""
    specimen = specimens.RECORDING_CONFIGURATION
    tags = {_STACK_TAG: "arn:of:the:stack", "aws:other": "1", "team": "video"}
    kept = specimen.add(world, 1, tags=tags)
    (target,) = _found(specimen.kind, region)
    assert target.stack == "arn:of:the:stack"

    settings = _settings(specimen.kind, region, target)
    assert settings == specimen.settings
    specimen.kind.disable(_context(region), target)
    arn = specimen.kind.configure(_context(region), target, settings or {})

    assert arn != kept.arn
    created = world.features.find(specimen.fake, ACCOUNT, REGION, arn)
    assert created is not None
    assert created.data["tags"] == {"team": "video"}


def test_a_recording_configuration_without_own_tags_is_created_without_tags(
    world: World, region: Region
) -> None:
    """An empty list of tags is not a setting."""
    specimen = specimens.RECORDING_CONFIGURATION
    specimen.add(world, 1, tags={_STACK_TAG: "arn:of:the:stack"})
    (target,) = _found(specimen.kind, region)

    assert "tags" not in (_settings(specimen.kind, region, target) or {"tags": ()})


def test_a_recording_configuration_that_a_channel_uses_is_busy(
    world: World, region: Region
) -> None:
    """It is deleted when no channel uses it."""
    specimens.IVS_CHANNEL.add(world, 1)
    kind = specimens.RECORDING_CONFIGURATION.kind
    target = TargetResource(kind, REGION, RECORDING, RECORDING, "recorder")

    with pytest.raises(OperationError, match="a channel still uses"):
        kind.disable(_context(region), target)

    (channel,) = _found(specimens.IVS_CHANNEL.kind, region)
    specimens.IVS_CHANNEL.kind.disable(_context(region), channel)
    assert kind.disable(_context(region), target) == f"{RECORDING} was deleted"


def test_a_recording_configuration_whose_deletion_is_denied_is_not_busy(
    world: World, region: Region
) -> None:
    """A denied call is not retried."""
    kind = specimens.RECORDING_CONFIGURATION.kind
    world.account(ACCOUNT).denied.add("ivs:DeleteRecordingConfiguration")

    with pytest.raises(ClientError, match="AccessDenied"):
        kind.disable(
            _context(region), TargetResource(kind, REGION, RECORDING, RECORDING, "recorder")
        )


@pytest.mark.parametrize(
    ("specimen", "data"),
    [
        (specimens.PLAYBACK_CONFIGURATION, {"LogConfiguration": {}}),
        (specimens.LINEAR_CHANNEL, {"LogConfiguration": {}}),
        (specimens.APP_INSTANCE, {"StreamingConfigurations": []}),
        (specimens.IVS_CHANNEL, {"recordingConfigurationArn": ""}),
    ],
    ids=lambda each: each.name if isinstance(each, specimens.Specimen) else "",
)
def test_empty_settings_are_not_a_usage(specimen: Specimen, data: dict[str, Any]) -> None:
    """A service may return an empty value instead of none."""
    target = TargetResource(specimen.kind, REGION, "id", "arn", "name")

    assert specimen.kind._with_settings(target, data) is None
    assert specimen.kind._with_settings(target, {}) is None


@every_specimen
def test_only_vended_logs_may_use_the_role(
    specimen: Specimen, world: World, region: Region
) -> None:
    """All other enabled features use it."""
    specimen.add(world, 1)
    (target,) = _found(specimen.kind, region)

    assert target.usage is Usage.USES


# stacks


@every_specimen
def test_the_tags_of_cloudformation_name_the_stack(
    specimen: Specimen, world: World, region: Region
) -> None:
    """CloudFormation sets them if the schema of the type says so. Some lists have no tags."""
    stack = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/app/1"
    tags = {_STACK_TAG: stack}
    # each service uses only one of the two members
    specimen.add(world, 1, tags=tags, Tags=tags)

    (target,) = _found(specimen.kind, region)

    (schema,) = _schemas(specimen.kind)
    assert target.stack in {stack, None}
    assert target.stack == stack or not schema["tagging"]["cloudFormationSystemTags"]


@every_specimen
def test_without_tags_the_stack_is_unknown(
    specimen: Specimen, world: World, region: Region
) -> None:
    """Then CloudFormation is called."""
    specimen.add(world, 1)

    assert [target.stack for target in _found(specimen.kind, region)] == [None]


def _schemas(kind: Kind) -> list[dict[str, Any]]:
    return [
        PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, each).schema
        for each in kind.resource_types
        if each.startswith("AWS::")
    ]


@every_specimen
def test_the_physical_id_is_the_primary_identifier_of_the_schema(
    specimen: Specimen, world: World, region: Region
) -> None:
    """For some types this is the ARN."""
    specimen.add(world, 1)
    (target,) = _found(specimen.kind, region)
    (schema,) = _schemas(specimen.kind)
    (identifier,) = schema["primaryIdentifier"]
    named = identifier.rpartition("/")[2]

    assert specimen.kind.physical_ids(target)[0] == (
        target.arn if named.lower().endswith("arn") else target.id
    )


@every_specimen
def test_our_custom_resources_are_found_by_their_physical_ids(
    specimen: Specimen, world: World, region: Region
) -> None:
    """Also if they are in another stack than the resource."""
    specimen.add(world, 1)
    (target,) = _found(specimen.kind, region)
    ours = [each for each in specimen.kind.resource_types if not each.startswith("AWS::")]
    contracts = _contracts()

    configured_by = specimen.kind.custom_resource_ids(target)

    assert [*specimen.kind.physical_ids(target)[1:]] == [*configured_by]
    assert bool(configured_by) == (specimen is not specimens.RECORDING_CONFIGURATION)
    # a feature and its clean-up have the same id
    assert {*configured_by} == {_physical_id(contracts[each], target) for each in ours}
    assert len(configured_by) <= 1


def _contracts() -> dict[str, type[contract.Contract]]:
    return {
        each.RESOURCE_TYPE: each
        for each in vars(contract).values()
        if isinstance(each, type)
        and issubclass(each, contract.Contract)
        and each is not contract.Contract
    }


def _physical_id(each: type[contract.Contract], target: TargetResource) -> str:
    """Return the physical id of a custom resource as a template creates it."""
    names = [field.name for field in dataclasses.fields(each)]
    values: dict[str, Any] = dict.fromkeys(names, "")
    values[names[0]] = target.id
    return each(**values).physical_id


def test_every_contract_that_configures_a_feature_is_known() -> None:
    """Also the clean-up contracts: they have the same physical ids."""
    known = {each for kind in usages.KINDS.values() for each in kind.resource_types}
    unknown = {
        name
        for name in _contracts()
        if name not in known and name.removesuffix("CleanUp") not in known
    }

    assert unknown == {"Custom::ServiceLinkedRole"}


# against the service models of botocore


def _operation(kind: Kind) -> OperationModel:
    client = boto3.client(kind.list_service, region_name=REGION)
    name = kind.resource_type.calls.list.operation.partition(":")[2]
    return client.meta.service_model.operation_model(name)


@every_kind
def test_a_listing_matches_the_service_model(kind: Kind) -> None:
    """Its operation, its members, and the maximum page size."""
    listing, operation = kind.resource_type.calls.list, _operation(kind)
    given, answered = operation.input_shape.members, operation.output_shape.members

    assert answered[listing.member].type_name == "list"
    assert {given[listing.next_member].type_name, answered[listing.next_member].type_name} == {
        "string"
    }
    assert given[listing.limit_parameter].type_name == "integer"
    assert listing.page_size == given[listing.limit_parameter].metadata["max"]


@every_specimen
def test_the_settings_match_the_service_model(specimen: Specimen) -> None:
    """Everything that a service returns can be configured again, and the specimen has all of it."""
    method, path, besides = {
        "Voice Connector": (
            "PutVoiceConnectorStreamingConfiguration", ["StreamingConfiguration"], set()
        ),
        "app instance": ("PutMessagingStreamingConfigurations", [], {"AppInstanceArn"}),
        "IVS channel": ("UpdateChannel", [], None),
        "IVS recording configuration": ("CreateRecordingConfiguration", [], set()),
        "playback configuration": (
            "ConfigureLogsForPlaybackConfiguration", [], {"PlaybackConfigurationName"}
        ),
        "MediaTailor channel": ("ConfigureLogsForChannel", [], {"ChannelName"}),
        "MediaPackage channel": ("ConfigureLogs", [], {"Id"}),
        "packaging group": ("ConfigureLogs", [], {"Id"}),
    }[specimen.name]  # fmt: skip
    client = boto3.client(specimen.kind.service, region_name=REGION)
    shape: Any = client.meta.service_model.operation_model(method).input_shape
    for member in path:
        shape = shape.members[member]

    known = {*shape.members}

    assert known >= {*specimen.settings}
    if besides is not None:
        assert known - besides == {*specimen.settings}


@every_kind
def test_a_kind_is_offered_where_it_is_listed(kind: Kind) -> None:
    """The service that lists may differ from the service that configures."""
    session = boto3.Session()
    offered = session.get_available_regions

    assert offered(kind.service) == offered(kind.list_service)


# roles


@pytest.mark.parametrize(
    "definition", [pytest.param(each, id=each.role_name) for each in catalogue.ALL]
)
def test_all_operations_that_release_a_role_are_called(
    definition: RoleDefinition, world: World, region: Region
) -> None:
    """The operations in the catalogue are those that disable the kinds of the role."""
    kinds = usages.kinds_of(definition)
    for specimen in specimens.ALL:
        if specimen.kind in kinds:
            specimen.add(world, 1)
            for target in _found(specimen.kind, region):
                specimen.kind.disable(_context(region), target)

    called = {f"{call.service}:{call.operation}" for call in world.calls}

    assert {*definition.clean_up} <= called


def test_every_type_of_the_catalogue_has_a_kind() -> None:
    """And no kind is of another type."""
    assert [kind.resource_type for kind in usages.KINDS.values()] == [*catalogue.RESOURCE_TYPES]


@every_kind
def test_a_kind_is_defined_only_in_the_module_of_its_type(kind: Kind) -> None:
    """The other modules of the account read the records of the catalogue."""
    name = type(kind).__name__
    naming = {
        path.relative_to(_ACCOUNT_MODULES)
        for path in _ACCOUNT_MODULES.rglob("*.py")
        if re.search(rf"\b{name}\b|\b{re.escape(kind.resource_type.type)}\b", path.read_text())
    }
    assert naming == {Path(*type(kind).__module__.split(".")[2:]).with_suffix(".py")}


@every_kind
def test_a_description_takes_the_id_of_a_list_item(kind: Kind) -> None:
    """Under the same name, by the service models."""
    calls = kind.resource_type.calls
    client = boto3.client(kind.service, region_name=REGION)
    described = client.meta.service_model.operation_model(calls.describe.partition(":")[2])
    items = _operation(kind).output_shape.members[calls.list.member].member

    assert [*described.input_shape.members] == [kind._id_member]
    assert {kind._id_member, kind.arn_member} <= {*items.members}
    if kind.wrapper is not None:
        assert kind.wrapper in described.output_shape.members


@every_kind
def test_the_same_client_configures_and_describes(kind: Kind) -> None:
    """So one name is enough for the regions and for the calls."""
    calls = kind.resource_type.calls
    operations = (calls.configure.operation, calls.remove, calls.describe)

    assert {each.partition(":")[0] for each in operations} == {kind.service}


def test_every_kind_has_a_unique_name() -> None:
    """State files contain the names."""
    assert [*usages.KINDS] == [kind.name for kind in usages.KINDS.values()]
    # a release does not change these, so no specimen shows its changes
    kept = {each.name for each in catalogue.RESOURCE_TYPES if each.on_release is OnRelease.KEEPS}
    assert {each.name for each in specimens.ALL} | kept == {*usages.KINDS}
    assert kept == {"SIP media application"}
    assert {kind for each in catalogue.ALL for kind in usages.kinds_of(each)} == {
        *usages.KINDS.values()
    }
    assert all(kind.consequence for kind in usages.KINDS.values())


def test_only_recording_configurations_are_disabled_by_deletion() -> None:
    """All other features can be disabled."""
    assert [kind.name for kind in usages.KINDS.values() if kind.disabled_by_deletion] == [
        "IVS recording configuration"
    ]


@pytest.mark.parametrize(
    "definition", [pytest.param(each, id=each.role_name) for each in catalogue.ALL]
)
def test_resources_are_listed_in_the_regions_of_their_service(definition: RoleDefinition) -> None:
    """Those of botocore for each service. The catalogue has no other region."""
    account = specimens.signed_in()

    offered = usages.offered_regions(definition, account)

    assert offered == {kind: account.regions(kind.service) for kind in usages.kinds_of(definition)}


def test_a_region_that_botocore_does_not_know_is_included(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For all kinds, because the kind is unknown. Not a region of another partition."""
    regions = {"mediapackage": ["us-east-1"], "mediapackage-vod": ["us-west-2"]}
    monkeypatch.setattr(
        boto3.Session, "get_available_regions", lambda _, service, *_more: regions[service]
    )
    account = Account(boto3.Session(), id=ACCOUNT, partition="aws")

    offered = usages.offered_regions(catalogue.MEDIAPACKAGE, account)

    newer = {
        each
        for each in catalogue.MEDIAPACKAGE.regions or ()
        if each not in {"us-east-1", "us-west-2"} and "iso" not in each
    }
    assert [*map(set, offered.values())] == [newer | {"us-east-1"}, newer | {"us-west-2"}]
