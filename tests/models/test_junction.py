"""Arrays of the shipped non-interacting systems against formulas typed here in eV, and richer models."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest

from nonadia.models import Junction, ModelError, library
from nonadia.runs.experiment import load

HARTREE_EV = 27.211386245  # CODATA, to the digits all editions share
KT_300 = 300 * 8.617333262e-5  # eV
X = np.linspace(-6.0, 3.0, 19)


def close(actual: Any, expected_ev: Any) -> None:
    """Atomic units against eV."""
    np.testing.assert_allclose(np.asarray(actual) * HARTREE_EV, expected_ev, rtol=2e-9, atol=1e-12)


@pytest.mark.parametrize("bias", [0.0, 0.2, 0.4])
def test_j1_and_j2_arrays(bias: float) -> None:
    """J1, J2: h = ε0 + √2 λ x, g_L,R = (1-q)/2 (1 ∓ tanh(x/a)) + q."""
    for name, gamma in (("junction", 0.025), ("junction-position-dependent", 0.05)):
        model = load(name).at({"bias": f"{bias} V"}).model
        frozen = model.at(X[:, None])
        close(frozen.h[:, 0, 0], 0.1 + np.sqrt(2) * 0.02 * X)
        close(frozen.dh[:, 0, 0, 0], np.full_like(X, np.sqrt(2) * 0.02))
        if name == "junction":
            g, dg = np.ones((2, X.size)), np.zeros((2, X.size))
        else:
            tanh, slope = np.tanh(X / 0.3), 1.0 / (0.3 * np.cosh(X / 0.3) ** 2)
            g = np.stack([0.45 * (1 - tanh) + 0.1, 0.45 * (1 + tanh) + 0.1])
            dg = np.stack([-0.45 * slope, 0.45 * slope])
        np.testing.assert_allclose(frozen.g.T, g, rtol=1e-14)
        np.testing.assert_allclose(frozen.dg[:, 0, :].T, dg, rtol=1e-12, atol=1e-15)
        assert [channel.lead for channel in frozen.channels] == [0, 1]
        close([channel.rate for channel in frozen.channels], [gamma, gamma])
        close([lead.chemical_potential for lead in frozen.leads], [bias / 2, -bias / 2])
        close([lead.temperature for lead in frozen.leads], [KT_300] * 2)
        for lead in frozen.leads:
            energy = np.linspace(-20.0, 20.0, 41) / HARTREE_EV
            shifted = energy - lead.chemical_potential
            np.testing.assert_allclose(lead.width(energy), 1.0 / (1.0 + (shifted * HARTREE_EV / 10.0) ** 2))
        assert frozen.non_interacting
        close(model.masses, HARTREE_EV**2 / 0.004)  # 1/Ω
        close(model.bare_potential(X[:, None]), 0.002 * X**2)
        close(model.bare_force(X[:, None])[:, 0], -0.004 * X)


def test_j5_arrays() -> None:
    model = load("donor-acceptor").model
    frozen = model.at(X[:, None])
    expected = np.empty((X.size, 2, 2))
    expected[:, 0, 0], expected[:, 1, 1] = 0.1, -0.1
    expected[:, 0, 1] = expected[:, 1, 0] = 0.05 * X
    close(frozen.h, expected)
    close(frozen.dh[:, 0], np.broadcast_to([[0, 0.05], [0.05, 0]], (X.size, 2, 2)))
    assert [(c.lead, list(np.abs(c.vector))) for c in frozen.channels] == [(0, [1, 0]), (1, [0, 1])]
    close([c.rate for c in frozen.channels], [0.1, 0.1])


def test_j8_arrays_on_a_product_grid() -> None:
    experiment = load("two-modes")
    assert experiment.forces is not None
    points = experiment.forces.points
    assert [0.0, -4.0] in points.tolist()
    frozen = experiment.model.at(points)
    x, y = points.T
    t = 0.05 + 0.02 * y
    close(frozen.h, np.stack([np.stack([0.02 * x, t], -1), np.stack([t, -0.02 * x], -1)], -2))
    close(frozen.dh[:, 0], np.broadcast_to([[0.02, 0], [0, -0.02]], frozen.h.shape))
    close(frozen.dh[:, 1], np.broadcast_to([[0, 0.02], [0.02, 0]], frozen.h.shape))


def test_j4_has_spin_and_repulsion() -> None:
    frozen = load("anderson-holstein").model.at([[0.0]])
    close(frozen.u[0], [[0, 0.2], [0.2, 0]])
    assert not frozen.non_interacting and len(frozen.channels) == 4


RICH: dict[str, Any] = {
    "parameters": {"w": "0.2 eV", "k": 0.01, "phase": 0.7, "s": "k/2"},
    "coordinates": {"x": {"mass": "2 u", "unit": "angstrom"}, "y": {"mass": 1800}},
    "molecule": {
        "potential": "k*(x**2 + x*y + y**4)/2",
        "levels": {"a": "k*x", "b": "-k*sin(y)", "c": "0.1 eV"},
        "hoppings": {"a,b": "s*exp(I*phase*x)*y", "c,b": "s*(1 + I*x*y)"},
        "interactions": {"a,b": "w*exp(-x**2)", "c,a": "0.1 eV"},
        "vibrations": {
            "v": {"frequency": "w", "states": 5, "couplings": {"a": "s*x", "b,c": "I*s*cos(y)"}},
            "u": {"frequency": "0.1 eV", "states": "auto", "couplings": {"c": "0.15 eV"}},
        },
    },
    "leads": {
        "L": {
            "chemical_potential": "0.1 V",
            "temperature": "300 K",
            "bandwidth": "5 eV",
            "center": "-1 eV",
            "couplings": {"a": 0.004, "b": 0.003, "a,b": "0.001 + 0.002*I"},
            "profile": "1/(1 + exp(x + y))",
        },
        "S": {
            "temperature": "25 meV",
            "lorentzians": [{"width": "2 eV"}, {"weight": 0.5, "center": "1 eV", "width": "0.5 eV"}],
            "couplings": {"b": "s", "c": "s", "c,b": "-s"},
        },
    },
}


def test_rich_model_by_hand() -> None:
    model = Junction.from_dict(RICH)
    x, y, k, s = 0.4, -1.2, 0.01, 0.005
    frozen = model.at([x, y])
    ev = 1 / HARTREE_EV
    ab, cb = s * np.exp(0.7j * x) * y, s * (1 + 1j * x * y)
    h = [[k * x, ab, 0], [np.conj(ab), -k * np.sin(y), np.conj(cb)], [0, cb, 0.1 * ev]]
    np.testing.assert_allclose(frozen.h, h, rtol=1e-9)
    u_ab = 0.2 * ev * np.exp(-(x**2))
    np.testing.assert_allclose(frozen.u, [[0, u_ab, 0.1 * ev], [u_ab, 0, 0], [0.1 * ev, 0, 0]], rtol=1e-9)
    bc = 1j * s * np.cos(y)
    np.testing.assert_allclose(frozen.vibronic[0], [[s * x, 0, 0], [0, 0, bc], [0, -bc, 0]], rtol=1e-12)
    assert frozen.vibronic.shape == (2, 3, 3) and frozen.dvibronic.shape == (2, 2, 3, 3)
    assert frozen.vibration_states[0] == 5
    gamma_l, gamma_s = model.leads[0].coupling, model.leads[1].coupling
    np.testing.assert_allclose(gamma_l[:2, :2], [[0.004, 0.001 + 0.002j], [0.001 - 0.002j, 0.003]])
    np.testing.assert_allclose(gamma_s[1:, 1:], [[s, -s], [-s, s]])  # rank one: a single channel
    assert [c.lead for c in frozen.channels] == [0, 0, 1]
    for lead, gamma in enumerate((gamma_l, gamma_s)):
        rebuilt = sum(c.rate * np.outer(c.vector, c.vector.conj()) for c in frozen.channels if c.lead == lead)
        np.testing.assert_allclose(rebuilt, gamma, atol=1e-16)
    energy = np.linspace(-3, 3, 13) * ev
    np.testing.assert_allclose(
        model.leads[0].width(energy), 1 / (1 + ((energy / ev + 1) / 5) ** 2), rtol=1e-8
    )
    two = 1 / (1 + (energy / ev / 2) ** 2) + 0.5 / (1 + ((energy / ev - 1) / 0.5) ** 2)
    np.testing.assert_allclose(model.leads[1].width(energy), two, rtol=1e-8)


def test_every_derivative_is_the_derivative() -> None:
    """Fourth-order differences of all arrays, on a grid of leading shape (3, 2)."""
    model = Junction.from_dict(RICH)
    x = np.random.default_rng(1).uniform(-1, 1, (3, 2, 2))
    frozen, h = model.at(x), 1e-3
    pairs = (("h", "dh"), ("u", "du"), ("vibronic", "dvibronic"), ("g", "dg"))
    for value, derivative in pairs:
        for i in range(2):
            step = np.eye(2)[i] * h
            at = {n: getattr(model.at(x + n * step), value) for n in (-2, -1, 1, 2)}
            slope = (at[-2] - 8 * at[-1] + 8 * at[1] - at[2]) / (12 * h)
            np.testing.assert_allclose(getattr(frozen, derivative)[:, :, i], slope, atol=3e-11)
    for i in range(2):
        step = np.eye(2)[i] * h
        u = {n: model.bare_potential(x + n * step) for n in (-2, -1, 1, 2)}
        slope = (u[-2] - 8 * u[-1] + 8 * u[1] - u[2]) / (12 * h)
        np.testing.assert_allclose(model.bare_force(x)[..., i], -slope, atol=1e-11)


def test_hermitian_everywhere() -> None:
    frozen = Junction.from_dict(RICH).at(np.random.default_rng(2).normal(size=(7, 2)))
    for array in (frozen.h, frozen.dh, frozen.u, frozen.du, frozen.vibronic, frozen.dvibronic):
        np.testing.assert_array_equal(array, np.conj(np.swapaxes(array, -1, -2)))


def test_both_orders_that_agree() -> None:
    data = pickle.loads(pickle.dumps(RICH))
    data["molecule"]["hoppings"]["b,a"] = "s*exp(-I*phase*x)*y"
    data["molecule"]["interactions"]["b,a"] = "w*exp(-x**2)"
    one, two = Junction.from_dict(RICH).at([0.3, 0.2]), Junction.from_dict(data).at([0.3, 0.2])
    np.testing.assert_array_equal(one.h, two.h)
    np.testing.assert_array_equal(one.u, two.u)


def test_scalar_points_and_wrong_shapes() -> None:
    model = load("junction").model
    np.testing.assert_array_equal(model.at(0.5).h, model.at([0.5]).h)
    with pytest.raises(ValueError, match=r"x\[:, None\]"):
        model.at(np.linspace(0, 1, 5))


def test_pickle_repr_describe() -> None:
    model = Junction.from_dict(RICH)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.at([0.1, 0.2]).dh, model.at([0.1, 0.2]).dh)
    assert "E[a,b] = s*exp(I*phase*x)*y" in repr(model) and "lead L" in repr(model)
    record = json.loads(json.dumps(model.describe()))
    assert record["vibrations"]["u"]["states_chosen_automatically"] is True
    assert record["coordinates"]["y"] == {"mass": 1800, "unit": "bohr"}
    assert record["parameters"]["s"] == 0.005


def test_automatic_states_hold_the_displaced_thermal_oscillator() -> None:
    """The Poisson-thermal population left out is below 1e-5; one state more never hurts."""
    for coupling, frequency, kelvin in (
        (0.15, 0.3, 300),
        (0.3, 0.3, 300),
        (0.05, 0.03, 600),
        (0.0, 0.2, 300),
    ):
        data = {
            "coordinates": {"x": {"mass": 1}},
            "molecule": {
                "levels": {"d": 0},
                "vibrations": {"b": {"frequency": f"{frequency} eV", "couplings": {"d": f"{coupling} eV"}}},
            },
            "leads": {"L": {"temperature": f"{kelvin} K", "bandwidth": 1, "couplings": {"d": 1}}},
        }
        states = int(Junction.from_dict(data).at(0.0).vibration_states[0])
        # exact: displaced thermal state in a space of 200 oscillator states
        n = 200
        b = np.diag(np.sqrt(np.arange(1, n)), 1)
        shift = coupling / frequency
        displaced = np.diag(np.arange(n)) + shift * (b + b.T)
        energy, states_of = np.linalg.eigh(displaced)
        weight = np.exp(-(energy - energy[0]) * frequency / (kelvin * 8.617333e-5))
        population = (states_of**2 @ weight)[: n // 2] / weight.sum()
        assert population[states:].sum() < 1e-5
        assert states < 120


def test_library_is_complete() -> None:
    shipped = {"junction", "junction-position-dependent", "anderson-holstein", "donor-acceptor", "two-modes"}
    shipped |= {"junction-vibration"}
    assert shipped <= set(library.names())
    for name in library.names():
        assert "(ours)" in library.text(name) or "values are ours" in library.text(name)
    with pytest.raises(KeyError):
        library.path("nothing")


def test_from_dict_collects_problems() -> None:
    data = pickle.loads(pickle.dumps(RICH))
    data["molecule"]["levels"]["a"] = "k*z"
    data["leads"]["S"]["temperature"] = "-1 K"
    data["leads"]["L"]["couplings"]["a,b"] = 0.1
    data["molecule"]["hopings"] = {}
    with pytest.raises(ModelError) as caught:
        Junction.from_dict(data)
    assert {key for key, _ in caught.value.problems} == {
        "molecule.levels.a",
        "molecule.hopings",
        "leads.S.temperature",
        "leads.L.couplings",
    }
    assert pickle.loads(pickle.dumps(caught.value)).problems == caught.value.problems


def test_bad_values_name_key_and_x() -> None:
    data = pickle.loads(pickle.dumps(RICH))
    data["molecule"]["levels"]["a"] = "k*log(x)"
    data["leads"]["L"]["profile"] = "1/y"
    model = Junction.from_dict(data)
    model.at([1.0, 1.0])
    with pytest.raises(ModelError, match=r"molecule\.levels\.a.*nan at x = -2, y = 1"):
        model.at([[1.0, 1.0], [-2.0, 1.0]])
    with pytest.raises(ModelError, match=r"leads\.L\.profile.*inf at x = 1, y = 0"):
        model.at([1.0, 0.0])
