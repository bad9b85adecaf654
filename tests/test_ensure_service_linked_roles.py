"""Existing apps, mended in one line: the promises of `EnsureServiceLinkedRoles`."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsii
import pytest
from aws_cdk import (
    App,
    AspectPriority,
    Aspects,
    Aws,
    CfnCondition,
    CfnParameter,
    CfnResource,
    Fn,
    IAspect,
    IStableAnyProducer,
    Lazy,
    Mixins,
    NestedStack,
    RemovalPolicy,
    Stack,
    Stage,
    Tags,
    Token,
    aws_iam,
    aws_ivs,
    aws_logs,
    aws_mediapackage,
    aws_mediatailor,
    aws_s3,
)
from aws_cdk.cloudformation_include import CfnInclude
from constructs import Construct

from benchmarks.same_resources import differences
from slr_constructs import (
    EnsureServiceLinkedRoles,
    MediaPackageAccessLogging,
    RoleRemoval,
    ServiceLinkedRole,
    UsageError,
    catalogue,
)
from slr_constructs.ensure_service_linked_roles import _KINDS
from slr_constructs.guard.check import check
from slr_constructs.stack_parts import is_in_order
from slr_constructs.templates.app import App as Read
from slr_constructs.templates.lifecycle import _NATIVE_TYPES, users_in
from slr_constructs.templates.order import graph_of
from tests.features.every_feature import RECIPES
from tests.features.graph import NATIVE_ROLE, ROLE, id_of, ids_of, needs

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import IConstruct

    from tests.features.graph import Template

_PLAYBACK = "AWS::MediaTailor::PlaybackConfiguration"
_LINEAR = "AWS::MediaTailor::Channel"
_LIVE, _VOD = "AWS::MediaPackage::Channel", "AWS::MediaPackage::PackagingGroup"
_RECORDING, _STUDIO = "AWS::IVS::RecordingConfiguration", "AWS::IVS::Channel"

_ELSEWHERE = "arn:aws:ivs:us-east-1:111122223333:recording-configuration/AbCdEf1G2hij"

#: the properties of an owner that has the feature on as its construct sets it, and the one that
#: does it, so that the owner can be had without.
PROPERTIES: dict[str, tuple[str, dict[str, Any], str]] = {
    "sessions": (
        _PLAYBACK,
        {
            "Name": "ads",
            "AdDecisionServerUrl": "https://ads.example.com",
            "VideoContentSourceUrl": "https://video.example.com",
            "LogConfiguration": {
                "PercentEnabled": 100,
                "EnabledLoggingStrategies": ["LEGACY_CLOUDWATCH"],
            },
        },
        "LogConfiguration",
    ),
    "as-run": (
        _LINEAR,
        {
            "ChannelName": "linear",
            "Outputs": [{"ManifestName": "index", "SourceGroup": "hls"}],
            "PlaybackMode": "LOOP",
            "LogConfiguration": {"LogTypes": ["AS_RUN"]},
        },
        "LogConfiguration",
    ),
    "live": (
        _LIVE,
        {"Id": "a", "IngressAccessLogs": {}, "EgressAccessLogs": {}},
        "EgressAccessLogs",
    ),
    "vod": (_VOD, {"Id": "a", "EgressAccessLogs": {}}, "EgressAccessLogs"),
}
KINDS = (*PROPERTIES, "recording")


def _playback(scope: Construct, id: str = "Owner", **props: Any) -> Any:  # noqa: ANN401
    l1 = aws_mediatailor.CfnPlaybackConfiguration
    return l1(
        scope,
        id,
        name="ads",
        ad_decision_server_url="https://ads.example.com",
        video_content_source_url="https://video.example.com",
        **{"log_configuration": _session_logs(), **props},
    )


def _session_logs() -> aws_mediatailor.CfnPlaybackConfiguration.LogConfigurationProperty:
    return aws_mediatailor.CfnPlaybackConfiguration.LogConfigurationProperty(
        percent_enabled=100, enabled_logging_strategies=["LEGACY_CLOUDWATCH"]
    )


def _linear(scope: Construct) -> None:
    l1 = aws_mediatailor.CfnChannel
    l1(
        scope,
        "Owner",
        channel_name="linear",
        outputs=[l1.RequestOutputItemProperty(manifest_name="index", source_group="hls")],
        playback_mode="LOOP",
        log_configuration=l1.LogConfigurationForChannelProperty(log_types=["AS_RUN"]),
    )


def _live(scope: Construct, id: str = "Owner") -> aws_mediapackage.CfnChannel:
    l1 = aws_mediapackage.CfnChannel
    logs = l1.LogConfigurationProperty()
    return l1(scope, id, id="a", ingress_access_logs=logs, egress_access_logs=logs)


def _vod(scope: Construct) -> None:
    l1 = aws_mediapackage.CfnPackagingGroup
    l1(scope, "Owner", id="a", egress_access_logs=l1.LogConfigurationProperty())


def _configuration(scope: Construct, id: str = "Feature") -> aws_ivs.CfnRecordingConfiguration:
    l1 = aws_ivs.CfnRecordingConfiguration
    s3 = l1.S3DestinationConfigurationProperty(bucket_name="recordings")
    return l1(scope, id, destination_configuration=l1.DestinationConfigurationProperty(s3=s3))


def _recording(scope: Construct) -> None:
    arn = _configuration(scope).attr_arn
    aws_ivs.CfnChannel(scope, "Owner", recording_configuration_arn=arn)


#: by hand, as L1s.
PLAIN: dict[str, Callable[[Construct], Any]] = {
    "sessions": _playback,
    "as-run": _linear,
    "live": _live,
    "vod": _vod,
    "recording": _recording,
}


def _bare_recording(scope: Construct) -> None:
    destination = {"S3": {"BucketName": "recordings"}}
    made = CfnResource(
        scope, "Feature", type=_RECORDING, properties={"DestinationConfiguration": destination}
    )
    arn = made.get_att("Arn")
    CfnResource(scope, "Owner", type=_STUDIO, properties={"RecordingConfigurationArn": arn})


def _bare(scope: Construct, kind: str) -> None:
    """Define an owner as a resource of no class of its own."""
    if kind == "recording":
        _bare_recording(scope)
    else:
        cfn_type, properties, _ = PROPERTIES[kind]
        CfnResource(scope, "Owner", type=cfn_type, properties=properties)


def _included(scope: Construct, kind: str, folder: Path) -> CfnInclude:
    """Include a template that has an owner."""
    source = Stack(App(), "Source")
    _bare(source, kind)
    template = {"Resources": source.resolve(_template(source)["Resources"])}
    path = folder / "template.json"
    path.write_text(json.dumps(template))
    return CfnInclude(scope, "Included", template_file=str(path))


def _mixin(scope: IConstruct, **options: Any) -> None:  # noqa: ANN401
    Mixins.of(scope).apply(EnsureServiceLinkedRoles(**options))


def _aspect(scope: IConstruct, **options: Any) -> None:  # noqa: ANN401
    Aspects.of(scope).add(EnsureServiceLinkedRoles(**options))


WAYS = {"mixin": _mixin, "aspect": _aspect}
way_of = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
kind_of = pytest.mark.parametrize("kind", KINDS)
#: how CDK visits constructs: once, or until nothing is added any more.
VISITS = {"once": False, "stabilized": True}
visits_of = pytest.mark.parametrize("stabilized", VISITS.values(), ids=VISITS)


def _app(*, stabilized: bool = True) -> App:
    return App(
        analytics_reporting=False,
        context={
            "@aws-cdk/core:aspectStabilization": stabilized,
            "aws:cdk:enable-path-metadata": True,
        },
    )


def _template(stack: Stack) -> Template:
    """Return a stack's template, from a synth of its app or stage."""
    stage = Stage.of(stack)
    assert stage is not None
    template: Template = stage.synth(force=True).get_stack_artifact(stack.artifact_id).template
    return template


def _assembly(app: App) -> dict[str, bytes]:
    """Return all files of an app's assembly."""
    folder = Path(app.synth(force=True).directory)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _found(app: App) -> list[tuple[str, str | None]]:
    """Return what the guard finds in an app: rules and resources."""
    read = Read.read([Path(app.synth(force=True).directory)])
    return [(each.rule.id, each.resource) for each in check(read)]


@way_of
@visits_of
@kind_of
def test_a_plain_resource_gets_what_the_construct_defines(
    *, kind: str, stabilized: bool, way: Callable[[App], None]
) -> None:
    """The same resources, properties and dependencies; only construct ids are others."""
    ours, plain = Stack(_app(), "Stack"), Stack(app := _app(stabilized=stabilized), "Stack")
    RECIPES[kind].define(ours, "a", None)
    PLAIN[kind](plain)

    way(app)

    assert differences(_template(ours), _template(plain)) == []
    assert _found(app) == []


@way_of
@kind_of
def test_a_bare_resource_gets_the_same(kind: str, way: Callable[[App], None]) -> None:
    """A `CfnResource` has no class that says what it is, and a type that does."""
    ours, bare = Stack(_app(), "Stack"), Stack(app := _app(), "Stack")
    RECIPES[kind].define(ours, "a", None)
    _bare(bare, kind)

    way(app)

    assert differences(_template(ours), _template(bare)) == []


@way_of
@kind_of
def test_an_included_template_gets_the_same(
    kind: str, tmp_path: Path, way: Callable[[App], None]
) -> None:
    """`CfnInclude` makes L1s, on the other side of jsii."""
    ours, including = Stack(_app(), "Stack"), Stack(app := _app(), "Stack")
    RECIPES[kind].define(ours, "a", None)
    _included(including, kind, tmp_path)

    way(app)

    assert differences(_template(ours), _template(including)) == []
    assert _found(app) == []


@way_of
def test_the_l2s_of_ivs_get_the_role(way: Callable[[App], None]) -> None:
    """Their default children are those L1s; the channel waits through its configuration."""
    alpha = pytest.importorskip("aws_cdk.aws_ivs_alpha")
    stack = Stack(app := _app(), "Stack")
    bucket = aws_s3.Bucket.from_bucket_name(stack, "Bucket", "recordings")
    configuration = alpha.RecordingConfiguration(stack, "Recording", bucket=bucket)
    alpha.Channel(stack, "Studio", recording_configuration=configuration)

    way(app)

    template = _template(stack)
    assert id_of(template, ROLE) in needs(template, id_of(template, _RECORDING))
    assert "DependsOn" not in template["Resources"][id_of(template, _STUDIO)]
    assert _found(app) == []


def test_the_ids_are_api(stack: Stack) -> None:
    """What is made stands below the resource that asked, and role and function where they do."""
    _playback(stack)

    _mixin(stack)

    paths = sorted(
        each.node.path for each in stack.node.find_all() if isinstance(each, CfnResource)
    )
    assert paths == [
        "Stack/AWSServiceRoleForMediaTailor/Resource",
        "Stack/AWSServiceRoleForMediaTailor/ResourceRights",
        "Stack/Owner",
        "Stack/Owner/ServiceLinkedRoleRelease",
        "Stack/Owner/ServiceLinkedRoleReleaseRights",
        "Stack/ServiceLinkedRoleFunction/Logs",
        "Stack/ServiceLinkedRoleFunction/LogsRights",
        "Stack/ServiceLinkedRoleFunction/Resource",
        "Stack/ServiceLinkedRoleFunction/Role",
    ]


@pytest.mark.parametrize(
    "again",
    [
        lambda _way, app, _: _mixin(app),
        lambda _way, app, _: _aspect(app),
        lambda _way, _, stack: _mixin(stack),
        lambda _way, _, stack: _aspect(stack),
        lambda way, app, _: way(app, removal=RoleRemoval.KEEP),
    ],
    ids=["mixin", "aspect", "mixin-on-the-stack", "aspect-on-the-stack", "another-removal"],
)
@way_of
def test_twice_is_the_same_as_once(
    again: Callable[[Callable[..., None], App, Stack], None], way: Callable[..., None]
) -> None:
    """The second finds nothing left to do, whatever it is and wherever it is applied."""
    assemblies = []
    for twice in (False, True):
        app = _app()
        stack = Stack(app, "Stack")
        for define in PLAIN.values():
            define(Construct(stack, f"Scope{len(stack.node.children)}"))
        way(app)
        if twice:
            again(way, app, stack)
        assemblies.append(_templates(app))

    assert assemblies[0] == assemblies[1]


def _templates(app: App) -> dict[str, Any]:
    stacks = app.synth(force=True).stacks_recursively
    return {each.hierarchical_id: each.template for each in stacks}


def _without_features(app: App) -> None:
    """Define resources that have nothing to do with a role, or could and do not."""
    stack = Stack(app, "Stack")
    aws_s3.Bucket(stack, "Bucket")
    aws_iam.Role(stack, "Role", assumed_by=aws_iam.AccountPrincipal("111122223333"))
    aws_logs.LogGroup.from_log_group_name(stack, "Logs", "logs")
    aws_s3.Bucket(NestedStack(stack, "Nested"), "Bucket")
    aws_s3.Bucket(Stack(Stage(app, "Stage"), "Stack"), "Bucket")


def _without_logs(app: App) -> None:
    stack = Stack(app, "Stack")
    _playback(stack, log_configuration=None)
    for kind, (cfn_type, properties, prop) in PROPERTIES.items():
        rest = {name: each for name, each in properties.items() if name not in (prop, _INGRESS)}
        CfnResource(stack, kind, type=cfn_type, properties=rest)
    aws_ivs.CfnChannel(stack, "Studio")
    aws_ivs.CfnChannel(stack, "Off", recording_configuration_arn="")
    aws_ivs.CfnChannel(stack, "None", recording_configuration_arn=Aws.NO_VALUE)


_INGRESS = "IngressAccessLogs"


def _our_constructs(app: App) -> None:
    stack = Stack(app, "Stack")
    for name, recipe in RECIPES.items():
        recipe.define(Construct(stack, name), "ab"[name.startswith("existing")], None)
    consumer = Stack(app, "Consumer")
    MediaPackageAccessLogging(
        consumer, "Logs", channel=aws_mediapackage.CfnChannel(stack, "Live", id="c")
    )


@pytest.mark.parametrize("define", [_without_features, _our_constructs])
@way_of
@visits_of
def test_what_needs_nothing_stays_to_the_byte(
    *, define: Callable[[App], None], stabilized: bool, way: Callable[[App], None]
) -> None:
    """Whole assemblies are the same as without."""
    app, touched = _app(stabilized=stabilized), _app(stabilized=stabilized)
    define(app)
    define(touched)

    way(touched)

    assert _assembly(touched) == _assembly(app)


@way_of
def test_what_switches_nothing_on_stays(way: Callable[[App], None]) -> None:
    """Templates are the same; CDK notes in the metadata to whom a mixin has been applied."""
    app, touched = _app(), _app()
    _without_logs(app)
    _without_logs(touched)

    way(touched)

    assert _templates(touched) == _templates(app)


@jsii.implements(IAspect)
class _SwitchOn:
    """An aspect of somebody else, which switches all access logs on."""

    def visit(self, node: IConstruct) -> None:
        """Switch one channel's on."""
        if isinstance(node, aws_mediapackage.CfnChannel):
            node.egress_access_logs = aws_mediapackage.CfnChannel.LogConfigurationProperty()


def _switch_on(app: App) -> None:
    Aspects.of(app).add(_SwitchOn())


def _aspect_of_priority(app: App) -> None:
    Aspects.of(app).add(EnsureServiceLinkedRoles(), priority=AspectPriority.READONLY - 1)


def _is_mended(stack: Stack, owner: str = _LIVE) -> bool:
    template = _template(stack)
    releases = [each for each in template["Resources"] if "Release" in each]
    return bool(releases) and id_of(template, ROLE) in needs(template, id_of(template, owner))


@way_of
@visits_of
def test_what_is_switched_on_after_it_is_mended(
    *, stabilized: bool, way: Callable[[App], None]
) -> None:
    """Both look at properties at synth."""
    stack = Stack(app := _app(stabilized=stabilized), "Stack")
    channel = aws_mediapackage.CfnChannel(stack, "Owner", id="a")

    way(app)
    channel.egress_access_logs = aws_mediapackage.CfnChannel.LogConfigurationProperty()

    assert _is_mended(stack)


@visits_of
@pytest.mark.parametrize(
    "orders",
    [
        (_switch_on, _mixin),
        (_mixin, _switch_on),
        (_switch_on, _aspect),
        (_aspect_of_priority, _switch_on),
    ],
    ids=["before-the-mixin", "after-the-mixin", "before-the-aspect", "by-priority"],
)
def test_what_an_aspect_switches_on_is_mended(
    *, orders: tuple[Callable[[App], None], ...], stabilized: bool
) -> None:
    """A mixin looks again after aspects that change something; an aspect has its place."""
    stack = Stack(app := _app(stabilized=stabilized), "Stack")
    aws_mediapackage.CfnChannel(stack, "Owner", id="a")

    for each in orders:
        each(app)

    assert _is_mended(stack)


def test_an_aspect_mends_what_is_defined_after_it() -> None:
    """A mixin does not: it has been applied to what was there."""
    mixed, visited = Stack(_app(), "Stack"), Stack(_app(), "Stack")
    _mixin(mixed)
    _aspect(visited)
    _live(mixed)
    _live(visited)

    assert _is_mended(visited)
    assert ids_of(_template(mixed), ROLE) == []


@way_of
@visits_of
def test_other_aspects_see_what_is_added(*, stabilized: bool, way: Callable[[App], None]) -> None:
    """Tags, permissions boundaries and checks would miss the function's role otherwise."""
    stack = Stack(app := _app(stabilized=stabilized), "Stack")
    _live(stack)

    way(app)
    Tags.of(app).add("owner", "video")

    template = _template(stack)
    role = template["Resources"][id_of(template, "AWS::IAM::Role")]
    assert role["Properties"]["Tags"] == [{"Key": "owner", "Value": "video"}]


def test_a_mixin_reaches_stages_and_an_aspect_is_added_to_each() -> None:
    """CDK synthesizes a stage before it visits what is around it."""
    mixed, missed, added = (Stack(Stage(_app(), "Stage"), "Stack") for _ in range(3))
    for each in (mixed, missed, added):
        _live(each)

    _mixin(mixed.node.root)
    _aspect(missed.node.root)
    _aspect(Stage.of(added) or added)

    assert _is_mended(mixed)
    assert _is_mended(added)
    assert ids_of(_template(missed), ROLE) == []


@way_of
@visits_of
def test_every_stack_gets_a_role_of_its_own(
    *, stabilized: bool, way: Callable[[App], None]
) -> None:
    """Nested ones too: each is deployed and deleted with what it has."""
    app = _app(stabilized=stabilized)
    first, second = Stack(app, "First"), Stack(app, "Second")
    nested = NestedStack(first, "Nested")
    for each in (first, second, nested):
        _live(each)

    way(app)

    app.synth(force=True)
    roles = [len(ids_of(each, ROLE)) for each in _nested_templates(app)]
    assert roles == [1, 1, 1]
    assert _found(app) == []


def _nested_templates(app: App) -> list[Template]:
    folder = Path(app.synth(force=True).directory)
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.template.json"))]


@way_of
def test_an_included_nested_stack_is_a_stack_too(
    tmp_path: Path, way: Callable[[App], None]
) -> None:
    """Python has made neither the stack nor what is in it."""
    inner = {"Resources": {"Owner": {"Type": _VOD, "Properties": PROPERTIES["vod"][1]}}}
    inner["Resources"]["Other"] = {"Type": _VOD, "Properties": {"Id": "b", "EgressAccessLogs": {}}}
    outer = {
        "Resources": {
            "Nested": {
                "Type": "AWS::CloudFormation::Stack",
                "Properties": {"TemplateURL": "https://s3.example.com/inner.json"},
            }
        }
    }
    (tmp_path / "inner.json").write_text(json.dumps(inner))
    (tmp_path / "outer.json").write_text(json.dumps(outer))
    stack = Stack(app := _app(), "Stack")
    CfnInclude(
        stack,
        "Included",
        template_file=str(tmp_path / "outer.json"),
        load_nested_stacks={"Nested": {"templateFile": str(tmp_path / "inner.json")}},
    )

    way(app)

    (nested,) = (each for each in _nested_templates(app) if ids_of(each, _VOD))
    assert len(ids_of(nested, ROLE)) == 1
    assert len(ids_of(nested, "Custom::MediaPackagePackagingGroupLoggingRelease")) == 2
    assert _found(app) == []


@way_of
def test_a_role_that_the_stack_declares_is_used(way: Callable[..., None]) -> None:
    """With its own removal; the one asked for is for roles that are declared here."""
    stack = Stack(app := _app(), "Stack")
    ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIAPACKAGE, removal=RoleRemoval.REQUIRE)
    _live(stack)

    way(app, removal=RoleRemoval.KEEP)

    template = _template(stack)
    role = template["Resources"][id_of(template, ROLE)]
    assert role["Properties"]["Removal"] == "REQUIRE"
    assert _is_mended(stack)


@way_of
def test_a_role_that_the_stack_imports_is_used(way: Callable[[App], None]) -> None:
    """Nothing waits for it, and the release is there."""
    stack = Stack(app := _app(), "Stack")
    ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIAPACKAGE)
    _live(stack)

    way(app)

    template = _template(stack)
    assert ids_of(template, ROLE) == []
    assert "DependsOn" not in template["Resources"]["Owner"]
    assert len(ids_of(template, "Custom::MediaPackageChannelLoggingRelease")) == 1


@way_of
@pytest.mark.parametrize("is_bare", [False, True], ids=["L1", "bare"])
def test_a_native_role_of_the_stack_is_waited_for(
    *, is_bare: bool, way: Callable[[App], None]
) -> None:
    """As it is; a second declaration would be one too many."""
    stack = Stack(app := _app(), "Stack")
    principal = catalogue.MEDIAPACKAGE.service_principal
    if is_bare:
        CfnResource(stack, "Role", type=NATIVE_ROLE, properties={"AWSServiceName": principal})
    else:
        aws_iam.CfnServiceLinkedRole(stack, "Role", aws_service_name=principal)
    _live(stack)
    _vod(Construct(stack, "Scope"))

    way(app)

    template = _template(stack)
    assert ids_of(template, ROLE) == []
    for cfn_type in (_LIVE, _VOD, "Custom::MediaPackageChannelLoggingRelease"):
        assert "Role" in template["Resources"][id_of(template, cfn_type)]["DependsOn"]
    assert template["Resources"]["Role"]["Properties"] == {"AWSServiceName": principal}


@way_of
def test_native_roles_of_others_are_none_of_it(way: Callable[[App], None]) -> None:
    """Another service's, one with a suffix, and one of another stack, nested though it be."""
    stack = Stack(app := _app(), "Stack")
    principal = catalogue.MEDIAPACKAGE.service_principal
    for scope, service, suffix in (
        (stack, "ivs.amazonaws.com", None),
        (stack, principal, "mine"),
        (NestedStack(stack, "Nested"), principal, None),
    ):
        aws_iam.CfnServiceLinkedRole(
            scope,
            f"Role{len(scope.node.children)}",
            aws_service_name=service,
            custom_suffix=suffix,
        )
    _live(stack)

    way(app)

    template = _template(stack)
    assert template["Resources"]["Owner"]["DependsOn"] == [id_of(template, ROLE)]


@pytest.mark.parametrize("removal", RoleRemoval)
@way_of
def test_the_removal_is_that_of_the_roles_it_declares(
    removal: RoleRemoval, way: Callable[..., None]
) -> None:
    """As `ServiceLinkedRole` has it."""
    stack = Stack(app := _app(), "Stack")
    _live(stack)

    way(app, removal=removal)

    template = _template(stack)
    role = template["Resources"][id_of(template, ROLE)]
    assert role["Properties"]["Removal"] == removal.value


def test_fails_when_the_removal_is_none() -> None:
    """In the words of every other prop."""
    with pytest.raises(UsageError) as refused:
        EnsureServiceLinkedRoles(removal="KEEP")  # type: ignore[arg-type]

    assert (
        str(refused.value)
        == "EnsureServiceLinkedRoles: removal must be a RoleRemoval, got 'KEEP' [PropKind]"
    )


#: what a property may be that says nothing about what it will be.
UNKNOWN: dict[str, Callable[[Stack], Any]] = {
    "lazy": lambda _: Lazy.any(_Later()),
    "token": lambda _: Token.as_any(Fn.ref("Somewhere")),
    "choice": lambda stack: Fn.condition_if(
        _condition(stack).logical_id, {"PercentEnabled": 5}, Aws.NO_VALUE
    ),
}


@jsii.implements(IStableAnyProducer)
class _Later:
    """What a property will be."""

    def produce(self) -> object:
        """Say that it is on."""
        return {"percentEnabled": 5}


def _condition(stack: Stack) -> CfnCondition:
    parameter = CfnParameter(stack, "Wanted")
    expression = Fn.condition_equals(parameter.value_as_string, "yes")
    return CfnCondition(stack, "IsWanted", expression=expression)


@way_of
@pytest.mark.parametrize("unknown", UNKNOWN)
def test_what_nobody_knows_yet_counts_as_on(unknown: str, way: Callable[[App], None]) -> None:
    """A release too many does no harm, and one too few may hold the role for good."""
    stack = Stack(app := _app(), "Stack")
    _playback(stack, log_configuration=UNKNOWN[unknown](stack))

    way(app)

    kinds = {each.cfn_resource_type for each in _resources(app, stack)}
    assert {ROLE, "Custom::MediaTailorSessionLoggingRelease"} <= kinds


def _resources(app: App, stack: Stack) -> list[CfnResource]:
    app.synth(force=True)
    return [each for each in stack.node.find_all() if isinstance(each, CfnResource)]


@way_of
def test_a_channel_that_records_elsewhere_waits_for_the_role(way: Callable[[App], None]) -> None:
    """No configuration of the app stands between them; what a token will be, nobody knows."""
    stack = Stack(app := _app(), "Stack")
    aws_ivs.CfnChannel(stack, "Known", recording_configuration_arn=_ELSEWHERE)
    parameter = CfnParameter(stack, "Arn").value_as_string
    aws_ivs.CfnChannel(stack, "Unknown", recording_configuration_arn=parameter)
    joined = f"arn:{Aws.PARTITION}:ivs:{Aws.REGION}:{Aws.ACCOUNT_ID}:recording-configuration/A"
    aws_ivs.CfnChannel(stack, "Joined", recording_configuration_arn=joined)

    way(app)

    template = _template(stack)
    for each in ids_of(template, _STUDIO):
        assert template["Resources"][each]["DependsOn"] == [id_of(template, ROLE)]
    assert _found(app) == []


@way_of
def test_a_channel_follows_the_recording_of_another_stack(way: Callable[[App], None]) -> None:
    """Its stack waits for that stack, and so for that stack's role."""
    app = _app()
    first, second = Stack(app, "First"), Stack(app, "Second")
    arn = _configuration(first).attr_arn
    aws_ivs.CfnChannel(second, "Owner", recording_configuration_arn=arn)

    way(app)

    template = _template(second)
    assert ids_of(template, ROLE) == []
    assert _found(app) == []


@way_of
def test_a_condition_of_the_owner_is_that_of_its_release(
    tmp_path: Path, way: Callable[[App], None]
) -> None:
    """Without its owner, a release would refer to what is not there."""
    stack = Stack(app := _app(), "Stack")
    path = tmp_path / "template.json"
    owner = {"Type": _LIVE, "Properties": PROPERTIES["live"][1], "Condition": "IsLive"}
    conditions = {"IsLive": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}}
    path.write_text(json.dumps({"Conditions": conditions, "Resources": {"Owner": owner}}))
    CfnInclude(stack, "Included", template_file=str(path))

    way(app)

    resources = _template(stack)["Resources"]
    conditional = {each["Type"] for each in resources.values() if each.get("Condition") == "IsLive"}
    assert conditional == {
        _LIVE,
        "Custom::MediaPackageChannelLoggingRelease",
        "AWS::IAM::RolePolicy",
    }
    assert sum("Condition" in each for each in resources.values()) == 3


def test_a_construct_of_ours_keeps_the_condition_of_its_owner(stack: Stack) -> None:
    """In its own stack; another stack does not know the condition."""
    consumer = Stack(stack.node.root, "Consumer")  # type: ignore[arg-type]
    for scope in (stack, consumer):
        channel = aws_mediapackage.CfnChannel(stack, f"Of{scope.node.id}", id=scope.node.id)
        channel.cfn_options.condition = stack.node.try_find_child("IsWanted") or _condition(stack)  # type: ignore[assignment]
        MediaPackageAccessLogging(scope, "Logs", channel=channel)

    release = "Custom::MediaPackageChannelLoggingRelease"
    ours, theirs = _template(stack), _template(consumer)
    assert ours["Resources"][id_of(ours, release)]["Condition"] == "IsWanted"
    assert "Condition" not in theirs["Resources"][id_of(theirs, release)]


@way_of
def test_a_retained_owner_gets_the_role_and_no_release(way: Callable[..., None]) -> None:
    """It stays and goes on logging when its stack is deleted, so the role has to stay too."""
    stack = Stack(app := _app(), "Stack")
    _live(stack).apply_removal_policy(RemovalPolicy.RETAIN)

    way(app, removal=RoleRemoval.KEEP)

    template = _template(stack)
    assert template["Resources"]["Owner"]["DependsOn"] == [id_of(template, ROLE)]
    assert ids_of(template, "Custom::MediaPackageChannelLoggingRelease") == []
    assert _found(app) == []


def _native(scope: Construct) -> aws_iam.CfnServiceLinkedRole:
    principal = catalogue.MEDIAPACKAGE.service_principal
    return aws_iam.CfnServiceLinkedRole(scope, "Role", aws_service_name=principal)


def _at_once(stack: Stack, owner: CfnResource) -> str:
    native = _native(stack)
    native.add_resource_dependency(owner)
    return native.node.path


def _through_a_construct(stack: Stack, owner: CfnResource) -> str:
    around = Construct(stack, "Around")
    role = ServiceLinkedRole(around, "Role", definition=catalogue.MEDIAPACKAGE)
    around.node.add_dependency(owner)
    return f"{role.node.path}/Resource"


def _through_a_reference(stack: Stack, owner: CfnResource) -> str:
    parameter = CfnResource(
        stack, "Parameter", type="AWS::SSM::Parameter", properties={"Value": owner.ref}
    )
    native = _native(stack)
    native.add_resource_dependency(parameter)
    return native.node.path


def _through_the_function(stack: Stack, owner: CfnResource) -> str:
    ServiceLinkedRole.from_existing(stack, "Imported", catalogue.MEDIAPACKAGE)
    other = aws_mediapackage.CfnChannel(stack, "Other", id="other")
    MediaPackageAccessLogging(stack, "Logs", channel=other)
    function = stack.node.find_child("ServiceLinkedRoleFunction")
    function.node.add_dependency(owner)
    return f"{function.node.path}/Role"


@pytest.mark.parametrize(
    "circle", [_at_once, _through_a_construct, _through_a_reference, _through_the_function]
)
def test_fails_when_what_comes_first_waits_for_the_owner(
    stack: Stack, circle: Callable[[Stack, CfnResource], str]
) -> None:
    """CloudFormation would refuse the circle; nothing has been defined for the owner by then."""
    owner = _live(stack)
    first = circle(stack, owner)
    before = [each.node.path for each in stack.node.find_all()]

    with pytest.raises(UsageError) as refused:
        EnsureServiceLinkedRoles().apply_to(owner)

    assert str(refused.value) == (
        f"Stack/Owner: dependencies must be without a circle ({first} has to be created first),"
        f" got '{first} waits for Stack/Owner' [RoleWaitsForOwner]"
    )
    assert [each.node.path for each in owner.node.find_all()] == ["Stack/Owner"]
    assert owner.obtain_dependencies() == []
    assert {each.node.path for each in stack.node.find_all()} - {*before} <= {
        f"{first}/ServiceLinkedRole"
    }


@way_of
def test_a_refusal_reaches_the_user_in_the_same_words(way: Callable[[App], None]) -> None:
    """CDK has called, and raises an error of its own."""
    stack = Stack(app := _app(), "Stack")
    _at_once(stack, _live(stack))

    with pytest.raises(RuntimeError, match=re.escape("[RoleWaitsForOwner]")) as refused:
        _synth_after(way, app)

    assert str(refused.value).startswith("Stack/Owner: dependencies must be without a circle")


def _synth_after(way: Callable[[App], None], app: App) -> None:
    way(app)
    app.synth()


def test_what_waits_for_something_else_is_no_circle(stack: Stack) -> None:
    """A role may wait for whatever it likes."""
    owner = _live(stack)
    parameter = CfnResource(
        stack,
        "Parameter",
        type="AWS::SSM::Parameter",
        properties={"Value": Fn.sub("${AWS::Region}-Owner")},
    )
    native = _native(stack)
    native.add_resource_dependency(parameter)
    native.node.add_dependency(Stack(stack.node.root, "Other"))  # type: ignore[arg-type]

    EnsureServiceLinkedRoles().apply_to(owner)

    assert owner.obtain_dependencies() == [native]


def test_fails_when_the_function_would_have_too_many_rights(stack: Stack) -> None:
    """IAM's quota is refused in the name of the resource that was one too many."""
    owners = [_live(stack, f"Owner{number}") for number in range(200)]
    mend = EnsureServiceLinkedRoles()

    with pytest.raises(UsageError, match=re.escape("[FunctionRights]")) as refused:
        _apply_to_all(mend, owners)

    mended = sum(bool(each.node.children) for each in owners)
    assert str(refused.value).startswith(f"Stack/Owner{mended}: stack must be small enough")


def _apply_to_all(mend: EnsureServiceLinkedRoles, owners: list[Any]) -> None:
    for each in owners:
        mend.apply_to(each)


def test_the_region_is_warned_of_at_the_resource() -> None:
    """As a feature's construct does."""
    region = "mx-central-1"
    assert region not in (catalogue.MEDIAPACKAGE.regions or ())
    stack = Stack(_app(), "Stack", env={"region": region, "account": "111122223333"})
    owner = _live(stack)

    EnsureServiceLinkedRoles().apply_to(owner)

    (warning,) = (each for each in owner.node.metadata if each.type == "aws:cdk:warning")
    assert "is not offered" in str(warning.data)


_ANYTHING: tuple[Any, ...] = ("", {}, {"Ref": "AWS::NoValue"}, {"Fn::If": ["A", {}, {}]})

#: values of a property, by its type and name.
VALUES: dict[tuple[str, str], tuple[Any, ...]] = {
    (_PLAYBACK, "LogConfiguration"): (
        {"PercentEnabled": 0},
        {"PercentEnabled": "0"},
        {"PercentEnabled": 1},
        {"PercentEnabled": 9, "EnabledLoggingStrategies": ["VENDED_LOGS"]},
        {"PercentEnabled": 9, "EnabledLoggingStrategies": ["VENDED_LOGS", "LEGACY_CLOUDWATCH"]},
        *_ANYTHING,
    ),
    (_LINEAR, "LogConfiguration"): ({"LogTypes": []}, {"LogTypes": ["AS_RUN"]}, *_ANYTHING),
    (_LIVE, "IngressAccessLogs"): ({"LogGroupName": "/aws/MediaPackage/a"}, *_ANYTHING),
    (_LIVE, "EgressAccessLogs"): ({"LogGroupName": "/aws/MediaPackage/a"}, *_ANYTHING),
    (_VOD, "EgressAccessLogs"): ({"LogGroupName": "/aws/MediaPackage/a"}, *_ANYTHING),
    (_STUDIO, "RecordingConfigurationArn"): (_ELSEWHERE, *_ANYTHING),
    (_RECORDING, "DestinationConfiguration"): ({"S3": {"BucketName": "a"}},),
}
CASES = [(*key, value) for key, values in VALUES.items() for value in values]


@pytest.mark.parametrize(
    ("cfn_type", "prop", "value"), CASES, ids=[f"{number}" for number in range(len(CASES))]
)
def test_what_uses_a_role_is_the_same_in_templates(
    stack: Stack, cfn_type: str, prop: str, value: object
) -> None:
    """The guard and the command line say it of templates; neither imports the other."""
    owner = CfnResource(stack, "Owner", type=cfn_type, properties={prop: value})
    body = {"Type": cfn_type, "Properties": {prop: value}}
    template = {"Resources": {"Owner": body}}

    EnsureServiceLinkedRoles().apply_to(owner)

    users = users_in(template["Resources"], graph_of(template), calls=())
    assert is_in_order(owner) == bool(users)


#: templates that the guard knows to lack something that can be mended; what CDK 2 has made cannot
#: be included again.
_MENDED = ("RoleNotDeclared", "RoleOrder", "ReleaseMissing")
LACKING = [
    path
    for path in sorted((Path(__file__).parent / "guard" / "cases").glob("*.yaml"))
    if any(f"# expects: {each} " in (text := path.read_text()) for each in _MENDED)
    and "BootstrapVersion" not in text
    # which CDK cannot include
    and "Fn::ForEach" not in text
]


@pytest.mark.parametrize("path", LACKING, ids=[each.stem for each in LACKING])
def test_what_the_guard_finds_in_a_native_resource_is_mended(path: Path) -> None:
    """Its own cases, included in an app."""
    stack = Stack(app := _app(), "Stack")
    CfnInclude(stack, "Included", template_file=str(path))

    _mixin(app)

    found = _found(app)
    resources = _template(stack)["Resources"]
    assert [
        (rule, each)
        for rule, each in found
        if rule in _MENDED and each is not None and resources[each]["Type"] in _KINDS
    ] == []


def test_the_types_are_those_of_templates() -> None:
    """And what needs a release is the same."""
    assert {name: each.release is not None for name, each in _KINDS.items()} == {
        name: each.needs_release for name, each in _NATIVE_TYPES.items()
    }


def test_every_prop_is_explained_with_its_default() -> None:
    """As those of constructs are."""
    text = inspect.getdoc(EnsureServiceLinkedRoles) or ""
    entries = dict(re.findall(r"^    (\w+): ((?:.|\n(?!    \w+: |\w))*)", text, re.MULTILINE))
    _, *parameters = inspect.signature(
        vars(EnsureServiceLinkedRoles)["__init__"]
    ).parameters.values()

    assert parameters
    for each in parameters:
        assert each.kind is inspect.Parameter.KEYWORD_ONLY
        assert "Default:" in entries[each.name]
