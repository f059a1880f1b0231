"""Check a data set for problems before training, and advise on them."""
