"""``builtin``, the encoder that comes with the package and needs no download."""
