"""How the built-in models of albert-search are made. See README.md."""
