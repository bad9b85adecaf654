"""Whose account it is, and the way into it: profiles, SSO and roles, as boto3 does.

Nothing here prints or keeps a credential.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.parsers import ResponseParserError

from slr_constructs.handler.slr_handler.aws import Api, code, message
from slr_constructs.handler.slr_handler.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from slr_constructs.handler.slr_handler.aws import Tell

#: `Api` is patient with whoever is busy. What does not answer at all is asked once more.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=64,
    user_agent_extra=f"slr-constructs/{version('slr-constructs')}",
)
#: longer than anybody waits for a command, and than the credentials of a role last.
_COMMAND_SECONDS = 3600
#: where boto3 is told no region, and where the partition has it.
_FIRST_REGION = "us-east-1"
_SESSION_NAME = "slr-constructs"

#: what a call raises: there is no answer, it is a refusal, or it is none of AWS's, as proxies give.
CALL_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
#: what looking for credentials may raise besides: a profile's own process does not start, or prints
#: what nobody can read.
_SIGN_IN_ERRORS = (*CALL_ERRORS, OSError, ValueError)


class AccountError(Exception):
    """What was asked of an account cannot be done; the text says why, and nothing was changed."""


def _quiet(event: str, **details: object) -> None:
    """Tell nobody."""


class Account:
    """One account, as whoever asks may see it.

    Args:
        session: Has the credentials.

        id: The account.

        partition: Where it is: aws, aws-cn, aws-us-gov...

        name: What its organization calls it, if that is known.
    """

    def __init__(self, session: boto3.Session, *, id: str, partition: str, name: str = "") -> None:
        self.id = id
        self.partition = partition
        self.name = name
        self._session = session
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    @property
    def home(self) -> str:
        """The region in which services without regions are called."""
        known = self._session.get_available_regions("sts", self.partition)
        for region in (self._session.region_name, _FIRST_REGION):
            if region in known:
                return str(region)
        # a partition that botocore has no list of yet is the session's own
        return str(known[0] if known else self._session.region_name or _FIRST_REGION)

    def regions(self, service: str) -> list[str]:
        """Return where a service is offered, as far as the botocore that is installed knows."""
        return sorted(self._session.get_available_regions(service, self.partition))

    def unknown(self, regions: Iterable[str], services: Iterable[str]) -> list[str]:
        """Return which of these regions of its partition have none of the services, by botocore."""
        known = {
            region
            for service in services
            for region in self._session.get_available_regions(service, self.partition)
        }
        return [each for each in regions if each not in known and self._has(each)]

    def _has(self, region: str) -> bool:
        partition: str = self._session.get_partition_for_region(region)
        return partition == self.partition

    def region(self, name: str | None = None, tell: Tell = _quiet) -> Region:
        """Return a region of the account; by default, the one for services without regions."""
        return Region(self, self.home if name is None else name, tell)

    def client(self, service: str, region: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """Return the one client of a service in a region."""
        # boto3's sessions are not for several threads, their clients are
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._session.client(
                    service, region_name=region, config=_CONFIG
                )
            return self._clients[service, region]

    def assume(self, role_arn: str) -> Account:
        """Return the account of a role, as the role may see it.

        Raises:
            AccountError: STS does not hand the role out.
        """
        try:
            answer = self.client("sts", self.home).assume_role(
                RoleArn=role_arn, RoleSessionName=_SESSION_NAME
            )
        except CALL_ERRORS as error:
            raise AccountError(f"{role_arn} cannot be assumed: {reason(error)}") from None
        given = answer["Credentials"]
        session = boto3.Session(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            region_name=self.home,
        )
        return _identified(session)

    def organization(self) -> Iterator[tuple[str, str]]:
        """Yield the id and name of each active account of the organization.

        Raises:
            AccountError: They cannot be listed: it takes the organization's management account, or
                one that it delegates to.
        """
        api = self.region().api("organizations")
        given: dict[str, Any] = {}
        while True:
            try:
                answer = api.call("list_accounts", **given)
            except CALL_ERRORS as error:
                raise AccountError(f"the organization cannot be read: {reason(error)}") from None
            for each in answer["Accounts"]:
                # AWS retires Status on September 9, 2026, and State does not say it all before
                if (each.get("State") or each.get("Status")) == "ACTIVE":
                    yield each["Id"], each.get("Name", "")
            if "NextToken" not in answer:
                return
            given = {"NextToken": answer["NextToken"]}


@dataclass(frozen=True, slots=True)
class Region:
    """One region of an account."""

    account: Account
    name: str
    tell: Tell = _quiet

    def api(self, service: str) -> Api:
        """Return a service in this region."""
        # the credentials are nobody's new ones, so a denial is one
        return Api(
            self.account.client(service, self.name),
            Clock(_COMMAND_SECONDS),
            tell=self.tell,
            settling_seconds=0,
        )


def sign_in(*, profile: str | None = None, role_arn: str | None = None) -> Account:
    """Return the account that somebody's credentials are for.

    Args:
        profile: A profile of the AWS configuration.
            Default: as boto3 finds credentials, in the environment first.

        role_arn: A role to assume with them.
            Default: none.

    Raises:
        AccountError: There are no credentials, or AWS does not take them.
    """
    try:
        session = boto3.Session(profile_name=profile)
    except _SIGN_IN_ERRORS as error:
        raise AccountError(reason(error)) from None
    account = _identified(session)
    return account if role_arn is None else account.assume(role_arn)


def _identified(session: boto3.Session) -> Account:
    try:
        sts = session.client(
            "sts", region_name=session.region_name or _FIRST_REGION, config=_CONFIG
        )
        # needs no right
        caller = sts.get_caller_identity()
    except _SIGN_IN_ERRORS as error:
        raise AccountError(f"AWS cannot be signed in to: {reason(error)}") from None
    return Account(session, id=caller["Account"], partition=caller["Arn"].split(":")[1])


def reason(error: BaseException) -> str:
    """Say in a sentence what AWS, or the way to it, objected to."""
    if isinstance(error, ClientError):
        # below its first line, a service may quote the request, and the session's token with it
        said, _, _ = message(error).partition("\n")
        return f"{code(error) or 'no code'}: {said}"
    if isinstance(error, HTTPClientError) and type(error) is HTTPClientError:
        # as may what another library says of a header
        return f"the HTTP client failed: {type(error.kwargs['error']).__name__}"
    return " ".join(str(error).split())


def disabled_regions(account: Account) -> Sequence[str]:
    """Return the regions that are not enabled for the account.

    Raises:
        ClientError: The caller may not know.
        BotoCoreError, ResponseParserError: Nobody says.
    """
    api = account.region().api("account")
    disabled: list[str] = []
    given: dict[str, Any] = {"RegionOptStatusContains": ["DISABLED", "DISABLING"], "MaxResults": 50}
    while True:
        answer = api.call("list_regions", **given)
        disabled += [each["RegionName"] for each in answer["Regions"]]
        if "NextToken" not in answer:
            return disabled
        given["NextToken"] = answer["NextToken"]
