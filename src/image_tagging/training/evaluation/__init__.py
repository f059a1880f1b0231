"""How good a tag model is on images that it has not learned from."""
