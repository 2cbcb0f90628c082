"""What a service holds of one dossier, told to operators who answer the person it is about."""
