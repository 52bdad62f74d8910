"""How fast, beside what people would otherwise use. Run by hand, never in tests."""
