"""Pages for people: layout, words in two languages, signing in, forms, problems, static files."""
