"""How long `slr-constructs audit` takes, against one call after the other, and its memory.

The account is a fake one on loopback, in a process of its own, of which every call takes 50 ms.
Both sides are the same command, as a process each: once as it is, and once with one call at a time.
Memory is told by what is there but uses no role, in one account after the other, and by what does.
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
from tests.fake_services.server import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.report import Report

_ROOT = Path(__file__).parents[1]
_LATENCY = 0.05
#: all that IVS and Chime have are among them; MediaTailor and MediaPackage have two more.
_REGIONS = (
    *("af-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1"),
    *("ap-southeast-1", "ap-southeast-2", "ap-southeast-4", "ap-southeast-5", "ca-central-1"),
    *("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3"),
    *("me-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-2"),
)
_THINGS, _QUICK_THINGS = 5_000, 1_000
#: things, and how many of them use a role.
_FEW, _MANY, _MANY_USERS = (1_000, 100), (20_000, 100), (20_000, 10_000)
#: in parts of what one call after the other takes.
_TIME_BOUND = 0.1
_MEMORY_BOUND = 1.1


@dataclass(frozen=True, slots=True)
class Readings:
    """What the command took."""

    things: int
    seconds: float
    in_sequence: float
    start_up: float
    #: by things and users.
    megabytes: dict[tuple[int, int], float]


def measure(folder: Path, *, rounds: int, quick: bool) -> Readings:
    """Audit fake accounts; a quick run has a smaller one, and leaves out the memory."""
    things = _QUICK_THINGS if quick else _THINGS
    regions = [word for name in _REGIONS for word in ("--region", name)]
    command = ["audit", *regions, "--json"]
    with _served(things, things // 20, _LATENCY) as variables:
        run(command, folder, variables)
        seconds = median(run(command, folder, variables)[0] for _ in range(rounds))
        in_sequence = run([*command, "--at-once", "1"], folder, variables)[0]
    start_up = median(run(["audit", "--help"], folder)[0] for _ in range(rounds))
    megabytes = {}
    for size in () if quick else (_FEW, _MANY, _MANY_USERS):
        with _served(*size, latency=0) as variables:
            megabytes[size] = median(run(command, folder, variables)[2] for _ in range(3))
    return Readings(things, seconds, in_sequence, start_up, megabytes)


def tell(report: Report, readings: Readings) -> None:
    """Add the readings, with their bounds."""
    report.table(
        f"`audit`, {readings.things:,} things in {len(_REGIONS)} regions, 50 ms a call",
        "as it is",
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
    few, many, users = (readings.megabytes[size] for size in (_FEW, _MANY, _MANY_USERS))
    report.table("`audit`, MB", f"{_FEW[0]:,} things", f"{_MANY[0]:,} things", "ratio", "bound")
    report.bounded(f"{_FEW[1]} use a role", f"{few:.0f}", f"{many:.0f}", many / few, _MEMORY_BOUND)
    report.row(f"{_MANY_USERS[1]:,} use a role", "", f"{users:.0f}", "", "")


@contextmanager
def _served(things: int, using: int, latency: float) -> Iterator[dict[str, str]]:
    """Serve an account, and yield the variables with which it is found."""
    arguments = ["--resources", str(things), "--using", str(using), "--latency", str(latency)]
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
            # the end of its input ends it
            server.communicate()
