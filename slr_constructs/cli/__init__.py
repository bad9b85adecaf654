"""The command line `slr-constructs`, for templates and accounts, whoever wrote the stacks.

Needs the extra `slr-constructs[cli]`. It never loads CDK, so it starts at once and needs no Node.
"""

from __future__ import annotations

import sys
import traceback

_OF_THE_EXTRA = {"boto3", "botocore", "cfnlint", "click", "networkx", "rich", "yaml"}


def main() -> None:
    """Run the command line."""
    try:
        # here, for whoever installed the package without the extra has the command all the same
        from slr_constructs.cli.command_line import slr_constructs  # noqa: PLC0415
    except ModuleNotFoundError as error:
        _explain(error)
        raise
    try:
        slr_constructs(prog_name="slr-constructs")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no answer
        # commands load some of what they need when they run
        _explain(error)
        # an error of ours; Python's own exit status, 1, would say that something got worse
        traceback.print_exc()
        sys.exit(2)


def _explain(error: Exception) -> None:
    """Leave with a sentence if the extra is not installed, or not all of it."""
    if isinstance(error, ModuleNotFoundError) and error.name in _OF_THE_EXTRA:
        sys.stderr.write(
            "slr-constructs: the command line needs more than the constructs:"
            " pip install 'slr-constructs[cli]'\n"
        )
        sys.exit(2)
