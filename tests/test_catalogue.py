"""The facts of the catalogue, compared with published sources about the same roles.

All sources are installed packages: service models and endpoints from botocore, AWS managed policies
from moto, CloudFormation schemas from cfn-lint, L1 classes from aws-cdk-lib. This module quotes the
five AWS documents that slr-constructs was written from.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import FrozenInstanceError, dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from aws_cdk import aws_mediapackage
from moto.iam.aws_managed_policies import aws_managed_policies_data

from slr_constructs import catalogue
from slr_constructs.catalogue import (
    ALL,
    CHIME_MEDIA_PIPELINES,
    CHIME_MESSAGING,
    CHIME_MESSAGING_LEGACY,
    CHIME_TRANSCRIPTION,
    CHIME_VOICE_CONNECTOR,
    IVS_RECORD_TO_S3,
    MEDIAPACKAGE,
    MEDIATAILOR,
    RoleCreation,
    RoleDefinition,
    Statement,
    by_role_name,
    resource_types_of,
)
from tests.published import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from botocore.model import Shape
    from botocore.session import Session

Permission = tuple[str, str, frozenset[tuple[str, str, str]]]

CURRENT = tuple(definition for definition in ALL if definition.superseded_by is None)
#: roles whose features have constructs, and those that AWS asks you to create yourself.
WITH_FEATURES = tuple(definition for definition in CURRENT if resource_types_of(definition))
WITHOUT_FEATURES = (CHIME_MEDIA_PIPELINES, CHIME_TRANSCRIPTION)
CHIME_CLIENTS = ("chime", "chime-sdk-voice", "chime-sdk-messaging", "chime-sdk-identity")


@dataclass(frozen=True)
class Document:
    """The facts of one of the five AWS documents, in its own words."""

    definition: RoleDefinition
    role_name: str
    service_principal: str
    created_through_iam: str


DOCUMENTS = (
    Document(
        CHIME_VOICE_CONNECTOR,
        "AWSServiceRoleForAmazonChimeVoiceConnector",
        "voiceconnector.chime.amazonaws.com",
        "create a service-linked role with the voiceconnector.chime.amazonaws.com service name",
    ),
    Document(
        CHIME_MESSAGING_LEGACY,
        "AmazonChimeServiceChatStreamingAccess",
        "chime.amazonaws.com",
        "create a service-linked role with the chime.amazonaws.com service name",
    ),
    Document(
        IVS_RECORD_TO_S3,
        "AWSServiceRoleForIVSRecordToS3",
        "ivs.amazonaws.com",
        "",
    ),
    Document(
        MEDIATAILOR,
        "AWSServiceRoleForMediaTailor",
        "mediatailor.amazonaws.com",
        "create a service-linked role with the mediatailor.amazonaws.com service name",
    ),
    Document(
        MEDIAPACKAGE,
        "AWSServiceRoleForMediaPackage",
        "mediapackage.amazonaws.com",
        "create a service-linked role with the mediapackage.amazonaws.com service name",
    ),
)

# the documented permissions of each role, and the claim that quotes one if the catalogue differs
DOCUMENTED_PERMISSIONS = (
    (CHIME_VOICE_CONNECTOR, "chime:GetVoiceConnector*", "*", None),
    (
        CHIME_VOICE_CONNECTOR,
        "kinesisvideo:*",
        "arn:aws:kinesisvideo:us-east-1:111122223333:stream/ChimeVoiceConnector-*",
        "kinesisvideo:* on stream/ChimeVoiceConnector-*",
    ),
    *(
        (
            CHIME_MESSAGING_LEGACY,
            action,
            "arn:aws:kinesis:{region}:{account-id}:stream/chime-messaging-*",
            None,
        )
        for action in ("kinesis:PutRecord", "kinesis:PutRecords", "kinesis:DescribeStream")
    ),
    (
        IVS_RECORD_TO_S3,
        "s3:PutObject",
        "your Amazon S3 buckets",
        "s3:PutObject on your Amazon S3 buckets",
    ),
    *(
        (
            definition,
            action,
            f"arn:aws:logs:*:*:log-group:/aws/{service}/*{stream}",
            claim,
        )
        for definition, service, claim in (
            (MEDIATAILOR, "MediaTailor", "log-group:/aws/MediaTailor/*"),
            (MEDIAPACKAGE, "MediaPackage", None),
        )
        for action, stream in (
            ("logs:PutLogEvents", ":log-stream:*"),
            ("logs:CreateLogStream", ""),
            ("logs:CreateLogGroup", ""),
            ("logs:DescribeLogGroups", ""),
            ("logs:DescribeLogStreams", ""),
        )
    ),
)


@pytest.fixture(scope="module")
def models() -> Session:
    """Return botocore's data, without a client and without calls."""
    return botocore.session.get_session()


@pytest.fixture(scope="module")
def policies() -> dict[str, Any]:
    """Return every AWS managed policy that moto ships, by name."""
    loaded: dict[str, Any] = json.loads(aws_managed_policies_data)
    return loaded


def _name(value: object) -> str | None:
    return value.role_name if isinstance(value, RoleDefinition) else None


def _each_of(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _published(document: dict[str, Any]) -> set[Permission]:
    return {
        (
            action,
            resource,
            frozenset(
                (operator, key, value)
                for operator, keys in statement.get("Condition", {}).items()
                for key, values in keys.items()
                for value in _each_of(values)
            ),
        )
        for statement in document["Statement"]
        for action in _each_of(statement["Action"])
        for resource in _each_of(statement["Resource"])
    }


def _stated(statements: Iterable[Statement]) -> set[Permission]:
    return {
        (
            action,
            resource,
            frozenset(
                (operator, key, value)
                for operator, key, values in statement.conditions
                for value in values
            ),
        )
        for statement in statements
        for action in statement.actions
        for resource in statement.resources
    }


def _clients(operations: Iterable[str]) -> set[str]:
    return {operation.partition(":")[0] for operation in operations}


def _regions(models: Session, client: str) -> set[str]:
    return {
        region
        for partition in models.get_available_partitions()
        for region in models.get_available_regions(client, partition)
    }


def _parameter(models: Session, operation: str, path: str) -> Shape:
    client, _, name = operation.partition(":")
    shape: Any = models.get_service_model(client).operation_model(name).input_shape
    for part in path.split("."):
        shape = shape.members[part]
        if shape.type_name == "list":
            shape = shape.member
    found: Shape = shape
    return found


def _documented_claims(definition: RoleDefinition) -> set[str]:
    return {
        claim.says
        for contradiction in definition.contradictions
        for claim in contradiction.claims
        if "[document]" in claim.source
    }


# --- the roles, as a set ---------------------------------------------------------------------


def test_the_catalogue_lists_every_role_it_defines() -> None:
    """`ALL` contains each public definition of the package once."""
    defined = [value for value in vars(catalogue).values() if isinstance(value, RoleDefinition)]

    assert len(ALL) == len(defined) == 8
    assert {*ALL} == {*defined}


@pytest.mark.parametrize("what", ["role_name", "service_principal", "path"])
def test_no_two_roles_share_an_identity(what: str) -> None:
    """A role is identified by its name or its principal, so both are unique."""
    identities = [getattr(definition, what) for definition in ALL]

    assert len(set(identities)) == len(identities)


@pytest.mark.parametrize("definition", CURRENT, ids=_name)
def test_a_current_role_has_all_facts(definition: RoleDefinition) -> None:
    """A role that can be created has all facts that the code and documentation need."""
    assert definition.feature
    assert definition.managed_policy
    assert definition.statements
    assert definition.documentation


@pytest.mark.parametrize("definition", WITH_FEATURES, ids=_name)
def test_a_role_with_a_feature_has_the_facts_of_the_feature(definition: RoleDefinition) -> None:
    """Constructs, rules and commands are derived from them."""
    assert definition.regions
    assert definition.created_by
    assert definition.clean_up


def test_two_roles_of_the_chime_sdk_have_no_feature_here() -> None:
    """AWS asks you to create these roles; applications use them without a resource."""
    assert {*CURRENT} - {*WITH_FEATURES} == {*WITHOUT_FEATURES}
    for definition in WITHOUT_FEATURES:
        assert definition.creation is RoleCreation.IAM
        assert (definition.created_by, definition.clean_up) == ((), ())
        assert definition.regions is None
    assert CHIME_MEDIA_PIPELINES.service_principal == "mediapipelines.chime.amazonaws.com"
    assert CHIME_TRANSCRIPTION.service_principal == "transcription.chime.amazonaws.com"


def test_the_superseded_role_leads_to_the_current_one() -> None:
    """The older messaging role can only be adopted, and names the role that replaced it."""
    assert CHIME_MESSAGING_LEGACY.creation is RoleCreation.NEVER
    assert CHIME_MESSAGING_LEGACY.superseded_by is not None
    assert by_role_name(CHIME_MESSAGING_LEGACY.superseded_by) is CHIME_MESSAGING
    assert CHIME_MESSAGING_LEGACY.created_by == ()
    assert CHIME_MESSAGING_LEGACY.created_instead == "AWSServiceRoleForAmazonChime"
    assert CHIME_MESSAGING_LEGACY.managed_policy is None
    assert CHIME_MESSAGING_LEGACY.regions is None


@pytest.mark.parametrize("definition", ALL, ids=_name)
def test_documentation_is_addressed_at_aws(definition: RoleDefinition) -> None:
    """Every URL is a page of AWS, listed once."""
    assert all(
        re.fullmatch(r"https://docs\.aws\.amazon\.com/\S+\.html", address)
        for address in definition.documentation
    )
    assert len(set(definition.documentation)) == len(definition.documentation)


@pytest.mark.parametrize("definition", ALL, ids=_name)
def test_a_contradiction_has_two_sides_and_sources(definition: RoleDefinition) -> None:
    """Each side of a contradiction has a source, and one side is used."""
    for contradiction in definition.contradictions:
        assert contradiction.about
        assert contradiction.followed
        assert len({claim.says for claim in contradiction.claims}) >= 2
        assert all(re.search(r"\[\w+\]$", claim.source) for claim in contradiction.claims)


def test_every_fact_carries_a_source_that_the_docstring_explains() -> None:
    """Each fact of a role has a tag before, inside or beside it; all tags are known and used.

    Claims have their source as a value, and the documentation is a source itself.
    """
    untagged, used = [], set()
    for path in sorted(Path(catalogue.__file__).parent.glob("*.py")):
        source = path.read_text(encoding="utf-8")
        used |= set(re.findall(r"\[([a-z]+)\]", source.split('"""', 2)[2]))
        for name, line, text in _facts_in(source):
            if name not in {"contradictions", "documentation"} and not re.search(
                r"\[[a-z]+\]", text
            ):
                untagged.append(f"{path.name}, line {line}: {name}")

    assert untagged == []
    explained = set(re.findall(r"- `\[(\w+)\]`: ", catalogue.__doc__ or ""))
    assert used == explained


def _facts_in(source: str) -> Iterator[tuple[str, int, str]]:
    """Yield the arguments of all role definitions, with their lines and the text of the lines."""
    lines = source.splitlines()
    for call in ast.walk(ast.parse(source)):
        if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "RoleDefinition"):
            continue
        facts = [(str(number), value) for number, value in enumerate(call.args)]
        facts += [(str(keyword.arg), keyword.value) for keyword in call.keywords]
        last_line = call.lineno
        for name, value in facts:
            assert value.end_lineno is not None
            yield name, value.lineno, "\n".join(lines[last_line : value.end_lineno])
            last_line = value.end_lineno


# --- the definition itself -------------------------------------------------------------------


def test_a_role_is_found_by_its_name() -> None:
    """Every role of the catalogue, including the older one, is found by its name."""
    assert [by_role_name(definition.role_name) for definition in ALL] == list(ALL)


def test_fails_when_a_name_is_not_in_the_catalogue() -> None:
    """The error lists the valid names."""
    with pytest.raises(KeyError) as error:
        by_role_name("AWSServiceRoleForNothing")

    assert all(definition.role_name in str(error.value) for definition in ALL)
    assert "AWSServiceRoleForNothing" in str(error.value)


def test_your_own_definition_needs_two_names() -> None:
    """Any other role works like those of the catalogue; omitted facts are not checked."""
    own = RoleDefinition("AWSServiceRoleForX", "x.amazonaws.com")

    assert own.path == "/aws-service-role/x.amazonaws.com/"
    assert own.arn(partition="aws", account="111122223333") == (
        "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
    )
    assert own.creation is RoleCreation.IAM
    assert own.regions is None
    assert own == RoleDefinition("AWSServiceRoleForX", "x.amazonaws.com")
    assert hash(own) != hash(MEDIATAILOR)


def test_a_definition_is_immutable() -> None:
    """All stacks of an app share a definition, so it cannot be changed."""
    with pytest.raises(FrozenInstanceError):
        MEDIATAILOR.role_name = "AWSServiceRoleForX"  # type: ignore[misc]


def test_all_but_the_two_names_are_given_by_keyword() -> None:
    """New facts do not break existing definitions."""
    positional = [field.name for field in fields(RoleDefinition) if not field.kw_only]

    assert positional == ["role_name", "service_principal"]


@pytest.mark.parametrize(
    ("role_name", "service_principal", "rejected"),
    [
        ("", "x.amazonaws.com", "role_name"),
        ("AWSServiceRole/ForX", "x.amazonaws.com", "role_name"),
        ("AWSServiceRoleForX\n", "x.amazonaws.com", "role_name"),
        ("AWSServiceRoleForÄ", "x.amazonaws.com", "role_name"),
        ("AWSServiceRoleForX", "", "service_principal"),
        ("AWSServiceRoleForX", "https://x.amazonaws.com", "service_principal"),
        ("AWSServiceRoleForX", "x.amazonaws.com ", "service_principal"),
    ],
)
def test_fails_when_a_name_is_malformed(
    role_name: str, service_principal: str, rejected: str
) -> None:
    """The error names the property, the constraint and the value."""
    with pytest.raises(
        ValueError, match=rf"^RoleDefinition: {rejected} must be .+, got '"
    ) as error:
        RoleDefinition(role_name, service_principal)

    assert repr({"role_name": role_name}.get(rejected, service_principal)) in str(error.value)


# --- managed policies, as moto ships them ----------------------------------------------------


@pytest.mark.parametrize("definition", CURRENT, ids=_name)
def test_statements_are_those_of_the_managed_policy(
    policies: dict[str, Any], definition: RoleDefinition
) -> None:
    """The same actions, resources and conditions, and no others."""
    assert definition.managed_policy is not None
    policy = policies[definition.managed_policy]

    assert policy["Path"] == "/aws-service-role/"
    assert all(statement["Effect"] == "Allow" for statement in policy["Document"]["Statement"])
    assert _stated(definition.statements) == _published(policy["Document"])


def test_policy_versions_are_those_of_the_comments(policies: dict[str, Any]) -> None:
    """A new default version is a reason to read the policy again."""
    versions = {
        definition: policies[str(definition.managed_policy)]["DefaultVersionId"]
        for definition in CURRENT
    }

    assert versions.pop(CHIME_VOICE_CONNECTOR) == "v5"
    assert versions.pop(CHIME_MEDIA_PIPELINES) == "v3"
    assert set(versions.values()) == {"v1"}


def test_the_older_messaging_role_is_in_no_managed_policy(policies: dict[str, Any]) -> None:
    """No policy names it, and the policy of `chime.amazonaws.com` is that of another role."""
    current = json.dumps(policies["AmazonChimeServiceRolePolicy"]["Document"])

    assert CHIME_MESSAGING_LEGACY.role_name not in json.dumps(policies)
    assert CHIME_MESSAGING_LEGACY.path + "AWSServiceRoleForAmazonChime" in current
    assert "kinesis" not in current


def test_the_ivs_policy_covers_no_bucket_that_s3_would_create(policies: dict[str, Any]) -> None:
    """Bucket names are lower case, so IVS must add the bucket to the role itself."""
    published = _published(policies[str(IVS_RECORD_TO_S3.managed_policy)]["Document"])

    assert {resource for _, resource, _ in published} == {"arn:aws:s3:::AWSIVS_*/ivs/*"}
    bucket_name = schema_of("AWS::IVS::RecordingConfiguration")["definitions"][
        "S3DestinationConfiguration"
    ]["properties"]["BucketName"]
    assert not re.fullmatch(bucket_name["pattern"], "AWSIVS_")


@pytest.mark.parametrize(
    ("definition", "log_group"),
    [(definition, log_group) for definition in ALL for log_group in definition.log_groups],
    ids=lambda value: _name(value) or str(value),
)
def test_a_role_may_write_to_its_log_groups(definition: RoleDefinition, log_group: str) -> None:
    """The role can create each of its log groups."""
    creating = {
        resource
        for action, resource, _ in _stated(definition.statements)
        if action == "logs:CreateLogGroup"
    }

    assert any(
        fnmatchcase(f"arn:aws:logs:us-east-1:111122223333:log-group:{log_group}", resource)
        for resource in creating
    )


# --- operations and parameters, as botocore ships them ---------------------------------------


@pytest.mark.parametrize(
    "operation",
    sorted({operation for role in ALL for operation in (*role.created_by, *role.clean_up)}),
)
def test_every_operation_exists(models: Session, operation: str) -> None:
    """The named boto3 client has each operation that creates a role or disables its feature."""
    client, _, name = operation.partition(":")

    assert name in models.get_service_model(client).operation_names


def test_a_deletion_has_four_states(models: Session) -> None:
    """The function must know every state, or it would wait forever."""
    response: Any = (
        models.get_service_model("iam")
        .operation_model("GetServiceLinkedRoleDeletionStatus")
        .output_shape
    )

    assert set(response.members["Status"].enum) == {
        "SUCCEEDED",
        "IN_PROGRESS",
        "FAILED",
        "NOT_STARTED",
    }
    assert {"Region", "Resources"} <= set(
        response.members["Reason"].members["RoleUsageList"].member.members
    )


@pytest.mark.parametrize(
    ("operation", "parameter", "values"),
    [
        (
            "chime-sdk-voice:PutVoiceConnectorStreamingConfiguration",
            "StreamingConfiguration.StreamingNotificationTargets.NotificationTarget",
            {"EventBridge", "SNS", "SQS"},
        ),
        (
            "chime-sdk-messaging:PutMessagingStreamingConfigurations",
            "StreamingConfigurations.DataType",
            {"Channel", "ChannelMessage"},
        ),
        ("mediatailor:ConfigureLogsForChannel", "LogTypes", {"AS_RUN"}),
        (
            "mediatailor:ConfigureLogsForPlaybackConfiguration",
            "EnabledLoggingStrategies",
            {"LEGACY_CLOUDWATCH"},
        ),
    ],
)
def test_every_value_is_one_the_service_knows(
    models: Session, operation: str, parameter: str, values: set[str]
) -> None:
    """The values for a feature are in the list of the service."""
    shape: Any = _parameter(models, operation, parameter)

    assert values <= set(shape.enum)


def test_an_ivs_channel_stops_recording_with_an_empty_arn(models: Session) -> None:
    """`UpdateChannel` accepts the empty string, and its documentation explains it."""
    shape = _parameter(models, "ivs:UpdateChannel", "recordingConfigurationArn")
    limits: Any = shape.metadata

    assert limits["min"] == 0
    assert re.fullmatch(limits["pattern"], "")
    assert "empty string, recording is disabled" in shape.documentation


@pytest.mark.parametrize("client", ["mediapackage", "mediapackage-vod"])
def test_access_logs_are_disabled_by_omission(models: Session, client: str) -> None:
    """Only the id is required, so disabled logs can be omitted."""
    shape: Any = models.get_service_model(client).operation_model("ConfigureLogs").input_shape

    assert shape.required_members == ["Id"]
    assert set(shape.members) == {"Id", "EgressAccessLogs"} | (
        {"IngressAccessLogs"} if client == "mediapackage" else set()
    )


def test_the_documented_commands_do_not_exist(models: Session) -> None:
    """The `chime` client does not have Voice Connectors, app instances or their streaming."""
    missing = re.compile("Streaming|VoiceConnector|AppInstance")

    assert not [
        name for name in models.get_service_model("chime").operation_names if missing.search(name)
    ]
    assert not [
        name
        for client in CHIME_CLIENTS
        for name in models.get_service_model(client).operation_names
        if "AppInstanceStreamingConfiguration" in name
    ]


# --- regions, as botocore ships them ---------------------------------------------------------


@pytest.mark.parametrize("definition", WITH_FEATURES, ids=_name)
def test_regions_are_those_with_an_endpoint(models: Session, definition: RoleDefinition) -> None:
    """The regions of a role are those of the services that create it, in every partition."""
    clients = _clients(definition.created_by)

    assert definition.regions is not None
    assert list(definition.regions) == sorted(
        set().union(*(_regions(models, client) for client in clients))
    )


@pytest.mark.parametrize("definition", WITH_FEATURES, ids=_name)
def test_a_role_is_cleaned_up_with_the_clients_that_create_it(definition: RoleDefinition) -> None:
    """The operations for both belong to the same services and regions."""
    assert _clients(definition.clean_up) == _clients(definition.created_by)


def test_mediapackage_live_and_vod_differ_in_four_regions(models: Session) -> None:
    """The comment beside the regions names those with only one of both."""
    live = _regions(models, "mediapackage")
    vod = _regions(models, "mediapackage-vod")

    assert vod - live == {"ap-south-2", "me-central-1"}
    assert live - vod == {"us-iso-east-1", "us-isob-east-1"}


def test_app_instances_have_the_regions_of_their_streaming(models: Session) -> None:
    """Another client creates app instances, in the same regions."""
    assert CHIME_MESSAGING.regions is not None
    assert _regions(models, "chime-sdk-identity") == set(CHIME_MESSAGING.regions)


# --- CloudFormation types, as cfn-lint and aws-cdk-lib ship them -----------------------------


def test_a_recording_configuration_needs_the_permission_to_edit_the_role() -> None:
    """IVS adds a policy to the role with the permissions of the caller."""
    needed = schema_of("AWS::IVS::RecordingConfiguration")["handlers"]["create"]["permissions"]

    assert {"iam:PutRolePolicy", "iam:AttachRolePolicy"} <= set(needed)


def test_sources_still_disagree_about_the_vod_log_group() -> None:
    """The schema and the page name different defaults, and the catalogue lists both."""
    schema = json.dumps(schema_of("AWS::MediaPackage::PackagingGroup"))
    page = str(aws_mediapackage.CfnPackagingGroup.LogConfigurationProperty.__init__.__doc__)
    (contradiction,) = MEDIAPACKAGE.contradictions
    from_schema, from_page = (claim.says for claim in contradiction.claims)

    assert from_schema in schema
    assert from_page not in schema
    assert from_page in page
    assert from_schema not in page
    assert {from_schema, from_page} <= set(MEDIAPACKAGE.log_groups)


# --- the five documents ----------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda value: value.role_name)
def test_names_are_those_of_the_document(document: Document) -> None:
    """Each document's role is in the catalogue, under the document's names."""
    assert document.definition.role_name == document.role_name
    assert document.definition.service_principal == document.service_principal


@pytest.mark.parametrize(
    "document",
    [document for document in DOCUMENTS if document.definition in CURRENT],
    ids=lambda value: value.role_name,
)
def test_iam_creates_a_role_if_its_document_says_so(document: Document) -> None:
    """The catalogue does not guarantee more than the document."""
    documented = document.service_principal in document.created_through_iam

    assert (document.definition.creation is RoleCreation.IAM) is documented


def test_the_renaming_of_the_messaging_role_is_named() -> None:
    """The old and the current name and principal are the sides of a contradiction."""
    (renamed,) = CHIME_MESSAGING_LEGACY.contradictions
    sides = {
        claim.source: f"{role.role_name}, trusted by {role.service_principal}" == claim.says
        for claim, role in zip(
            renamed.claims, (CHIME_MESSAGING_LEGACY, CHIME_MESSAGING), strict=False
        )
    }

    assert renamed in CHIME_MESSAGING.contradictions
    assert sides == {"[document]": True, "[page] [seen]": True}


def test_the_undocumented_creation_of_the_ivs_role_is_named() -> None:
    """IAM is tried for the only role whose document does not mention IAM."""
    assert IVS_RECORD_TO_S3.creation is RoleCreation.SERVICE
    assert "whether IAM creates the role" in {
        contradiction.about for contradiction in IVS_RECORD_TO_S3.contradictions
    }


@pytest.mark.parametrize(
    ("definition", "action", "resource", "named"),
    DOCUMENTED_PERMISSIONS,
    ids=[f"{definition.role_name}-{action}" for definition, action, *_ in DOCUMENTED_PERMISSIONS],
)
def test_a_documented_permission_is_stated_or_its_absence_is_named(
    definition: RoleDefinition, action: str, resource: str, named: str | None
) -> None:
    """If the document and the policy differ, a contradiction quotes the document."""
    stated = {(stated, on) for stated, on, _ in _stated(definition.statements)}

    if named is None:
        assert (action, resource) in stated
    else:
        assert (action, resource) not in stated
        assert named in _documented_claims(definition)


def test_the_documented_condition_is_stated() -> None:
    """`kms:GenerateDataKey` only when the request is made using `kinesis.*.amazonaws.com`."""
    through_kinesis = frozenset({("StringLike", "kms:ViaService", "kinesis.*.amazonaws.com")})

    for definition in (CHIME_MESSAGING, CHIME_MESSAGING_LEGACY):
        assert ("kms:GenerateDataKey", "*", through_kinesis) in _stated(definition.statements)


@pytest.mark.parametrize(
    ("definition", "command"),
    [
        (CHIME_VOICE_CONNECTOR, "aws chime delete-voice-connector-streaming-configuration"),
        (CHIME_MESSAGING, "aws chime delete-app-instance-streaming-configuration"),
    ],
    ids=lambda value: _name(value) or "",
)
def test_a_command_that_no_longer_exists_is_named(definition: RoleDefinition, command: str) -> None:
    """The catalogue explains why the command of the document fails."""
    assert any(command in says for says in _documented_claims(definition))


def test_every_role_is_followed_by_the_roles_that_it_replaced() -> None:
    """Each role is listed once, even if both were given."""
    new, old = catalogue.CHIME_MESSAGING, catalogue.CHIME_MESSAGING_LEGACY

    assert catalogue.with_superseded_roles([catalogue.MEDIATAILOR, new]) == [
        catalogue.MEDIATAILOR,
        new,
        old,
    ]
    assert catalogue.with_superseded_roles([old, new]) == [old, new]
