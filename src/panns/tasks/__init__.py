"""What can be asked about a sound: scores of a model, turned into results by pure functions."""
