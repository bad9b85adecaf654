"""The public API: names, signatures and docstrings follow the same rules everywhere."""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from constructs import Construct

import slr_constructs
from slr_constructs import catalogue, testing
from slr_constructs.cli.command_line import slr_constructs as commands

ROOT = Path(__file__).parents[1]

CONSTRUCTS = [
    getattr(slr_constructs, name)
    for name in slr_constructs.__all__
    if inspect.isclass(getattr(slr_constructs, name))
    and issubclass(getattr(slr_constructs, name), Construct)
]
#: the public classes with props.
WITH_PROPS = [*CONSTRUCTS, slr_constructs.EnsureServiceLinkedRoles]
with_props = pytest.mark.parametrize("kind", WITH_PROPS, ids=lambda each: each.__name__)


def _options(construct: type) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(vars(construct)["__init__"]).parameters
    return {name: each for name, each in parameters.items() if name not in ("self", "scope", "id")}


def test_every_public_name_exists_and_is_sorted() -> None:
    """`__all__` is sorted, complete and correct."""
    names = slr_constructs.__all__

    assert sorted(names) == names
    assert all(hasattr(slr_constructs, name) for name in names)
    assert set(names) <= set(dir(slr_constructs))


def test_the_lists_of_public_names_agree() -> None:
    """The names are those for type checkers, those imported on first use, and `__all__`."""
    body = ast.parse(Path(slr_constructs.__file__).read_text("utf-8")).body
    (seen,) = (each for each in body if isinstance(each, ast.If))
    imported = {
        alias.name: str(node.module).removeprefix("slr_constructs.")
        for node in seen.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert imported == slr_constructs._MODULES
    assert {*imported, "catalogue"} == set(slr_constructs.__all__)


@pytest.mark.parametrize("name", sorted(slr_constructs._MODULES))
def test_a_public_name_is_the_object_of_its_module(name: str) -> None:
    """An import on first use and an import from the module return the same object."""
    module = importlib.import_module(f"slr_constructs.{slr_constructs._MODULES[name]}")

    assert getattr(slr_constructs, name) is getattr(module, name)
    if name != "__version__":  # the others are classes
        assert getattr(slr_constructs, name).__module__ == module.__name__


def test_fails_when_a_name_is_not_public() -> None:
    """The message is the same as for any other module."""
    with pytest.raises(AttributeError) as refused:
        slr_constructs.Nothing  # type: ignore[attr-defined]  # noqa: B018 - the access is the test

    assert str(refused.value) == "module 'slr_constructs' has no attribute 'Nothing'"


@pytest.mark.parametrize(
    "module",
    [
        "slr_constructs",
        "slr_constructs._permissions",
        "slr_constructs.cli.command_line",
        "slr_constructs.cli.baseline",
        "slr_constructs.cli.catalogue",
        "slr_constructs.cli.policy",
    ],
)
def test_facts_and_commands_do_not_import_cdk(module: str) -> None:
    """The import of CDK takes seconds and starts Node.js, and cfn-lint takes seconds."""
    slow = {"aws_cdk", "boto3", "cfnlint", "constructs", "jsii", "networkx", "pytest", "syrupy"}
    code = f"import sys, {module}; print(*(set(sys.modules) & {slow}))"

    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert run.stdout.split() == []


@with_props
def test_props_are_keywords(kind: type) -> None:
    """The signature of a construct is `(scope, id, *, …)`, as in every CDK library for Python."""
    parameters = inspect.signature(vars(kind)["__init__"]).parameters.values()

    others = [each.name for each in parameters if each.kind is not inspect.Parameter.KEYWORD_ONLY]
    assert others == (["self", "scope", "id"] if kind in CONSTRUCTS else ["self"])


@with_props
def test_every_prop_is_explained_with_its_default(kind: type) -> None:
    """The class docstring explains each prop, and the default of each optional prop."""
    _assert_explained(inspect.getdoc(kind), _options(kind))


def test_every_setting_of_the_function_is_explained_with_its_default() -> None:
    """The settings are keywords of a method."""
    configure = slr_constructs.ServiceLinkedRoleFunction.configure
    parameters = dict(inspect.signature(configure).parameters)

    _assert_explained(inspect.getdoc(configure), parameters)
    del parameters["scope"]
    assert {each.kind for each in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}


def _assert_explained(text: str | None, options: dict[str, inspect.Parameter]) -> None:
    pattern = r"^    (\w+): ((?:.|\n(?!    \w+: |\w))*)"
    entries = dict(re.findall(pattern, text or "", re.MULTILINE))

    for name, parameter in options.items():
        assert name in entries, name
        optional = parameter.default is not inspect.Parameter.empty
        assert optional == ("Default:" in entries[name].replace("\n", " ")), name


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda each: each.__name__)
def test_every_public_member_is_explained(construct: type) -> None:
    """Properties and methods of this library have a docstring."""
    own = [
        (name, member)
        for name, member in vars(construct).items()
        if not name.startswith("_") and not name.startswith("jsii")
    ]

    for name, member in own:
        target = member.fget if isinstance(member, property) else member
        assert inspect.getdoc(target), name


@pytest.mark.parametrize(
    "path",
    sorted(path for path in (ROOT / "slr_constructs").rglob("*.py")),
    ids=lambda each: str(each.relative_to(ROOT)),
)
def test_every_module_has_a_docstring(path: Path) -> None:
    """The docstring of a file explains its purpose."""
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_choices_are_enums_with_the_names_of_aws() -> None:
    """Closed sets are enums, and their values are those of the AWS APIs."""
    choices = [slr_constructs.AccessLogs, slr_constructs.NotificationTarget]
    choices += [slr_constructs.Resolution, slr_constructs.RoleRemoval]
    choices += [slr_constructs.LoggingStrategy]

    assert all(issubclass(choice, enum.Enum) for choice in choices)
    assert [each.name for each in slr_constructs.RoleRemoval] == ["KEEP", "WHEN_UNUSED", "REQUIRE"]
    assert [each.name for each in slr_constructs.NotificationTarget] == [
        "EVENT_BRIDGE",
        "SNS",
        "SQS",
    ]


def test_the_public_surface() -> None:
    """These names are public. All other modules are internal (see `test_architecture`)."""
    assert slr_constructs.__all__ == [
        "AccessLogs",
        "AppInstanceStreaming",
        "EnsureServiceLinkedRoles",
        "IvsRecordingConfiguration",
        "LoggingStrategy",
        "MediaPackageAccessLogging",
        "MediaTailorAsRunLogging",
        "MediaTailorSessionLogging",
        "MessagingStream",
        "NotificationTarget",
        "Renditions",
        "Resolution",
        "RoleGuard",
        "RoleRemoval",
        "ServiceLinkedRole",
        "ServiceLinkedRoleFunction",
        "Severity",
        "ThumbnailStorage",
        "Thumbnails",
        "UsageError",
        "VoiceConnectorStreaming",
        "__version__",
        "catalogue",
    ]
    assert catalogue.__all__ == [
        "ALL",
        "CHIME_MEDIA_PIPELINES",
        "CHIME_MESSAGING",
        "CHIME_MESSAGING_LEGACY",
        "CHIME_TRANSCRIPTION",
        "CHIME_VOICE_CONNECTOR",
        "IVS_RECORD_TO_S3",
        "MEDIAPACKAGE",
        "MEDIATAILOR",
        "RESOURCE_TYPES",
        "Claim",
        "Contradiction",
        "ResourceType",
        "RoleCreation",
        "RoleDefinition",
        "Statement",
        "Usage",
        "by_role_name",
        "resource_types_of",
        "with_superseded_roles",
    ]
    assert testing.__all__ == [
        "TemplateSnapshotExtension",
        "TemplateYamlSnapshotExtension",
        "assert_created_before",
        "assert_deleted_before",
        "assert_role_released",
        "order_lines",
        "resources_of",
        "template_of",
    ]
    assert commands.list_commands(click.Context(commands)) == [
        "audit",
        "baseline",
        "catalogue",
        "check",
        "diff",
        "leases",
        "order",
        "policy",
        "release",
        "restore",
    ]
