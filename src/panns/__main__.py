"""`python -m panns`."""

from panns.cli.main import main

if __name__ == "__main__":
    main()
