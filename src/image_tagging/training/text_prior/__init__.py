"""What the name of a tag says about its images, for tags with few images or none."""
