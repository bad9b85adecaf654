"""Features that custom resources of other libraries configure, in many real forms."""

from __future__ import annotations

import json
from copy import deepcopy
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import (
    CfnParameter,
    CustomResource,
    Fn,
    Stack,
    aws_chime,
    aws_iam,
    aws_lambda,
    aws_mediatailor,
)
from aws_cdk.custom_resources import (
    AwsCustomResource,
    AwsCustomResourcePolicy,
    AwsSdkCall,
    PhysicalResourceId,
    PhysicalResourceIdReference,
    Provider,
)
from hypothesis import given
from hypothesis import strategies as st

from slr_constructs import catalogue
from slr_constructs.catalogue import RESOURCE_TYPES
from slr_constructs.templates import custom_calls
from slr_constructs.templates.app import App
from slr_constructs.templates.custom_calls import Call, Obsolete, calls_in, owner_type_of
from slr_constructs.templates.role_usage import Mark
from tests.published import service_model
from tests.resource_types import EXAMPLES, each_type
from tests.templates.apps import plain, stack_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from constructs import Construct

    from slr_constructs.catalogue import ResourceType

VOICE, MESSAGING = "chime-sdk-voice", "chime-sdk-messaging"
PUT = "putVoiceConnectorStreamingConfiguration"
DELETE = "deleteVoiceConnectorStreamingConfiguration"
ON = {"DataRetentionInHours": 1, "Disabled": False}
STREAMS = [{"DataType": "Channel", "ResourceArn": "arn"}]
PYTHON = {"Runtime": "python3.13"}
GET_ATT = {"Fn::GetAtt": ["Function", "Arn"]}


def calls_of(app: App) -> list[Call]:
    """Return the calls in the one stack of an app."""
    (stack,) = app.stacks.values()
    return calls_in(stack.resources, stack.graph).features


def call(service: str, action: str, **parameters: Any) -> AwsSdkCall:  # noqa: ANN401
    """Return an SDK call."""
    return AwsSdkCall(
        service=service,
        action=action,
        parameters=parameters,
        physical_resource_id=PhysicalResourceId.of("x"),
    )


def aws(scope: Construct, construct_id: str, **on: AwsSdkCall) -> AwsCustomResource:
    """Define a custom resource that makes calls."""
    policy = AwsCustomResourcePolicy.from_sdk_calls(resources=AwsCustomResourcePolicy.ANY_RESOURCE)
    return AwsCustomResource(scope, construct_id, policy=policy, **on)  # type: ignore[arg-type]


def sdk(**phases: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    """Return a custom resource as AwsCustomResource renders it without tokens."""
    return {
        "Type": "Custom::AWS",
        "Properties": {
            phase: json.dumps({"service": service, "action": action, "parameters": parameters})
            for phase, (service, action, parameters) in phases.items()
        },
    }


def summary(app: App) -> list[tuple[str, bool, bool]]:
    """Return the features that calls configure and delete in an app of one stack."""
    return [(each.feature, each.configures, each.deletes) for each in calls_of(app)]


# the facts


def test_put_playback_configuration_does_not_configure_logs() -> None:
    """Public apps call it in custom resources for other settings."""
    model = service_model("mediatailor").operation_model("PutPlaybackConfiguration")

    assert not [each for each in model.input_shape.members if "Log" in each]


def test_the_former_api_no_longer_has_the_operations() -> None:
    """The current API has them."""
    former = [each for _, each in custom_calls._OPERATIONS.values() if each is not None]

    assert len(former) == 8
    for each in former:
        client, name = each.replacement.split(":")
        assert name in service_model(client).operation_names
        assert each.called.split(":")[1] not in service_model("chime").operation_names


# AwsCustomResource, as CDK renders it


def test_a_call_for_a_connector_of_the_app() -> None:
    """Its id is a reference inside a text; other references replace numbers in the JSON."""

    def define(stack: Stack) -> None:
        connector = aws_chime.CfnVoiceConnector(
            stack, "Connector", name="a", require_encryption=True
        )
        hours = CfnParameter(stack, "Hours", type="Number")
        voice = {"VoiceConnectorId": connector.attr_voice_connector_id}
        configure = AwsSdkCall(
            service="ChimeSDKVoice",
            action=PUT,
            parameters={
                **voice,
                "StreamingConfiguration": {**ON, "DataRetentionInHours": hours.value_as_number},
            },
            physical_resource_id=PhysicalResourceId.of(connector.ref),
            region="eu-central-1",
            assumed_role_arn="arn:aws:iam::111122223333:role/pipeline",
            ignore_error_codes_matching="Conflict",
        )
        aws(
            stack,
            "Streaming",
            on_create=configure,
            on_delete=call("ChimeSDKVoice", DELETE, **voice),
        )

    app = stack_of(define)
    (found,) = calls_of(app)
    stack = app.stacks["Show"]

    assert found.feature == "media streaming"
    assert found.owners == ("Connector",)
    assert found.role_names == (catalogue.CHIME_VOICE_CONNECTOR.role_name,)
    assert (found.configures, found.deletes, found.obsolete) == (True, True, None)
    assert stack.marks == {found.logical_id: (Mark.FEATURE,), "Connector": (Mark.OWNER,)}
    usage = stack.usages[found.logical_id]
    assert (
        usage.feature,
        usage.owners,
        usage.role_names,
        usage.is_clean_up,
        usage.needs_clean_up,
    ) == (
        found.feature,
        found.owners,
        found.role_names,
        False,
        False,
    )


@pytest.mark.parametrize("phases", [["on_create"], ["on_update"], ["on_create", "on_update"]])
def test_a_call_without_its_opposite(phases: list[str]) -> None:
    """CDK makes the call for updates on creation too, if there is no call for creation."""
    configure = call("ChimeSDKVoice", PUT, VoiceConnectorId="a", StreamingConfiguration=ON)

    app = stack_of(lambda stack: aws(stack, "A", **dict.fromkeys(phases, configure)))

    assert summary(app) == [("media streaming", True, False)]


def test_a_custom_resource_with_only_a_delete_call_is_a_clean_up_resource() -> None:
    """It only disables the feature."""
    app = stack_of(lambda stack: aws(stack, "A", on_delete=call("ChimeSDKVoice", DELETE)))

    assert summary(app) == [("media streaming", False, True)]
    (usage,) = app.stacks["Show"].usages.values()
    assert (usage.is_clean_up, usage.disables, usage.is_certain) == (True, True, True)


def test_a_custom_resource_may_create_the_connector() -> None:
    """Then it is the owner."""

    def define(stack: Stack) -> None:
        create = AwsSdkCall(
            service="chime-sdk-voice",
            action="CreateVoiceConnectorCommand",
            parameters={"Name": "a", "RequireEncryption": True},
            physical_resource_id=PhysicalResourceId.from_response(
                "VoiceConnector.VoiceConnectorId"
            ),
        )
        remove = call(VOICE, "deleteVoiceConnector", Id=PhysicalResourceIdReference())
        connector = aws(stack, "Connector", on_create=create, on_delete=remove)
        voice_id = connector.get_response_field("VoiceConnector.VoiceConnectorId")
        aws(stack, "Other", on_create=call("S3", "listBuckets"))
        aws(
            stack,
            "Streaming",
            on_create=call(VOICE, PUT, VoiceConnectorId=voice_id, StreamingConfiguration=ON),
        )

    app = stack_of(define)
    (found,) = calls_of(app)

    assert [app.stacks["Show"].path(each) for each in found.owners] == [
        "Connector/Resource/Default"
    ]


def test_the_custom_resource_may_have_another_type() -> None:
    """`AwsCustomResource` accepts any custom type."""

    def define(stack: Stack) -> None:
        AwsCustomResource(
            stack,
            "A",
            resource_type="Custom::Streaming",
            policy=AwsCustomResourcePolicy.from_sdk_calls(resources=["*"]),
            on_create=call(VOICE, PUT, StreamingConfiguration=ON),
        )

    assert summary(stack_of(define)) == [("media streaming", True, False)]


@pytest.mark.parametrize(
    "service",
    ["ChimeSDKVoice", "chime-sdk-voice", "@aws-sdk/client-chime-sdk-voice", "chimesdkvoice"],
)
@pytest.mark.parametrize("action", [PUT, f"P{PUT[1:]}", f"P{PUT[1:]}Command"])
def test_all_spellings_of_a_call_are_known(service: str, action: str) -> None:
    """CDK accepts the same ones."""
    app = plain(A=sdk(Create=(service, action, {"StreamingConfiguration": ON})))

    assert summary(app) == [("media streaming", True, False)]


@pytest.mark.parametrize(
    ("service", "action", "parameters", "obsolete"),
    [
        (
            "Chime",
            PUT,
            {"StreamingConfiguration": ON},
            Obsolete(f"chime:P{PUT[1:]}", f"{VOICE}:P{PUT[1:]}"),
        ),
        (
            "@aws-sdk/client-chime",
            "PutAppInstanceStreamingConfigurationsCommand",
            {"AppInstanceStreamingConfigurations": STREAMS},
            Obsolete(
                "chime:PutAppInstanceStreamingConfigurations",
                f"{MESSAGING}:PutMessagingStreamingConfigurations",
            ),
        ),
    ],
    ids=["voice", "messaging"],
)
def test_a_call_of_the_former_api_is_found(
    service: str, action: str, parameters: dict[str, Any], obsolete: Obsolete
) -> None:
    """The result contains the replacement."""
    (found,) = calls_of(plain(A=sdk(Create=(service, action, parameters))))

    assert (found.configures, found.obsolete) == (True, obsolete)


def called(operation: str, parameters: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Return a call as `sdk` takes it."""
    client, _, name = operation.partition(":")
    return client, f"{name[0].lower()}{name[1:]}", {**parameters}


@each_type
def test_the_calls_of_every_type_are_recognized(target: ResourceType) -> None:
    """Some features use the same operation with different parameters."""
    calls, example = target.calls, EXAMPLES[target.type]
    enabled = called(calls.configure.operation, example.configure)
    disabled = called(calls.remove, example.remove)
    owner = {"Type": owner_type_of(target)}

    (found,) = calls_of(
        plain(A=sdk(Create=enabled, Delete=disabled) | {"DependsOn": "Owner"}, Owner=owner)
    )

    assert (found.feature, found.configures, found.deletes) == (target.feature, True, True)
    # a custom resource that creates its owner is the owner too
    created = ("A",) if calls.create == calls.configure.operation else ()
    assert found.owners == (*created, "Owner")
    assert target.role.role_name in found.role_names
    assert summary(plain(A=sdk(Create=enabled, Delete=enabled))) == [(target.feature, True, False)]
    assert summary(plain(A=sdk(Create=disabled))) == []


@pytest.mark.parametrize(
    ("target", "create"),
    [(each, each.calls.create) for each in RESOURCE_TYPES if each.calls.create is not None],
    ids=lambda each: getattr(each, "type", each),
)
def test_a_call_that_creates_an_owner_is_recognized(target: ResourceType, create: str) -> None:
    """AWS generates the name of such an owner, so the custom resource is the owner."""
    enabled = called(target.calls.configure.operation, EXAMPLES[target.type].configure)

    (found,) = calls_of(plain(A=sdk(Create=called(create, {}), Update=enabled)))

    assert found.owners == ("A",)


def test_a_streaming_configuration_may_be_disabled() -> None:
    """The service then keeps the configuration, but does not stream."""
    off = (VOICE, PUT, {"StreamingConfiguration": {**ON, "Disabled": True}})

    assert summary(plain(A=sdk(Create=off))) == []
    assert summary(plain(A=sdk(Delete=off))) == [("media streaming", False, True)]


def test_recording_configurations_and_channels_configure_the_same_feature() -> None:
    """Either of the two calls may disable it."""
    changed = ("IVS", "updateChannel", {"recordingConfigurationArn": "arn"})
    removed = ("IVS", "deleteRecordingConfiguration", {"arn": "arn"})

    assert summary(plain(A=sdk(Create=changed, Delete=removed))) == [("recording", True, True)]


def test_an_owner_may_be_named() -> None:
    """The name is a literal text, without a dependency."""

    def define(stack: Stack) -> None:
        for name in ("ads", "other"):
            aws_mediatailor.CfnPlaybackConfiguration(
                stack, name, name=name, ad_decision_server_url="a", video_content_source_url="b"
            )
        aws(
            stack,
            "Logs",
            on_create=call(
                "MediaTailor",
                "configureLogsForPlaybackConfiguration",
                PlaybackConfigurationName="ads",
                PercentEnabled=5,
            ),
        )

    (found,) = calls_of(stack_of(define))

    assert found.owners == ("ads",)


@pytest.mark.parametrize("name", [None, 1, ["a"], {"a": "b"}], ids=str)
def test_an_invalid_name_does_not_name_an_owner(name: object) -> None:
    """Both the parameter and the name of the owner may be invalid."""
    parameters = {"PlaybackConfigurationName": name, "PercentEnabled": 1}
    owner = {"Type": "AWS::MediaTailor::PlaybackConfiguration", "Properties": {"Name": name}}
    logs = sdk(Create=("MediaTailor", "configureLogsForPlaybackConfiguration", parameters))

    (found,) = calls_of(plain(A=logs, Owner=owner))

    assert found.owners == ()


PUT_JSON = json.dumps(
    {"service": VOICE, "action": PUT, "parameters": {"StreamingConfiguration": ON}}
)


@pytest.mark.parametrize(
    "create",
    [
        PUT_JSON,
        json.loads(PUT_JSON),
        {"Fn::Sub": PUT_JSON.replace("1,", "${Hours},")},
        {"Fn::Sub": [PUT_JSON.replace("1,", "${Hours},"), {"Hours": 1}]},
        {"Fn::Join": ["", [PUT_JSON[:30], {"Fn::Sub": PUT_JSON[30:]}]]},
        {"Fn::If": ["Condition", {"Ref": "AWS::NoValue"}, PUT_JSON]},
    ],
    ids=["text", "mapping of CDK v1", "Sub", "Sub with names", "Join and Sub", "If"],
)
def test_the_parts_of_a_call_are_joined(create: object) -> None:
    """References are replaced by a placeholder."""
    app = plain(A={"Type": "Custom::AWS", "Properties": {"Create": create}})

    assert summary(app) == [("media streaming", True, False)]


# functions whose code is in the template

BOTO3 = """
    import boto3, cfnresponse
    chime = boto3.client('chime-sdk-voice')  # not boto3.client('ivs')

    def handler(event, context):
        if event['RequestType'] != 'Delete':
            chime.put_voice_connector_streaming_configuration(
                VoiceConnectorId=event['ResourceProperties']['Id'],
                StreamingConfiguration={'DataRetentionInHours': 1, 'Disabled': False},
            )
"""
BOTO3_DELETE = """
        else:
            chime.delete_voice_connector_streaming_configuration(VoiceConnectorId='a')
"""
SDK_V2 = """
    const AWS = require('aws-sdk');
    const chime = new AWS.ChimeSDKVoice({ region: 'eu-central-1' });
    exports.handler = async (event) => {
      const StreamingConfiguration = { DataRetentionInHours: 1, Disabled: false };
      await chime.putVoiceConnectorStreamingConfiguration({ StreamingConfiguration }).promise();
    };
"""
SDK_V3 = """
    const { ChimeSDKVoiceClient, PutVoiceConnectorStreamingConfigurationCommand } =
      require('@aws-sdk/client-chime-sdk-voice');
    exports.handler = async (event) => {
      const input = { StreamingConfiguration: { DataRetentionInHours: 1 } };
      await new ChimeSDKVoiceClient({}).send(
        new PutVoiceConnectorStreamingConfigurationCommand(input));
    };
"""


def function(code: object, **properties: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a function with code."""
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Code": {"ZipFile": code}, **properties},
    }


def custom(**properties: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a custom resource of a function."""
    return {"Type": "Custom::Streaming", "Properties": {"ServiceToken": GET_ATT, **properties}}


def in_code(code: str, **properties: Any) -> list[tuple[str, bool, bool]]:  # noqa: ANN401
    """Return the features that a custom resource with such a function configures."""
    return summary(plain(Function=function(dedent(code), **properties), A=custom()))


@pytest.mark.parametrize(
    ("code", "deletes"),
    [(BOTO3, False), (BOTO3 + BOTO3_DELETE, True), (SDK_V2, False), (SDK_V3, False)],
    ids=["boto3", "boto3 with delete", "JavaScript v2", "JavaScript v3"],
)
def test_calls_in_code_are_found(code: str, *, deletes: bool) -> None:
    """Each SDK has its own form."""
    assert in_code(code) == [("media streaming", True, deletes)]


@pytest.mark.parametrize("runtime", ["python3.13", {"Ref": "Runtime"}, None], ids=str)
def test_python_is_detected_by_runtime_or_syntax(runtime: object) -> None:
    """With the comment syntax of JavaScript, a part of the code would be ignored."""
    code = BOTO3.replace("chime.put", "7 // 2; chime.put")

    assert in_code(code, Runtime=runtime) == [("media streaming", True, False)]


@pytest.mark.parametrize(
    "code",
    [
        "    # chime.put_voice_connector_streaming_configuration(",
        "    '''\n    chime.put_voice_connector_streaming_configuration(\n    '''",
        '    """never closed\n    chime.put_voice_connector_streaming_configuration(\n',
        "    print('chime.put_voice_connector_streaming_configuration()')",
        '    print("chime.put_voice_connector_streaming_configuration()")',
        "    def put_voice_connector_streaming_configuration(): pass",
        "    chime.put_voice_connector_streaming_configuration",
        "    chime.get_voice_connector_streaming_configuration()",
        "    chime.put_voice_connector_termination()",
        "    chime.list_voice_connectors()",
        # a phone call, not the application
        "    chime.create_sip_media_application_call()",
    ],
)
def test_python_code_without_a_call_is_ignored(code: str) -> None:
    """It contains a comment, a text, a definition or another call."""
    rest = "client = boto3.client('chime-sdk-voice')\nDataRetentionInHours = 1\n"

    assert in_code(rest + dedent(code), **PYTHON) == []


@pytest.mark.parametrize(
    "code",
    [
        "// new PutVoiceConnectorStreamingConfigurationCommand(",
        "/* new PutVoiceConnectorStreamingConfigurationCommand( */",
        "/* new PutVoiceConnectorStreamingConfigurationCommand(",
        "`new PutVoiceConnectorStreamingConfigurationCommand(`",
        "'new PutVoiceConnectorStreamingConfigurationCommand('",
        "new GetVoiceConnectorStreamingConfigurationCommand(",
        "class PutVoiceConnectorStreamingConfigurationCommand {}",
    ],
)
def test_javascript_code_without_a_call_is_ignored(code: str) -> None:
    """It contains a comment, a text, a definition or another call."""
    rest = "require('@aws-sdk/client-chime-sdk-voice'); let DataRetentionInHours = 1;\n"

    assert in_code(rest + code, Runtime="nodejs24.x") == []


def test_code_for_another_service_is_ignored() -> None:
    """Other services have operations with the same names."""
    code = "boto3.client('{}').update_channel(recordingConfigurationArn=''); 'delete'"

    assert in_code(code.format("medialive")) == []
    assert in_code(code.format("ivs")) == [("recording", True, True)]


def test_code_that_writes_back_a_configuration_does_not_enable_it() -> None:
    """As in `chime-vc-call-analytics.yaml`, it changes a part of an existing configuration.

    If the custom resource contains the configuration, the code enables the feature.
    """
    code = """
        chime = boto3.client('chime-sdk-voice')
        streaming = chime.get_voice_connector_streaming_configuration(VoiceConnectorId=each)
        del streaming['MediaInsightsConfiguration']
        chime.put_voice_connector_streaming_configuration(StreamingConfiguration=streaming)
    """
    body = function(dedent(code))

    assert in_code(code) == []
    assert summary(plain(Function=body, A=custom(Configuration=ON))) == [
        # whether it also disables the feature is not known
        ("media streaming", True, True)
    ]


@pytest.mark.parametrize(
    ("code", "called"),
    [
        (
            BOTO3.replace("chime-sdk-voice", "chime"),
            "chime:PutVoiceConnectorStreamingConfiguration",
        ),
        (
            "new AWS.Chime().putAppInstanceStreamingConfigurations(input)",
            "chime:PutAppInstanceStreamingConfigurations",
        ),
        (BOTO3 + "    boto3.client('chime').list_users()\n", None),
    ],
    ids=["voice", "messaging", "both clients"],
)
def test_calls_of_the_former_api_in_code_are_found(code: str, called: str | None) -> None:
    """If the code uses both clients, the call is for the one that has the operation."""
    (found,) = calls_of(plain(Function=function(dedent(code)), A=custom()))

    assert (found.obsolete and found.obsolete.called) == called


@pytest.mark.parametrize(
    ("types", "effects"),
    [
        ("[]", (False, True)),
        ("['AS_RUN']", (True, False)),
        ("types", (True, True)),
        ("[] if event['RequestType'] == 'Delete' else ['AS_RUN']", (True, True)),
    ],
)
def test_code_may_disable_logs_with_the_operation_that_enables_them(
    types: str, effects: tuple[bool, bool]
) -> None:
    """Its parameters decide; an unknown one may do both."""
    code = f"""
        def handler(event, context):
            boto3.client('mediatailor').configure_logs_for_channel(LogTypes={types})
    """

    assert in_code(code) == [("as-run logging", *effects)]


def test_a_function_without_a_custom_resource_is_ignored() -> None:
    """Its policy is ignored too."""

    def define(stack: Stack) -> None:
        unused = aws_lambda.Function(
            stack,
            "Unused",
            runtime=aws_lambda.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=aws_lambda.Code.from_inline(dedent(BOTO3)),
        )
        unused.add_to_role_policy(
            aws_iam.PolicyStatement(actions=[f"chime:P{PUT[1:]}", "chime:*"], resources=["*"])
        )
        used = aws_lambda.Function(
            stack,
            "Used",
            runtime=aws_lambda.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=aws_lambda.Code.from_inline("def handler(event, context): pass"),
            environment={"OTHER": unused.function_arn},
        )
        used.add_to_role_policy(aws_iam.PolicyStatement(actions=["chime:*"], resources=["*"]))
        CustomResource(stack, "Custom", service_token=used.function_arn)

    assert calls_of(stack_of(define)) == []


@pytest.mark.parametrize("with_provider", [True, False], ids=["Provider", "directly"])
def test_a_function_of_cdk_is_followed(*, with_provider: bool) -> None:
    """The function of a `Provider` may be in between; the code may contain references."""

    def define(stack: Stack) -> None:
        connector = aws_chime.CfnVoiceConnector(
            stack, "Connector", name="a", require_encryption=True
        )
        code = dedent(BOTO3) + f"    return {connector.ref}\n"
        streaming = aws_lambda.Function(
            stack,
            "Function",
            runtime=aws_lambda.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=aws_lambda.Code.from_inline(code),
        )
        token = (
            Provider(stack, "Provider", on_event_handler=streaming).service_token
            if with_provider
            else streaming.function_arn
        )
        CustomResource(stack, "Streaming", service_token=token, properties={"Id": connector.ref})

    (found,) = calls_of(stack_of(define))

    assert (found.logical_id, found.owners) == ("Streaming", ("Connector",))


YAML = """
Transform: AWS::Serverless-2016-10-31
Conditions:
  Here: !Equals [a, b]
Resources:
  Connector:
    Type: AWS::Chime::VoiceConnector
    Properties: {{Name: a, RequireEncryption: true}}
  Function:
    {function}
  Streaming:
    Type: AWS::CloudFormation::CustomResource
    Properties:
      ServiceToken: {token}
      VoiceConnectorId: !Ref Connector
"""
CODE = """
          const {{ ChimeSDKVoice }} = require("@aws-sdk/client-chime-sdk-voice");
          exports.handler = async (event) => {{
            console.log(`${brace}event.RequestType}}`);
            await new ChimeSDKVoice().putVoiceConnectorStreamingConfiguration({{
              StreamingConfiguration: {{ DataRetentionInHours: 1 }},
            }});
          }};
"""
LAMBDA = """Type: AWS::Lambda::Function
    Properties:
      Runtime: nodejs24.x
      Code:
        ZipFile: """


@pytest.mark.parametrize(
    "body",
    [
        f"{LAMBDA}|{CODE.format(brace='{')}",
        f"{LAMBDA}!Sub |{CODE.format(brace='{!')}",
        f"{LAMBDA}\n          Fn::Join:\n            - ''\n            - - |"
        + CODE.format(brace="{").replace("\n", "\n        "),
        "Type: AWS::Serverless::Function\n    Properties:\n        InlineCode: |"
        + CODE.format(brace="{"),
    ],
    ids=["text", "Sub", "Join", "SAM"],
)
@pytest.mark.parametrize(
    "token",
    [
        "!GetAtt Function.Arn",
        "!GetAtt [Function, Arn]",
        "{Fn::GetAtt: Function.Arn}",
        "!Sub '${Function.Arn}'",
        "!Sub ['${Function.Arn}', {}]",
        "!If [Here, !GetAtt Function.Arn, !Ref Other]",
    ],
)
def test_templates_in_yaml_are_read(body: str, token: str, tmp_path: Path) -> None:
    """They have short tags, and code in all possible properties."""
    path = tmp_path / "show.yaml"
    path.write_text(YAML.format(function=body, token=token))

    (found,) = calls_of(App.read([path]))

    assert (found.logical_id, found.feature, found.owners, found.configures, found.deletes) == (
        "Streaming",
        "media streaming",
        ("Connector",),
        True,
        False,
    )


def test_code_that_creates_its_connector_owns_it() -> None:
    """As in `chime-vc-siprec.yaml`; deleting the connector does not disable the feature."""
    code = BOTO3 + "\n".join(
        f"        chime.{each}_voice_connector()\n" for each in ("create", "delete")
    )

    (found,) = calls_of(plain(Function=function(dedent(code)), A=custom()))

    assert (found.owners, found.deletes) == (("A",), False)


def test_a_custom_resource_may_configure_several_features() -> None:
    """There is a call for each feature, but only one role usage."""
    code = """
        boto3.client('mediapackage').configure_logs(EgressAccessLogs={})
        boto3.client('mediatailor').configure_logs_for_channel(LogTypes=['AS_RUN'])
    """
    app = plain(Function=function(dedent(code)), A=custom())

    assert [each.feature for each in calls_of(app)] == ["as-run logging", "access logging"]
    assert list(app.stacks["Show"].usages) == ["A"]


# cdk-amazon-chime-resources


def chime_resource(
    scope: Construct,
    construct_id: str,
    kind: str,
    **properties: Any,  # noqa: ANN401
) -> CustomResource:
    """Define the same resource as src/pstn/pstnCustomResources.ts and its neighbor."""
    return CustomResource(
        scope,
        construct_id,
        service_token="arn:aws:lambda:us-east-1:111122223333:function:x",  # noqa: S106
        resource_type="Custom::PSTNResources",
        properties={"resourceType": kind, "uid": construct_id, "properties": properties},
    )


def test_a_voice_connector_of_cdk_amazon_chime_resources() -> None:
    """No version deletes its streaming, and no version reads `enabled`."""

    def define(stack: Stack) -> None:
        chime_resource(stack, "Silent", "VoiceConnector", name="a")
        chime_resource(stack, "Phone", "PhoneNumber", streaming={"enabled": True})
        streaming = {"enabled": False, "dataRetention": 1, "notificationTargets": []}
        chime_resource(stack, "Streaming", "VoiceConnector", name="a", streaming=streaming)

    (found,) = calls_of(stack_of(define))

    assert (found.logical_id, found.owners) == ("Streaming", ("Streaming",))
    assert (found.feature, found.configures, found.deletes, found.obsolete) == (
        "media streaming",
        True,
        False,
        None,
    )


@pytest.mark.parametrize(
    ("kind", "called"),
    [
        ("appInstanceDataType", "chime:PutAppInstanceStreamingConfigurations"),
        ("dataType", None),
    ],
    ids=["version 2", "version 3"],
)
def test_an_app_instance_of_cdk_amazon_chime_resources(kind: str, called: str | None) -> None:
    """Its streams are a separate custom resource; version 2 calls the former API."""

    def define(stack: Stack) -> None:
        instance = chime_resource(stack, "Chat", "AppInstance", name="a")
        chime_resource(
            stack,
            "Streaming",
            "StreamingConfig",
            appInstanceArn=instance.get_att_string("appInstanceArn"),
            streamingConfigs=[{kind: "Channel", "resourceArn": Fn.ref("AWS::StackId")}],
        )
        chime_resource(stack, "Retention", "DataRetention", dataRetention=1)

    (found,) = calls_of(stack_of(define))

    assert (found.logical_id, found.feature, found.owners, found.deletes) == (
        "Streaming",
        "message streaming",
        ("Chat",),
        False,
    )
    assert found.role_names == (
        catalogue.CHIME_MESSAGING.role_name,
        catalogue.CHIME_MESSAGING_LEGACY.role_name,
    )
    assert (found.obsolete and found.obsolete.called) == called


def test_a_sip_media_application_of_cdk_amazon_chime_resources() -> None:
    """It is deleted with its custom resource; SIP rules use no role."""

    def define(stack: Stack) -> None:
        for kind in ("SMA", "SMARule"):
            chime_resource(stack, kind, kind, name="menu", region="us-east-1", endpoint="arn")

    app = stack_of(define)

    assert summary(app) == [("speech synthesis", True, True)]
    assert list(app.stacks["Show"].usages) == ["SMA"]


def test_similar_properties_without_a_uid_are_ignored() -> None:
    """The library always renders a uid."""
    properties = {"resourceType": "VoiceConnector", "properties": {"streaming": ON}}

    assert summary(plain(A={"Type": "Custom::X", "Properties": properties})) == []


# other calls and malformed values


@pytest.mark.parametrize(
    "body",
    [
        sdk(Create=("S3", "listBuckets", {})),
        sdk(Create=(VOICE, f"get{PUT[3:]}", {"VoiceConnectorId": "a"})),
        sdk(Create=(VOICE, "listVoiceConnectors", {})),
        sdk(Create=(VOICE, DELETE, {})),
        # a phone call, not the application
        sdk(Create=(VOICE, "createSipMediaApplicationCall", {})),
        sdk(Create=(VOICE, "updateSipMediaApplicationCall", {})),
        sdk(Create=("ChimeSDKMeetings", PUT, {"StreamingConfiguration": ON})),
        sdk(Create=("MediaLive", "updateChannel", {"recordingConfigurationArn": "a"})),
        sdk(Create=("MediaTailor", "putPlaybackConfiguration", {"Name": "a"})),
        sdk(Create=("IVS", "updateChannel", {"arn": "a", "name": "b"})),
        {"Type": "AWS::SNS::Topic", "Properties": {"Create": PUT_JSON}},
        {"Type": "Custom::AWS", "Properties": {"Other": PUT_JSON}},
    ],
    ids=lambda each: str(each)[:120],
)
def test_other_calls_are_ignored(body: dict[str, Any]) -> None:
    """Calls in other properties or in other resources are ignored too."""
    assert summary(plain(A=body)) == []


@pytest.mark.parametrize(
    "create",
    [
        None,
        1,
        [],
        [PUT_JSON],
        "",
        "{",
        "[" * 100_000,
        "1" * 100_000,
        "[]",
        {"Fn::Join": ""},
        {"Fn::Join": ["", PUT_JSON]},
        {"Fn::Join": [1, [PUT_JSON]]},
        {"Fn::Sub": []},
        {"Fn::Sub": [{"a": 1}]},
        {"Fn::If": "a"},
        {"Fn::If": []},
        {"Ref": "Parameter"},
        {"service": VOICE},
        {"service": VOICE, "action": ["a"]},
        {"service": {"Ref": "a"}, "action": PUT},
        {"service": VOICE, "action": ""},
        {"service": VOICE, "action": PUT},
        {"service": VOICE, "action": PUT, "parameters": "a"},
    ],
    ids=lambda each: repr(each)[:30] + repr(each)[-40:],
)
def test_malformed_calls_are_ignored(create: object) -> None:
    """CloudFormation refuses them."""
    body = {"Type": "Custom::AWS", "Properties": {"Create": create}}

    assert calls_in({"A": body}, plain(A={}).stacks["Show"].graph).features == []


SEEDS: list[tuple[Callable[[], dict[str, Any]], str]] = [
    (
        lambda: {"A": sdk(Create=(VOICE, PUT, {"StreamingConfiguration": ON}))},
        "Custom::AWS",
    ),
    (
        lambda: {
            "A": {
                "Type": "Custom::Streaming",
                "Properties": {"ServiceToken": {"Ref": "Framework"}, "Id": {"Ref": "Connector"}},
            },
            "Framework": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Environment": {"Variables": {"USER_ON_EVENT_FUNCTION_ARN": GET_ATT}}
                },
            },
            "Function": function({"Fn::Join": ["", [dedent(BOTO3), {"Ref": "Connector"}]]}),
            "Connector": {"Type": "AWS::Chime::VoiceConnector", "Properties": {}},
        },
        "code",
    ),
    (
        lambda: {
            "A": {
                "Type": "Custom::PSTNResources",
                "Properties": {
                    "uid": "a",
                    "resourceType": "StreamingConfig",
                    "properties": {"streamingConfigs": [{"dataType": "Channel"}]},
                },
            }
        },
        "cdk-amazon-chime-resources",
    ),
]
WRONG = st.sampled_from([None, True, 1, -1.5, "", "a", [], [1], {}, {"a": 1}, {"Ref": 1}])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401
    """Return the paths of all values within a value."""
    members = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(each for key, inner in members for each in places(inner, (*path, key)))]


@pytest.mark.parametrize("seed", [each for each, _ in SEEDS], ids=[name for _, name in SEEDS])
@given(data=st.data())
def test_wrong_types_do_not_raise(seed: Callable[[], dict[str, Any]], data: Any) -> None:  # noqa: ANN401
    """Only the types of resources are valid, because reading the template checks them."""
    resources = deepcopy(seed())
    graph = plain(**seed()).stacks["Show"].graph
    found = [each for each in places(resources) if len(each) > 1 and each[1:] != ("Type",)]
    *path, last = data.draw(st.sampled_from(found))
    holder: Any = resources
    for each in path:
        holder = holder[each]
    holder[last] = data.draw(WRONG)

    assert len(calls_in(resources, graph).features) <= 1


@pytest.mark.parametrize("piece", ["${", "/*", "'\"" + "'" * 3, "new a.", "\n def"], ids=repr)
def test_all_code_is_read_fast(piece: str) -> None:
    """These texts could cause excessive backtracking."""
    code = {"Fn::Sub": piece * 20_000}
    token = {"Fn::Sub": piece * 20_000}

    assert summary(plain(Function=function(code), A=custom())) == []
    assert list(custom_calls._referred(token)) == []


@given(st.text(alphabet="'\"`\\/*#\n a("))
def test_any_text_is_accepted_as_code(code: str) -> None:
    """The text does not contain a call."""
    resources = {"Function": function(f"'chime-sdk-voice' {code}", **PYTHON), "A": custom()}

    for runtime in ("python3.13", "nodejs24.x"):
        resources["Function"]["Properties"]["Runtime"] = runtime
        assert calls_in(resources, plain(**resources).stacks["Show"].graph) == ([], [], [])
