"""The one way in which a command says that it cannot do what was asked."""

from __future__ import annotations

from typing import Any

import click

from slr_constructs.templates.words import visible


class Refusal(click.ClickException):
    """What was asked cannot be done; nothing was printed but this."""

    exit_code = 2

    def show(self, file: Any = None) -> None:  # noqa: ANN401 - as click has it
        """Print the sentence."""
        # names come from templates, and a terminal obeys some of what may stand there
        click.echo(f"slr-constructs: {visible(self.message)}", file=file, err=file is None)
