"""The house: which file may import which, held as a table."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "slr_constructs"

#: from the top down; a file imports from lower floors, and from no neighbour but those named.
FLOORS = [
    ["sample_app"],
    ["slr_constructs.testing", "slr_constructs.cli", "slr_constructs.role_guard"],
    [
        "slr_constructs.pictures",
        "slr_constructs.guard",
        "slr_constructs.account",
        "slr_constructs.policies",
    ],
    ["slr_constructs.templates"],
    ["slr_constructs"],
    ["slr_constructs.ensure_service_linked_roles"],
    ["slr_constructs.features"],
    ["slr_constructs.ordering"],
    ["slr_constructs.service_linked_role"],
    ["slr_constructs.provider"],
    ["slr_constructs.stack_parts", "slr_constructs.rights"],
    ["slr_constructs.errors", "slr_constructs.catalogue"],
    ["slr_constructs.handler"],
]
NEIGHBOURS = {
    "sample_app",
    "slr_constructs.testing",
    "slr_constructs.cli",
    "slr_constructs.pictures",
    "slr_constructs.guard",
    "slr_constructs.account",
    "slr_constructs.policies",
    "slr_constructs.templates",
    "slr_constructs.handler",
}
#: what reads templates stands above the constructs, which then cannot import it, and knows none.
TEMPLATES = "slr_constructs.templates"
#: the package itself stands above what it re-exports, and a fact is taken from it by name.
FACTS = "slr_constructs.catalogue"


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    _module(path): path
    for folder in (PACKAGE, ROOT / "sample_app")
    for path in sorted(folder.rglob("*.py"))
}


def _floor(module: str) -> int:
    """Return how high a module stands: the longest name in the table that it starts with."""
    matches = [
        (len(name), -height)
        for height, floor in enumerate(FLOORS)
        for name in floor
        if module == name or (module.startswith(f"{name}.") and name != "slr_constructs")
    ]
    assert matches, f"{module} has no floor"
    return max(matches)[1]


def _imports(module: str) -> set[str]:
    """Return what a module of ours imports from our own, for types or at run time."""
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
    """Return what a module imports when it runs: not what it needs for its types alone."""
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


def test_imports_point_downwards() -> None:
    """A file imports from lower layers only; features never import one another."""
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
    below = _floor(imported) < _floor(module)
    neighbour = any(module.startswith(name) and imported.startswith(name) for name in NEIGHBOURS)
    inside = module == "slr_constructs" and imported.startswith("slr_constructs.")
    return below or neighbour or inside


def test_templates_are_read_without_the_constructs() -> None:
    """Whoever wrote a template: facts and the voice of errors are all that reading it takes."""
    allowed = (TEMPLATES, FACTS, "slr_constructs.handler.slr_handler")

    for module in MODULES:
        if module.startswith(TEMPLATES):
            imported = _runtime_imports(module) - {"slr_constructs"}
            assert all(name.startswith(allowed) for name in imported), module


def test_commands_are_there_without_the_constructs() -> None:
    """Facts, rights, templates, accounts... are all it takes, so none starts Node."""
    parts = (
        *("cli", "account", "guard", "pictures", "policies", "templates"),
        *("rights", "catalogue", "handler.slr_handler"),
    )
    allowed = tuple(f"slr_constructs.{part}" for part in parts)

    for module in MODULES:
        if module.startswith("slr_constructs.cli"):
            imported = _runtime_imports(module) - {"slr_constructs"}
            assert all(name.startswith(allowed) for name in imported), module


def test_facts_rights_and_rules_need_the_standard_library_alone() -> None:
    """They can be read without CDK and without boto3."""
    for module in (FACTS, "slr_constructs.rights", "slr_constructs.handler.slr_handler.rules"):
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


def test_one_name_for_a_feature_everywhere() -> None:
    """Construct file, operation file and both tests carry the same name."""
    features = {path.stem for path in (PACKAGE / "features").glob("[a-z]*.py")}
    operations = {
        path.stem for path in (PACKAGE / "handler/slr_handler/operations").glob("[a-z]*.py")
    }
    tests = {path.stem for path in (ROOT / "tests/features").glob("test_*.py")}
    operation_tests = {path.stem for path in (ROOT / "tests/handler/operations").glob("test_*.py")}

    assert operations == features | {"service_linked_role"}
    assert tests >= {f"test_{name}" for name in features}
    assert operation_tests >= {f"test_{name}" for name in operations}


def test_no_drawer_has_a_name_that_says_nothing() -> None:
    """A file is named after its job."""
    drawers = {"utils", "util", "helpers", "helper", "common", "base", "misc"}

    assert [name for name in MODULES if name.rpartition(".")[2] in drawers] == []
