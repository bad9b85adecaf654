"""Templates in many real forms, each with the findings that the guard must report.

The first lines of a case in YAML list the expected findings: `# expects: Rule LogicalId`. A case
in JSON lists them in its metadata.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slr_constructs.guard.check import check
from slr_constructs.templates.app import App

CASES = sorted((Path(__file__).parent / "cases").iterdir())
#: the minimum number of cases.
FEWEST = 40


def _expected(case: Path) -> list[str]:
    if case.suffix == ".json":
        return sorted(json.loads(case.read_text())["Metadata"]["expects"])
    lines = [line for line in case.read_text().splitlines() if line.startswith("# expects: ")]
    assert lines, f"{case.name} does not list the expected findings"
    expected = [line.removeprefix("# expects: ") for line in lines]
    return [] if expected == ["nothing"] else sorted(expected)


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.stem)
def test_a_case_has_exactly_the_expected_findings(case: Path) -> None:
    """No finding is missing, and there are no others."""
    findings = check(App.read([case]))

    assert sorted(f"{each.rule.id} {each.resource}" for each in findings) == _expected(case)


def test_there_are_enough_cases() -> None:
    """At least a third of the minimum has no findings."""
    without_findings = [case for case in CASES if not _expected(case)]

    assert len(CASES) >= FEWEST
    assert len(without_findings) >= FEWEST / 3
