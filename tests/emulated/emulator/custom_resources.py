"""How CloudFormation invokes a custom resource's function, and what happens without a response.

Documented by AWS: the event, the response, the bucket in its URL, the timeout (`ServiceTimeout`),
that Lambda retries an event one minute and then two minutes after a failed run, and that it drops
an event that is older than the function's `AWS::Lambda::EventInvokeConfig` allows (by default,
after six hours and two retries). Published in events: the host of the URL. Reported by users: when
another resource fails, CloudFormation cancels the request and does not wait for its run. The Delete
that follows has a physical id that CloudFormation generated (aws-cloudformation/cloudformation-
coverage-roadmap issues 1730 and 1814, aws/aws-cdk pull request 36951). Our model: several
deliveries of an event start almost at the same moment, the first response counts, and Lambda drops
the events of a function that was deleted.
"""

from __future__ import annotations

import contextvars
import functools
import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ministack.core import lambda_runtime
from ministack.core.responses import new_uuid
from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource

from tests.emulated.emulator.functions import Function
from tests.emulated.emulator.wait_conditions import DEPLOYMENT, TIMED_OUT, CancelledError
from tests.response_bucket import response_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.emulated.emulator.behaviour import Behaviour
    from tests.emulated.emulator.clock import Clock
    from tests.emulated.emulator.functions import Ended, Functions, Run
    from tests.emulated.journal import Journal

#: the actor that waits when CloudFormation waits in the current operation.
ACTOR: contextvars.ContextVar[str] = contextvars.ContextVar("actor")
#: the stack of the current operation.
STACK: contextvars.ContextVar[str] = contextvars.ContextVar("stack", default="")

_RETRY_SECONDS = (60, 120)
#: Lambda's defaults for a function without `AWS::Lambda::EventInvokeConfig`.
_INVOKE_CONFIG = {"MaximumEventAgeInSeconds": 21_600, "MaximumRetryAttempts": 2}
#: deliveries of one event start one after the other, so that only one actor runs at a time.
_APART_SECONDS = 2.0**-10


class FailedError(RuntimeError):
    """The function responded FAILED, with the id of the resource that may be left."""

    def __init__(self, reason: str, physical_id: str) -> None:
        super().__init__(reason)
        self.physical_id = physical_id


@dataclass(slots=True)
class _Request:
    """A request of CloudFormation."""

    #: the operation that waits for the response.
    actor: str
    journal: Callable[..., None]
    response: dict[str, Any] | None = None
    #: whether CloudFormation ignores responses from now on.
    over: bool = False


class CustomResources:
    """The custom resources of all stacks."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        journal: Journal,
        behaviour: Behaviour,
        functions: Functions,
        write_log: Callable[[Function, str, tuple[str, ...]], str | None],
    ) -> None:
        self._url = url
        self._clock = clock
        self._journal = journal
        self._behaviour = behaviour
        self._functions = functions
        self._write_log = write_log
        self._requests: dict[str, _Request] = {}
        #: the physical id after a failed create, by stack and logical id.
        self.left_by_create: dict[tuple[str, str], str] = {}
        self.deliveries: list[threading.Thread] = []

    def install(self) -> None:
        """Replace the emulator's own invocation."""
        custom_resource.invoke_custom_resource = self.invoke
        custom_resource.deliver_response = self._receive

    def invoke(
        self,
        request_type: str,
        logical_id: str,
        props: Mapping[str, Any],
        stack_name: str,
        stack_id: str,
        resource_type: str,
        physical_id: str | None = None,
        old_props: Mapping[str, Any] | None = None,
    ) -> tuple[str, dict[str, Any]]:
        """Send one event and wait for its response.

        Raises:
            FailedError: The response is FAILED.
            CancelledError: Another resource failed before the response.
            TimeoutError: No response arrives in time.
            ValueError: The function does not exist.
        """
        function = self._function(props["ServiceToken"])
        if function is None:
            raise ValueError(f"function {props['ServiceToken']} does not exist")
        event = {
            "RequestType": request_type,
            "RequestId": new_uuid(),
            "StackId": stack_id,
            "ResponseURL": response_url(
                f"_ministack/cfn-response/{(token := new_uuid())}", function.region
            ),
            "ResourceType": resource_type,
            "LogicalResourceId": logical_id,
            "ResourceProperties": custom_resource._normalise_resource_properties(props),
        }
        if physical_id is not None:
            event["PhysicalResourceId"] = physical_id
        if old_props is not None:
            event["OldResourceProperties"] = custom_resource._normalise_resource_properties(
                old_props
            )
        journal = functools.partial(
            self._journal.add,
            account=function.account,
            action=request_type,
            region=function.region,
            stack=stack_name,
            logical_id=logical_id,
            type=resource_type,
        )
        began = self._clock.now()
        journal("event", event=event, maximum_age=function.maximum_event_age)
        request = self._requests[token] = _Request(ACTOR.get(), journal)
        for number in range(self._behaviour.deliveries):
            wait = number * _APART_SECONDS + self._behaviour.start_seconds(event)
            self._deliver(function.arn, event, wait, journal)
        try:
            response = self._response(
                request, logical_id, began + float(props.get("ServiceTimeout", 3600))
            )
        except (CancelledError, TimeoutError):
            if request_type == "Create":
                # CloudFormation generates an id because the function returned none
                self.left_by_create[stack_id, logical_id] = f"{stack_name}-{logical_id}-{token[:8]}"
            raise
        journal(
            "response",
            status=response["Status"],
            reason=response.get("Reason", ""),
            physical_id=response["PhysicalResourceId"],
            seconds=self._clock.now() - began,
        )
        if response["Status"] != "SUCCESS":
            if request_type == "Create":
                self.left_by_create[stack_id, logical_id] = response["PhysicalResourceId"]
            raise FailedError(response.get("Reason", ""), response["PhysicalResourceId"])
        return response["PhysicalResourceId"], response.get("Data") or {}

    def _response(self, request: _Request, logical_id: str, timeout: float) -> dict[str, Any]:
        """Wait for the first response, until a time or the failure of another resource."""
        deployment = DEPLOYMENT.get()
        now = self._clock.now()
        failure = deployment.first_failure(now)
        self._clock.sleep(request.actor, min(failure, timeout) - now)
        request.over = True
        if request.response is not None:
            return request.response
        if failure > timeout:
            raise TimeoutError(
                "CloudFormation did not receive a response from your Custom Resource"
            )
        cancelled = deployment.fail(logical_id)
        request.journal("cancelled", reason=str(cancelled), failed=cancelled.failed, why=TIMED_OUT)
        raise cancelled

    def _receive(self, token: str, response: dict[str, Any]) -> bool:
        """Receive a response; return whether its token is known."""
        request = self._requests.get(token)
        if request is None:
            return False
        if request.over:
            request.journal("ignored", status=response["Status"], reason=response.get("Reason", ""))
        else:
            request.response, request.over = response, True
            self._clock.wake(request.actor)
        return True

    def _function(self, arn: str) -> Function | None:
        record, config, _ = lambda_svc._get_func_record_for_ref(arn)
        if record is None or config is None:
            return None
        invoke = lambda_svc._event_invoke_config(record, "$LATEST") or _INVOKE_CONFIG
        return Function(
            arn=config["FunctionArn"],
            zip=record["code_zip"],
            handler=config["Handler"],
            timeout=float(config["Timeout"]),
            maximum_event_age=float(invoke["MaximumEventAgeInSeconds"]),
            maximum_retries=int(invoke["MaximumRetryAttempts"]),
            environment={
                **config.get("Environment", {}).get("Variables", {}),
                **lambda_runtime.execution_credentials(config),
                "AWS_REGION": config["FunctionArn"].split(":")[3],
                "AWS_DEFAULT_REGION": config["FunctionArn"].split(":")[3],
                "AWS_LAMBDA_FUNCTION_NAME": config["FunctionName"],
                "AWS_LAMBDA_LOG_GROUP_NAME": config.get("LoggingConfig", {}).get("LogGroup", ""),
                # the emulator replaces AWS, and settings of this machine are ignored
                "AWS_ENDPOINT_URL": self._url,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_CONFIG_FILE": "/dev/null",
                "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            },
        )

    def _deliver(
        self, arn: str, event: Mapping[str, Any], seconds: float, journal: Callable[..., None]
    ) -> None:
        """Run the function after some seconds, and again if it fails, beside other actors."""
        actor = self._clock.join(f"{event['LogicalResourceId']} {event['RequestType']}")
        received = self._clock.now()

        def deliver() -> None:
            try:
                for retries, pause in enumerate((seconds, *_RETRY_SECONDS)):
                    self._clock.sleep(actor, pause)
                    function = self._function(arn)
                    age = self._clock.now() - received
                    if function is None or not function.accepts(age, retries):
                        journal("dropped", age=age, retries=retries)
                        return
                    if self._succeeds(function, event, actor):
                        return
            finally:
                self._clock.leave(actor)

        thread = threading.Thread(target=contextvars.copy_context().run, args=(deliver,))
        self.deliveries.append(thread)
        thread.start()

    def _succeeds(self, function: Function, event: Mapping[str, Any], actor: str) -> bool:
        run, ended = self._functions.run(
            function,
            event,
            actor,
            call_seconds=self._behaviour.call_seconds,
            chance=self._behaviour.chance.getrandbits(64),
        )
        self._note(run, ended)
        return ended.why is None

    def _note(self, run: Run, ended: Ended) -> None:
        note = {
            "region": run.function.region,
            "stack": run.stack,
            "logical_id": run.logical_id,
            "type": run.type,
        }
        account = run.function.account
        for line in ended.log:
            self._journal.add("log", account, run.request, **note, line=_loaded(line))
        lost = self._write_log(run.function, run.id, ended.log)
        if lost is not None:
            self._journal.add("lost log", account, run.request, **note, why=lost)
        if ended.why is not None:
            self._journal.add("ended", account, run.request, **note, why=ended.why)


def _loaded(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line
