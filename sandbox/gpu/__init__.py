"""Graphics cards: listing, slots over all runs of a user, and measuring of their memory."""
