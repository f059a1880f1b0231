"""Show the roles of docstrings (``:func:`sort_images```) as names, since the site is written in Markdown."""

from __future__ import annotations

import re
from typing import Any

import griffe

#: A role and what it names, with the dots of a relative import and the ~ that hides a path.
_ROLE = re.compile(r":(?:func|class|meth|mod|data|attr|exc):`~?([^`]+)`")


class Roles(griffe.Extension):
    """Replace each role by the name in it."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of a module, class, function or attribute."""
        if obj.docstring:
            obj.docstring.value = _ROLE.sub(lambda role: f"`{role[1].rpartition('.')[2]}`", obj.docstring.value)
