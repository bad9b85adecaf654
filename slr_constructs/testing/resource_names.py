"""The resources of a template by the names that people use: construct paths, and logical ids."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from aws_cdk import Stack

from slr_constructs.templates.reading import resources_in
from slr_constructs.testing.templates import paths_of, template_of

if TYPE_CHECKING:
    from collections.abc import Iterable

#: what the one resource of a construct is called, in a path as CDK writes it.
_DEFAULT_CHILDREN = ("/Resource", "/Default")
_CLOSE = 3


class NamedResources:
    """The resources of a stack or a template, found and shown by name.

    Args:
        template: A stack, or a template. Without a stack, paths are those in the resources'
            metadata (`aws:cdk:path`), which the CDK command line asks for by itself.

    Raises:
        TemplateError: What should be a resource is none.
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
                a default child; with the stack's own name or without.

        Raises:
            LookupError: No resource has the name, or several have. The text says which are meant.
        """
        __tracebackhide__ = True
        if name in self.by_id:
            return name
        wanted = {f"{name}{end}" for end in ("", *_DEFAULT_CHILDREN)}
        below = f"{name}/"
        found = [each for each, spelt in self._spellings.items() if spelt & wanted] or [
            each
            for each, spelt in self._spellings.items()
            if any(path.startswith(below) for path in spelt)
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise LookupError(f"{name} has several resources, name one: {self.show_all(found)}")
        close = self._close(name)
        hint = (
            f"close to it: {self.show_all(close)}"
            if close
            else "nor is there one with a close name"
        )
        raise LookupError(f"no resource of the template is called {name}; {hint}")

    def show(self, logical_id: str) -> str:
        """Return a resource's path, as far as it is known, and its logical id."""
        path = self._short(logical_id)
        return f"{path} ({logical_id})" if path else logical_id

    def show_all(self, logical_ids: Iterable[str]) -> str:
        """Show several resources, in the order of their names."""
        return ", ".join(sorted(map(self.show, logical_ids)))

    def construct(self, logical_id: str) -> str | None:
        """Return the path of the construct that defines a resource; None if it is not known."""
        path = self._short(logical_id)
        for end in _DEFAULT_CHILDREN:
            path = path.removesuffix(end)
        return path or None

    def _short(self, logical_id: str) -> str:
        """Return a path without the topmost name, which is that of the stack or its stage."""
        return self._paths.get(logical_id, "").partition("/")[2]

    def _close(self, name: str) -> list[str]:
        """Return the logical ids of the resources whose names are most like one."""
        spelt = {logical_id: logical_id for logical_id in self.by_id}
        for logical_id, spellings in self._spellings.items():
            for path in spellings:
                spelt[path] = logical_id
                for end in _DEFAULT_CHILDREN:
                    spelt[path.removesuffix(end)] = logical_id
        # a resource has several spellings, and is listed once
        matches = get_close_matches(name, spelt, n=len(spelt) or 1)
        return list(dict.fromkeys(spelt[each] for each in matches))[:_CLOSE]


def _paths_in(resources: Mapping[str, Any]) -> dict[str, str]:
    """Return the construct paths that resources have in their metadata, by logical id."""
    metadata = {logical_id: each.get("Metadata") for logical_id, each in resources.items()}
    return {
        logical_id: each["aws:cdk:path"]
        for logical_id, each in metadata.items()
        if isinstance(each, Mapping) and "aws:cdk:path" in each
    }
