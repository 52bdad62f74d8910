"""The nouns of Darkroom: formats, images, samples, stores, recipes, parameters. Rooms meet only here."""
