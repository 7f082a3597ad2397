"""Installing is a test: the wheel is built, installed into an empty environment, and used from another folder."""

from __future__ import annotations

import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = {"assignments", "backprove", "checkers", "derivations", "notation", "reference_impl", "reports"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    # Without isolation, so that the build tools that are installed are used and nothing is downloaded.
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_top_level_names(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == SHIPPED
    assert "assignments/iitkgp-ct3.md" in names
    assert "derivations/library/gated.yaml" in names
    for room in SHIPPED - {"assignments"}:
        assert f"{room}/__init__.py" in names
        assert f"{room}/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name or "test" in name]


def test_runs_from_another_folder(wheel, tmp_path):
    home = tmp_path / "env"
    venv.create(home, with_pip=False)
    scripts = home / ("Scripts" if sys.platform == "win32" else "bin")
    python = scripts / "python"
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)
    # The dependencies of this environment are lent to the new one instead of downloading gigabytes again. A plain path
    # file: unlike site.addsitedir it does not follow the path files in there, and so not the editable install either.
    (packages,) = home.rglob("site-packages")
    lent = [path for path in site.getsitepackages() if Path(path).name == "site-packages"]
    (packages / "lent.pth").write_text("\n".join(lent) + "\n", encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def run(*arguments: str) -> str:
        done = subprocess.run([*arguments], cwd=elsewhere, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = run(str(python), "-c", "import backprove, checkers; print(backprove.__file__); print(checkers.__file__)")
    assert all(str(packages) in line for line in where.splitlines())
    command = str(scripts / "backprove")
    assert "COMMAND [ARGS]" in run(command, "--help")
    assert "iitkgp-ct3" in run(command, "list")
    assert run(command, "template", "iitkgp-ct3").startswith("---\nstudent:")
