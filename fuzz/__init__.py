"""Coverage-guided fuzzing of what strangers' files reach first: model files and archives. See README.md here."""
