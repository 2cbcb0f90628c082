"""Runs registry-sync."""

from plumbing.starting import start

start("registry_sync.app")
