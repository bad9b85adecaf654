"""The IAM of one account, behind a fake boto3 client.

`AccountRoles` is the model of the roles. botocore's model of IAM validates all parameters and
results. A test can make calls fail, and can act before each call.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

from slr_constructs import catalogue
from slr_constructs.catalogue import RoleDefinition
from tests.fake_services.service_linked_roles import AccountRoles, IamError
from tests.handler.clocks import EPOCH
from tests.handler.events import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import OperationModel

    from tests.fake_services.service_linked_roles import Role

#: the creation time of the roles that a test adds, in seconds after the start.
_LONG_AGO = -86_400


@functools.cache
def _operations() -> dict[str, OperationModel]:
    model = botocore.session.get_session().get_service_model("iam")
    return {xform_name(name): model.operation_model(name) for name in model.operation_names}


@dataclass(slots=True)
class Fault:
    """The error of a call."""

    method: str
    code: str
    status: int
    message: str
    times: float
    skip: int
    done: bool


class Account(AccountRoles):
    """One account."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        super().__init__(ACCOUNT, now=now, epoch=EPOCH)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        #: the `Reason` of a deletion that fails because of usages; if None, it lists the usages.
        self.reason: dict[str, Any] | None = None
        self.planned_failure = lambda role: self.reason if role.used else None
        #: called before each call.
        self.before_call: Callable[[str, dict[str, Any]], None] = lambda _method, _params: None
        self._faults: list[Fault] = []

    def iam(self) -> FakeClient:
        """Return a fake boto3 client."""
        return FakeClient(self)

    def add(self, name: str, description: str = "", **tags: str) -> Role:
        """Add a role that is a day old."""
        other = RoleDefinition(name, "other.amazonaws.com")
        definition = next((each for each in catalogue.ALL if each.role_name == name), other)
        role = self.create(definition, description, created=_LONG_AGO)
        role.tags = tags
        return role

    def refuse(  # the parts of a fault
        self,
        method: str,
        code: str,
        status: int,
        message: str = "AWS says no",
        *,
        times: float = float("inf"),
        skip: int = 0,
        done: bool = False,
    ) -> None:
        """Make a call fail *times* times, after *skip* successful calls.

        With *done*, the call takes effect before it fails.
        """
        self._faults.append(Fault(method, code, status, message, times, skip, done))

    def methods(self) -> list[str]:
        """Return the names of all calls so far."""
        return [method for method, _ in self.calls]

    def call_method(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Return the result of a client method, or raise its error."""
        model = _operations()[method]
        validate_parameters(params, model.input_shape)
        self.before_call(method, params)
        self.calls.append((method, params))
        self.settle()
        fault = self._fault(method)
        if fault is not None and not fault.done:
            raise refusal(model.name, fault.code, fault.status, fault.message)
        try:
            response = self.call(model.name, params)
        except IamError as error:
            raise refusal(model.name, error.code, error.status, error.message) from error
        if fault is not None:
            raise refusal(model.name, fault.code, fault.status, fault.message)
        if model.output_shape is not None:
            validate_parameters(response, model.output_shape)
        return response

    def _fault(self, method: str) -> Fault | None:
        for fault in self._faults:
            if fault.method != method or fault.times <= 0:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
        return None


class FakeClient:
    """A fake boto3 client of IAM."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        """Return a method of the client."""
        if method not in _operations():
            raise AttributeError(method)

        def call(**params: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3's own
            return self._account.call_method(method, params)

        return call


def refusal(operation: str, code: str, status: int, text: str) -> ClientError:
    """Return the error that botocore raises."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": text},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        operation,
    )
