"""The loop of review: sounds of detected events for a person to hear, and a clip list of the answers."""
