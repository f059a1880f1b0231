"""CLIP: every model of open_clip, by its name there."""
