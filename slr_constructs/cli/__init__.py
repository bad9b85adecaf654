"""The command line `slr-constructs`, for CloudFormation templates and AWS accounts.

The command line is public; its modules are internal.

It works for all stacks, with or without these constructs. It needs the extra
`slr-constructs[cli]`. It never loads CDK, so it starts fast and needs no Node.
"""

from __future__ import annotations

import sys
import traceback

_MODULES_OF_THE_EXTRA = {"boto3", "botocore", "cfnlint", "click", "networkx", "rich", "yaml"}


def main() -> None:
    """Run the command line."""
    try:
        # imported here because the script is also installed without the extra
        from slr_constructs.cli.command_line import slr_constructs  # noqa: PLC0415
    except ModuleNotFoundError as error:
        _explain_missing_extra(error)
        raise
    try:
        slr_constructs(prog_name="slr-constructs")
    except Exception as error:  # noqa: BLE001 - every unexpected error gets exit status 2
        # commands import some modules only when they run
        _explain_missing_extra(error)
        # Python's own exit status is 1, which means "worse" for diff and "errors" for check
        traceback.print_exc()
        sys.exit(2)


def _explain_missing_extra(error: Exception) -> None:
    """Exit with a sentence if a module of the extra is not installed."""
    if isinstance(error, ModuleNotFoundError) and error.name in _MODULES_OF_THE_EXTRA:
        sys.stderr.write(
            "slr-constructs: the command line needs additional packages:"
            " pip install 'slr-constructs[cli]'\n"
        )
        sys.exit(2)
