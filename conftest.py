"""What the tests of the core and of every plugin share."""

pytest_plugins = ["servers.fixtures"]  # found through `pythonpath` in pyproject.toml
