"""When nobody can answer at once: opening hours, an honest promise, letters by e-mail, calls back."""
