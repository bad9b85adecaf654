"""The examples: one app for each feature, as small as it can be, which synthesizes."""

from __future__ import annotations

import ast
import inspect
import re
import runpy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import slr_constructs
from slr_constructs._feature import Feature
from slr_constructs.guard.check import check
from slr_constructs.templates.app import App
from slr_constructs.testing import assert_role_released
from tests.programs import cfn_lint

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
FEATURES = [
    each
    for name in slr_constructs.__all__
    if inspect.isclass(each := getattr(slr_constructs, name)) and issubclass(each, Feature)
]
#: the owner of each example, and the role.
OWNERS = {
    "app_instance_streaming": ("Chat", "AWSServiceRoleForChimeSDKMessaging"),
    "ivs_recording_configuration": ("Channel", "AWSServiceRoleForIVSRecordToS3"),
    "media_package_access_logging": ("Channel", "AWSServiceRoleForMediaPackage"),
    "media_tailor_as_run_logging": ("Channel", "AWSServiceRoleForMediaTailor"),
    "media_tailor_session_logging": ("Ads", "AWSServiceRoleForMediaTailor"),
    "voice_connector_streaming": ("Connector", "AWSServiceRoleForAmazonChimeVoiceConnector"),
}
each_example = pytest.mark.parametrize("name", sorted(OWNERS))


def _file_of(feature: type[Feature]) -> str:
    return re.sub("(?<!^)(?=[A-Z])", "_", feature.__name__).lower()


def test_each_feature_has_one_example() -> None:
    """The file is named after the construct."""
    files = {path.stem for path in EXAMPLES.glob("*.py")}

    assert files == {_file_of(each) for each in FEATURES} == {*OWNERS}


@cache
def _names_of(name: str) -> dict[str, Any]:
    """Run an example as Python runs a file, and return its names."""
    return runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")


def _assembly(name: str) -> Path:
    # the app is synthesized already, so this returns the same assembly
    return Path(_names_of(name)["app"].synth().directory)


@each_example
def test_an_example_deletes_the_role_last(name: str) -> None:
    """The feature ends at the latest when its owner is deleted, and the role is deleted last."""
    owner, role = OWNERS[name]

    assert_role_released(_names_of(name)["stack"], role, owner=owner)


@each_example
def test_the_guard_finds_nothing(name: str) -> None:
    """An example is something to copy."""
    assert check(App.read([_assembly(name)])) == []


def test_cfn_lint_finds_nothing() -> None:
    """No template has errors or warnings."""
    paths = [path for name in OWNERS for path in _assembly(name).glob("*.template.json")]

    assert len(paths) == len(OWNERS)
    assert cfn_lint(*paths) == ("", "", 0)


@each_example
def test_an_example_is_small_and_says_how_to_synthesize_it(name: str) -> None:
    """It fits on one screen, and imports only public names."""
    text = (EXAMPLES / f"{name}.py").read_text()
    tree = ast.parse(text)
    imported = {
        (node.module, alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("slr_constructs")
        for alias in node.names
    }

    assert len(text.splitlines()) <= 40
    assert f'cdk synth --app "python examples/{name}.py"' in (ast.get_docstring(tree) or "")
    assert {module for module, _ in imported} == {"slr_constructs"}
    assert {each for _, each in imported} <= {*slr_constructs.__all__}


def test_the_page_lists_every_example() -> None:
    """In a table with links."""
    page = (EXAMPLES / "README.md").read_text()
    listed = re.findall(r"^\| \[(\w+)\.py\]\(\1\.py\) \|", page, re.MULTILINE)

    assert sorted(listed) == sorted(OWNERS)
