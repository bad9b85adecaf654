"""What uses a role: found where it is on, off when it lets go, and on again as it was."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from slr_constructs import catalogue
from slr_constructs.account import uses
from slr_constructs.account.access import Account
from slr_constructs.account.uses.kind import Thing
from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.clock import Clock
from slr_constructs.handler.slr_handler.lifecycle import Request
from slr_constructs.handler.slr_handler.run import RefusedError, Run
from tests.account import specimens
from tests.account.conftest import ACCOUNT
from tests.account.specimens import RECORDING, REGION
from tests.fake_services.wire import Call, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import OperationModel

    from slr_constructs.account.access import Region
    from slr_constructs.account.uses.kind import Kind
    from slr_constructs.catalogue import RoleDefinition
    from tests.account.specimens import Specimen
    from tests.fake_services.world import World

every_specimen = pytest.mark.parametrize(
    "specimen", [pytest.param(each, id=each.name) for each in specimens.ALL]
)
every_kind = pytest.mark.parametrize(
    "kind", [pytest.param(kind, id=name) for name, kind in uses.KINDS.items()]
)
#: whose list says whether they are on.
_TOLD_BY_THE_LIST = [
    each for each in specimens.ALL if each.name not in {"Voice Connector", "app instance"}
]
_STACK_TAG = "aws:cloudformation:stack-id"
_PASSWORD = "hunter2hunter2"  # noqa: S105 - nobody's


@pytest.fixture
def region(world: World) -> Region:
    """Give a region of an account with all roles, and what records IVS channels there."""
    specimens.add_roles(world)
    specimens.add_recorder(world)
    return specimens.signed_in().region(REGION)


def _all(kind: Kind, region: Region) -> Iterator[Thing]:
    """Read all pages."""
    page = kind.page(region)
    yield from page.things
    while page.next is not None:
        page = kind.page(region, page.next)
        yield from page.things


def _found(kind: Kind, region: Region) -> list[Thing]:
    """Return what is on, as whoever audits sees it."""
    return [
        thing.having(settings)
        for thing in _all(kind, region)
        if (settings := thing.settings or kind.look(region, thing)) is not None
        and thing.arn != RECORDING
    ]


def _run(region: Region) -> Run:
    request = Request("Delete", "", "", "", None, {}, "", "")
    return Run(request, Clock(600), open_api=region.api, tell=lambda *_, **__: None)


def _uses(world: World, specimen: Specimen) -> list[str]:
    """Return what uses the role, but for what is there anyway."""
    by_region = world.features.uses(ACCOUNT, specimen.fake.definition.role_name)
    return [arn for arns in by_region.values() for arn in arns if arn != RECORDING]


# lists


@every_specimen
@pytest.mark.parametrize("size", [100, 7])
def test_a_list_is_read_to_its_end(
    specimen: Specimen, size: int, world: World, region: Region
) -> None:
    """All pages of it, each once, and everything on it once."""
    world.page_size = size
    # no list has more than a recording configuration on it that was not added here
    there = {specimen.add(world, number).arn for number in range(25)}
    before = len(world.calls)

    things = [each.arn for each in _all(specimen.kind, region) if each.arn != RECORDING]

    assert sorted(things) == sorted(there)
    pages = -(-(25 + (specimen is specimens.RECORDING_CONFIGURATION)) // size)
    assert len(world.calls) - before == pages


@every_specimen
def test_a_page_has_as_much_as_the_service_gives(
    specimen: Specimen, world: World, region: Region
) -> None:
    """So that the calls are few."""
    specimen.kind.page(region)

    listing = specimen.kind.listing
    call = world.calls[-1]
    assert call.service == listing.service
    assert call.parameters == {listing.most: listing.of_a_page}


@every_specimen
def test_a_page_tells_how_much_was_listed(specimen: Specimen, world: World, region: Region) -> None:
    """Also of what is off."""
    for number in range(6):
        specimen.add(world, number, on=number % 2 == 0)

    page = specimen.kind.page(region)

    assert page.listed == 6 + (specimen is specimens.RECORDING_CONFIGURATION)
    assert page.next is None


@every_specimen
@pytest.mark.usefixtures("region")
def test_a_region_without_things_lists_none(specimen: Specimen) -> None:
    """Which is no failure."""
    elsewhere = specimens.signed_in().region(
        "us-west-2" if specimen.fake.service == "ivs" else "eu-central-1"
    )

    assert [*_all(specimen.kind, elsewhere)] == []


@every_specimen
def test_a_thing_says_what_and_where_it_is(
    specimen: Specimen, world: World, region: Region
) -> None:
    """By the id that calls name it by, its ARN, and a name that people know."""
    kept = specimen.add(world, 1)

    (thing,) = _found(specimen.kind, region)

    assert (thing.kind, thing.region, thing.id, thing.arn) == (
        specimen.kind,
        REGION,
        kept.id,
        kept.arn,
    )
    given = kept.data.get("Name", kept.data.get("name"))
    assert thing.name == (given or specimen.last(1))


@pytest.mark.parametrize(
    ("specimen", "name"),
    [
        (specimens.VOICE_CONNECTOR, ""),
        (specimens.APP_INSTANCE, specimens.APP_INSTANCE.last(1)),
        (specimens.IVS_CHANNEL, specimens.IVS_CHANNEL.last(1)),
        (specimens.RECORDING_CONFIGURATION, specimens.RECORDING_CONFIGURATION.last(1)),
    ],
    ids=lambda each: each.name if isinstance(each, specimens.Specimen) else "",
)
def test_a_thing_without_a_name_is_called_what_its_arn_ends_in(
    specimen: Specimen, name: str, world: World, region: Region
) -> None:
    """Names are optional for some."""
    data = {key: value for key, value in specimen.settings.items() if key != "name"}
    kept = specimen.kept(data)
    world.features.add(specimen.fake, ACCOUNT, REGION, specimen.last(1), kept)

    assert [thing.name for thing in _found(specimen.kind, region)] == [name]


# on and off


@every_specimen
def test_what_is_off_is_not_found(specimen: Specimen, world: World, region: Region) -> None:
    """Neither by its list nor by a look."""
    kept = specimen.add(world, 1, on=False)
    # a recording configuration is on for as long as it is there
    on = [kept.arn] if specimen is specimens.RECORDING_CONFIGURATION else []

    assert [thing.arn for thing in _found(specimen.kind, region)] == on
    assert _uses(world, specimen) == on


@pytest.mark.parametrize(
    "specimen", [pytest.param(each, id=each.name) for each in _TOLD_BY_THE_LIST]
)
def test_a_list_that_says_what_is_on_is_enough(
    specimen: Specimen, world: World, region: Region
) -> None:
    """Nothing on it has to be looked at."""
    specimen.add(world, 1, on=False)
    specimen.add(world, 2)

    assert all(thing.settings is not None for thing in _all(specimen.kind, region))


@every_specimen
def test_what_is_gone_is_not_on(specimen: Specimen, world: World, region: Region) -> None:
    """A thing that was deleted since it was listed is none, and no failure."""
    kept = specimen.add(world, 1)
    gone = Thing(specimen.kind, REGION, kept.id, kept.arn, "gone")
    key = (specimen.fake, ACCOUNT, REGION)
    del world.features._places[key][kept.id]
    del world.features._things[*key, kept.id]

    assert specimen.kind.look(region, gone) is None
    # what switches it off has nothing to do, and says so
    assert kept.id in specimen.kind.off(_run(region), gone)


@every_specimen
def test_a_look_that_is_denied_is_not_taken_for_off(
    specimen: Specimen, world: World, region: Region
) -> None:
    """Nobody knows then."""
    kept = specimen.add(world, 1)
    thing = Thing(specimen.kind, REGION, kept.id, kept.arn, "denied")

    def on_call(call: Call) -> None:
        raise Refused("AccessDeniedException", f"no {call.operation}", 403)

    world.on_call = on_call

    with pytest.raises(ClientError, match="AccessDenied"):
        specimen.kind.look(region, thing)


@every_specimen
def test_a_feature_goes_off_and_comes_back_as_it_was(
    specimen: Specimen, world: World, region: Region
) -> None:
    """What a look finds is all that it takes, and off means that the role is let go of."""
    kind = specimen.kind
    made_again = kind.deleted
    # what makes a recording configuration asks for no thing
    off = Thing(kind, REGION, "", "", "none")
    if not made_again:
        kept = specimen.add(world, 1, on=False)
        off = dataclasses.replace(off, id=kept.id, arn=kept.arn)

    arn = kind.on(region, off, specimen.settings)
    (on,) = _found(kind, region)
    settings = kind.look(region, on)
    assert (on.arn, settings) == (arn, specimen.settings)
    uses_role = specimen is not specimens.IVS_CHANNEL
    assert _uses(world, specimen) == [arn] * uses_role

    assert on.id in kind.off(_run(region), on)
    assert kind.look(region, on) is None
    assert _found(kind, region) == []
    assert _uses(world, specimen) == []
    # again is as good as once
    assert on.id in kind.off(_run(region), on)

    back = kind.on(region, on, settings or {})
    (again,) = _found(kind, region)
    assert again.arn == back
    assert (back == arn) is not made_again
    assert kind.look(region, again) == settings
    assert _uses(world, specimen) == [back] * uses_role


@every_specimen
def test_says_in_a_few_words_what_is_on(specimen: Specimen) -> None:
    """In one line that names what it is about."""
    said = {
        "Voice Connector": "streaming, kept 24 h",
        "app instance": "streaming Channel and ChannelMessage",
        "IVS channel": "recorded by recorder00000",
        "IVS recording configuration": "records to recordings",
        "playback configuration": "7 % of sessions",
        "MediaTailor channel": "logs AS_RUN",
        "MediaPackage channel": "ingress to /aws/MediaPackage/In; egress to /aws/MediaPackage/Out",
        "packaging group": "egress to /aws/MediaPackage/Vod",
    }

    assert specimen.kind.says(specimen.settings) == said[specimen.name]


@pytest.mark.parametrize(
    ("specimen", "settings", "said"),
    [
        pytest.param(
            specimens.VOICE_CONNECTOR, {"Disabled": True}, "configured, disabled, kept ? h",
            id="disabled",
        ),
        pytest.param(
            specimens.RECORDING_CONFIGURATION, {}, "records to ?", id="without-a-bucket"
        ),
        pytest.param(
            specimens.PLAYBACK_CONFIGURATION,
            {"PercentEnabled": 3, "EnabledLoggingStrategies": ["VENDED_LOGS"]},
            "3 % of sessions, vended logs alone",
            id="vended-logs",
        ),
        pytest.param(
            specimens.PACKAGING_GROUP, {"EgressAccessLogs": {}}, "egress to its default",
            id="default-group",
        ),
    ],
)  # fmt: skip
def test_says_what_is_not_as_usual(specimen: Specimen, settings: dict[str, Any], said: str) -> None:
    """Also where a service leaves something out."""
    assert specimen.kind.says(settings) == said


# what is special about some


def test_a_disabled_streaming_configuration_counts(world: World, region: Region) -> None:
    """The documents let go of the role by deleting it."""
    settings = {"DataRetentionInHours": 1, "Disabled": True}
    specimen = specimens.VOICE_CONNECTOR
    kept = specimen.add(world, 1, on=False, StreamingConfiguration=settings)

    (thing,) = _found(specimen.kind, region)
    assert (thing.arn, thing.settings) == (kept.arn, settings)
    assert _uses(world, specimen) == [kept.arn]

    specimen.kind.off(_run(region), thing)
    assert _uses(world, specimen) == []


def test_an_empty_streaming_configuration_is_none(world: World, region: Region) -> None:
    """Nobody documents whether Chime answers it for a connector that has none."""
    specimen = specimens.VOICE_CONNECTOR
    specimen.add(world, 1, on=False, StreamingConfiguration={})

    assert _found(specimen.kind, region) == []


def test_a_voice_connector_is_where_its_own_region_is(world: World, region: Region) -> None:
    """Whichever region's list has it."""
    specimens.VOICE_CONNECTOR.add(world, 1, on=False, AwsRegion="us-west-2")

    assert [thing.region for thing in _all(specimens.VOICE_CONNECTOR.kind, region)] == ["us-west-2"]


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
def test_any_percentage_but_0_counts_by_whatever_strategy(
    strategies: list[str], percent: int, world: World, region: Region, *, on: bool
) -> None:
    """The documents let go of the role with 0 percent on every one."""
    logs = {"PercentEnabled": percent, "EnabledLoggingStrategies": strategies}
    specimen = specimens.PLAYBACK_CONFIGURATION
    kept = specimen.add(world, 1, on=False, LogConfiguration=logs)

    found = _found(specimen.kind, region)

    assert [thing.settings for thing in found] == [logs] * on
    assert _uses(world, specimen) == [kept.arn] * on
    for thing in found:
        specimen.kind.off(_run(region), thing)
        assert _uses(world, specimen) == []
        specimen.kind.on(region, thing, logs)
        assert specimen.kind.look(region, thing) == logs


@pytest.mark.parametrize(
    ("specimen", "logs"),
    [
        (specimens.LIVE_CHANNEL, {"IngressAccessLogs": {}}),
        (specimens.LIVE_CHANNEL, {"EgressAccessLogs": {}}),
        (specimens.PACKAGING_GROUP, {"EgressAccessLogs": {}}),
    ],
    ids=["ingress", "egress", "vod"],
)
def test_an_access_log_without_a_name_is_on(
    specimen: Specimen, logs: dict[str, Any], world: World, region: Region
) -> None:
    """It goes to the default group, and comes back to it; the other stays off."""
    kept = specimen.add(world, 1, on=False, **logs)

    (thing,) = _found(specimen.kind, region)
    assert thing.settings == logs == specimen.kind.look(region, thing)
    specimen.kind.off(_run(region), thing)
    assert _uses(world, specimen) == []
    specimen.kind.on(region, thing, logs)

    assert _uses(world, specimen) == [kept.arn]
    assert specimen.kind.look(region, thing) == logs


def test_passwords_of_a_channel_are_kept_nowhere(world: World, region: Region) -> None:
    """A list of live channels has those of their inputs."""
    ingest = {
        "IngestEndpoints": [
            {"Id": "1", "Password": _PASSWORD, "Url": "https://in.example.com", "Username": "me"}
        ]
    }
    specimens.LIVE_CHANNEL.add(world, 1, HlsIngest=ingest)
    client = boto3.client("mediapackage", region_name=REGION)
    assert _PASSWORD in str(client.list_channels())

    (thing,) = _found(specimens.LIVE_CHANNEL.kind, region)

    assert _PASSWORD not in repr(thing)
    assert _PASSWORD not in repr(specimens.LIVE_CHANNEL.kind.look(region, thing))


def test_a_recording_configuration_is_made_with_its_own_tags_alone(
    world: World, region: Region
) -> None:
    """Nobody but AWS may give those of CloudFormation."""
    specimen = specimens.RECORDING_CONFIGURATION
    tags = {_STACK_TAG: "arn:of:the:stack", "aws:other": "1", "team": "video"}
    kept = specimen.add(world, 1, tags=tags)
    (thing,) = _found(specimen.kind, region)
    assert thing.stack == "arn:of:the:stack"

    settings = specimen.kind.look(region, thing)
    assert settings == specimen.settings
    specimen.kind.off(_run(region), thing)
    arn = specimen.kind.on(region, thing, settings or {})

    assert arn != kept.arn
    made = world.features.find(specimen.fake, ACCOUNT, REGION, arn)
    assert made is not None
    assert made.data["tags"] == {"team": "video"}


def test_a_recording_configuration_without_own_tags_is_made_without(
    world: World, region: Region
) -> None:
    """An empty list of tags is no setting."""
    specimen = specimens.RECORDING_CONFIGURATION
    specimen.add(world, 1, tags={_STACK_TAG: "arn:of:the:stack"})
    (thing,) = _found(specimen.kind, region)

    assert "tags" not in (specimen.kind.look(region, thing) or {"tags": ()})


def test_a_recording_configuration_that_a_channel_points_at_is_busy(
    world: World, region: Region
) -> None:
    """It is deleted when none does."""
    specimens.IVS_CHANNEL.add(world, 1)
    kind = specimens.RECORDING_CONFIGURATION.kind
    thing = Thing(kind, REGION, RECORDING, RECORDING, "recorder")

    with pytest.raises(RefusedError, match="a channel still points at"):
        kind.off(_run(region), thing)

    (channel,) = _found(specimens.IVS_CHANNEL.kind, region)
    specimens.IVS_CHANNEL.kind.off(_run(region), channel)
    assert kind.off(_run(region), thing) == f"{RECORDING} is deleted"


def test_a_recording_configuration_that_may_not_be_deleted_is_not_busy(
    world: World, region: Region
) -> None:
    """What may not be done is not tried again."""
    kind = specimens.RECORDING_CONFIGURATION.kind
    world.account(ACCOUNT).denied.add("ivs:DeleteRecordingConfiguration")

    with pytest.raises(ClientError, match="AccessDenied"):
        kind.off(_run(region), Thing(kind, REGION, RECORDING, RECORDING, "recorder"))


# whose it is


@every_specimen
def test_the_tags_of_cloudformation_tell_the_stack_where_a_list_has_them(
    specimen: Specimen, world: World, region: Region
) -> None:
    """Which is where the type's schema says that CloudFormation gives them."""
    stack = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/app/1"
    tags = {_STACK_TAG: stack}
    # each service reads its own of the two
    specimen.add(world, 1, tags=tags, Tags=tags)

    (thing,) = _found(specimen.kind, region)

    (schema,) = _schemas(specimen.kind)
    assert (thing.stack == stack) is bool(schema["tagging"]["cloudFormationSystemTags"])


@every_specimen
def test_without_tags_nobody_knows_the_stack(
    specimen: Specimen, world: World, region: Region
) -> None:
    """Then CloudFormation is asked."""
    specimen.add(world, 1)

    assert [thing.stack for thing in _found(specimen.kind, region)] == [None]


def _schemas(kind: Kind) -> list[dict[str, Any]]:
    return [
        PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, each).schema
        for each in kind.resource_types
        if each.startswith("AWS::")
    ]


@every_specimen
def test_cloudformation_calls_a_thing_by_the_identifier_of_its_schema(
    specimen: Specimen, world: World, region: Region
) -> None:
    """The physical id is what the type's schema calls primary, which for some is the ARN."""
    specimen.add(world, 1)
    (thing,) = _found(specimen.kind, region)
    (schema,) = _schemas(specimen.kind)
    (identifier,) = schema["primaryIdentifier"]
    named = identifier.rpartition("/")[2]

    assert specimen.kind.physical_ids(thing)[0] == (
        thing.arn if named.lower().endswith("arn") else thing.id
    )


@every_specimen
def test_our_own_resources_are_known_by_their_physical_ids(
    specimen: Specimen, world: World, region: Region
) -> None:
    """What switched a feature on is found, be it in another stack than the thing."""
    specimen.add(world, 1)
    (thing,) = _found(specimen.kind, region)
    ours = [each for each in specimen.kind.resource_types if not each.startswith("AWS::")]
    contracts = _contracts()

    switched_by = specimen.kind.switched_by(thing)

    assert [*specimen.kind.physical_ids(thing)[1:]] == [*switched_by]
    assert bool(switched_by) == (specimen is not specimens.RECORDING_CONFIGURATION)
    # a feature and its release have the same id
    assert {*switched_by} == {_physical_id(contracts[each], thing) for each in ours}
    assert len(switched_by) <= 1


def _contracts() -> dict[str, type[contract.Contract]]:
    return {
        each.RESOURCE_TYPE: each
        for each in vars(contract).values()
        if isinstance(each, type)
        and issubclass(each, contract.Contract)
        and each is not contract.Contract
    }


def _physical_id(each: type[contract.Contract], thing: Thing) -> str:
    """Return that of what a template makes, which says more than a removal needs."""
    names = [field.name for field in dataclasses.fields(each)]
    values: dict[str, Any] = dict.fromkeys(names, "")
    values[names[0]] = thing.id
    return each(**values).physical_id


def test_every_contract_that_switches_a_feature_is_known() -> None:
    """Also those that only let go: they have the physical ids of the others."""
    known = {each for kind in uses.KINDS.values() for each in kind.resource_types}
    unknown = {
        name
        for name in _contracts()
        if name not in known and name.removesuffix("Release") not in known
    }

    assert unknown == {"Custom::ServiceLinkedRole", "Custom::MediaTailorLogRetention"}


# against AWS's own models


def _operation(kind: Kind) -> OperationModel:
    client = boto3.client(kind.listing.service, region_name=REGION)
    name = client.meta.method_to_api_mapping[kind.listing.method]
    return client.meta.service_model.operation_model(name)


@every_kind
def test_a_listing_is_one_of_the_service(kind: Kind) -> None:
    """Its operation, its members, and as much on a page as the model allows."""
    listing, operation = kind.listing, _operation(kind)
    given, answered = operation.input_shape.members, operation.output_shape.members

    assert answered[listing.member].type_name == "list"
    assert {given[listing.next].type_name, answered[listing.next].type_name} == {"string"}
    assert given[listing.most].type_name == "integer"
    assert listing.of_a_page == given[listing.most].metadata["max"]


@every_specimen
def test_settings_are_what_the_service_knows(specimen: Specimen) -> None:
    """All that a service answers can be put back, and all of it is in the specimen."""
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
    """The service that lists need not be the one that switches."""
    session = boto3.Session()
    offered = session.get_available_regions

    assert offered(kind.service) == offered(kind.listing.service)


# roles


@pytest.mark.parametrize(
    "definition", [pytest.param(each, id=each.role_name) for each in catalogue.ALL]
)
def test_all_that_lets_go_of_a_role_is_done(
    definition: RoleDefinition, world: World, region: Region
) -> None:
    """The operations that the catalogue has are those that switch the role's kinds off."""
    kinds = uses.kinds_of(definition)
    for specimen in specimens.ALL:
        if specimen.kind in kinds:
            specimen.add(world, 1)
            for thing in _found(specimen.kind, region):
                specimen.kind.off(_run(region), thing)

    called = {f"{call.service}:{call.operation}" for call in world.calls}

    assert {*definition.clean_up} <= called
    assert {each for kind in kinds for each in kind.resource_types if each.startswith("AWS::")} == {
        *definition.resource_types
    }


def test_every_kind_is_known_by_its_name() -> None:
    """State files have the names, so no two are the same and all are said."""
    assert [*uses.KINDS] == [kind.name for kind in uses.KINDS.values()]
    assert {each.name for each in specimens.ALL} == {*uses.KINDS}
    assert {kind for each in catalogue.ALL for kind in uses.kinds_of(each)} == {
        *uses.KINDS.values()
    }
    assert all(kind.loss for kind in uses.KINDS.values())


def test_only_recording_configurations_are_deleted() -> None:
    """Everything else is switched off."""
    assert [kind.name for kind in uses.KINDS.values() if kind.deleted] == [
        "IVS recording configuration"
    ]


@pytest.mark.parametrize(
    "definition", [pytest.param(each, id=each.role_name) for each in catalogue.ALL]
)
def test_things_are_looked_for_where_their_service_is(definition: RoleDefinition) -> None:
    """By botocore, which says so service by service; the catalogue has no other region."""
    account = specimens.signed_in()

    offered = uses.offered(definition, account)

    assert offered == {kind: account.regions(kind.service) for kind in uses.kinds_of(definition)}


def test_a_region_that_an_older_botocore_does_not_know_is_asked_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For all kinds, for nobody tells of which it is; not one of another partition."""
    regions = {"mediapackage": ["us-east-1"], "mediapackage-vod": ["us-west-2"]}
    monkeypatch.setattr(
        boto3.Session, "get_available_regions", lambda _, service, *_more: regions[service]
    )
    account = Account(boto3.Session(), id=ACCOUNT, partition="aws")

    offered = uses.offered(catalogue.MEDIAPACKAGE, account)

    newer = {
        each
        for each in catalogue.MEDIAPACKAGE.regions or ()
        if each not in {"us-east-1", "us-west-2"} and "iso" not in each
    }
    assert [*map(set, offered.values())] == [newer | {"us-east-1"}, newer | {"us-west-2"}]
