"""Read cloud assemblies with all their stacks, and single templates in JSON or YAML.

A cloud assembly is the folder that `cdk synth` writes. Its manifest names the stacks, their
dependencies and the assemblies of stages. The template of a nested stack is the file named by the
resource's metadata (`aws:asset:path`) or by its `TemplateURL`, or the file that the assembly
publishes under the key in that URL. Nothing is downloaded.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from slr_constructs.catalogue.role_definition import IMPORTED
from slr_constructs.templates.literals import mapping
from slr_constructs.templates.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_MANIFEST = "manifest.json"
_STACK_ARTIFACT = "aws:cloudformation:stack"
_ASSEMBLY_ARTIFACT = "cdk:cloud-assembly"
_NESTED_STACK = "AWS::CloudFormation::Stack"
#: the type of metadata in which CDK stores the arguments of `Validations.acknowledge`.
_ACKNOWLEDGED = "aws:cdk:acknowledged-rules"
#: far more than any template has; the recursive readers need a call for each level.
_DEEPEST = 200
#: the key under which CDK publishes a nested stack's template.
_ASSET = re.compile(r"\b([0-9a-f]{64})\.json\b")


class TemplateError(ValueError):
    """A template or an assembly cannot be read; the message says which one and why."""


@dataclass(frozen=True, slots=True)
class StackTemplate:
    """The template of one stack, and its relations to the other stacks that were read with it."""

    #: as the CDK command line shows it (`Stage/Stack`); a nested stack has the name of its parent
    #: as a prefix; the stack of a single template has the name of its file.
    name: str
    template: Mapping[str, Any]
    #: the names of the stacks that are deployed before this one and deleted after it.
    depends_on: tuple[str, ...] = ()
    #: the name of the parent stack, and the logical id of the nested stack there.
    nested_in: tuple[str, str] | None = None
    #: whether it is part of a cloud assembly, not a single template.
    in_assembly: bool = False
    #: the target account and region; None if the assembly does not contain them.
    account: str | None = None
    region: str | None = None
    #: sentences about parts that could not be read and were skipped.
    notes: tuple[str, ...] = ()
    #: the same, and parts that `lenient` skipped: logical id (None: the stack) and sentence.
    not_analyzed: tuple[tuple[str | None, str], ...] = ()
    #: the acknowledgements of the app: rule ids and reasons, by construct path.
    acknowledged: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: the names of the roles that its constructs import. A template does not contain them.
    imported: tuple[str, ...] = ()
    #: the file that it was read from.
    file: Path | None = None


def read(
    paths: Sequence[Path], *, name: str | None = None, lenient: bool = False
) -> list[StackTemplate]:
    """Read the stacks of cloud assemblies and templates; nested stacks follow their parents.

    Args:
        paths: The folders of assemblies and the files of templates.

        name: The stack name for a single template. Default: the name of its file, or its path if
            several files have the same name.

        lenient: Whether to skip parts of a template that cannot be read and to list them in
            `not_analyzed`. Default: such a template is refused.

    Raises:
        TemplateError: A path is neither an assembly nor a template, or two stacks have the same
            name.
    """
    stacks: list[StackTemplate] = []
    for path in paths:
        if is_assembly(path):
            folder = path.parent if path.name == _MANIFEST else path
            stacks.extend(_stacks_of(folder, lenient=lenient))
        else:
            alike = sum(stack_name_of(path) == stack_name_of(each) for each in paths) > 1
            own_name = str(path.with_name(stack_name_of(path))) if alike else stack_name_of(path)
            template = read_template(path)
            if "Resources" not in template:
                raise TemplateError(f"{path} is not a CloudFormation template: no Resources")
            stack = StackTemplate(name or own_name, template, file=path)
            stacks.extend(_with_nested(stack, [path], lenient=lenient))
    for each, count in Counter(stack.name for stack in stacks).items():
        if count > 1:
            raise TemplateError(f"{count} stacks have the name {each}")
    return stacks


def is_assembly(path: Path) -> bool:
    """Return whether a path is for a cloud assembly: its folder or its manifest."""
    # not Path.is_dir, which raises errors; reading the path as a file reports them
    return path.name == _MANIFEST or os.path.isdir(path)  # noqa: PTH112


def read_template(path: Path) -> dict[str, Any]:
    """Read a mapping from a JSON or YAML file with short tags, without checking its content.

    Raises:
        TemplateError: The file does not exist, or does not contain a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise TemplateError(f"{path}: no such file or directory") from None
    except UnicodeDecodeError:
        raise TemplateError(f"{path} is not a CloudFormation template: not UTF-8 text") from None
    except OSError as error:
        raise TemplateError(f"{path} cannot be read: {error.strerror}") from None
    try:
        value = _parsed(text)
    except _SyntaxError as error:
        raise TemplateError(f"{path} is not a CloudFormation template: {error}") from None
    if not isinstance(value, dict):
        raise TemplateError(
            f"{path} is not a CloudFormation template: it must be a mapping with Resources"
        )
    return value


def resources_in(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resources of a template by logical id; each of them has a type.

    Raises:
        TemplateError: Resources are defined with `Fn::ForEach`, or an entry is not a resource.
    """
    resources = template.get("Resources", {})
    for _, refusal in _not_analyzed(resources):
        raise TemplateError(refusal)
    return resources  # type: ignore[no-any-return]


def _not_analyzed(resources: Any) -> Iterator[tuple[str | None, str]]:  # noqa: ANN401 - whatever stands there
    """Yield logical id and error of each invalid entry; the id None stands for all resources."""
    if not isinstance(resources, dict):
        yield None, f"Resources must be a mapping, got {resources!r}"
        return
    for logical_id, resource in resources.items():
        # cfn-lint would silently skip these entries
        if logical_id.startswith("Fn::ForEach::"):
            refusal = "CloudFormation must expand it first; pass the expanded template"
            yield logical_id, f"{logical_id}: {refusal}"
        elif not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            yield logical_id, f"{logical_id} is not a resource: it must be a mapping with a Type"


def _readable(stack: StackTemplate) -> StackTemplate:
    """Return a stack without its invalid entries."""
    resources = stack.template.get("Resources", {})
    refusals = dict(_not_analyzed(resources))
    if not refusals:
        return stack
    kept = {} if None in refusals else {k: v for k, v in resources.items() if k not in refusals}
    template = {**stack.template, "Resources": kept}
    return replace(stack, template=template, not_analyzed=tuple(refusals.items()))


class _SyntaxError(ValueError):
    """A syntax error and its position."""


_TOO_DEEP = _SyntaxError(f"nested more than {_DEEPEST} levels deep")


def _parsed(text: str) -> Any:  # noqa: ANN401 - whatever the text says
    if text.lstrip()[:1] not in ("{", "["):
        return _from_yaml(text)
    try:
        value = json.loads(text)
    except RecursionError:
        raise _TOO_DEEP from None
    except json.JSONDecodeError as error:
        try:
            # YAML may start with a brace too
            return _from_yaml(text)
        except _SyntaxError:
            where = f"in line {error.lineno}, column {error.colno}"
            raise _SyntaxError(f"{error.msg} {where}") from None
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for each in level for inner in _members(each)]
    if level:
        raise _TOO_DEEP
    return value


def _members(value: Any) -> Iterable[Any]:  # noqa: ANN401 - any part of a template
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _from_yaml(text: str) -> Any:  # noqa: ANN401 - whatever the text says
    # imported here because it takes seconds, and CDK writes JSON
    import yaml  # noqa: PLC0415
    from cfnlint.decode import cfn_yaml  # noqa: PLC0415

    try:
        # the loader below recurses in C, so a deeply nested text would crash the process
        depth = 0
        for event in yaml.parse(text, Loader=cfn_yaml.FastLoader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise _TOO_DEEP
        return cfn_yaml.loads(text)
    except cfn_yaml.CfnParseError as error:
        first = error.matches[0]
        message = first.message.splitlines()[0].removeprefix("Template could not be parsed: ")
        raise _SyntaxError(f"{message} in line {first.linenumber}") from None
    except yaml.MarkedYAMLError as error:
        # the position of an error at the end may be after the last line
        line = min(error.problem_mark.line + 1, len(text.splitlines()))
        raise _SyntaxError(f"{error.problem} in line {line}") from None
    except yaml.YAMLError as error:
        raise _SyntaxError(str(error).splitlines()[0]) from None


def lines_in(resources: Mapping[str, Any], file: Path) -> dict[str, int]:
    """Return the line on which each resource starts, from 1, by logical id.

    Args:
        resources: The resources of a template that `read_template` has read.

        file: The file of the template.
    """
    # the YAML reader has marked all keys; the JSON reader of the standard library marks none
    if not any(hasattr(each, "start_mark") for each in resources):
        resources = _with_marks(file) if resources else {}
    return {each: each.start_mark.line + 1 for each in resources}  # type: ignore[attr-defined]


def _with_marks(file: Path) -> dict[str, Any]:
    """Return the resources of a JSON template, with keys that have marks."""
    # imported here because it takes seconds, and most commands need no lines
    from cfnlint.decode import cfn_json  # noqa: PLC0415

    decoder = cfn_json.CfnJSONDecoder()
    # cfn-lint's hook refuses duplicate keys; without it, the last value counts, as in `json`
    decoder.object_pairs_hook = None
    decoder.scan_once = cfn_json.py_make_scanner(decoder)
    template: dict[str, Any] = decoder.decode(file.read_text(encoding="utf-8-sig"))
    return template["Resources"]  # type: ignore[no-any-return]


def stack_name_of(path: Path) -> str:
    """Return the stack name for a single template: the name of its file."""
    return printable(path.stem.removesuffix(".template") or path.name)


def _stacks_of(folder: Path, *, lenient: bool) -> Iterator[StackTemplate]:
    manifest = folder / _MANIFEST
    if not manifest.exists():
        raise TemplateError(
            f"{folder} is not a cloud assembly: no manifest.json in it (`cdk synth` writes one,"
            " into cdk.out)"
        )
    artifacts = read_template(manifest).get("artifacts", {})
    if not isinstance(artifacts, dict) or not all(
        isinstance(each, dict) for each in artifacts.values()
    ):
        raise _malformed(manifest, "artifacts is malformed")
    names = {
        key: printable(str(each.get("displayName", key)))
        for key, each in artifacts.items()
        if each.get("type") == _STACK_ARTIFACT
    }
    for key, artifact in artifacts.items():
        if artifact.get("type") == _ASSEMBLY_ARTIFACT:
            inner = folder / _property(manifest, key, artifact, "directoryName")
            yield from _stacks_of(inner, lenient=lenient)
        elif key in names:
            file = folder / _property(manifest, key, artifact, "templateFile")
            depends_on = artifact.get("dependencies", [])
            if not isinstance(depends_on, list):
                raise _malformed(manifest, f"the dependencies of {key} must be a list")
            account, region = _environment(artifact)
            metadata = list(_metadata(folder, artifact))
            stack = StackTemplate(
                names[key],
                read_template(file),
                # compare, because the list may contain any value; it also contains assets
                depends_on=tuple(name for other, name in names.items() if other in depends_on),
                in_assembly=True,
                account=account,
                region=region,
                acknowledged=_acknowledged(metadata),
                imported=tuple(
                    data for _, kind, data in metadata if kind == IMPORTED and isinstance(data, str)
                ),
                file=file,
            )
            yield from _with_nested(stack, [file], lenient=lenient)


def _environment(artifact: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the account and region of a stack, `aws://account/region`; either may be unknown."""
    _, _, where = str(artifact.get("environment")).partition("aws://")
    account, _, region = where.partition("/")
    return (
        None if account in ("", "unknown-account") else printable(account),
        None if region in ("", "unknown-region") else printable(region),
    )


def _metadata(folder: Path, artifact: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield path, type and data of the metadata that CDK writes for the constructs of a stack.

    The metadata is in the manifest or, with newer versions of CDK, in a file that it names.
    """
    named = artifact.get("additionalMetadataFile")
    files = [read_template(folder / named)] if isinstance(named, str) else []
    for each in (artifact.get("metadata"), *files):
        for path, entries in mapping(each).items():
            for entry in map(mapping, entries if isinstance(entries, list) else ()):
                yield path.removeprefix("/"), entry.get("type"), entry.get("data")


def _acknowledged(metadata: Iterable[tuple[str, Any, Any]]) -> dict[str, dict[str, str]]:
    """Return the acknowledgements in the metadata of a stack, by construct path."""
    found: dict[str, dict[str, str]] = {}
    for path, kind, rules in metadata:
        if isinstance(rules, dict) and kind == _ACKNOWLEDGED:
            known = found.setdefault(path, {})
            known |= {rule: str(reason) for rule, reason in rules.items()}
    return found


def _property(manifest: Path, key: str, artifact: Mapping[str, Any], name: str) -> str:
    value = mapping(artifact.get("properties")).get(name)
    if not isinstance(value, str):
        raise _malformed(manifest, f"{key} has no {name}")
    return value


def _malformed(manifest: Path, why: str) -> TemplateError:
    return TemplateError(f"{manifest} is not the manifest of a cloud assembly: {why}")


def _with_nested(
    stack: StackTemplate, files: Sequence[Path], *, lenient: bool
) -> Iterator[StackTemplate]:
    """Yield a stack, and then the stacks nested in it.

    `files` are the file of its template and those of the stacks around it, from inside to outside.
    """
    if lenient:
        stack = _readable(stack)
    try:
        resources = resources_in(stack.template)
    except TemplateError as error:
        raise TemplateError(f"{stack.name}: {error}") from None
    nested = {
        logical_id: _nested_file(body, files[0].parent)
        for logical_id, body in resources.items()
        if body["Type"] == _NESTED_STACK
    }
    why = "was not found, so its resources are not analyzed"
    left_out = [
        (each, f"the template of the nested stack {each} {why}")
        for each, path in nested.items()
        if path is None
    ]
    yield replace(
        stack,
        notes=tuple(f"{stack.name}: {each}" for _, each in left_out),
        not_analyzed=(*stack.not_analyzed, *left_out),
    )
    for logical_id, path in nested.items():
        if path is None:
            continue
        if path in files:
            raise TemplateError(f"{stack.name}: {logical_id} nests its own template")
        inner = replace(
            stack,
            name=f"{stack.name}/{_nested_name(stack.name, logical_id, resources[logical_id])}",
            template=read_template(path),
            depends_on=(),
            nested_in=(stack.name, logical_id),
            not_analyzed=(),
            file=path,
        )
        yield from _with_nested(inner, [path, *files], lenient=lenient)


def _nested_file(body: Mapping[str, Any], folder: Path) -> Path | None:
    """Return the file of a nested stack's template; None if it is not named or does not exist."""
    url = mapping(body.get("Properties")).get("TemplateURL")
    named = mapping(body.get("Metadata")).get("aws:asset:path")
    if named is None and isinstance(url, str):
        named = url
    if named is None and (asset := _ASSET.search(json.dumps(url))):
        named = _asset(folder, asset[1])
    if not isinstance(named, str) or "://" in named:
        return None
    file = folder / named
    return file if file.exists() else None


def _asset(folder: Path, key: str) -> str | None:
    """Return the file that an assembly publishes under a key, from its asset manifests."""
    for manifest in sorted(folder.glob("*.assets.json")):
        asset = mapping(mapping(read_template(manifest).get("files")).get(key))
        path = mapping(asset.get("source")).get("path")
        if isinstance(path, str):
            return path
    return None


def _nested_name(parent: str, logical_id: str, body: Mapping[str, Any]) -> str:
    """Return the construct path of a nested stack below its parent, or else its logical id.

    The path is needed because nested stacks in two scopes may have the same construct id.
    """
    path = mapping(body.get("Metadata")).get("aws:cdk:path")
    if not isinstance(path, str) or ".NestedStack/" not in path:
        return printable(logical_id)
    scope = printable(path.partition(".NestedStack/")[0])
    below = scope.removeprefix(f"{parent}/")
    return below if below != scope else scope.partition("/")[2] or scope
