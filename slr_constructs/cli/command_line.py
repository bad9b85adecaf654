"""The commands and their exit status.

Each command is defined in the module of its name, which is imported when the command is called.
Exit status 0: success; 1: `check` found errors or `diff` found something worse; 2: the command
could not be executed, and one sentence on stderr says why. For commands that read an account, 1
means that only a part was done, and 130 that the command was interrupted.
"""

from __future__ import annotations

import importlib

import click

from slr_constructs._version import __version__

_COMMANDS = (
    "audit",
    "baseline",
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

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, in the order of `--help`."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command and return it."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"slr_constructs.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def slr_constructs() -> None:
    """Analyze service-linked roles in CloudFormation templates and AWS accounts.

    Template commands read files only. They need no AWS credentials.

    \b
      slr-constructs check cdk.out           find problems with roles
      slr-constructs order cdk.out           show creation and deletion order
      slr-constructs diff old.out cdk.out    compare two versions
      slr-constructs catalogue mediatailor   show the facts about a role
      slr-constructs policy --deploy ivs     print an IAM policy
      slr-constructs baseline                print a template that keeps roles

    Account commands use your AWS credentials. `audit` only reads.

    \b
      slr-constructs audit                   show roles and their usages
      slr-constructs leases --drop-deleted   drop leases of deleted stacks
      slr-constructs release mediatailor     disable all usages, delete the role
      slr-constructs restore FILE            undo a release

    Exit status: 0 success; 1 problems found (`check`: an error, `diff`: a change for the worse) or
    only a part was done; 2 the command could not be executed; 130 interrupted.

    To enable shell completion, add this line to the start-up file of bash (zsh and fish have
    similar ones):

    \b
      eval "$(_SLR_CONSTRUCTS_COMPLETE=bash_source slr-constructs)"
    """  # noqa: D301 - click reads \b
