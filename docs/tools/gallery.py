"""The gallery: one figure and the time of every shipped system, and the page that shows them.

    python docs/tools/gallery.py                 run what has no figure yet, then write docs/gallery.md
    python docs/tools/gallery.py diatomic free   run these anew
    python docs/tools/gallery.py --page          only write the page

`docs/gallery/entries.toml` says which figure of `nonadia plot` is shown, what is to be seen on it, and for systems that take
long which values are replaced for it (`set`); `docs/gallery/times.json` holds what was measured. Results stay in the folder of
`--results`, so that another figure needs no other run.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent.parent
FOLDER = DOCS / "gallery"
LIMIT = 80_000  # bytes of a figure
WIDTH = 1000  # pixels, at most
KINDS = (
    ("Molecules between leads: forces", ("junction", "forces")),
    ("Molecules between leads and at surfaces: nuclei in motion", ("junction", "langevin")),
    ("Closed systems", ("molecule", "")),
    ("Nuclei alone, under given potentials", ("marginal", "")),
    ("Given forces, friction and noise", ("table", "")),
)
HEAD = """# Gallery

Every shipped system, with one of the figures that `nonadia plot` draws of it. `nonadia run NAME` computes it,
`nonadia examples NAME` writes its input file to start from. What the numbers are and how they were checked:
[the shipped systems](systems.md).

Times are processor times of the whole command, imports included, with one thread for linear algebra and compiled code cached,
measured on a machine of two cores that had other work to do (wall times there would tell little). Where values are replaced
by `--set`, figure and time are those of that shorter run.
"""


def names() -> list[str]:
    from nonadia import examples

    return examples.names()


def entries() -> dict[str, dict[str, Any]]:
    """figure (stem behind the name) and shows, of each system; set where values are replaced for the figure."""
    return tomllib.loads((FOLDER / "entries.toml").read_text(encoding="utf-8"))


def times() -> dict[str, dict[str, float]]:
    file = FOLDER / "times.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def kind_of(name: str) -> tuple[str, str]:
    from nonadia import examples

    given = tomllib.loads(examples.text(name))
    system = given.get("system", "junction")
    return system, ("langevin" if "langevin" in given else "forces") if system == "junction" else ""


def run(name: str, result: Path, limit: float) -> None:
    """`nonadia run NAME` in a process of its own, one thread for linear algebra; its processor and wall time are kept."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    replaced = [word for change in entries()[name].get("set", ()) for word in ("--set", change)]
    command = [sys.executable, "-m", "nonadia", "run", name, *replaced, "-o", str(result), "--resume"]
    resumed = result.with_name(result.name + ".journal").exists()
    subprocess.run(command, check=True, timeout=limit, env=environment, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    measured = {"cpu_s": round(cpu, 1), "wall_s": round(time.monotonic() - start, 1)}
    if resumed:  # only the rest was computed now
        print(f"{name}: resumed, no time is kept")
        return
    text = json.dumps({**times(), name: measured}, indent=1, sort_keys=True)
    (FOLDER / "times.json").write_text(text + "\n", encoding="utf-8")


def draw(name: str, result: Path, stem: str) -> None:
    """The figure of `nonadia plot` named `stem`, small enough for a page, as docs/gallery/NAME.png."""
    from nonadia.plot import plot_result
    from nonadia.runs.store import open_result

    with tempfile.TemporaryDirectory() as folder:
        drawn = plot_result(open_result(result), Path(folder), name=name)
        written = {path.stem: path for path in drawn if path.suffix == ".png"}
        chosen = written.get(f"{name}-{stem}")
        if chosen is None:
            raise SystemExit(f"{name}: no figure {stem!r}; there are {sorted(s.removeprefix(name + '-') for s in written)}")
        (FOLDER / f"{name}.png").write_bytes(small(chosen))


def small(figure: Path) -> bytes:
    """The figure as a PNG of at most LIMIT bytes: fewer colours first, then fewer pixels."""
    from PIL import Image

    image = Image.open(figure).convert("RGB")
    width = min(WIDTH, image.width)
    while True:
        scaled = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
        for colours in (128, 48):
            buffer = io.BytesIO()
            scaled.quantize(colours, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
            if buffer.tell() <= LIMIT:
                return buffer.getvalue()
        width = width * 9 // 10


def page() -> str:
    """docs/gallery.md from the titles of the inputs, the entries and the times."""
    from nonadia import examples

    shown, measured = entries(), times()
    missing = [name for name in names() if name not in shown or name not in measured or not (FOLDER / f"{name}.png").exists()]
    if missing:
        raise SystemExit(f"an entry in {FOLDER.name}/entries.toml, a time or a figure is missing: {', '.join(missing)}")
    parts = [HEAD.rstrip()]
    for title, kind in KINDS:
        group = [name for name in names() if kind_of(name) == kind]
        if not group:
            continue
        parts += ["", f"## {title}"]
        for name in group:
            heading = tomllib.loads(examples.text(name))["title"]
            cpu = measured[name]["cpu_s"]
            replaced = "".join(f" --set {shlex.quote(change)}" for change in shown[name].get("set", ()))
            parts += [
                "",
                f"### {name}",
                "",
                f"**{heading}.** {shown[name]['shows']}",
                "",
                f"`nonadia run {name}{replaced}` · {cpu:.0f} s · [input file](../src/nonadia/models/library/{name}.toml)",
                "",
                f"![{heading}](gallery/{name}.png)",
            ]
    return "\n".join(parts) + "\n"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Figures, times and page of the shipped systems.")
    parser.add_argument("systems", nargs="*", help="run these anew; without names: those that have no figure")
    parser.add_argument("--page", action="store_true", help="only write the page")
    kept = Path(tempfile.gettempdir()) / "nonadia-gallery"
    parser.add_argument("--results", type=Path, default=kept, help="where results stay")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds of wall time a system may take")
    given: Any = parser.parse_args(arguments)
    if not given.page:
        given.results.mkdir(parents=True, exist_ok=True)
        shown = entries()
        for name in given.systems or [name for name in names() if not (FOLDER / f"{name}.png").exists()]:
            result = given.results / f"{name}.nc"
            if name in given.systems or not result.exists() or name not in times():
                result.unlink(missing_ok=True)
                run(name, result, given.limit)
            draw(name, result, shown[name]["figure"])
            print(name, times()[name])
    (DOCS / "gallery.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
