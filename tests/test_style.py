"""Sizes, the one exception tree, and words that do not belong in the project. The limits are those of CONTRIBUTING.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("planners", "state", "clients", "twc", "cycle", "page", "simulator", "bench", "tests")
Function = ast.FunctionDef | ast.AsyncFunctionDef

FILE_MEDIAN, FILE_MOST = 130, 400
FUNCTION_MEDIAN, FUNCTION_MOST, ARGUMENTS_MOST = 10, 50, 6
FUNCTION_USUAL, USUAL_SHARE = 30, 0.9
BUILTIN_ERRORS = re.compile(r"^(\w*Error|Exception|BaseException|KeyboardInterrupt|StopIteration|SystemExit|\w*Warning)$")


def files(*, tests: bool) -> list[Path]:
    inside = [file for name in FOLDERS if tests or name != "tests" for file in (ROOT / name).rglob("*.py")]
    return sorted([*ROOT.glob("*.py"), *inside])


def functions(tree: ast.AST) -> Iterator[Function]:
    yield from (node for node in ast.walk(tree) if isinstance(node, Function))


def lines_of(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def arguments_of(node: Function) -> int:
    given = node.args
    return len([*given.posonlyargs, *given.args, *given.kwonlyargs])


def all_functions(*, tests: bool) -> list[tuple[str, Function]]:
    found = []
    for path in files(tests=tests):
        for node in functions(ast.parse(path.read_text(encoding="utf-8"))):
            found.append((f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node))
    return found


def own_errors(tree: ast.AST) -> list[str]:
    """Classes that are exceptions by one of their bases, or by their name."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            bases = [base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases]
            if BUILTIN_ERRORS.match(node.name) or any(BUILTIN_ERRORS.match(base) for base in bases):
                found.append(node.name)
    return found


def test_no_file_is_longer_than_400_lines() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files(tests=True)}
    assert not {name: size for name, size in sizes.items() if size > FILE_MOST}


def test_half_of_the_files_have_at_most_130_lines() -> None:
    assert median(len(path.read_text(encoding="utf-8").splitlines()) for path in files(tests=False)) <= FILE_MEDIAN


def test_no_function_is_longer_than_50_lines() -> None:
    assert not [name for name, node in all_functions(tests=False) if lines_of(node) > FUNCTION_MOST]


def test_half_of_the_functions_have_at_most_10_lines_and_nine_in_ten_at_most_30() -> None:
    sizes = [lines_of(node) for _, node in all_functions(tests=False)]
    assert median(sizes) <= FUNCTION_MEDIAN
    assert sum(size <= FUNCTION_USUAL for size in sizes) / len(sizes) >= USUAL_SHARE


def test_no_function_takes_more_than_6_arguments() -> None:
    assert not [name for name, node in all_functions(tests=False) if arguments_of(node) > ARGUMENTS_MOST]


def test_every_exception_lives_in_the_one_tree() -> None:
    found = {str(path.relative_to(ROOT)): own_errors(ast.parse(path.read_text(encoding="utf-8"))) for path in files(tests=False)}
    found.pop("errors.py")
    assert not {name: errors for name, errors in found.items() if errors}


def test_every_class_in_the_tree_comes_from_its_root() -> None:
    tree = ast.parse((ROOT / "errors.py").read_text(encoding="utf-8"))
    names = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    bases = {getattr(base, "id", "") for node in tree.body if isinstance(node, ast.ClassDef) for base in node.bases}
    assert bases - names == {"Exception"}


def swallows_everything(node: ast.ExceptHandler) -> bool:
    """Takes whatever comes and does not hand it on: undoing something first and raising again is in order."""
    everything = node.type is None or getattr(node.type, "id", "") == "BaseException"
    last = node.body[-1]
    return everything and not (isinstance(last, ast.Raise) and last.exc is None)


def test_nothing_is_excepted_without_saying_what() -> None:
    found = []
    for path in files(tests=False):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and swallows_everything(node):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not found


# Somebody's own folders, hosts of package registries, marks of unfinished work, and tokens (a JWT begins so).
BANNED = re.compile(r"/(?:home/(?!pi/|user/)|root|tmp|work)/|(?:pypi|pythonhosted)\.org|\b(?:TO[D]O|FIX[M]E|XX[X])\b|eyJ[\w-]{20}")


def readable() -> list[Path]:
    """Every text file of the project that people read."""
    kinds = (".py", ".md", ".toml", ".txt", ".json", ".example", ".service")
    inside = [file for name in (*FOLDERS, "docs", "deploy", "tariffs") for file in (ROOT / name).rglob("*") if file.suffix in kinds]
    top = [file for file in ROOT.iterdir() if file.is_file() and (file.suffix in kinds or file.name in ("Makefile", "LICENSE"))]
    kept = [file for file in inside if not {"data", "run"} & set(file.relative_to(ROOT).parts[:2])]
    return sorted([*top, *kept, *(ROOT / ".ci").glob("*")])


def test_no_page_names_foreign_folders_registries_tokens_or_unfinished_work() -> None:
    found = {}
    for path in readable():
        words = BANNED.findall(path.read_text(encoding="utf-8"))
        if words:
            found[str(path.relative_to(ROOT))] = words
    assert not found


@pytest.mark.parametrize(
    "source",
    ["class Lost(Exception): ...", "class Lost(errors.ClientError): ...", "class LostError(Base): ...", "class Quiet(UserWarning): ..."],
)
def test_a_stray_exception_is_found(source: str) -> None:
    assert own_errors(ast.parse(source))


@pytest.mark.parametrize("text", ["see /ro" + "ot/x", "in /" + "tmp/a.json", "TO" + "DO: later", "key = '" + "eyJ" + "a" * 30 + "'"])
def test_a_word_that_belongs_elsewhere_is_found(text: str) -> None:
    assert BANNED.search(text)


def test_an_ordinary_class_is_no_exception() -> None:
    assert not own_errors(ast.parse("class Cell(Base): ..."))
