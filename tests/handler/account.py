"""The IAM of one account, behind a stand-in for a boto3 client.

`AccountRoles` is the model of the roles. botocore's model of IAM checks every parameter and every
result. A test can make calls fail, and can act before each call.
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

#: the creation of the roles that a test adds, in seconds after the start.
_LONG_AGO = -86_400


@functools.cache
def _operations() -> dict[str, OperationModel]:
    model = botocore.session.get_session().get_service_model("iam")
    return {xform_name(name): model.operation_model(name) for name in model.operation_names}


@dataclass(slots=True)
class Fault:
    """What a call answers instead of doing its work."""

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
        #: the `Reason` of a deletion that fails because of usages; None if it lists the usages.
        self.reason: dict[str, Any] | None = None
        self.planned_failure = lambda role: self.reason if role.used else None
        #: called before each call.
        self.before_call: Callable[[str, dict[str, Any]], None] = lambda _method, _params: None
        self._faults: list[Fault] = []

    def iam(self) -> StandIn:
        """Return what stands in for a boto3 client."""
        return StandIn(self)

    def add(self, name: str, description: str = "", **tags: str) -> Role:
        """Add a role that is a day old."""
        other = RoleDefinition(name, "other.amazonaws.com")
        definition = next((each for each in catalogue.ALL if each.role_name == name), other)
        role = self.create(definition, description, created=_LONG_AGO)
        role.tags = tags
        return role

    def refuse(  # a fault has that many parts
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
        """Make a call fail that often, after that many that work; *done* fails after the work."""
        self._faults.append(Fault(method, code, status, message, times, skip, done))

    def methods(self) -> list[str]:
        """Return the names of the calls so far."""
        return [method for method, _ in self.calls]

    def call_method(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Return what a method of the client returns, or raise its error."""
        model = _operations()[method]
        validate_parameters(params, model.input_shape)
        self.before_call(method, params)
        self.calls.append((method, params))
        self.settle()
        fault = self._fault(method)
        if fault is not None and not fault.done:
            raise refusal(model.name, fault.code, fault.status, fault.message)
        try:
            answer = self.call(model.name, params)
        except IamError as error:
            raise refusal(model.name, error.code, error.status, error.message) from error
        if fault is not None:
            raise refusal(model.name, fault.code, fault.status, fault.message)
        if model.output_shape is not None:
            validate_parameters(answer, model.output_shape)
        return answer

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


class StandIn:
    """Stands in for a boto3 client of IAM."""

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
    """Return the error that botocore raises for a refusal."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": text},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        operation,
    )
