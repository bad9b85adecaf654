"""Apps to draw: real apps, and apps whose names could break a picture."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_sns, aws_sqs

from sample_app.app import build
from slr_constructs import VoiceConnectorStreaming
from slr_constructs.templates.app import App
from slr_constructs.templates.reading import StackTemplate
from tests.features.every_feature import RECIPES

if TYPE_CHECKING:
    from constructs import Construct

ROOT = Path(__file__).parents[2]
CONTEXT = json.loads((ROOT / "cdk.json").read_text())["context"]
#: context that the CDK command line sets by itself.
PATHS = {"aws:cdk:enable-path-metadata": True}

HOSTILE = [
    '"><script>alert(1)</script>',
    "</script><script>alert(2)</script>",
    "<!--",
    "]]>",
    "&amp;&lt;",
    "'\"` #quot; #35;",
    "end",
    "1. one",
    "- two",
    "*three* _four_ **five**",
    "`six`",
    "subgraph [x](y) {{z}} ((a)) |b| -->",
    "<img src=x onerror=alert(3)>",
    "javascript:alert(4)",
    "%%{init: {}}%%",
    "Ünï-ço∂é/Größe/日本語の名前/😀/עברית",
    "line\nbreak\ttab\x00\x1b\x85\ud800\uffff",
    "${alert(5)} \\u003c {0} {title}",
    "__proto__",
    "constructor",
    "Very/" + "Long" * 120,
    " ",
]


def _read(app: cdk.App) -> App:
    return App.read([Path(app.synth().directory)])


@cache
def sample() -> App:
    """Return the sample app."""
    with TemporaryDirectory() as folder:
        return _read(build(cdk.App(context=CONTEXT | PATHS, outdir=folder)))


@cache
def every_feature() -> App:
    """Return an app with a stack for every feature on every kind of owner."""
    with TemporaryDirectory() as folder:
        app = cdk.App(context=PATHS, outdir=folder)
        for name, recipe in RECIPES.items():
            recipe.define(cdk.Stack(app, name), "a", None)
        return _read(app)


@cache
def plain() -> App:
    """Return stacks without service-linked roles that depend on one another."""
    with TemporaryDirectory() as folder:
        app = cdk.App(context=PATHS, outdir=folder)
        one, two, three = (cdk.Stack(app, name) for name in ("One", "Two", "Three"))
        topic = aws_sns.CfnTopic(one, "Topic")
        for number in range(3):
            queue = aws_sqs.CfnQueue(two, f"Queue{number}")
            aws_sns.CfnSubscription(
                two,
                f"Subscription{number}",
                topic_arn=topic.ref,
                protocol="sqs",
                endpoint=queue.attr_arn,
            )
        three.add_stack_dependency(two)
        return _read(app)


@cache
def nested() -> App:
    """Return a stage whose stack has nested stacks, two levels deep, with dependencies on them."""
    with TemporaryDirectory() as folder:
        app = cdk.App(context=PATHS, outdir=folder)
        stage = cdk.Stage(app, "Prod")
        parent = cdk.Stack(stage, "Parent")
        before = aws_sqs.CfnQueue(parent, "Before")
        child = cdk.NestedStack(parent, "Child")
        child.node.add_dependency(before)
        connector = _connector(child)
        VoiceConnectorStreaming(child, "Streaming", voice_connector=connector)
        grandchild = cdk.NestedStack(child, "Grandchild")
        aws_sqs.CfnQueue(grandchild, "Deep")
        sibling = cdk.NestedStack(parent, "Sibling")
        aws_sqs.CfnQueue(sibling, "Queue")
        aws_sqs.CfnQueue(parent, "After").node.add_dependency(child)
        later = cdk.Stack(stage, "Later")
        aws_sqs.CfnQueue(later, "Queue")
        later.add_stack_dependency(parent)
        return _read(app)


def _connector(scope: Construct) -> cdk.aws_chime.CfnVoiceConnector:
    return cdk.aws_chime.CfnVoiceConnector(scope, "Lines", name="l", require_encryption=True)


def hand_written() -> App:
    """Return a template without construct paths and with many dependencies, and an empty one."""
    chain: dict[str, Any] = {
        f"R{number}": {"Type": "Some::Type", "DependsOn": [f"R{other}" for other in range(number)]}
        for number in range(12)
    }
    diamond = {
        "Top": {"Type": "A::B::C"},
        "Left": {"Type": "A::B::C", "Properties": {"Of": {"Ref": "Top"}}},
        "Right": {"Type": "A::B::C", "Properties": {"Of": {"Fn::GetAtt": ["Top", "Arn"]}}},
        "Bottom": {"Type": "A::B::C", "DependsOn": ["Left", "Right", "Top"]},
        "Single": {"Type": "A::B::C"},
    }
    return App(
        [
            StackTemplate("hand", {"Resources": chain | diamond}),
            StackTemplate("empty", {"Resources": {}}, depends_on=("hand",)),
        ]
    )


def hostile() -> App:
    """Return stacks, resources and types whose names contain syntax of several languages."""
    resources: dict[str, Any] = {}
    before: list[str] = []
    for path in HOSTILE:
        # cfn-lint reads no order from a template with braces in its ids and types
        name = path.replace("{", "(").replace("}", ")")
        type_ = "Custom::ServiceLinkedRole" if len(before) % 7 == 0 else f"Custom::{name}"
        resources[name] = {
            "Type": type_,
            "DependsOn": before[-2:],
            "Metadata": {"aws:cdk:path": f"Stack/{path}"},
            "Properties": {"RoleName": name},
        }
        before.append(name)
    return App(
        [
            StackTemplate(
                name,
                {"Resources": resources if number == 0 else {}},
                not_analyzed=((None, name),),
            )
            for number, name in enumerate(HOSTILE)
        ]
    )


def nothing() -> App:
    """Return an app without stacks."""
    return App([])


def large(stacks: int = 10, resources: int = 500) -> App:
    """Return a very large app, in which each resource depends on up to three others."""
    role = {"Type": "Custom::ServiceLinkedRole", "Properties": {"RoleName": "R"}}
    body: dict[str, Any] = {"R0": role}
    for number in range(1, resources):
        body[f"R{number}"] = {
            "Type": "AWS::SQS::Queue",
            "DependsOn": sorted({f"R{number // 2}", f"R{number // 3}", f"R{number * 7 % number}"}),
        }
    return App(
        [
            StackTemplate(
                f"Stack{number}",
                {"Resources": body},
                depends_on=(f"Stack{number - 1}",) if number else (),
            )
            for number in range(stacks)
        ]
    )


#: by the name that is used in test ids.
APPS = {
    each.__name__.replace("_", "-"): each
    for each in (sample, every_feature, plain, nested, hand_written, hostile, nothing)
}
