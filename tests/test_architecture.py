"""The layers of the package: a table of the modules that a module may import."""

from __future__ import annotations

import ast
from pathlib import Path

import slr_constructs

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "slr_constructs"

#: From top to bottom. A module imports from lower layers, and from its own layer only if the layer
#: is listed in `SAME_LAYER`.
LAYERS = [
    ["sample_app"],
    ["slr_constructs.testing", "slr_constructs.cli", "slr_constructs._role_guard"],
    [
        "slr_constructs.pictures",
        "slr_constructs.guard",
        "slr_constructs.account",
        "slr_constructs.policies",
    ],
    ["slr_constructs.templates"],
    ["slr_constructs"],
    ["slr_constructs._ensure_service_linked_roles"],
    ["slr_constructs.features"],
    ["slr_constructs._ordering"],
    ["slr_constructs._service_linked_role"],
    ["slr_constructs._handler_function", "slr_constructs._baseline"],
    [
        "slr_constructs._feature",
        "slr_constructs._function_role",
        "slr_constructs._function_settings",
        "slr_constructs._template_size",
    ],
    ["slr_constructs._function_definition"],
    ["slr_constructs._environment"],
    ["slr_constructs._registry", "slr_constructs._permissions"],
    [
        "slr_constructs._errors",
        "slr_constructs._extras",
        "slr_constructs._arn",
        "slr_constructs._l1",
        "slr_constructs._version",
    ],
    ["slr_constructs.catalogue"],
    ["slr_constructs._usage_error"],
    ["slr_constructs.handler"],
]
SAME_LAYER = {
    "sample_app",
    "slr_constructs.testing",
    "slr_constructs.cli",
    "slr_constructs.pictures",
    "slr_constructs.guard",
    "slr_constructs.account",
    "slr_constructs.policies",
    "slr_constructs.templates",
    "slr_constructs.catalogue",
    "slr_constructs.handler",
}
#: The modules that read templates are above the constructs, but do not import them.
TEMPLATES = "slr_constructs.templates"
#: The package is above the modules that it exports. Other modules import the facts by name.
FACTS = "slr_constructs.catalogue"


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    _module(path): path
    for folder in (PACKAGE, ROOT / "sample_app")
    for path in sorted(folder.rglob("*.py"))
}


def _height(module: str) -> int:
    """Return the height of a module: that of the longest matching name in the table."""
    matches = [
        (len(name), -depth)
        for depth, layer in enumerate(LAYERS)
        for name in layer
        if module == name or (module.startswith(f"{name}.") and name != "slr_constructs")
    ]
    assert matches, f"{module} has no layer"
    return max(matches)[1]


def _imports(module: str) -> set[str]:
    """Return the modules of this package that a module imports, for types or at run time."""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: 1 - node.level or None]) if node.level else ""
            source = ".".join(filter(None, [base, node.module or ""]))
            found |= {
                full if (full := f"{source}.{alias.name}") in MODULES else source
                for alias in node.names
            }
    return {name for name in found if name in MODULES}


def _runtime_imports(module: str) -> set[str]:
    """Return the modules that a module imports at run time, without those for types."""
    tree = ast.parse(MODULES[module].read_text())
    body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    names = set()
    for node in body:
        if isinstance(node, ast.ImportFrom) and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return {name for name in names if name in MODULES}


def test_modules_import_only_from_lower_layers() -> None:
    """Features do not import each other."""
    upwards = [
        f"{module} imports {imported}"
        for module in MODULES
        for imported in sorted(_runtime_imports(module) - {module})
        if not _is_allowed(module, imported)
    ]

    assert upwards == []


def _is_allowed(module: str, imported: str) -> bool:
    if imported == "slr_constructs" and module.startswith("slr_constructs."):
        return True
    below = _height(imported) < _height(module)
    beside = any(module.startswith(name) and imported.startswith(name) for name in SAME_LAYER)
    inside = module == "slr_constructs" and imported.startswith("slr_constructs.")
    return below or beside or inside


def test_templates_are_read_without_the_constructs() -> None:
    """The modules that read templates need only the facts and the error messages."""
    allowed = (TEMPLATES, FACTS, "slr_constructs.handler.slr_handler")

    for module in MODULES:
        if module.startswith(TEMPLATES):
            imported = _runtime_imports(module) - {"slr_constructs"}
            assert all(name.startswith(allowed) for name in imported), module


def test_commands_do_not_import_the_constructs() -> None:
    """They need only facts, permissions, templates and accounts, so they do not start Node.js."""
    parts = (
        *("cli", "account", "guard", "pictures", "policies", "templates"),
        *("_baseline", "_permissions", "_version", "catalogue", "handler.slr_handler"),
    )
    allowed = tuple(f"slr_constructs.{part}" for part in parts)

    for module in MODULES:
        if module.startswith("slr_constructs.cli"):
            imported = _runtime_imports(module) - {"slr_constructs"}
            assert all(name.startswith(allowed) for name in imported), module


def test_no_module_that_a_command_reaches_imports_cdk() -> None:
    """Also not when a command runs, so the command line works without aws-cdk-lib."""
    todo = [name for name in MODULES if name.startswith("slr_constructs.cli")]
    reached: dict[str, set[str]] = {}
    while todo:
        module = todo.pop()
        if module not in reached and module != "slr_constructs":  # which imports on first use
            reached[module] = _names_at_run_time(module)
            todo += [name for name in reached[module] if name in MODULES]

    assert "slr_constructs.templates.reading" in reached
    assert "slr_constructs.handler.slr_handler.operations.ivs_recording" in reached
    for module, names in reached.items():
        roots = {name.split(".")[0] for name in names}
        assert not roots & {"aws_cdk", "constructs", "jsii"}, module
        # a public name would import the module of the construct
        assert not any(f"slr_constructs.{name}" in names for name in slr_constructs.__all__[:-2])


def _names_at_run_time(module: str) -> set[str]:
    """Return what a module imports at run time, at its top or in its functions."""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    names = set()
    todo: list[ast.AST] = [ast.parse(MODULES[module].read_text())]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            todo += node.orelse
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: 1 - node.level or None]) if node.level else ""
            source = ".".join(filter(None, [base, node.module or ""]))
            names |= {source} | {f"{source}.{alias.name}" for alias in node.names}
        else:
            todo += ast.iter_child_nodes(node)
    return names


def test_facts_permissions_and_rules_need_only_the_standard_library() -> None:
    """They do not import CDK or boto3."""
    for module in (
        FACTS,
        "slr_constructs._baseline",
        "slr_constructs._function_definition",
        "slr_constructs._permissions",
        "slr_constructs.handler.slr_handler.rules",
    ):
        outside = {
            name.split(".")[0]
            for node in ast.walk(ast.parse(MODULES[module].read_text()))
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
        }

        assert not outside & {"aws_cdk", "constructs", "boto3", "botocore"}, module


def test_a_feature_has_the_same_name_everywhere() -> None:
    """The files of its facts, its construct, its operation and both tests have the same name."""
    features = {path.stem for path in (PACKAGE / "features").glob("[a-z]*.py")}
    facts = {path.stem for path in (PACKAGE / "catalogue").glob("[a-z]*.py")}
    operations = {
        path.stem for path in (PACKAGE / "handler/slr_handler/operations").glob("[a-z]*.py")
    }
    tests = {path.stem for path in (ROOT / "tests/features").glob("test_*.py")}
    operation_tests = {path.stem for path in (ROOT / "tests/handler/operations").glob("test_*.py")}

    # the roles without a feature have one file
    assert facts == features | {"resource_type", "role_definition", "chime_sdk_media"}
    assert operations == features | {"service_linked_role"}
    assert tests >= {f"test_{name}" for name in features}
    assert operation_tests >= {f"test_{name}" for name in operations}


def test_internal_modules_are_marked() -> None:
    """A module is public, or its name or that of a package around it says that it is internal.

    The packages of internal modules say so in their docstring.
    """
    public = {"", ".catalogue", ".testing", ".cli"}

    for module in MODULES:
        if not module.startswith("slr_constructs"):
            continue
        parts = module.split(".")
        around = [".".join(parts[:length]) for length in range(2, len(parts) + 1)]
        assert (
            module.removeprefix("slr_constructs") in public
            or any(each.rpartition(".")[2].startswith("_") for each in around)
            or any(
                "internal" in (ast.get_docstring(ast.parse(MODULES[each].read_text())) or "")
                for each in around
            )
        ), module


def test_no_module_has_a_generic_name() -> None:
    """A module is named after its purpose."""
    generic = {"utils", "util", "helpers", "helper", "common", "base", "misc"}

    assert [name for name in MODULES if name.rpartition(".")[2] in generic] == []
