"""The plugin in another project, which an inner pytest runs."""

from __future__ import annotations

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
    """Return a project that opts in."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_stack=TESTS % ("a1" * 32, "a1" * 32))
    return pytester


def _run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    # not in this process, where syrupy would take its session for that of these tests
    return project.runpytest_subprocess("-p", "no:cacheprovider", *options)


def test_a_snapshot_that_is_missing_fails(project: pytest.Pytester) -> None:
    """Nothing is stored unasked: what was never reviewed does not pass."""
    _run(project).assert_outcomes(failed=3)


def test_stored_snapshots_pass_with_another_asset_and_show_a_line_that_moved(
    project: pytest.Pytester,
) -> None:
    """What changes by itself is not in a snapshot, be it JSON or YAML; an order is, in words."""
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


def test_nothing_is_loaded_unasked(pytester: pytest.Pytester) -> None:
    """A project that does not opt in has no fixtures of ours, and jsii is not started."""
    pytester.makepyfile(
        "import sys\n\n\ndef test_it():\n    assert 'jsii' not in sys.modules\n"
        "    assert 'slr_constructs' not in sys.modules\n"
    )

    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_each_fixture_has_its_format(
    template_snapshot: SnapshotAssertion,
    template_snapshot_yaml: SnapshotAssertion,
    order_snapshot: SnapshotAssertion,
) -> None:
    """An order is lines, and they are stored as JSON."""
    fixtures = (template_snapshot, template_snapshot_yaml, order_snapshot)

    assert [each.extension.file_extension for each in fixtures] == ["json", "yaml", "json"]
