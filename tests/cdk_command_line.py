"""The unmodified CDK command line, on the emulator or on AWS."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.emulated.emulator.server import Emulator

_ROOT = Path(__file__).parents[1]
_CDK = _ROOT / "node_modules" / ".bin" / "cdk"
_SECONDS = 3600
#: the folder in which jsii unpacks CDK, set by `make`. In the empty home folder of a command, jsii
#: would unpack CDK again, which takes longer than all other work of `cdk synth`.
_CACHE = "JSII_RUNTIME_PACKAGE_CACHE_ROOT"


class CommandError(Exception):
    """A command failed."""


class CommandLine:
    """Runs `cdk` in an account and region.

    Args:
        environment: The environment, with the credentials.

        place: The account and region, in the form `aws://ACCOUNT/REGION`.

        folder: The folder of the assembly `cdk.out`.

        app: The module of the app.
            Default: the app of `cdk.json`.
    """

    def __init__(
        self, environment: Mapping[str, str], place: str, folder: Path, *, app: str = ""
    ) -> None:
        self._environment = {
            **environment,
            "PATH": os.environ["PATH"],
            **({_CACHE: os.environ[_CACHE]} if _CACHE in os.environ else {}),
            "CI": "true",
            "NO_COLOR": "1",
            "NODE_NO_WARNINGS": "1",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "1",
        }
        self._place = place
        self._assembly = folder / "cdk.out"
        self._app = [] if not app else ["--app", f"{sys.executable} -m {app}"]

    def synth(self) -> None:
        """Synthesize the app once, for all later commands."""
        self.run("synth", "--quiet", "--output", str(self._assembly), *self._app, app=None)

    def bootstrap(self) -> str:
        """Bootstrap the account, which is necessary once for every account and region."""
        # without an app, because the command would synthesize it although it does not need it
        return self.run("bootstrap", self._place, "--app", "", app=None)

    def deploy(self, *stacks: str) -> str:
        """Deploy all stacks or only the named stacks, several at once."""
        which = stacks or ("--all",)
        return self.run("deploy", *which, "--concurrency", "5", "--require-approval", "never")

    def destroy(self, *stacks: str) -> str:
        """Destroy all stacks or only the named stacks, several at once."""
        which = stacks or ("--all",)
        return self.run("destroy", *which, "--concurrency", "5", "--force")

    def diff(self, *stacks: str) -> str:
        """Compare the app with the deployed stacks."""
        return self.run("diff", *stacks)

    def run(self, *arguments: str, app: str | None = "", folder: Path = _ROOT) -> str:
        """Run one command and return its output.

        Args:
            arguments: The arguments of `cdk`.

            app: The app; None for the app of `cdk.json`.
                Default: the assembly that `synth` created.

            folder: The working directory, whose `cdk.json` is read if it exists.
                Default: the folder of this repository.

        Raises:
            CommandError: The command failed; the error contains its output.
        """
        where = [] if app is None else ["--app", app or str(self._assembly)]
        done = subprocess.run(
            [str(_CDK), *arguments, *where],
            cwd=folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            # Ctrl-C on the terminal must not stop the clean-up
            start_new_session=True,
            check=False,
        )
        if done.returncode != 0:
            raise CommandError(f"cdk {' '.join(arguments)} failed:\n{done.stdout}")
        return done.stdout


def on_emulator(
    emulator: Emulator, account: str, folder: Path, region: str = "us-east-1", *, app: str = ""
) -> CommandLine:
    """Return the command line for an account and region of the emulator.

    Args:
        emulator: The emulator, which replaces AWS.

        account: The number of the account.

        folder: An empty folder, used as the home directory without settings of this machine.

        region: The region of the stacks.

        app: The module of the app.
            Default: the app of `cdk.json`.
    """
    environment = {"HOME": str(folder), **emulator.environment(account, region)}
    return CommandLine(environment, f"aws://{account}/{region}", folder, app=app)
