"""Templates in the shapes that people write, each with what the guard has to say of it.

The first lines of a case say what is expected, a finding a line: `# expects: Rule LogicalId`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slr_constructs.guard.check import check
from slr_constructs.templates.app import App

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
#: how many shapes the guard is held to.
FEWEST = 40


def _expected(case: Path) -> list[str]:
    lines = [line for line in case.read_text().splitlines() if line.startswith("# expects: ")]
    assert lines, f"{case.name} does not say what is expected"
    said = [line.removeprefix("# expects: ") for line in lines]
    return [] if said == ["nothing"] else sorted(said)


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.stem)
def test_a_case_has_the_findings_that_it_expects(case: Path) -> None:
    """No other, and none missing."""
    findings = check(App.read([case], lenient=True))

    assert sorted(f"{each.rule.id} {each.resource}" for each in findings) == _expected(case)


def test_there_are_enough_cases() -> None:
    """And about as many in which there is nothing to find."""
    nothing = [case for case in CASES if not _expected(case)]

    assert len(CASES) >= FEWEST
    assert len(nothing) >= FEWEST / 3
