"""The machine and the files: cores, threads, locks, atomic files, optional packages."""
