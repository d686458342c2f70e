"""Tests run on every system, however busy it is: what Windows lacks is skipped there, and limits are minutes."""

import ast
import re
from pathlib import Path

import pytest

from tests.test_layers import FILES

TESTS = Path(__file__).resolve().parent
# Names of functions, modules and arguments.
NAMES = {
    *("mkfifo", "symlink_to", "hardlink_to", "chmod", "umask", "st_mode", "getuid", "geteuid", "preexec_fn"),
    *("pass_fds", "setsid", "killpg", "kill_group", "SIGKILL", "SIGHUP", "SIGALRM", "send_signal", "allow_interrupts"),
    *("fcntl", "pty", "termios", "Terminal"),
}
PATHS = re.compile(r"/dev/(?!shm)\w+|/proc/(?!self/)\w+|.*\.fcntl\..*")
MARK = re.compile(r"\bneeds_(posix|permissions)\b|\bskipif\(.*(/dev/full|/proc/|sys\.platform)")
# The marks and the pseudo-terminal themselves, this file, and names of devices that only stand for wrong values.
HELPERS = {"commands.py", "terminal.py", "test_platforms.py", "kinds.py"}


def names_in(node):
    """Names of `NAMES` and paths of devices in a piece of a program."""
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute | ast.Name):
            name = one.attr if isinstance(one, ast.Attribute) else one.id
            is_of_os = isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == "os"
            yield from [name] if name in NAMES or (is_of_os and name in {"kill", "fork"}) else []
        elif isinstance(one, ast.keyword) and one.arg in NAMES:
            yield one.arg
        elif isinstance(one, ast.Constant) and isinstance(one.value, str) and PATHS.fullmatch(one.value):
            yield one.value


def unmarked(tree):
    """Such names in functions and classes without a mark, if the module has none either."""
    found = []
    for node in tree.body:
        is_mark = isinstance(node, ast.Assign) and ast.unparse(node.targets) == "pytestmark"
        if is_mark and MARK.search(ast.unparse(node.value)):
            return []
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            if not any(MARK.search(ast.unparse(mark)) for mark in node.decorator_list):
                found += unmarked(node) if isinstance(node, ast.ClassDef) else names_in(node)
        elif not isinstance(node, ast.Import | ast.ImportFrom):
            found += names_in(node)
    return found


@pytest.mark.parametrize(
    "code",
    [
        "def test():\n    os.mkfifo('a')",
        "def start():\n    subprocess.Popen([], preexec_fn=f)",
        "@pytest.mark.parametrize('make', [os.mkfifo])\ndef test(make):\n    make()",
        "class TestA:\n    def test(self):\n        Terminal()",
        "def test(monkeypatch):\n    monkeypatch.setattr('panns.system.locks.fcntl.flock', f)",
        "@pytest.mark.slow\ndef test():\n    os.kill(1, 9)",
        "def test():\n    open('/dev/zero')",
    ],
)
def test_what_windows_lacks_is_found(code):
    assert unmarked(ast.parse(code))
    assert not unmarked(ast.parse(f"pytestmark = needs_posix\n{code}"))


def test_a_mark_allows_it():
    assert not unmarked(ast.parse("@needs_posix\ndef test():\n    os.mkfifo('a')\n\ndef other():\n    pass"))


def test_tests_of_what_windows_lacks_are_skipped_there():
    found = {}
    for path in TESTS.rglob("*.py"):
        if path.name not in HELPERS and (names := unmarked(ast.parse(path.read_text(encoding="utf-8")))):
            found[path.relative_to(TESTS).as_posix()] = names
    assert found == {}


def test_text_files_have_an_encoding():
    """The default of Windows is not UTF-8."""
    call = re.compile(r"\b(read_text|write_text)\((?!.*utf)|\bopen\((\"[rwxa]t?\")?\)")
    assert [path.name for path in FILES if call.search(path.read_text(encoding="utf-8"))] == []


def test_limits_of_time_are_minutes():
    """A machine that is busy with other things is slow, not wrong."""
    limit = re.compile(r"\btimeout=(\d+(\.\d+)?)\b")
    short = [
        f"{path.name}: {found[0]}"
        for path in TESTS.rglob("test_*.py")
        for found in limit.finditer(path.read_text(encoding="utf-8"))
        if float(found[1]) < 600
    ]
    assert short == []
