"""Pictures: what a model hears in one sound, what it takes for what, and what its probabilities are worth."""
