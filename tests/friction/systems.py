"""Shipped systems of the tests, written out by hand (not read from the shipped files) in eV-based parameters."""

from __future__ import annotations

from nonadia.models.junction import Junction


def position_dependent(bias: float = 0.0, bandwidth: float = 10.0) -> Junction:
    """J2: one level, one classical mode, two leads whose amplitudes switch at x = 0; bias in V, bandwidth in eV."""
    lead = {"temperature": "300 K", "bandwidth": f"{bandwidth} eV", "couplings": {"d": "50 meV"}}
    return Junction.from_dict(
        {
            "parameters": {"Omega": "4 meV", "lam": "20 meV", "a": 0.3, "q": 0.1, "bias": f"{bias} V", "eps0": "100 meV"},
            "coordinates": {"x": {"mass": "1/Omega", "unit": "1"}},
            "molecule": {"potential": "Omega*x**2/2", "levels": {"d": "eps0 + sqrt(2)*lam*x"}},
            "leads": {
                "L": lead | {"chemical_potential": "bias/2", "profile": "(1-q)/2*(1-tanh(x/a))+q"},
                "R": lead | {"chemical_potential": "-bias/2", "profile": "(1-q)/2*(1+tanh(x/a))+q"},
            },
        }
    )


def constant(bias: float = 0.0) -> Junction:
    """J1: as J2 with g = 1 and half the coupling."""
    lead = {"temperature": "300 K", "bandwidth": "10 eV", "couplings": {"d": "25 meV"}, "profile": "1"}
    return Junction.from_dict(
        {
            "parameters": {"Omega": "4 meV", "lam": "20 meV", "bias": f"{bias} V", "eps0": "100 meV"},
            "coordinates": {"x": {"mass": "1/Omega", "unit": "1"}},
            "molecule": {"potential": "Omega*x**2/2", "levels": {"d": "eps0 + sqrt(2)*lam*x"}},
            "leads": {
                "L": lead | {"chemical_potential": "bias/2"},
                "R": lead | {"chemical_potential": "-bias/2"},
            },
        }
    )


def two_levels(modes: int, bias: float) -> Junction:
    """J5 (modes = 1: donor and acceptor, hopping 0.05 x eV) or J8 (modes = 2), leads on opposite levels; bias in V."""
    lead = {"temperature": "300 K", "bandwidth": "5 eV", "profile": "1"}
    mass = {"mass": "1/Omega", "unit": "1"}
    if modes == 1:
        coordinates, levels, hopping = {"x": mass}, {"1": "e", "2": "-e"}, "0.05*eV*x"
    else:
        coordinates, levels = {"x": mass, "y": mass}, {"1": "0.02*eV*x", "2": "-0.02*eV*x"}
        hopping = "0.05*eV + 0.02*eV*y"
    return Junction.from_dict(
        {
            "parameters": {"Omega": "10 meV", "eV": "1 eV", "e": "0.1 eV", "bias": f"{bias} V"},
            "coordinates": coordinates,
            "molecule": {"potential": "0", "levels": levels, "hoppings": {"1,2": hopping}},
            "leads": {
                "L": lead | {"chemical_potential": "bias/2", "couplings": {"1": "0.1 eV"}},
                "R": lead | {"chemical_potential": "-bias/2", "couplings": {"2": "0.1 eV"}},
            },
        }
    )


def spin_impurity(bias: float = 0.0, interaction: float = 0.2) -> Junction:
    """Spin-½ level with U (eV) on one classical mode, Γ = 25 meV per lead, W = 5 eV; bias in V."""
    lead = {"temperature": "300 K", "bandwidth": "5 eV", "profile": "1", "couplings": {"up": "25 meV", "down": "25 meV"}}
    level = "sqrt(2)*lam*x"
    return Junction.from_dict(
        {
            "parameters": {"Omega": "4 meV", "lam": "20 meV", "U": f"{interaction} eV", "bias": f"{bias} V"},
            "coordinates": {"x": {"mass": "1/Omega", "unit": "1"}},
            "molecule": {
                "potential": "Omega*x**2/2",
                "levels": {"up": level, "down": level},
                "interactions": {"up,down": "U"},
            },
            "leads": {
                "L": lead | {"chemical_potential": "bias/2"},
                "R": lead | {"chemical_potential": "-bias/2"},
            },
        }
    )
