"""The command line: `nonadia run | check | plot | report | new | converge | examples | bench | reproduce`.

Exit status 0 only if everything asked for was computed to its tolerance; 2 for bad input, one line an
error on stderr (file: key: what; what would be right); 1 for a computation that failed, was interrupted or
did not converge. Everything heavy is imported inside the commands, so that `nonadia --help` is instant.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nonadia.runs import stop

from . import reproduce
from .new import new
from .report import report
from .words import BAD_INPUT, FAILED, OK, fail, interrupted, junction_input, load_input, summary, times_of, title_of

if TYPE_CHECKING:
    import xarray as xr


INTERRUPTED = 130  # what typer makes of a KeyboardInterrupt

app = typer.Typer(
    help="Forces that electrons exert on nuclei, beyond Born-Oppenheimer.",
    epilog="Start with `nonadia run junction`, then `nonadia plot junction.nc`.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

InputName = Annotated[str, typer.Argument(metavar="FILE.toml", help="Input file, or the name of a shipped example.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help='Replace one value, e.g. parameters.bias="0.4 V". Repeatable.'),
]


def _version(wanted: bool) -> None:
    if wanted:
        from nonadia import __version__

        print(f"nonadia {__version__}")
        raise typer.Exit(OK)


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Forces that electrons exert on nuclei, beyond Born-Oppenheimer."""


@app.command()
def run(
    file: InputName,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="RESULT.nc", help="Result file; default: FILE.nc here."),
    ] = None,
    overrides: Overrides = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep what an earlier, interrupted run of the same input finished.")
    ] = False,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=1, help="Processes that share geometries (HEOM), threads for dynamics.")
    ] = 1,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="tcp://...", help="Dask scheduler whose workers compute instead.")
    ] = None,
) -> None:
    """Compute what the input asks for and write one result file."""
    target = output or Path(f"{Path(file).stem}.nc")
    try:
        tree = _compute(file, target, overrides, resume, workers, scheduler)
    except KeyboardInterrupt:
        fail("interrupted; nothing was computed yet, nothing new is saved")
    summary(tree)
    print(f"saved in {target}; see the figures with: nonadia plot {target}")
    if not int(tree.attrs["converged"]):
        fail(f"not converged to the tolerance asked for (see above); the best values are saved in {target}")


def _compute(
    file: str, target: Path, overrides: list[str] | None, resume: bool, workers: int, scheduler: str | None
) -> xr.DataTree:
    """The result of `run`, saved; every other end of it as its message and exit status."""
    from nonadia.runs import estimate
    from nonadia.runs.execute import Interrupted, RunFailed
    from nonadia.runs.execute import run as execute
    from nonadia.runs.executors import ClusterLost
    from nonadia.runs.junction_experiment import JunctionExperiment
    from nonadia.runs.progress import Progress

    experiment = load_input(file, overrides)
    if isinstance(experiment, JunctionExperiment):
        for line in estimate.unused_settings(experiment):
            print(line)
        estimate.refuse_if_too_large(experiment)
    try:
        with Progress(Path(file).stem) as progress:
            return execute(
                experiment, output=target, resume=resume, progress=progress, workers=workers, scheduler=scheduler
            )
    except Interrupted as interruption:
        fail(interrupted(interruption, target))
    except ClusterLost as loss:
        fail(f"{loss}; what was finished is kept: go on with the same command and --resume, with or without a scheduler")
    except RunFailed as failure:
        if stop.requested():  # an interruption that a library turned into an error of its own
            fail(interrupted(Interrupted(failure.finished, failure.tree["convergence/status"].size, target), target))
        summary(failure.tree)
        for line in failure.messages:
            print(f"{file}: {line}", file=sys.stderr)
        if failure.blocks and not failure.finished:
            s = "" if failure.blocks == 1 else "s"
            kept = f"{failure.blocks} finished block{s} of geometries kept in {target}.journal"
            fail(f"failed; {kept}: try again with the same command and --resume")
        if not failure.finished:
            fail("failed; nothing was computed and nothing saved")
        if "langevin_status" in failure.tree["convergence"] and failure.finished == failure.tree["convergence/status"].size:
            reuse = f'another input can use them: system = "table", [table] file = "{target}"'
            fail(f"failed; all forces are saved in {target}: {reuse}")
        fail(f"failed; the rest is saved in {target}: try again with the same command and --resume")


@app.command()
def check(file: InputName, overrides: Overrides = None) -> None:
    """Validate an input without running it; print its sizes."""
    from nonadia.runs.describe import describe

    describe(load_input(file, overrides), print)
    print("ok")


@app.command()
def plot(
    result: Annotated[Path, typer.Argument(metavar="RESULT.nc", help="Result file of `nonadia run`.")],
    outdir: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder; default: RESULT-figures beside it."),
    ] = None,
    times: Annotated[
        str, typer.Option("--times", metavar="T,...", help='Closed systems: snapshots to show, e.g. "1.7 fs, 8.5 fs".')
    ] = "",
    film: Annotated[
        str, typer.Option("--animate", metavar="gif|mp4", help="Closed systems: make only a film of density and force.")
    ] = "",
) -> None:
    """Draw the figures of a result, as PNG and SVG, or a film of a wave packet."""
    from nonadia.plot import PlotError, animate, plot_result
    from nonadia.runs.store import ResultError, open_result

    instants = times_of(times)
    tree = open_result(result)
    folder = outdir or result.with_name(f"{result.stem}-figures")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if film:
            written = animate(tree, folder, name=result.stem, format=film)
        else:
            written = plot_result(tree, folder, name=result.stem, times=instants)
    except PlotError as error:
        raise ResultError(f"{result}: {error}") from None
    except OSError as error:
        raise ResultError(f"{folder}: cannot be written ({error.strerror}); choose another folder with -o") from None
    for path in written:
        print(path)


@app.command()
def converge(
    file: InputName,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="RESULT.nc", help="Default: FILE-convergence.nc here.")
    ] = None,
    tiers: Annotated[str, typer.Option("--tiers", metavar="N,...", help="Numbers of tiers.")] = "2,3,4",
    poles: Annotated[str, typer.Option("--poles", metavar="N,...", help="Numbers of Fermi poles.")] = "4,6,8,10",
    decomposition: Annotated[str, typer.Option("--decomposition", help="pade, aaa or fit.")] = "pade",
    terminator: Annotated[str, typer.Option("--terminator", help="zero, adiabatic, or auto: as a run has it.")] = "auto",
    reference: Annotated[
        float | None, typer.Option("--reference", metavar="TOL", help="Measure from a result of this tolerance.")
    ] = None,
    geometries: Annotated[int, typer.Option("--geometries", min=1, help="How many of the input's grid.")] = 9,
    overrides: Overrides = None,
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=1, help="Processes over geometries.")] = 1,
) -> None:
    """Error of force, friction and noise against tiers and poles (HEOM): a result file and its figure."""
    from nonadia.runs import converge as study
    from nonadia.runs.execute import Interrupted

    target = output or Path(f"{Path(file).stem}-convergence.nc")
    options = {"decomposition": decomposition, "terminator": terminator, "reference": reference}
    try:
        messages = study.command(
            junction_input(file, overrides), target, tiers, poles, geometries=geometries, workers=workers, **options
        )
    except Interrupted as interruption:
        kept = f"; {interruption.blocks} finished blocks are kept, the same command goes on" if interruption.blocks else ""
        fail(f"interrupted{kept}")
    if messages:
        fail("\n".join(["not everything was solved:", *messages]))


@app.command()
def examples(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The one to write; none lists them.")] = None,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="FILE", help="Where; default NAME.toml, - for stdout."),
    ] = None,
) -> None:
    """List the shipped systems, or write one as an input file."""
    from nonadia import examples as shipped

    if name is None:
        width = max(len(entry) for entry in shipped.names())
        for entry in shipped.names():
            print(f"{entry:<{width}}  {title_of(shipped.text(entry))}")
        return
    if name not in shipped.names():
        fail(f"{name}: {shipped.unknown_name(name)}", BAD_INPUT)
    if output == "-":
        print(shipped.text(name), end="")
        return
    target = Path(output or f"{name}.toml")
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(shipped.text(name))
    except FileExistsError:
        fail(f"{target}: exists already; choose another name with -o", BAD_INPUT)
    except OSError as error:
        fail(f"{target}: cannot be written ({error.strerror}); choose another place with -o", BAD_INPUT)
    print(f"wrote {target}; run it with: nonadia run {target}")


@app.command()
def bench(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Which benchmark: heom, wavepacket, langevin or all.")] = "heom",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.json", help="Results; default: bench-NAME.json here.")
    ] = None,
    cases: Annotated[
        list[str] | None, typer.Option("--cases", metavar="CASE,...", help='Only these, e.g. "SIAM 8/3,vib". Repeatable.')
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Three small cases, about a minute.")] = False,
    without_qutip: Annotated[bool, typer.Option("--without-qutip", "--without-peers", help="Time nonadia alone.")] = False,
    qutip_large: Annotated[
        bool, typer.Option("--qutip-large", help="Let QuTiP also try cases that it is not known to finish.")
    ] = False,
    time_limit: Annotated[
        float | None,
        typer.Option(
            "--time-limit", metavar="SECONDS", min=1.0, help="For another code at a case; default 300, 20 with --quick."
        ),
    ] = None,
) -> None:
    """Time the HEOM solver, wave packets or Langevin trajectories, against other codes and the hardware; JSON and a table."""
    from .benchmark import benchmark

    benchmark(name, output, cases, quick, not without_qutip, qutip_large, time_limit)


app.command("reproduce")(reproduce.command)
app.command("report")(report)
app.command("new")(new)


def main() -> None:
    """Entry point: every error becomes its lines on stderr and its exit status, never a traceback."""
    from nonadia.runs.errors import InputError

    stop.listen()
    try:
        code = app(standalone_mode=False)
    except InputError as error:
        print("\n".join(error.lines()), file=sys.stderr)
        code = BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away (`nonadia examples | head -1`)
        sys.stdout = open(os.devnull, "w")
        code = OK
    except Exception as error:
        code = INTERRUPTED if stop.requested() else _unexpected(error)
    if code == INTERRUPTED:
        print("interrupted", file=sys.stderr)
        code = FAILED
    sys.exit(code if isinstance(code, int) else OK)


def _unexpected(error: Exception) -> int:
    from nonadia.runs.store import ResultError, SaveError

    if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # wrong usage, found by typer
        said = error.format_message()
        if "\n" in said:  # no arguments at all: the help
            error.show()  # type: ignore[attr-defined]
        else:
            command = getattr(getattr(error, "ctx", None), "command_path", "nonadia")
            print(f"command line: {said.rstrip('.')}; see {command} --help", file=sys.stderr)
        return int(error.exit_code)
    if isinstance(error, ResultError):
        print(error, file=sys.stderr)
        return FAILED if isinstance(error, SaveError) else BAD_INPUT
    if os.environ.get("NONADIA_TRACEBACK"):
        raise error
    text = " ".join(str(error).split())
    print(f"failed: {type(error).__name__}: {text}; NONADIA_TRACEBACK=1 shows where", file=sys.stderr)
    return FAILED
