"""The rules of the guard, one module for each rule.

The name of a module is the id of its rule in snake_case. Each module has the constant `RULE` and a
function `findings(app)`. `check` finds the modules, so a new rule needs no other change.
"""

from __future__ import annotations

from pkgutil import iter_modules


def module_names() -> list[str]:
    """Return the names of the modules, in the order of the ids of their rules."""
    return sorted((each.name for each in iter_modules(__path__)), key=_id_of)


def rule_ids() -> list[str]:
    """Return the ids of all rules, without importing their modules."""
    return [_id_of(each) for each in module_names()]


def _id_of(module_name: str) -> str:
    return "".join(part.capitalize() for part in module_name.split("_"))
