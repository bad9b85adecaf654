"""The unmodified CDK command line on the emulated account."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.emulated.emulator.server import Emulator

_ROOT = Path(__file__).parents[2]
_CDK = _ROOT / "node_modules" / ".bin" / "cdk"
_SECONDS = 300


class CommandError(Exception):
    """A command failed."""


class CommandLine:
    """Runs `cdk` in an account and region of the emulator.

    Args:
        emulator: The emulator, which replaces AWS.

        account: The number of the account.

        folder: An empty folder, used as the home directory without settings of this machine.

        region: The region of the stacks.
    """

    def __init__(
        self, emulator: Emulator, account: str, folder: Path, region: str = "us-east-1"
    ) -> None:
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "CI": "true",
            "NO_COLOR": "1",
            "NODE_NO_WARNINGS": "1",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "1",
            **emulator.environment(account, region),
        }
        self._place = f"aws://{account}/{region}"
        self._assembly = folder / "cdk.out"

    def synth(self) -> None:
        """Synthesize the sample app once, for all later commands."""
        self.run("synth", "--quiet", "--output", str(self._assembly), app=None)

    def bootstrap(self) -> str:
        """Bootstrap the account, which is necessary once for every account and region."""
        return self.run("bootstrap", self._place, app=None)

    def deploy(self, *stacks: str) -> str:
        """Deploy all stacks, several at once, or only the named stacks."""
        which = stacks or ("--all", "--concurrency", "5")
        return self.run("deploy", *which, "--require-approval", "never")

    def destroy(self, *stacks: str) -> str:
        """Destroy all stacks, several at once, or only the named stacks."""
        which = stacks or ("--all", "--concurrency", "5")
        return self.run("destroy", *which, "--force")

    def diff(self, *stacks: str) -> str:
        """Compare the app with the deployed stacks."""
        return self.run("diff", *stacks)

    def run(self, *arguments: str, app: str | None = "") -> str:
        """Run one command and return its output.

        Args:
            arguments: The arguments of `cdk`.

            app: The app; None for the app of `cdk.json`.
                Default: the assembly that `synth` created.

        Raises:
            CommandError: The command failed; the error contains its output.
        """
        where = [] if app is None else ["--app", app or str(self._assembly)]
        done = subprocess.run(
            [str(_CDK), *arguments, *where],
            cwd=_ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise CommandError(f"cdk {' '.join(arguments)} failed:\n{done.stdout}")
        return done.stdout
