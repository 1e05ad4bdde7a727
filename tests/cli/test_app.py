"""The command line as a user meets it: exit status, one line an error, nothing half-written."""

from __future__ import annotations

import importlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xarray as xr

from nonadia.runs.experiment import load

from ..command import assert_refused, leftovers, nonadia

SHORT = ["--set", "forces.x=[-3.5, 0.0]"]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a shipped example at two x and three biases."""
    folder = tmp_path_factory.mktemp("run")
    done = nonadia("run", "junction", *SHORT, folder=folder)
    assert done.returncode == 0, done.stderr
    assert "junction.nc" in done.stdout and leftovers(folder) == ["junction.nc"]
    return folder / "junction.nc"


def test_run_writes_what_plain_xarray_opens(result: Path) -> None:
    with xr.open_datatree(result, engine="h5netcdf") as tree:
        assert tree["forces/friction"].sizes["bias"] == 3 and tree["forces/friction"].sizes["x"] == 2
        assert tree.attrs["complete"] == 1 and tree.attrs["converged"] == 1
        assert "[leads.L]" in tree.attrs["input"] and "forces.x" in tree.attrs["overrides"]
        for name, variable in tree["forces"].data_vars.items():
            assert variable.attrs.get("units"), f"{name} has no units"
        for name in ("x", "bias"):
            assert tree["forces"][name].attrs.get("units")


def test_plot_draws_beside_the_result(result: Path) -> None:
    done = nonadia("plot", result.name, folder=result.parent)
    assert done.returncode == 0, done.stderr
    folder = result.parent / "junction-figures"
    assert {str(folder.relative_to(result.parent) / name) for name in leftovers(folder)} == set(done.stdout.split())
    assert any(path.suffix == ".svg" for path in folder.iterdir())


def test_plot_into_a_chosen_folder(result: Path, tmp_path: Path) -> None:
    done = nonadia("plot", str(result), "-o", str(tmp_path / "a" / "b"), folder=tmp_path)
    assert done.returncode == 0 and (tmp_path / "a" / "b").is_dir()


def test_plot_refuses_what_is_no_result(result: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "half.nc").write_bytes(result.read_bytes()[:3000])
    assert_refused(nonadia("plot", "absent.nc", folder=tmp_path), "absent.nc", "no such file")
    assert_refused(nonadia("plot", "notes.txt", folder=tmp_path), "notes.txt", "damaged")
    assert_refused(nonadia("plot", "half.nc", folder=tmp_path), "half.nc", "damaged")
    assert_refused(nonadia("plot", str(result), "-o", "notes.txt", folder=tmp_path), "notes.txt", "-o")


def test_check_says_what_would_run(tmp_path: Path) -> None:
    done = nonadia("check", "junction", "--set", "forces.method=heom", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert all(word in done.stdout for word in ("bias", "memory", "unknowns", "exponents", "time about"))
    assert leftovers(tmp_path) == []


def test_check_names_the_bath_of_the_run(tmp_path: Path) -> None:
    """An interacting molecule: the exponents and sizes that the run then records."""
    small = ["--set", "forces.x=[-3.5, 0.0, 1.0]", "--set", "forces.tolerance=0.05"]
    said = nonadia("check", "anderson-holstein", *small, folder=tmp_path).stdout
    done = nonadia("run", "anderson-holstein", *small, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    with xr.open_datatree(tmp_path / "anderson-holstein.nc", engine="h5netcdf") as tree:
        tiers = tree["convergence/tiers"].item()
        last = json.loads(tree["convergence/convergence"].item())[-1]
    assert f"bath: {last['exponents'][0]} exponents" in said, said
    assert f"  {tiers} tiers: {last['unknowns']:,} unknowns" in said, said


def test_result_arrays_count_as_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = importlib.import_module("nonadia.friction.estimate")
    grid = ["--set", "forces.x={start=-1, stop=1, points=50_000}"]
    said = nonadia("check", "junction", *grid, folder=tmp_path).stdout
    stored = 3 * 50_000 * 8 * 22  # three biases; F, γ, D, their parts and errors, populations, currents
    assert "memory about" in said and "50000 points" in said
    monkeypatch.setattr(sizes, "available_memory", lambda: stored)
    for command in ("check", "run"):
        refused = nonadia(command, "junction", *grid, folder=tmp_path)
        assert_refused(refused, "forces.x", "50,000 geometries at 3 sweep points", "coarser grid")
    assert leftovers(tmp_path) == []


def test_settings_without_use_are_noted(tmp_path: Path) -> None:
    for method in ("auto", "negf"):
        words = ["junction", *SHORT, "--set", "forces.tiers=3", "--set", f"forces.method={method}"]
        for command in ("check", "run"):
            done = nonadia(command, *words, folder=tmp_path)
            assert done.returncode == 0 and "note: tiers is not used" in done.stdout, done.stdout
    done = nonadia("check", "junction", *SHORT, "--set", "forces.tiers=3", "--set", "forces.method=heom", folder=tmp_path)
    assert "not used" not in done.stdout


def test_every_error_at_once_one_line_each(tmp_path: Path) -> None:
    text = nonadia("examples", "junction", "-o", "-", folder=tmp_path).stdout
    assert text.count('temperature = "300 K"') == 2, "the shipped file changed: adapt this test"
    broken = text.replace('temperature = "300 K"', 'temperature = "30 fs"', 1).replace("[forces]", "[forces]\ntolerence = 1")
    (tmp_path / "broken.toml").write_text(broken)
    for command in ("check", "run"):
        done = nonadia(command, "broken.toml", folder=tmp_path)
        assert_refused(
            done,
            "broken.toml: leads.L.temperature: ",
            "broken.toml: forces.tolerence: ",
            "tolerance",
            lines=2,
        )
    assert leftovers(tmp_path) == ["broken.toml"]


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ("leads.L.chemical_potential=30 fs", "leads.L.chemical_potential"),
        ("forces.tiers=-1", "forces.tiers"),
        ("leads.L.temperature=-300 K", "leads.L.temperature"),
        ("leads.X.temperature=300 K", "leads.X"),
        ("nonsense", "--set"),
        ("=3", "--set"),
        ("forces.method=magic", "forces.method"),
        ("molecule.levels.d=1/x", "molecule.levels.d"),
    ],
)
def test_bad_settings_are_refused(tmp_path: Path, setting: str, word: str) -> None:
    extra = ["--set", "forces.x=[0.0]"] if "1/x" in setting else []
    done = nonadia("run", "junction", "--set", setting, *extra, folder=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert any("junction" in line and word in line for line in done.stderr.splitlines()), done.stderr
    assert leftovers(tmp_path) == []


def test_500_gigabytes_are_refused_at_once(tmp_path: Path) -> None:
    huge = ["--set", "forces.method=heom", "--set", "forces.tiers=6", "--set", "forces.poles=60"]
    assert_refused(nonadia("run", "junction", *huge, folder=tmp_path), "forces.tiers", "B", "available")
    assert leftovers(tmp_path) == []


def test_unknown_files_and_examples_get_a_suggestion(tmp_path: Path) -> None:
    assert_refused(nonadia("run", "junctoin", folder=tmp_path), "junctoin", "junction")
    assert_refused(nonadia("run", "absent.toml", folder=tmp_path), "absent.toml")
    assert_refused(nonadia("examples", "junctoin", folder=tmp_path), "did you mean 'junction'")


def test_places_that_cannot_hold_the_result(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for target in ("nowhere/x.nc", "file/x.nc", "."):
        assert_refused(nonadia("run", "junction", *SHORT, "-o", target, folder=tmp_path), target.split("/")[0])
    assert_refused(nonadia("run", "junction", *SHORT, "-o", "file", folder=tmp_path), "file", "damaged")
    assert leftovers(tmp_path) == ["file"]


def test_examples_are_listed_and_written(tmp_path: Path) -> None:
    listed = nonadia("examples", folder=tmp_path)
    names = [line.split()[0] for line in listed.stdout.splitlines()]
    assert listed.returncode == 0 and {"junction", "junction-position-dependent"} <= set(names)
    assert all(len(line.split()) > 2 for line in listed.stdout.splitlines()), "each has a title"
    for name in names:
        assert nonadia("examples", name, folder=tmp_path).returncode == 0
        load(tmp_path / f"{name}.toml")
    for name in ("junction", "diatomic", "newns-anderson"):  # one of each kind; what check says of them is tested elsewhere
        assert nonadia("check", f"{name}.toml", folder=tmp_path).returncode == 0
    assert_refused(nonadia("examples", "junction", folder=tmp_path), "exists already")


def test_the_installed_command_answers_from_a_shell(tmp_path: Path) -> None:
    """In a process of its own: entry point, exit status, and a traceback-free error."""
    for words, status in ((["--version"], 0), (["check", "junction"], 0), (["check", "junctoin"], 2)):
        command = [sys.executable, "-m", "nonadia", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == status and "Traceback" not in done.stderr, done.stderr


def test_help_and_wrong_usage(tmp_path: Path) -> None:
    for words in (["--help"], ["run", "--help"], ["--version"]):
        done = nonadia(*words, folder=tmp_path)
        assert done.returncode == 0 and done.stdout
    for words, said in (
        (["rnu", "junction"], "'rnu'"),
        (["run"], "nonadia run --help"),
        (["run", "junction", "--tiers", "3"], "--tiers"),
        (["run", "junction", "--workers", "0"], "'--workers'"),
    ):
        done = nonadia(*words, folder=tmp_path)
        assert done.returncode == 2 and said in done.stderr
        assert done.stderr.startswith("command line: ") and len(done.stderr.strip().splitlines()) == 1


def test_ctrl_c_keeps_finished_points_and_resume_completes(tmp_path: Path) -> None:
    """A real SIGINT while the second sweep point is being computed."""
    words = [
        "run",
        "junction",
        "--set",
        "forces.method=heom",
        "--set",
        "forces.tiers=2",
        "--set",
        "forces.poles=3",
    ]
    words += ["--set", "forces.x={start=-9, stop=6, points=40}", "--set", "forces.tolerance=0.9"]
    command = [sys.executable, "-m", "nonadia", *words]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # background jobs ignore it
    )
    deadline = time.monotonic() + 240
    while not (tmp_path / "junction.nc").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1, errors
    assert "--resume" in errors and "of 3 sweep points" in errors and "Traceback" not in errors
    assert leftovers(tmp_path) == ["junction.nc", "junction.nc.journal"]
    again = nonadia(*words, folder=tmp_path)
    assert_refused(again, "--resume")
    resumed = nonadia(*words, "--resume", folder=tmp_path)
    with xr.open_datatree(tmp_path / "junction.nc", engine="h5netcdf") as tree:
        assert tree.attrs["complete"] == 1 and bool(tree["forces/friction"].notnull().all())
    assert resumed.returncode == (0 if "not converged" not in resumed.stderr else 1)


def test_not_converged_is_status_1_with_the_result_saved(tmp_path: Path) -> None:
    words = ["--set", "forces.method=heom", "--set", "forces.tiers=2", "--set", "forces.poles=1", *SHORT]
    done = nonadia("run", "junction", *words, "--set", "forces.tolerance=1e-9", folder=tmp_path)
    assert done.returncode == 1 and "not converged" in done.stderr and "junction.nc" in done.stderr
    with xr.open_datatree(tmp_path / "junction.nc", engine="h5netcdf") as tree:
        assert tree.attrs["complete"] == 1 and tree.attrs["converged"] == 0


def test_help_imports_nothing_heavy() -> None:
    """`nonadia --help` answers at once because what it needs is light."""
    code = "import sys, nonadia.cli.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "scipy", "sympy", "numba", "xarray", "matplotlib", "pydantic"}
    assert "typer" in done.stdout.split() and not heavy & set(done.stdout.split())
