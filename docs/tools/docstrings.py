"""Docstrings on the site as they stand in the code: equation first, line by line; `names` as code, no other markup."""

from __future__ import annotations

import html
import re
from typing import Any

import griffe

CODE = re.compile(r"(`+)([^`\n]+)\1")


class Verbatim(griffe.Extension):
    """Every docstring becomes one preformatted element."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring and not obj.docstring.value.startswith("<pre"):
            # a blank line would end the HTML block
            text = html.escape(obj.docstring.value, quote=False).replace("\n\n", "\n&#8203;\n")
            lines = CODE.sub(r'<span class="code">\2</span>', text)
            obj.docstring.value = f'<pre class="docstring">{lines}</pre>'
