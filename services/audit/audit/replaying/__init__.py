"""What other rules would have decided: the archive read dossier by dossier, judged by services."""
