"""The error that commands raise when they cannot do what you asked for."""

from __future__ import annotations

from typing import Any

import click

from slr_constructs.templates.words import visible


class Refusal(click.ClickException):
    """The command cannot be executed. It printed nothing except this error."""

    exit_code = 2

    def show(self, file: Any = None) -> None:  # noqa: ANN401 - click's signature
        """Print the message."""
        # names come from templates and may contain control characters for terminals
        click.echo(f"slr-constructs: {visible(self.message)}", file=file, err=file is None)
