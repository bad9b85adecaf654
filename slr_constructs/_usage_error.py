"""The error for wrong input. It does not need CDK, because the catalogue raises it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from slr_constructs.handler.slr_handler.rules import refusal

if TYPE_CHECKING:
    from constructs import IConstruct


class UsageError(ValueError):
    """A construct has an invalid prop, or conflicts with another construct.

    The message has one of two forms:

    - a value: `<construct path>: <prop> must be <constraint>, got <value> [<code>]`
    - a relation between two constructs (`UsageError.relation`):
      `<construct path>: <sentences> [<code>]`

    Each construct documents the codes that it raises. In addition, every construct raises
    `PropKind` for a prop of the wrong type.

    Args:
        code: A stable code. Renaming a code is a breaking change.

        at: The construct that raises the error, or its path.

        prop: The name of the prop in Python.

        allowed: The constraint, as it continues "must be".

        got: The value that the prop has.
    """

    #: The stable code at the end of the message.
    code: str

    def __init__(
        self, code: str, *, at: IConstruct | str, prop: str, allowed: str, got: object
    ) -> None:
        super().__init__(refusal(_path_of(at), prop, allowed, got, code))
        self.code = code

    @classmethod
    def relation(cls, code: str, *, at: IConstruct | str, text: str) -> Self:
        """Return an error about the relation of two constructs.

        Args:
            code: A stable code. Renaming a code is a breaking change.

            at: The construct that raises the error, or its path.

            text: Full sentences that name both constructs and say what to do.
        """
        error = cls.__new__(cls)
        ValueError.__init__(error, f"{_path_of(at)}: {text} [{code}]")
        error.code = code
        return error


def _path_of(construct: IConstruct | str) -> str:
    return construct if isinstance(construct, str) else construct.node.path
