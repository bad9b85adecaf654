"""Measure the cost of the library, compared with the same resources without it.

`python -m benchmarks.run` prints the tables and writes them to RESULTS.md. `--quick` runs fewer
rounds, does not check the growth of time, and only prints. A round synthesizes both apps one after
the other, each in its own process, so that other load of the machine affects both. Seconds are
medians of the rounds, and their ratio is the median of the rounds' ratios. The exit status is 1 if
a ratio exceeds its bound, or if the two apps differ. Absolute times have no bounds.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import account, command_line, suite
from benchmarks.report import Report
from benchmarks.same_resources import differences

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOT = Path(__file__).parents[1]
_RESULTS = Path(__file__).with_name("RESULTS.md")
_HANDLER = _ROOT / "slr_constructs" / "handler"

_ROUNDS, _QUICK_ROUNDS = 5, 3
#: How many additional rounds are run while a time exceeds its bound.
_MORE_ROUNDS = 3

_LIBRARY, _BARE, _MINIMAL = "library_app", "bare_app", "bare_app --without-clean-up"
_SIZES = _SMALL, _MEDIUM, _LARGE = 20, 40, 80
#: The number of kinds of features in an app.
_KINDS = 7

_BYTES_BOUND = 1.6
_TIME_BOUND = 1.15
_FIRST_FEATURE_BOUND = 0.35
_GROWTH_BOUND = 1.25
#: Quotients of differences of seconds of several processes are noisy, even with CPU seconds.
_TIME_GROWTH_BOUND = 1.5


@dataclass(frozen=True, slots=True)
class Run:
    """The measurements of one process."""

    seconds: float
    cpu_seconds: float
    calls: dict[str, int]
    written: int

    @property
    def sent(self) -> int:
        """The number of calls to the jsii kernel."""
        return sum(self.calls.values())


class Apps:
    """Runs the apps, each in its own process and folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        context = json.loads((_ROOT / "cdk.json").read_text())["context"]
        self._environment = {
            **os.environ,
            # the CDK command line adds this by default
            "CDK_CONTEXT_JSON": json.dumps({**context, "aws:cdk:enable-path-metadata": True}),
            # modules are compiled only once, before the measurements
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(folder / "pycache"),
        }

    def run(self, app: str, count: int) -> Run:
        """Synthesize an app with `count` of each feature."""
        name, *options = app.split()
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        process = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "benchmarks.kernel_calls", name, str(count), *options],
            cwd=_ROOT,
            env={**self._environment, "CDK_OUTDIR": str(self._out(app, count))},
            check=True,
            stdout=subprocess.PIPE,
        )
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        templates = self.templates(app, count)
        return Run(
            seconds=seconds,
            cpu_seconds=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            calls=json.loads(process.stdout),
            written=sum(path.stat().st_size for path in templates),
        )

    def first_feature(self) -> dict[str, float]:
        """Return the seconds that `first_feature` prints."""
        process = subprocess.run(
            [sys.executable, "-m", "benchmarks.first_feature"],
            cwd=_ROOT,
            env=self._environment,
            check=True,
            stdout=subprocess.PIPE,
        )
        seconds: dict[str, float] = json.loads(process.stdout)
        return seconds

    def templates(self, app: str, count: int) -> list[Path]:
        """Return the templates that an app wrote, by stack."""
        return sorted(self._out(app, count).glob("*.template.json"))

    def _out(self, app: str, count: int) -> Path:
        return self._folder / f"{app}-{count}".replace(" ", "")


def _measure(apps: Apps, rounds: int) -> dict[tuple[str, int], list[Run]]:
    """Return the runs of all rounds, and of additional rounds while a time exceeds its bound."""
    runs: dict[tuple[str, int], list[Run]] = {
        (_BARE, _SMALL): [],
        (_LIBRARY, _SMALL): [],
        (_LIBRARY, _MEDIUM): [],
        (_LIBRARY, _LARGE): [],
        (_MINIMAL, _SMALL): [],
    }
    for number in range(rounds + _MORE_ROUNDS):
        if number >= rounds and _is_fast_enough(runs):
            break
        # alternate the order of the apps
        for key in list(runs)[:: -1 if number % 2 else 1]:
            runs[key].append(apps.run(*key))
    return runs


def _is_fast_enough(runs: dict[tuple[str, int], list[Run]]) -> bool:
    first, second = _per_feature(_cpu_milliseconds(runs))
    return (
        _time_ratio(runs[_LIBRARY, _SMALL], runs[_BARE, _SMALL]) <= _TIME_BOUND
        and second <= _TIME_GROWTH_BOUND * first
    )


def _time_ratio(ours: list[Run], theirs: list[Run]) -> float:
    return median(our.seconds / their.seconds for our, their in zip(ours, theirs, strict=True))


def _cpu_milliseconds(runs: dict[tuple[str, int], list[Run]]) -> list[float]:
    """Return the library's CPU time by size, which other load of the machine affects less."""
    return [1000 * median(run.cpu_seconds for run in runs[_LIBRARY, size]) for size in _SIZES]


def _per_feature(costs: Sequence[float]) -> tuple[float, float]:
    """Return the cost of one additional feature, between each size and the next."""
    small, medium, large = costs
    return (
        (medium - small) / (_MEDIUM - _SMALL) / _KINDS,
        (large - medium) / (_LARGE - _MEDIUM) / _KINDS,
    )


def _compare(report: Report, library: list[Run], bare: list[Run], minimal: list[Run]) -> None:
    ours, theirs, least = library[0], bare[0], minimal[0]
    report.table(f"{_SMALL} of each feature", "library", "without", "ratio", "bound")
    report.bounded(
        "template bytes",
        f"{ours.written:,}",
        f"{theirs.written:,}",
        ours.written / theirs.written,
        _BYTES_BOUND,
    )
    report.bounded(
        "synth, seconds",
        f"{median(run.seconds for run in library):.2f}",
        f"{median(run.seconds for run in bare):.2f}",
        _time_ratio(library, bare),
        _TIME_BOUND,
    )
    pairs = zip(library, bare, strict=True)
    report.row(
        "CPU seconds, Python and Node",
        f"{median(run.cpu_seconds for run in library):.2f}",
        f"{median(run.cpu_seconds for run in bare):.2f}",
        f"{median(our.cpu_seconds / their.cpu_seconds for our, their in pairs):.2f}",
        "",
    )
    report.row(
        "calls into the jsii kernel",
        f"{ours.sent:,}",
        f"{theirs.sent:,}",
        f"{ours.sent / theirs.sent:.2f}",
        "",
    )
    report.add(
        "",
        "Compared with an app that disables no feature on deletion, lets CloudFormation create the"
        " roles, and has a function only where CloudFormation lacks the feature, the library takes"
        f" {ours.written / least.written:.2f} times the bytes,"
        f" {_time_ratio(library, minimal):.2f} times the seconds and"
        f" {ours.sent / least.sent:.2f} times the calls.",
    )


def _fixed_cost(report: Report, readings: list[dict[str, float]]) -> None:
    """Add what the first feature of an app costs to the report."""
    report.table("fixed cost", "first feature", "aws-cdk-lib", "ratio", "bound")
    report.bounded(
        "import and definition, seconds",
        f"{median(each['feature'] for each in readings):.2f}",
        f"{median(each['l1s'] for each in readings):.2f}",
        median(each["feature"] / each["l1s"] for each in readings),
        _FIRST_FEATURE_BOUND,
    )


def _grow(report: Report, runs: dict[tuple[str, int], list[Run]], *, quick: bool) -> None:
    report.table(
        "library, per additional feature",
        f"{_SMALL} to {_MEDIUM} of each",
        f"{_MEDIUM} to {_LARGE} of each",
        "ratio",
        "bound",
    )
    one_of_each = [runs[_LIBRARY, size][0] for size in _SIZES]
    for what, costs, bound in (
        ("template bytes", [run.written for run in one_of_each], _GROWTH_BOUND),
        ("calls into the jsii kernel", [run.sent for run in one_of_each], _GROWTH_BOUND),
        # in a few rounds, the noise is larger than the difference of two differences
        ("CPU milliseconds", _cpu_milliseconds(runs), None if quick else _TIME_GROWTH_BOUND),
    ):
        first, second = _per_feature(costs)
        report.bounded(what, f"{first:,.1f}", f"{second:,.1f}", second / first, bound)


def _itemize(report: Report, library: Run, bare: Run, ones: tuple[Run, Run]) -> None:
    """Add the cost of a feature, and the cost of a stack without features, to the report."""
    report.table(
        "calls into the jsii kernel",
        "a feature, library",
        "without",
        "a stack, library",
        "without",
    )
    for name in library.calls:
        if name == "app":
            continue
        cells: list[str] = []
        for many, one in ((library, ones[0]), (bare, ones[1])):
            each = (many.calls[name] - one.calls[name]) / (_SMALL - 1)
            cells += [f"{each:.0f}", f"{one.calls[name] - each:.0f}"]
        report.row(name, cells[0], cells[2], cells[1], cells[3])


def _check_same(report: Report, apps: Apps) -> None:
    count = 0
    ours, theirs = apps.templates(_LIBRARY, _SMALL), apps.templates(_BARE, _SMALL)
    for our, their in zip(ours, theirs, strict=True):
        template = json.loads(our.read_text())
        count += len(template["Resources"])
        report.exceeded.extend(
            f"the apps must have the same resources, but {our.name} has {each}"
            for each in differences(template, json.loads(their.read_text()))
        )
    report.add(
        "",
        f"Both apps have {len(ours)} stacks and {count} resources: the same types, properties and"
        " dependencies, compared one by one.",
    )


def _versions() -> str:
    node = subprocess.run(  # noqa: S603 - the Node that jsii runs on
        [shutil.which("node") or "node", "--version"], check=True, capture_output=True, text=True
    )
    library = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["version"]
    return ", ".join(
        (
            f"slr-constructs {library}",
            f"aws-cdk-lib {version('aws-cdk-lib')}",
            f"constructs {version('constructs')}",
            f"Python {platform.python_version()}",
            f"Node {node.stdout.strip().removeprefix('v')}",
        )
    )


def main() -> int:
    """Measure, print, and return the exit status."""
    quick = "--quick" in sys.argv
    rounds = _QUICK_ROUNDS if quick else _ROUNDS
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        apps = Apps(Path(folder))
        # the first runs compile the modules
        ones = (apps.run(_LIBRARY, 1), apps.run(_BARE, 1))
        runs = _measure(apps, rounds)
        library, bare = runs[_LIBRARY, _SMALL], runs[_BARE, _SMALL]
        report.add(
            "# Cost of the library",
            "",
            f"{datetime.now(UTC).date()}: {_versions()}; `make bench`, {len(library)} rounds.",
        )
        _compare(report, library, bare, runs[_MINIMAL, _SMALL])
        _check_same(report, apps)
        _fixed_cost(report, [apps.first_feature() for _ in range(rounds)])
        readings = command_line.measure(Path(folder), rounds=1 if quick else _ROUNDS, quick=quick)
        audits = account.measure(Path(folder), rounds=1 if quick else 3, quick=quick)
    _grow(report, runs, quick=quick)
    _itemize(report, library[0], bare[0], ones)
    files = [path for path in _HANDLER.rglob("*.py") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    report.add("", f"The function's asset has {len(files)} files of {size:,} bytes, uncompressed.")
    command_line.add_tables(report, readings)
    account.add_tables(report, audits)
    if not quick:
        with tempfile.TemporaryDirectory() as folder:
            suite.add_tables(report, suite.measure(Path(folder)))
    text = "\n".join(report.lines) + "\n"
    print(text)
    for line in report.exceeded:
        print(f"exceeded: {line}", file=sys.stderr)
    if not quick:
        _RESULTS.write_text(text)
    return 1 if report.exceeded else 0


if __name__ == "__main__":
    sys.exit(main())
