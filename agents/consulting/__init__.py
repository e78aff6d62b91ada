"""Tools from outside in plans: which are offered, which calls are planned, and what they answer."""
