"""Operating-system services: cores, threads, locks, atomic files, optional packages."""
