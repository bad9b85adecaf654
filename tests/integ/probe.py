"""Run the experiments, and write the result."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from slr_constructs._version import __version__
from slr_constructs.account.access import CALL_ERRORS, reason
from slr_constructs.account.interruption import held
from slr_constructs.handler.slr_handler.clock import OutOfTimeError
from tests.integ.bench import Bench, NoAnswerError, redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.integ.experiment import Experiment
    from tests.integ.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
#: the results on AWS that are in the repository.
RESULTS = ROOT / "docs" / "verified"


@dataclass(frozen=True, slots=True)
class Found:
    """What one experiment found."""

    #: the id of the answer; empty if AWS gave neither.
    answer: str
    #: why the question was not answered.
    problem: str = ""
    #: what the clean-up could not take back.
    left: tuple[str, ...] = ()
    evidence: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a run."""

    #: in UTC.
    date: str
    region: str
    version: str
    #: the answers of an emulator say nothing about AWS.
    emulated: bool
    #: by the id of the experiment.
    answers: dict[str, Found]

    def text(self) -> str:
        """Return the result as JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"


def load(path: Path) -> Result:
    """Read a result.

    Raises:
        ValueError: It is not the result of a run on AWS.
    """
    contents = json.loads(path.read_text(encoding="utf-8"))
    answers = {
        name: Found(each["answer"], each["problem"], tuple(each["left"]), tuple(each["evidence"]))
        for name, each in contents.pop("answers").items()
    }
    result = Result(**contents, answers=answers)
    if result.emulated:
        raise ValueError(f"{path.name} is the result of an emulator, and says nothing about AWS")
    return result


def run(
    sandbox: Sandbox,
    experiments: Sequence[Experiment],
    report: Callable[[str], None],
) -> Result:
    """Run experiments one after another, each with its clean-up.

    Raises:
        KeyboardInterrupt: The run was interrupted. The clean-up of the experiment is done.
    """
    answers = {}
    for number, each in enumerate(experiments, 1):
        report(f"[{number}/{len(experiments)}] {each.id}: {each.question}")
        found = answers[each.id] = _answer(sandbox, each, report)
        if found.answer:
            report(f"    {found.answer}: {each.answer(found.answer).means}")
        else:
            report(f"    no answer: {found.problem}")
    return Result(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        region=sandbox.region,
        version=__version__,
        emulated=sandbox.emulated,
        answers=answers,
    )


def _answer(sandbox: Sandbox, experiment: Experiment, report: Callable[[str], None]) -> Found:
    bench = Bench(sandbox, experiment.calls)
    answer = problem = ""
    # an interruption is possible only in a wait of the experiment, and not in the clean-up
    with held():
        try:
            answer = experiment.ask(bench)
        except (NoAnswerError, OutOfTimeError, *CALL_ERRORS) as error:
            problem = _text(error, sandbox)
        finally:
            left = bench.clean_up()
            for each in left:
                report(f"    left: {each}")
    return Found(answer, problem, tuple(left), tuple(bench.evidence))


def _text(error: BaseException, sandbox: Sandbox) -> str:
    text = reason(error) if isinstance(error, CALL_ERRORS) else str(error)
    return redacted(text or "it takes too long", sandbox.account.id)


def problems(result: Result, experiments: Sequence[Experiment]) -> list[str]:
    """Return why a run failed: contradicted facts, missing answers, and what is left."""
    found = []
    for each in experiments:
        answered = result.answers[each.id]
        if not answered.answer:
            found.append(f"{each.id}: no answer: {answered.problem}")
        elif fact := each.answer(answered.answer).contradicts:
            found.append(f"{each.id}: the answer {answered.answer} contradicts {fact}")
        found += [f"{each.id}: left in the account: {left}" for left in answered.left]
    return found


def write(result: Result, folder: Path) -> Path:
    """Write a result to a folder, and return its path.

    Raises:
        ValueError: The result is an emulator's, and the folder is that of results on AWS.
    """
    if result.emulated and folder.resolve().is_relative_to(RESULTS.resolve()):
        raise ValueError("the result of an emulator is not written to docs/verified")
    label = "emulated" if result.emulated else result.region
    path = folder / f"{result.date[:10]}-{label}.json"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(result.text(), encoding="utf-8")
    return path
