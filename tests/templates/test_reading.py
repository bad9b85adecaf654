"""Cloud assemblies of CDK, templates in many forms, and invalid files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk
import pytest
from aws_cdk import CfnOutput, NestedStack, Stack, Stage, aws_sns
from constructs import Construct

from slr_constructs import ServiceLinkedRole, catalogue
from slr_constructs.catalogue.role_definition import IMPORTED
from slr_constructs.templates.reading import StackTemplate, TemplateError, read
from tests.templates.apps import CONTEXT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TOPIC = {"Type": "AWS::SNS::Topic"}


def synthesized(
    folder: Path,
    define: Callable[[aws_cdk.App], object],
    **context: Any,  # noqa: ANN401
) -> Path:
    """Synthesize an assembly, and return its folder."""
    out = folder / "cdk.out"
    app = aws_cdk.App(outdir=str(out), analytics_reporting=False, context=CONTEXT | context)
    define(app)
    app.synth()
    return out


def names(stacks: list[StackTemplate]) -> list[str]:
    """Return the names of the stacks."""
    return [each.name for each in stacks]


def written(folder: Path, name: str, content: Any) -> Path:  # noqa: ANN401 - what JSON has
    """Write a file: a text unchanged, any other content as JSON."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def refused(*paths: Path) -> str:
    """Return the error for paths that cannot be read."""
    with pytest.raises(TemplateError) as error:
        read(paths)
    return str(error.value)


# assemblies


def test_the_stacks_of_an_assembly_have_dependencies(tmp_path: Path) -> None:
    """They come from the manifest, without the assets."""

    def define(app: aws_cdk.App) -> None:
        first, second = Stack(app, "First"), Stack(app, "Second", stack_name="other-name")
        CfnOutput(second, "Name", value=aws_sns.Topic(first, "Topic").topic_name)
        aws_sns.Topic(second, "Topic")

    stacks = read([synthesized(tmp_path, define)])

    assert [(each.name, each.depends_on) for each in stacks] == [
        ("First", ()),
        ("Second", ("First",)),
    ] or [(each.name, each.depends_on) for each in stacks] == [
        ("First", ()),
        ("Second (other-name)", ("First",)),
    ]


def test_the_manifest_selects_its_assembly(tmp_path: Path) -> None:
    """Shells may complete the name of the file."""
    out = synthesized(tmp_path, lambda app: aws_sns.Topic(Stack(app, "Show"), "Topic"))

    assert read([out]) == read([out / "manifest.json"])


def test_stages_have_their_own_assemblies(tmp_path: Path) -> None:
    """The names of their stacks start with the name of the stage."""

    def define(app: aws_cdk.App) -> None:
        for name in ("Test", "Prod"):
            stage = Stage(app, name)
            first, second = Stack(stage, "First"), Stack(stage, "Second")
            aws_sns.Topic(first, "Topic")
            aws_sns.Topic(second, "Topic")
            second.add_stack_dependency(first)

    stacks = read([synthesized(tmp_path, define)])

    assert {each.name: each.depends_on for each in stacks} == {
        "Test/First": (),
        "Test/Second": ("Test/First",),
        "Prod/First": (),
        "Prod/Second": ("Prod/First",),
    }


@pytest.mark.parametrize("metadata", [True, False])
def test_nested_stacks_follow_their_parents(tmp_path: Path, *, metadata: bool) -> None:
    """Their files come from the metadata, or from the manifest of the assets without it."""

    def define(app: aws_cdk.App) -> None:
        inner = NestedStack(Stack(app, "Show"), "Inner")
        aws_sns.Topic(inner, "Topic")
        aws_sns.Topic(NestedStack(inner, "Innermost"), "Topic")

    context = {"aws:cdk:enable-asset-metadata": metadata}
    stacks = read([synthesized(tmp_path, define, **context)])

    assert names(stacks) == ["Show", "Show/Inner", "Show/Inner/Innermost"]
    outer, inner, innermost = stacks
    for parent, nested in ((outer, inner), (inner, innermost)):
        assert nested.nested_in is not None
        name, logical_id = nested.nested_in
        assert name == parent.name
        assert parent.template["Resources"][logical_id]["Type"] == "AWS::CloudFormation::Stack"
        assert parent.not_analyzed == ()


def test_nested_stacks_with_the_same_id_are_distinguished_by_scope(tmp_path: Path) -> None:
    """Two constructs of the same class may each have a nested stack."""

    def define(app: aws_cdk.App) -> None:
        show = Stack(app, "Show")
        for name in "AB":
            inner = NestedStack(Construct(show, name), "Inner")
            aws_sns.Topic(NestedStack(Construct(inner, "C"), "Innermost"), "Topic")

    assert sorted(names(read([synthesized(tmp_path, define)]))) == [
        "Show",
        "Show/A/Inner",
        "Show/A/Inner/C/Innermost",
        "Show/B/Inner",
        "Show/B/Inner/C/Innermost",
    ]


@pytest.mark.parametrize(
    ("env", "account", "region"),
    [
        (None, None, None),
        ({"region": "eu-west-1"}, None, "eu-west-1"),
        ({"account": "111122223333", "region": "us-east-1"}, "111122223333", "us-east-1"),
    ],
    ids=["agnostic", "region", "both"],
)
def test_a_stack_has_its_account_and_region(
    tmp_path: Path, env: dict[str, str] | None, account: str | None, region: str | None
) -> None:
    """Nested stacks have those of their parent."""

    def define(app: aws_cdk.App) -> None:
        show = Stack(app, "Show", env=aws_cdk.Environment(**env) if env else None)
        aws_sns.Topic(NestedStack(show, "Inner"), "Topic")

    stacks = read([synthesized(tmp_path, define)])

    assert [(each.account, each.region) for each in stacks] == [(account, region)] * 2


def test_imported_roles_are_in_the_metadata_of_their_stack(tmp_path: Path) -> None:
    """CDK writes the metadata into a file of its own; earlier versions wrote it into the manifest.

    A template has no trace of an import.
    """
    name = catalogue.MEDIATAILOR.role_name

    def define(app: aws_cdk.App) -> None:
        inner = NestedStack(Stack(app, "Show"), "Inner")
        ServiceLinkedRole.from_existing(inner, "Role", catalogue.MEDIATAILOR)
        aws_sns.CfnTopic(inner, "Topic")
        aws_sns.CfnTopic(Stack(Stage(app, "Beta"), "Show"), "Topic")

    out = synthesized(tmp_path, define)
    imported = {each.name: each.imported for each in read([out])}
    assert imported == {"Show": (name,), "Show/Inner": (name,), "Beta/Show": ()}

    manifest = json.loads((out / "manifest.json").read_text())
    artifact = manifest["artifacts"]["Show"]
    if "additionalMetadataFile" in artifact:
        file = out / artifact.pop("additionalMetadataFile")
        artifact["metadata"] = json.loads(file.read_text())
    else:
        (out / "Show.metadata.json").write_text(json.dumps(artifact.pop("metadata")))
        artifact["additionalMetadataFile"] = "Show.metadata.json"
    (out / "manifest.json").write_text(json.dumps(manifest))
    assert {each.name: each.imported for each in read([out])} == imported

    assert read([out / "Show.template.json"])[0].imported == ()


@pytest.mark.parametrize(
    "entries", ["x", [1], [{"type": IMPORTED}], [{"type": IMPORTED, "data": 1}]]
)
def test_metadata_may_be_anything(tmp_path: Path, entries: object) -> None:
    """Other tools may write metadata too."""
    out = synthesized(tmp_path, lambda app: aws_sns.CfnTopic(Stack(app, "Show"), "Topic"))
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["artifacts"]["Show"]["metadata"] = {"/Show/Role": entries}
    written(out, "manifest.json", manifest)

    assert [each.imported for each in read([out])] == [()]


def test_a_stack_without_resources_is_read(tmp_path: Path) -> None:
    """CDK writes a template without Resources."""
    out = synthesized(tmp_path, lambda app: Stack(app, "Show"))

    assert names(read([out])) == ["Show"]


# templates

YAML = """
AWSTemplateFormatVersion: 2010-09-09
Conditions:
  Always: !Equals [a, a]
Resources:
  Topic:
    Type: AWS::SNS::Topic
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub '${Topic.TopicName}-queue'
      Tags:
        - Key: !If [Always, a, !Ref AWS::NoValue]
          Value: !GetAtt Topic.TopicName
"""


def test_yaml_with_short_tags_is_read(tmp_path: Path) -> None:
    """Most templates written by hand use them."""
    (stack,) = read([written(tmp_path, "show.template.yaml", YAML)])

    assert stack.name == "show"
    properties = stack.template["Resources"]["Queue"]["Properties"]
    assert properties["QueueName"] == {"Fn::Sub": "${Topic.TopicName}-queue"}
    assert properties["Tags"][0]["Value"] == {"Fn::GetAtt": ["Topic", "TopicName"]}


@pytest.mark.parametrize(
    "text",
    [
        '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}',
        '\ufeff\n {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}',
        "{Resources: {Topic: {Type: AWS::SNS::Topic}}}",
    ],
    ids=["JSON", "byte order mark", "YAML in braces"],
)
def test_files_that_start_like_json_are_read(tmp_path: Path, text: str) -> None:
    """JSON is much faster; if it is not JSON, the file is read as YAML."""
    (stack,) = read([written(tmp_path, "show.json", text)])

    assert stack.template["Resources"] == {"Topic": TOPIC}


def test_files_with_the_same_name_are_distinguished_by_folder(tmp_path: Path) -> None:
    """`a/template.yaml` and `b/template.yaml` are common names."""
    paths = [written(tmp_path / each, "template.yaml", YAML) for each in "ab"]

    assert names(read(paths)) == [str(tmp_path / each / "template") for each in "ab"]


def test_a_template_gets_the_given_name(tmp_path: Path) -> None:
    """Two versions of a stack in different files can be compared like that."""
    (stack,) = read([written(tmp_path, "show.yaml", YAML)], name="Show")

    assert stack.name == "Show"


def nesting(url: Any, **metadata: str) -> dict[str, Any]:  # noqa: ANN401 - a text or an intrinsic
    """Return a template with a nested stack."""
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    return {"Resources": {"Inner": nested | {"Metadata": metadata}}}


def test_a_nested_template_may_be_named_by_its_path(tmp_path: Path) -> None:
    """The input of `aws cloudformation package` contains such paths."""
    written(tmp_path, "parts/inner.yaml", YAML)
    outer = written(tmp_path, "outer.json", nesting("parts/inner.yaml"))

    assert names(read([outer])) == ["outer", "outer/Inner"]


@pytest.mark.parametrize(
    "url",
    [
        "https://bucket.s3.amazonaws.com/inner.json",
        "not/there.json",
        {"Ref": "Url"},
        {"Fn::Sub": f"https://s3.${{AWS::URLSuffix}}/bucket/{'0' * 64}.json"},
        None,
    ],
    ids=str,
)
def test_a_missing_nested_template_is_skipped_and_noted(tmp_path: Path, url: Any) -> None:  # noqa: ANN401
    """Nothing is downloaded; the nested stack remains one resource."""
    written(tmp_path, "other.assets.json", {"files": {"1": {}}})
    written(tmp_path, "odd.assets.json", {"files": []})
    outer = written(tmp_path, "outer.json", nesting(url))

    (stack,) = read([outer])

    assert stack.not_analyzed == (
        (
            "Inner",
            "the template of the nested stack was not found, so its resources are not analyzed",
        ),
    )


def test_a_nested_stack_without_properties_is_noted(tmp_path: Path) -> None:
    """Its properties and metadata may have any type."""
    template = {"Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Metadata": "a"}}}

    (stack,) = read([written(tmp_path, "outer.json", template)])

    assert len(stack.not_analyzed) == 1


def test_names_are_shown_on_one_line(tmp_path: Path) -> None:
    """A template may contain control characters for the terminal."""
    written(tmp_path, "inner.json", {"Resources": {}})
    metadata = {"aws:cdk:path": "Show/a\x1b[2J`b.NestedStack/a.NestedStackResource"}
    outer = written(tmp_path, "outer.json", nesting("inner.json", **metadata))

    assert names(read([outer]))[1] == "outer/a\ufffd[2J\ufffdb"


# invalid files


def test_fails_when_the_path_does_not_exist(tmp_path: Path) -> None:
    """The message contains the path as it was given."""
    path = tmp_path / "cdk.out"

    assert refused(path) == f"{path}: no such file or directory"


def test_fails_when_a_folder_is_not_an_assembly(tmp_path: Path) -> None:
    """The message says what is missing."""
    assert refused(tmp_path) == (
        f"{tmp_path} is not a cloud assembly: no manifest.json in it (`cdk synth` writes one, into"
        " cdk.out)"
    )


def test_fails_when_a_file_cannot_be_read(tmp_path: Path) -> None:
    """The message contains the reason of the operating system."""
    path = tmp_path / ("a" * 300)

    assert refused(path) == f"{path} cannot be read: File name too long"


#: PyYAML has its own limit since 6.0.4.
TOO_DEEP_IN_YAML = ("nested more than 200 levels deep", "exceeded maximum nesting depth in line 1")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no Resources"),
        ("just words", "it must be a mapping with Resources"),
        ("[1, 2]", "it must be a mapping with Resources"),
        ("Parameters: {}", "no Resources"),
        ('{"Resources": {"A": ]}}', "Expecting value in line 1, column 21"),
        ("a: [1,\nb: 2", "did not find expected ',' or ']' in line 2"),
        ("a: !Unknown &x\n  b: c: d", "mapping values are not allowed in this context in line 2"),
        ("a: *nothing", "found undefined alias in line 1"),
        ("a\x00b: c", "unacceptable character #x0000: control characters are not allowed"),
        ("? [a]\n: b", "a key is not a text in line 1"),
        ("~: 1", "no Resources"),
        ("? \n: 1", "a key is not a text in line 1"),
        ("a: !!int", "string index out of range"),
        ("[" + "1" * 5000 + "]", "Exceeds the limit"),
        ("{" * 100_000, "Expecting property name enclosed in double quotes in line 1, column 2"),
        ('{"a":' * 100_000, "nested more than 200 levels deep"),
        ("[" * 100_000, "nested more than 200 levels deep"),
        ("[" * 250 + "]" * 250, "nested more than 200 levels deep"),
        ("a: " + "[" * 100_000, TOO_DEEP_IN_YAML),
        ("- " * 100_000, TOO_DEEP_IN_YAML),
    ],
    ids=lambda each: f"{each[:30]} {len(each)}",
)
def test_fails_when_a_file_is_not_a_template(
    tmp_path: Path, text: str, why: str | tuple[str, ...]
) -> None:
    """The message contains the position, if it is known."""
    path = written(tmp_path, "file.txt", text)

    message = refused(path)

    whys = (why,) if isinstance(why, str) else why
    assert message.startswith(
        tuple(f"{path} is not a CloudFormation template: {each}" for each in whys)
    )
    assert "\n" not in message


def test_fails_when_a_file_is_not_text(tmp_path: Path) -> None:
    """It may be an archive."""
    path = tmp_path / "file.zip"
    path.write_bytes(b"PK\x03\x04\xff\xfe")

    assert refused(path) == f"{path} is not a CloudFormation template: not UTF-8 text"


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        ({"artifacts": []}, "artifacts is malformed"),
        ({"artifacts": {"A": 1}}, "artifacts is malformed"),
        ({"artifacts": {"A": {"type": "aws:cloudformation:stack"}}}, "A has no templateFile"),
        (
            {"artifacts": {"A": {"type": "cdk:cloud-assembly", "properties": {}}}},
            "A has no directoryName",
        ),
        (
            {
                "artifacts": {
                    "A": {
                        "type": "aws:cloudformation:stack",
                        "properties": {"templateFile": "A.json"},
                        "dependencies": 1,
                    }
                }
            },
            "the dependencies of A must be a list",
        ),
    ],
)
def test_fails_when_a_manifest_is_malformed(
    tmp_path: Path, manifest: dict[str, Any], why: str
) -> None:
    """It may belong to another tool."""
    path = written(tmp_path, "manifest.json", manifest)

    assert refused(tmp_path) == f"{path} is not the manifest of a cloud assembly: {why}"


def test_the_template_of_a_stack_may_be_missing(tmp_path: Path) -> None:
    """The folder may be copied only in part."""
    out = synthesized(tmp_path, lambda app: aws_sns.Topic(Stack(app, "Show"), "Topic"))
    (out / "Show.template.json").unlink()

    (stack,) = read([out])

    sentence = f"{out / 'Show.template.json'}: no such file or directory"
    assert (stack.name, stack.not_analyzed) == ("Show", ((None, sentence),))


def test_fails_when_two_stacks_have_one_name(tmp_path: Path) -> None:
    """The same path may be given twice."""
    path = written(tmp_path, "show.yaml", YAML)

    assert refused(path, path) == f"2 stacks have the name {path.with_name('show')}"


def test_a_template_that_nests_itself_is_read_once(tmp_path: Path) -> None:
    """Directly or indirectly."""
    direct = written(tmp_path, "direct.json", nesting("direct.json"))
    first = written(tmp_path, "first.json", nesting("second.json"))
    written(tmp_path, "second.json", nesting("first.json"))

    nested = (("Inner", "the resource nests its own template"),)
    assert [each.not_analyzed for each in read([direct])] == [nested]
    assert [each.not_analyzed for each in read([first])] == [(), nested]


def test_an_invalid_resource_of_a_nested_template_is_skipped(tmp_path: Path) -> None:
    """The nested stack has the sentence."""
    written(tmp_path, "inner.json", {"Resources": {"A": 1}})
    outer = written(tmp_path, "outer.json", nesting("inner.json"))

    assert [each.not_analyzed for each in read([outer])] == [
        (),
        (("A", "not a resource: it must be a mapping with a Type"),),
    ]
