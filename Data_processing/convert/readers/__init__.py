"""One reader a format, each in a file of its name; beside it what only it needs."""
