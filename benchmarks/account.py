"""Measure the duration and the memory of `slr-constructs audit`.

The account is a fake account on loopback, in a separate process, in which every call takes 50 ms.
The duration is compared with the same command at one call at a time (`--at-once 1`). The memory is
measured with different numbers of resources that use no role, and of resources that use one. The
CPU seconds and the memory of each account are measured with organizations of two sizes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.command_line import run
from tests.fake_services.seeded import READER
from tests.fake_services.server import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.report import Report

_ROOT = Path(__file__).parents[1]
_LATENCY = 0.05
#: includes all regions of IVS and Chime; MediaTailor and MediaPackage have two more.
_REGIONS = (
    *("af-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1"),
    *("ap-southeast-1", "ap-southeast-2", "ap-southeast-4", "ap-southeast-5", "ca-central-1"),
    *("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3"),
    *("me-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-2"),
)
_RESOURCES, _QUICK_RESOURCES = 5_000, 1_000
#: numbers of resources, and how many of them use a role.
_FEW, _MANY, _MANY_USAGES = (1_000, 100), (20_000, 100), (20_000, 10_000)
#: numbers of accounts, and the usages in each.
_ACCOUNTS, _USAGES_OF_EACH = (10, 50), 20
#: as a fraction of the duration with one call at a time.
_TIME_BOUND = 0.1
_MEMORY_BOUND = 1.1
#: MB for each account of an organization.
_ACCOUNT_BOUND = 0.6


@dataclass(frozen=True, slots=True)
class Readings:
    """The measurements of the command."""

    resources: int
    seconds: float
    in_sequence: float
    start_up: float
    #: by numbers of resources and usages.
    megabytes: dict[tuple[int, int], float]
    #: CPU seconds and MB, by the number of accounts.
    organizations: dict[int, tuple[float, float]]


def measure(folder: Path, *, rounds: int, quick: bool) -> Readings:
    """Audit fake accounts; a quick run uses a smaller account and does not measure memory."""
    resources = _QUICK_RESOURCES if quick else _RESOURCES
    regions = [word for name in _REGIONS for word in ("--region", name)]
    command = ["audit", *regions, "--format", "json"]
    with _served(resources, resources // 20, _LATENCY) as variables:
        run(command, folder, variables)
        seconds = median(run(command, folder, variables)[0] for _ in range(rounds))
        in_sequence = run([*command, "--at-once", "1"], folder, variables)[0]
    start_up = median(run(["audit", "--help"], folder)[0] for _ in range(rounds))
    megabytes = {}
    for size in () if quick else (_FEW, _MANY, _MANY_USAGES):
        with _served(*size, latency=0) as variables:
            megabytes[size] = median(run(command, folder, variables)[2] for _ in range(3))
    organizations = {}
    for accounts in () if quick else _ACCOUNTS:
        with _served(_USAGES_OF_EACH, _USAGES_OF_EACH, latency=0, accounts=accounts) as variables:
            whole = [*command, "--organization-role", READER]
            organizations[accounts] = run(whole, folder, variables)[1:]
    return Readings(resources, seconds, in_sequence, start_up, megabytes, organizations)


def add_tables(report: Report, readings: Readings) -> None:
    """Add the measurements with their bounds to the report."""
    report.table(
        f"`audit`, {readings.resources:,} resources in {len(_REGIONS)} regions, 50 ms per call",
        "default",
        "one call at a time",
        "ratio",
        "bound",
    )
    report.bounded(
        "seconds",
        f"{readings.seconds:.1f}",
        f"{readings.in_sequence:.1f}",
        readings.seconds / readings.in_sequence,
        _TIME_BOUND,
    )
    if not readings.megabytes:
        return
    few, many, usages = (readings.megabytes[size] for size in (_FEW, _MANY, _MANY_USAGES))
    sizes = (f"{_FEW[0]:,} resources", f"{_MANY[0]:,} resources")
    report.table("`audit`, MB", *sizes, "ratio", "bound")
    report.bounded(f"{_FEW[1]} use a role", f"{few:.0f}", f"{many:.0f}", many / few, _MEMORY_BOUND)
    report.row(f"{_MANY_USAGES[1]:,} use a role", "", f"{usages:.0f}", "", "")
    _add_accounts(report, readings)


def _add_accounts(report: Report, readings: Readings) -> None:
    few, many = _ACCOUNTS
    report.table(
        f"`audit` of an organization, {_USAGES_OF_EACH} usages in {len(_REGIONS)} regions of each"
        " account",
        f"{few} accounts",
        f"{many} accounts",
        "for each account",
        "bound",
    )
    pairs = zip(readings.organizations[few], readings.organizations[many], strict=True)
    # absolute times have no bounds
    rows = zip(("CPU seconds", "MB"), pairs, (None, _ACCOUNT_BOUND), strict=True)
    for what, (first, second), bound in rows:
        each = (second - first) / (many - few)
        report.bounded(what, f"{first:.0f}", f"{second:.0f}", each, bound)


@contextmanager
def _served(
    resources: int, using: int, latency: float, accounts: int = 1
) -> Iterator[dict[str, str]]:
    """Serve accounts, and yield the environment variables that select it."""
    arguments = ["--resources", str(resources), "--using", str(using), "--latency", str(latency)]
    arguments += ["--accounts", str(accounts)]
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "tests.fake_services.server", *arguments],
        cwd=_ROOT,
        env=os.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            if server.stdout is None:
                raise RuntimeError("the fake account has no output")
            yield environment(server.stdout.readline().strip())
        finally:
            # the server stops at the end of its input
            server.communicate()
