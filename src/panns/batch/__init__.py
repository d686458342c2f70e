"""Many files: from paths to inputs, and answers in order from worker threads."""
