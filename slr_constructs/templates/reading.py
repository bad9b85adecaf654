"""Templates from files: a cloud assembly with all its stacks, or any template, JSON or YAML.

A cloud assembly is the folder that `cdk synth` writes. Its manifest names the stacks, what they
wait for and the assemblies of stages; a nested stack's template is the file that the resource's
metadata names (`aws:asset:path`), that its `TemplateURL` names, or that the assembly publishes
under the key there. Nothing is fetched.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from slr_constructs.templates.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_STACK_ARTIFACT = "aws:cloudformation:stack"
_ASSEMBLY_ARTIFACT = "cdk:cloud-assembly"
_NESTED_STACK = "AWS::CloudFormation::Stack"
#: the type of metadata in which CDK keeps what `Validations.acknowledge` was given.
_ACKNOWLEDGED = "aws:cdk:acknowledged-rules"
#: far more than any template has; what reads it takes a step of its stack for each level.
_DEEPEST = 200
#: the key under which CDK publishes a nested stack's template.
_ASSET = re.compile(r"\b([0-9a-f]{64})\.json\b")


class TemplateError(ValueError):
    """A template, or an assembly, that cannot be read; the text says which and why."""


@dataclass(frozen=True, slots=True)
class StackTemplate:
    """One stack's template, and how it stands to the others that were read with it."""

    #: as the CDK command line shows it (`Stage/Stack`); a nested stack's follows its parent's; that
    #: of a template which came alone is its file's.
    name: str
    template: Mapping[str, Any]
    #: the names of the stacks that have to be there before, and are there until after.
    waits_for: tuple[str, ...] = ()
    #: the name of the stack that it is nested in, and its logical id there.
    nested_in: tuple[str, str] | None = None
    #: it came with the other stacks of its app, and not alone.
    in_assembly: bool = False
    #: where it is deployed, as far as its assembly tells.
    account: str | None = None
    region: str | None = None
    #: what could not be read and is left out.
    notes: tuple[str, ...] = ()
    #: the same, and what `lenient` left out: logical ids, or None for the whole, and sentences.
    unread: tuple[tuple[str | None, str], ...] = ()
    #: what is acknowledged in the app: by construct path, the ids of rules and the reasons.
    acknowledged: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: where it was read.
    file: Path | None = None


def read(
    paths: Sequence[Path], *, name: str | None = None, lenient: bool = False
) -> list[StackTemplate]:
    """Read the stacks of cloud assemblies and templates; a nested one follows its parent.

    Args:
        paths: Their folders and files.

        name: What the stack of a template is called. Default: as its file, and where several files
            have one name, as their paths.

        lenient: Whether a part of a template that cannot be read is left out, and said so in
            `unread`. Default: it is refused.

    Raises:
        TemplateError: A path is neither an assembly nor a template, or two stacks have one name.
    """
    stacks: list[StackTemplate] = []
    for path in paths:
        if _is_folder(path):
            stacks.extend(_stacks_of(path, lenient=lenient))
        elif path.name == "manifest.json":
            stacks.extend(_stacks_of(path.parent, lenient=lenient))
        else:
            alike = sum(stack_name_of(path) == stack_name_of(each) for each in paths) > 1
            own_name = str(path.with_name(stack_name_of(path))) if alike else stack_name_of(path)
            template = read_template(path)
            if "Resources" not in template:
                raise TemplateError(f"{path} is no template: it has no Resources")
            stack = StackTemplate(name or own_name, template, file=path)
            stacks.extend(_with_nested(stack, path, lenient=lenient))
    for each, count in Counter(stack.name for stack in stacks).items():
        if count > 1:
            raise TemplateError(f"{count} stacks are called {each}")
    return stacks


def read_template(path: Path) -> dict[str, Any]:
    """Read a file as a template, JSON or YAML with short tags; whether it is one, nobody asks.

    Raises:
        TemplateError: There is no such file, or it holds no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise TemplateError(f"{path} is not there") from None
    except UnicodeDecodeError:
        raise TemplateError(f"{path} is no template: it is no text in UTF-8") from None
    except OSError as error:
        raise TemplateError(f"{path} cannot be read: {error.strerror}") from None
    try:
        value = _parsed(text)
    except _SyntaxError as error:
        raise TemplateError(f"{path} is no template: {error}") from None
    if not isinstance(value, dict):
        raise TemplateError(f"{path} is no template: a template is a mapping with Resources")
    return value


def resources_in(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resources of a template by logical id, each of which has a type.

    Raises:
        TemplateError: They are written with `Fn::ForEach`, or what should be a resource is none.
    """
    resources = template.get("Resources", {})
    for _, refusal in _unreadable(resources):
        raise TemplateError(refusal)
    return resources  # type: ignore[no-any-return]


def _unreadable(resources: Any) -> Iterator[tuple[str | None, str]]:  # noqa: ANN401 - whatever stands there
    """Yield what is no resource, by logical id, and why; None if there are no resources at all."""
    if not isinstance(resources, dict):
        yield None, f"Resources is a mapping in a template, and here it is {resources!r}"
        return
    for logical_id, resource in resources.items():
        # cfn-lint would leave them out without a word
        if logical_id.startswith("Fn::ForEach::"):
            refusal = (
                "is for CloudFormation to expand: the order can be read from the expanded template"
            )
            yield logical_id, f"{logical_id} {refusal}"
        elif not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            yield logical_id, f"{logical_id} is no resource: a resource is a mapping with a Type"


def _readable(stack: StackTemplate) -> StackTemplate:
    """Return a stack without what in it is no resource."""
    resources = stack.template.get("Resources", {})
    unread = tuple(_unreadable(resources))
    if not unread:
        return stack
    left_out = {logical_id for logical_id, _ in unread}
    kept = {} if None in left_out else {k: v for k, v in resources.items() if k not in left_out}
    return replace(stack, template={**stack.template, "Resources": kept}, unread=unread)


class _SyntaxError(ValueError):
    """What is wrong with a text, and where."""


_TOO_DEEP = _SyntaxError(f"it is nested more than {_DEEPEST} deep")


def _parsed(text: str) -> Any:  # noqa: ANN401 - whatever the text says
    if text.lstrip()[:1] not in ("{", "["):
        return _from_yaml(text)
    try:
        value = json.loads(text)
    except RecursionError:
        raise _TOO_DEEP from None
    except json.JSONDecodeError as error:
        try:
            # YAML has braces too
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
    # here, for it takes seconds, and what CDK writes is JSON
    import yaml  # noqa: PLC0415
    from cfnlint.decode import cfn_yaml  # noqa: PLC0415

    try:
        # the loader below recurses, in C, and a text that is too deep would crash the process
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
        # the end of the text may be a line of its own
        line = min(error.problem_mark.line + 1, len(text.splitlines()))
        raise _SyntaxError(f"{error.problem} in line {line}") from None
    except yaml.YAMLError as error:
        raise _SyntaxError(str(error).splitlines()[0]) from None


def stack_name_of(path: Path) -> str:
    """Return what the stack of a template is called that came alone: as its file."""
    return printable(path.stem.removesuffix(".template") or path.name)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        # reading it as a file says why
        return False


def _stacks_of(folder: Path, *, lenient: bool) -> Iterator[StackTemplate]:
    manifest = folder / "manifest.json"
    if not manifest.exists():
        raise TemplateError(
            f"{folder} is no cloud assembly: it has no manifest.json"
            " (`cdk synth` writes one, into cdk.out)"
        )
    artifacts = _artifacts(manifest)
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
            waits_for = artifact.get("dependencies", [])
            if not isinstance(waits_for, list):
                raise TemplateError(
                    f"{manifest} is no manifest of a cloud assembly: {key} waits for no list"
                )
            account, region = _environment(artifact)
            stack = StackTemplate(
                names[key],
                read_template(file),
                # by comparison, for anything may stand in a list; assets are waited for too
                waits_for=tuple(name for other, name in names.items() if other in waits_for),
                in_assembly=True,
                account=account,
                region=region,
                acknowledged=_acknowledged(folder, artifact),
                file=file,
            )
            yield from _with_nested(stack, file, lenient=lenient)


def _environment(artifact: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the account and region of a stack, `aws://account/region`; either may be unknown."""
    _, _, where = str(artifact.get("environment")).partition("aws://")
    account, _, region = where.partition("/")
    return (
        None if account in ("", "unknown-account") else printable(account),
        None if region in ("", "unknown-region") else printable(region),
    )


def _artifacts(manifest: Path) -> dict[str, dict[str, Any]]:
    artifacts = read_template(manifest).get("artifacts", {})
    if not isinstance(artifacts, dict) or not all(
        isinstance(each, dict) for each in artifacts.values()
    ):
        raise TemplateError(
            f"{manifest} is no manifest of a cloud assembly: artifacts is malformed"
        )
    return artifacts


def _acknowledged(folder: Path, artifact: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return what the constructs of a stack acknowledge, which CDK writes into their metadata.

    That is in the manifest or, from newer versions of CDK, in a file that it names.
    """
    metadata = artifact.get("metadata")
    named = artifact.get("additionalMetadataFile")
    files = [read_template(folder / named)] if isinstance(named, str) else []
    found: dict[str, dict[str, str]] = {}
    for each in (metadata, *files):
        for path, entries in each.items() if isinstance(each, dict) else ():
            for entry in entries if isinstance(entries, list) else ():
                rules = entry.get("data") if isinstance(entry, dict) else None
                if isinstance(rules, dict) and entry.get("type") == _ACKNOWLEDGED:
                    known = found.setdefault(path.removeprefix("/"), {})
                    known |= {rule: str(reason) for rule, reason in rules.items()}
    return found


def _property(manifest: Path, key: str, artifact: Mapping[str, Any], name: str) -> str:
    properties = artifact.get("properties")
    value = properties.get(name) if isinstance(properties, dict) else None
    if not isinstance(value, str):
        raise TemplateError(f"{manifest} is no manifest of a cloud assembly: {key} has no {name}")
    return value


def _with_nested(
    stack: StackTemplate, file: Path, within: tuple[Path, ...] = (), *, lenient: bool
) -> Iterator[StackTemplate]:
    """Yield a stack, and then those nested in it."""
    if lenient:
        stack = _readable(stack)
    try:
        resources = resources_in(stack.template)
    except TemplateError as error:
        raise TemplateError(f"{stack.name}: {error}") from None
    nested: list[tuple[StackTemplate, Path]] = []
    left_out: list[tuple[str, str]] = []
    for logical_id, body in resources.items():
        if body["Type"] != _NESTED_STACK:
            continue
        path = _nested_file(body, file.parent)
        if path is None or not path.exists():
            note = (
                f"the template of the nested stack {logical_id} is not here, so the nested stack"
                " stands for its resources"
            )
            left_out.append((logical_id, note))
            continue
        if path in (file, *within):
            raise TemplateError(f"{stack.name}: {logical_id} nests a template in itself")
        template = replace(
            stack,
            name=f"{stack.name}/{_nested_name(stack.name, logical_id, body)}",
            template=read_template(path),
            waits_for=(),
            nested_in=(stack.name, logical_id),
            unread=(),
            file=path,
        )
        nested.append((template, path))
    yield replace(
        stack,
        notes=tuple(f"{stack.name}: {each}" for _, each in left_out),
        unread=(*stack.unread, *left_out),
    )
    for each, path in nested:
        yield from _with_nested(each, path, (file, *within), lenient=lenient)


def _nested_file(body: Mapping[str, Any], folder: Path) -> Path | None:
    """Return the file of a nested stack's template, if it can be told from its parent's."""
    metadata, properties = body.get("Metadata"), body.get("Properties")
    named = metadata.get("aws:asset:path") if isinstance(metadata, dict) else None
    url = properties.get("TemplateURL") if isinstance(properties, dict) else None
    if named is None and isinstance(url, str):
        named = url
    if named is None and (asset := _ASSET.search(json.dumps(url))):
        named = _asset(folder, asset[1])
    return folder / named if isinstance(named, str) and "://" not in named else None


def _asset(folder: Path, key: str) -> str | None:
    """Return the file of an assembly that is published under a key; the manifests name both."""
    for manifest in sorted(folder.glob("*.assets.json")):
        files = read_template(manifest).get("files")
        asset = files.get(key) if isinstance(files, dict) else None
        source = asset.get("source") if isinstance(asset, dict) else None
        path = source.get("path") if isinstance(source, dict) else None
        if isinstance(path, str):
            return path
    return None


def _nested_name(parent: str, logical_id: str, body: Mapping[str, Any]) -> str:
    """Return the path of the construct that is the nested stack, or else the logical id.

    It is that below the parent: two scopes may have nested stacks of one id.
    """
    metadata = body.get("Metadata")
    path = metadata.get("aws:cdk:path") if isinstance(metadata, dict) else None
    scope, nested, _ = path.partition(".NestedStack/") if isinstance(path, str) else ("", "", "")
    if not nested:
        return printable(logical_id)
    scope = printable(scope)
    below = scope.removeprefix(f"{parent}/")
    return below if below != scope else scope.partition("/")[2] or scope
