"""The page on exports shows and describes every format."""

import re
import shlex

from documented.reading import Page

PAGE = Page("docs/export.md")


def test_every_format_has_a_command_and_a_description():
    from image_tagging.pipeline.export_config import FORMATS

    assert {shlex.split(command)[2] for command in PAGE.commands} == {*FORMATS}
    assert set(re.findall(r"^(?:\*\*|\| )`([a-z-]+)`", PAGE.text, re.M)) == {*FORMATS}
