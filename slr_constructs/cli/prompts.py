"""Questions on a terminal: you type a word to confirm a change."""

from __future__ import annotations

import sys

import click

from slr_constructs.cli.refusal import Refusal


def can_ask() -> bool:
    """Return whether a person can see a question and type the answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def typed(word: str, action: str) -> bool:
    """Ask for a word, and return whether it was typed."""
    click.echo(f"Type {word} to {action}: ", nl=False)
    line = ""
    try:
        line = sys.stdin.readline()
    finally:
        # after the end of input or an interruption, the cursor is still behind the question
        if not line.endswith("\n"):
            click.echo()
    return line.strip() == word


def confirm(word: str, command: str, *, yes: bool) -> None:
    """Ask for a word before anything is changed, unless `yes` is true.

    Raises:
        Refusal: The command has no terminal to ask on, or another word was typed.
    """
    if yes:
        return
    if not can_ask():
        raise Refusal(
            f"cannot ask for confirmation without a terminal. Use --yes to {command}, or --dry-run"
            " to show the plan"
        )
    if not typed(word, "continue"):
        raise Refusal(f"{word} was not typed. Nothing was changed")
