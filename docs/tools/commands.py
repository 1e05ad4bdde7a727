"""docs/commands.md from the command line itself: `python docs/tools/commands.py` writes it anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "commands.md"
HEAD = """# Commands

`nonadia COMMAND --help` prints what stands here. Wherever an input file is expected, the name of a shipped system will do.

| exit status | meaning |
|---|---|
| 0 | everything asked for was computed to its tolerance |
| 1 | the computation failed, was interrupted, or did not converge; the message says what was saved and how to resume |
| 2 | the input is wrong: one line a mistake, `file: key: what is wrong; what would be right` |

`--set KEY=VALUE` replaces one value of the input for this call and may be repeated; the key is written with dots, and text
needs quotes only if the shell does: `--set parameters.bias="0.4 V" --set forces.tolerance=1e-2`. An unexpected failure is one
line; `NONADIA_TRACEBACK=1` in the environment shows where it came from.

<!-- written by: python docs/tools/commands.py -->
"""


def page() -> str:
    """Every command with its arguments and options: name, meaning, default."""
    import typer.main

    from nonadia.cli.app import app

    root = typer.main.get_command(app)
    parts = [_section(f"nonadia {name}", command) for name, command in root.commands.items()]  # type: ignore[attr-defined]
    return HEAD + "\n" + "\n\n".join(parts) + "\n"


def _section(name: str, command: Any) -> str:
    """One command; commands of its own behind it."""
    if getattr(command, "commands", None):
        own = "\n\n".join(_section(f"{name} {sub}", child) for sub, child in command.commands.items())
        return f"## `{name}`\n\n{_text(command.help)}\n\n{own}"
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    usage = " ".join([name, *(_argument(p) for p in arguments), *(["[OPTIONS]"] if options else [])])
    rows = [f"| `{_argument(p)}` | {_text(p.help)} | {_default(p)} |" for p in arguments]
    rows += [f"| `{_option(p)}` | {_text(p.help)} | {_default(p)} |" for p in options]
    table = ["| | meaning | default |", "|---|---|---|", *rows] if rows else []
    return "\n".join([f"## `{name}`", "", _text(command.help), "", f"    {usage}", "", *table]).rstrip()


def _argument(parameter: Any) -> str:
    shown = str(parameter.metavar or parameter.name.upper()).strip("[]")
    return shown if parameter.required else f"[{shown}]"


def _option(parameter: Any) -> str:
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    if parameter.is_flag:
        return names
    kind = {int: "N", float: "NUMBER"}.get(type(parameter.default), "TEXT")
    return f"{names} {parameter.metavar or kind}".replace("|", " or ")


def _default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required:
        return "required"
    if value is None or value == "" or value is False or callable(value) or value == ():
        return "none" if not getattr(parameter, "is_flag", False) else "off"
    return f"`{value}`"


def _text(words: str | None) -> str:
    return " ".join((words or "").split()).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
