"""The command line `slr-constructs`, for CloudFormation templates and AWS accounts.

The command line is public; its modules are internal.

It works for all stacks, with or without these constructs. It needs the extra
`slr-constructs[cli]`. It never loads CDK, so it starts fast and needs no Node.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

_MODULES_OF_THE_EXTRA = {"boto3", "botocore", "cfnlint", "click", "networkx", "rich", "yaml"}
#: the exit status that shells use for an interrupted command: 128 plus the number of SIGINT.
INTERRUPTED = 130
#: of a stream, except a closed pipe, which click handles.
_WRITE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}


def main() -> None:
    """Run the command line."""
    _exit_on_interruption()
    _open_streams()
    try:
        # imported here because the script is also installed without the extra
        from slr_constructs.cli.command_line import slr_constructs  # noqa: PLC0415
    except ModuleNotFoundError as error:
        _explain_missing_extra(error)
        raise
    try:
        slr_constructs(prog_name="slr-constructs")
    except OSError as error:
        # errors of files have a name, and those of connections are reported by the commands
        if error.filename is not None or error.errno not in _WRITE_ERRORS:
            _exit_with_traceback()
        from slr_constructs.cli.output import discard_stdout  # noqa: PLC0415 - imports rich
        from slr_constructs.cli.stderr import warn  # noqa: PLC0415

        discard_stdout()
        warn(f"standard output cannot be written: {error.strerror}")
        sys.exit(2)
    except Exception as error:  # noqa: BLE001 - every unexpected error gets exit status 2
        # commands import some modules only when they run
        _explain_missing_extra(error)
        _exit_with_traceback()


def _exit_with_traceback() -> NoReturn:
    # Python's own exit status is 1, which means "worse" for diff and "errors" for check
    traceback.print_exc()
    sys.exit(2)


def _exit_on_interruption() -> None:
    """Exit without a traceback on Ctrl-C, also while modules are imported.

    Commands that do more than read files have their own sentence, and replace the handler.
    """

    def exit_now(*_: object) -> NoReturn:
        # not `sys.stderr`, which may be in use
        with suppress(OSError):
            os.write(2, b"slr-constructs: interrupted\n")
        sys.exit(INTERRUPTED)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, exit_now)


def _open_streams() -> None:
    """Replace closed streams, and let streams accept every character."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            # otherwise, the next file that is opened gets the number of the stream
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - until exit
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _explain_missing_extra(error: Exception) -> None:
    """Exit with a sentence if a module of the extra is not installed."""
    if isinstance(error, ModuleNotFoundError) and error.name in _MODULES_OF_THE_EXTRA:
        sys.stderr.write(
            "slr-constructs: the command line needs additional packages:"
            " pip install 'slr-constructs[cli]'\n"
        )
        sys.exit(2)
