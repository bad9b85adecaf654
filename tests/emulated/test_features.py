"""The emulator's additional services and resource types, compared with botocore and cfn-lint.

Real boto3 clients send requests, which are intercepted and answered.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from ministack.core.responses import request_scope
from ministack.services import iam
from ministack.services.cloudformation import provisioners
from moto.core.botocore_stubber import MockRawResponse

from slr_constructs import catalogue
from tests.emulated.emulator import resource_types
from tests.fake_services import features as kinds
from tests.fake_services import wire
from tests.fake_services.features import BrokenUse, Features
from tests.fake_services.wire import Refused
from tests.published import schema_of, service_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.catalogue import RoleDefinition
    from tests.fake_services.features import Kind, TargetResource

ACCOUNT = "111122223333"
REGION = "us-east-1"
STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/chime-messaging-chat"
STREAMING = {"DataRetentionInHours": 24, "Disabled": False}

KINDS = (
    kinds.VOICE_CONNECTOR,
    kinds.APP_INSTANCE,
    kinds.RECORDING_CONFIGURATION,
    kinds.IVS_CHANNEL,
    kinds.PLAYBACK_CONFIGURATION,
    kinds.LINEAR_CHANNEL,
    kinds.LIVE_CHANNEL,
    kinds.PACKAGING_GROUP,
)

#: the parameters of operations; other operations get only the id.
PARAMETERS: dict[tuple[str, str], dict[str, Any]] = {
    ("chime-sdk-voice", "CreateVoiceConnector"): {"Name": "lines", "RequireEncryption": True},
    ("chime-sdk-voice", "CreateSipMediaApplication"): {
        "AwsRegion": "us-east-1",
        "Name": "menu",
        "Endpoints": [{"LambdaArn": "arn:aws:lambda:us-east-1:111122223333:function:menu"}],
    },
    ("chime-sdk-voice", "UpdateVoiceConnector"): {"Name": "lines", "RequireEncryption": True},
    ("chime-sdk-voice", "PutVoiceConnectorStreamingConfiguration"): {
        "StreamingConfiguration": STREAMING
    },
    ("chime-sdk-identity", "CreateAppInstance"): {"Name": "chat", "ClientRequestToken": "once"},
    ("chime-sdk-identity", "UpdateAppInstance"): {"Name": "chat", "Metadata": "{}"},
    ("chime-sdk-messaging", "PutMessagingStreamingConfigurations"): {
        "StreamingConfigurations": [{"DataType": "Channel", "ResourceArn": STREAM}]
    },
    ("ivs", "CreateRecordingConfiguration"): {
        "destinationConfiguration": {"s3": {"bucketName": "recordings"}}
    },
    ("mediatailor", "ConfigureLogsForPlaybackConfiguration"): {"PercentEnabled": 100},
    ("mediatailor", "CreateChannel"): {
        "Outputs": [{"ManifestName": "index", "SourceGroup": "hls"}],
        "PlaybackMode": "LOOP",
    },
    ("mediatailor", "UpdateChannel"): {
        "Outputs": [{"ManifestName": "index", "SourceGroup": "hls"}]
    },
    ("mediatailor", "ConfigureLogsForChannel"): {"LogTypes": ["AS_RUN"]},
    ("mediapackage", "ConfigureLogs"): {"EgressAccessLogs": {}},
    ("mediapackage-vod", "ConfigureLogs"): {"EgressAccessLogs": {}},
}

#: the operations that enable and disable each feature.
SWITCHES: dict[Kind, tuple[tuple[str, str, dict[str, Any]], tuple[str, str, dict[str, Any]]]] = {
    kinds.VOICE_CONNECTOR: (
        ("chime-sdk-voice", "PutVoiceConnectorStreamingConfiguration", {}),
        ("chime-sdk-voice", "DeleteVoiceConnectorStreamingConfiguration", {}),
    ),
    kinds.APP_INSTANCE: (
        ("chime-sdk-messaging", "PutMessagingStreamingConfigurations", {}),
        ("chime-sdk-messaging", "DeleteMessagingStreamingConfigurations", {}),
    ),
    kinds.PLAYBACK_CONFIGURATION: (
        ("mediatailor", "ConfigureLogsForPlaybackConfiguration", {}),
        ("mediatailor", "ConfigureLogsForPlaybackConfiguration", {"PercentEnabled": 0}),
    ),
    kinds.LINEAR_CHANNEL: (
        ("mediatailor", "ConfigureLogsForChannel", {}),
        ("mediatailor", "ConfigureLogsForChannel", {"LogTypes": []}),
    ),
    kinds.LIVE_CHANNEL: (
        ("mediapackage", "ConfigureLogs", {}),
        ("mediapackage", "ConfigureLogs", {"EgressAccessLogs": None}),
    ),
    kinds.PACKAGING_GROUP: (
        ("mediapackage-vod", "ConfigureLogs", {}),
        ("mediapackage-vod", "ConfigureLogs", {"EgressAccessLogs": None}),
    ),
}

#: properties that the resource schemas require, and that enable the feature.
RESOURCES: dict[str, dict[str, Any]] = {
    "AWS::Chime::VoiceConnector": {"Name": "lines", "RequireEncryption": True},
    "AWS::Chime::AppInstance": {"Name": "chat", "Tags": [{"Key": "a", "Value": "b"}]},
    "AWS::IVS::RecordingConfiguration": {
        "DestinationConfiguration": {"S3": {"BucketName": "recordings"}},
        "ThumbnailConfiguration": {"RecordingMode": "INTERVAL", "TargetIntervalSeconds": 30},
        "Tags": [{"Key": "a", "Value": "b"}],
    },
    "AWS::IVS::Channel": {"Name": "live"},
    "AWS::MediaTailor::PlaybackConfiguration": {
        "Name": "ads",
        "AdDecisionServerUrl": "https://ads.example.com",
        "VideoContentSourceUrl": "https://video.example.com",
        "LogConfiguration": {"PercentEnabled": 50},
    },
    "AWS::MediaTailor::Channel": {
        "ChannelName": "linear",
        "Outputs": [{"ManifestName": "index", "SourceGroup": "hls"}],
        "PlaybackMode": "LOOP",
        "LogConfiguration": {"LogTypes": ["AS_RUN"]},
    },
    "AWS::MediaPackage::Channel": {
        "Id": "live",
        "Description": "first",
        "IngressAccessLogs": {},
        "EgressAccessLogs": {"LogGroupName": "/aws/MediaPackage/mine"},
    },
    "AWS::MediaPackage::PackagingGroup": {"Id": "vod", "EgressAccessLogs": {}},
}
LOGGED = [name for name, props in RESOURCES.items() if "Logs" in str(props) or "Log" in str(props)]


class _Roles:
    """Roles of accounts, without IAM."""

    def __init__(self) -> None:
        self.names: set[tuple[str, str]] = set()

    def exists(self, account: str, role_name: str) -> bool:
        return (account, role_name) in self.names

    def make(self, account: str, definition: RoleDefinition) -> None:
        self.names.add((account, definition.role_name))

    def delete(self, account: str, role_name: str) -> None:
        self.names.discard((account, role_name))


class _Aws:
    """Clients, and the services that they call."""

    def __init__(self) -> None:
        self.roles = _Roles()
        self.changes: list[tuple[str, str, str, str, bool]] = []
        self.features = Features(self.roles, on_change=self._change)

    def _change(self, target: TargetResource, what: str, on: bool) -> None:  # noqa: FBT001 - as it is called
        self.changes.append((target.account, target.region, target.arn, what, on))

    def client(self, service: str, region: str = REGION) -> Any:  # noqa: ANN401 - boto3's own
        client = boto3.client(
            service,
            region_name=region,
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="secret",  # noqa: S106 - it is not used
            config=Config(retries={"total_max_attempts": 1}),
        )
        client.meta.events.register(
            "before-send", functools.partial(self._respond, service, region)
        )
        return client

    def call(self, service: str, operation: str, **parameters: object) -> dict[str, Any]:
        """Call an operation with the parameters that are not None."""
        given = {name: value for name, value in parameters.items() if value is not None}
        client = self.client(service)
        response: dict[str, Any] = client._make_api_call(operation, given)
        return response

    def add(self, kind: Kind, name: str = "") -> TargetResource:
        # the default name is a valid id of every kind
        name = name or ("a" * 22)
        return self.features.add(kind, ACCOUNT, REGION, name)

    def switch(self, target: TargetResource, *, on: bool) -> dict[str, Any]:
        service, operation, parameters = SWITCHES[target.kind][0 if on else 1]
        everything = {**PARAMETERS.get((service, operation), {}), **parameters}
        return self.call(service, operation, **_named(target, service, operation), **everything)

    def create_roles(self) -> None:
        for definition in catalogue.ALL:
            self.roles.make(ACCOUNT, definition)

    def uses(self, definition: RoleDefinition) -> dict[str, list[str]]:
        return self.features.uses(ACCOUNT, definition.role_name)

    def _respond(
        self,
        service: str,
        region: str,
        request: Any,  # noqa: ANN401 - botocore's own
        **_: object,
    ) -> AWSResponse:
        url = urlsplit(request.url)
        body = request.body or b""
        headers = {
            name: value if isinstance(value, str) else value.decode()
            for name, value in request.headers.items()
        }
        signed_for = headers["Authorization"].partition("Credential=")[2].split("/")[3]
        if service in {"iam", "logs"}:
            assert wire.service_of(signed_for, url.path) is None
        else:
            assert wire.service_of(signed_for, url.path) == service
        try:
            call = wire.read(
                service,
                request.method,
                url.path,
                {name.lower(): value for name, value in headers.items()},
                body if isinstance(body, bytes) else body.encode(),
                parse_qs(url.query),
                account=ACCOUNT,
                region=region,
            )
            status, response_headers, content = wire.answer(call, self.features.handle(call))
        except Refused as refused:
            status, response_headers, content = wire.refusal(service, refused)
        return AWSResponse(request.url, status, response_headers, MockRawResponse(content))


@pytest.fixture
def aws() -> _Aws:
    """The services, in an account without roles."""
    return _Aws()


def _named(target: TargetResource, service: str, operation: str) -> dict[str, str]:
    """Return the parameters by which an operation identifies a resource, if it has any."""
    shape = service_model(service).operation_model(operation).input_shape
    members = (target.kind.id_member, target.kind.asked_as)
    return {member: target.id for member in members if member in shape.members}


@functools.cache
def _authorization() -> dict[str, Any]:
    """Return the service authorization reference, as cfn-lint ships it."""
    package = importlib.util.find_spec("cfnlint")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "data" / "AdditionalSpecs" / "Policies.json"
    return dict(json.loads(path.read_text("utf-8")))


def _refused(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = error.value.response
    assert response["Error"]["Message"]
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


OPERATIONS = [
    pytest.param(service, operation, kind, id=f"{service}:{operation}")
    for (service, operation), (kind, _) in kinds._OPERATIONS.items()
]


@pytest.mark.parametrize(("service", "operation", "kind"), OPERATIONS)
def test_every_operation_is_read_carried_out_and_answered(
    aws: _Aws, service: str, operation: str, kind: Kind
) -> None:
    """A boto3 client can call it, and the response has only members of the model."""
    aws.create_roles()
    target = aws.add(kind)
    if operation.startswith("Get") and "Streaming" in operation:
        aws.switch(target, on=True)
    named = _named(target, service, operation)
    if operation.startswith("Create"):
        named = dict.fromkeys(named, "another")

    response = aws.call(service, operation, **named, **PARAMETERS.get((service, operation), {}))

    model = service_model(service).operation_model(operation)
    assert response.pop("ResponseMetadata")["HTTPStatusCode"] == model.http.get("responseCode", 200)
    assert set(response) <= set(model.output_shape.members if model.output_shape else ())
    if operation.startswith("List"):
        assert [each[kind.arn_member] for each in response[kind.listed]] == [target.arn]


@pytest.mark.parametrize(
    ("service", "operation", "kind"),
    [
        case
        for case in OPERATIONS
        if not str(case.values[1]).startswith(("Create", "List", "PutPlayback"))
    ],
)
def test_a_missing_resource_is_not_found(
    aws: _Aws, service: str, operation: str, kind: Kind
) -> None:
    """The response has the code of the service's model, and the status 404."""
    aws.create_roles()
    target = aws.add(kind)
    aws.features.forget(ACCOUNT)

    with pytest.raises(ClientError) as error:
        aws.call(
            service,
            operation,
            **_named(target, service, operation),
            **PARAMETERS.get((service, operation), {}),
        )

    code, status = _refused(error)
    assert status == 404
    modelled = {
        shape.name
        for shape in service_model(service).operation_model(operation).error_shapes
        if shape.metadata["error"].get("httpStatusCode") == 404
    }
    # botocore uses the status as the code if the service sends none
    assert code in (modelled or {"404", "NotFoundException"})


@pytest.mark.parametrize("service", wire.INVALID)
def test_invalid_input_has_a_code_of_the_model(service: str) -> None:
    """The error for invalid input is one of the service's exceptions."""
    code, status = wire.INVALID[service]
    model = service_model(service)
    if str(model.protocol) == "query":
        # a common error of all operations of these services, which no model lists
        assert (code, status) == ("ValidationError", 400)
        return
    shape = next(shape for shape in model.error_shapes if shape.name == code)
    assert shape.metadata.get("error", {}).get("httpStatusCode", 400) == status


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        pytest.param(
            "chime-sdk-voice",
            "PutVoiceConnectorStreamingConfiguration",
            {
                "VoiceConnectorId": "a" * 22,
                "StreamingConfiguration": {
                    **STREAMING,
                    "StreamingNotificationTargets": [{"NotificationTarget": "Pigeon"}],
                },
            },
            id="enum",
        ),
        pytest.param(
            "chime-sdk-voice", "GetVoiceConnector", {"VoiceConnectorId": "short"}, id="pattern"
        ),
        pytest.param(
            "chime-sdk-messaging",
            "PutMessagingStreamingConfigurations",
            {
                "AppInstanceArn": f"arn:aws:chime:{REGION}:{ACCOUNT}:app-instance/a",
                "StreamingConfigurations": [{"DataType": "Channel", "ResourceArn": STREAM}] * 3,
            },
            id="too many",
        ),
        pytest.param(
            "ivs",
            "CreateRecordingConfiguration",
            {
                "destinationConfiguration": {"s3": {"bucketName": "recordings"}},
                "recordingReconnectWindowSeconds": 301,
            },
            id="too large",
        ),
        pytest.param("ivs", "CreateChannel", {"name": "a" * 129}, id="too long"),
        pytest.param(
            "mediatailor",
            "ConfigureLogsForPlaybackConfiguration",
            {"PlaybackConfigurationName": "a" * 22, "PercentEnabled": 101},
            id="percentage",
        ),
        pytest.param(
            "mediapackage",
            "ConfigureLogs",
            {"Id": "a" * 22, "EgressAccessLogs": {"LogGroupName": "mine"}},
            id="log group",
        ),
        pytest.param("mediapackage-vod", "CreatePackagingGroup", {"Id": "a" * 22}, id="taken"),
    ],
)
def test_input_that_the_service_does_not_accept_is_refused(
    aws: _Aws, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    """Input that botocore accepts is refused according to the service's model."""
    aws.create_roles()
    for kind in KINDS:
        aws.add(kind)

    with pytest.raises(ClientError) as error:
        aws.call(service, operation, **parameters)

    assert _refused(error) == wire.INVALID[service]


@pytest.mark.parametrize(
    "stream",
    [
        f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/chat",
        f"arn:aws:kinesis:eu-central-1:{ACCOUNT}:stream/chime-messaging-chat",
        f"arn:aws:kinesis:{REGION}:444455556666:stream/chime-messaging-chat",
    ],
    ids=["name", "region", "account"],
)
def test_messaging_streams_only_to_its_own_kind_of_stream(aws: _Aws, stream: str) -> None:
    """A stream of another name, region or account is refused."""
    aws.create_roles()
    instance = aws.add(kinds.APP_INSTANCE)

    with pytest.raises(ClientError, match="Unable to access Kinesis stream") as error:
        aws.call(
            "chime-sdk-messaging",
            "PutMessagingStreamingConfigurations",
            AppInstanceArn=instance.id,
            StreamingConfigurations=[{"DataType": "Channel", "ResourceArn": stream}],
        )

    assert _refused(error) == ("BadRequestException", 400)


def test_configuring_one_data_type_keeps_the_other(aws: _Aws) -> None:
    """Messaging streams are merged by data type."""
    aws.create_roles()
    instance = aws.add(kinds.APP_INSTANCE)
    aws.switch(instance, on=True)
    other = [{"DataType": "ChannelMessage", "ResourceArn": STREAM}]

    response = aws.call(
        "chime-sdk-messaging",
        "PutMessagingStreamingConfigurations",
        AppInstanceArn=instance.id,
        StreamingConfigurations=other,
    )

    assert [each["DataType"] for each in response["StreamingConfigurations"]] == [
        "Channel",
        "ChannelMessage",
    ]


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("iam", "CreateServiceLinkedRole", {"AWSServiceName": "ivs.amazonaws.com"}),
        ("logs", "CreateLogGroup", {"logGroupName": "MediaTailor/ManifestService"}),
    ],
)
def test_calls_of_other_services_are_parsed_too(
    aws: _Aws, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    """Forms and `X-Amz-Target` are parsed by their models, and botocore parses the refusals."""
    with pytest.raises(ClientError, match=f"{operation} is not implemented here") as error:
        aws.call(service, operation, **parameters)

    assert _refused(error) == ("UnknownOperationException", 400)
    call = wire.read(
        "iam",
        "POST",
        "/",
        {},
        b"Action=TagRole&RoleName=a&Tags.member.1.Key=k&Tags.member.1.Value=v&Version=2010-05-08",
        {},
        account=ACCOUNT,
        region=REGION,
    )
    assert call.operation == "TagRole"
    assert call.parameters == {"RoleName": "a", "Tags": [{"Key": "k", "Value": "v"}]}


@pytest.mark.parametrize("path", ["/nothing", "/voice-connectors/a/nothing/at/all/b"])
def test_an_unknown_path_is_refused(path: str) -> None:
    """A request that matches no operation of the model is not parsed as another operation."""
    with pytest.raises(Refused, match="has no PATCH"):
        wire.read("chime-sdk-voice", "PATCH", path, {}, b"", {}, account=ACCOUNT, region=REGION)
    with pytest.raises(Refused, match="has no operation Nothing"):
        wire.read("iam", "POST", "/", {}, b"Action=Nothing", {}, account=ACCOUNT, region=REGION)
    assert wire.service_of("chime", "/nothing") is None
    assert wire.service_of("s3", path) is None


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"PercentEnabled": "many"}'])
def test_an_invalid_body_is_refused(body: bytes) -> None:
    """A body that does not match the model is invalid input."""
    with pytest.raises(Refused) as error:
        wire.read(
            "mediatailor",
            "PUT",
            "/configureLogs/playbackConfiguration",
            {},
            body,
            {},
            account=ACCOUNT,
            region=REGION,
        )
    assert (error.value.code, error.value.status) == ("BadRequestException", 400)


@pytest.mark.parametrize("encoded", [True, False], ids=["encoded", "decoded"])
def test_an_arn_in_a_path_may_be_decoded(encoded: bool) -> None:  # noqa: FBT001 - a case
    """The slash of an ARN does not hide the operation."""
    arn = f"arn:aws:chime:{REGION}:{ACCOUNT}:app-instance/a"
    label = arn.replace("/", "%2F").replace(":", "%3A") if encoded else arn
    path = f"/app-instances/{label}/streaming-configurations"

    assert wire.service_of("chime", path) == "chime-sdk-messaging"
    call = wire.read(
        "chime-sdk-messaging", "GET", path, {}, b"", {}, account=ACCOUNT, region=REGION
    )
    assert call.operation == "GetMessagingStreamingConfigurations"
    assert call.parameters == {"AppInstanceArn": arn}


@pytest.mark.parametrize(
    ("kind", "service", "operation"),
    [
        (
            kinds.VOICE_CONNECTOR,
            "chime-sdk-voice",
            "GetVoiceConnectorStreamingConfiguration",
        ),
        (kinds.APP_INSTANCE, "chime-sdk-messaging", "GetMessagingStreamingConfigurations"),
    ],
)
def test_streaming_that_was_never_configured_is_not_found(
    aws: _Aws, kind: Kind, service: str, operation: str
) -> None:
    """Its owner exists without streaming."""
    target = aws.add(kind)
    with pytest.raises(ClientError) as error:
        aws.call(service, operation, **{kind.id_member: target.id})
    assert _refused(error) == ("NotFoundException", 404)


@pytest.mark.parametrize("kind", SWITCHES, ids=lambda kind: kind.resource)
def test_a_feature_uses_its_role_while_it_is_enabled(aws: _Aws, kind: Kind) -> None:
    """The role is in use in the region from the enabling to the disabling operation."""
    aws.create_roles()
    target = aws.add(kind)
    assert aws.uses(kind.definition) == {}

    aws.switch(target, on=True)
    assert aws.uses(kind.definition) == {REGION: [target.arn]}
    assert aws.features.left(ACCOUNT) == [f"{target.arn} (on)"]
    with pytest.raises(BrokenUse, match=kind.definition.role_name):
        aws.features.role_deleted(ACCOUNT, kind.definition.role_name)
    aws.switch(target, on=True)

    aws.switch(target, on=False)
    assert aws.uses(kind.definition) == {}
    assert aws.features.left(ACCOUNT) == [f"{target.arn} (off)"]
    aws.features.role_deleted(ACCOUNT, kind.definition.role_name)
    assert [change[2:] for change in aws.changes] == [
        (target.arn, "create", False),
        (target.arn, "on", True),
        (target.arn, "change", True),
        (target.arn, "off", False),
    ]


@pytest.mark.parametrize("kind", SWITCHES, ids=lambda kind: kind.resource)
def test_an_owner_that_is_deleted_with_its_feature_enabled_uses_the_role_forever(
    aws: _Aws, kind: Kind
) -> None:
    """Only its own operation disables a feature."""
    aws.create_roles()
    target = aws.add(kind)
    aws.switch(target, on=True)
    delete = next(
        operation
        for (service, operation), (of, carry_out) in kinds._OPERATIONS.items()
        if (service, of, carry_out) == (kind.service, kind, Features._delete)
    )

    aws.call(kind.service, delete, **_named(target, kind.service, delete))

    assert aws.changes[-1][2:] == (target.arn, "delete", True)
    assert aws.uses(kind.definition) == {REGION: [target.arn]}
    assert aws.features.left(ACCOUNT) == [
        f"{target.arn} (not a resource of a service, but uses its role)"
    ]
    aws.features.forget(ACCOUNT)
    assert aws.uses(kind.definition) == {}
    assert aws.features.left(ACCOUNT) == []


@pytest.mark.parametrize("kind", SWITCHES, ids=lambda kind: kind.resource)
def test_a_missing_role_is_created_or_required(aws: _Aws, kind: Kind) -> None:
    """The test selects whether the service refuses the call or creates the role."""
    target = aws.add(kind)
    name = kind.definition.role_name
    with pytest.raises(ClientError, match=f"Unable to create service linked role .*{name}"):
        aws.switch(target, on=True)
    assert aws.features.left(ACCOUNT) == [f"{target.arn} (off)"]
    assert not aws.roles.names

    aws.features.makes_role[name] = True
    aws.switch(target, on=True)
    assert aws.roles.names == {(ACCOUNT, name)}


def test_accounts_and_regions_are_separate(aws: _Aws) -> None:
    """Two regions may have the same names, and use the same role."""
    aws.create_roles()
    for region in (REGION, "eu-west-1"):
        aws.features.add(kinds.LIVE_CHANNEL, ACCOUNT, region, "live")
        aws.client("mediapackage", region).configure_logs(Id="live", EgressAccessLogs={})
    aws.features.add(kinds.LIVE_CHANNEL, "444455556666", REGION, "live")

    assert len(aws.call("mediapackage", "ListChannels")["Channels"]) == 1
    assert sorted(aws.uses(catalogue.MEDIAPACKAGE)) == ["eu-west-1", REGION]
    aws.features.forget(ACCOUNT)
    assert len(aws.features.left("444455556666")) == 1


def test_outsiders_use_a_role_too(aws: _Aws) -> None:
    """A resource of an unknown kind can use a role, and stop using it."""
    name = catalogue.CHIME_MESSAGING_LEGACY.role_name
    aws.features.add_use(ACCOUNT, name, "eu-west-1", "arn:aws:chime:outsider")
    assert aws.features.uses(ACCOUNT, name) == {"eu-west-1": ["arn:aws:chime:outsider"]}
    assert len(aws.features.left(ACCOUNT)) == 1
    aws.features.remove_use(ACCOUNT, name, "eu-west-1", "arn:aws:chime:outsider")
    assert aws.features.uses(ACCOUNT, name) == {}
    assert aws.features.left(ACCOUNT) == []


def test_ivs_creates_its_role_and_keeps_recording_configurations_of_channels(aws: _Aws) -> None:
    """A recording configuration creates the role; it can be deleted if no channel refers to it."""
    recording = aws.call(
        "ivs",
        "CreateRecordingConfiguration",
        **PARAMETERS["ivs", "CreateRecordingConfiguration"],
    )["recordingConfiguration"]
    assert recording["state"] == "ACTIVE"
    assert aws.roles.exists(ACCOUNT, catalogue.IVS_RECORD_TO_S3.role_name)
    assert aws.uses(catalogue.IVS_RECORD_TO_S3) == {REGION: [recording["arn"]]}
    channel = aws.call("ivs", "CreateChannel", recordingConfigurationArn=recording["arn"])
    arn = channel["channel"]["arn"]

    with pytest.raises(ClientError) as error:
        aws.call("ivs", "DeleteRecordingConfiguration", arn=recording["arn"])
    assert _refused(error) == ("ConflictException", 409)

    aws.features.live.add(arn)
    for operation in ("UpdateChannel", "DeleteChannel"):
        with pytest.raises(ClientError) as error:
            aws.call("ivs", operation, arn=arn)
        assert _refused(error) == ("ConflictException", 409)
    aws.features.live.clear()

    aws.call("ivs", "UpdateChannel", arn=arn, recordingConfigurationArn="")
    aws.call("ivs", "DeleteRecordingConfiguration", arn=recording["arn"])
    assert aws.uses(catalogue.IVS_RECORD_TO_S3) == {}
    assert aws.changes[-1] == (ACCOUNT, REGION, recording["arn"], "delete", False)

    with pytest.raises(ClientError) as error:
        aws.call("ivs", "UpdateChannel", arn=arn, recordingConfigurationArn=recording["arn"])
    assert _refused(error) == ("ResourceNotFoundException", 404)


def test_ivs_can_be_configured_not_to_create_its_role(aws: _Aws) -> None:
    """A test can forbid that IVS creates its role."""
    aws.features.makes_role[catalogue.IVS_RECORD_TO_S3.role_name] = False
    with pytest.raises(ClientError) as error:
        aws.call(
            "ivs",
            "CreateRecordingConfiguration",
            **PARAMETERS["ivs", "CreateRecordingConfiguration"],
        )
    assert _refused(error) == ("ValidationException", 400)
    assert aws.features.left(ACCOUNT) == []


def test_lists_can_be_filtered_and_paginated(aws: _Aws) -> None:
    """IVS's filters exclude each other; a token leads to the next page."""
    recording = aws.add(kinds.RECORDING_CONFIGURATION)
    for name in ("one", "two", "three"):
        aws.call("ivs", "CreateChannel", name=name, recordingConfigurationArn=recording.arn)
    aws.call("ivs", "CreateChannel", name="two")

    filters = {"filterByRecordingConfigurationArn": recording.arn, "filterByName": "two"}
    for name, found in zip(filters, (3, 2), strict=True):
        response = aws.call("ivs", "ListChannels", **{name: filters[name]})
        assert len(response["channels"]) == found
    with pytest.raises(ClientError) as error:
        aws.call("ivs", "ListChannels", **filters)
    assert _refused(error) == ("ConflictException", 409)

    pages = (
        aws.client("ivs").get_paginator("list_channels").paginate(PaginationConfig={"PageSize": 3})
    )
    assert [len(page["channels"]) for page in pages] == [3, 1]
    for number in range(3):
        aws.features.add(kinds.PACKAGING_GROUP, ACCOUNT, REGION, f"group{number}")
    first = aws.call("mediapackage-vod", "ListPackagingGroups", MaxResults=2)
    rest = aws.call("mediapackage-vod", "ListPackagingGroups", NextToken=first["NextToken"])
    assert (len(first["PackagingGroups"]), len(rest["PackagingGroups"])) == (2, 1)
    with pytest.raises(ClientError) as error:
        aws.call("mediapackage-vod", "ListPackagingGroups", NextToken="another")
    assert _refused(error) == ("UnprocessableEntityException", 422)


def test_replacing_a_playback_configuration_keeps_its_logs(aws: _Aws) -> None:
    """The operation creates or replaces it; it has no parameter for logs, and keeps them."""
    aws.create_roles()
    aws.call("mediatailor", "PutPlaybackConfiguration", Name="ads")
    target = aws.features.find(kinds.PLAYBACK_CONFIGURATION, ACCOUNT, REGION, "ads")
    assert target is not None
    aws.switch(target, on=True)

    aws.call("mediatailor", "PutPlaybackConfiguration", Name=target.id, SlateAdUrl="https://a")

    response = aws.call("mediatailor", "GetPlaybackConfiguration", Name=target.id)
    assert response["SlateAdUrl"] == "https://a"
    assert response["LogConfiguration"] == {
        "PercentEnabled": 100,
        "EnabledLoggingStrategies": ["LEGACY_CLOUDWATCH"],
    }
    assert response["PlaybackConfigurationArn"] == target.arn


def test_an_access_log_that_is_not_named_is_disabled(aws: _Aws) -> None:
    """ConfigureLogs replaces all logs; an empty structure enables a log in the default group."""
    aws.create_roles()
    target = aws.add(kinds.LIVE_CHANNEL)
    both = aws.call("mediapackage", "ConfigureLogs", Id=target.id, IngressAccessLogs={})
    assert both["IngressAccessLogs"] == {}
    one = aws.call("mediapackage", "ConfigureLogs", Id=target.id, EgressAccessLogs={})
    assert "IngressAccessLogs" not in one
    assert target.on


@pytest.mark.parametrize(("service", "operation", "kind"), OPERATIONS)
def test_calls_are_authorized_as_the_reference_says(
    aws: _Aws, service: str, operation: str, kind: Kind
) -> None:
    """The action is that of the service; the resource is the one that the call names, if any."""
    target = aws.add(kind)
    named = _named(target, service, operation)
    call = wire.Call(service, operation, {**named}, ACCOUNT, REGION)

    action, resource = aws.features.action_and_resource(call)

    reference = _authorization()[action.partition(":")[0]]
    kinds_of_resource = reference["Actions"][operation.lower()].get("Resources", [])
    if operation == "CreateRecordingConfiguration":
        # the resource has no name yet, but the reference lists its kind
        assert resource == kind.arn(ACCOUNT, REGION, "*")
        return
    if not kinds_of_resource or operation.startswith(("Create", "List")):
        assert resource == "*"
        return
    assert resource == target.arn
    formats = [
        re.sub(r"\$\{\w+\}", "[^:]+", each)
        for name in kinds_of_resource
        for each in reference["Resources"].get(name.lower(), {"ARNFormats": []})["ARNFormats"]
    ]
    assert any(re.fullmatch(each, resource) for each in formats)


def test_a_deleted_resource_is_authorized_on_its_previous_arn(aws: _Aws) -> None:
    """A live channel's ARN does not follow from its id; other ARNs do."""
    target = aws.add(kinds.LIVE_CHANNEL)
    assert not target.arn.endswith(target.id)
    call = wire.Call("mediapackage", "ConfigureLogs", {"Id": target.id}, ACCOUNT, REGION)
    aws.call("mediapackage", "DeleteChannel", Id=target.id)
    assert aws.features.action_and_resource(call)[1] == target.arn

    aws.features.forget(ACCOUNT)
    composed = f"arn:aws:mediapackage:{REGION}:{ACCOUNT}:channels/{target.id}"
    assert aws.features.action_and_resource(call)[1] == composed
    unknown = wire.Call("ivs", "StopStream", {"channelArn": "a"}, ACCOUNT, REGION)
    assert aws.features.action_and_resource(unknown) == ("ivs:StopStream", "*")
    with pytest.raises(Refused, match="is not implemented here"):
        aws.features.handle(unknown)


class _Stack:
    """The handlers of resource types, as the emulator's CloudFormation calls them."""

    def __init__(self, aws: _Aws) -> None:
        self.events: list[tuple[str, str, str, str, str]] = []
        resource_types.register(aws.features, aws.roles, lambda *event: self.events.append(event))

    def create(self, resource_type: str, props: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        result: tuple[str, dict[str, Any]] = provisioners._provision_resource(
            resource_type, "Target", props, "stack"
        )
        return result

    def update(
        self, resource_type: str, physical_id: str, old: dict[str, Any], new: dict[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        result: tuple[str, dict[str, Any]] = provisioners._update_resource(
            resource_type, physical_id, old, new, "stack", "Target"
        )
        return result

    def delete(self, resource_type: str, physical_id: str, props: dict[str, Any]) -> None:
        provisioners._delete_resource(resource_type, physical_id, props, "stack", "Target")


@pytest.fixture
def stack(aws: _Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Stack]:
    """The types, registered for one test in an account that has all roles."""
    monkeypatch.setattr(
        resource_types, "_RESOURCE_HANDLERS", handlers := dict(provisioners._RESOURCE_HANDLERS)
    )
    monkeypatch.setattr(provisioners, "_RESOURCE_HANDLERS", handlers)
    aws.create_roles()
    with request_scope(ACCOUNT, REGION):
        yield _Stack(aws)


@pytest.mark.parametrize("resource_type", RESOURCES)
def test_a_resource_is_created_updated_and_deleted(
    aws: _Aws, stack: _Stack, resource_type: str
) -> None:
    """`Ref` and `Fn::GetAtt` follow the schema, and the listener gets all three events."""
    props = RESOURCES[resource_type]
    physical_id, attributes = stack.create(resource_type, props)

    schema = schema_of(resource_type)
    read_only = {path.split("/")[2] for path in schema["readOnlyProperties"]}
    assert set(attributes) <= read_only
    arn = next(value for name, value in attributes.items() if name.endswith("Arn"))
    assert physical_id in {arn, props.get("Name"), props.get("ChannelName"), props.get("Id")}
    assert len(aws.features.left(ACCOUNT)) == 1
    assert aws.features.left(ACCOUNT)[0].startswith(arn)

    again = stack.update(resource_type, physical_id, props, {**props, "Description": "second"})
    assert again == (physical_id, attributes)

    stack.delete(resource_type, physical_id, props)
    stack.delete(resource_type, physical_id, props)
    assert [event[0] for event in stack.events] == ["create", "update", "delete", "delete"]
    assert {event[1:] for event in stack.events} == {
        ("stack", "Target", resource_type, physical_id)
    }


@pytest.mark.parametrize("resource_type", LOGGED)
def test_logs_of_a_resource_use_the_role(aws: _Aws, stack: _Stack, resource_type: str) -> None:
    """They are enabled on create, changed by updates that name them, and kept by other updates."""
    props = RESOURCES[resource_type]
    silent = {name: value for name, value in props.items() if "Log" not in name}
    physical_id, _ = stack.create(resource_type, silent)
    assert aws.features.left(ACCOUNT)[0].endswith("(off)")

    stack.update(resource_type, physical_id, silent, props)
    assert aws.features.left(ACCOUNT)[0].endswith("(on)")
    stack.update(resource_type, physical_id, props, silent)
    assert aws.features.left(ACCOUNT)[0].endswith("(on)")

    stack.delete(resource_type, physical_id, silent)
    assert "uses its role" in aws.features.left(ACCOUNT)[0]


@pytest.mark.parametrize("resource_type", LOGGED)
def test_a_resource_whose_role_is_missing_leaves_nothing(
    aws: _Aws, stack: _Stack, resource_type: str
) -> None:
    """The resource is not created, and can be created later."""
    props = RESOURCES[resource_type]
    aws.roles.names.clear()
    with pytest.raises(Refused, match="Unable to create service linked role"):
        stack.create(resource_type, props)
    assert aws.features.left(ACCOUNT) == []
    assert stack.events == []

    aws.create_roles()
    stack.create(resource_type, props)
    with pytest.raises(Refused, match="already exists"):
        stack.create(resource_type, props)


@pytest.mark.parametrize(
    ("resource_type", "change"),
    [
        ("AWS::Chime::VoiceConnector", {"NetworkType": "DUAL_STACK"}),
        ("AWS::IVS::RecordingConfiguration", {"RecordingReconnectWindowSeconds": 10}),
        ("AWS::MediaTailor::PlaybackConfiguration", {"Name": "other"}),
        ("AWS::MediaPackage::PackagingGroup", {"Id": "other"}),
    ],
)
def test_a_change_of_a_create_only_property_replaces_the_resource(
    aws: _Aws, stack: _Stack, resource_type: str, change: dict[str, Any]
) -> None:
    """The new resource exists next to the old one, which the emulator deletes later."""
    props = RESOURCES[resource_type]
    before, _ = stack.create(resource_type, props)
    after, _ = stack.update(resource_type, before, props, {**props, **change})
    assert after != before
    assert len(aws.features.left(ACCOUNT)) == 2


def test_changed_tags_cannot_replace_a_mediapackage_channel_with_the_same_id(
    stack: _Stack,
) -> None:
    """Both are create-only, so that the new channel conflicts with the old one."""
    resource_type = "AWS::MediaPackage::Channel"
    props = RESOURCES[resource_type]
    physical_id, _ = stack.create(resource_type, props)
    with pytest.raises(Refused, match="'live' already exists"):
        stack.update(resource_type, physical_id, props, {**props, "Tags": []})
    changed = {**props, "Description": "second"}
    assert stack.update(resource_type, physical_id, props, changed)[0] == physical_id


def test_removing_the_recording_configuration_of_a_channel_ends_the_recording(
    aws: _Aws, stack: _Stack
) -> None:
    """A removed property gets its default, which disables the recording."""
    recording = "AWS::IVS::RecordingConfiguration"
    arn, _ = stack.create(recording, RESOURCES[recording])
    recorded = {"Name": "live", "RecordingConfigurationArn": arn}
    channel, _ = stack.create("AWS::IVS::Channel", recorded)
    with pytest.raises(Refused, match="is associated with a channel"):
        stack.delete(recording, arn, RESOURCES[recording])

    stack.update("AWS::IVS::Channel", channel, recorded, {"Name": "live"})
    stack.delete(recording, arn, RESOURCES[recording])
    assert aws.uses(catalogue.IVS_RECORD_TO_S3) == {}


@pytest.fixture
def role_name() -> Iterator[str]:
    """A role in the emulator's IAM."""
    name = f"role-{uuid.uuid4().hex}"
    with request_scope(ACCOUNT, REGION):
        status, *_ = iam._IAM_HANDLERS["CreateRole"](
            {
                "RoleName": [name],
                "AssumeRolePolicyDocument": [
                    json.dumps(
                        {
                            "Version": "2012-10-17",
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "Principal": {"Service": "lambda.amazonaws.com"},
                                    "Action": "sts:AssumeRole",
                                }
                            ],
                        }
                    )
                ],
            }
        )
        assert status == 200
        yield name
        iam._roles.pop_scoped(ACCOUNT, None, name)


def test_a_role_policy_is_created_and_deleted(stack: _Stack, role_name: str) -> None:
    """It is an inline policy of a role in the emulator's IAM."""
    resource_type = "AWS::IAM::RolePolicy"

    def policy(action: str) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        return {"RoleName": role_name, "PolicyName": "own", "PolicyDocument": document}

    physical_id, _ = stack.create(resource_type, policy("iam:GetRole"))
    assert physical_id == f"own|{role_name}"
    again, _ = stack.update(
        resource_type, physical_id, policy("iam:GetRole"), policy("iam:TagRole")
    )
    assert again == physical_id
    policies = iam._roles.get_scoped(ACCOUNT, None, role_name)["InlinePolicies"]
    assert "iam:TagRole" in policies["own"]

    stack.delete(resource_type, physical_id, policy("iam:TagRole"))
    assert policies == {}
    stack.delete(resource_type, physical_id, policy("iam:TagRole"))
    with pytest.raises(Refused, match="NoSuchEntity"):
        stack.create(resource_type, {**policy("iam:GetRole"), "RoleName": "missing"})


def test_the_resource_of_a_role_sets_its_description(stack: _Stack, role_name: str) -> None:
    """An update changes only the description of a service-linked role."""
    resource_type = "AWS::IAM::ServiceLinkedRole"
    stack.update(resource_type, role_name, {}, {"Description": "for the logs"})
    assert iam._roles.get_scoped(ACCOUNT, None, role_name)["Description"] == "for the logs"


def test_a_resource_creates_and_deletes_a_service_linked_role(aws: _Aws, stack: _Stack) -> None:
    """It does not adopt an existing role, and does not delete a role that is in use."""
    resource_type = "AWS::IAM::ServiceLinkedRole"
    definition = catalogue.MEDIAPACKAGE
    name = definition.role_name
    props = {"AWSServiceName": definition.service_principal}
    with pytest.raises(Refused, match="has been taken in this account"):
        stack.create(resource_type, props)
    aws.roles.names.clear()
    with pytest.raises(Refused, match="Custom suffix is not allowed"):
        stack.create(resource_type, {**props, "CustomSuffix": "mine"})
    with pytest.raises(Refused, match="no service-linked role is known"):
        stack.create(resource_type, {"AWSServiceName": "unknown.amazonaws.com"})

    assert stack.create(resource_type, props) == (name, {"RoleName": name})
    assert aws.roles.names == {(ACCOUNT, name)}
    aws.features.add_use(ACCOUNT, name, REGION, "arn:aws:outsider")
    with pytest.raises(Refused, match="has resources that use it"):
        stack.delete(resource_type, name, props)
    aws.features.remove_use(ACCOUNT, name, REGION, "arn:aws:outsider")
    stack.delete(resource_type, name, props)
    assert not aws.roles.names
    stack.delete(resource_type, name, props)
