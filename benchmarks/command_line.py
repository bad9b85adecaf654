"""Measure how `slr-constructs order`, `diff` and `check` scale with their input.

The assemblies are the library's app with increasing numbers of each feature, in many stacks. The
new side of `diff` lacks the `DependsOn` of every second resource, so that `diff` has much to
report. Every command runs in its own process. The start-up time, which is the time of the same
command for one resource, is subtracted.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.report import Report

_ROOT = Path(__file__).parents[1]
#: numbers of each feature: about 50, 500, 2,500 and 5,000 resources.
_SIZES = (1, 23, 115, 230)
#: bound of the time per resource between the last two sizes, relative to the two sizes before. The
#: times beyond start-up are short, and so their differences are noisy.
_GROWTH_BOUND = 1.5
_COMMANDS = {
    "order": ["order", "{old}"],
    "order --format html": ["order", "{old}", "--format", "html"],
    "diff": ["diff", "{old}", "{new}"],
    "check": ["check", "{new}"],
}


@dataclass(frozen=True, slots=True)
class Reading:
    """The measurements of one command on templates of one size."""

    resources: int
    stacks: int
    seconds: float
    cpu_seconds: float
    megabytes: float


#: by command; the first reading is start-up, with one resource.
Readings = dict[str, list[Reading]]


def measure(folder: Path, *, rounds: int, quick: bool) -> Readings:
    """Run each command on each size in several rounds, and return the medians.

    A quick run omits the large sizes, and therefore does not measure the growth.
    """
    sizes = _SIZES[:2] if quick else _SIZES
    sides = [_one_resource(folder), *(_app(folder, size) for size in sizes)]
    samples: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
    # the first run compiles the modules
    run(["order", str(sides[0][0])], folder)
    for _ in range(rounds):
        for number, (old, new) in enumerate(sides):
            for name, words in _COMMANDS.items():
                arguments = [each.format(old=old, new=new) for each in words]
                samples.setdefault((name, number), []).append(run(arguments, folder))
    readings: Readings = {}
    for (name, number), taken in samples.items():
        templates = [*sides[number][0].glob("*.template.json")]
        resources = sum(len(json.loads(each.read_text())["Resources"]) for each in templates)
        readings.setdefault(name, []).append(
            Reading(resources, len(templates), *(median(each) for each in zip(*taken, strict=True)))
        )
    return readings


def add_tables(report: Report, readings: Readings) -> None:
    """Add the measurements, and the growth with its bound, to the report."""
    report.table("command line", "resources", "stacks", "seconds beyond start-up", "MB")
    for name, (start, *sizes) in readings.items():
        start_up = f"start-up: {start.seconds:.2f}"
        report.row(f"`{name}`", start.resources, start.stacks, start_up, f"{start.megabytes:.0f}")
        for each in sizes:
            beyond = f"{each.seconds - start.seconds:.2f}"
            megabytes = f"{each.megabytes:.0f}"
            report.row(f"`{name}`", f"{each.resources:,}", each.stacks, beyond, megabytes)
    if any(len(each) <= len(_SIZES) for each in readings.values()):
        return
    _, _, small, medium, large = next(iter(readings.values()))
    report.table(
        "per additional resource, CPU microseconds",
        f"{small.resources:,} to {medium.resources:,}",
        f"{medium.resources:,} to {large.resources:,}",
        "ratio",
        "bound",
    )
    for name, (_, _, *three) in readings.items():
        first, second = (
            1e6 * (more.cpu_seconds - less.cpu_seconds) / (more.resources - less.resources)
            for less, more in pairwise(three)
        )
        label = f"`{name}`"
        report.bounded(label, f"{first:.0f}", f"{second:.0f}", second / first, _GROWTH_BOUND)


def run(
    arguments: list[str], folder: Path, variables: dict[str, str] | None = None
) -> tuple[float, float, float]:
    """Run a command and return its seconds, its CPU seconds, and its peak memory in MB.

    Args:
        arguments: The arguments of the command.

        folder: The folder for compiled modules.

        variables: Additional environment variables.
    """
    start = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "slr_constructs.cli", *arguments],
        cwd=_ROOT,
        # modules are compiled only once, as in normal use
        env=os.environ
        | {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "pycache")}
        | (variables or {}),
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _app(folder: Path, size: int) -> tuple[Path, Path]:
    """Synthesize an app with `size` of each feature; return it before and after a change."""
    old, new = folder / f"old-{size}", folder / f"new-{size}"
    subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "benchmarks.library_app", str(size)],
        cwd=_ROOT,
        env=os.environ | {"CDK_OUTDIR": str(old)},
        check=True,
    )
    shutil.copytree(old, new)
    for path in new.glob("*.template.json"):
        template = json.loads(path.read_text())
        for body in list(template["Resources"].values())[::2]:
            body.pop("DependsOn", None)
        path.write_text(json.dumps(template))
    return old, new


def _one_resource(folder: Path) -> tuple[Path, Path]:
    """Return an assembly with one resource as both sides."""
    old = folder / "one"
    old.mkdir()
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "A.template.json"}}
    (old / "manifest.json").write_text(json.dumps({"artifacts": {"A": stack}}))
    (old / "A.template.json").write_text(
        json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    )
    return old, old
