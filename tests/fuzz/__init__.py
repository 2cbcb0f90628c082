"""Every decoder of bytes from outside, and inputs that nobody would send on purpose."""
