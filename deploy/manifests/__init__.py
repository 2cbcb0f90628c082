"""Writes what the Kubernetes manifests have from the code, and renders and checks all of it."""
