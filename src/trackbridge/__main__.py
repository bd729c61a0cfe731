"""``python -m trackbridge``: the command line, where its script is not on the path."""

from trackbridge.cli import main

if __name__ == "__main__":
    main()
