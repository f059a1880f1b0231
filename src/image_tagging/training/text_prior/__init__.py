"""The name of a tag as prior knowledge about its images, for tags with few images or none."""
