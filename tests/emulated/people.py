"""People in the emulated account: users with keys and one policy, who call our commands.

The unmodified commands run in this process, with the user's keys. IAM checks every call against the
policy. Waiting takes simulated time of the emulator.
"""

from __future__ import annotations

import itertools
import json
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest
from botocore.loaders import create_loader
from click.testing import CliRunner
from ministack.core import iam_evaluator

from slr_constructs.cli.command_line import slr_constructs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from click.testing import Result

    from tests.emulated.emulator.clock import Clock
    from tests.emulated.stacks import Account

Document = dict[str, Any]

#: regions in which all services of the catalogue are available.
REGIONS = ("us-east-1", "eu-central-1")
_NAMES = itertools.count()
#: the `time` of the modules that wait.
_WAITING = (
    "slr_constructs.account.changes.time",
    "slr_constructs.handler.slr_handler.clock.time",
)
#: the service models are loaded once, because every session would load them again.
LOADER = create_loader()


class Person:
    """A user of an account, without permissions at first.

    Args:
        account: The account of the user.

        regions: The regions in which botocore reports the services as available.
            Default: all regions that botocore knows.
    """

    def __init__(self, account: Account, *, regions: Sequence[str] = ()) -> None:
        self.account = account
        self._regions = regions
        self._iam = account.emulator.client("iam", account.id, "us-east-1")
        self._name = f"person-{next(_NAMES)}"
        self._iam.create_user(UserName=self._name)
        key = self._iam.create_access_key(UserName=self._name)["AccessKey"]
        self.access_key: str = key["AccessKeyId"]
        # a key in this process's environment would be the root's for the emulator
        credentials = account.emulator.folder / self._name
        credentials.write_text(
            f"[default]\naws_access_key_id = {self.access_key}\n"
            f"aws_secret_access_key = {key['SecretAccessKey']}\n"
        )
        self._environment = {
            "AWS_ENDPOINT_URL": account.emulator.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
            # ignore the settings and the terminal of this machine
            "AWS_ACCESS_KEY_ID": None,
            "AWS_SECRET_ACCESS_KEY": None,
            "AWS_PROFILE": None,
            "AWS_SESSION_TOKEN": None,
            "AWS_REGION": None,
            "COLUMNS": "100",
        }

    def may(self, document: Document) -> None:
        """Set the only policy of the user."""
        self._iam.put_user_policy(
            UserName=self._name, PolicyName="own", PolicyDocument=json.dumps(document)
        )

    def run(self, *arguments: str, meanwhile: Callable[[], object] | None = None) -> Result:
        """Run a command.

        Args:
            arguments: The arguments of `slr-constructs`.

            meanwhile: Starts other actions at the same moment.
                Default: no other action.
        """
        clock = self.account.emulator.clock
        with pytest.MonkeyPatch.context() as patch, clock.actor(self._name) as actor:
            for name in _WAITING:
                patch.setattr(name, SimulatedTime(clock, actor))
            patch.setattr(botocore.session, "create_loader", lambda *_: LOADER)
            if self._regions:
                patch.setattr(boto3.Session, "get_available_regions", self._offered)
            if meanwhile is not None:
                meanwhile()
            result = CliRunner().invoke(
                slr_constructs, arguments, prog_name="slr-constructs", env=self._environment
            )
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        return result

    def is_allowed(self, action: str, resource: str, context: Mapping[str, str]) -> bool:
        """Return whether the policy allows an action."""
        principal = iam_evaluator.resolve_principal(self.access_key, self.account.id)
        request = iam_evaluator.EvalContext(
            principal_arn=principal.arn,
            principal_type=principal.type,
            principal_account=principal.account,
            action=action,
            resource_arn=resource,
            region="us-east-1",
            # the emulator compares keys in lower case
            service_context={name.lower(): value for name, value in context.items()},
        )
        return bool(iam_evaluator.evaluate(request, principal.policies).decision == "Allow")

    def _offered(self, _service: str, _partition: str = "aws") -> list[str]:
        return [*self._regions]


class SimulatedTime(SimpleNamespace):
    """A replacement of the module `time` with the emulator's simulated time."""

    def __init__(self, clock: Clock, actor: str) -> None:
        super().__init__(
            sleep=lambda seconds: clock.sleep(actor, seconds), monotonic=clock.now, time=clock.now
        )


def policy(*arguments: str) -> Document:
    """Return the policy document that `slr-constructs policy` prints."""
    printed = CliRunner().invoke(slr_constructs, ["policy", *arguments])
    assert printed.exit_code == 0, printed.output
    document: Document = json.loads(printed.stdout)
    return document
