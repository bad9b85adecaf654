"""Measure the duration of the tests in each folder, from pytest's reports."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.report import Report

_ROOT = Path(__file__).parents[1]
#: the selections of `make test`, `make test-exhaustive` and `make test-emulated`; a part of the
#: second needs a browser.
_RUNS = {
    "make test": ["-m", "not exhaustive and not browser", "--ignore", "tests/emulated"],
    "make test-exhaustive": ["-m", "exhaustive", "--ignore", "tests/emulated"],
    "make test-emulated": ["tests/emulated"],
}


@dataclass(slots=True)
class Folder:
    """The tests of one folder."""

    tests: int = 0
    seconds: float = 0.0


def measure(folder: Path) -> dict[tuple[str, str], Folder]:
    """Run the tests of each make target; return their duration by target and folder.

    Raises:
        subprocess.CalledProcessError: A test failed.
    """
    found: dict[tuple[str, str], Folder] = defaultdict(Folder)
    for target, options in _RUNS.items():
        file = folder / "tests.xml"
        command = [*(sys.executable, "-m", "pytest", "-n", "2", "--dist", "worksteal"), "--quiet"]
        subprocess.run(  # noqa: S603 - the tests of this project
            [*command, "--junit-xml", file, *options],
            cwd=_ROOT,
            env=os.environ
            | ({"HYPOTHESIS_PROFILE": "exhaustive"} if "exhaustive" in options else {}),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for case in ET.parse(file).iter("testcase"):  # noqa: S314 - pytest wrote it just now
            # for example `tests.features.test_ivs_recording`
            name = "/".join(case.attrib["classname"].split(".")[:-1])
            each = found[target, name]
            each.tests += 1
            each.seconds += float(case.attrib["time"])
    return found


def add_tables(report: Report, found: dict[tuple[str, str], Folder]) -> None:
    """Add the table of folders, sorted by duration, to the report."""
    report.table("tests, two at a time", "folder", "tests", "seconds")
    for (target, name), each in sorted(found.items(), key=lambda item: -item[1].seconds):
        report.row(f"`{target}`", f"`{name}`", f"{each.tests:,}", f"{each.seconds:.0f}")
