"""How the models are built, in torch: one family a file."""
