"""Sample-rate conversion: of whole sounds, and of streams with a state that is a value."""
