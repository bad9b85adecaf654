"""One emulator for each process, one account for each test, and the summary of the suite."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App

from sample_app.app import build
from tests.emulated.emulator.server import Emulator, emulator
from tests.emulated.scenarios import SCENARIOS
from tests.emulated.stacks import Account, Template, templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ROOT = Path(__file__).parents[2]
_NUMBERS = itertools.count(111122220001)
_TALLY = "tally"


@pytest.fixture(scope="session", name="emulator")
def started_emulator() -> Iterator[Emulator]:
    """Start the emulator."""
    with emulator() as started:
        yield started


@pytest.fixture
def new_account(emulator: Emulator) -> Callable[[], Account]:
    """Return a function that creates accounts; the emulator's behaviour is reset."""
    emulator.reset()
    return lambda: Account(emulator, str(next(_NUMBERS)))


@pytest.fixture
def account(new_account: Callable[[], Account]) -> Account:
    """Return an empty account."""
    return new_account()


@pytest.fixture(scope="session")
def sample_app(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    """Return the stacks of the sample app, by name."""
    context = json.loads((_ROOT / "cdk.json").read_text())["context"]
    app = App(outdir=str(tmp_path_factory.mktemp("cdk.out")), context=context)
    return templates(Path(build(app).synth().directory))


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return a function that counts the actions of a scenario."""

    def count(scenario: str, **counts: int) -> None:
        assert scenario in SCENARIOS
        request.node.user_properties.append((_TALLY, [scenario, counts]))

    return count


def pytest_terminal_summary(terminalreporter: Any) -> None:  # noqa: ANN401 - pytest's own
    """Print the counts of every scenario."""
    totals: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    failed: set[str] = set()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, value in getattr(report, "user_properties", []):
                if name == _TALLY and report.when == "call":
                    scenario, counts = value
                    if outcome == "failed":
                        failed.add(scenario)
                    for what, number in counts.items():
                        totals[scenario][what] += number
    if not totals:
        return
    terminalreporter.section("emulated deploy")
    for scenario, title in SCENARIOS.items():
        if scenario in totals:
            figures = ", ".join(
                f"{number:,} {what.replace('_', ' ')}" for what, number in totals[scenario].items()
            )
            mark = "FAILED  " if scenario in failed else ""
            terminalreporter.line(f"{title}\n    {mark}{figures}")
