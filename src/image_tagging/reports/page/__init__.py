"""What a training learned, as one HTML page that holds all that it shows."""
