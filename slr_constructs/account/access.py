"""Access to an account with profiles, SSO and roles, as boto3 supports them.

This module never prints or stores credentials.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, RefreshableCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    ProxyConnectionError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from slr_constructs._version import __version__
from slr_constructs.account.calls import ignore_call
from slr_constructs.account.responses import CheckedApi, InvalidResponseError, check_responses
from slr_constructs.handler.slr_handler.aws import NO_RETRIES, Retries, code, message
from slr_constructs.handler.slr_handler.clock import Clock
from slr_constructs.handler.slr_handler.context import OperationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from slr_constructs.account.calls import OnCall
    from slr_constructs.handler.slr_handler.aws import Api, OnEvent

#: `Api` retries throttled calls. A call without a response is retried once.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=64,
    user_agent_extra=f"slr-constructs/{__version__}",
)
#: longer than a command runs, and longer than the credentials of a role are valid.
COMMAND_SECONDS = 3600
#: used if no region is configured and the partition has this one.
_FIRST_REGION = "us-east-1"
_SESSION_NAME = "slr-constructs"

#: errors of a call: no response, an error response, or a response of a proxy instead of AWS.
CALL_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
#: errors while credentials are read: the credential process of a profile does not start, or its
#: output is not valid.
_SIGN_IN_ERRORS = (*CALL_ERRORS, OSError, ValueError)
#: the credentials have expired: the codes of STS and of the common errors of AWS APIs, and the
#: errors of botocore if a session of IAM Identity Center has ended.
_EXPIRED_CODES = ("ExpiredToken", "ExpiredTokenException")
_EXPIRED = (SSOError, TokenRetrievalError)


class AccountError(Exception):
    """An operation on an account cannot be done. The text says why.

    Args:
        text: The text.

        code: The error code of the call that failed.
            Default: no call failed.
    """

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class SignInAgainError(AccountError):
    """The credentials have expired, so that all further calls fail too."""


def _ignore_event(event: str, **details: object) -> None:
    """Ignore an event."""


class Account:
    """An account, seen with the permissions of a session.

    Args:
        session: The session with the credentials.

        id: The account id.

        partition: The partition: aws, aws-cn, aws-us-gov...

        name: The name of the account in its organization.
            Default: the name is unknown.

        on_call: Receives each call.
            Default: calls are not reported.
    """

    def __init__(
        self,
        session: boto3.Session,
        *,
        id: str,
        partition: str,
        name: str = "",
        on_call: OnCall = ignore_call,
    ) -> None:
        self.id = id
        self.partition = partition
        self.name = name
        self.on_call = on_call
        self._session = session
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    @property
    def home_region(self) -> str:
        """The region in which global services are called."""
        known = self._session.get_available_regions("sts", self.partition)
        for region in (self._session.region_name, _FIRST_REGION):
            if region in known:
                return str(region)
        # botocore does not know the regions of this partition: use the region of the session
        return str(known[0] if known else self._session.region_name or _FIRST_REGION)

    def regions(self, service: str) -> list[str]:
        """Return the regions of a service that the installed botocore knows."""
        return sorted(self._session.get_available_regions(service, self.partition))

    def unknown_regions(self, regions: Iterable[str], services: Iterable[str]) -> list[str]:
        """Return which of these regions botocore does not know for any of the services."""
        known = {
            region
            for service in services
            for region in self._session.get_available_regions(service, self.partition)
        }
        return [
            each
            for each in regions
            if each not in known and self._session.get_partition_for_region(each) == self.partition
        ]

    def region(
        self,
        name: str | None = None,
        on_event: OnEvent = _ignore_event,
        clock: Clock | None = None,
    ) -> Region:
        """Return a region of the account. Default: the region of global services."""
        return Region(self, self.home_region if name is None else name, on_event, clock)

    def client(self, service: str, region: str) -> Any:  # noqa: ANN401 - boto3 creates its clients at run time
        """Return the client of a service in a region. Each is created once."""
        # boto3 sessions are not thread-safe, clients are
        with self._lock:
            if (service, region) not in self._clients:
                client = self._session.client(service, region_name=region, config=_CONFIG)
                check_responses(client)
                self._clients[service, region] = client
            return self._clients[service, region]

    def assume(self, role_arn: str) -> Account:
        """Return the account of a role, seen with the permissions of the role.

        STS is called again before the credentials of the role expire.

        Raises:
            AccountError: STS refuses the role.
        """
        sts = self.region().api("sts")

        def credentials() -> dict[str, str]:
            response = sts.call("assume_role", RoleArn=role_arn, RoleSessionName=_SESSION_NAME)
            assumed = response["Credentials"]
            return {
                "access_key": assumed["AccessKeyId"],
                "secret_key": assumed["SecretAccessKey"],
                "token": assumed["SessionToken"],
                "expiry_time": assumed["Expiration"].isoformat(),
            }

        try:
            provider = _AssumedRole(credentials)
        except CALL_ERRORS as error:
            refuse_expired(error)
            text = f"{role_arn} cannot be assumed: {reason(error)}"
            raise AccountError(text, code(error)) from None
        session = botocore.session.get_session()
        session.register_component("credential_provider", CredentialResolver([provider]))
        session.register_component("data_loader", _service_models())
        assumed = boto3.Session(botocore_session=session, region_name=self.home_region)
        return _identified(assumed, self.on_call)

    def organization_accounts(self) -> Iterator[tuple[str, str]]:
        """Yield the id and name of each active account of the organization.

        Raises:
            AccountError: The accounts cannot be listed. Only the management account of the
                organization or a delegated administrator can list them.
        """
        try:
            for page in pages_of(self.region().api("organizations"), "list_accounts"):
                for each in page["Accounts"]:
                    # AWS removes Status on September 9, 2026. Before, State may be missing
                    if (each.get("State") or each.get("Status")) == "ACTIVE":
                        yield each["Id"], each.get("Name", "")
        except CALL_ERRORS as error:
            raise AccountError(
                f"the accounts of the organization cannot be listed: {reason(error)}"
            ) from None


@cache
def _service_models() -> Any:  # noqa: ANN401 - botocore has no types
    """Return the loader of service models, which takes most of the time of an account."""
    return botocore.session.get_session().get_component("data_loader")


class _AssumedRole(CredentialProvider):  # type: ignore[misc] # botocore has no types
    """Provides the credentials of a role, which are renewed before they expire."""

    METHOD = "assume-role"

    def __init__(self, renew: Callable[[], dict[str, str]]) -> None:
        self._credentials = RefreshableCredentials.create_from_metadata(
            renew(), refresh_using=renew, method=self.METHOD
        )

    def load(self) -> RefreshableCredentials:
        """Return the credentials."""
        return self._credentials


@dataclass(frozen=True, slots=True)
class Region:
    """A region of an account."""

    account: Account
    name: str
    on_event: OnEvent = _ignore_event
    #: waits between the attempts of a call. Default when None: for an hour at most.
    clock: Clock | None = None

    def api(self, service: str, region: str | None = None) -> Api:
        """Return the API of a service in this region, or in another one."""
        # nothing is new, and boto3 retries what does not respond
        return CheckedApi(
            self.account.client(service, region or self.name),
            self.clock or Clock(COMMAND_SECONDS),
            on_event=self.on_event,
            retries=Retries(denied=0, new_target=0, unreachable=0),
            account=self.account.id,
            on_call=self.account.on_call,
        )


def sign_in(
    *, profile: str | None = None, role_arn: str | None = None, on_call: OnCall = ignore_call
) -> Account:
    """Return the account that the credentials belong to.

    Args:
        profile: A profile of the AWS configuration.
            Default: boto3 finds the credentials, first in the environment.

        role_arn: A role to assume with these credentials.
            Default: no role is assumed.

        on_call: Receives each call.
            Default: calls are not reported.

    Raises:
        AccountError: No credentials are found, or AWS refuses them.
    """
    try:
        session = boto3.Session(profile_name=profile)
    except _SIGN_IN_ERRORS as error:
        raise AccountError(reason(error)) from None
    account = _identified(session, on_call)
    return account if role_arn is None else account.assume(role_arn)


def _identified(session: boto3.Session, on_call: OnCall) -> Account:
    account = Account(session, id="", partition="aws", on_call=on_call)
    try:
        sts = account.client("sts", session.region_name or _FIRST_REGION)
        # an error is reported at once: you may have to sign in first
        api = CheckedApi(
            sts,
            Clock(COMMAND_SECONDS),
            on_event=_ignore_event,
            retries=NO_RETRIES,
            account="",
            on_call=on_call,
        )
        # needs no permission
        caller = api.call("get_caller_identity")
        account.id = caller["Account"]
        account.partition = caller["Arn"].partition(":")[2].partition(":")[0]
    except _SIGN_IN_ERRORS as error:
        raise AccountError(f"cannot sign in to AWS: {reason(error)}") from None
    return account


def reason(error: BaseException) -> str:
    """Return the reason of a failed call as one line of text."""
    text = _reason(error)
    if _is_expired(error):
        return f"the credentials have expired ({text}). Sign in again"
    return text


def _reason(error: BaseException) -> str:
    if isinstance(error, ClientError):
        # only the first line: the others may quote the request with the session token
        first_line, _, _ = message(error).partition("\n")
        return f"{code(error) or 'no error code'}: {first_line}"
    if isinstance(error, ResponseParserError) and not isinstance(error, InvalidResponseError):
        # the message of botocore quotes the response
        return "the response cannot be read"
    if isinstance(error, OperationError):
        # it may end with the message of a ClientError
        return str(error).partition("\n")[0]
    if isinstance(error, HTTPClientError) and type(error) is HTTPClientError:
        # the message of the HTTP library may quote a header with the session token
        return f"the HTTP client failed: {type(error.kwargs['error']).__name__}"
    if isinstance(error, ProxyConnectionError):
        # the message of botocore has only the address of the proxy, without its password
        return f"{error}: {_proxy_reason(error.kwargs['error'])}"
    return " ".join(str(error).split())


def _proxy_reason(error: BaseException) -> str:
    """Return the text of the innermost error: of the operating system, or of the proxy."""
    inner = getattr(error, "original_error", None) or error.__cause__
    if inner is not None:
        return _proxy_reason(inner)
    return getattr(error, "strerror", None) or str(error)


def _is_expired(error: BaseException) -> bool:
    return isinstance(error, _EXPIRED) or (
        isinstance(error, ClientError) and code(error) in _EXPIRED_CODES
    )


def expired(error: Exception) -> SignInAgainError | None:
    """Return an error that says so if a call failed because the credentials have expired."""
    if _is_expired(error):
        return SignInAgainError(f"{reason(error)}, and run the command again", code(error))
    return None


def refuse_expired(error: Exception) -> None:
    """Stop if a call failed because the credentials have expired.

    Raises:
        SignInAgainError: They have expired.
    """
    if (stop := expired(error)) is not None:
        raise stop from None


def disabled_regions(account: Account) -> Sequence[str]:
    """Return the regions that are not enabled for the account.

    Raises:
        ClientError: The service refuses the call.
        BotoCoreError, ResponseParserError: The call gets no valid response.
    """
    pages = pages_of(
        account.region().api("account"),
        "list_regions",
        RegionOptStatusContains=["DISABLED", "DISABLING"],
        MaxResults=50,
    )
    return [each["RegionName"] for page in pages for each in page["Regions"]]


def pages_of(
    api: Api,
    operation: str,
    *,
    next_member: str = "NextToken",
    **parameters: Any,  # noqa: ANN401 - the service model checks them
) -> Iterator[dict[str, Any]]:
    """Yield the pages of a list. The token of the next page is a member of each but the last."""
    while True:
        response = api.call(operation, **parameters)
        yield response
        if next_member not in response:
            return
        parameters[next_member] = response[next_member]
