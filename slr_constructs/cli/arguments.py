"""The arguments and options that commands share, except those of an account."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slr_constructs.cli.refusal import Refusal
from slr_constructs.cli.stderr import warn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slr_constructs.templates.app import App

#: click does not check that the path exists: the reader does, and reports it like other errors.
PATH = click.Path(path_type=Path)
#: the argument of commands that read several assemblies or templates.
PATHS = click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=PATH)
#: where commands write their output.
OUTPUT = click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the output to this file.  [default: standard output]",
)


def format_option(*formats: str, help: str = "") -> Callable[[Any], Any]:
    """Return the option `--format`, which is passed to the command as `form`.

    Args:
        formats: The names of the formats. The first one is the default.

        help: Text after the common help text.
            Default: none.
    """
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help=f"The output format. {help}".rstrip(),
    )


def read_app(
    paths: Sequence[Path],
    *,
    name: str | None = None,
    only: Sequence[str] = (),
    warns: bool = True,
) -> App:
    """Read assemblies and templates.

    Args:
        paths: The folders of assemblies and the files of templates.

        name: As for `App.read`.

        only: As for `App.read`.

        warns: Whether to report on stderr which parts could not be read.
            Default: they are reported.

    Raises:
        Refusal: A path cannot be read.
    """
    # commands that print facts and policies start without it
    from slr_constructs.templates.app import App  # noqa: PLC0415
    from slr_constructs.templates.reading import TemplateError  # noqa: PLC0415

    try:
        app = App.read(paths, name=name, only=only)
    except TemplateError as error:
        raise Refusal(str(error)) from None
    for note in app.notes if warns else ():
        warn(note)
    return app


def check_output(path: Path | None) -> None:
    """Check that a file can be written, before a command works for minutes.

    Raises:
        Refusal: The file cannot be written.
    """
    if path is not None and not os.access(path if path.exists() else path.parent, os.W_OK):
        raise Refusal(f"{path} cannot be written")
