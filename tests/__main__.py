"""Everything that has to pass, in one command: ``python3 -m tests``.

On a fresh machine with git, python3 and pip it brings the rest itself, into ``.tox``, or says what it may not bring.
``python3 -m tests browser`` runs one environment of tox.ini; what stands after ``--`` goes to pytest.
Only the standard library is imported here: nothing else is there yet.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNNER = ROOT / ".tox" / "runner"

# Each Django line and the Pythons that may run it here; the first one found does.
LINES = {
    "dj52": ("3.11", "3.12", "3.13"),
    "dj60": ("3.12", "3.13"),
    "dj61": ("3.13", "3.12"),
}

# What pip cannot bring: each program, and the Debian package that has it.
PROGRAMS = {
    "chromium": "chromium",
    "dovecot": "dovecot-imapd",
    "initdb": "postgresql",
    "msgfmt": "gettext",
    "node": "nodejs",
    "redis-server": "redis-server",
}


def main(arguments: Sequence[str]) -> int:
    wanted, pytest_arguments = split(arguments)
    bring_programs()
    pythons = dict(interpreters())
    lines = {line: chosen for line, able in LINES.items() if (chosen := next((v for v in able if v in pythons), None))}
    absent = [
        f"Django {line[2]}.{line[3]} needs Python {' or '.join(able)} (pyenv install {able[0]})"
        for line, able in LINES.items()
        if line not in lines
    ]
    if absent and os.environ.get("CI") == "true":
        sys.exit(f"In CI each line of Django must be tested. {'; '.join(absent)}.")

    bring_tox()
    discover = ["--discover", *pythons.values()]
    # Browsers and faults are about time, so they have the machine to themselves.
    together = ["lint", *(f"py{version.replace('.', '')}-{line}" for line, version in lines.items())]
    batches = [[name] for name in wanted] or [together, ["browser"], ["themes"]]
    results = [tox(batch, discover, pytest_arguments) for batch in batches]
    failed = any(code for code, _ in results)

    print("\n" + "\n".join(line for _, closing in results for line in closing))
    for sentence in absent:
        print(f"NOT TESTED HERE: {sentence}.")
    print("FAILED" if failed else "Everything that was run has passed.")
    return int(failed)


def split(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    if "--" not in arguments:
        return arguments, []
    middle = arguments.index("--")
    return arguments[:middle], arguments[middle + 1 :]


def bring_programs() -> None:
    packages = [package for program, package in PROGRAMS.items() if not found(program)]
    if not packages:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"The tests need programs that are not installed here: apt-get install {' '.join(packages)}")
    print(f"Installing {' '.join(packages)} with apt-get", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        ended = subprocess.run(["apt-get", *command], env=environment, stdout=subprocess.DEVNULL, check=False)
        if ended.returncode:
            sys.exit(f"The tests need programs that apt-get could not install: {' '.join(packages)}")


def found(program: str) -> bool:
    """Debian keeps PostgreSQL's own programs off the PATH."""
    return bool(shutil.which(program) or any(Path("/usr/lib/postgresql").glob(f"*/bin/{program}")))


def interpreters() -> Iterator[tuple[str, str]]:
    """Each Python that may be of use, by its version. A name alone proves nothing: a pyenv shim stands on the PATH for
    versions that are not chosen too, and fails when it is run.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    folders = [*os.get_exec_path(), *map(str, sorted(pyenv.glob("versions/*/bin")))]
    for version in sorted({version for able in LINES.values() for version in able}):
        for folder in folders:
            path = shutil.which(f"python{version}", path=folder)
            if path and (executable := runs(path, version)):
                yield version, executable
                break


def runs(path: str, version: str) -> str | None:
    """The real path of an interpreter that works and is what its name says."""
    code = "import sys; print(sys.executable, '%d.%d' % sys.version_info[:2], sep='\\n')"
    answer = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
    executable, _, told = answer.stdout.strip().partition("\n")
    return executable if answer.returncode == 0 and told == version else None


def bring_tox() -> None:
    """Without ensurepip, which Debian packs apart: pip installs into the new environment from outside."""
    if (RUNNER / "bin" / "tox").exists():
        return
    if not importlib.util.find_spec("pip"):
        sys.exit("The tests need pip: apt-get install python3-pip")
    python = RUNNER / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(RUNNER)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "tox>=4.22,<5"], check=True)


def tox(names: Sequence[str], discover: Sequence[str], pytest_arguments: Sequence[str]) -> tuple[int, list[str]]:
    """Runs the environments, showing all they print; answers tox's exit code, and how each run of pytest and each
    environment ended.
    """
    mode = ["run"] if len(names) == 1 else ["run-parallel", "--parallel", "2", "--parallel-no-spinner"]
    command = [str(RUNNER / "bin" / "tox"), *mode, *discover, "-e", ",".join(names)]
    running = subprocess.Popen(
        [*command, "--", *pytest_arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert running.stdout is not None
    closing: list[str] = []
    environment = ran = ""
    for line in running.stdout:
        print(line, end="", flush=True)
        plain = re.sub(r"\x1b\[[\d;]*m", "", line).rstrip()
        if started := re.match(r"(\S+): commands\[\d+\].*?> (.*)", plain):
            environment, ran = started.groups()
        elif re.match(r"=+ .* in \d+\.\d+s.* =+$", plain):
            closing.append(f"{environment}: {ran}\n{plain}")
        elif re.match(r"  \S+: (OK|FAIL|SKIP)\b", plain):
            closing.append(plain)
    return running.wait(), closing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
