"""Find and show the resources of a template by construct path or logical id."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAlias

from aws_cdk import Stack
from aws_cdk.assertions import Template
from constructs import Construct, IConstruct

from slr_constructs.templates.reading import resources_in
from slr_constructs.testing.templates import paths_of, template_of

if TYPE_CHECKING:
    from collections.abc import Iterable

#: the name of the default child of a construct, at the end of a CDK path.
_DEFAULT_CHILDREN = ("/Resource", "/Default")
_MAX_SIMILAR = 3


AnyTemplate: TypeAlias = Stack | Template | Mapping[str, Any]
"""A stack, or its template in the form of `aws_cdk.assertions` or as a dictionary."""

Name: TypeAlias = str | IConstruct
"""A construct with one resource or a default child, or the logical id or path of a resource."""


class NamedResources:
    """The resources of a stack or a template, by name.

    Args:
        template: A stack or a template. For a template, paths come from the metadata of the
            resources (`aws:cdk:path`), which the CDK command line enables.

    Raises:
        TemplateError: The template contains an entry that is not a resource.
        TypeError: The template has another type.
    """

    def __init__(self, template: AnyTemplate) -> None:
        self._stack = stack = template if isinstance(template, Stack) else None
        self.template = _content(template)
        self.by_id = resources_in(self.template)
        self._paths = paths_of(stack) if stack else _paths_in(self.by_id)
        scope = f"{stack.node.path}/" if stack else ""
        self._spellings = {
            logical_id: {path, path.removeprefix(scope), path.partition("/")[2]}
            for logical_id, path in self._paths.items()
        }

    def find(self, name: Name) -> str:
        """Return the logical id of a resource.

        Args:
            name: A construct that has one resource or a default child, a logical id, or the path of
                a resource or of such a construct. The path may start with the name of the stack.

        Raises:
            LookupError: The name matches no resource, or more than one. The message lists the
                candidates.
            TypeError: The name has another type.
        """
        __tracebackhide__ = True
        if isinstance(name, Construct):
            return self._only_one(name.node.path, self._spellings_of(name), "")
        if not isinstance(name, str):
            raise TypeError(
                "a resource must be a construct, a logical id or a construct path, got"
                f" {type(name).__name__}"
            )
        if name in self.by_id:
            return name
        similar = self._similar_to(name)
        hint = f"; similar names: {self.show_all(similar)}" if similar else "; no name is similar"
        if "/" in name and not self._paths:
            hint = ", because it has no construct paths; pass the stack, or name the construct"
        return self._only_one(name, self._spellings, hint)

    def _spellings_of(self, construct: Construct) -> dict[str, set[str]]:
        """Return the paths of the resources in the template and in the stack of a construct."""
        __tracebackhide__ = True
        stack = Stack.of(construct)
        if self._stack is not None and stack is not self._stack:
            raise LookupError(
                f"{construct.node.path} is in the stack {stack.node.path}, not in the stack"
                f" {self._stack.node.path}"
            )
        return {each: {path} for each, path in paths_of(stack).items() if each in self.by_id}

    def _only_one(self, name: str, known: Mapping[str, set[str]], hint: str) -> str:
        """Return the only resource of a construct, or its default child."""
        __tracebackhide__ = True
        wanted = {f"{name}{end}" for end in ("", *_DEFAULT_CHILDREN)}
        below = f"{name}/"
        found = [each for each, spellings in known.items() if spellings & wanted] or [
            each
            for each, spellings in known.items()
            if any(path.startswith(below) for path in spellings)
        ]
        if not found:
            raise LookupError(f"the template has no resource named {name}{hint}")
        if len(found) > 1:
            raise LookupError(
                f"{name} has more than one resource. Name one of them: {self.show_all(found)}"
            )
        return found[0]

    def show(self, logical_id: str) -> str:
        """Return a resource's path, if it is known, and its logical id."""
        path = self._short(logical_id)
        return f"{path} ({logical_id})" if path else logical_id

    def show_all(self, logical_ids: Iterable[str]) -> str:
        """Show several resources, sorted by name."""
        return ", ".join(sorted(map(self.show, logical_ids)))

    def construct(self, logical_id: str) -> str | None:
        """Return the path of the construct that defines a resource; None if it is unknown."""
        path = self._short(logical_id)
        for end in _DEFAULT_CHILDREN:
            path = path.removesuffix(end)
        return path or None

    def _short(self, logical_id: str) -> str:
        """Return a path without its first part, which is the stack or its stage."""
        return self._paths.get(logical_id, "").partition("/")[2]

    def _similar_to(self, name: str) -> list[str]:
        """Return the logical ids of the resources with the most similar names."""
        ids_by_name = {logical_id: logical_id for logical_id in self.by_id}
        for logical_id, spellings in self._spellings.items():
            for path in spellings:
                ids_by_name[path] = logical_id
                for end in _DEFAULT_CHILDREN:
                    ids_by_name[path.removesuffix(end)] = logical_id
        # list each resource only once, even if several of its spellings match
        matches = get_close_matches(name, ids_by_name, n=len(ids_by_name) or 1)
        return list(dict.fromkeys(ids_by_name[each] for each in matches))[:_MAX_SIMILAR]


def _content(template: AnyTemplate) -> Mapping[str, Any]:
    """Return a template as a dictionary."""
    if isinstance(template, Stack):
        return template_of(template)
    content = template.to_json() if isinstance(template, Template) else template
    if not isinstance(content, Mapping):
        raise TypeError(
            "template must be a Stack, a Template of aws_cdk.assertions or a dictionary, got"
            f" {type(content).__name__}"
        )
    return content


def _paths_in(resources: Mapping[str, Any]) -> dict[str, str]:
    """Return the construct paths in the metadata of the resources, by logical id."""
    metadata = {logical_id: each.get("Metadata") for logical_id, each in resources.items()}
    return {
        logical_id: each["aws:cdk:path"]
        for logical_id, each in metadata.items()
        if isinstance(each, Mapping) and "aws:cdk:path" in each
    }
