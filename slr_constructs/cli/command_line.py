"""The commands, and what their exit status says.

A command is in the module of its name and is loaded when it is called. Exit status 0: done; 1: the
answer is no; 2: the command could not do what was asked, and one sentence on the error stream says
why. Of commands that ask an account, 1 says that only a part was done, and 130 that it was
interrupted.
"""

from __future__ import annotations

import importlib

import click

_COMMANDS = (
    "audit",
    "catalogue",
    "check",
    "diff",
    "leases",
    "order",
    "policy",
    "release",
    "restore",
)


class _Commands(click.Group):
    """The commands by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click has it
        """Return the names, in the order of `--help`."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as click has it
        """Load a command."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"slr_constructs.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="slr-constructs")
def slr_constructs() -> None:
    """Read the order of stacks, and how they hold service-linked roles.

    Of templates, what `cdk synth` writes or anybody else; these commands call nobody:

    \b
      slr-constructs order cdk.out           what comes and goes in which order
      slr-constructs diff old.out cdk.out    what a change does to that
      slr-constructs check cdk.out           what goes wrong with roles
      slr-constructs catalogue mediatailor   what is known of a role, and whence
      slr-constructs policy --deploy ivs     what a deployment has to be allowed

    Of accounts, as your credentials may see them; the first changes nothing:

    \b
      slr-constructs audit                   who holds roles, and what uses them
      slr-constructs leases --drop-gone      let go for stacks that are gone
      slr-constructs release mediatailor     switch off what uses it; delete it
      slr-constructs restore FILE            switch it on again

    Exit status: 0 done, 1 the answer is no (`check`: an error,
    `diff`: something got worse) or only a part was done, 2 it could not
    be done, 130 interrupted.

    Completion, for a line of your shell's start-up file (bash; zsh and fish likewise):

    \b
      eval "$(_SLR_CONSTRUCTS_COMPLETE=bash_source slr-constructs)"
    """  # noqa: D301 - click reads \b
