"""`EnsureServiceLinkedRoles` in existing apps."""

from __future__ import annotations

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
from slr_constructs._registry import is_ordered
from slr_constructs.catalogue import Usage
from slr_constructs.guard.check import check
from slr_constructs.templates.app import App as Read
from tests.features.every_feature import RECIPES, linear_channel, playback_configuration
from tests.features.graph import NATIVE_ROLE, ROLE, id_of, ids_of, needs, properties_of
from tests.resource_types import EXAMPLES, NATIVE_TYPES, each_usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import IConstruct

    from slr_constructs.catalogue import ResourceType
    from tests.features.graph import Template

_LIVE, _VOD = "AWS::MediaPackage::Channel", "AWS::MediaPackage::PackagingGroup"
_RECORDING, _STUDIO = "AWS::IVS::RecordingConfiguration", "AWS::IVS::Channel"

_ELSEWHERE = "arn:aws:ivs:us-east-1:111122223333:recording-configuration/AbCdEf1G2hij"

#: The recipes whose feature a native property enables.
KINDS = ("sessions", "as-run", "live", "vod", "recording")


def _playback(scope: Construct, logs: Any = None) -> None:  # noqa: ANN401 - logs or a token
    l1 = aws_mediatailor.CfnPlaybackConfiguration
    playback_configuration(scope).log_configuration = logs or l1.LogConfigurationProperty(
        percent_enabled=100, enabled_logging_strategies=["LEGACY_CLOUDWATCH"]
    )


def _linear(scope: Construct) -> None:
    l1 = aws_mediatailor.CfnChannel
    logs = l1.LogConfigurationForChannelProperty(log_types=["AS_RUN"])
    linear_channel(scope).log_configuration = logs


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


#: The owners as L1s, without the constructs of the features.
PLAIN: dict[str, Callable[[Construct], Any]] = {
    "sessions": _playback,
    "as-run": _linear,
    "live": _live,
    "vod": _vod,
    "recording": _recording,
}


def _bare_recording(scope: Construct) -> None:
    configuration = CfnResource(
        scope, "Feature", type=_RECORDING, properties=EXAMPLES[_RECORDING].properties
    )
    arn = configuration.get_att("Arn")
    CfnResource(scope, "Owner", type=_STUDIO, properties={"RecordingConfigurationArn": arn})


def _bare(scope: Construct, kind: str) -> None:
    """Define an owner as a bare `CfnResource`."""
    if kind == "recording":
        _bare_recording(scope)
    else:
        cfn_type = RECIPES[kind].carrier
        CfnResource(scope, "Owner", type=cfn_type, properties=EXAMPLES[cfn_type].properties)


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
#: How CDK visits constructs: once, or until aspects add no more constructs.
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
    """Return the template of a stack, from a synthesis of its app or stage."""
    stage = Stage.of(stack)
    assert stage is not None
    template: Template = stage.synth(force=True).get_stack_artifact(stack.artifact_id).template
    return template


def _assembly(app: App) -> dict[str, bytes]:
    """Return all files of the assembly of an app."""
    folder = Path(app.synth(force=True).directory)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _found(app: App) -> list[tuple[str, str | None]]:
    """Return the rules and resources of the guard's findings in an app."""
    read = Read.read([Path(app.synth(force=True).directory)])
    return [(each.rule.id, each.resource) for each in check(read)]


@way_of
@visits_of
@kind_of
def test_a_plain_resource_gets_what_the_construct_defines(
    *, kind: str, stabilized: bool, way: Callable[[App], None]
) -> None:
    """Resources, properties and dependencies are the same; only construct ids differ."""
    ours, plain = Stack(_app(), "Stack"), Stack(app := _app(stabilized=stabilized), "Stack")
    RECIPES[kind].define(ours, "a", None)
    PLAIN[kind](plain)

    way(app)

    assert differences(_template(ours), _template(plain)) == []
    assert _found(app) == []


@way_of
@kind_of
def test_a_bare_resource_gets_the_same(kind: str, way: Callable[[App], None]) -> None:
    """A `CfnResource` has no specific class, but it has the resource type."""
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
    """`CfnInclude` creates L1s in the jsii kernel, not in Python."""
    ours, including = Stack(_app(), "Stack"), Stack(app := _app(), "Stack")
    RECIPES[kind].define(ours, "a", None)
    _included(including, kind, tmp_path)

    way(app)

    assert differences(_template(ours), _template(including)) == []
    assert _found(app) == []


@way_of
def test_the_l2s_of_ivs_get_the_role(way: Callable[[App], None]) -> None:
    """Their default children are the L1s; the channel depends on its recording configuration."""
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


def test_the_construct_ids_are_stable(stack: Stack) -> None:
    """The clean-up resource is below its owner; role and function are below the stack."""
    _playback(stack)

    _mixin(stack)

    paths = sorted(
        each.node.path for each in stack.node.find_all() if isinstance(each, CfnResource)
    )
    assert paths == [
        "Stack/AWSServiceRoleForMediaTailor/Resource",
        "Stack/AWSServiceRoleForMediaTailor/ResourcePolicy",
        "Stack/Owner",
        "Stack/Owner/ServiceLinkedRoleCleanUp",
        "Stack/Owner/ServiceLinkedRoleCleanUpPolicy",
        "Stack/ServiceLinkedRoleFunction/Events",
        "Stack/ServiceLinkedRoleFunction/Logs",
        "Stack/ServiceLinkedRoleFunction/Resource",
        "Stack/ServiceLinkedRoleFunction/Role",
    ]


def test_a_sip_media_application_may_be_in_another_region() -> None:
    """The role is the same in every region, and the function never configures the application."""
    stack = Stack(App(), "Stack", env={"region": "eu-west-1"})
    kind = "AWS::Chime::SipMediaApplication"
    properties = EXAMPLES[kind].properties
    assert properties["AwsRegion"] == "us-east-1"

    EnsureServiceLinkedRoles().apply_to(
        CfnResource(stack, "Owner", type=kind, properties=properties)
    )

    template = _template(stack)
    assert id_of(template, ROLE) in needs(template, id_of(template, kind))


@pytest.mark.parametrize(
    "again",
    [
        lambda _way, app, _: _mixin(app),
        lambda _way, app, _: _aspect(app),
        lambda _way, _, stack: _mixin(stack),
        lambda _way, _, stack: _aspect(stack),
        lambda way, app, _: way(app, removal=RoleRemoval.WHEN_UNUSED),
    ],
    ids=["mixin", "aspect", "mixin-on-the-stack", "aspect-on-the-stack", "same-removal"],
)
@way_of
def test_a_second_application_has_no_effect(
    again: Callable[[Callable[..., None], App, Stack], None], way: Callable[..., None]
) -> None:
    """The second one may be a mixin or an aspect, on the app or on a stack."""
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
    """Define resources that use no role."""
    stack = Stack(app, "Stack")
    aws_s3.Bucket(stack, "Bucket")
    aws_iam.Role(stack, "Role", assumed_by=aws_iam.AccountPrincipal("111122223333"))
    aws_logs.LogGroup.from_log_group_name(stack, "Logs", "logs")
    aws_s3.Bucket(NestedStack(stack, "Nested"), "Bucket")
    aws_s3.Bucket(Stack(Stage(app, "Stage"), "Stack"), "Bucket")


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
def test_an_app_that_needs_no_addition_does_not_change(
    *, define: Callable[[App], None], stabilized: bool, way: Callable[[App], None]
) -> None:
    """All files of the assembly are the same."""
    app, touched = _app(stabilized=stabilized), _app(stabilized=stabilized)
    define(app)
    define(touched)

    way(touched)

    assert _assembly(touched) == _assembly(app)


@jsii.implements(IAspect)
class _EnableLogs:
    """Another aspect, which enables all access logs."""

    def visit(self, node: IConstruct) -> None:
        """Enable the access logs of a channel."""
        if isinstance(node, aws_mediapackage.CfnChannel):
            node.egress_access_logs = aws_mediapackage.CfnChannel.LogConfigurationProperty()


def _enable_logs(app: App) -> None:
    Aspects.of(app).add(_EnableLogs())


def _aspect_of_priority(app: App) -> None:
    Aspects.of(app).add(EnsureServiceLinkedRoles(), priority=AspectPriority.READONLY - 1)


def _is_fixed(stack: Stack, owner: str = _LIVE) -> bool:
    template = _template(stack)
    clean_ups = [each for each in template["Resources"] if "CleanUp" in each]
    return bool(clean_ups) and id_of(template, ROLE) in needs(template, id_of(template, owner))


@way_of
@visits_of
def test_a_feature_that_is_enabled_later_is_fixed(
    *, stabilized: bool, way: Callable[[App], None]
) -> None:
    """Mixin and aspect check the properties at synthesis."""
    stack = Stack(app := _app(stabilized=stabilized), "Stack")
    channel = aws_mediapackage.CfnChannel(stack, "Owner", id="a")

    way(app)
    channel.egress_access_logs = aws_mediapackage.CfnChannel.LogConfigurationProperty()

    assert _is_fixed(stack)


@visits_of
@pytest.mark.parametrize(
    "orders",
    [
        (_enable_logs, _mixin),
        (_mixin, _enable_logs),
        (_enable_logs, _aspect),
        (_aspect_of_priority, _enable_logs),
    ],
    ids=["before-the-mixin", "after-the-mixin", "before-the-aspect", "by-priority"],
)
def test_a_feature_that_an_aspect_enables_is_fixed(
    *, orders: tuple[Callable[[App], None], ...], stabilized: bool
) -> None:
    """A mixin acts again after aspects that change properties; an aspect acts in its order."""
    stack = Stack(app := _app(stabilized=stabilized), "Stack")
    aws_mediapackage.CfnChannel(stack, "Owner", id="a")

    for each in orders:
        each(app)

    assert _is_fixed(stack)


def test_an_aspect_fixes_resources_that_are_defined_later() -> None:
    """A mixin does not: it is applied only to the resources that exist."""
    mixed, visited = Stack(_app(), "Stack"), Stack(_app(), "Stack")
    _mixin(mixed)
    _aspect(visited)
    _live(mixed)
    _live(visited)

    assert _is_fixed(visited)
    assert ids_of(_template(mixed), ROLE) == []


@way_of
@visits_of
def test_other_aspects_see_the_added_resources(
    *, stabilized: bool, way: Callable[[App], None]
) -> None:
    """Otherwise tags, permissions boundaries and checks would miss the function's role."""
    stack = Stack(app := _app(stabilized=stabilized), "Stack")
    _live(stack)

    way(app)
    Tags.of(app).add("owner", "video")

    template = _template(stack)
    role = template["Resources"][id_of(template, "AWS::IAM::Role")]
    assert role["Properties"]["Tags"] == [{"Key": "owner", "Value": "video"}]


def test_a_mixin_acts_on_stages_but_an_aspect_must_be_added_to_each() -> None:
    """CDK synthesizes a stage before it visits the constructs around the stage."""
    mixed, missed, added = (Stack(Stage(_app(), "Stage"), "Stack") for _ in range(3))
    for each in (mixed, missed, added):
        _live(each)

    _mixin(mixed.node.root)
    _aspect(missed.node.root)
    _aspect(Stage.of(added) or added)

    assert _is_fixed(mixed)
    assert _is_fixed(added)
    assert ids_of(_template(missed), ROLE) == []


@way_of
@visits_of
def test_every_stack_gets_its_own_role(*, stabilized: bool, way: Callable[[App], None]) -> None:
    """Nested stacks get their own role too, because each stack has its own lease."""
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
def test_an_included_nested_stack_gets_its_own_role(
    tmp_path: Path, way: Callable[[App], None]
) -> None:
    """Neither the stack nor its resources were created in Python."""
    inner = {"Resources": {"Owner": {"Type": _VOD, "Properties": EXAMPLES[_VOD].properties}}}
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
    assert len(ids_of(nested, "Custom::MediaPackagePackagingGroupLoggingCleanUp")) == 2
    assert _found(app) == []


@way_of
def test_a_role_that_the_stack_declares_is_used(way: Callable[..., None]) -> None:
    """The role keeps its own removal; the given removal is for roles that this class declares."""
    stack = Stack(app := _app(), "Stack")
    ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIAPACKAGE, removal=RoleRemoval.REQUIRE)
    _live(stack)

    way(app, removal=RoleRemoval.KEEP)

    template = _template(stack)
    role = template["Resources"][id_of(template, ROLE)]
    assert role["Properties"]["Removal"] == "REQUIRE"
    assert _is_fixed(stack)


@way_of
def test_a_role_that_the_stack_imports_is_used(way: Callable[[App], None]) -> None:
    """No resource depends on it, but the owner gets a clean-up resource."""
    stack = Stack(app := _app(), "Stack")
    ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIAPACKAGE)
    _live(stack)

    way(app)

    template = _template(stack)
    assert ids_of(template, ROLE) == []
    assert "DependsOn" not in template["Resources"]["Owner"]
    assert len(ids_of(template, "Custom::MediaPackageChannelLoggingCleanUp")) == 1


@way_of
@pytest.mark.parametrize("is_bare", [False, True], ids=["L1", "bare"])
def test_a_native_role_of_the_stack_is_used(*, is_bare: bool, way: Callable[[App], None]) -> None:
    """The native role does not change, and no second role is declared."""
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
    for cfn_type in (_LIVE, _VOD, "Custom::MediaPackageChannelLoggingCleanUp"):
        assert "Role" in template["Resources"][id_of(template, cfn_type)]["DependsOn"]
    assert template["Resources"]["Role"]["Properties"] == {"AWSServiceName": principal}


@way_of
def test_other_native_roles_are_not_used(way: Callable[[App], None]) -> None:
    """They are of another service, with a suffix, or in another, nested stack."""
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
def test_the_removal_is_used_for_declared_roles(
    removal: RoleRemoval, way: Callable[..., None]
) -> None:
    """It is the `removal` of `ServiceLinkedRole`."""
    stack = Stack(app := _app(), "Stack")
    _live(stack)

    way(app, removal=removal)

    template = _template(stack)
    role = template["Resources"][id_of(template, ROLE)]
    assert role["Properties"]["Removal"] == removal.value


@pytest.mark.parametrize(
    ("declare", "before"),
    [
        (_mixin, "WHEN_UNUSED"),
        (lambda app: _mixin(app, removal=RoleRemoval.REQUIRE), "REQUIRE"),
        (
            lambda app: ServiceLinkedRole.of(app.node.find_child("Stack"), catalogue.MEDIAPACKAGE),
            "WHEN_UNUSED",
        ),
    ],
    ids=["default", "another-removal", "another-feature"],
)
@way_of
def test_fails_when_the_role_was_declared_with_another_removal(
    declare: Callable[[App], object], before: str, way: Callable[..., None]
) -> None:
    """The setting is never ignored, unless the app declares the role as a construct."""
    stack = Stack(app := _app(), "Stack")
    _live(stack)
    declare(app)

    def apply() -> None:
        way(app, removal=RoleRemoval.KEEP)
        app.synth()

    # CDK wraps the error of an aspect
    with pytest.raises((UsageError, RuntimeError)) as refused:
        apply()

    assert (
        "Stack/Owner: Stack/AWSServiceRoleForMediaPackage already defines the role"
        f" AWSServiceRoleForMediaPackage in this stack with the removal setting {before}, not KEEP."
        " Declare the role with that setting before the features that use it, or omit removal."
        " [RoleRemovalSetTwice]"
    ) in str(refused.value)


@way_of
def test_a_managed_owner_does_not_conflict(way: Callable[..., None]) -> None:
    """A construct of this library manages the owner, so nothing is added to it."""
    stack = Stack(app := _app(), "Stack")
    MediaPackageAccessLogging(
        stack, "Logs", channel=aws_mediapackage.CfnChannel(stack, "Live", id="c")
    )
    before = _templates(app)

    way(app, removal=RoleRemoval.KEEP)

    assert _templates(app) == before


def test_fails_when_the_removal_is_invalid() -> None:
    """The message has the form of every other prop."""
    with pytest.raises(UsageError) as refused:
        EnsureServiceLinkedRoles(removal="KEEP")  # type: ignore[arg-type]

    assert (
        str(refused.value)
        == "EnsureServiceLinkedRoles: removal must be a RoleRemoval, got 'KEEP' [PropKind]"
    )


#: The values of a property that are unknown at synthesis.
UNKNOWN: dict[str, Callable[[Stack], Any]] = {
    "lazy": lambda _: Lazy.any(_Later()),
    "token": lambda _: Token.as_any(Fn.ref("Somewhere")),
    "choice": lambda stack: Fn.condition_if(
        _condition(stack).logical_id, {"PercentEnabled": 5}, Aws.NO_VALUE
    ),
}


@jsii.implements(IStableAnyProducer)
class _Later:
    """The later value of a property."""

    def produce(self) -> object:
        """Return an enabled log configuration."""
        return {"percentEnabled": 5}


def _condition(stack: Stack) -> CfnCondition:
    parameter = CfnParameter(stack, "Wanted")
    expression = Fn.condition_equals(parameter.value_as_string, "yes")
    return CfnCondition(stack, "IsWanted", expression=expression)


@way_of
@pytest.mark.parametrize("unknown", UNKNOWN)
def test_an_unknown_value_counts_as_enabled(unknown: str, way: Callable[[App], None]) -> None:
    """An unneeded clean-up resource does no harm; a missing one may keep the role forever."""
    stack = Stack(app := _app(), "Stack")
    _playback(stack, UNKNOWN[unknown](stack))

    way(app)

    kinds = {each.cfn_resource_type for each in _resources(app, stack)}
    assert {ROLE, "Custom::MediaTailorSessionLoggingCleanUp"} <= kinds


def _resources(app: App, stack: Stack) -> list[CfnResource]:
    app.synth(force=True)
    return [each for each in stack.node.find_all() if isinstance(each, CfnResource)]


@way_of
def test_a_channel_with_an_outside_recording_configuration_depends_on_the_role(
    way: Callable[[App], None],
) -> None:
    """The app has no recording configuration that depends on the role; a token may be outside."""
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
def test_a_channel_depends_on_the_recording_of_another_stack(way: Callable[[App], None]) -> None:
    """Its stack depends on that stack, and so on the role of that stack."""
    app = _app()
    first, second = Stack(app, "First"), Stack(app, "Second")
    arn = _configuration(first).attr_arn
    aws_ivs.CfnChannel(second, "Owner", recording_configuration_arn=arn)

    way(app)

    template = _template(second)
    assert ids_of(template, ROLE) == []
    assert _found(app) == []


@way_of
def test_the_clean_up_has_the_condition_of_its_owner(
    tmp_path: Path, way: Callable[[App], None]
) -> None:
    """Without its owner, the reference of the clean-up resource would be invalid."""
    stack = Stack(app := _app(), "Stack")
    path = tmp_path / "template.json"
    owner = {"Type": _LIVE, "Properties": EXAMPLES[_LIVE].properties, "Condition": "IsLive"}
    conditions = {"IsLive": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}}
    path.write_text(json.dumps({"Conditions": conditions, "Resources": {"Owner": owner}}))
    CfnInclude(stack, "Included", template_file=str(path))

    way(app)

    resources = _template(stack)["Resources"]
    conditional = {each["Type"] for each in resources.values() if each.get("Condition") == "IsLive"}
    assert conditional == {
        _LIVE,
        "Custom::MediaPackageChannelLoggingCleanUp",
        "AWS::IAM::RolePolicy",
    }
    assert sum("Condition" in each for each in resources.values()) == 3


def test_the_clean_up_of_a_construct_has_the_condition_of_its_owner(stack: Stack) -> None:
    """In another stack, the condition does not exist."""
    consumer = Stack(stack.node.root, "Consumer")  # type: ignore[arg-type]
    for scope in (stack, consumer):
        channel = aws_mediapackage.CfnChannel(stack, f"Of{scope.node.id}", id=scope.node.id)
        channel.cfn_options.condition = stack.node.try_find_child("IsWanted") or _condition(stack)  # type: ignore[assignment]
        MediaPackageAccessLogging(scope, "Logs", channel=channel)

    clean_up = "Custom::MediaPackageChannelLoggingCleanUp"
    ours, theirs = _template(stack), _template(consumer)
    assert ours["Resources"][id_of(ours, clean_up)]["Condition"] == "IsWanted"
    assert "Condition" not in theirs["Resources"][id_of(theirs, clean_up)]


@way_of
def test_a_retained_owner_gets_the_role_but_no_clean_up(way: Callable[..., None]) -> None:
    """It continues to log after its stack is deleted, so the role must also stay."""
    stack = Stack(app := _app(), "Stack")
    _live(stack).apply_removal_policy(RemovalPolicy.RETAIN)

    way(app, removal=RoleRemoval.KEEP)

    template = _template(stack)
    assert template["Resources"]["Owner"]["DependsOn"] == [id_of(template, ROLE)]
    assert ids_of(template, "Custom::MediaPackageChannelLoggingCleanUp") == []
    assert _found(app) == []


def _native(scope: Construct) -> aws_iam.CfnServiceLinkedRole:
    principal = catalogue.MEDIAPACKAGE.service_principal
    return aws_iam.CfnServiceLinkedRole(scope, "Role", aws_service_name=principal)


def _directly(stack: Stack, owner: CfnResource) -> str:
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
    return f"{function.node.path}/Logs"


@pytest.mark.parametrize(
    "cycle", [_directly, _through_a_construct, _through_a_reference, _through_the_function]
)
def test_fails_when_the_role_or_the_function_depends_on_the_owner(
    stack: Stack, cycle: Callable[[Stack, CfnResource], str]
) -> None:
    """CloudFormation would reject the circular dependency; nothing is added to the owner."""
    owner = _live(stack)
    first = cycle(stack, owner)
    before = [each.node.path for each in stack.node.find_all()]

    with pytest.raises(UsageError) as refused:
        EnsureServiceLinkedRoles().apply_to(owner)

    assert str(refused.value) == (
        f"Stack/Owner: {first} depends on Stack/Owner, but must be created before it, which is a"
        " circular dependency. Remove that dependency. [RoleDependsOnOwner]"
    )
    assert [each.node.path for each in owner.node.find_all()] == ["Stack/Owner"]
    assert owner.obtain_dependencies() == []
    assert {each.node.path for each in stack.node.find_all()} - {*before} <= {
        f"{first}/ServiceLinkedRole"
    }


@way_of
def test_the_error_of_cdk_has_the_same_text(way: Callable[[App], None]) -> None:
    """CDK calls the mixin or aspect, and wraps its error."""
    stack = Stack(app := _app(), "Stack")
    _directly(stack, _live(stack))

    with pytest.raises(RuntimeError, match=re.escape("[RoleDependsOnOwner]")) as refused:
        _synth_after(way, app)

    assert str(refused.value).startswith("Stack/Owner: Stack/Role depends on Stack/Owner, but")


def _synth_after(way: Callable[[App], None], app: App) -> None:
    way(app)
    app.synth()


def test_a_role_may_depend_on_other_resources(stack: Stack) -> None:
    """Only a dependency on the owner is circular."""
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


def test_fails_when_the_function_policy_would_be_too_large(stack: Stack) -> None:
    """The error names the resource that exceeds IAM's quota."""
    owners = [_live(stack, f"Owner{number}") for number in range(200)]
    fix = EnsureServiceLinkedRoles()

    with pytest.raises(UsageError, match=re.escape("[FunctionPolicyTooLarge]")) as refused:
        _apply_to_all(fix, owners)

    fixed = sum(bool(each.node.children) for each in owners)
    assert str(refused.value).startswith(f"Stack/Owner{fixed}: The policies of the function")


def _apply_to_all(fix: EnsureServiceLinkedRoles, owners: list[Any]) -> None:
    for each in owners:
        fix.apply_to(each)


def test_the_resource_has_the_warning_about_the_region() -> None:
    """The construct of a feature has the same warning."""
    region = "mx-central-1"
    assert region not in (catalogue.MEDIAPACKAGE.regions or ())
    stack = Stack(_app(), "Stack", env={"region": region, "account": "111122223333"})
    owner = _live(stack)

    EnsureServiceLinkedRoles().apply_to(owner)

    (warning,) = (each for each in owner.node.metadata if each.type == "aws:cdk:warning")
    assert "is not offered" in str(warning.data)


@way_of
@each_usage
def test_every_native_type_gets_what_it_needs(
    target: ResourceType, properties: dict[str, Any], usage: Usage, way: Callable[[App], None]
) -> None:
    """The role, and the clean-up resource if the feature must be disabled first, or nothing."""
    stack = Stack(app := _app(), "Stack")
    owner = CfnResource(stack, "Owner", type=target.type, properties=properties)

    way(app)

    template = _template(stack)
    added = {each["Type"] for each in template["Resources"].values()} - {target.type}
    if usage is Usage.DOES_NOT_USE:
        assert added == set()
        assert "DependsOn" not in template["Resources"]["Owner"]
        return
    assert is_ordered(owner)
    assert properties_of(template, ROLE)["RoleName"] == target.role.role_name
    assert id_of(template, ROLE) in needs(template, "Owner")
    if target.contracts.clean_up is None:
        assert not [each for each in added if each.endswith("CleanUp")]
    else:
        clean_up = id_of(template, target.contracts.clean_up.RESOURCE_TYPE)
        assert {"Owner", id_of(template, ROLE)} <= needs(template, clean_up)


#: The rules whose findings this class fixes in templates. A template that CDK 2 wrote cannot be
#: included again.
NATIVE_NAMES = {each.type for each in NATIVE_TYPES}
_FIXED = ("RoleNotDeclared", "RoleOrder", "CleanUpMissing")
#: CDK cannot include repeated keys, keys that are not texts or have braces, and SAM functions whose
#: events refer to resources that depend on them.
_NOT_INCLUDED = {
    "duplicate-key",
    "logical-id-with-braces",
    "logical-ids-that-yaml-takes-for-other-values",
    "sam-function-events",
    "sam-function-in-a-real-cycle",
    "sam-function-with-an-alarm",
    "sam-queue-that-its-function-writes",
    "sam-state-machine-events",
}
LACKING = [
    path
    for path in sorted((Path(__file__).parent / "guard" / "cases").glob("*.yaml"))
    if any(f"# expects: {each} " in (text := path.read_text()) for each in _FIXED)
    and "BootstrapVersion" not in text
    and path.stem not in _NOT_INCLUDED
    # CDK cannot include such a template
    and "Fn::ForEach" not in text
]


@pytest.mark.parametrize("path", LACKING, ids=[each.stem for each in LACKING])
def test_the_findings_of_the_guard_in_native_resources_are_fixed(path: Path) -> None:
    """The templates are the cases of the guard, included in an app."""
    stack = Stack(app := _app(), "Stack")
    CfnInclude(stack, "Included", template_file=str(path))

    _mixin(app)

    found = _found(app)
    resources = _template(stack)["Resources"]
    assert [
        (rule, each)
        for rule, each in found
        if rule in _FIXED and each is not None and resources[each]["Type"] in NATIVE_NAMES
    ] == []
