"""What a platform team asks of every run, and of the code that makes it."""
