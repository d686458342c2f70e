"""Networks in torch, one family per file."""
