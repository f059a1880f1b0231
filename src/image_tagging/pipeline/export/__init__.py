"""Results of an output folder in the forms that other programs read.

:mod:`.export` is the use-case, :mod:`.pictures` the stream of pictures with their tags. :mod:`.sidecars` writes one
file for each image, which :mod:`.planned` keeps between plan and writing; :mod:`.folders` writes files for many images
and data sets. :mod:`.names` gives names below a mirror folder, :mod:`.ledger` remembers what is ours.
"""

from __future__ import annotations

from .export import ExportSummary, export_results

__all__ = ["ExportSummary", "export_results"]
