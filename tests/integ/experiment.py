"""Experiments as records: a question about AWS, both answers, and what the library does then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integ.bench import Bench


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the answers that AWS can give."""

    #: a short name, unique in its experiment.
    id: str
    #: what AWS does.
    means: str
    #: what the library does if AWS does that.
    library: str
    #: the fact of the library that this answer contradicts; empty if the library is correct.
    contradicts: str = ""


@dataclass(frozen=True, slots=True)
class Experiment:
    """A question about AWS that no AWS page answers.

    `ask` returns the id of the answer. If AWS gives neither answer, it raises
    `bench.NoAnswerError`. It undoes nothing: for each change, it registers an undo with the bench.
    """

    #: a name in kebab case.
    id: str
    question: str
    answers: tuple[Answer, Answer]
    #: the operations, in the form `client:Operation`, with those of the clean-up.
    calls: tuple[str, ...]
    #: what the clean-up does.
    clean_up: str
    ask: Callable[[Bench], str]
    #: types of resources that a temporary stack has.
    stack: tuple[str, ...] = ()

    def answer(self, id: str) -> Answer:
        """Return an answer by its id."""
        return next(each for each in self.answers if each.id == id)
