"""Parquet files of any program, read within limits: the footer, what pages would take, rows as a stream.

A Parquet file may come from a stranger: :mod:`.footer` and :mod:`.costs` look at it before a library does, and
:mod:`.rows` reads its texts and bytes in bounded memory, even where it claims more.
"""

from __future__ import annotations

from .costs import DELTA, DICTIONARY, Costs, Page, repeating
from .footer import Footer, Leaf, RowGroup, TableErrors, read_footer
from .rows import Table, has_pyarrow
from .writing import table_writer, write_rows

__all__ = [
    "DELTA",
    "DICTIONARY",
    "Costs",
    "Footer",
    "Leaf",
    "Page",
    "RowGroup",
    "Table",
    "TableErrors",
    "has_pyarrow",
    "read_footer",
    "repeating",
    "table_writer",
    "write_rows",
]
