"""The plugin in another project, in a separate pytest process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

ROOT = Path(__file__).parents[2]
CONFTEST = 'pytest_plugins = ["slr_constructs.testing.plugin"]\n'
TESTS = """
def test_template(template_snapshot):
    assert {"Code": {"S3Key": "%s.zip"}} == template_snapshot


def test_yaml(template_snapshot_yaml):
    assert {"Code": {"S3Key": "%s.zip"}} == template_snapshot_yaml


def test_order(order_snapshot):
    assert ["create 1  Role", "delete 1  Role"] == order_snapshot
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a project that uses the plugin."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_stack=TESTS % ("a1" * 32, "a1" * 32))
    return pytester


def _run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    # in another process, because syrupy would mix up the sessions
    return project.runpytest_subprocess("-p", "no:cacheprovider", *options)


def test_a_missing_snapshot_fails(project: pytest.Pytester) -> None:
    """A snapshot is stored only with `--snapshot-update`."""
    _run(project).assert_outcomes(failed=3)


def test_stored_snapshots_ignore_assets_and_show_moved_lines(
    project: pytest.Pytester,
) -> None:
    """Volatile values are not in a snapshot, in JSON or YAML; the order is in it, as lines."""
    _run(project, "--snapshot-update").assert_outcomes(passed=3)
    stored = project.path / "__snapshots__" / "test_stack"
    assert (stored / "test_yaml.yaml").read_text() == "Code:\n  S3Key: <asset>.zip\n"
    assert (stored / "test_template.json").exists()
    source = TESTS % ("b2" * 32, "b2" * 32)
    moved = source.replace(
        '"create 1  Role", "delete 1  Role"', '"delete 1  Role", "create 1  Role"'
    )
    assert moved != source
    project.makepyfile(test_stack=moved)

    result = _run(project)

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*test_order*", "*create 1  Role*"])


def test_the_plugin_is_opt_in(pytester: pytest.Pytester) -> None:
    """Other projects do not get the fixtures and do not start jsii."""
    pytester.makepyfile(
        "import sys\n\n\ndef test_it():\n    assert 'jsii' not in sys.modules\n"
        "    assert 'slr_constructs' not in sys.modules\n"
    )

    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


@pytest.mark.parametrize("missing", ["cfnlint", "networkx", "pytest", "syrupy", "yaml"])
def test_fails_when_the_extra_is_not_installed(missing: str) -> None:
    """Every import says what to install, in one sentence."""
    code = f"import sys; sys.modules[{missing!r}] = None; import slr_constructs.testing.plugin"

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )

    assert result.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: slr_constructs.testing requires the extra testing:"
        " pip install 'slr-constructs[testing]'"
    )


def test_each_fixture_has_its_format(
    template_snapshot: SnapshotAssertion,
    template_snapshot_yaml: SnapshotAssertion,
    order_snapshot: SnapshotAssertion,
) -> None:
    """Order lines are stored as JSON."""
    fixtures = (template_snapshot, template_snapshot_yaml, order_snapshot)

    assert [each.extension.file_extension for each in fixtures] == ["json", "yaml", "json"]
