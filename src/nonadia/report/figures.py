"""All figures of `nonadia plot`, inside the page: as SVG where that is small, as PNG otherwise; and what each shows."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from nonadia.plot import PlotError, plot_result

from .parts import Picture
from .source import Source

if TYPE_CHECKING:
    import xarray as xr

LARGEST_SVG = 180_000  # bytes; beyond, a PNG is smaller and as crisp on a screen
_STEM = "figure"
# stem of the file, as `nonadia plot` names it → what it shows; the longest stem that fits counts
_CAPTIONS = {
    "potentials": "Diabatic and adiabatic potentials along the coordinate.",
    "friction": "Electronic friction with its parts from the molecule and from the coupling.",
    "noise": "Friction and noise D/(k_BT): equal in equilibrium, different at bias.",
    "friction-map": "Electronic friction over the coordinate and the swept parameter.",
    "force": "Electronic mean force with its parts, without −∂U₀/∂x.",
    "transport": "Occupation of the levels and currents along the coordinate.",
    "tensor": "Components of friction and noise over the plane of the two coordinates.",
    "landscape": "Potential and mean force over the plane of the two coordinates.",
    "table": "Forces, friction and noise as given.",
    "memory": "Memory kernels against time, and their spectra; the stated error is shaded.",
    "dynamics": "Means over the ensemble against time; the standard error is shaded.",
    "dynamics-sweep": "Steady values, or values at the end, against the swept parameter, with standard errors.",
    "distributions": "Distributions of positions and momenta over the ensemble.",
    "exits": "Survival and exits: who left, when, with standard errors.",
    "trajectories": "Single stored trajectories.",
    "convergence": "Errors against tiers and poles.",
    "energy-transfer": "Surfaces, rate of nuclear kinetic energy, and the force on the nuclei at selected times.",
    "energies": "Energies against time, and the change of the total: zero as far as energy is conserved.",
    "density": "Nuclear density against position and time.",
    "electron-density": "Electronic density against position and time.",
    "channels": "Populations of the electronic states.",
    "maps": "Density and fields over the plane of the two coordinates at selected times.",
    "projections": "Densities along each coordinate against time.",
    "forces": "Both sides of the momentum identity: dP/dt and the mean electric and magnetic forces.",
    "torques": "Both sides of the angular-momentum identity: dL/dt and the torques.",
    "magnetic-power": "Power of the magnetic forces on each nucleus; their sum vanishes.",
    "work": "Both sides of the work identity: dT_marg/dt and the power of each force.",
    "identities": "Residuals of the identities against time.",
    "newton": "The centre of the packet from Newton's equation, beside the exact one.",
}
_DRIVEN = {"energies": "Energies against time, and the change of the total, which is the work of the external fields."}
_CLOSED = {"potentials": "Time-dependent potential of the nuclei at selected times, with the surfaces."}


def pictures(tree: xr.DataTree) -> tuple[list[Picture], str]:
    """(the figures in their order, what could not be drawn and why)."""
    closed = "wavepacket" in tree.children or "factorization" in tree.children
    moved = Source(tree).driven
    with tempfile.TemporaryDirectory() as folder:
        missing = ""
        try:
            written = plot_result(tree, folder, name=_STEM)
        except PlotError as error:
            missing = str(error)
            written = sorted(Path(folder).iterdir())
        found = [
            Picture(name, _embedded(path, path.with_suffix(".svg")), caption(name, closed, moved))
            for path in written
            if path.suffix == ".png"
            for name in [path.stem.removeprefix(f"{_STEM}-")]
        ]
    return found, missing


def caption(name: str, closed: bool = False, moved: bool = False) -> str:
    """What a figure shows; sweep point and coordinate, which follow in its file's name, are written in the figure.

    closed: of a closed system; moved: by fields that depend on time.
    """
    known = _CAPTIONS | (_CLOSED if closed else {}) | (_DRIVEN if moved else {})
    fitting = [stem for stem in known if name == stem or name.startswith((f"{stem}-", f"{stem}_"))]
    if not fitting:
        return f"{name.replace('-', ' ').capitalize()}."
    stem = max(fitting, key=len)
    rest = name.removeprefix(stem).lstrip("-_")
    return f"{known[stem]} {rest.replace('_', ', ')}".rstrip() if rest else known[stem]


def _embedded(png: Path, svg: Path) -> str:
    """A data URI; an image cannot run scripts or fetch anything, whatever is written in it."""
    vector = svg.exists() and svg.stat().st_size <= LARGEST_SVG
    kind, path = ("svg+xml", svg) if vector else ("png", png)
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
