"""HTML of the templates, which are compiled once for all reviews of a process."""

from __future__ import annotations

import functools
import os

from jinja2 import Environment, FileSystemLoader

from ..pipeline import MODES
from ..reports import interval_bar, limits
from . import words

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
_WORDS = ("tag_address", "name_for_people", "picture_name", "percent", "between", "sizes", "folder_mark")


def rendered(template: str, **given: object) -> str:
    """Return HTML of a template; ``given`` has the ``review`` whose page it is."""
    return _environment().get_template(template).render(given)


def compile_templates() -> None:
    """Compile all templates now, so that the first page of each kind need not wait for that."""
    for template in _environment().list_templates():
        _environment().get_template(template)


@functools.cache
def _environment() -> Environment:
    environment = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, trim_blocks=True)
    environment.globals.update({name: getattr(words, name) for name in _WORDS}, modes=MODES)
    environment.globals.update(interval_bar=interval_bar, limits=limits)
    return environment
