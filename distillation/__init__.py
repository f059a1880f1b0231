"""How the weights of the embedded encoder are made: see README.md. Not part of the package, and never installed."""
