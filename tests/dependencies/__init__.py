"""What we ship of others: their licences, and what is known against them."""
