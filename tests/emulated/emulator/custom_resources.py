"""How CloudFormation invokes a custom resource's function, and what happens without a response.

Documented by AWS: the event, the response, the timeout (`ServiceTimeout`), and that Lambda retries
an event one minute and then two minutes after a failed run. Our model: several deliveries of an
event start almost at the same moment.
"""

from __future__ import annotations

import contextvars
import json
import threading
from typing import TYPE_CHECKING, Any

from ministack.core import lambda_runtime
from ministack.core.responses import new_uuid
from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource

from tests.emulated.emulator.functions import Function

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.emulated.emulator.behaviour import Behaviour
    from tests.emulated.emulator.clock import Clock
    from tests.emulated.emulator.functions import Ended, Functions, Run
    from tests.emulated.emulator.journal import Journal

#: the actor that waits when CloudFormation waits in the current operation.
ACTOR: contextvars.ContextVar[str] = contextvars.ContextVar("actor")
#: the stack of the current operation.
STACK: contextvars.ContextVar[str] = contextvars.ContextVar("stack", default="")

_RETRY_SECONDS = (60, 120)
#: deliveries of one event start one after the other, so that only one actor runs at a time.
_APART_SECONDS = 2.0**-10


class FailedError(RuntimeError):
    """The function responded FAILED, with the id of the resource that may be left."""

    def __init__(self, reason: str, physical_id: str) -> None:
        super().__init__(reason)
        self.physical_id = physical_id


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
        #: the physical id after a failed create, by stack and logical id.
        self.left_by_create: dict[tuple[str, str], str] = {}
        self.deliveries: list[threading.Thread] = []

    def install(self) -> None:
        """Replace the emulator's own invocation."""
        custom_resource.invoke_custom_resource = self.invoke

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
            TimeoutError: No response arrives in time.
            ValueError: The function does not exist.
        """
        actor = ACTOR.get()
        function = self._function(props["ServiceToken"])
        event = {
            "RequestType": request_type,
            "RequestId": new_uuid(),
            "StackId": stack_id,
            "ResponseURL": f"{self._url}/_ministack/cfn-response/{(token := new_uuid())}",
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
        note = {
            "region": function.region,
            "stack": stack_name,
            "logical_id": logical_id,
            "type": resource_type,
        }
        responded = custom_resource.register_token(token)
        began = self._clock.now()
        self._journal.add("event", function.account, request_type, **note, event=event)
        for number in range(1, self._behaviour.deliveries):
            self._deliver_beside(function, event, number * _APART_SECONDS)
        self._deliver(function, event, actor)
        if not responded.is_set():
            # every try failed; CloudFormation does not know it and waits
            left = began + float(props.get("ServiceTimeout", 3600)) - self._clock.now()
            self._clock.sleep(actor, left)
        with custom_resource._lock:
            response = custom_resource._pending.pop(token)["result"]
        if response is None:
            if request_type == "Create":
                # CloudFormation generates an id because the function returned none
                self.left_by_create[stack_id, logical_id] = f"{stack_name}-{logical_id}-{token[:8]}"
            raise TimeoutError(
                "CloudFormation did not receive a response from your Custom Resource"
            )
        self._journal.add(
            "response",
            function.account,
            request_type,
            **note,
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

    def _function(self, arn: str) -> Function:
        record, config, _ = lambda_svc._get_func_record_for_ref(arn)
        if record is None or config is None:
            raise ValueError(f"function {arn} does not exist")
        return Function(
            arn=config["FunctionArn"],
            zip=record["code_zip"],
            handler=config["Handler"],
            timeout=float(config["Timeout"]),
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

    def _deliver_beside(self, function: Function, event: Mapping[str, Any], seconds: float) -> None:
        actor = self._clock.join(f"{event['LogicalResourceId']} again")

        def deliver() -> None:
            try:
                self._clock.sleep(actor, seconds)
                self._deliver(function, event, actor)
            finally:
                self._clock.leave(actor)

        thread = threading.Thread(target=contextvars.copy_context().run, args=(deliver,))
        self.deliveries.append(thread)
        thread.start()

    def _deliver(self, function: Function, event: Mapping[str, Any], actor: str) -> None:
        for pause in (*_RETRY_SECONDS, None):
            run, ended = self._functions.run(
                function,
                event,
                actor,
                call_seconds=self._behaviour.call_seconds,
                chance=self._behaviour.chance.getrandbits(64),
            )
            self._note(run, ended)
            if ended.why is None or pause is None:
                return
            self._clock.sleep(actor, pause)

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
