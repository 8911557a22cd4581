"""Who may import whom. Each room knows only those below it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONSULT = ROOT / "consult"

# From below upwards; rooms of one storey don't know each other.
STOREYS = (
    {"conf", "signals"},
    {"chat"},
    {"away", "orders"},
    {"invitations"},
    {"desk", "widget"},
    {"reports"},
)
HEIGHT = {room: height for height, storey in enumerate(STOREYS) for room in storey}
# They look down on everything: Django or the host finds the rooms through them.
DOORS = {"admin", "apps", "checks", "management", "migrations", "models", "routing", "templatetags", "urls"}


def modules() -> Iterator[Path]:
    return (path for path in CONSULT.rglob("*.py") if path != CONSULT / "__init__.py")


def room_of(path: Path) -> str:
    return path.relative_to(CONSULT).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """The dotted names of all that a file imports, wherever in it."""
    return (name for node in ast.walk(ast.parse(path.read_text())) for name in named(node))


def named(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def test_each_room_has_its_storey() -> None:
    assert {room_of(path) for path in modules()} <= HEIGHT.keys() | DOORS


@pytest.mark.parametrize("storey", STOREYS, ids=lambda storey: " ".join(sorted(storey)))
def test_a_room_imports_only_from_below(storey: set[str]) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules()
        if (room := room_of(path)) in storey
        for name in imports(path)
        if name.startswith("consult.") and (other := name.split(".")[1]) != room
        if other in DOORS or HEIGHT[other] >= HEIGHT[room]
    ]
    assert not wrong


def test_the_app_knows_nothing_of_the_shop_that_shows_it() -> None:
    assert not [path for path in modules() for name in imports(path) if name.startswith(("example_shop", "tests"))]


def test_only_one_file_knows_the_channel_layer() -> None:
    assert files_with(lambda node: any(name.startswith("channels.layers") for name in named(node))) == {"chat/live.py"}


def test_only_one_file_reads_the_settings_of_consult() -> None:
    def reads(node: ast.AST) -> bool:
        return getattr(node, "value" if isinstance(node, ast.Constant) else "attr", None) == "CONSULT"

    assert files_with(reads) == {"conf.py"}


def test_only_one_file_writes_messages() -> None:
    def writes(node: ast.AST) -> bool:
        made = r"(models\.)?Message(\(|\.objects\.(bulk_|get_or_|update_or_)?create\()"
        return isinstance(node, ast.Call) and re.match(made, ast.unparse(node)) is not None

    assert files_with(writes) == {"chat/log.py"}


def test_only_one_file_judges_what_was_typed() -> None:
    def judges(node: ast.AST) -> bool:
        """Finds a text empty or too long; to read that verdict, or tell it, is everybody's."""
        return isinstance(node, ast.Call) and re.match(r"Refused\('(empty|too_long)'", ast.unparse(node)) is not None

    assert files_with(judges) == {"chat/text.py"}


def test_only_one_script_draws_messages() -> None:
    """Each message is a copy of one of the templates that stand in the log, put into the log's list."""
    scripts = {path.name: path.read_text() for path in (CONSULT / "static").rglob("*.js")}
    for drawing in (r"template\[data-", r"""querySelector\(["']ol["']\)"""):
        assert {name for name, code in scripts.items() if re.search(drawing, code)} == {"log.js"}
    assert not [
        name for name, code in scripts.items() if re.search(r"createElement\(.li.\)", code) and name != "log.js"
    ]
    assert not [
        name
        for name, code in scripts.items()
        if re.search(r"innerHTML|outerHTML|insertAdjacentHTML", uncommented(code))
    ]


def uncommented(code: str) -> str:
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", code, flags=re.DOTALL)


def files_with(fits: Callable[[ast.AST], bool]) -> set[str]:
    return {
        path.relative_to(CONSULT).as_posix()
        for path in modules()
        if any(fits(node) for node in ast.walk(ast.parse(path.read_text())))
    }
