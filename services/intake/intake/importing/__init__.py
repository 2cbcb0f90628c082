"""The move of a province: dossiers under way on the old road come over with their codes."""
