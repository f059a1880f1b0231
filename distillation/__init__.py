"""Make the weights of the embedded encoder: see README.md. Not part of the package, and never installed."""
