"""Take a tag out of the reports of a training: its text reports, and its part of ``reports.json`` and of the page."""

from __future__ import annotations

import json
import os
import re
from typing import Any, Optional

from ..errors import OutputError
from ..tag_models import parse_report_name
from ..writing import names_below, new_text, require_ours
from .page.page import PAGE_MARK, PAGE_NAME, write_report_page
from .run import REPORTS_JSON, REPORTS_MARK
from .text import REPORT_MARK

#: What both files of a thousand tags take is a tenth of this.
_LARGEST = 256 << 20

_THUMBNAILS = re.compile(r'<script type="application/json" id="thumbnails">(.*?)</script>', re.DOTALL)


def text_reports_of(output: str, folder: str, tag: str) -> list[str]:
    """Return the names of the text reports of a tag in a folder below ``output``.

    Raises
    ------
    OutputError
        One of them is not ours, or the folder cannot be read.
    """
    names = [name for name in names_below(output, folder) if (parse_report_name(name) or ("", None))[1] == tag]
    for name in names:
        require_ours(os.path.join(output, folder, name), REPORT_MARK)
    return names


class RunWithoutTag:
    """The reports of all tags in ``folder``, to be written again without one tag; ``has_tag`` says that it is there.

    Raises
    ------
    OutputError
        A file is not ours, cannot be read, or holds something else.
    """

    def __init__(self, folder: str, tag: str) -> None:
        self._folder = folder
        self._json, self._page = (os.path.join(folder, name) for name in (REPORTS_JSON, PAGE_NAME))
        require_ours(self._json, REPORTS_MARK)
        require_ours(self._page, PAGE_MARK)
        text = _read(self._json)
        try:
            run: dict[str, Any] = json.loads(text) if text else {"models": [], "skipped": []}
            left = {name: [one for one in run[name] if one["tag"] != tag] for name in ("models", "skipped")}
            self.has_tag = any(len(left[name]) < len(run[name]) for name in left)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise _odd(self._json) from error
        self._run = {**run, **left}

    def write(self) -> None:
        """Write ``reports.json`` and the page without the tag; pictures of other tags stay in the page."""
        with new_text(self._json, REPORTS_MARK) as out:
            json.dump(self._run, out, ensure_ascii=False, indent=1, allow_nan=False)
            out.write("\n")
        page = _read(self._page)
        if page is None:
            return
        try:
            found = _THUMBNAILS.search(page)
            write_report_page(self._folder, self._run, dict(json.loads(found[1])) if found else {})
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise _odd(self._json) from error


def _read(path: str) -> Optional[str]:
    """Return the text of a file of ours, ``None`` where there is none."""
    try:
        if os.path.getsize(path) > _LARGEST:
            raise _odd(path)
        with open(path, encoding="utf-8", errors="backslashreplace") as file:
            return file.read(_LARGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputError(
            f"cannot read {path}: {error.strerror or error}. Make it readable, or move it away."
        ) from error


def _odd(path: str) -> OutputError:
    return OutputError(
        f"{path} is not what a training writes, so that no tag can be taken out of it. Move it away; the next "
        "image-tagging train writes it again."
    )
