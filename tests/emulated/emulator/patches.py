"""Patches for differences between the emulator and AWS: one function for each difference.

Each function replaces a private part of MiniStack. Therefore the patches work only with the version
that `pyproject.toml` pins. Other modules add the parts that the emulator lacks: the service-linked
roles (`service_linked_roles.py`), the features' services (`tests/fake_services/`) and their
resource types (`resource_types.py`).
"""

from __future__ import annotations

import contextvars
import copy
import hashlib
import heapq
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import iam_actions, router
from ministack.core.concurrency import run_reentrant
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudformation, iam
from ministack.services.cloudformation import (
    changesets,
    engine,
    handlers,
    provisioners,
    stacks,
    wait_conditions,
)

from tests.emulated.emulator.behaviour import Crash, Refusal, Slow
from tests.emulated.emulator.custom_resources import ACTOR, STACK
from tests.emulated.emulator.lambda_worker import CRASH_HEADER, RUN_HEADER, SLOW_HEADER
from tests.emulated.emulator.service_linked_roles import role_name_of
from tests.emulated.emulator.wait_conditions import DEPLOYMENT, WAIT_CONDITION, Deployment
from tests.fake_services import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from tests.emulated.emulator.behaviour import Behaviour
    from tests.emulated.emulator.clock import Clock
    from tests.emulated.emulator.custom_resources import CustomResources
    from tests.emulated.emulator.functions import Functions, Run
    from tests.emulated.journal import Journal
    from tests.fake_services.features import Features

_Response = tuple[int, dict[str, str], bytes]

#: the characters after the last hyphen of a generated name.
_END = 13
#: the time between the failure of a resource and the rollback.
_ROLLBACK_SECONDS = 2.0


def _replace(name: str, new: object) -> None:
    """Replace a function in every module that imported it."""
    for module in (engine, stacks, handlers, changesets):
        if hasattr(module, name):
            setattr(module, name, new)


def independent_resources_in_any_order(behaviour: Behaviour) -> None:
    """Select one of the orders that a template allows, by a seed.

    The emulator uses the alphabetical order (`engine.py`, `_topological_sort`), which often hides a
    missing dependency by chance. AWS works on independent resources at the same time.
    """
    alphabetical_order = engine._topological_sort

    def order_by_seed(resources: Mapping[str, Any], conditions: Mapping[str, bool]) -> list[str]:
        if behaviour.order_seed is None:
            order = alphabetical_order(resources, conditions)
        else:
            order = seeded_order(resources, conditions, behaviour.order_seed)
        # the emulator waits for wait conditions last, and until then beside other resources
        late: set[str] = set()
        for name in order:
            resource = resources[name]
            if resource["Type"] == WAIT_CONDITION or engine._extract_deps(resource, late):
                late.add(name)
        return sorted(order, key=lambda name: name in late)

    _replace("_topological_sort", order_by_seed)


def seeded_order(
    resources: Mapping[str, Any], conditions: Mapping[str, bool], seed: str
) -> list[str]:
    """Return one of the orders in which resources may be created.

    Raises:
        ValueError: The resources have a circular dependency.
    """
    active = {
        name
        for name, resource in resources.items()
        if conditions.get(resource.get("Condition", ""), True)
    }
    needs = {name: engine._extract_deps(resources[name], active) - {name} for name in active}

    def ticket(name: str) -> tuple[str, str]:
        return hashlib.sha256(f"{seed}/{name}".encode()).hexdigest(), name

    ready = [ticket(name) for name in active if not needs[name]]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        _, done = heapq.heappop(ready)
        order.append(done)
        for name in active:
            if done in needs[name]:
                needs[name].discard(done)
                if not needs[name]:
                    heapq.heappush(ready, ticket(name))
    if len(order) < len(active):
        raise ValueError(f"Circular dependency between resources: {sorted(active - {*order})}")
    return order


def generated_names_differ_by_region() -> None:
    """Give generated names a different suffix in every region.

    The emulator generates them only from the stack's name and the logical id (`provisioners.py`,
    `_physical_name`), so that stacks with the same name in two regions would share their function's
    role, because IAM is global. AWS's suffixes are random.
    """
    name_of = provisioners._physical_name

    def name_in_region(stack_name: str, logical_id: str, **how: Any) -> str:
        name: str = name_of(stack_name, logical_id, **how)
        end = hashlib.sha256(f"{get_region()}/{name}".encode()).hexdigest()[:_END]
        return name[:-_END] + (end if how.get("lowercase") else end.upper())

    provisioners._physical_name = name_in_region


def delete_after_failed_create(custom_resources: CustomResources, clock: Clock) -> None:
    """Send a Delete to a custom resource whose create failed, with the id of the failed response.

    The emulator forgets it (`stacks.py`, `_deploy_stack_async`). AWS deletes it in the rollback; in
    the rollback of an update, after everything else has been restored (the clean-up stage). A
    resource that cannot be deleted stays in the stack and is deleted with it, which the emulator
    forgets too (`stacks.py`, `_roll_back_operation`). The emulator begins the rollback at once; AWS
    begins it about two seconds later (the events of
    aws-cloudformation/cloudformation-coverage-roadmap issue 1730).
    """
    roll_back = stacks._roll_back_operation

    async def roll_back_and_delete(
        stack_name: str,
        stack_id: str,
        stack: dict[str, Any],
        operation: dict[str, Any],
        *rest: Any,
    ) -> None:
        await run_reentrant(clock.sleep, ACTOR.get(), _ROLLBACK_SECONDS)
        failed = operation.get("failed_logical_id") or ""
        left_with = custom_resources.left_by_create.pop((stack_id, failed), None)
        if left_with is not None:
            stack["_resources"][failed] = _left(stack, operation, left_with)
            operation["created"].append(failed)
        created = {name: stack["_resources"].get(name) for name in operation["created"]}
        await roll_back(stack_name, stack_id, stack, operation, *rest)
        for name, resource in created.items():
            if _status(stack_id, name) == "DELETE_FAILED":
                stack["_resources"].setdefault(name, resource)

    _replace("_roll_back_operation", roll_back_and_delete)


def _left(
    stack: Mapping[str, Any], operation: Mapping[str, Any], physical_id: str
) -> dict[str, Any]:
    """Return the stack's record of the resource whose create failed."""
    logical_id = operation["failed_logical_id"]
    template, parameters = operation["template"], operation["param_values"]
    resource = template["Resources"][logical_id]
    properties = engine._resolve_refs(
        copy.deepcopy(resource.get("Properties", {})),
        stack["_resources"],
        parameters,
        engine._evaluate_conditions(template, parameters),
        template.get("Mappings", {}),
        stack["StackName"],
        stack["StackId"],
    )
    return {
        "PhysicalResourceId": physical_id,
        "ResourceType": resource["Type"],
        "LogicalResourceId": logical_id,
        "Properties": properties,
        "Attributes": {},
    }


def _status(stack_id: str, logical_id: str) -> str | None:
    """Return the status of a resource, which is that of its last event."""
    event = _last_event(stack_id, logical_id)
    return None if event is None else str(event["ResourceStatus"])


def _last_event(stack_id: str, logical_id: str) -> Mapping[str, Any] | None:
    events: list[Mapping[str, Any]] = cloudformation._stack_events.get(stack_id, [])
    return next(
        (event for event in reversed(events) if event["LogicalResourceId"] == logical_id), None
    )


@dataclass(slots=True)
class _Deletion:
    resources: Mapping[str, Any]
    failed: set[str] = field(default_factory=set)


_DELETION: contextvars.ContextVar[_Deletion | None] = contextvars.ContextVar(
    "deletion", default=None
)


def failed_delete_keeps_dependencies() -> None:
    """Keep the dependencies of a resource that could not be deleted.

    The emulator deletes them (`stacks.py`, `_delete_stack_async` and `_roll_back_operation`): it
    deletes the function, so that the deletion of its custom resource can never succeed later. AWS
    does not try to delete dependencies.
    """
    delete_stack = stacks._delete_stack_async
    roll_back = stacks._roll_back_operation
    delete_resource = stacks._delete_resource

    async def delete_stack_carefully(
        stack_name: str, stack_id: str, *rest: Any, **more: Any
    ) -> None:
        stack = cloudformation._stacks.get(stack_name) or {}
        token = _DELETION.set(_Deletion((stack.get("_template") or {}).get("Resources", {})))
        try:
            await delete_stack(stack_name, stack_id, *rest, **more)
        finally:
            _DELETION.reset(token)

    async def roll_back_carefully(
        stack_name: str,
        stack_id: str,
        stack: dict[str, Any],
        operation: dict[str, Any],
        *rest: Any,
    ) -> None:
        token = _DELETION.set(_Deletion(operation["template"]["Resources"]))
        try:
            await roll_back(stack_name, stack_id, stack, operation, *rest)
        finally:
            _DELETION.reset(token)

    def delete_unless_needed(
        type: str,
        physical_id: str,
        properties: Any,
        stack_name: str,
        logical_id: str,
    ) -> None:
        deletion = _DELETION.get()
        if deletion is None:
            delete_resource(type, physical_id, properties, stack_name, logical_id)
            return
        needed_by = sorted(
            name
            for name in deletion.failed
            if logical_id
            in stacks._with_dependencies([name], deletion.resources, {*deletion.resources})
        )
        if needed_by and logical_id not in needed_by:
            raise ValueError(f"not deleted, because {', '.join(needed_by)} could not be deleted")
        try:
            delete_resource(type, physical_id, properties, stack_name, logical_id)
        except Exception:
            deletion.failed.add(logical_id)
            raise

    _replace("_delete_resource", delete_unless_needed)
    _replace("_roll_back_operation", roll_back_carefully)
    _replace("_delete_stack_async", delete_stack_carefully)


def operations_are_actors(clock: Clock, ended: Callable[[str], None]) -> None:
    """Register the operations of CloudFormation as actors, so that time waits for them.

    AWS does not differ here: the clock needs to know its actors.
    """
    create_task = stacks._create_stack_task_in_region

    def create_actor(
        operation: Coroutine[Any, Any, None], stack: Mapping[str, Any], stack_id: str | None = None
    ) -> None:
        actor = clock.join(str(stack_id))

        async def act() -> None:
            ACTOR.set(actor)
            STACK.set(stack["StackName"])
            try:
                await operation
            finally:
                # report the end first: no time passes until all waiting tests know of it
                ended(str(stack_id))
                clock.leave(actor)

        create_task(act(), stack, stack_id)

    _replace("_create_stack_task_in_region", create_actor)


def new_resources_of_an_update_are_created() -> None:
    """Report the creation of a resource in an update with the statuses of a creation.

    The emulator reports it as an update (`stacks.py`, `_deploy_stack_async`).
    """
    deploy = stacks._deploy_stack_async
    add_event = stacks._add_event

    async def deploy_noting(
        stack_name: str, stack_id: str, template: Mapping[str, Any], *rest: Any, **more: Any
    ) -> None:
        resources = template["Resources"]
        new = frozenset(resources) - {*cloudformation._stacks[stack_name]["_resources"]}
        DEPLOYMENT.set(Deployment(stack_name, resources, new))
        await deploy(stack_name, stack_id, template, *rest, **more)

    def add_event_of_new(
        stack_id: str,
        stack_name: str,
        logical_id: str,
        type: str,
        status: str,
        *rest: Any,
        **more: Any,
    ) -> None:
        if logical_id in DEPLOYMENT.get().new:
            status = status.replace("UPDATE_", "CREATE_")
        add_event(stack_id, stack_name, logical_id, type, status, *rest, **more)

    _replace("_deploy_stack_async", deploy_noting)
    _replace("_add_event", add_event_of_new)


def wait_conditions_take_simulated_time(clock: Clock) -> None:
    """Let wait conditions time out in simulated time, beside other resources.

    The emulator waits in real time, and for nothing else (`wait_conditions.py`, `wait_for`).
    """

    def wait_for(_token: str, _stack_id: str, _name: str, logical_id: str, *_more: Any) -> None:
        deployment = DEPLOYMENT.get()
        now = clock.now()
        clock.sleep(ACTOR.get(), deployment.first_failure(now) - now)
        raise deployment.fail(logical_id)

    wait_conditions.wait_for = wait_for


def resources_show_their_status() -> None:
    """Show the status of a resource during an operation in `DescribeStackResource`.

    The emulator shows only resources whose last operation succeeded (`handlers.py`,
    `_describe_stack_resource`). Documented by AWS: the statuses, the response, and that a deleted
    stack is found by its id. Our model: the message of the refusal.
    """

    def describe(params: Mapping[str, Any]) -> _Response:
        asked, logical_id = (
            handlers._p(params, name) for name in ("StackName", "LogicalResourceId")
        )
        stack = handlers._resolve_stack(asked)
        event = None if stack is None else _last_event(stack["StackId"], logical_id)
        call = wire.Call(
            "cloudformation", "DescribeStackResource", {}, get_account_id(), get_region()
        )
        if event is None:
            text = f"Resource {logical_id} does not exist for stack {asked}"
            return wire.refusal(call.service, wire.invalid(call.service, text))
        return wire.answer(call, {"StackResourceDetail": _detail(event)})

    handlers._ACTION_HANDLERS["DescribeStackResource"] = describe


def _detail(event: Mapping[str, Any]) -> dict[str, Any]:
    names = ("StackName", "StackId", "LogicalResourceId", "PhysicalResourceId", "ResourceType")
    status = ("ResourceStatus", "ResourceStatusReason")
    detail = {name: event[name] for name in (*names, *status) if event[name]}
    return {**detail, "LastUpdatedTimestamp": event["Timestamp"]}


def deleted_stacks_are_found_by_id() -> None:
    """Find a deleted stack by its id, even if a new stack has its name.

    The emulator finds only the last stack of a name (`handlers.py`, `_resolve_stack`).
    """
    delete_stack = stacks._delete_stack_async

    async def delete_and_keep(stack_name: str, stack_id: str, *rest: Any, **more: Any) -> None:
        await delete_stack(stack_name, stack_id, *rest, **more)
        every_stack = cloudformation._stacks
        if every_stack.get(stack_name, {}).get("StackStatus") == "DELETE_COMPLETE":
            every_stack[stack_id] = every_stack.pop(stack_name)

    _replace("_delete_stack_async", delete_and_keep)


def actions_and_resources(features: Features, behaviour: Behaviour) -> None:
    """Use the same actions and resources as AWS in IAM's checks.

    The emulator forgets the path of a role's ARN (`core/iam_actions.py`, `extract_resource_arn`).
    It checks log events by the ARN of their log group, where AWS adds `:log-stream:` and the
    stream's name. It does not know the features' services.
    """
    action_of = iam_actions.extract_iam_action
    resource_of = iam_actions.extract_resource_arn

    def action(
        service: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, Any],
    ) -> str | None:
        if service in wire.SERVICES:
            call = wire.read(service, method, path, headers, body, query, account="", region="")
            return features.action_and_resource(call)[0]
        known: str | None = action_of(service, method, path, headers, body, query)
        return known

    def resource(
        service: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, Any],
        region: str,
        account: str,
    ) -> str:
        if service in wire.SERVICES:
            call = wire.read(
                service, method, path, headers, body, query, account=account, region=region
            )
            return features.action_and_resource(call)[1]
        known: str = resource_of(service, method, path, headers, body, query, region, account)
        if service == "iam":
            return _role_arn(query, account) or known
        if service == "logs":
            request = json.loads(body or b"{}")
            if "logEvents" in request:
                return f"{known}:log-stream:{request['logStreamName']}"
            if behaviour.log_groups_as_streams:
                return f"{known}:log-stream:"
        return known

    iam_actions.extract_iam_action = action
    iam_actions.extract_resource_arn = resource


def condition_keys() -> None:
    """Use the same condition keys as AWS in IAM's checks.

    The emulator does not know `iam:AWSServiceName`, and not `aws:TagKeys` of the IVS operation that
    removes tags, whose model has `tagKeys` (`core/iam_actions.py`, `request_tag_context`).
    """
    context_of = iam_actions.request_tag_context

    def context(
        service: str, action: str, body: bytes, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        known: dict[str, Any] = context_of(service, action, body, params)
        if service == "iam" and "AWSServiceName" in params:
            known |= {"iam:AWSServiceName": params["AWSServiceName"][0]}
        if service == "ivs" and "tagKeys" in params:
            known |= {"aws:TagKeys": params["tagKeys"]}
        return known

    iam_actions.request_tag_context = context


def _role_arn(params: Mapping[str, Any], account: str) -> str | None:
    def first(name: str) -> str:
        value = params.get(name, "")
        return str(value[0] if isinstance(value, list) else value)

    if "DeletionTaskId" in params:
        # task/aws-service-role/<principal>/<role>/<uuid>
        _, _, principal, name, _ = first("DeletionTaskId").split("/")
        return f"arn:aws:iam::{account}:role/aws-service-role/{principal}/{name}"
    if "AWSServiceName" in params:
        principal = first("AWSServiceName")
        return f"arn:aws:iam::{account}:role/aws-service-role/{principal}/{role_name_of(principal)}"
    if "RoleName" in params:
        role = iam._roles.get_scoped(account, None, first("RoleName"))
        return None if role is None else str(role["Arn"])
    return None


def denials_with_service_codes() -> None:
    """Use the codes of the services' models for the denials of the features' services.

    The emulator uses one code for almost all services (`core/iam_actions.py`,
    `access_denied_response`). Documented by AWS: the codes that an operation's model lists, and
    that every response has a request id. Our model: the code of an operation that lists none, and
    the message.
    """
    denied_response = iam_actions.access_denied_response

    def respond(
        service: str, action: str, principal_arn: str, request_id: str, **more: Any
    ) -> _Response:
        # a request without valid authentication has other codes
        if service in {*wire.SERVICES, "account", "organizations"} and not more.get("error_code"):
            _, _, operation = action.partition(":")
            refused = wire.denied(service, operation, principal_arn, action)
            status, headers, content = wire.refusal(service, refused)
        else:
            status, headers, content = denied_response(
                service, action, principal_arn, request_id, **more
            )
        # as all responses of AWS
        return status, {**headers, "x-amzn-RequestId": request_id}, content

    iam_actions.access_denied_response = respond


def region_operations_are_authorized() -> None:
    """Authorize the operations of the service `account`.

    The emulator does not know their actions (`core/iam_actions.py`, `_BOTOCORE_SERVICE_MAP`), and
    therefore allows all of them.
    """
    iam_actions._BOTOCORE_SERVICE_MAP["account"] = ["account"]


def stacks_are_found_by_resource() -> None:
    """Find a stack by the physical id of one of its resources in `DescribeStackResources`.

    The emulator accepts only a stack's name (`handlers.py`, `_describe_stack_resources`).
    Documented by AWS: the parameter, and that the response has all resources of the stack. Our
    model: a deleted stack has no resources, and the message of the refusal.
    """
    by_name = handlers._ACTION_HANDLERS["DescribeStackResources"]

    def by_name_or_resource(params: Mapping[str, Any]) -> _Response:
        physical_id = handlers._p(params, "PhysicalResourceId")
        if physical_id:
            name = _stack_having(physical_id)
            if name is None:
                text = f"Stack for {physical_id} does not exist"
                refused: _Response = handlers._error("ValidationError", text)
                return refused
            params = {**params, "StackName": [name]}
        response: _Response = by_name(params)
        return response

    handlers._ACTION_HANDLERS["DescribeStackResources"] = by_name_or_resource


def _stack_having(physical_id: str) -> str | None:
    for name, stack in list(cloudformation._stacks.items()):
        if stack["StackStatus"] != "DELETE_COMPLETE" and any(
            each.get("PhysicalResourceId") == physical_id
            for each in list(stack.get("_resources", {}).values())
        ):
            return str(name)
    return None


def feature_services(features: Features, behaviour: Behaviour) -> None:
    """Add the services that the emulator lacks ("Unsupported service").

    The behaviour defines what a service does with the permissions of its caller.
    """
    detect = router.detect_service

    def detect_them(
        method: str, path: str, headers: Mapping[str, str], query: Mapping[str, Any]
    ) -> str:
        signed_for = _scope(headers)
        found = None if signed_for is None else wire.service_of(signed_for[2], path)
        return str(found or detect(method, path, headers, query))

    def handler(service: str) -> Callable[..., Coroutine[Any, Any, _Response]]:
        async def handle(
            method: str,
            path: str,
            headers: Mapping[str, str],
            body: bytes,
            query: Mapping[str, Any],
        ) -> _Response:
            try:
                call = wire.read(
                    service,
                    method,
                    path,
                    headers,
                    body,
                    query,
                    account=get_account_id(),
                    region=get_region(),
                )
                scope = _scope(headers)
                behaviour.acts_for("" if scope is None else scope[0], call)
                return wire.answer(call, features.handle(call))
            except wire.Refused as refused:
                return wire.refusal(service, refused)

        return handle

    for service in wire.SERVICES:
        app.SERVICE_HANDLERS[service] = handler(service)
    app.detect_service = detect_them


def _scope(headers: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Return the access key, region and service of a request's signature."""
    _, found, credential = headers.get("authorization", "").partition("Credential=")
    if not found:
        return None
    key, _, region, service, _ = credential.partition(",")[0].split("/")
    return key, region, service


def function_calls(behaviour: Behaviour, functions: Functions, journal: Journal) -> None:
    """Record every call of a function, and inject the faults of the behaviour.

    AWS does not differ here: its services are slow or busy at times too.
    """
    dispatch = app._dispatch_service_request

    async def dispatch_noting(
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: dict[str, Any],
        request_id: str,
    ) -> _Response:
        run = functions.running.get(headers.get(RUN_HEADER, ""))
        if run is None:
            untouched: _Response = await dispatch(method, path, headers, body, query, request_id)
            return untouched
        service = app.detect_service(method, path, headers, query)
        # the function calls other regions too
        signed = _scope(headers)
        try:
            call = wire.read(
                service,
                method,
                path,
                headers,
                body,
                query,
                account=run.function.account,
                region=run.function.region if signed is None else signed[1],
            )
        except wire.Refused as refused:
            journal.add("call", run.function.account, service, why=str(refused))
            return wire.refusal(service, refused)
        fault = behaviour.fault(run, call)
        more: dict[str, str] = {}
        if isinstance(fault, Refusal):
            response = wire.refusal(service, wire.Refused(fault.code, fault.message, fault.status))
        elif isinstance(fault, Crash) and not fault.done:
            response = 200, {}, b"{}"
        else:
            response = await dispatch(method, path, headers, body, query, request_id)
        if isinstance(fault, Crash):
            more[CRASH_HEADER] = "1"
        if isinstance(fault, Slow):
            more[SLOW_HEADER] = str(fault.seconds)
        _note(journal, run, call, response, fault)
        status, response_headers, response_body = response
        return status, {**response_headers, **more}, response_body

    app._dispatch_service_request = dispatch_noting


def _note(journal: Journal, run: Run, call: wire.Call, response: _Response, fault: object) -> None:
    journal.add(
        "call",
        run.function.account,
        f"{call.service}:{call.operation}",
        region=call.region,
        stack=run.stack,
        logical_id=run.logical_id,
        type=run.type,
        run=run.id,
        request=run.request,
        parameters=call.parameters,
        status=response[0],
        **({} if fault is None else {"fault": fault}),
        **({} if response[0] < 400 else {"body": response[2].decode(errors="replace")}),
    )
