"""Names, sizes and imports follow the rules of the house; exceptions are written in house.toml."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.draw_rooms import DRAWING, draw
from tools.imports import (
    LAYERS,
    PACKAGES,
    ROOT,
    import_cycles,
    import_graph,
    imported_names,
    importers,
    module_paths,
    parse,
)

ALLOWED = tomllib.loads((Path(__file__).parent / "house.toml").read_text(encoding="utf-8"))
MAX_PARTICIPLE_SHARE = 0.02  # of function names; the models have 0.4 to 3.1 %
MAX_MODULES = 430  # 375 when the house was moved (HOUSE.md); the capabilities built since have added fifty
MAX_MODULE_LINES = 400
MIN_MODULE_LINES = 60  # a shorter module with one importer needs a reason
MAX_TITLE_MODULES = 26
MAX_REPEATED_NAMES = 20
MAX_LONG_MODULES = 5

MODULES = module_paths()
GRAPH = import_graph()


def functions_of(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions and methods; properties and fixtures are named as values are, and left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = " ".join(ast.unparse(decorator) for decorator in node.decorator_list)
            if "property" not in decorators and "fixture" not in decorators and ".setter" not in decorators:
                yield node


def is_bare_participle(name: str) -> bool:
    """Whether a function's name is a past participle alone: `joined`, `_made`."""
    word = name.strip("_")
    if "_" in word or word in ALLOWED["names"]["no_participles"]:
        return False
    return word.endswith("ed") or word in ALLOWED["names"]["irregular_participles"]


def constants_of(tree: ast.Module) -> Iterator[str]:
    """The names of the module's constants."""
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            yield from (name.id for name in ast.walk(target) if isinstance(name, ast.Name) and name.id.isupper())


def test_functions_are_not_named_by_bare_past_participles() -> None:
    names = [(module, node.name) for module, path in MODULES.items() for node in functions_of(parse(path))]
    bare = [f"{module}.{name}" for module, name in names if is_bare_participle(name)]
    assert len(names) > 1_000
    assert len(bare) / len(names) < MAX_PARTICIPLE_SHARE, bare


@pytest.mark.parametrize(("name", "is_bare"), [("joined", True), ("_made", True), ("join", False), ("feed", False)])
def test_participles_are_recognised(name: str, is_bare: bool) -> None:
    assert is_bare_participle(name) is is_bare


def test_constants_have_a_noun() -> None:
    adjectives = set(ALLOWED["names"]["no_nouns"])
    constants = [f"{module}.{name}" for module, path in MODULES.items() for name in constants_of(parse(path))]
    assert len(constants) > 500
    assert [name for name in constants if name.rpartition(".")[2].strip("_").lower() in adjectives] == []


def test_base_names_are_told_apart() -> None:
    places = defaultdict(set)
    for module, path in MODULES.items():
        if path.name not in ("__init__.py", "__main__.py") and not module.startswith("desk.cli."):
            places[module.rpartition(".")[2]].add(module)
    repeated = {name: sorted(modules) for name, modules in places.items() if len(modules) > 1}
    allowed = ALLOWED["modules"]["repeated"]
    assert repeated == {name: sorted(modules) for name, modules in allowed.items()}
    assert len(repeated) <= MAX_REPEATED_NAMES


def test_no_module_shadows_the_standard_library() -> None:
    names = {module.rpartition(".")[2] for module in MODULES if not module.startswith("desk.cli.")}
    assert sorted(names & sys.stdlib_module_names) == []


def test_nothing_private_is_imported_from_another_package() -> None:
    private = []
    for module, path in MODULES.items():
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        for base, name in imported_names(parse(path)):
            parts = [part for part in (*base.split("."), name) if part.startswith("_") and not part.startswith("__")]
            if base.split(".")[0] in PACKAGES and parts and not base.startswith(package):
                private.append(f"{module}: {base}.{name}")
    assert private == []


def test_imports_go_in_no_circle() -> None:
    assert import_cycles(GRAPH) == []


def test_a_circle_is_found() -> None:
    assert import_cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == [["b", "c"]]


def test_no_import_goes_up() -> None:
    level = {package: number for number, layer in enumerate(LAYERS) for package in layer}
    upward = []
    for module, targets in GRAPH.items():
        own = module.split(".")[0]
        others = ((target, target.split(".")[0]) for target in targets)
        upward += [f"{module} -> {target}" for target, other in others if other != own and level[other] <= level[own]]
    assert upward == []


def test_only_the_store_takes_its_engine() -> None:
    uses = [
        f"{module}:{node.lineno}"
        for module, path in MODULES.items()
        if not module.startswith("crawler.store")
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Attribute) and node.attr in ("engine", "_engine") and "store" in ast.unparse(node.value)
    ]
    assert uses == []


def lines_of(module: str) -> int:
    """How many lines a module has."""
    return len(MODULES[module].read_text(encoding="utf-8").splitlines())


PROCESS_MAKERS = {"Process", "ProcessPool", "ProcessPoolExecutor", "Pool", "Manager"}
CONTEXT_ARGUMENTS = {"context", "mp_context"}


def forking_calls(tree: ast.Module) -> list[str]:
    """The calls that may copy this process: os.fork, the start method fork, pools and processes of no given context."""
    spawned = {"context"}  # names by which a context is passed on
    calls = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).rpartition(".")[2]
        literals = {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
        passed = {ast.unparse(argument) for argument in (*node.args, *(keyword.value for keyword in node.keywords))}
        names = {keyword.arg for keyword in node.keywords}
        if name in ("fork", "forkpty") or (name in ("get_context", "set_start_method") and literals != {"spawn"}):
            calls.append(ast.unparse(node))
        if name in PROCESS_MAKERS and not (names & CONTEXT_ARGUMENTS or passed & spawned):
            calls.append(ast.unparse(node))
    return calls


def test_no_process_is_a_copy_of_one_whose_threads_run() -> None:
    # "spawn" only: after a fork a library's lock may be held by a thread that the copy does not have.
    found = {module: calls for module, path in MODULES.items() if (calls := forking_calls(parse(path)))}
    assert found == {}


@pytest.mark.parametrize(
    ("source", "is_forking"),
    [
        ('get_context("fork").Process(target=f)', True),
        ('get_context("spawn")', False),
        ("get_context()", True),
        ("ProcessPoolExecutor(2)", True),
        ("ProcessPoolExecutor(2, context)", False),
        ("pebble.ProcessPool(max_workers=2)", True),
        ("pebble.ProcessPool(max_workers=2, context=context)", False),
        ("os.fork()", True),
    ],
)
def test_forks_are_recognised(source: str, is_forking: bool) -> None:
    assert bool(forking_calls(ast.parse(source))) is is_forking


def test_small_modules_have_a_reason() -> None:
    users = importers(GRAPH)
    small = {
        module
        for module, path in MODULES.items()
        if path.name not in ("__init__.py", "__main__.py")
        and lines_of(module) < MIN_MODULE_LINES
        and len(users[module]) == 1
    }
    assert small == set(ALLOWED["modules"]["small"])


def test_modules_are_few_and_of_one_idea() -> None:
    long = {module for module in MODULES if lines_of(module) > MAX_MODULE_LINES}
    assert long == set(ALLOWED["modules"]["long"])
    assert len(long) <= MAX_LONG_MODULES
    assert len(MODULES) <= MAX_MODULES
    titles = [module for module in MODULES if module.startswith("matchers.titles.") and ".index" not in module]
    assert len(titles) <= MAX_TITLE_MODULES


def test_the_drawing_of_the_rooms_is_current() -> None:
    assert DRAWING.read_text(encoding="utf-8") == draw(GRAPH), "run: make docs"


def test_the_output_of_another_program_may_end_inside_a_character() -> None:
    """A killed program leaves half a character behind: what reads output as text says what becomes of it."""
    strict = []
    for path in (path for folder in ("bench", "crawler", "desk", "tools") for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("subprocess."):
                options = {keyword.arg for keyword in node.keywords}
                if options & {"text", "encoding", "universal_newlines"} and "errors" not in options:
                    strict.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert strict == []
