"""The officer's desk as pages: lists, a dossier, and the acts that are possible now."""
