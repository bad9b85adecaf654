"""Find and show the resources of a template by construct path or logical id."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from aws_cdk import Stack

from slr_constructs.templates.reading import resources_in
from slr_constructs.testing.templates import paths_of, template_of

if TYPE_CHECKING:
    from collections.abc import Iterable

#: the name of the default child of a construct, at the end of a CDK path.
_DEFAULT_CHILDREN = ("/Resource", "/Default")
_MAX_SIMILAR = 3


class NamedResources:
    """The resources of a stack or a template, by name.

    Args:
        template: A stack or a template. For a template, paths come from the metadata of the
            resources (`aws:cdk:path`), which the CDK command line enables.

    Raises:
        TemplateError: The template contains an entry that is not a resource.
    """

    def __init__(self, template: Stack | Mapping[str, Any]) -> None:
        stack = template if isinstance(template, Stack) else None
        self.template = template_of(template) if isinstance(template, Stack) else template
        self.by_id = resources_in(self.template)
        self._paths = paths_of(stack) if stack else _paths_in(self.by_id)
        scope = f"{stack.node.path}/" if stack else ""
        self._spellings = {
            logical_id: {path, path.removeprefix(scope), path.partition("/")[2]}
            for logical_id, path in self._paths.items()
        }

    def find(self, name: str) -> str:
        """Return the logical id of a resource.

        Args:
            name: A logical id, or the path of a resource or of a construct that has one resource or
                a default child. The path may start with the name of the stack.

        Raises:
            LookupError: The name matches no resource, or more than one. The message lists the
                candidates.
        """
        __tracebackhide__ = True
        if name in self.by_id:
            return name
        wanted = {f"{name}{end}" for end in ("", *_DEFAULT_CHILDREN)}
        below = f"{name}/"
        found = [each for each, spellings in self._spellings.items() if spellings & wanted] or [
            each
            for each, spellings in self._spellings.items()
            if any(path.startswith(below) for path in spellings)
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise LookupError(
                f"{name} has more than one resource. Name one of them: {self.show_all(found)}"
            )
        similar = self._similar_to(name)
        hint = f"similar names: {self.show_all(similar)}" if similar else "no name is similar"
        raise LookupError(f"the template has no resource named {name}; {hint}")

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


def _paths_in(resources: Mapping[str, Any]) -> dict[str, str]:
    """Return the construct paths in the metadata of the resources, by logical id."""
    metadata = {logical_id: each.get("Metadata") for logical_id, each in resources.items()}
    return {
        logical_id: each["aws:cdk:path"]
        for logical_id, each in metadata.items()
        if isinstance(each, Mapping) and "aws:cdk:path" in each
    }
