"""Compare types, properties and dependencies of two templates, without logical ids."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections import defaultdict
from typing import Any


def differences(library: dict[str, Any], bare: dict[str, Any]) -> list[str]:
    """Return the resources that only one of the templates has."""
    ours, theirs = _by_meaning(library), _by_meaning(bare)
    return [
        f"{' '.join(ours[each]) or 'nothing'} with the library and"
        f" {' '.join(theirs[each]) or 'nothing'} without it"
        for each in sorted({*ours, *theirs})
        if len(ours[each]) != len(theirs[each])
    ]


def _by_meaning(template: dict[str, Any]) -> defaultdict[str, list[str]]:
    """Return the logical ids of a template's resources, grouped by equal resources."""
    resources = template["Resources"]

    @functools.cache
    def meaning(logical_id: str) -> str:
        resource = {key: value for key, value in resources[logical_id].items() if key != "Metadata"}
        needed = resource.pop("DependsOn", [])
        resource["DependsOn"] = sorted(
            map(meaning, [needed] if isinstance(needed, str) else needed)
        )
        text = json.dumps(without_ids(resource), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def meaning_of_variable(found: re.Match[str]) -> str:
        return meaning(found[0]) if found[0] in resources else found[0]

    def without_ids(value: Any) -> Any:  # noqa: ANN401 - any part of a template
        if isinstance(value, list):
            return [without_ids(each) for each in value]
        if not isinstance(value, dict):
            return value
        if value.get("Ref") in resources:
            return {"Ref": meaning(value["Ref"])}
        if "Fn::GetAtt" in value:
            logical_id, attribute = value["Fn::GetAtt"]
            return {"Fn::GetAtt": [meaning(logical_id), attribute]}
        if isinstance(value.get("Fn::Sub"), str):
            return {"Fn::Sub": re.sub(r"(?<=\$\{)\w+", meaning_of_variable, value["Fn::Sub"])}
        return {key: without_ids(each) for key, each in value.items()}

    ids: defaultdict[str, list[str]] = defaultdict(list)
    for logical_id in resources:
        ids[meaning(logical_id)].append(logical_id)
    return ids
