"""The conformance kit: shows a vendor whether an endpoint keeps to what is written of it."""
