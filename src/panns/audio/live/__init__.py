"""Live sound: microphones, and files played as if they were one."""
