"""Every read and decrypt of personal data: written down, sealed in blocks, checked, told."""
