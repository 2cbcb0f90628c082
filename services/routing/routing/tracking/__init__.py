"""The citizen's page: where a dossier stands, what comes next, what to do; and its receipt."""
