"""The sample app: templates, order, findings of other tools, and the command line."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Stack, Validations
from cdk_nag import AwsSolutionsChecks

import slr_constructs
from sample_app.app import build
from slr_constructs.templates.order import dependencies
from slr_constructs.testing import order_lines, template_of
from tests.features.graph import EVENTS
from tests.programs import cfn_lint

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

ROOT = Path(__file__).parents[2]
CONTEXT = json.loads((ROOT / "cdk.json").read_text())["context"]
STACKS = [
    "LiveShowBroadcast",
    "LiveShowCatchUp",
    "LiveShowChat",
    "LiveShowCommercials",
    "LiveShowHotline",
]


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stack]:
    """Return the stacks of the sample app, with the context of `cdk.json`."""
    outdir = tmp_path_factory.mktemp("assembly")
    app = build(App(context=CONTEXT, outdir=str(outdir)))
    return {child.node.id: child for child in app.node.children if isinstance(child, Stack)}


@pytest.fixture(scope="module")
def assembly(stacks: dict[str, Stack]) -> Path:
    """Return the folder of the cloud assembly of the sample app."""
    app = App.of(next(iter(stacks.values())))
    assert app is not None
    return Path(app.synth().directory)


@pytest.fixture(scope="module")
def templates(stacks: dict[str, Stack]) -> dict[str, dict[str, Any]]:
    """Return the templates of the sample app."""
    return {name: template_of(stack) for name, stack in stacks.items()}


def test_every_stack_is_tested(stacks: dict[str, Stack]) -> None:
    """A new stack needs snapshots too."""
    assert sorted(stacks) == STACKS


@pytest.mark.parametrize("name", STACKS)
def test_template(
    templates: dict[str, dict[str, Any]], name: str, template_snapshot: SnapshotAssertion
) -> None:
    """A reviewer sees every change of the template."""
    assert templates[name] == template_snapshot


@pytest.mark.parametrize("name", STACKS)
def test_order(stacks: dict[str, Stack], name: str, order_snapshot: SnapshotAssertion) -> None:
    """A reviewer sees every change of the order of creation and deletion."""
    assert order_lines(stacks[name]) == order_snapshot


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_has_one_function(templates: dict[str, dict[str, Any]], name: str) -> None:
    """A stack has one Lambda function for all features."""
    types = [each["Type"] for each in templates[name]["Resources"].values()]

    assert types.count("AWS::Lambda::Function") == 1


def test_two_stacks_share_only_a_role(templates: dict[str, dict[str, Any]]) -> None:
    """Both have a lease on the MediaPackage role, without exports or imports."""
    leaseholders = {
        name
        for name, template in templates.items()
        for each in template["Resources"].values()
        if each["Type"] == "Custom::ServiceLinkedRole"
        and each["Properties"]["RoleName"] == "AWSServiceRoleForMediaPackage"
    }

    assert leaseholders == {"LiveShowBroadcast", "LiveShowCatchUp"}
    assert not any("Outputs" in template for template in templates.values())
    assert "Fn::ImportValue" not in json.dumps(templates)


def test_no_stack_depends_on_another(stacks: dict[str, Stack]) -> None:
    """Each stack can be deployed without the others."""
    assert [name for name, stack in stacks.items() if stack.dependencies] == []


def test_cfn_lint_finds_nothing(assembly: Path) -> None:
    """No template has errors or warnings."""
    paths = sorted(assembly.glob("*.template.json"))

    assert len(paths) == len(STACKS)
    assert cfn_lint(*paths) == ("", "", 0)


def test_cdk_nag_finds_nothing(tmp_path: Path) -> None:
    """The sample app acknowledges two findings, about its choice of a key."""
    app = build(App(context=CONTEXT, outdir=str(tmp_path)))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))

    app.synth()

    report = json.loads((tmp_path / "validation-report.json").read_text())
    (nag,) = [each for each in report["pluginReports"] if each["pluginName"] == "AwsSolutions"]
    acknowledged = {
        (each["ruleName"], construct["constructPath"])
        for each in nag["suppressedViolations"]
        for construct in each["violatingConstructs"]
    }
    assert nag["violations"] == []
    assert acknowledged == {
        ("AwsSolutions-KDS3", "LiveShowChat/Channels/Resource"),
        ("AwsSolutions-KDS3", "LiveShowChat/Messages/Resource"),
    }


def test_the_command_line_synthesizes_without_a_warning(tmp_path: Path) -> None:
    """`cdk synth --strict` writes the templates and prints no warnings."""
    synth = subprocess.run(
        [ROOT / "node_modules" / ".bin" / "cdk", "synth", "--strict", "--output", tmp_path],
        cwd=ROOT,
        env=os.environ | {"CDK_DISABLE_CLI_TELEMETRY": "true", "CDK_DISABLE_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    written = sorted(path.name.partition(".")[0] for path in tmp_path.glob("*.template.json"))
    assert synth.returncode == 0, synth.stderr
    assert written == STACKS
    assert re.findall(r"(?i)warn|deprecat|notice|error", synth.stdout + synth.stderr) == []


def test_the_templates_do_not_depend_on_the_machine(assembly: Path, tmp_path: Path) -> None:
    """Two directories, one with byte code, and two processes give the same templates."""
    for folder in ("sample_app", "slr_constructs"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    # the tests of the handler write byte code next to the source
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONPYCACHEPREFIX"
    }
    handler = "slr_constructs/handler"
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", handler],
        cwd=tmp_path,
        env=environment,
        check=True,
    )
    assert [*(tmp_path / handler).rglob("*.pyc")] != []
    subprocess.run(
        [sys.executable, "-m", "sample_app.app"],
        cwd=tmp_path,
        env=environment
        | {"CDK_OUTDIR": str(tmp_path / "out"), "CDK_CONTEXT_JSON": json.dumps(CONTEXT)},
        check=True,
    )
    one, two = (
        {path.name: path.read_bytes() for path in folder.glob("*.json")}
        for folder in (assembly, tmp_path / "out")
    )

    assert sorted(one) == sorted(two)
    assert [name for name in one if one[name] != two[name] and name != "tree.json"] == []


def test_only_public_names_are_imported() -> None:
    """The sample app uses only the public API, as your app does."""
    names = {
        (node.module, alias.name)
        for path in (ROOT / "sample_app").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("slr_constructs")
        for alias in node.names
    }

    assert names
    assert {module for module, _ in names} == {"slr_constructs"}
    assert {name for _, name in names} <= set(slr_constructs.__all__)


def test_every_stack_says_what_it_shows(stacks: dict[str, Stack]) -> None:
    """The docstrings of its class and of its file name the constructs of this library in it."""
    for name, stack in stacks.items():
        module = inspect.getmodule(type(stack))
        assert module is not None
        of_class, of_file = (
            " ".join((each.__doc__ or "").split()) for each in (type(stack), module)
        )
        used = {each for each in vars(module) if each.endswith(("Streaming", "Logging", "Stream"))}
        used |= {each for each in vars(module) if each == "IvsRecordingConfiguration"}

        assert used, name
        assert "Shows " in of_class, name
        assert "This stack shows " in of_file, name
        assert {each for each in used if f"`{each}`" not in of_class} == set(), name
        assert {each for each in used if f"`{each}`" not in of_file} == set(), name


@pytest.mark.parametrize("name", STACKS)
def test_no_dependency_is_redundant(templates: dict[str, dict[str, Any]], name: str) -> None:
    """Each `DependsOn` of the library is needed: no other dependency implies it.

    Only the dependency on the limits of events is the same for every custom resource, whether its
    role is a custom resource of the same function, a native resource, or in another stack.
    """
    template = templates[name]
    needs = _without_owners(template)

    for logical_id, resource in template["Resources"].items():
        for declared in resource.get("DependsOn", []):
            if template["Resources"][declared]["Type"] == EVENTS:
                continue
            others = needs.get(logical_id, set()) - {declared}
            assert declared not in _reachable(needs, others), (logical_id, declared)


@pytest.mark.parametrize("name", STACKS)
def test_clean_up_runs_before_the_role_is_deleted_even_if_the_owner_stays(
    templates: dict[str, dict[str, Any]], name: str
) -> None:
    """A feature that is removed from an owner that stays is disabled before the role is deleted."""
    resources = templates[name]["Resources"]
    needs = _without_owners(templates[name])
    kinds = {logical_id: each["Type"] for logical_id, each in resources.items()}
    features = [
        logical_id
        for logical_id, kind in kinds.items()
        if kind.startswith("Custom::") and kind != "Custom::ServiceLinkedRole"
    ]

    for feature in features:
        needed = {kinds[each] for each in _reachable(needs, {feature})}
        assert "Custom::ServiceLinkedRole" in needed, feature


def _without_owners(template: dict[str, Any]) -> dict[str, set[str]]:
    """Return the dependencies without owners, because owners may stay."""
    ours = {
        logical_id
        for logical_id, each in template["Resources"].items()
        if each["Type"].startswith(("Custom::", "AWS::IAM::", "AWS::Lambda::", "AWS::Logs::"))
    }
    return {
        logical_id: needed & ours
        for logical_id, needed in dependencies(template).items()
        if logical_id in ours
    }


def _reachable(needs: dict[str, set[str]], start: set[str]) -> set[str]:
    seen: set[str] = set()
    todo = list(start)
    while todo:
        each = todo.pop()
        if each not in seen:
            seen.add(each)
            todo.extend(needs[each])
    return seen
