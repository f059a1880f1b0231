"""Find pictures by what a text says, by other pictures, and by what is known of them.

:mod:`.query` is a query as values, :mod:`.grammar` reads one from words, :mod:`.ranking` finds the pictures nearest to
it, exactly, in a table of embeddings that may be larger than memory.
"""

from __future__ import annotations

from .grammar import parse_arguments, parse_text
from .query import FileTerm, Filter, NearTerm, PathFilter, Query, Range, SideFilter, TagFilter, Term, TextTerm
from .ranking import Ranked, inverse_lengths, nearest, sum_of_terms

__all__ = [
    "FileTerm",
    "Filter",
    "NearTerm",
    "PathFilter",
    "Query",
    "Range",
    "Ranked",
    "SideFilter",
    "TagFilter",
    "Term",
    "TextTerm",
    "inverse_lengths",
    "nearest",
    "parse_arguments",
    "parse_text",
    "sum_of_terms",
]
