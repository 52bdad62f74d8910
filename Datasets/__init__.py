"""The nouns of Darkroom: images, samples, stores, recipes, parameters. Rooms meet only here."""
