"""Tasks on whole sounds: tags and embeddings from the scores of a model."""
