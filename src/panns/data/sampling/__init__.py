"""Which clips make up a batch, and which are held out."""
