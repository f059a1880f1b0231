"""Where the work runs: one module for each place."""
