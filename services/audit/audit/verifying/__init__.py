"""Whether an archive is whole and unchanged: one pass over it, in constant memory."""
