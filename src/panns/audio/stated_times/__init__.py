"""Times that recordings state in their metadata: chunks of WAV files, tags of all formats."""
