"""The training loop and its parts: batches, losses, optimiser, averages. Never imports the runtime."""
