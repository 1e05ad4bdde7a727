"""Docstrings on the site as they stand in the code: equation first, line by line, without any markup."""

from __future__ import annotations

import html
from typing import Any

import griffe


class Verbatim(griffe.Extension):
    """Every docstring becomes one preformatted element."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring and not obj.docstring.value.startswith("<pre"):
            # a blank line would end the HTML block
            lines = html.escape(obj.docstring.value, quote=False).replace("\n\n", "\n&#8203;\n")
            obj.docstring.value = f'<pre class="docstring">{lines}</pre>'
