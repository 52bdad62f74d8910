"""Who trains, validates and tests: one scheme a module; `schemes` names them."""
