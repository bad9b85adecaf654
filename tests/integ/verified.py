"""Generate `docs/verified.md` from the newest result in the repository; `make verified`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integ.experiments import ALL
from tests.integ.probe import RESULTS, ROOT, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integ.experiment import Experiment
    from tests.integ.probe import Found, Result

PAGE = ROOT / "docs" / "verified.md"

_HEAD = """\
# Facts verified on AWS

This page is generated: run `make verified` to update it.

AWS does not document the answers to the questions below. The library works with both answers,
unless an answer contradicts one of its facts. `make probe-aws` asks the questions in a sandbox
account: it creates resources, reads what AWS does, and deletes them. It writes the answers to
`docs/verified/`, and updates this page from the newest file there. The result of an emulator is
never used.
"""
_NOT_YET = "**Not yet run** on AWS: `docs/verified/` has no result, so each answer is open."
_OPEN = "not yet run"
_NOT_ASKED = """\
## Not asked

- Whether AWS migrates the former role of messaging, `AmazonChimeServiceChatStreamingAccess`: only
  an account that has used the feature before 2023 can have it.
- Which dependent actions the service authorization reference lists: this is a question about a
  page of AWS. Two of the experiments above ask for permissions that a caller needs in practice.
- The texts of CloudFormation for a native role that exists or is in use: users report them.
"""


def page(folder: Path = RESULTS) -> str:
    """Return the page for the newest result in a folder."""
    results = sorted(map(load, folder.glob("*.json")), key=lambda each: each.date)
    newest = results[-1] if results else None
    sections = (line for each in ALL for line in _section(each, newest))
    return "\n".join((_HEAD, *_summary(newest), *sections, _NOT_ASKED))


def _summary(result: Result | None) -> Iterator[str]:
    if result is None:
        yield _NOT_YET
    else:
        yield (
            f"Run on {result.date[:10]} in {result.region}, with slr-constructs {result.version}."
        )
    yield ""
    yield "| question | answer of AWS |"
    yield "|---|---|"
    for each in ALL:
        found = _found(each, result)
        answer = _OPEN
        if found is not None:
            answer = each.answer(found.answer).means if found.answer else "no answer"
            if found.answer and each.answer(found.answer).contradicts:
                answer += " **This contradicts a fact of the library.**"
        yield f"| [{each.question}](#{each.id}) | {answer} |"
    yield ""


def _found(experiment: Experiment, result: Result | None) -> Found | None:
    return None if result is None else result.answers.get(experiment.id)


def _section(experiment: Experiment, result: Result | None) -> Iterator[str]:
    found = _found(experiment, result)
    yield f"## {experiment.id}"
    yield ""
    yield experiment.question
    yield ""
    for answer in experiment.answers:
        mark = " (answer of AWS)" if found is not None and found.answer == answer.id else ""
        yield f"- **{answer.id}**{mark}: {answer.means} {answer.library}"
        if answer.contradicts:
            yield f"  This contradicts: {answer.contradicts}."
    yield ""
    yield f"Calls: {', '.join(f'`{each}`' for each in experiment.calls)}."
    if experiment.stack:
        yield f"A temporary stack has: {', '.join(f'`{each}`' for each in experiment.stack)}."
    yield f"Clean-up: {experiment.clean_up}"
    yield ""
    if found is None:
        return
    if found.problem:
        yield f"No answer: {found.problem}"
        yield ""
    yield from ("```text", *found.evidence, "```", "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
