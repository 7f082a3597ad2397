"""`python -m backprove` is the command `backprove`."""

from backprove.cli import main

if __name__ == "__main__":
    main()
