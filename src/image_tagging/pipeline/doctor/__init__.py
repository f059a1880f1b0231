"""What works on this machine, for a person and for a bug report; nothing is changed by it.

Libraries are tried in processes of their own (:mod:`.probes`, started by :mod:`.child`), so that one that is broken
ends its process alone, by any error or signal. :mod:`.places` tries the folders that a run writes to, :mod:`.versions`
lists what is installed, and :mod:`.checks` is the use-case. This module imports nothing: ``--version`` needs one list.
"""
