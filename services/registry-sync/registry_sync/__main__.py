"""Runs registry-sync."""

from registry_sync.app import main

main()
