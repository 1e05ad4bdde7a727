"""The page of every kind of result: complete, inert, self-contained; its verdict and numbers are those of the file."""

from __future__ import annotations

import base64
import json
import re
import shutil
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import nonadia as na
from nonadia import report
from nonadia.cli.app import main
from nonadia.cli.words import summary
from nonadia.report import figures, key_closed, key_forces, key_langevin, model, words
from nonadia.report.parts import Table
from nonadia.report.schema_rows import entries, schema_of
from nonadia.report.source import Source
from nonadia.report.verdict import verdict
from nonadia.runs.converge import converge
from nonadia.runs.execute import RunFailed
from nonadia.runs.store import FORMAT, write_result
from nonadia.units import ANGSTROM, EV, FS, PS
from tests.plot import synthetic, synthetic_closed, synthetic_langevin

SECTIONS = ("computed", "messages", "settings", "input", "provenance", "cite")
EVIL = '<script>alert("1")</script>&"\'{{ 7*7 }}'


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data.replace("\u00a0", " ")

    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.tags if "id" in attrs]


@pytest.fixture(autouse=True)
def few_figures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures have tests of their own; they are drawn here only where a test says so."""
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(figures, "plot_result", lambda tree, folder, name: [])


@pytest.fixture
def drawn() -> None:
    """Figures are drawn."""


def read(tree: xr.DataTree, name: str = "result") -> Page:
    """The page, with what holds of every page checked."""
    text = report.page(tree, name)
    page = Page(text)
    assert not page.unbalanced and not page.open
    assert set(SECTIONS) <= set(page.ids()) and len(page.ids()) == len(set(page.ids()))
    assert not [tag for tag, _ in page.tags if tag in ("script", "iframe", "object", "embed", "link", "form")]
    for _tag, attrs in page.tags:
        assert not [key for key in attrs if key.startswith("on")]
        for key in ("src", "href"):
            assert (attrs.get(key) or "#").startswith(("#", "data:")), "nothing is fetched"
    assert "url(" not in text and "@import" not in text
    return page


def complete(tree: xr.DataTree, **attributes: object) -> xr.DataTree:
    """A synthetic tree with the root attributes and states of a finished run."""
    settings = {"system": "junction", "forces": {"tolerance": 1e-3, "tolerance_mode": "global", "method": "auto"}, "sweep": {}}
    tree.attrs = {
        "format": FORMAT, "title": "synthetic", "system": "junction", "source": "a.toml", "input": "title = 'synthetic'",
        "overrides": "{}", "settings": json.dumps(settings), "versions": json.dumps({"nonadia": "9.9", "platform": "Secret-1"}),
        "command": "nonadia run /home/me/a.toml", "seeds": "[7]", "created": "2026-01-01T00:00:00+00:00", "complete": 1,
        "converged": 1, "wall_time": 2.0, **attributes,
    }  # fmt: skip
    return tree


@pytest.fixture(scope="module")
def junction() -> xr.DataTree:
    return na.run(na.load("junction", {"forces.x": "[-4.0, -3.5, -3.0, -1.0, 0.0]", "parameters.bias": "0.2 V"}))


@pytest.mark.usefixtures("drawn")
def test_forces(junction: xr.DataTree) -> None:
    page = read(junction, "mine")
    images = [attrs for tag, attrs in page.tags if tag == "img"]
    assert len(images) == 5 and all(image["alt"] and (image["src"] or "").startswith("data:image/") for image in images)
    assert "Converged." in page.text and "Friction peaks" in page.text and "figures" in page.ids()
    largest = float(junction["forces/friction"].max())
    assert words.number(largest, 7) in page.text or words.number(largest, 6) in page.text
    assert "nonadia run junction --set" in page.text and "-o mine.nc" in page.text
    assert "µA" in page.text
    assert "J. Chem. Phys. 161, 064106 (2024)" in page.text and "113001" not in page.text


def test_every_key_of_the_input_is_listed_and_defaults_are_marked(junction: xr.DataTree) -> None:
    data = tomllib.loads(str(junction.attrs["input"]))
    spec = schema_of("junction")
    assert spec is not None
    rows = {".".join(entry.path): entry for entry in entries(spec, data, {"parameters.bias": "0.2 V"})}
    for name in ("parameters.Omega", "leads.L.couplings.d", "molecule.levels.d", "forces.x"):
        assert rows[name].origin == "input"
    assert rows["parameters.bias"].origin == "--set"
    assert rows["forces.tolerance"].origin == "default" and rows["forces.tolerance"].value == 1e-3
    assert rows["leads.L.profile"].origin == "default"
    page = read(junction)
    assert all(name in page.text for name in rows if not name.startswith(("title", "system", "sweep")))


def test_the_input_is_verbatim_and_can_be_saved(junction: xr.DataTree) -> None:
    page = read(junction)
    assert str(junction.attrs["input"]) in page.text
    link = next(attrs for tag, attrs in page.tags if tag == "a" and "download" in attrs)
    assert base64.b64decode((link["href"] or "").split(",")[1]).decode() == junction.attrs["input"]


def test_the_commands_compute_the_same_again(junction: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shlex

    from nonadia.report import reproduce

    line = reproduce.command(Source(junction, "again"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", shlex.split(line))
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    xr.testing.assert_allclose(na.open("again.nc")["forces"].to_dataset(), junction["forces"].to_dataset(), rtol=1e-12)


def test_nothing_in_a_result_can_run(junction: xr.DataTree) -> None:
    tree = junction.copy(deep=True)
    tree.attrs |= {
        "title": EVIL,
        "input": f"title = '''{EVIL}'''",
        "source": f"{EVIL}.toml",
        "command": f"nonadia run '{EVIL}'",
    }
    tree.attrs["overrides"] = json.dumps({f"parameters.{EVIL}": EVIL})
    tree["convergence"]["messages"] = tree["convergence"]["messages"].copy(data=np.full((), json.dumps([EVIL]), dtype=object))
    page = read(tree, EVIL)
    assert page.text.count(EVIL) >= 4, "shown as text"
    assert "<script" not in report.page(tree, EVIL)


def test_machine_and_folders_are_not_told() -> None:
    page = read(complete(synthetic.one_coordinate([0.0])))
    assert "/home" not in page.text and "Secret" not in page.text and "nonadia run a.toml" in page.text and "7" in page.text


def test_not_converged() -> None:
    overrides = {
        "forces.method": "heom",
        "forces.tiers": 1,
        "forces.poles": 2,
        "forces.x": [-4.0, 0.0],
        "parameters.bias": "0 V",
    }
    tree = na.run(na.load("junction", overrides))
    page = read(tree)
    assert "Not converged." in page.text and "forces.tiers and forces.poles" in page.text
    assert "error of the friction" in page.text and verdict(Source(tree)).state == "warn"


def test_failed_points(monkeypatch: pytest.MonkeyPatch) -> None:
    from nonadia.runs import forces_execute

    real, limit = forces_execute.at, 0

    def broken(point, index, *rest):  # type: ignore[no-untyped-def]
        if index >= limit:
            raise RuntimeError("the solver gave up")
        return real(point, index, *rest)

    monkeypatch.setattr(forces_execute, "at", broken)
    for first, word in ((2, "Incomplete."), (0, "Failed.")):
        limit = first
        with pytest.raises(RunFailed) as failure:
            na.run(na.load("junction", {"forces.x": "[-4.0, 0.0, 1.0]"}))
        page = read(failure.value.tree)
        assert word in page.text and "the solver gave up" in page.text and "--resume" in page.text


def test_quantum_vibration_and_memory() -> None:
    tree = na.run(na.load({
        "title": "memory", "parameters": {"Gamma": "50 meV"}, "coordinates": {"x": {"mass": 1000, "unit": "1"}},
        "molecule": {"levels": {"d": "0.002*x"}},
        "leads": {"L": {"temperature": "300 K", "bandwidth": "2 eV", "couplings": {"d": "Gamma"}}},
        "forces": {"x": [0.0, 1.0]}, "memory": {"x": [0.0, 1.0], "time": {"start": 0, "stop": "20 fs", "points": 41}},
    }))  # fmt: skip
    page = read(tree)
    assert "static friction" in page.text and "Memory kernels" in page.text and "input.json" in page.text
    json.loads(base64.b64decode(next(a["href"] or "" for t, a in page.tags if "download" in a).split(",")[1]))


def test_langevin_and_table() -> None:
    tree = na.run(na.load({
        "title": "oscillator", "system": "table", "coordinates": {"x": {"mass": "1 u", "unit": "angstrom"}},
        "parameters": {"k": 0.02, "T": "300 K"}, "molecule": {"potential": "k*x**2/2"},
        "table": {"x": {"start": -2, "stop": 2, "points": 21}, "friction": 5.0, "temperature": "T"},
        "langevin": {"trajectories": 64, "duration": "100 fs", "initial": {"x": 0.2, "temperature": "300 K"},
                     "exits": {"out": "x > 0.9"}, "asymptote": {"x": {"lower": "linear", "upper": "linear"}}},
    }))  # fmt: skip
    page = read(tree)
    assert "Langevin dynamics of 64 trajectories over 100" in page.text and "probability" in page.text
    assert re.search(r"\d ± \d+\s*K", page.text), "temperatures with errors, in K"
    assert re.search(r"\d\s*Å", page.text) and "The source of the forces" in page.text


def test_closed_system() -> None:
    tree = na.run(na.load("harmonic", {"propagation.duration": 20, "propagation.store_every": 5}))
    page = read(tree)
    for word in (
        "norm error",
        "Identities of the exact factorization",
        "T_marg",
        "Hartree",
        "Phys. Rev. Lett. 128, 113001 (2022)",
    ):
        assert word in page.text
    assert "064106" not in page.text


def test_marginal_system() -> None:
    tree = na.run(na.load({
        "system": "marginal", "coordinates": {"X": {"mass": 100, "grid": {"start": -4, "stop": 4, "points": 48}}},
        "potentials": {"scalar": "X**2/2"}, "initial": {"wavefunction": "exp(-5*X**2)"},
        "propagation": {"duration": 1, "store_every": 0.5},
    }))  # fmt: skip
    page = read(tree)
    assert "given vector and scalar potentials" in page.text and "Energies (Hartree)" in page.text


def test_convergence_study() -> None:
    tree = converge(na.load("junction", {"parameters.bias": "0 V"}), tiers=(1, 2), poles=(2, 4), geometries=2)  # type: ignore[arg-type]
    page = read(tree, "study")
    assert "Complete." in page.text and "Error against tiers and poles" in page.text
    assert "nonadia converge junction --tiers 1,2 --poles 2,4" in page.text


@pytest.mark.parametrize(
    "tree",
    [
        synthetic.one_coordinate([0.0, 0.2], units="bohr"), synthetic.two_coordinates([0.0]), synthetic.points([0.0]),
        synthetic_langevin.sweep([0.0, 0.1]), synthetic_langevin.alone(), synthetic_closed.line(), synthetic_closed.swept(),
        synthetic_closed.scattering(), synthetic_closed.space(),
    ],
)  # fmt: skip
def test_whatever_has_a_figure_has_a_page(tree: xr.DataTree) -> None:
    read(complete(tree))


@pytest.mark.usefixtures("drawn")
def test_a_grid_that_cannot_be_drawn_is_said() -> None:
    tree = xr.DataTree.from_dict({"/forces": xr.Dataset({"friction": ("a", [np.nan])})})
    assert "Not everything was drawn" in read(complete(tree)).text


@pytest.mark.parametrize("key", ["input", "settings", "versions", "overrides", "seeds"])
def test_damaged_attributes_are_no_obstacle(key: str, junction: xr.DataTree) -> None:
    tree = junction.copy()
    tree.attrs[key] = "{ not readable"
    read(tree)
    del tree.attrs[key]
    read(tree)


def test_citations_are_those_of_the_citation_file() -> None:
    from nonadia.report import citation

    text = " ".join((Path(__file__).parents[2] / "CITATION.cff").read_text(encoding="utf-8").split())
    assert citation.PROGRAM in text and citation.AUTHORS in text and citation.REQUEST in text
    assert text.count("- type: article") == len(citation.PAPERS)
    for paper in citation.PAPERS:
        for fact in (paper.title, paper.journal, f"volume: {paper.volume}", f"start: {paper.start}", f"year: {paper.year}"):
            assert fact in text
        for family, given in paper.authors:
            assert f'family-names: {family} given-names: "{given}"' in text


def run_command(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["nonadia", "report", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_the_command(
    junction: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tmp_path / "mine.nc"
    write_result(junction, result)
    assert run_command(str(result), monkeypatch=monkeypatch) == 0
    assert (tmp_path / "mine.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert run_command(str(result), "-o", str(tmp_path / "other.html"), monkeypatch=monkeypatch) == 0
    before = result.read_bytes()
    shutil.copy(result, tmp_path / "copy.html")
    assert run_command(str(result), "-o", str(result), monkeypatch=monkeypatch) == 2
    assert run_command(str(tmp_path / "none.nc"), monkeypatch=monkeypatch) == 2
    (tmp_path / "broken.nc").write_bytes(b"no result")
    assert run_command(str(tmp_path / "broken.nc"), monkeypatch=monkeypatch) == 2
    assert run_command(str(result), "-o", str(tmp_path / "no" / "x.html"), monkeypatch=monkeypatch) == 2
    assert result.read_bytes() == before and "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        (380.4, 12.3, "380 ± 12 K"), (0.012346, 0.00067, "0.01235 ± 0.00067 K"), (1.5e-9, 2e-10, "(1.50 ± 0.20)×10⁻⁹ K"),
        (-3.0, np.nan, "−3 K"), (np.nan, 1.0, "–"), (12345.0, 678.0, "12345 ± 678 K"), (0.5, 1e-9, "0.5 ± 1×10⁻⁹ K"),
    ],
)  # fmt: skip
def test_values_with_errors(value: float, error: float, said: str) -> None:
    assert words.measured(value, error, "K").replace("\u202f", " ") == said


@pytest.mark.parametrize(
    ("value", "said"), [(0.0, "0"), (1234567.0, "1,234,567"), (1.2341e-7, "1.234×10⁻⁷"), (300.0, "300"), (np.inf, "–")]
)
def test_numbers(value: float, said: str) -> None:
    assert words.number(value) == said


def rows_of(table: Table) -> list[dict[str, str]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_points_that_did_not_converge_are_marked_in_every_table_of_values() -> None:
    tree = complete(synthetic.one_coordinate([0.0, 0.2]))
    labels = tree["forces"]["bias_label"]
    status = xr.DataArray(["converged", "not converged"], dims="bias")
    record = xr.Dataset({"status": status}, coords={"bias": tree["forces"]["bias"], "bias_label": labels})
    tree["convergence"] = xr.DataTree(record)
    tables = key_forces.tables(Source(tree))
    assert len(tables) >= 3
    for table in tables:
        for i, row in enumerate(table.rows):
            second = row[0].startswith(str(labels.values[1]).replace(" ", "\u00a0")) or "0.2" in row[0]
            assert row[0].endswith(", not converged") == second == (table.marked.get(i) == "bad"), table.title
    tree["convergence"]["status"] = xr.full_like(status, "converged")
    assert not any(table.marked for table in key_forces.tables(Source(tree)))


def test_an_error_that_is_not_known_is_said() -> None:
    tree = complete(synthetic.one_coordinate([0.0]))
    forces = tree["forces"].to_dataset()
    for name in ("friction", "noise"):
        forces[f"error_{name}"] = xr.full_like(forces[name], np.inf)
    tree["forces"] = xr.DataTree(forces)
    peak = rows_of(key_forces.tables(Source(tree))[0])[0]
    assert peak["friction γ"].endswith("± unknown") and peak["D/(γ k_BT) there"].endswith("± unknown")


def test_the_ratio_of_noise_and_friction_has_the_error_of_both() -> None:
    tree = complete(synthetic.one_coordinate([0.0]))
    forces = tree["forces"].to_dataset()
    forces["error_friction"], forces["error_noise"] = 0.03 * abs(forces["friction"]), 0.02 * abs(forces["noise"])
    tree["forces"] = xr.DataTree(forces)
    peak = rows_of(key_forces.tables(Source(tree))[0])[0]
    ratio, error = (float(part) for part in peak["D/(γ k_BT) there"].split(" ± "))
    assert error == pytest.approx(0.05 * ratio, rel=0.06)


@pytest.mark.parametrize(("slope", "said"), [(1.0, True), (0.0, False)])
def test_a_peak_at_the_end_of_the_grid_is_said(slope: float, said: bool) -> None:
    tree = complete(synthetic.one_coordinate([0.0]))
    forces = tree["forces"].to_dataset()
    x = forces["x"] - forces["x"].mean()
    forces["friction"] = xr.ones_like(forces["friction"]) * (np.exp(-(x**2)) + slope * (x - x.min()))
    tree["forces"] = xr.DataTree(forces)
    peaks = rows_of(key_forces.tables(Source(tree))[0])
    assert ("(end of the grid)" in peaks[-1]["at"]) == said


def test_what_has_no_stated_error_is_said(junction: xr.DataTree) -> None:
    advice = verdict(Source(junction)).advice
    assert "not so of currents and occupations of levels" in advice
    page = read(junction)
    assert "Currents have no stated error" in page.text and "Occupations have no stated error" in page.text


def test_a_result_with_parts_removed_is_not_called_converged(junction: xr.DataTree) -> None:
    assert verdict(Source(junction)).state == "good"
    tree = junction.copy(deep=True)
    tree["forces"] = xr.DataTree(tree["forces"].to_dataset().drop_vars("friction"))
    found = verdict(Source(tree))
    assert found.state == "warn" and "holds no friction" in found.sentence
    del tree["forces"]
    assert "holds no forces" in verdict(Source(tree)).sentence


def test_the_command_that_goes_on_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from nonadia.runs import forces_execute

    def broken(*_: object) -> None:
        raise RuntimeError("the solver gave up")

    monkeypatch.setattr(forces_execute, "at", broken)
    with pytest.raises(RunFailed) as failure:
        na.run(na.load("junction", {"forces.x": "[-4.0, 0.0]", "parameters.bias": "0 V"}))
    text = report.page(failure.value.tree)
    assert "`" not in text and re.search(r"<pre>nonadia run junction .*--resume</pre>", text)


def given_surface() -> xr.DataTree:
    """A table with few rows and no force beside the potential, in Å."""
    x = np.linspace(-1.0, 1.0, 21)
    return na.run(na.load({
        "title": "given", "system": "table", "coordinates": {"z": {"mass": "28 u", "unit": "angstrom"}},
        "parameters": {"k": 0.02, "T": "300 K"}, "molecule": {"potential": "k*z**2/2 + 0.001*cos(3*z)"},
        "table": {"z": {"start": float(x[0]), "stop": float(x[-1]), "points": x.size}, "friction": "5 + z", "temperature": "T"},
        "langevin": {"trajectories": 32, "duration": "20 fs", "initial": {"z": 0.1, "temperature": "300 K"},
                     "table_tolerance": 0.2, "asymptote": {"z": {"lower": "linear", "upper": "linear"}}},
    }))  # fmt: skip


def test_given_forces(capsys: pytest.CaptureFixture[str]) -> None:
    tree = given_surface()
    page = read(tree)
    assert "strongest mean force" not in page.text and "electrons' part" not in page.text
    assert "D/(γ k_BT)" not in page.text, "no column, no note"
    grid = model.grids(Source(tree))
    assert grid is not None and grid.rows == [["z (nuclear)", "28\u202fu", "−0.5292 … 0.5292 Å", "21"]]
    means = next(table for table in key_langevin.tables(Source(tree)) if table.title == "Means at selected times")
    assert all(row["mean position"].endswith("Å") for row in rows_of(means))
    own = json.loads(str(tree["langevin"].attrs["table_errors"]))
    force = own["force"] / EV * ANGSTROM
    assert force > 0 and "Interpolation of the table" in page.text
    summary(tree)
    line = next(line for line in capsys.readouterr().out.splitlines() if "interpolation" in line)
    assert f"force {words.number(force, 2)} eV/Å" in line
    assert words.number(own["friction"] / float(tree["forces/friction"].max()), 2) in line


def test_a_field_in_time_does_work() -> None:
    settings = {"system": "molecule", "model": {"electrons": {"potential": "r*sin(t)"}, "functions_of_time": {}}}
    tree = complete(synthetic_closed.line(), system="molecule", settings=json.dumps(settings))
    assert Source(tree).driven and "projections" in read(tree).text
    settings["model"] = {"electrons": {"potential": "r*tan(r)"}}
    tree.attrs["settings"] = json.dumps(settings)
    assert not Source(tree).driven and "projections" not in read(tree).text
    assert "work of the external fields" in figures.caption("energies", True, True)
    assert "conserved" in figures.caption("energies", True)


def test_rounding_is_no_value() -> None:
    at = xr.Dataset({"energy": 3.5e-14, "T_marg": 0.025})
    scale = key_closed._largest(at, ("energy", "T_marg"))
    assert key_closed._value(at, "energy", scale) == "0" and key_closed._value(at, "T_marg", scale) == "0.025"
    assert key_closed._value(at, "energy", 1e-10) == "3.5×10⁻¹⁴"


def test_times_of_a_column_share_a_unit() -> None:
    assert model.time(1250 * FS, 5 * PS) == "1.25\u202fps" and model.time(1250 * FS) == "1250\u202ffs"


def test_a_single_lead_has_no_current() -> None:
    tree = complete(synthetic.one_coordinate([0.0]))
    forces = tree["forces"].to_dataset().isel(lead=[0])
    forces["current"] = xr.zeros_like(forces["current"])
    tree["forces"] = xr.DataTree(forces)
    assert "Largest currents" not in {table.title for table in key_forces.tables(Source(tree))}
    forces["current"] = forces["current"] + 1e-3
    tree["forces"] = xr.DataTree(forces)
    assert "Largest currents" in {table.title for table in key_forces.tables(Source(tree))}


@pytest.mark.parametrize(("stored", "said"), [("[60]", "60"), ("[8, 60, 60]", "8, 60"), (5, "5"), (0, ""), (None, "")])
def test_numbers_of_poles_are_plain(stored: object, said: str) -> None:
    from nonadia.report.convergence import _several

    assert _several(stored) == said
