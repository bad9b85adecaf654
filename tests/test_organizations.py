"""The examples of `docs/organizations.md` run, and its commands and templates are valid."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from aws_cdk import App, Stack

from slr_constructs.guard.check import RULES
from tests.cli.commands import assert_commands_exist
from tests.programs import cfn_lint
from tests.readme_blocks import Block, python_blocks

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "organizations.md"
TEXT = PAGE.read_text()
BLOCKS = python_blocks(PAGE)
YAML_BLOCKS = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads the short forms of intrinsic functions as text."""


_Loader.add_constructor("!Ref", lambda loader, node: loader.construct_scalar(node))


def block_with(key: str) -> dict[str, Any]:
    """Return the only YAML example with a key at its top."""
    (found,) = (
        block
        for text in YAML_BLOCKS
        if key in (block := yaml.load(text, _Loader))  # noqa: S506 - a safe loader
    )
    return dict(found)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"line {block.line}")
def test_an_example_runs(block: Block, tmp_path: Path) -> None:
    """An example that has an app is complete; the others add constructs to a stack."""
    app = App(outdir=str(tmp_path))
    names: dict[str, Any] = {"app": app, "stack": Stack(app, "Stack")}

    exec(compile(block.code, f"{PAGE}:{block.line}", "exec"), names)  # noqa: S102 - the page's examples
    names["app"].synth()

    assert [*Path(names["app"].outdir).glob("*.template.json")] != []


def test_the_stack_set_of_cdk_has_inline_code_and_no_buckets() -> None:
    """Its template is an asset of the stack that owns the stack set."""
    (block,) = (each for each in BLOCKS if "StackSetStack" in each.code)
    names: dict[str, Any] = {}

    exec(compile(block.code, str(PAGE), "exec"), names)  # noqa: S102 - the page's example

    outdir = Path(names["app"].outdir)
    (path,) = outdir.glob("*.stackset.template.json")
    assert "ZipFile" in path.read_text()
    owner = json.loads((outdir / "Platform.template.json").read_text())["Resources"]
    (stack_set,) = (each["Properties"] for each in owner.values())
    assert stack_set["PermissionModel"] == "SERVICE_MANAGED"
    assert stack_set["AutoDeployment"]["Enabled"] is True
    assert stack_set["Capabilities"] == ["CAPABILITY_IAM"]


def test_cfn_lint_accepts_the_stack_set(tmp_path: Path) -> None:
    """The example is a complete template."""
    (text,) = (each for each in YAML_BLOCKS if "AWS::CloudFormation::StackSet" in each)
    path = tmp_path / "template.yaml"
    path.write_text(text)

    assert cfn_lint(path) == ("", "", 0)


def test_the_landing_zone_names_a_stack_set() -> None:
    """The properties that `ICloudFormationStackSet` of Landing Zone Accelerator requires."""
    (stack_set,) = block_with("customizations")["customizations"]["cloudFormationStackSets"]

    assert {"name", "template", "regions", "deploymentTargets"} <= {*stack_set}
    assert stack_set["capabilities"] == ["CAPABILITY_IAM"]


def test_the_manifest_of_control_tower_names_a_stack_set() -> None:
    """The keys are those of the manifest of version 2021-03-15."""
    manifest = block_with("resources")
    (resource,) = manifest["resources"]

    assert {"region", "version"} <= {*manifest}
    assert str(manifest["version"]) == "2021-03-15"
    assert resource["deploy_method"] == "stack_set"
    assert {"name", "resource_file", "deployment_targets", "regions"} <= {*resource}
    assert re.fullmatch(r"\w+", resource["name"]), "other characters would be replaced"


def test_the_acknowledged_rule_exists() -> None:
    """Its id is that of a rule of the guard."""
    (acknowledged,) = block_with("Metadata")["Metadata"]["slr-constructs"]["acknowledge"]

    assert acknowledged["id"] in {rule.id for rule in RULES}


def test_every_command_of_the_page_exists() -> None:
    """Click parses each command of ours."""
    calls = re.findall(r"(?:^    |`)slr-constructs ([^\n`]+)", TEXT, re.MULTILINE)

    assert len(calls) > 4
    assert_commands_exist(calls)
