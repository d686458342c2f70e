"""Networks in torch, one family a file."""
