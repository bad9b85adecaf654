"""The sample app as its readers and its deployers meet it."""

from __future__ import annotations

import ast
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

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

ROOT = Path(__file__).parents[2]
CONTEXT = json.loads((ROOT / "cdk.json").read_text())["context"]
NO_FEATURES = ("Custom::ServiceLinkedRole", "Custom::MediaTailorLogRetention")
STACKS = [
    "LiveShowBroadcast",
    "LiveShowCatchUp",
    "LiveShowChat",
    "LiveShowCommercials",
    "LiveShowHotline",
]


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stack]:
    """Return the sample app's stacks, with the context that the command line reads."""
    outdir = tmp_path_factory.mktemp("assembly")
    app = build(App(context=CONTEXT, outdir=str(outdir)))
    return {child.node.id: child for child in app.node.children if isinstance(child, Stack)}


@pytest.fixture(scope="module")
def assembly(stacks: dict[str, Stack]) -> Path:
    """Return the folder of the sample app's cloud assembly."""
    app = App.of(next(iter(stacks.values())))
    assert app is not None
    return Path(app.synth().directory)


@pytest.fixture(scope="module")
def templates(stacks: dict[str, Stack]) -> dict[str, dict[str, Any]]:
    """Return the sample app's templates."""
    return {name: template_of(stack) for name, stack in stacks.items()}


def test_every_stack_is_looked_at(stacks: dict[str, Stack]) -> None:
    """A stack that is added gets its snapshots too."""
    assert sorted(stacks) == STACKS


@pytest.mark.parametrize("name", STACKS)
def test_template(
    templates: dict[str, dict[str, Any]], name: str, template_snapshot: SnapshotAssertion
) -> None:
    """The whole template, as a reviewer sees it change."""
    assert templates[name] == template_snapshot


@pytest.mark.parametrize("name", STACKS)
def test_order(stacks: dict[str, Stack], name: str, order_snapshot: SnapshotAssertion) -> None:
    """The order of creation and teardown, as a reviewer sees it change."""
    assert order_lines(stacks[name]) == order_snapshot


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_has_one_function(templates: dict[str, dict[str, Any]], name: str) -> None:
    """Whatever it uses, a stack has one Lambda function."""
    types = [each["Type"] for each in templates[name]["Resources"].values()]

    assert types.count("AWS::Lambda::Function") == 1


def test_two_stacks_share_a_role_and_nothing_else(templates: dict[str, dict[str, Any]]) -> None:
    """Both hold the MediaPackage role; neither exports, imports or depends on the other."""
    holders = {
        name
        for name, template in templates.items()
        for each in template["Resources"].values()
        if each["Type"] == "Custom::ServiceLinkedRole"
        and each["Properties"]["RoleName"] == "AWSServiceRoleForMediaPackage"
    }

    assert holders == {"LiveShowBroadcast", "LiveShowCatchUp"}
    assert not any("Outputs" in template for template in templates.values())
    assert "Fn::ImportValue" not in json.dumps(templates)


def test_no_stack_depends_on_another(stacks: dict[str, Stack]) -> None:
    """Each stack can be deployed alone."""
    assert [name for name, stack in stacks.items() if stack.dependencies] == []


def test_cfn_lint_finds_nothing(assembly: Path) -> None:
    """No error, no warning, in every template."""
    paths = sorted(map(str, assembly.glob("*.template.json")))

    found = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--", *paths],
        capture_output=True,
        text=True,
        check=False,
    )

    assert len(paths) == len(STACKS)
    assert (found.stdout, found.stderr, found.returncode) == ("", "", 0)


def test_cdk_nag_finds_nothing_of_ours(tmp_path: Path) -> None:
    """No finding is left; the two acknowledged ones are about the sample's own choice of a key."""
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
    """`cdk synth`, the real one, in strict mode: templates, and not a word of warning."""
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


def test_the_same_app_is_the_same_bytes_anywhere(assembly: Path, tmp_path: Path) -> None:
    """Two directories, two processes, byte code left behind in one of them: the same templates."""
    for folder in ("sample_app", "slr_constructs"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    # as running the handler's tests would leave them beside the source
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
    """What the sample does, a team can do: it takes names from the package, and public ones."""
    taken = {
        (node.module, alias.name)
        for path in (ROOT / "sample_app").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("slr_constructs")
        for alias in node.names
    }

    assert taken
    assert {module for module, _ in taken} == {"slr_constructs"}
    assert {name for _, name in taken} <= set(slr_constructs.__all__)


@pytest.mark.parametrize("name", STACKS)
def test_no_dependency_is_said_twice(templates: dict[str, dict[str, Any]], name: str) -> None:
    """Each DependsOn of ours is needed: nothing else that we define leads to the same end."""
    template = templates[name]
    needs = _without_owners(template)

    for logical_id, resource in template["Resources"].items():
        for declared in resource.get("DependsOn", []):
            others = needs.get(logical_id, set()) - {declared}
            assert declared not in _reachable(needs, others), (logical_id, declared)


@pytest.mark.parametrize("name", STACKS)
def test_what_releases_goes_before_the_role_whatever_becomes_of_its_owner(
    templates: dict[str, dict[str, Any]], name: str
) -> None:
    """A feature that is removed while its owner stays is switched off before its role goes."""
    resources = templates[name]["Resources"]
    needs = _without_owners(templates[name])
    kinds = {logical_id: each["Type"] for logical_id, each in resources.items()}
    features = [
        logical_id
        for logical_id, kind in kinds.items()
        if kind.startswith("Custom::") and kind not in NO_FEATURES
    ]

    for feature in features:
        waited_for = {kinds[each] for each in _reachable(needs, {feature})}
        assert "Custom::ServiceLinkedRole" in waited_for, feature


def _without_owners(template: dict[str, Any]) -> dict[str, set[str]]:
    """Return what waits for what, as long as every owner is left out: owners may stay."""
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
