"""Features that custom resources switch on: switched off again, and by calls that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.guard.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs.templates.app import App, Stack
    from slr_constructs.templates.custom_calls import Call

DELETE_CALL_MISSING = Rule(
    "DeleteCallMissing",
    Severity.ERROR,
    "a custom resource switches a feature on, and nothing switches it off",
    "The feature is on when the stack has been deleted, or what it was on for is deleted with it"
    " on; the services' documents ask to switch it off first, and the role may stay in use.",
    "the clean-up sections of the pages in `slr-constructs catalogue ROLE`",
    "Let the custom resource make the opposite call when it is deleted (`on_delete` of an"
    " `AwsCustomResource`), or use the feature's construct.",
)
OBSOLETE_CALL = Rule(
    "ObsoleteCall",
    Severity.ERROR,
    "a custom resource calls an API that is no longer there",
    "AWS no longer supports it, and the SDK of a current runtime has no such operation, so the"
    " deployment or the deletion fails.",
    "https://docs.aws.amazon.com/chime-sdk/latest/dg/migrate-from-chm-namespace.html",
    "Call the operation that took its place, with the client of that name.",
)

RULES = (DELETE_CALL_MISSING, OBSOLETE_CALL)


def findings(app: App) -> Iterator[Finding]:
    """Yield what is wrong with the calls of custom resources."""
    for stack in app.stacks.values():
        for call in stack.calls:
            name = stack.show(call.logical_id)
            if call.puts and not call.deletes and not _is_released(stack, call):
                yield Finding(
                    DELETE_CALL_MISSING,
                    stack.name,
                    call.logical_id,
                    f"`{name}` switches {call.feature} on, and nothing switches it off when it is"
                    " deleted",
                )
            if call.obsolete is not None:
                yield Finding(
                    OBSOLETE_CALL,
                    stack.name,
                    call.logical_id,
                    f"`{name}` calls `{call.obsolete.called}`, which is now"
                    f" `{call.obsolete.replacement}`",
                )


def _is_released(stack: Stack, call: Call) -> bool:
    """Tell whether another resource switches off, or this one is meant to stay.

    Where neither names what it is for, they are taken to be for the same.
    """
    if stack.users[call.logical_id].retained:
        # of that, `FeatureOutlivesRole` speaks
        return True
    others = [
        each.owners for each in stack.calls if _is_release(each) and each.feature == call.feature
    ]
    others += [
        user.owners
        for user in stack.users.values()
        if user.is_release and user.feature == call.feature and not user.retained
    ]
    return any(
        not owners or not call.owners or not set(owners).isdisjoint(call.owners)
        for owners in others
    )


def _is_release(call: Call) -> bool:
    return call.deletes and not call.puts
