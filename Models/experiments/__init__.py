"""One script a model, named by the id of its first experiment."""
