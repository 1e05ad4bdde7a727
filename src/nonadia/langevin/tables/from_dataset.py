"""A dataset of forces as the field that fits its shape: splines over a grid, scattered interpolation between points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..field import Field, FloatArray

if TYPE_CHECKING:
    import xarray as xr


def field_of(
    forces: Any,
    *,
    mass: Any = None,
    potential: Callable[[FloatArray], ArrayLike] | None = None,
    asymptote: Mapping[str, Any] | None = None,
    drive: Mapping[str, Any] | None = None,
    tolerance: float = 1e-3,
) -> Field:
    """ForceTable or ScatteredTable of the dataset (or of the group /forces of a result); arguments as of `api.langevin`.

    Its attribute `units` says of each coordinate "bohr" or "1".

    Errors: ValueError for what is no dataset of forces, or does not fit; a note where the forces are not converged.
    """
    import xarray as xr

    if isinstance(forces, xr.DataTree):
        if "forces" not in forces.children:
            raise ValueError("forces: this result has no group /forces")
        forces = forces["forces"].to_dataset()
    if not isinstance(forces, xr.Dataset):
        raise ValueError(f"forces: a {type(forces).__name__}; give a dataset of na.electronic_forces, or a CallableField")
    unconverged = not int(forces.attrs.get("converged", 1))
    tolerance = max(tolerance, float(forces.attrs.get("tolerance", 0.0)))  # as well as the forces themselves are known
    if potential is not None:
        forces = _with_potential(forces, potential)
    field: Any
    if "point" in forces.dims:
        for name, given in (("drive", drive), ("asymptote", asymptote)):
            if given:
                raise ValueError(f"{name}: needs forces on a grid; these are at single points")
        from .scattered import ScatteredTable

        field = ScatteredTable.from_dataset(forces, mass=mass, tolerance=tolerance)
    else:
        from .table import ForceTable

        field = ForceTable.from_dataset(forces, mass=mass, drive=drive, asymptote=asymptote, tolerance=tolerance)
    field.units = {name: "1" if forces[name].attrs.get("units", "1") in ("1", "") else "bohr" for name in field.names}
    if unconverged:
        field.messages.append("the forces of the table are not converged to their tolerance")
    return field  # type: ignore[no-any-return]


def _with_potential(forces: xr.Dataset, potential: Callable[[FloatArray], ArrayLike]) -> xr.Dataset:
    """The same forces with another U_0."""
    names = [str(name) for name in forces["mode"].values]
    dims = ("point",) if "point" in forces.dims else tuple(names)
    columns = [forces[name] for name in names]
    if dims == ("point",):
        points = np.stack([column.values for column in columns], axis=-1)
        values = np.asarray(potential(points), dtype=float)
    else:
        mesh = np.meshgrid(*(column.values for column in columns), indexing="ij")
        points = np.stack([m.ravel() for m in mesh], axis=-1)
        values = np.asarray(potential(points), dtype=float).reshape(mesh[0].shape)
    kept = forces.drop_vars([name for name in ("bare_force", "bare_potential") if name in forces])
    return kept.assign(bare_potential=(dims, values, {"units": "hartree"}))
