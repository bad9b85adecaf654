"""Stacks without a place for assets: the function's code is in their templates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cdk_stacksets
import pytest
from aws_cdk import (
    Acknowledgment,
    App,
    BootstraplessSynthesizer,
    CfnOutput,
    CfnResource,
    DefaultStackSynthesizer,
    Stack,
    Stage,
    Validations,
    aws_s3,
    aws_servicecatalog,
)
from constructs import Construct, RootConstruct

from slr_constructs import ServiceLinkedRole, ServiceLinkedRoleFunction, UsageError, catalogue
from slr_constructs._function_definition import REQUEST_BYTES, inline_code
from slr_constructs._template_size import _TemplateSize
from slr_constructs.testing import template_of
from tests.cli.commands import run_command
from tests.features.every_feature import RECIPES
from tests.features.graph import FUNCTION, properties_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.features.graph import Template

INLINE = {"ZipFile": inline_code()}
#: in the report that CDK prints for a template that is too large.
WARNING = "TemplateTooLarge"


def define_everything(stack: Stack) -> None:
    """Define every feature, with an owner of the app and with an existing one."""
    for number, (name, recipe) in enumerate(RECIPES.items()):
        recipe.define(Construct(stack, name), chr(ord("a") + number), None)


def define_role(stack: Stack) -> None:
    """Define one role."""
    ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR)


def bootstrapless(app: App) -> Stack:
    """Return a stack that needs no bootstrap resources."""
    return Stack(app, "Stack", synthesizer=BootstraplessSynthesizer())


def stack_set(app: App) -> Stack:
    """Return the stack of a stack set."""
    parent = Stack(app, "Parent")
    stack = cdk_stacksets.StackSetStack(parent, "Stack")
    cdk_stacksets.StackSet(
        parent,
        "StackSet",
        target=cdk_stacksets.StackSetTarget.from_accounts(
            regions=["us-east-1"], accounts=["111122223333"]
        ),
        template=cdk_stacksets.StackSetTemplate.from_stack_set_stack(stack),
    )
    return stack


def product(app: App) -> Stack:
    """Return the stack of a product of Service Catalog."""
    parent = Stack(app, "Parent")
    stack = aws_servicecatalog.ProductStack(parent, "Stack")
    aws_servicecatalog.CloudFormationProduct(
        parent,
        "Product",
        product_name="roles",
        owner="platform",
        product_versions=[
            aws_servicecatalog.CloudFormationProductVersion(
                cloud_formation_template=(
                    aws_servicecatalog.CloudFormationTemplate.from_product_stack(stack)
                )
            )
        ],
    )
    return stack


WITHOUT_ASSETS = pytest.mark.parametrize("kind", [bootstrapless, stack_set, product])


def template_in(app: App, stack: Stack) -> Template:
    """Synthesize an app, and return the template of a stack in it."""
    (path,) = Path(app.synth().directory).rglob(stack.template_file)
    template: Template = json.loads(path.read_text())
    return template


def warnings_of(app: App) -> list[str]:
    """Return the paths of the stacks that a warning about their size names."""
    report = Path(app.outdir, "validation-report.json")
    if not report.exists():
        return []
    return [
        construct["constructPath"]
        for plugin in json.loads(report.read_text())["pluginReports"]
        for each in plugin["violations"]
        if each["ruleName"] == WARNING
        for construct in each["violatingConstructs"]
    ]


@WITHOUT_ASSETS
def test_every_feature_is_synthesized_without_assets(
    kind: Callable[[App], Stack], tmp_path: Path
) -> None:
    """The code is inline, and nothing else of the stack needs a bucket."""
    app = App(outdir=str(tmp_path))
    stack = kind(app)
    define_everything(stack)

    function = properties_of(template_in(app, stack), FUNCTION)

    assert function["Code"] == INLINE
    assert function["Handler"] == "index.handler"
    packagings = [
        file["source"]["packaging"]
        for assets in tmp_path.glob("*.assets.json")
        for file in json.loads(assets.read_text())["files"].values()
    ]
    assert set(packagings) <= {"file"}, "only templates are uploaded"


@WITHOUT_ASSETS
def test_only_the_code_and_its_handler_differ(kind: Callable[[App], Stack], tmp_path: Path) -> None:
    """The resources are those of a stack that uploads the code."""
    app = App(outdir=str(tmp_path))
    stack = kind(app)
    other = Stack(App(), "Stack")
    for each in (stack, other):
        define_role(each)

    inline, uploaded = template_in(app, stack), template_of(other)
    for template in (inline, uploaded):
        function = properties_of(template, FUNCTION)
        del function["Code"], function["Handler"]

    assert inline["Resources"] == uploaded["Resources"]


def test_the_code_is_inline_on_request(stack: Stack) -> None:
    """The synthesizer has a place for assets, and gets none."""
    ServiceLinkedRoleFunction.configure(stack, inline_code=True)
    define_role(stack)

    app = stack.node.root
    assert isinstance(app, App)
    assert properties_of(template_in(app, stack), FUNCTION)["Code"] == INLINE
    assert [*Path(app.outdir).glob("asset.*")] == []


def test_the_code_is_an_asset_by_default(stack: Stack) -> None:
    """A stack with a bucket uploads the code."""
    define_role(stack)

    function = properties_of(template_of(stack), FUNCTION)
    assert "ZipFile" not in function["Code"]
    assert function["Handler"] == "slr_handler.entrypoint.handler"


@pytest.mark.parametrize("value", [None, "yes", 1], ids=str)
def test_fails_when_inline_code_is_not_a_boolean(stack: Stack, value: Any) -> None:  # noqa: ANN401 - of any type
    """The sentence names the stack, the prop and the value."""
    with pytest.raises(UsageError) as refused:
        ServiceLinkedRoleFunction.configure(stack, inline_code=value)

    assert str(refused.value) == (
        f"Stack: inline_code must be True or False, got {value!r} [PropKind]"
    )


def test_a_stack_set_with_buckets_uploads_the_code(tmp_path: Path) -> None:
    """cdk-stacksets copies assets to a bucket in each region. It is older than names of assets."""
    app = App(outdir=str(tmp_path))
    parent = Stack(app, "Parent")
    stack = cdk_stacksets.StackSetStack(
        parent,
        "Stack",
        asset_buckets=[aws_s3.Bucket.from_bucket_name(parent, "Bucket", "assets-us-east-1")],
        asset_bucket_prefix="assets",
    )
    define_role(stack)

    code = properties_of(template_in(app, stack), FUNCTION)["Code"]
    assert code["S3Bucket"] == {"Fn::Join": ["-", ["assets", {"Ref": "AWS::Region"}]]}


def test_a_product_with_a_bucket_uploads_the_code(tmp_path: Path) -> None:
    """Service Catalog copies the assets of a product to its bucket."""
    app = App(outdir=str(tmp_path))
    parent = Stack(app, "Parent")
    bucket = aws_s3.Bucket(parent, "Bucket", bucket_name="assets")
    stack = aws_servicecatalog.ProductStack(parent, "Stack", asset_bucket=bucket)
    define_role(stack)

    assert "S3Key" in properties_of(template_in(app, stack), FUNCTION)["Code"]


def test_another_error_of_the_synthesizer_is_raised() -> None:
    """Only the known answers of synthesizers without a place for assets are expected."""

    class Broken(DefaultStackSynthesizer):
        def add_file_asset(self, **_asset: object) -> Any:  # noqa: ANN401
            raise RuntimeError("the bucket is read-only")

    stack = Stack(App(), "Stack", synthesizer=Broken())

    with pytest.raises(RuntimeError, match="the bucket is read-only"):
        define_role(stack)


@pytest.mark.parametrize("outputs", [0, 190], ids=["small", "large"])
def test_a_large_template_without_a_bucket_gets_one_warning(outputs: int, tmp_path: Path) -> None:
    """It names the size and the limit, and it does not fail the synthesis."""
    app = App(outdir=str(tmp_path))
    stack = bootstrapless(app)
    define_role(stack)
    ServiceLinkedRole(stack, "Other", definition=catalogue.MEDIAPACKAGE)
    for number in range(outputs):
        CfnOutput(stack, f"Output{number}", value="x" * 50)

    app.synth()

    size = (tmp_path / "Stack.template.json").stat().st_size
    assert (size > REQUEST_BYTES) == bool(outputs)
    assert warnings_of(app) == (["Stack"] if outputs else [])
    if outputs:
        report = (tmp_path / "validation-report.json").read_text()
        assert f"Stack has {size:,} bytes, but CloudFormation accepts at most 51,200" in report


def test_each_large_stack_of_an_app_is_named(tmp_path: Path) -> None:
    """Also in stages. Small stacks beside it, and stacks without a function, are not."""
    app = App(outdir=str(tmp_path))
    for scope, name in ((app, "A"), (Stage(app, "Prod"), "B"), (app, "Small")):
        stack = Stack(scope, name, synthesizer=BootstraplessSynthesizer())
        define_role(stack)
        for number in range(0 if name == "Small" else 190):
            CfnOutput(stack, f"Output{number}", value="x" * 60)
    plain = Stack(app, "Plain", synthesizer=BootstraplessSynthesizer())
    CfnResource(plain, "Large", type="AWS::X::Y", properties={"Text": "x" * REQUEST_BYTES})

    app.synth()

    assert sorted(warnings_of(app)) == ["A", "Prod/B"]


def test_the_warning_can_be_acknowledged(tmp_path: Path) -> None:
    """As CDK prints it, for a template that is deployed in another way."""
    app = App(outdir=str(tmp_path))
    stack = bootstrapless(app)
    define_role(stack)
    for number in range(190):
        CfnOutput(stack, f"Output{number}", value="x" * 60)
    plugin = _TemplateSize()
    (rule,) = plugin.rule_ids
    Validations.of(stack).acknowledge(
        Acknowledgment(id=f"{plugin.name}::{rule}", reason="we upload the template")
    )

    app.synth()

    assert warnings_of(app) == []


def test_a_large_template_with_a_bucket_gets_no_warning(tmp_path: Path) -> None:
    """CDK uploads it."""
    app = App(outdir=str(tmp_path))
    ServiceLinkedRoleFunction.configure(app, inline_code=True)
    stack = Stack(app, "Stack")
    define_role(stack)
    for number in range(190):
        CfnOutput(stack, f"Output{number}", value="x" * 60)

    app.synth()

    assert (tmp_path / "Stack.template.json").stat().st_size > REQUEST_BYTES
    assert warnings_of(app) == []


def test_a_stack_outside_of_an_app_gets_no_warning() -> None:
    """CDK has no place for the warning, and such a stack is not deployed."""
    stack = Stack(RootConstruct("Root"), "Stack", synthesizer=BootstraplessSynthesizer())
    ServiceLinkedRoleFunction.configure(stack, inline_code=True)

    define_role(stack)

    assert stack.node.find_child("ServiceLinkedRoleFunction").node.try_find_child("Code") is None


@WITHOUT_ASSETS
def test_our_own_rules_find_nothing(kind: Callable[[App], Stack], tmp_path: Path) -> None:
    """The rules know the inline function as one of this library."""
    app = App(outdir=str(tmp_path))
    define_everything(kind(app))
    app.synth()

    result = run_command("check", tmp_path, "--fail-on", "note")

    assert (result.exit_code, result.stderr) == (0, "")
