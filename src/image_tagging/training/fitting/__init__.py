"""Labelled embeddings become fitted, calibrated estimators."""
