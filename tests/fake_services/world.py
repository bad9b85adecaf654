"""AWS in this process: the services of the features, IAM, CloudFormation, and permissions.

From AWS: requests, responses and errors (botocore's models, `wire.py`), the regions that are
enabled by default, and that the roles of an account are global. Our model: an access key is the
account id or contains it, a caller has every permission that the account does not deny, and tests
set the size of all pages. Each module of this package says what its part has from AWS.
"""

from __future__ import annotations

import functools
import io
import itertools
import re
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import botocore.session
from botocore.awsrequest import AWSResponse

from tests.fake_services import cloudformation, iam, wire
from tests.fake_services.accounts import LONG_AGO, FakeAccount
from tests.fake_services.features import Features
from tests.fake_services.paging import page
from tests.fake_services.wire import Call, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.awsrequest import AWSPreparedRequest

    from slr_constructs.catalogue import RoleDefinition
    from tests.fake_services.service_linked_roles import Role

    Data = dict[str, Any]
    Operation = Callable[[FakeAccount, Call, int], Data]

#: tests replace this.
_sleep = time.sleep

_OWN_SERVICES = ("iam", "cloudformation", "sts", "organizations", "account")
#: services that a disabled region does not affect.
_GLOBAL = ("iam", "sts", "organizations", "account")
_CREDENTIAL = re.compile(r"Credential=([^/]+)/[^/]+/([^/]+)/([^/]+)/aws4_request")
_ACCOUNTS_ON_A_PAGE = 20
_HOUR = timedelta(hours=1)

#: regions of 2019 and later, which an account must enable.
_OPT_IN = frozenset(
    {
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-west-1",
        "eu-central-2",
        "eu-south-1",
        "eu-south-2",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
    }
)


@functools.cache
def all_regions() -> tuple[str, ...]:
    """Return the regions of the partition `aws`."""
    return tuple(botocore.session.Session().get_available_regions("ec2"))


class World:
    """All accounts, and their callers."""

    def __init__(self) -> None:
        #: by id, in the order of their creation.
        self.accounts: dict[str, FakeAccount] = {}
        #: all resources of all accounts.
        self.features = Features(_Roles(self))
        #: every call so far that was parsed.
        self.calls: list[Call] = []
        #: the maximum number of calls that were processed at the same time.
        self.most_at_once = 0
        #: seconds that each call takes.
        self.latency = 0.0
        #: receives each call before it is processed, without any lock. If it raises `Refused`, this
        #: is the response; any other exception ends the call.
        self.on_call: Callable[[Call], None] = lambda _call: None
        #: the maximum number of items on a page.
        self.page_size = 100
        self._lock = threading.Lock()
        self._at_once = 0
        self._numbers = itertools.count(1)
        #: account, role and session, by access key.
        self._sessions: dict[str, tuple[str, str, str]] = {}
        self._operations: dict[tuple[str, str], Operation] = {
            ("cloudformation", "DescribeStacks"): cloudformation.describe_stacks,
            ("cloudformation", "DescribeStackResources"): cloudformation.describe_stack_resources,
            ("organizations", "ListAccounts"): self._list_accounts,
            ("account", "ListRegions"): self._list_regions,
        } | {("iam", name): iam.carry_out for name in iam.OPERATIONS}

    def account(self, id: str, name: str = "", *, organization: bool = True) -> FakeAccount:
        """Return an account. The first call creates it.

        Args:
            id: Its twelve digits.

            name: The name in the organization. Used only when the account is created.
                Default: no name.

            organization: Whether it is in the organization. Used only when the account is created.
                Default: it is.
        """
        account = FakeAccount(
            id,
            name,
            organization,
            now=lambda: _now().timestamp(),
            in_use_polls=1,
            uses=lambda role: self.features.uses(id, role.name),
            on_change=functools.partial(self._change_role, id),
        )
        with self._lock:
            return self.accounts.setdefault(id, account)

    def _change_role(self, id: str, what: str, role: Role) -> None:
        if what == "delete":
            self.features.role_deleted(id, role.name)

    def before_send(
        self,
        request: AWSPreparedRequest,
        **_kw: Any,  # noqa: ANN401 - as botocore hands it over
    ) -> AWSResponse:
        """Respond to a request of botocore before it is sent."""
        body = request.body or b""
        status, headers, content = self.respond(
            request.method,
            request.url,
            request.headers,
            body.encode() if isinstance(body, str) else body,
        )
        return AWSResponse(request.url, status, headers, _Raw(content))

    def respond(
        self, method: str, url: str, headers: Mapping[str, str | bytes], body: bytes
    ) -> wire.Response:
        """Respond to a request. An exception of `on_call` is raised."""
        with self._counted() as number:
            status, more, content = self._respond(method, url, headers, body)
            return status, {**more, "x-amzn-RequestId": f"{number:08}"}, content

    @contextmanager
    def _counted(self) -> Iterator[int]:
        with self._lock:
            number = next(self._numbers)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield number
        finally:
            with self._lock:
                self._at_once -= 1

    def _respond(
        self, method: str, url: str, headers: Mapping[str, str | bytes], body: bytes
    ) -> wire.Response:
        lower_headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in headers.items()
        }
        parts = urlsplit(url)
        signed = _CREDENTIAL.search(lower_headers.get("authorization", ""))
        # a response that the client of any service can parse
        if signed is None:
            missing = Refused("MissingAuthenticationToken", "Missing Authentication Token", 403)
            return wire.refusal("account", missing)
        key, region, signing_name = signed.groups()
        service = wire.service_of(signing_name, parts.path)
        if service is None and signing_name in _OWN_SERVICES:
            service = signing_name
        if service is None:
            unknown = Refused(
                "UnknownOperationException", f"{signing_name} is not implemented", 404
            )
            return wire.refusal("account", unknown)
        try:
            account = self._account_of(service, key)
            call = wire.read(
                service,
                method,
                parts.path,
                lower_headers,
                body,
                parse_qs(parts.query, keep_blank_values=True),
                account=account.id,
                region=region,
            )
            with self._lock:
                self.calls.append(call)
            self.on_call(call)
            if self.latency:
                _sleep(self.latency)
            self._refuse(account, call, key)
            return wire.answer(call, self._carried_out(account, call, key))
        except Refused as refused:
            return wire.refusal(service, refused)

    def _account_of(self, service: str, key: str) -> FakeAccount:
        with self._lock:
            session = self._sessions.get(key)
            account = self.accounts.get(key if session is None else session[0])
        if account is None:
            raise wire.unrecognized(service)
        return account

    def _refuse(self, account: FakeAccount, call: Call, key: str) -> None:
        """Refuse a call in a disabled region, and a denied call."""
        if call.region in account.disabled_regions and call.service not in _GLOBAL:
            raise wire.unrecognized(call.service)
        action, _ = self.features.action_and_resource(call)
        if not account.denied.isdisjoint({action, f"{action}@{call.region}"}):
            raise wire.denied(call.service, call.operation, self._caller(account, key), action)

    def _carried_out(self, account: FakeAccount, call: Call, key: str) -> Data:
        if call.service == "sts":
            return self._identify(account, call, key)
        if call.service in wire.SERVICES:
            return self.features.handle(self._paged(call))
        operation = self._operations.get((call.service, call.operation))
        if operation is None:
            raise Refused("UnknownOperationException", f"{call.operation} is not implemented here")
        with self.features.lock:
            return operation(account, call, self.page_size)

    def _paged(self, call: Call) -> Call:
        if not call.operation.startswith("List"):
            return call
        name = "maxResults" if call.service == "ivs" else "MaxResults"
        size = min(self.page_size, call.parameters.get(name, self.page_size))
        parameters = call.parameters | {name: size}
        return Call(call.service, call.operation, parameters, call.account, call.region)

    # callers

    def _caller(self, account: FakeAccount, key: str) -> str:
        with self._lock:
            session = self._sessions.get(key)
        if session is None:
            return f"arn:aws:iam::{account.id}:user/operator"
        return f"arn:aws:sts::{session[0]}:assumed-role/{session[1]}/{session[2]}"

    def _identify(self, account: FakeAccount, call: Call, key: str) -> Data:
        caller = self._caller(account, key)
        if call.operation == "GetCallerIdentity":
            return {"UserId": "AIDA0000000000000001", "Account": account.id, "Arn": caller}
        if call.operation == "AssumeRole":
            return self._assume(call, caller)
        raise Refused("UnknownOperationException", f"{call.operation} is not implemented here")

    def _assume(self, call: Call, caller: str) -> Data:
        arn = call.parameters["RoleArn"]
        _, _, _, _, owner, resource = arn.split(":", 5)
        name = resource.rpartition("/")[2]
        session = call.parameters["RoleSessionName"]
        with self._lock:
            account = self.accounts.get(owner)
            if account is None or name not in account.assumable:
                text = (
                    f"User: {caller} is not authorized to perform: sts:AssumeRole on resource:"
                    f" {arn}"
                )
                raise Refused("AccessDenied", text, 403)
            key = f"ASIA{owner}{len(self._sessions):04}"
            self._sessions[key] = (owner, name, session)
        return {
            "Credentials": {
                "AccessKeyId": key,
                "SecretAccessKey": "testing",
                "SessionToken": f"token-of-{key}",
                "Expiration": _now() + _HOUR,
            },
            "AssumedRoleUser": {
                "AssumedRoleId": f"AROA0000000000000001:{session}",
                "Arn": self._caller(account, key),
            },
        }

    # accounts and regions

    def _list_accounts(self, account: FakeAccount, call: Call, size: int) -> Data:
        if not account.organization:
            text = "Your account is not a member of an organization."
            raise Refused("AWSOrganizationsNotInUseException", text)
        with self._lock:
            members = [each for each in self.accounts.values() if each.organization]
        most = min(size, call.parameters.get("MaxResults", _ACCOUNTS_ON_A_PAGE))
        found, rest = page(call, members, call.parameters.get("NextToken"), most)
        manager = members[0].id
        listed = [
            {
                "Id": each.id,
                "Arn": f"arn:aws:organizations::{manager}:account/o-exampleorgid/{each.id}",
                "Email": f"{each.id}@example.com",
                "Name": each.name or each.id,
                "Status": each.status,
                "JoinedMethod": "CREATED",
                "JoinedTimestamp": LONG_AGO,
            }
            for each in found
        ]
        return {"Accounts": listed} | ({} if rest is None else {"NextToken": rest})

    def _list_regions(self, account: FakeAccount, call: Call, size: int) -> Data:
        asked = self.account(call.parameters.get("AccountId", account.id))
        wanted = call.parameters.get("RegionOptStatusContains")
        listed = [
            {"RegionName": region, "RegionOptStatus": status}
            for region in all_regions()
            if (status := _opt_status(asked, region)) and (not wanted or status in wanted)
        ]
        most = min(size, call.parameters.get("MaxResults", size))
        found, rest = page(call, listed, call.parameters.get("NextToken"), most)
        return {"Regions": found} | ({} if rest is None else {"NextToken": rest})


class _Roles:
    """The roles of all accounts, for the features. Called while the features hold their lock."""

    def __init__(self, world: World) -> None:
        self._world = world

    def exists(self, account: str, role_name: str) -> bool:
        """Return whether an account has a role."""
        return role_name in self._world.account(account).roles

    def make(self, account: str, definition: RoleDefinition) -> None:
        """Create a role."""
        self._world.account(account).create(definition)


class _Raw(io.BytesIO):
    """The body of a response, as botocore reads it."""

    def stream(self, **_kw: object) -> Iterator[bytes]:
        """Return the whole body."""
        yield self.read()


def _now() -> datetime:
    return datetime.now(UTC)


def _opt_status(account: FakeAccount, region: str) -> str:
    if region in account.disabled_regions:
        return "DISABLED"
    return "ENABLED" if region in _OPT_IN else "ENABLED_BY_DEFAULT"
