"""Read cloud assemblies with all their stacks, and single templates in JSON or YAML.

A cloud assembly is the folder that `cdk synth` writes. Its manifest names the stacks, their
dependencies and the assemblies of stages. The template of a nested stack is the file named by the
resource's metadata (`aws:asset:path`) or by its `TemplateURL`, or the file that the assembly
publishes under the key in that URL. Nothing is downloaded.

All files of an assembly must be in its folder. A single template may name templates in its folder
and in the folders next to it, as `aws cloudformation package` reads them (`../child.yaml`).
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from slr_constructs.catalogue.role_definition import IMPORTED
from slr_constructs.templates import loops
from slr_constructs.templates.files import MEGABYTE, is_inside, read_text
from slr_constructs.templates.literals import mapping
from slr_constructs.templates.text import LARGEST_VALUE, Parsed, TextError, parse, size_of
from slr_constructs.templates.words import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from slr_constructs.templates.text import KeyPath

_MANIFEST = "manifest.json"
_STACK_ARTIFACT = "aws:cloudformation:stack"
_ASSEMBLY_ARTIFACT = "cdk:cloud-assembly"
#: the largest template, in bytes; CloudFormation accepts 1 MB.
LARGEST_TEMPLATE = 2 * MEGABYTE
#: the largest file of an assembly that describes its stacks and assets, in bytes.
_LARGEST_MANIFEST = 10 * MEGABYTE
#: all files together, in bytes as CDK writes them, and the memory that their values take.
LARGEST_IN_ALL = 20 * MEGABYTE
_MEMORY_IN_ALL = 50 * MEGABYTE
#: the number of all stacks and resources.
MOST_IN_ALL = 20_000
#: the number of assemblies in one another, and of stacks.
_DEEPEST = 50
#: the type of metadata in which CDK stores the arguments of `Validations.acknowledge`.
_ACKNOWLEDGED = "aws:cdk:acknowledged-rules"
#: the key under which CDK publishes a nested stack's template.
_ASSET = re.compile(r"\b([0-9a-f]{64})\.json\b")


class TemplateError(ValueError):
    """A template or an assembly cannot be read; the message says which one and why."""


class MissingFileError(TemplateError):
    """A file does not exist."""


class _TooMuchError(ValueError):
    """The files that were named have too much content in all."""


@dataclass(slots=True)
class _Reader:
    """What one call of `read` reads, and how much of it was read."""

    #: the folder that contains all files, except those that were named.
    root: Path | None = None
    #: the assemblies that were read.
    assemblies: set[str] = field(default_factory=set)
    #: the files that each assembly publishes, by key.
    assets: dict[Path, dict[str, str]] = field(default_factory=dict)
    size: int = 0
    count: int = 0

    def spend(self, value: Any, count: int = 0) -> None:  # noqa: ANN401 - any part of a template
        """Add what was read, and the number of its stacks and resources.

        Raises:
            _TooMuchError: All files together have too much.
        """
        self.size += size_of(value)
        self.count += count
        if self.size > _MEMORY_IN_ALL or self.count > MOST_IN_ALL:
            limits = f"{LARGEST_IN_ALL // MEGABYTE} MB or {MOST_IN_ALL:,} stacks and resources"
            raise _TooMuchError(f"more than about {limits} in all; name fewer files")

    def inside(self, path: Path) -> Path:
        """Return a path that a file names.

        Raises:
            TemplateError: It leads out of the folder.
        """
        if self.root is None or not is_inside(path, self.root):
            raise TemplateError(f"{path} is outside of {self.root}, and is not read")
        return path

    def assets_of(self, folder: Path) -> Mapping[str, str]:
        """Return the files that an assembly publishes, by key, from its asset manifests."""
        if folder not in self.assets:
            found = self.assets[folder] = {}
            for manifest in sorted(folder.glob("*.assets.json")):
                files = self.read(manifest).get("files")
                for key, asset in mapping(files).items():
                    path = mapping(mapping(asset).get("source")).get("path")
                    if isinstance(path, str):
                        found.setdefault(key, path)
        return self.assets[folder]

    def read(self, path: Path) -> dict[str, Any]:
        """Read a file that describes the stacks or the assets of an assembly."""
        value: dict[str, Any] = _read(self.inside(path), _LARGEST_MANIFEST, _MEMORY_IN_ALL).value
        self.spend(value)
        return value


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
    #: the name with which CloudFormation deploys it. Default: the last part of `name`.
    deployed_as: str | None = None
    #: whether it is part of a cloud assembly, not a single template.
    in_assembly: bool = False
    #: the target account and region; None if the assembly does not contain them.
    account: str | None = None
    region: str | None = None
    #: the stack with the resource that deploys this one to other accounts, and its logical id.
    deployed_by: tuple[str, str] | None = None
    #: the parts that were not read: logical id (None: the stack) and sentence.
    not_analyzed: tuple[tuple[str | None, str], ...] = ()
    #: the paths of the keys that the template repeats; CloudFormation uses the last one.
    repeated_keys: tuple[KeyPath, ...] = ()
    #: the acknowledgements of the app: rule ids and reasons, by construct path.
    acknowledged: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: the names of the roles that its constructs import. A template does not contain them.
    imported: tuple[str, ...] = ()
    #: the file that it was read from.
    file: Path | None = None


def read(
    paths: Sequence[Path], *, name: str | None = None, root: Path | None = None
) -> list[StackTemplate]:
    """Read the stacks of cloud assemblies and templates; nested stacks follow their parents.

    Parts that cannot be read are skipped, and are in `not_analyzed` of their stack. If one of
    several files cannot be read, it is a stack without resources.

    Args:
        paths: The folders of assemblies and the files of templates.

        name: The stack name for a single template. Default: the name of its file, or its path if
            several files have the same name.

        root: The folder that contains all files that an assembly names. Default: its own folder.

    Raises:
        TemplateError: A path does not exist, none of the paths is an assembly or a template, the
            files have too much in all, or two stacks have the same name.
    """
    reader = _Reader()
    stacks: list[StackTemplate] = []
    errors: list[TemplateError] = []
    for path in paths:
        alike = sum(stack_name_of(path) == stack_name_of(each) for each in paths) > 1
        own_name = str(path.with_name(stack_name_of(path))) if alike else stack_name_of(path)
        try:
            reader.root = root or _root_of(path)
            stacks.extend(_stacks_at(path, name or own_name, reader))
        except MissingFileError:
            raise
        except _TooMuchError as error:
            raise TemplateError(f"{path}: {error}") from None
        except TemplateError as error:
            errors.append(error)
            stacks.append(_unreadable(StackTemplate(name or own_name, {}, file=path), error))
    if len(errors) == len(paths) > 0:
        raise errors[0]
    for each, count in Counter(stack.name for stack in stacks).items():
        if count > 1:
            raise TemplateError(f"{count} stacks have the name {each}")
    return stacks


def is_assembly(path: Path) -> bool:
    """Return whether a path is for a cloud assembly: its folder or its manifest."""
    # not Path.is_dir, which raises errors; reading the path as a file reports them
    return path.name == _MANIFEST or os.path.isdir(path)  # noqa: PTH112


def _folder_of(path: Path) -> Path:
    """Return the folder of a cloud assembly."""
    return path.parent if path.name == _MANIFEST else path


def _root_of(path: Path) -> Path:
    """Return the folder that contains all files that an assembly or a template may name."""
    if is_assembly(path):
        return _folder_of(path)
    # `aws cloudformation package` accepts `../child.yaml`
    folder = Path(os.path.realpath(path.parent))
    # not all files of the machine
    return folder.parent if folder.parent.name else folder


def _stacks_at(path: Path, name: str, reader: _Reader) -> list[StackTemplate]:
    if is_assembly(path):
        return [*_stacks_of(_folder_of(path), reader)]
    parsed = _read(path)
    if "Resources" not in parsed.value:
        raise TemplateError(f"{path} is not a CloudFormation template: no Resources")
    stack = StackTemplate(name, parsed.value, file=path, repeated_keys=parsed.repeated)
    return [*_with_inner(stack, [path], reader)]


def _unreadable(stack: StackTemplate, error: TemplateError) -> StackTemplate:
    """Return a stack whose template cannot be read."""
    return replace(stack, template={}, not_analyzed=((None, str(error)),))


def _read(path: Path, most: int = LARGEST_TEMPLATE, most_value: int = LARGEST_VALUE) -> Parsed:
    try:
        text = read_text(path, most)
    except FileNotFoundError:
        raise MissingFileError(f"{path}: no such file or directory") from None
    except UnicodeDecodeError:
        raise TemplateError(f"{path} is not a CloudFormation template: not UTF-8 text") from None
    except OSError as error:
        raise TemplateError(f"{path} cannot be read: {error.strerror}") from None
    return _parsed(text, str(path), most_value)


def _parsed(text: str, where: str, most: int = LARGEST_VALUE) -> Parsed:
    try:
        parsed = parse(text, most)
    except TextError as error:
        raise TemplateError(f"{where} is not a CloudFormation template: {error}") from None
    if not isinstance(parsed.value, dict):
        raise TemplateError(
            f"{where} is not a CloudFormation template: it must be a mapping with Resources"
        )
    return parsed


def resources_in(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resources of a template by logical id; each of them has a type.

    Raises:
        TemplateError: A `Fn::ForEach` cannot be expanded, or an entry is not a resource.
    """
    resources, skipped = readable_resources(template)
    for logical_id, sentence in skipped:
        raise TemplateError(sentence if logical_id is None else f"{logical_id}: {sentence}")
    return resources


def readable_resources(
    template: Mapping[str, Any],
) -> tuple[dict[str, Any], list[tuple[str | None, str]]]:
    """Return the resources of a template, and logical id and sentence of each invalid entry.

    `Fn::ForEach` is expanded. The id None stands for all resources.
    """
    entries = template.get("Resources", {})
    if not isinstance(entries, dict):
        return {}, [(None, f"Resources must be a mapping, got {entries!r}")]
    resources, skipped, left = {}, [], LARGEST_VALUE
    for key, entry in entries.items():
        try:
            found = loops.expanded(entry, left) if loops.is_loop(key) else {key: entry}
        except loops.LoopError as error:
            skipped.append((key, f"the loop cannot be expanded: {error}"))
            continue
        left -= size_of(found) if loops.is_loop(key) else 0
        for logical_id, body in found.items():
            # cfn-lint would silently skip these entries
            if isinstance(body, dict) and isinstance(body.get("Type"), str):
                resources[logical_id] = body
            else:
                sentence = "not a resource: it must be a mapping with a Type"
                skipped.append((logical_id, sentence))
    return resources, skipped


def lines_in(template: Mapping[str, Any], file: Path) -> dict[str, int]:
    """Return the line on which each resource starts, from 1, by logical id.

    Args:
        template: A template that `read` has read.

        file: The file of the template.
    """
    entries = mapping(template.get("Resources"))
    # the YAML reader has marked all keys; the JSON reader of the standard library marks none
    if entries and not any(hasattr(each, "start_mark") for each in entries):
        entries = mapping(_with_marks(file).get("Resources"))
    found = (*entries, *readable_resources({"Resources": entries})[0])
    return {each: each.start_mark.line + 1 for each in found}  # type: ignore[attr-defined]


def _with_marks(file: Path) -> dict[str, Any]:
    """Return a JSON template with keys that have marks."""
    # imported here because it takes seconds, and most commands need no lines
    from cfnlint.decode import cfn_json  # noqa: PLC0415

    decoder = cfn_json.CfnJSONDecoder()
    # cfn-lint's hook refuses duplicate keys; without it, the last value counts, as in `json`
    decoder.object_pairs_hook = None
    decoder.scan_once = cfn_json.py_make_scanner(decoder)
    return decoder.decode(read_text(file, LARGEST_TEMPLATE))  # type: ignore[no-any-return]


def stack_name_of(path: Path) -> str:
    """Return the stack name for a single template: the name of its file."""
    return printable(path.stem.removesuffix(".template") or path.name)


def _stacks_of(folder: Path, reader: _Reader, depth: int = 1) -> Iterator[StackTemplate]:
    manifest = folder / _MANIFEST
    if not os.path.exists(manifest):  # noqa: PTH110 - Path.exists raises errors
        raise TemplateError(
            f"{folder} is not a cloud assembly: no manifest.json in it (`cdk synth` writes one,"
            " into cdk.out)"
        )
    if depth > _DEEPEST:
        raise TemplateError(f"{folder} is in more than {_DEEPEST} other assemblies")
    real = os.path.realpath(folder)
    if real in reader.assemblies:
        raise TemplateError(f"{folder} is named twice")
    reader.assemblies.add(real)
    artifacts = reader.read(manifest).get("artifacts", {})
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
            inner = reader.inside(folder / _property(manifest, key, artifact, "directoryName"))
            yield from _stacks_of(inner, reader, depth + 1)
        elif key in names:
            file = reader.inside(folder / _property(manifest, key, artifact, "templateFile"))
            depends_on = artifact.get("dependencies", [])
            if not isinstance(depends_on, list):
                raise _malformed(manifest, f"the dependencies of {key} must be a list")
            account, region = _environment(artifact)
            metadata = list(_metadata(folder, artifact, reader))
            stack = StackTemplate(
                names[key],
                {},
                # compare, because the list may contain any value; it also contains assets
                depends_on=tuple(name for other, name in names.items() if other in depends_on),
                deployed_as=_deployed_as(artifact),
                in_assembly=True,
                account=account,
                region=region,
                acknowledged=_acknowledged(metadata),
                imported=tuple(
                    data for _, kind, data in metadata if kind == IMPORTED and isinstance(data, str)
                ),
                file=file,
            )
            yield from _read_with_inner(stack, [file], reader)


def _deployed_as(artifact: Mapping[str, Any]) -> str | None:
    name = mapping(artifact.get("properties")).get("stackName")
    return name if isinstance(name, str) else None


def _environment(artifact: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the account and region of a stack, `aws://account/region`; either may be unknown."""
    _, _, where = str(artifact.get("environment")).partition("aws://")
    account, _, region = where.partition("/")
    return (
        None if account in ("", "unknown-account") else printable(account),
        None if region in ("", "unknown-region") else printable(region),
    )


def _metadata(
    folder: Path, artifact: Mapping[str, Any], reader: _Reader
) -> Iterator[tuple[str, Any, Any]]:
    """Yield path, type and data of the metadata that CDK writes for the constructs of a stack.

    The metadata is in the manifest or, with newer versions of CDK, in a file that it names.
    """
    named = artifact.get("additionalMetadataFile")
    files = [reader.read(folder / named)] if isinstance(named, str) else []
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


def _read_with_inner(
    stack: StackTemplate, files: Sequence[Path], reader: _Reader
) -> Iterator[StackTemplate]:
    """Read the template of a stack, and yield the stack and those in it; see `_with_inner`."""
    try:
        parsed = _read(files[0])
    except TemplateError as error:
        yield _unreadable(stack, error)
        return
    stack = replace(stack, template=parsed.value, repeated_keys=parsed.repeated)
    yield from _with_inner(stack, files, reader)


def _with_inner(
    stack: StackTemplate, files: Sequence[Path], reader: _Reader
) -> Iterator[StackTemplate]:
    """Yield a stack, and then the stacks nested in it and those that it deploys elsewhere.

    `files` are the file of its template and those of the stacks around it, from inside to outside.
    """
    resources, skipped = readable_resources(stack.template)
    entries = mapping(stack.template.get("Resources"))
    of_loops = [body for key, body in resources.items() if key not in entries]
    reader.spend([stack.template, of_loops], 1 + len(resources))
    inner: list[Iterator[StackTemplate]] = []
    for logical_id, body in resources.items():
        kind = _KINDS.get(body["Type"])
        if kind is None:
            continue
        for number, source in enumerate(kind.sources(body), 1):
            more = f" ({number})" if number > 1 else ""
            name = _inner_name(stack.name, logical_id, body)
            place = (stack.name, logical_id)
            new = StackTemplate(f"{stack.name}/{name}{more}", {}, acknowledged=stack.acknowledged)
            if kind.is_elsewhere:
                new = replace(new, deployed_by=place)
            else:
                new = replace(
                    new,
                    nested_in=place,
                    in_assembly=stack.in_assembly,
                    imported=stack.imported,
                    account=stack.account,
                    region=stack.region,
                )
            if len(files) > _DEEPEST:
                skipped.append((logical_id, f"nested more than {_DEEPEST} levels deep"))
                continue
            if isinstance(source, _Inline):
                inner.append(_of_text(new, source, [files[0], *files], reader))
                continue
            try:
                file = _local_file(source, body, files[0].parent, reader)
            except TemplateError as error:
                skipped.append((logical_id, str(error)))
                continue
            if file is None:
                sentence = f"the template of the {kind.name} was not found"
                skipped.append((logical_id, f"{sentence}, so its resources are not analyzed"))
            elif any(file.samefile(each) for each in files):
                skipped.append((logical_id, "the resource nests its own template"))
            else:
                inner.append(_read_with_inner(replace(new, file=file), [file, *files], reader))
    yield replace(stack, not_analyzed=tuple(skipped))
    yield from chain.from_iterable(inner)


def _of_text(
    stack: StackTemplate, source: _Inline, files: Sequence[Path], reader: _Reader
) -> Iterator[StackTemplate]:
    """Yield a stack whose template is a text in another template, and the stacks in it."""
    try:
        parsed = _parsed(source.text, "TemplateBody")
    except TemplateError as error:
        yield _unreadable(stack, error)
        return
    stack = replace(stack, template=parsed.value, repeated_keys=parsed.repeated)
    yield from _with_inner(stack, files, reader)


class _Inline(NamedTuple):
    """The text of a template in another template."""

    text: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """A type of resource that deploys a template."""

    name: str
    #: returns the URLs and texts of its templates.
    sources: Callable[[Mapping[str, Any]], Iterable[Any]]
    #: whether it deploys the template to other accounts and regions, or at another time.
    is_elsewhere: bool


def _at(prop: str) -> Callable[[Mapping[str, Any]], Iterable[Any]]:
    return lambda body: [mapping(body.get("Properties")).get(prop)]


def _of_stack_set(body: Mapping[str, Any]) -> Iterable[Any]:
    properties = mapping(body.get("Properties"))
    match properties.get("TemplateBody"):
        case str(text) | {"Fn::Sub": str(text) | [str(text), *_]}:
            return [_Inline(text)]
    return [properties.get("TemplateURL")]


def _of_product(body: Mapping[str, Any]) -> Iterable[Any]:
    versions = mapping(body.get("Properties")).get("ProvisioningArtifactParameters")
    return [
        mapping(mapping(each).get("Info")).get("LoadTemplateFromURL")
        for each in (versions if isinstance(versions, list) else [None])
    ]


_PRODUCT = "AWS::ServiceCatalog::CloudFormationProduct"
_KINDS = {
    "AWS::CloudFormation::Stack": _Kind("nested stack", _at("TemplateURL"), is_elsewhere=False),
    "AWS::Serverless::Application": _Kind("application", _at("Location"), is_elsewhere=False),
    "AWS::CloudFormation::StackSet": _Kind("stack set", _of_stack_set, is_elsewhere=True),
    _PRODUCT: _Kind("product", _of_product, is_elsewhere=True),
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct": _Kind(
        "provisioned product", lambda _: [None], is_elsewhere=True
    ),
}


def _local_file(
    url: Any,  # noqa: ANN401 - any part of a template
    body: Mapping[str, Any],
    folder: Path,
    reader: _Reader,
) -> Path | None:
    """Return the file of a template; None if it is not named or does not exist.

    Raises:
        TemplateError: The file is outside of the files that may be read.
    """
    named = mapping(body.get("Metadata")).get("aws:asset:path")
    if named is None and isinstance(url, str):
        named = url
    if (named is None or "://" in str(named)) and (asset := _ASSET.search(json.dumps(url))):
        named = reader.assets_of(folder).get(asset[1])
    if not isinstance(named, str) or "://" in named:
        return None
    file = reader.inside(folder / named)
    return file if file.exists() else None


def _inner_name(parent: str, logical_id: str, body: Mapping[str, Any]) -> str:
    """Return the construct path of an inner stack below its parent, or else its logical id.

    The path is needed because nested stacks in two scopes may have the same construct id.
    """
    path = mapping(body.get("Metadata")).get("aws:cdk:path")
    if not isinstance(path, str) or ".NestedStack/" not in path:
        return printable(logical_id)
    scope = printable(path.partition(".NestedStack/")[0])
    below = scope.removeprefix(f"{parent}/")
    return below if below != scope else scope.partition("/")[2] or scope
