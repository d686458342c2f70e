"""Finding clips that hold the same sound."""
